package seal

import (
	"fmt"

	"github.com/assent-io/assent/internal/consent"
)

const spellingPrefix = "assent/1/email/spelling\x00"

func prefixOf(form consent.Form) (string, error) {
	switch form {
	case consent.FormExact:
		return "assent/1/email/exact\x00", nil
	case consent.FormFolded:
		return "assent/1/email/folded\x00", nil
	case consent.FormDomain:
		return "assent/1/email/domain\x00", nil
	case consent.FormMail:
		return "assent/1/email/mail\x00", nil
	default:
		return "", fmt.Errorf("keyed digest: unknown form %d", form)
	}
}

// Hasher makes many keyed digests, all under the digest keys of one moment, and takes no memory. It is for one goroutine at a time.
type Hasher struct {
	held    *keysets
	workers []*worker // of held.digests
}

// Hasher returns a hasher with the current digest keys. The caller gives it back by Release.
func (k *Keys) Hasher() *Hasher {
	held := k.held.Load()
	if h, ok := held.hashers.Get().(*Hasher); ok {
		return h
	}
	h := &Hasher{held: held, workers: make([]*worker, len(held.digests))}
	for i, m := range held.digests {
		h.workers[i] = m.start()
	}
	return h
}

// Release gives the hasher back. It must not be used any more.
func (h *Hasher) Release() { h.held.hashers.Put(h) }

// Digest returns the digest of a canonical form under the version with the index, in the order of [Keys.DigestVersions].
func (h *Hasher) Digest(i int, form consent.Form, canonical string) ([32]byte, error) {
	prefix, err := prefixOf(form)
	if err != nil {
		return [32]byte{}, err
	}
	return *h.workers[i].sum(prefix, canonical), nil
}

// Spelling returns the digest of an exact form under the version of the digest key that its folded subject has.
func (h *Hasher) Spelling(version uint32, exact string) (consent.Spelling, error) {
	for i, w := range h.workers {
		if h.held.digests[i].id == version {
			sum := w.sum(spellingPrefix, exact)
			return consent.Spelling{Key: version, Sum: [16]byte(sum[:16])}, nil
		}
	}
	return consent.Spelling{}, fmt.Errorf("keyed digest: the key file lacks digest key %d", version)
}

// Spelling is that of a [Hasher].
func (k *Keys) Spelling(version uint32, exact string) (consent.Spelling, error) {
	h := k.Hasher()
	defer h.Release()
	return h.Spelling(version, exact)
}
