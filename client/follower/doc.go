// Package follower keeps what decides whom a program may write to in its memory, in step with a server of Assent. A check takes less than a
// microsecond and needs no network, and it answers as the server does.
//
// # Use
//
// [New] makes a [Follower], and [Follower.Run] follows the change feed until its context ends: run it in an errgroup. It takes a snapshot, then
// each change as it is acknowledged. [Follower.Check] answers for an address and a channel, [Follower.Blocked] says whether the address belongs
// on a block list of the channel, and Options.OnChange is told whom a change is about, so that a tool with a table of its own can do what follows
// from it. [FormsOf] gives the forms of an address by which a [Recipient] is found in that table.
//
// # Exact
//
// The set is of one moment of the ledger: what the server acknowledged together, checks see together. For that moment and any later time the
// answer is the server's: of a message under the first sender identity of the channel and, on a channel that is not marketing, with a right
// reference. In quiet hours and freezes, where a check by the server is a DEFER, an [Answer] is Deferred, with the same time. Three things differ:
//
//   - A consumer of the form keyed is told times by their days, rounded so that never more is allowed: a grant that ends today has ended, and
//     a block that ends today still blocks. A hard bounce of a whole domain is ended by no grant.
//   - A consumer in clear is told to forget a person who was erased, and so does not know what still blocks that person. On marketing nothing
//     is allowed without a grant, and an erased person has none. On other channels the answer of a set in clear is a block or [ErrAskServer],
//     never an ALLOW. Follow as a consumer of the form keyed where that is too little.
//   - Only the server knows of a reference whether it is right.
//
// # Fails closed
//
// Beside an error an [Answer] allows nothing: [ErrNotReady] before the first snapshot is complete, [ErrStale] when the server did not say for
// Options.MaxStaleness (one minute) that the set is up to date, [ErrAskServer], [ErrChannel], [ErrAddress]. A withdrawal that was acknowledged
// while the connection is down is missed for that long at most, apart from the time that a message is on its way. A change of the catalog for
// a channel makes a new snapshot necessary, and so does a token that the server cannot go on from (a restored backup, a purge, a month away);
// until it is complete the set before answers, while it is not stale. A server that folds addresses by other rules than this program, or makes
// its hashes with another key, is refused ([ErrVersion], [ErrForm]): in what it tells this program would find nothing.
//
// # Time
//
// How old the set is, and when rules begin and end, goes by the clock of the server, which it sends. That of the machine need not be right, and a
// message that waited on its way does not make the set fresh.
//
// # The file
//
// Options.File keeps the set and its token, mode 0600. It holds what the consumer sees: the addresses in clear, or their keyed hashes. It is
// written whole beside the old one, made durable and renamed, so that it is the old or the new one whatever happens; when it is cut, altered,
// or of another consumer, channels, key or version, it is not used, and a snapshot is taken. It answers once the server said what it lacks. On
// a full disk the Follower says so (EventNotSaved, Status.SaveError), answers on from memory, and keeps the file that it has. Within a minute
// after an erasure the file is written anew, and the memory, too.
//
// # Memory
//
// A form of an address with its rules takes about 80 bytes, or 90 with a hash, in blocks that the garbage collector does not look into. While a
// snapshot replaces a set, both are held.
package follower
