// Package follow keeps copies of the states of a store in step with its ledger: it loads all states, then reads what is new in rounds,
// holds it against the history, and gives it to a [Copy].
//
// # How data flows
//
// A [Follower] reads the head of the store, then all states while others write, in pages by ranges of the random ids of subjects, two at
// a time, and then what is new since that head, until it is at the head. From then on it follows by rounds. A round asks the primary what
// is new since the last one: the leaf hashes of the events in order, and the states of the subjects they are about as they are now. Where
// a row changed without an event, as an erasure and retention do it, the revision of the head tells, and its key is among the news.
//
// What is new is held against the history before it is given to the copy. The follower keeps the ledger's tree as a compact range, adds
// the leaves, and must arrive at the tree of the head. Every head that states were read as of must lie on that way. A backup that was
// restored, a standby that took over without the last events, another store: none of them continues the tree. The follower then logs it,
// has the copy forget everything and loads anew.
//
// # The fence
//
// A caller that must not miss anything that was acknowledged, by whatever server, calls [Follower.Fence] first. A fence is the next round:
// a read that begins after Fence was called sees all that was committed before, and Fence returns once the copy shows it. It never is a
// round under way, because its read may have been made already. So one short read serves every caller that waits at the time, and the same
// mechanism serves both databases.
//
// There is one turn. The caller that takes it makes the round itself, without another goroutine; callers that find it taken join the next
// round, and one of them makes it when the turn is free. Run makes a round only when no caller made one for a while. A
// caller with a context that ends during its own round leaves it to Run, so that others do not lose what they wait for.
//
// # Outages
//
// A database that fails or hangs leaves the copy as it is, older by the moment. The fence returns the error of the round;
// [Follower.Failing] reports that a fence would fail, for callers that can do without one.
//
// A database that answers, but has more news than fit into a round, is something else: no fence would ever return. The copy then is hidden
// and catches up, by reads that may take their time.
package follow
