package suppressionfile

import (
	"fmt"
	"strings"
	"time"
)

// Match is how an entry finds addresses.
type Match string

// The matches.
const (
	Exact  Match = "exact"  // one exact form
	Folded Match = "folded" // every spelling of a mailbox
	Domain Match = "domain" // every address of a domain
)

// Kind is what an entry is.
type Kind string

// The kinds.
const (
	Refusal     Kind = "refusal"
	Suppression Kind = "suppression"
)

// Reasons that decide on which list of a tool an entry stands. An entry may have others as well.
const (
	reasonSuppressed = "SUPPRESSED"
	reasonObjection  = "OBJECTION"
	reasonComplaint  = "COMPLAINT"
	reasonWithdrawn  = "WITHDRAWN"
	reasonRefused    = "REFUSED"
	reasonExternal   = "EXTERNAL_LIST"
	reasonManual     = "MANUAL"
	reasonHardBounce = "HARD_BOUNCE"
)

// scopeAll is the scope of what stops every class of mail.
const scopeAll = "all"

// Entry is one refusal or suppression, as the consumer of the list may know it.
type Entry struct {
	Match Match
	// Address is what is known of the address, in exact form. It is empty of a domain, and where nothing is known, as after an erasure.
	Address string
	// Hash is what the form `hashes` lists, as many bytes as Hashing.Algorithm makes. Other forms ignore it.
	Hash []byte
	// Domain is the A-label of a domain entry.
	Domain string
	// Scope is all, marketing, or KIND:ID with kind channel, department, controller or sender. Of a refusal it is its channel.
	Scope string
	Kind  Kind
	// Reason is a reason of a suppression, WITHDRAWN or REFUSED; SUPPRESSED where the consumer may not know more.
	Reason string
	Since  time.Time
	// Until is when the entry ends by itself; zero: never.
	Until time.Time
}

// Hashing says how hashes were made.
type Hashing struct {
	// Algorithm is HMAC-SHA-256, MD5, SHA-1, SHA-256 or SHA-512.
	Algorithm string `json:"algorithm"`
	// Key names the key of an HMAC; it is not the key.
	Key string `json:"key,omitempty"`
	// Input is what was hashed, in words, such as `the exact form of the address, in UTF-8`.
	Input string `json:"input"`
}

// size is how many bytes a hash has; zero: the algorithm is not known.
func (h Hashing) size() int {
	switch h.Algorithm {
	case "MD5":
		return 16
	case "SHA-1":
		return 20
	case "HMAC-SHA-256", "SHA-256":
		return 32
	case "SHA-512":
		return 64
	default:
		return 0
	}
}

// problem is what is wrong with an entry, without its address; empty: nothing.
func (e *Entry) problem(hashing *Hashing) string {
	switch {
	case e.Match != Exact && e.Match != Folded && e.Match != Domain:
		return fmt.Sprintf("the match is %q; it must be exact, folded or domain", e.Match)
	case e.Kind != Refusal && e.Kind != Suppression:
		return fmt.Sprintf("the kind is %q; it must be refusal or suppression", e.Kind)
	case e.Match == Domain && e.Domain == "" && len(e.Hash) == 0:
		return "it is of a domain, and has none"
	case strings.ContainsAny(e.Domain, "@ ") || hasControl(e.Domain):
		return "its domain is none; it must be a domain such as firma.example"
	case e.Scope == "" || hasControl(e.Scope):
		return "it has no scope; it must be all, marketing, or a kind and an id such as channel:newsletter"
	case hasControl(e.Reason) || strings.ContainsRune(e.Address, 0):
		return "its reason or its address has control characters"
	case hashing != nil && len(e.Hash) != 0 && len(e.Hash) != hashing.size():
		return fmt.Sprintf("its hash has %d bytes; one of %s has %d", len(e.Hash), hashing.Algorithm, hashing.size())
	}
	return ""
}

func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f })
}
