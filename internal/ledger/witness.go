package ledger

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// algCosignature is the type of keys of Ed25519 cosignatures (C2SP signed-note).
const algCosignature = 0x04

// timeSize is how many bytes of a cosignature are its time.
const timeSize = 8

// Witness verifies the cosignatures of one witness (C2SP tlog-cosignature, cosignature/v1). It is a note.Verifier of
// golang.org/x/mod/sumdb/note.
type Witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

// ParseWitness reads a key like NAME+HASH+KEY, where the hash is eight hex digits and the key is, in base64, the byte 0x04 and an
// Ed25519 public key.
func ParseWitness(text string) (*Witness, error) {
	name, rest, _ := strings.Cut(text, "+")
	hashText, keyText, found := strings.Cut(rest, "+")
	if !found || !isKeyName(name) {
		return nil, errors.New("ledger: the key of a witness must have the form NAME+HASH+KEY")
	}
	material, err := base64.StdEncoding.Strict().DecodeString(keyText)
	if err != nil || len(material) == 0 || strings.ContainsAny(keyText, "\r\n") {
		return nil, fmt.Errorf("ledger: the key of the witness %q is not valid base64", name)
	}
	if material[0] != algCosignature || len(material) != 1+ed25519.PublicKeySize {
		return nil, fmt.Errorf("ledger: the key of the witness %q is not a key for cosignatures with Ed25519 (type 0x04)", name)
	}
	w := &Witness{name: name, hash: witnessHash(name, material), key: ed25519.PublicKey(material[1:])}
	if given, err := strconv.ParseUint(hashText, 16, 32); err != nil || len(hashText) != 8 || uint32(given) != w.hash {
		return nil, fmt.Errorf("ledger: the hash in the key of the witness %q does not match its name and key", name)
	}
	return w, nil
}

// ParseWitnesses reads the keys of several witnesses. None may be named twice, and no two may have the same key: a cosignature
// does not commit to the name, so one line would count for both.
func ParseWitnesses(texts []string) ([]*Witness, error) {
	var witnesses []*Witness
	for _, text := range texts {
		w, err := ParseWitness(text)
		if err != nil {
			return nil, err
		}
		for _, other := range witnesses {
			if w.key.Equal(other.key) || w.name == other.name && w.hash == other.hash {
				return nil, fmt.Errorf("ledger: the witnesses %q and %q have the same key", other.name, w.name)
			}
		}
		witnesses = append(witnesses, w)
	}
	return witnesses, nil
}

// isKeyName reports whether a name may stand in a line of a signed note.
func isKeyName(name string) bool {
	return name != "" && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsSpace) && !strings.Contains(name, "+")
}

func witnessHash(name string, material []byte) uint32 {
	sum := sha256.Sum256(slices.Concat([]byte(name+"\n"), material))
	return binary.BigEndian.Uint32(sum[:])
}

// Name returns the name of the witness.
func (w *Witness) Name() string { return w.name }

// KeyHash returns the hash of name and key by which a signature is found in a note.
func (w *Witness) KeyHash() uint32 { return w.hash }

// Verify reports whether the signature is a cosignature of the text of a checkpoint.
func (w *Witness) Verify(text, signature []byte) bool {
	seconds, ok := cosignatureTime(signature)
	if !ok {
		return false
	}
	message := fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", seconds, text)
	return ed25519.Verify(w.key, message, signature[timeSize:])
}

// cosignatureTime returns when a cosignature says that it was made, in seconds since 1970.
func cosignatureTime(signature []byte) (seconds int64, ok bool) {
	if len(signature) != timeSize+ed25519.SignatureSize {
		return 0, false
	}
	stamp := binary.BigEndian.Uint64(signature)
	return int64(stamp), stamp <= math.MaxInt64
}
