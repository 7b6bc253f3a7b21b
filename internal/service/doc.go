// Package service wires the use cases over one store. Each is a package of its own below this one, and is given those that it builds on;
// only this package holds all of them. From the lowest up:
//
//	env, reference, access, subjects, asof   what use cases are given and read by
//	txn                                      the engine that writes
//	checkpoint, disclosure                   proofs of the ledger; which client learnt what
//	check, receipts                          may an address be contacted, and the proof of the answer
//	rights, record, retention                what changes what is held
//	export, audit, administration            what tells, verifies and keeps all of it
//
// Every error that a caller caused or can mend is a *fault.Error; all others are defects of the program or of its surroundings.
package service
