// Package statement says what may be recorded. A [Statement] is what a call, a row of an import or a scenario states about an address;
// [Statement.Entry] checks it against the catalog and puts it into the canonical form in which it is recorded, an [Entry]. It is pure like
// package consent, which makes events of entries.
//
// A no counts with whatever comes with it: evidence that cannot be stored is shortened or left out, with a [Warning]. A grant needs its
// evidence as proof, so the same defects are errors there.
package statement
