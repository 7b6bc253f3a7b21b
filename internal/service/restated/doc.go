// Package restated has the notes of a transaction on facts that a batch states and an event of another batch has recorded. Such a fact is not
// recorded again; by its note it lasts when the other batch is undone.
package restated
