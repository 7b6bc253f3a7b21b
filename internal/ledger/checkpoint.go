package ledger

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// ErrSignature is wrapped by the error for a checkpoint without a signature of a known key.
var ErrSignature = errors.New("it is not signed by the key of this ledger, or was altered")

// Origin returns the name of the ledger of a store: the first line of its checkpoints and the name of the key that signs them.
func Origin(storeID [16]byte) string { return "assent.io/ledger/" + hex.EncodeToString(storeID[:]) }

// Checkpoint says what the root of a ledger was when it had a size. It commits to all events up to there.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   [HashSize]byte
}

// Text returns the checkpoint as it is signed (C2SP tlog-checkpoint): origin, size and root, a line each.
func (c *Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// ParseCheckpoint reads the text of a checkpoint. Extension lines after the root are allowed and left out.
func ParseCheckpoint(text string) (Checkpoint, error) {
	if !strings.HasSuffix(text, "\n") {
		return Checkpoint{}, errors.New("ledger: the last line of a checkpoint is cut off")
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 3 {
		return Checkpoint{}, errors.New("ledger: a checkpoint has three lines: origin, size and root")
	}
	for _, line := range lines {
		if line == "" {
			return Checkpoint{}, errors.New("ledger: a checkpoint has no empty lines")
		}
	}
	c := Checkpoint{Origin: lines[0]}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, errors.New("ledger: the size of a checkpoint is not a decimal number")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != HashSize || strings.ContainsRune(lines[2], '\r') {
		return Checkpoint{}, errors.New("ledger: the root of a checkpoint is not a hash in base64")
	}
	c.Size, c.Root = size, [HashSize]byte(root)
	return c, nil
}

// Sign returns the checkpoint as a signed note.
func (c *Checkpoint) Sign(signer note.Signer) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: c.Text()}, signer)
	if err != nil {
		return nil, fmt.Errorf("ledger: sign a checkpoint: %w", err)
	}
	return signed, nil
}

// OpenCheckpoint reads a signed checkpoint of the origin. One of the keys, in the form of note.NewVerifier, must have signed it;
// signatures of others, such as witnesses, are allowed. Without that the error wraps [ErrSignature].
func OpenCheckpoint(signed []byte, origin string, keys ...string) (Checkpoint, error) {
	var verifiers []note.Verifier
	for _, key := range keys {
		verifier, err := note.NewVerifier(key)
		if err != nil {
			return Checkpoint{}, errors.New("ledger: a verifier key must have the form NAME+HASH+KEY")
		}
		if verifier.Name() != origin {
			return Checkpoint{}, fmt.Errorf("ledger: the verifier key belongs to %q, not to %q", verifier.Name(), origin)
		}
		verifiers = append(verifiers, verifier)
	}
	opened, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("ledger: open a checkpoint: %w", ErrSignature)
	}
	c, err := ParseCheckpoint(opened.Text)
	if err == nil && c.Origin != origin {
		err = fmt.Errorf("ledger: open a checkpoint: %w", ErrSignature)
	}
	if err != nil {
		return Checkpoint{}, err
	}
	return c, nil
}
