package suppressionfilter

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
)

// Form is a form of an address under which an entry can stand on a suppression list.
type Form uint8

const (
	// FormExact is one spelling: trimmed, in lower case, the domain as an A-label. Hard bounces and refusals by a tagged address are
	// entries of this form.
	FormExact Form = iota + 1
	// FormFolded stands for all spellings that a provider delivers to one mailbox, such as with dots at Gmail.
	FormFolded
	// FormDomain is a domain, and stands for all addresses at it and below it.
	FormDomain
)

// forms are all forms, in the order of their bits in a file.
func forms() [3]Form { return [...]Form{FormExact, FormFolded, FormDomain} }

// String returns "exact", "folded" or "domain".
func (f Form) String() string {
	switch f {
	case FormExact:
		return "exact"
	case FormFolded:
		return "folded"
	case FormDomain:
		return "domain"
	default:
		return fmt.Sprintf("Form(%d)", uint8(f))
	}
}

// bit is the bit of the form in a file. It panics for what is no form: that is a mistake in a program, and nothing that a file or a
// person can cause.
func (f Form) bit() uint16 {
	if f < FormExact || f > FormDomain {
		panic("suppressionfilter: " + f.String() + " is none of FormExact, FormFolded, FormDomain")
	}
	return 1 << (f - FormExact)
}

// prefix begins the text that the inner hash is made of.
func (f Form) prefix() string {
	switch f.bit() {
	case FormExact.bit():
		return "assent/1/email/exact\x00"
	case FormFolded.bit():
		return "assent/1/email/folded\x00"
	default:
		return "assent/1/email/domain\x00"
	}
}

// InnerHash is what a store keeps of an entry: HMAC-SHA-256 under the list key of the store. It is the same for all consumers, leads to no
// address without the list key, and is enough to make the entry for any consumer. So a person who was erased stays on the lists.
type InnerHash [sha256.Size]byte

// Hash is an entry as one consumer has it: HMAC-SHA-256 of an InnerHash under the key of that consumer. Two consumers have different
// hashes of the same person.
type Hash [sha256.Size]byte

// HashInner makes the first of the two steps, with the list key of the store alone. The text is the canonical form of the address or
// domain; the hash of another spelling is never found. HashInner panics for an unknown form.
func HashInner(listKey [KeySize]byte, form Form, text string) InnerHash {
	mac := hmac.New(sha256.New, listKey[:])
	mac.Write([]byte(form.prefix()))
	mac.Write([]byte(text))
	return InnerHash(mac.Sum(nil))
}

// HashOuter makes the second step, with the key of the consumer alone.
func HashOuter(consumerKey [KeySize]byte, inner InnerHash) Hash {
	mac := hmac.New(sha256.New, consumerKey[:])
	mac.Write(inner[:])
	return Hash(mac.Sum(nil))
}

// worker makes hashes under one Key, one at a time, and takes no memory for them: each of the two MACs restarts from the hashes of its
// padded key, which it keeps.
type worker struct {
	inner, outer hash.Hash
	in           []byte
	sum          [sha256.Size]byte
}

func newWorker(listKey, consumerKey *[KeySize]byte) *worker {
	w := &worker{
		inner: hmac.New(sha256.New, listKey[:]), outer: hmac.New(sha256.New, consumerKey[:]),
		in: make([]byte, 0, 320), // A prefix and the longest address have room.
	}
	w.inner.Reset() // The first Reset makes a MAC keep the hashes of its padded key.
	w.outer.Reset()
	return w
}

func (w *worker) hash(form Form, text string) Hash {
	w.in = append(append(w.in[:0], form.prefix()...), text...)
	w.inner.Reset()
	w.inner.Write(w.in)
	w.inner.Sum(w.sum[:0])
	return w.hashOfSum()
}

func (w *worker) outerOf(inner InnerHash) Hash {
	w.sum = inner
	return w.hashOfSum()
}

func (w *worker) hashOfSum() Hash {
	w.outer.Reset()
	w.outer.Write(w.sum[:])
	w.outer.Sum(w.sum[:0])
	return w.sum
}
