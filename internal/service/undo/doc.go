// Package undo leaves the events of a batch out of every answer, as if it had never been recorded. A batch that fits one transaction is left
// out by that. A larger one is left out in steps: each gives some subjects a void that waits, and the last one appends the event of kind undo,
// with which all of them take effect at once. So every answer is either with all of the batch or without it. It may be interrupted at any
// time, and goes on where it was. From its beginning on nothing is recorded with the batch any more.
package undo
