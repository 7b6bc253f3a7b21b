package address

import "strings"

// provider is what the mailboxes of a domain have in common: the name they
// are all known by, and the characters of the local part that it ignores.
type provider struct {
	domain  string
	tags    bool   // "+tag" is ignored
	ignored string // so are these
}

// providerOf returns the provider behind a domain. The zero provider ignores
// nothing, as every domain does that is not listed. A change to this table
// raises FoldVersion.
func providerOf(domain string) provider {
	switch domain {
	case "gmail.com", "googlemail.com":
		return provider{domain: "gmail.com", tags: true, ignored: "."}
	case "proton.me", "protonmail.com", "pm.me":
		return provider{domain: "proton.me", tags: true, ignored: ".-_"}
	case "outlook.com", "outlook.de", "outlook.at", "outlook.ch", "outlook.fr", "outlook.it", "outlook.es", "outlook.nl", "outlook.be", "outlook.co.uk",
		"hotmail.com", "hotmail.de", "hotmail.at", "hotmail.ch", "hotmail.fr", "hotmail.it", "hotmail.es", "hotmail.nl", "hotmail.be", "hotmail.co.uk",
		"live.com", "live.de", "live.at", "live.ch", "live.fr", "live.it", "live.es", "live.nl", "live.be", "live.co.uk",
		"msn.com", "icloud.com", "me.com", "mac.com", "fastmail.com", "posteo.de", "mailbox.org":
		return provider{domain: domain, tags: true}
	default:
		return provider{domain: domain}
	}
}

// mailbox returns a folded form without a "+tag", which providers that the table lacks may ignore, too.
func mailbox(folded string) string {
	at := strings.LastIndexByte(folded, '@')
	if plus := strings.IndexByte(folded[:max(at, 0)], '+'); plus > 0 {
		return folded[:plus] + folded[at:]
	}
	return folded
}

// fold returns the folded form of an exact address with the '@' at the given
// index, and whether a tag was dropped. A step that would leave an empty local
// part is skipped.
func fold(exact string, at int) (folded string, tagged bool) {
	return foldAs(exact, at, transitionalTwin(exact[at+1:]))
}

// foldAs folds an address; twin is the twin of its domain. It allocates the
// folded form at most, and nothing where that is the exact one.
func foldAs(exact string, at int, twin string) (folded string, tagged bool) {
	local, domain, p := exact[:at], exact[at+1:], providerOf(twin)
	if !p.tags && p.ignored == "" && p.domain == domain {
		return exact, false
	}
	if plus := strings.IndexByte(local, '+'); p.tags && plus > 0 {
		local, tagged = local[:plus], true
	}
	var buffer [maxExact]byte
	kept := append(buffer[:0], local...)
	for i := range len(p.ignored) {
		kept = without(kept, p.ignored[i])
	}
	if len(kept) == at && p.domain == domain {
		return exact, false
	}
	return string(append(append(kept, '@'), p.domain...)), tagged
}

// without drops a character from s, unless nothing would be left.
func without(s []byte, drop byte) []byte {
	n := 0
	for _, c := range s {
		if c != drop {
			n++
		}
	}
	if n == 0 || n == len(s) {
		return s
	}
	kept := s[:0]
	for _, c := range s {
		if c != drop {
			kept = append(kept, c)
		}
	}
	return kept
}

// HasVariants reports whether addresses with several exact forms may have the folded form. Where it is false, the folded form is the exact one
// of the only address that has it.
func HasVariants(folded string) bool {
	domain := folded[strings.LastIndexByte(folded, '@')+1:]
	p := providerOf(domain)
	return p.tags || p.ignored != "" || strings.Contains(domain, "ss") || strings.Contains(domain, acePrefix) // It may be a twin.
}
