// Package consent is the domain of Assent: events, the fold that derives from them what is known about an address, and the
// decision whether it may be contacted. Everything here is a pure function on plain values: no clock, no database, no
// context. The rules are those of docs/decision-rules.md.
//
// The way of an event: facts are stated (package statement, [Facts]), recorded in the ledger as an [Event], which is stored in the form
// of package codec, folded in the order of their occurrence into a [State] for each subject ([Fold], [State.Apply]), and
// judged for a time by [Rules.Decide]; package operational says whether what that allows is to be sent now.
package consent
