// Package index is a copy of all states in the memory of one server, from which checks are answered without asking the database, as
// strictly as if it had been asked.
//
// # How data flows
//
// An [Index] reads the head of the store, then all states while others write, in pages by ranges of the random ids of subjects, two at once, and then what is new since that head, until it is
// at the head. From then on it follows by rounds. A round asks the primary what is new since the last one: the leaf hashes of the events
// in order, and the states of the subjects they are about as they are now. Where a row changed without an event, as an erasure and
// retention do it, the revision of the head tells, and its key is among the news.
//
// What is new is held against the history before anybody sees it. The index keeps the ledger's tree as a compact range, adds the leaves,
// and must arrive at the tree of the head. Every head that states were read as of must lie on that way. A backup that was restored,
// a standby that took over without the last events, another store: none of them continues the tree, and the index says so, forgets
// everything and loads anew. Until it has, it answers nothing, and the database is asked.
//
// # What a reader may rely on
//
// A [View] shows everything as of one head: the round that changes it waits until nobody looks. It may be old, by what [Index.Behind] says.
// Who must not miss anything that was acknowledged, by whatever server, waits for [Index.Fence] first. The fence is nothing but the next
// round: a read that begins after Fence was called sees all that was committed before, and only when it has been shown does Fence
// return. Never a round under way, whose read may have been made already. So one short read serves however many wait at the time, a
// check waits for one and a half of them on average, and the same mechanism serves both databases.
//
// What the index cannot hold it does not forget and does not approximate: it says that the database has to be asked for it. What
// time changes, such as an expiry, is not indexed at all: a state is what happened, and is judged when it is asked about.
//
// A database that fails or hangs keeps the index as it is, older by the moment. The fence returns the error of the round, soon; a denial
// needs no fence while Behind is short enough for the caller, and [Index.Failing] tells that waiting for one is of no use.
//
// A database that answers, but tells of more than fits into a round, is something else: no fence would ever return. The index then answers
// nothing and catches up, by reads that may take their time, while the database is asked.
//
// # Why there are no pointers
//
// Ten million recipients in a map of Go are tens of millions of objects, which the garbage collector walks again and again, and a
// hundred bytes each before the first byte of a state. Here they are 1,024 shards, each of two slices without pointers: slots of 32
// bits, with 8 bits of the digest and 24 of the place in the other, an arena of records. The collector sees two thousand objects
// and looks into none. A state is stored as it is in the database, packed; whoever looks unpacks it.
//
// A subject is identified by the first 16 bytes of its digest, which is a keyed one: two of 128 bits meet by chance only. The arena and
// the slots grow by little, each shard at its own time, so that little is unused; what was replaced is garbage until it is a quarter
// of an arena, which is then copied without it.
package index
