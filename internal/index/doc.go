// Package index is a copy of all states in the memory of one server, from which checks are answered without asking the database, as
// strictly as if it had been asked. Package follow keeps it in step with the store.
//
// # What a reader may rely on
//
// A [View] shows everything as of one head: what changes it waits until no view is open. It may be old, by what Behind says. A caller that
// must not miss anything that was acknowledged, by whatever server, waits for Fence first. A denial needs no fence while Behind is short
// enough for the caller, and Failing reports that a fence would fail.
//
// The index neither forgets nor approximates what it cannot hold: it reports that the database must be read. What
// time changes, such as an expiry, is not indexed at all: a state is what happened, and is judged when it is asked about.
//
// # Why there are no pointers
//
// Ten million recipients in a map of Go are tens of millions of objects, which the garbage collector walks again and again, and a
// hundred bytes each before the first byte of a state. Here they are 1,024 shards, each of two slices without pointers: slots of 32
// bits, with 8 bits of the digest and 24 of the place in the other, an arena of records. The collector sees two thousand objects
// and looks into none. A state is stored as it is in the database, packed; the reader unpacks it.
//
// A subject is identified by the first 16 bytes of its digest, which is a keyed one: two of 128 bits meet by chance only. The arena and
// the slots grow by little, each shard at its own time, so that little is unused; what was replaced is garbage until it is a quarter
// of an arena, which is then copied without it.
package index
