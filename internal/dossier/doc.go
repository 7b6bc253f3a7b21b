// Package dossier is the answer to a person's request for access: everything that is held about one address, as files that a person
// can read and files that a machine can. A [Dossier] is plain data, gathered by package service; everything here is a pure function
// of it: the renderers [JSON], [CSV] and [HTML], the archive of all formats with the proofs of the ledger ([Archive]), and
// the verification of such an archive with nothing but the archive itself ([Verify]).
//
// Package machine writes the same as JSON-LD.
//
// The format of each file is described in docs/export-format.md. What a field is called there never changes its meaning.
package dossier
