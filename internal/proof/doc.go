// Package proof holds the program to its promises from outside, as real processes that are killed, paused and cut off. It has no
// code but tests; each runs in a short form with all others and in a long one with `make test-long`.
//
// # Linearizability
//
// Three servers share one PostgreSQL. Clients grant, withdraw, suppress, lift and check through gRPC a handful of recipients at once, each
// call through a proxy, and each server reaches the database through one of its own. Meanwhile servers are killed and started again,
// paused, and run with clocks some seconds apart; connections are delayed, hung and cut; the database is stopped as in a crash. What
// every call was asked and answered, and when, is a history. It is legal if all calls about a recipient can be put into one order
// which respects that a call that ended before another began comes first, in which
//
//   - positions grow from write to write,
//   - ALLOW is answered only while nothing stands against it, by a view of the ledger that holds every write before it,
//   - DENY to a check that carries the position of an acknowledged consent is answered only if something denied at that
//     position or since; to any other check DENY is always legal,
//   - nothing to lift is answered only while nothing was suppressed.
//
// A write without an answer is sent again with its request id until it has one, when everything is healed at the latest; one that never gets
// one may have happened at any time, or not at all. The search is that of github.com/anishathalye/porcupine. A history that is not legal is
// written as a page to look at, to where the failure says; `make test-long` keeps it.
//
// The checker itself is held to account: with a memory of 100 ms before the checks, with an index that answers without a fence, with a
// lagging server that decides or records by its own clock, and with a follower by numbers of a sequence instead of positions it must find
// the violation; and it must tell legal from illegal histories written by hand.
//
// # Crashes
//
// On both stores a server is killed at random moments while writers record with request ids. After each round it starts again, every write is
// repeated until it is acknowledged, and its answer must be the one that was acknowledged before; every answer about a recipient must be that of
// the last write. In the end the ledger has exactly one event for each write, verifies, and a rebuild of all states finds nothing to mend.
//
// # Soak
//
// A server on each store answers a steady mix of calls in this process. What the heap holds after a collection, and the number of goroutines,
// must not grow from the second third of the run to the last. When all has ended no goroutine is left.
//
// # Running them
//
// ASSENT_PROOF=long chooses the long forms, ASSENT_PROOF_SEED repeats the random choices of a run; every failure names the seed.
// What the operating system does with the choices is not repeated, so the same seed may pass.
package proof
