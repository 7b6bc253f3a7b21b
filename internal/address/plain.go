package address

import "strings"

// class is what an ASCII character may be part of.
type class uint8

const (
	classAtom  class = 1 << iota // a local part, between its dots
	classHost                    // a label of a domain
	classUpper                   // a capital letter
)

// classes are the classes of all bytes; those of other characters than ASCII have none.
//
//nolint:gochecknoglobals // A table that nothing changes.
var classes = classTable()

func classTable() (table [256]class) {
	for c := '0'; c <= '9'; c++ {
		table[c] = classAtom | classHost
	}
	for c := 'a'; c <= 'z'; c++ {
		table[c] = classAtom | classHost
		table[c-'a'+'A'] = classAtom | classHost | classUpper
	}
	for _, c := range "!#$%&'*+-/=?^_`{|}~" {
		table[c] = classAtom
	}
	table['-'] |= classHost
	return table
}

func isAtomByte(c byte) bool { return classes[c]&classAtom != 0 }

func isHostByte(c byte) bool { return classes[c]&classHost != 0 }

// parsePlain reads what nearly every address is: ASCII, no quotes, no
// A-labels. It allocates only when it has to lower a letter. When it reports
// false nothing is known about the text, and parseAny has to say.
func parsePlain(s string) (exact string, at int, ok bool) {
	at = strings.LastIndexByte(s, '@')
	if at < 1 || at > maxLocal || len(s) > maxExact {
		return "", 0, false
	}
	local, ok := scanLocal(s[:at])
	if !ok {
		return "", 0, false
	}
	domain, ok := scanDomain(s[at+1:])
	if !ok {
		return "", 0, false
	}
	if (local|domain)&classUpper != 0 {
		s = strings.ToLower(s)
	}
	return s, at, true
}

// scanLocal reports whether s is a dot-atom, and which classes are in it.
func scanLocal(s string) (seen class, ok bool) {
	dot := true // The last character was one, or there was none yet.
	for i := range len(s) {
		c := classes[s[i]]
		if c&classAtom != 0 {
			seen, dot = seen|c, false
			continue
		}
		if s[i] != '.' || dot {
			return 0, false
		}
		dot = true
	}
	return seen, !dot
}

// scanDomain reports whether s is a domain that IDNA leaves as it is but for
// its case, and which classes are in it. Labels with hyphens in third and
// fourth place are left to IDNA, for they may be A-labels.
func scanDomain(s string) (seen class, ok bool) {
	start := 0
	for i := range len(s) {
		c := classes[s[i]]
		if c&classHost != 0 {
			seen |= c
			continue
		}
		if s[i] != '.' || !isPlainLabel(s[start:i]) {
			return 0, false
		}
		start = i + 1
	}
	last := s[start:]
	return seen, start > 0 && len(s) <= maxDomain && isPlainLabel(last) && !isNumeric(last)
}

func isPlainLabel(label string) bool {
	if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	return len(label) < 4 || label[2] != '-' || label[3] != '-'
}
