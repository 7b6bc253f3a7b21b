package address

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	maxTyped = 1024 // octets before normalisation, which only bounds the work
	maxExact = 254  // octets of the exact form
	maxLocal = 64   // octets of its local part
)

// Parse reads an address as people type it and returns its canonical form.
//
// White space around it is dropped, and quotes around a local part that needs
// none. Display names, comments, angle brackets, address literals, and
// control, bidi and zero-width characters are refused, as is text that is not
// UTF-8. The error is always an *Error.
//
// Of an address that is canonical already, as nearly all are, the forms are
// parts of the text, and nothing is allocated.
func Parse(typed string) (Address, error) {
	trimmed := strings.TrimSpace(typed)
	if exact, at, ok := parsePlain(trimmed); ok {
		folded, tagged := foldAs(exact, at, exact[at+1:]) // Without A-labels the domain is its own twin.
		return Address{exact: exact, folded: folded, at: at, tagged: tagged}, nil
	}
	return parseSlowly(trimmed)
}

// parseSlowly is the rules. What parsePlain reads is read here the same.
func parseSlowly(trimmed string) (Address, error) {
	exact, at, problem := parseAny(trimmed)
	if problem != "" {
		return Address{}, &Error{Problem: problem}
	}
	folded, tagged := fold(exact, at)
	return Address{exact: exact, folded: folded, at: at, tagged: tagged}, nil
}

// parseAny reads every address, and says what is wrong with what is none.
func parseAny(s string) (exact string, at int, problem string) {
	if problem = checkTyped(s); problem != "" {
		return "", 0, problem
	}
	at = strings.LastIndexByte(s, '@')
	if at < 0 {
		return "", 0, "The address has no @."
	}
	local, problem := canonicalLocal(s[:at])
	if problem != "" {
		return "", 0, problem
	}
	domain, problem := canonicalDomain(s[at+1:])
	if problem != "" {
		return "", 0, problem
	}
	if len(local)+1+len(domain) > maxExact {
		return "", 0, "The address is longer than 254 octets."
	}
	return local + "@" + domain, len(local), ""
}

// checkTyped refuses what is wrong with the text as a whole, be it an address
// or a domain.
func checkTyped(s string) (problem string) {
	switch {
	case s == "":
		return "The text is empty."
	case len(s) > maxTyped:
		return "The text is far longer than any address."
	case !utf8.ValidString(s):
		return "The text is not valid UTF-8."
	case strings.ContainsFunc(s, isHidden):
		return "The text holds a control, bidi or zero-width character."
	default:
		return ""
	}
}

// isHidden reports whether r is a character that cannot be seen: it would let
// two addresses look the same. Besides controls and formats these are the
// characters that Unicode tells displays to leave out.
func isHidden(r rune) bool {
	return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func canonicalLocal(s string) (local, problem string) {
	if strings.HasPrefix(s, `"`) {
		inner, closed := strings.CutSuffix(s[1:], `"`)
		if !closed || !isDotAtom(inner) {
			return "", "The local part is a quoted string around something other than a plain name."
		}
		s = inner
	}
	// Composing first makes both spellings of a capital one rune, which is
	// then lowered alike; lowering may leave something to compose.
	local = norm.NFC.String(strings.ToLower(norm.NFC.String(s)))
	switch {
	case local == "":
		return "", "The local part is empty."
	case !isDotAtom(local):
		return "", "The local part is not a plain name: letters, digits and signs, with single dots between them."
	case len(local) > maxLocal:
		return "", "The local part is longer than 64 octets."
	default:
		return local, ""
	}
}

// isDotAtom reports whether s is a dot-atom of RFC 5322, letters, marks and
// digits of any script allowed as RFC 6531 has it.
func isDotAtom(s string) bool {
	previous := '.'
	for _, r := range s {
		switch {
		case r == '.':
			if previous == '.' {
				return false
			}
		case r < utf8.RuneSelf:
			if !isAtomByte(byte(r)) {
				return false
			}
		case !unicode.In(r, unicode.L, unicode.M, unicode.N):
			return false
		}
		previous = r
	}
	return previous != '.'
}

func isNumeric(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
