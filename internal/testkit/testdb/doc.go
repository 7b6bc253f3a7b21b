// Package testdb gives tests real PostgreSQL databases, and prepared files of SQLite. Packages that need none do not link it: a test binary
// without a database is linked twice as fast.
//
// [Postgres] gives a test an empty database of its own. The server is the one that ASSENT_TEST_POSTGRES_URL names;
// without that variable the first call in a test binary makes a server from the programs in PATH or in
// /usr/lib/postgresql/*/bin, which listens on a unix socket only. Where neither is possible the test fails and says how
// to get one. A test is never skipped for want of a database: a skipped test would go unnoticed.
//
// A server made here ends with the test binary, however that ends. A small
// shell script keeps watch over it and holds one end of a pipe; the kernel
// closes the other end when the test binary exits, panics or is killed, and the
// script then stops the server and removes its folder.
package testdb
