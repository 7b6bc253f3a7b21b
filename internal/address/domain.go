package address

import (
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

const (
	maxDomain = 253 // octets of a domain name without its final dot
	maxLabel  = 63  // octets of one of its labels
)

// ParseDomain reads a domain that is to be suppressed and returns its A-label.
//
// It needs at least one dot and must not be a public suffix, neither of a
// registry (co.uk) nor of a company that gives names away (github.io), for
// that would silence unrelated people. The error is always an *Error.
func ParseDomain(typed string) (string, error) {
	trimmed := strings.TrimSpace(typed)
	domain, problem := parseDomain(trimmed)
	if problem != "" {
		return "", &Error{Problem: problem}
	}
	return domain, nil
}

// CanonicalDomain reads any domain that an address can have and returns its A-label, as ParseDomain does, but takes public suffixes: a domain
// may have become one since it was suppressed. The error is always an *Error.
func CanonicalDomain(typed string) (string, error) {
	domain, problem := parseAnyDomain(strings.TrimSpace(typed))
	if problem != "" {
		return "", &Error{Problem: problem}
	}
	return domain, nil
}

func parseDomain(s string) (domain, problem string) {
	domain, problem = parseAnyDomain(s)
	if problem != "" {
		return "", problem
	}
	if suffix, _ := publicsuffix.PublicSuffix(domain); suffix == domain {
		return "", "The domain is a public suffix, under which unrelated parties have names."
	}
	return domain, ""
}

func parseAnyDomain(s string) (domain, problem string) {
	if problem = checkTyped(s); problem != "" {
		return "", problem
	}
	if strings.Contains(s, "@") {
		return "", "The text has an @, so it is not a domain."
	}
	return canonicalDomain(s)
}

// canonicalDomain returns the A-label of a domain in lower case. The text of
// IDNA's own errors is left out: it quotes the label.
func canonicalDomain(s string) (domain, problem string) {
	s = trimFinalDot(s)
	switch {
	case s == "":
		return "", "The domain is empty."
	case s[0] == '[':
		return "", "The domain is an address literal."
	}
	// UTS #46 maps the capital sharp s to the small one since revision 33 and
	// to "ss" before. Doing it here keeps the exact form the same whichever
	// tables the toolchain brings.
	domain, err := lookupProfile().ToASCII(strings.ReplaceAll(s, "ẞ", "ß"))
	if err != nil || !isSettled(domain) {
		return "", "The domain is not a valid internationalised domain name."
	}
	last := strings.LastIndexByte(domain, '.')
	switch {
	case last < 0:
		return "", "The domain has no dot."
	case isNumeric(domain[last+1:]):
		return "", "The last label of the domain is a number."
	default:
		return domain, ""
	}
}

// trimFinalDot drops one final dot, in any of the spellings that IDNA takes
// for one.
func trimFinalDot(s string) string {
	for _, dot := range [...]string{".", "。", "．", "｡"} {
		if rest, found := strings.CutSuffix(s, dot); found {
			return rest
		}
	}
	return s
}

// isSettled reports whether an A-label is the only spelling of itself and
// hides nothing: its labels are well formed, and what they decode to has no
// invisible characters and encodes to the same again.
func isSettled(domain string) bool {
	if domain == "" || len(domain) > maxDomain {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > maxLabel || label != strings.ToLower(label) {
			return false
		}
		for i := range len(label) {
			if !isHostByte(label[i]) {
				return false
			}
		}
	}
	if !strings.Contains(domain, acePrefix) {
		return true
	}
	unicodeForm, err := lookupProfile().ToUnicode(domain)
	if err != nil || strings.ContainsFunc(unicodeForm, isHidden) {
		return false
	}
	again, err := lookupProfile().ToASCII(unicodeForm)
	return err == nil && again == domain
}

// acePrefix begins a label that encodes other characters than its own.
const acePrefix = "xn--"

// transitionalTwin returns the domain that software following the older
// IDNA2003 takes this one for: "ß" as "ss", final sigma as sigma. It starts
// from the Unicode form, for an A-label hides these letters. Where the twin
// would be no valid domain, the domain is its own twin.
func transitionalTwin(domain string) string {
	if !strings.Contains(domain, acePrefix) {
		return domain
	}
	profile := lookupProfile()
	unicodeForm, err := profile.ToUnicode(domain)
	if err != nil {
		return domain
	}
	older := strings.NewReplacer("ß", "ss", "ς", "σ").Replace(unicodeForm)
	twin, err := profile.ToASCII(older)
	if err != nil || !isSettled(twin) {
		return domain
	}
	return twin
}

// lookupProfile is IDNA as a resolver applies it, without the deviations of
// IDNA2003 and with every check there is.
func lookupProfile() *idna.Profile { return lookup }

//nolint:gochecknoglobals // A profile is never changed, and making one costs more than using it.
var lookup = idna.New(
	idna.MapForLookup(),
	idna.Transitional(false),
	idna.StrictDomainName(true),
	idna.BidiRule(),
	idna.CheckJoiners(true),
	idna.CheckHyphens(true),
	idna.VerifyDNSLength(true),
)
