package ledger

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/note"
)

// maxSignatures is how many lines of signatures a note may have so that package note reads it.
const maxSignatures = 100

// ErrNotCosigned is wrapped by the error for a checkpoint that no known witness signed.
var ErrNotCosigned = errors.New("it has no signature of a known witness")

// Cosignature says that a witness saw the ledger as a checkpoint has it.
type Cosignature struct {
	Witness string
	Seconds int64 // when, since 1970, as the witness says
}

// Cosigned is a checkpoint of a ledger with the signatures of witnesses.
type Cosigned struct {
	Checkpoint

	Note         []byte        // with the lines that were verified only
	Key          string        // of the ledger, which signed it
	Cosignatures []Cosignature // in the order of their lines
}

// OpenCosigned reads a signed checkpoint of the origin with the cosignatures of the witnesses. One of the keys of the ledger must
// have signed it, else the error wraps [ErrSignature]; and at least one of the witnesses, else it wraps [ErrNotCosigned]. A line
// with the name and the hash of a known key that does not verify is an error; lines of others are left out.
func OpenCosigned(signed []byte, origin string, keys []string, witnesses []*Witness) (Cosigned, error) {
	c, err := OpenCheckpoint(signed, origin, keys...)
	if err != nil {
		return Cosigned{}, err
	}
	known := make([]note.Verifier, 0, len(keys)+len(witnesses))
	for _, key := range keys {
		verifier, err := note.NewVerifier(key)
		if err != nil {
			return Cosigned{}, fmt.Errorf("ledger: the key of a ledger: %w", err)
		}
		known = append(known, verifier)
	}
	for _, w := range witnesses {
		known = append(known, w)
	}
	opened, err := note.Open(signed, note.VerifierList(known...))
	if bad := (*note.InvalidSignatureError)(nil); errors.As(err, &bad) {
		return Cosigned{}, fmt.Errorf("ledger: the signature of %q is not one of this checkpoint", bad.Name)
	}
	if err != nil {
		return Cosigned{}, fmt.Errorf("ledger: open a checkpoint: %w", err)
	}
	if opened.Text != c.Text() {
		return Cosigned{}, errors.New("ledger: the checkpoint has lines that a checkpoint of this ledger does not have")
	}
	cosigned := Cosigned{Checkpoint: c, Note: appendNote(nil, opened.Text, opened.Sigs)}
	for _, line := range opened.Sigs {
		if i := indexOfKey(known, line); i < len(keys) {
			cosigned.Key = keys[i]
			continue
		}
		signature, err := base64.StdEncoding.DecodeString(line.Base64)
		if err != nil {
			return Cosigned{}, fmt.Errorf("ledger: the signature of %q: %w", line.Name, err)
		}
		seconds, _ := cosignatureTime(signature[4:]) // It was verified, so it has its length.
		cosigned.Cosignatures = append(cosigned.Cosignatures, Cosignature{Witness: line.Name, Seconds: seconds})
	}
	if cosigned.Cosignatures == nil {
		return Cosigned{}, fmt.Errorf("ledger: open a checkpoint: %w", ErrNotCosigned)
	}
	return cosigned, nil
}

// indexOfKey returns which of the keys a verified line was signed with.
func indexOfKey(known []note.Verifier, line note.Signature) int {
	return slices.IndexFunc(known, func(v note.Verifier) bool { return v.Name() == line.Name && v.KeyHash() == line.Hash })
}

// MergeNotes returns a note with the lines of both, those of stored first. Of a key that signed both the line of stored stays: the
// earlier a witness saw a checkpoint, the more its signature says. Both must be notes of the same text. No signature is verified.
func MergeNotes(stored, added []byte) ([]byte, error) {
	text, lines, err := splitNote(stored)
	if err != nil {
		return nil, err
	}
	addedText, more, err := splitNote(added)
	if err != nil {
		return nil, err
	}
	if text != addedText {
		return nil, errors.New("ledger: two notes of one size have different texts")
	}
	for _, line := range more {
		if !slices.ContainsFunc(lines, func(l note.Signature) bool { return l.Name == line.Name && l.Hash == line.Hash }) {
			lines = append(lines, line)
		}
	}
	if len(lines) > maxSignatures {
		return nil, fmt.Errorf("ledger: a checkpoint can have %d signatures at most", maxSignatures)
	}
	return appendNote(nil, text, lines), nil
}

// ParseNote reads a note without verifying its signatures, and returns the checkpoint that its text says. An error means that it is
// none, or was cut off.
func ParseNote(signed []byte) (Checkpoint, error) {
	text, _, err := splitNote(signed)
	if err != nil {
		return Checkpoint{}, err
	}
	return ParseCheckpoint(text)
}

// splitNote returns the text and the lines of a note, none of which is verified.
func splitNote(signed []byte) (text string, lines []note.Signature, err error) {
	_, err = note.Open(signed, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return "", nil, errors.New("ledger: it is not a signed note, or is incomplete")
	}
	return unverified.Note.Text, unverified.Note.UnverifiedSigs, nil
}

// appendNote writes a note, as note.Sign does with signatures that are there already.
func appendNote(b []byte, text string, lines []note.Signature) []byte {
	b = append(b, text...)
	b = append(b, '\n')
	for _, line := range lines {
		b = append(b, "— "...)
		b = append(b, line.Name...)
		b = append(b, ' ')
		b = append(b, line.Base64...)
		b = append(b, '\n')
	}
	return b
}
