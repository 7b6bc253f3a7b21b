// Package address decides when two spellings are one e-mail address.
//
// An address has three forms. The exact form identifies the person who gave a
// consent: trimmed, lower-cased, the domain as an A-label. The folded form
// also joins the spellings that a provider delivers to one mailbox and those
// that older software confuses; it serves to block and never to permit. The
// domain form serves suppressions of whole domains.
//
// The table of providers has a version, FoldVersion. A caller that stores a folded form must store the version with it,
// because a new version of the table may fold the same address differently.
//
// Addresses are private. No error of this package holds any part of what was
// typed, and an Address that is printed by mistake shows a placeholder.
package address

import (
	"fmt"
	"io"
	"strings"
)

const (
	// FoldVersion is the version of the rules and the provider table by which the forms of an address are computed. It rises whenever the
	// exact form, the folded form or the domain of any address would become another one.
	FoldVersion = 2
	// OldestFoldVersion is the oldest version of the rules and the table that this package still has. Copies of suppression lists hold
	// entries by former versions, so a version that such a copy may have is kept: see docs/decisions/0054-suppression-filter.md.
	OldestFoldVersion = 2
)

// Address is an e-mail address in its canonical form.
//
// It is comparable: two addresses are equal exactly when their exact forms
// are, so it may be the key of a map. The zero value is no address; its forms
// are empty.
type Address struct {
	exact  string
	folded string
	at     int // index of the '@' in exact
	tagged bool
}

// Error says why a text is no address or no domain. It never holds the text
// or any part of it.
type Error struct {
	// Problem is a short English sentence.
	Problem string
}

// Error returns the problem.
func (e *Error) Error() string { return e.Problem }

// Exact returns the form that grants, requests, history, erasure and bounces
// belong to: the local part in lower case and NFC, an '@', the domain as a
// lower-case A-label. Parse accepts it and returns the same address.
func (a Address) Exact() string { return a.exact }

// Folded returns the form that suppressions and refusals belong to. Folding
// is not reversible, and a folded form need not be an address itself.
func (a Address) Folded() string { return a.folded }

// Mailbox returns the folded form without a "+tag", at every domain. The confirmation mails to it are counted by it, so that the number of
// mails to one mailbox is limited whatever tags are added.
func (a Address) Mailbox() string { return mailbox(a.folded) }

// Domain returns the domain as a lower-case A-label without a final dot.
func (a Address) Domain() string {
	if a.exact == "" {
		return ""
	}
	return a.exact[a.at+1:]
}

// Domains returns the domain and each of its parents that has at least one
// dot, the most specific first: the names under which a suppression of a
// domain can cover the address.
func (a Address) Domains() []string {
	dots := strings.Count(a.Domain(), ".")
	if dots == 0 {
		return nil
	}
	return a.AppendDomains(make([]string, 0, dots))
}

// AppendDomains appends the names of Domains. They are parts of the exact
// form, so that nothing is allocated where to has room.
func (a Address) AppendDomains(to []string) []string {
	domain := a.Domain()
	for dot := strings.IndexByte(domain, '.'); dot >= 0; dot = strings.IndexByte(domain, '.') {
		to = append(to, domain)
		domain = domain[dot+1:]
	}
	return to
}

// Tagged reports whether folding dropped a "+tag", as the provider of the
// address would.
func (a Address) Tagged() bool { return a.tagged }

// Role reports whether the local part, up to a '+', is a role that no person
// signs up with: abuse, postmaster, noreply, no-reply, mailer-daemon.
func (a Address) Role() bool {
	if a.exact == "" {
		return false
	}
	local, _, _ := strings.Cut(a.exact[:a.at], "+")
	switch local {
	case "abuse", "postmaster", "noreply", "no-reply", "mailer-daemon":
		return true
	default:
		return false
	}
}

// IsZero reports whether a is the zero value, which is no address.
func (a Address) IsZero() bool { return a == Address{} }

// Equal reports whether a and b are the same exact address, as == does.
func (a Address) Equal(b Address) bool { return a == b }

// Format prints a placeholder whatever the verb, so that no log line, error
// or test failure shows an address by accident. Exact is the way to the text.
func (a Address) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, "[address]")
}
