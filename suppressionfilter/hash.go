package suppressionfilter

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"hash"
)

// Match is how an entry of a suppression list finds addresses.
type Match uint8

const (
	// MatchExact is one spelling: trimmed, in lower case, the domain as an A-label. Hard bounces and refusals by a tagged address are
	// such entries.
	MatchExact Match = iota + 1
	// MatchFolded stands for all spellings that a provider delivers to one mailbox, such as with dots at Gmail.
	MatchFolded
	// MatchDomain is a domain, and stands for all addresses at it and below it.
	MatchDomain
)

// matches are all matches, in the order of their bits in a file.
func matches() [3]Match { return [...]Match{MatchExact, MatchFolded, MatchDomain} }

// String returns "exact", "folded" or "domain".
func (m Match) String() string {
	switch m {
	case MatchExact:
		return "exact"
	case MatchFolded:
		return "folded"
	case MatchDomain:
		return "domain"
	default:
		return fmt.Sprintf("Match(%d)", uint8(m))
	}
}

// bit is the bit of the match in a file. It panics for what is no match: that is a mistake in a program, and nothing that a file or a
// person can cause.
func (m Match) bit() uint16 {
	if m < MatchExact || m > MatchDomain {
		panic("suppressionfilter: " + m.String() + " is none of MatchExact, MatchFolded, MatchDomain")
	}
	return 1 << (m - MatchExact)
}

// prefix begins the text that the inner hash is made of.
func (m Match) prefix() string {
	switch m.bit() {
	case MatchExact.bit():
		return "assent/1/email/exact\x00"
	case MatchFolded.bit():
		return "assent/1/email/folded\x00"
	default:
		return "assent/1/email/domain\x00"
	}
}

// InnerHash is what a store keeps of an entry: HMAC-SHA-256 under the list key of the store. It is the same for all consumers, leads to no
// address without the list key, and is enough to make the entry for any consumer. So a person who was erased stays on the lists.
type InnerHash [sha256.Size]byte

// Hash is an entry as one consumer has it: HMAC-SHA-256 of an InnerHash under that consumer's own key. Two consumers have different
// hashes of the same person.
type Hash [sha256.Size]byte

// HashInner makes the first of the two steps, with the list key of the store alone. The text is the canonical one of the match;
// the hash of another spelling is never found. HashInner panics for an unknown match.
func HashInner(listKey [KeySize]byte, match Match, text string) InnerHash {
	mac := hmac.New(sha256.New, listKey[:])
	mac.Write([]byte(match.prefix()))
	mac.Write([]byte(text))
	return InnerHash(mac.Sum(nil))
}

// HashOuter makes the second step, with the consumer's own key alone.
func HashOuter(ownKey [KeySize]byte, inner InnerHash) Hash {
	mac := hmac.New(sha256.New, ownKey[:])
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

func newWorker(listKey, ownKey *[KeySize]byte) *worker {
	w := &worker{
		inner: hmac.New(sha256.New, listKey[:]), outer: hmac.New(sha256.New, ownKey[:]),
		in: make([]byte, 0, 320), // A prefix and the longest address have room.
	}
	w.inner.Reset() // The first Reset makes a MAC keep the hashes of its padded key.
	w.outer.Reset()
	return w
}

func (w *worker) hash(match Match, text string) Hash {
	w.in = append(append(w.in[:0], match.prefix()...), text...)
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
