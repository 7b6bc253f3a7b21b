// Package server puts everything together: it opens the store that the settings name, with its keys, and serves it by gRPC and
// REST until its context ends. It is the only package that knows all the others.
//
// # Start
//
// Whatever is wrong refuses to start, before anything listens: tables of another version, a key file that is missing or of
// another database, a catalog with problems, a certificate that does not fit its key, an address other than loopback without
// TLS. Only the first start on a new SQLite file makes something: the tables, FILE.keys, and FILE.admin-key with the API key of
// the first client.
//
// A certificate is read again when its files change, by one of the next handshakes (package certificate).
//
// What is reached by HTTP is made by package rest, which calls the gRPC server by a connection inside the process (inside.go).
//
// # Workers
//
// What a server does again and again while it serves stands in one list (workers.go).
//
// # Stop
//
// When the context ends: health says NOT_SERVING, streams are ended (SERVER_STOPPING), HTTP and gRPC take nothing new and
// have a moment to finish, then workers, use cases, store, traces and metrics are closed, in this order. That takes less than two
// seconds. Every goroutine belongs to one group, and Run returns after the last has ended.
package server
