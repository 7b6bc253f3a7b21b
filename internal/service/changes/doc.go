// Package changes is the change feed: it tells programs every change of what decides whom a channel may write to, as rules of cards (package
// feed). A window is a part of the ledger, and tells of the events in it which cards they changed. What rules a card has before and after the
// window is folded from the events up to its two ends, so a reader gets the same, whenever it reads. A token says how far a reader has come.
package changes
