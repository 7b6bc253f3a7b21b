package suppressionfile

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
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

// Reasons that decide on which list of a tool an entry stands, and which entry gives the row. An entry may have others as well.
const (
	reasonComplaint  = "COMPLAINT"
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
	// Hash is of the canonical text of the match, as many bytes as Hashing.Algorithm makes. The form `hashes` lists it; the form `filter`
	// takes it where no address is known. Other forms ignore it.
	Hash []byte
	// FoldVersion is the version of the rules by which the text of Hash was made canonical; zero: not known.
	FoldVersion int
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

// AlgorithmList is the name of the two steps of HMAC-SHA-256 that docs/suppression-filter.md describes.
const AlgorithmList = "ASSENT-LIST-1"

// Hashing says how hashes were made.
type Hashing struct {
	// Algorithm is AlgorithmList, MD5, SHA-1, SHA-256 or SHA-512.
	Algorithm string `json:"algorithm"`
	// Key names the key of AlgorithmList, by the id of the consumer key; it is not the key.
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
	case AlgorithmList, "SHA-256":
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
	case e.Domain != "" && !isCanonicalDomain(e.Domain):
		return "its domain is none in canonical form; it must be one in lower case, as an A-label, such as firma.example"
	case !isScope(e.Scope):
		return "its scope is none; it must be all, marketing, or channel:, department:, controller: or sender: and an id of the catalog"
	case !isClean(e.Reason) || !isClean(e.Address):
		return "its reason or its address has control characters or is not UTF-8"
	case hashing != nil && len(e.Hash) != 0 && len(e.Hash) != hashing.size():
		return fmt.Sprintf("its hash has %d bytes; one of %s has %d", len(e.Hash), hashing.Algorithm, hashing.size())
	}
	return ""
}

func isCanonicalDomain(text string) bool {
	domain, err := address.CanonicalDomain(text)
	return err == nil && domain == text
}

// isScope reports whether a text is a scope that a suppression can have, whatever the catalog is.
func isScope(text string) bool {
	scope := consent.Scope(text)
	if scope == consent.ScopeAll || scope == consent.ScopeMarketing {
		return true
	}
	switch kind, id := scope.Split(); kind {
	case consent.ScopeChannel, consent.ScopeDepartment, consent.ScopeController, consent.ScopeSender:
		return catalog.IsID(id)
	default:
		return false
	}
}

// isClean reports whether a text can stand in a line of a file.
func isClean(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
