package mail

import (
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/assent-io/assent/internal/message"
)

// maxAddress is how long an address is at most (RFC 5321, 4.5.3.1.3); some room is left for what is not quite one.
const maxAddress = 320

// groups splits the fields of a report (RFC 3464) into those of the message, which come first, and those of each recipient. Some servers
// leave the empty line between them out, so a second Final-Recipient, too, begins a new group, and so does the first after other fields.
// The boolean is false when there are more than [MaxGroups].
func groups(text string) (perMessage message.Header, recipients []message.Header, ok bool) {
	for block := range strings.SplitSeq(strings.ReplaceAll(text, "\r", " "), "\n\n") {
		block = strings.Trim(block, "\n")
		if strings.TrimSpace(block) == "" {
			continue
		}
		for _, group := range splitGroup(message.ReadHeader(block + "\n")) {
			if !isRecipient(group) {
				perMessage = append(perMessage, group...)
				continue
			}
			if recipients = append(recipients, group); len(recipients) > MaxGroups {
				return nil, nil, false
			}
		}
	}
	return perMessage, recipients, true
}

// isRecipient reports whether fields are of a recipient.
func isRecipient(h message.Header) bool {
	return h.Has("Final-Recipient") || h.Has("Original-Recipient") || h.Has("Action") && h.Has("Status")
}

// splitGroup splits fields where those of another recipient begin.
func splitGroup(h message.Header) []message.Header {
	var all []message.Header
	begin := 0
	for i, f := range h {
		name := strings.ToLower(f.Name)
		if name != "original-recipient" && name != "final-recipient" && name != "reporting-mta" || i == begin {
			continue
		}
		if h[begin:i].Has(name) || name != "reporting-mta" && !isRecipient(h[begin:i]) && h[begin:i].Has("Reporting-MTA") {
			all = append(all, h[begin:i])
			begin = i
		}
	}
	return append(all, h[begin:])
}

// withoutComments leaves out comments in parentheses (RFC 5322), but not within quotes or angle brackets.
func withoutComments(text string) string {
	if strings.IndexByte(text, '(') < 0 {
		return text
	}
	var out strings.Builder
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text):
			if depth == 0 {
				out.WriteString(text[i : i+2])
			}
			i++
			continue
		case c == '"' && depth == 0:
			quoted = !quoted
		case c == '(' && !quoted:
			depth++
			continue
		case c == ')' && !quoted && depth > 0:
			depth--
			continue
		}
		if depth == 0 {
			out.WriteByte(c)
		}
	}
	return out.String()
}

// recipientAddress reads the address of Original-Recipient or Final-Recipient: a type, a semicolon and an address, which may have comments
// and angle brackets. The type may be missing. Of another type than e-mail, such as x400, the result is empty.
func recipientAddress(value string) string {
	value = strings.TrimSpace(withoutComments(value))
	kind, rest, typed := strings.Cut(value, ";")
	if !typed {
		return cleanAddress(value)
	}
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "rfc822", "rfc-822", "smtp", "internet", "":
		return cleanAddress(rest)
	case "utf-8", "utf8":
		return cleanAddress(decodeUnicode(rest))
	}
	return ""
}

// decodeUnicode decodes \x{…} of an address in utf-8-addr-xtext (RFC 6533, section 3).
func decodeUnicode(text string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, `\x{`)
		out.WriteString(before)
		if !found {
			return out.String()
		}
		digits, rest, closed := strings.Cut(after, "}")
		value := 0
		for _, d := range []byte(strings.ToUpper(digits)) {
			at := strings.IndexByte("0123456789ABCDEF", d)
			if at < 0 || value > unicode.MaxRune {
				closed = false
				break
			}
			value = value<<4 | at
		}
		if !closed || digits == "" || !utf8.ValidRune(rune(value)) {
			out.WriteString(`\x{`)
			text = after
			continue
		}
		out.WriteRune(rune(value))
		text = rest
	}
}

// cleanAddress takes brackets, quotes and such off an address. The result is empty for what is none.
func cleanAddress(text string) string {
	text = strings.TrimSpace(text)
	if i := strings.IndexByte(text, '<'); i >= 0 {
		if end := strings.IndexByte(text[i:], '>'); end > 0 {
			text = text[i+1 : i+end]
		}
	}
	text = strings.Trim(text, " \t<>,;:'")
	if lower := strings.ToLower(text); strings.HasPrefix(lower, "mailto:") || strings.HasPrefix(lower, "smtp:") || strings.HasPrefix(lower, "rfc822;") {
		text = text[strings.IndexAny(text, ":;")+1:]
	}
	if strings.Count(text, `"`) == 2 && strings.HasPrefix(text, `"`) && strings.HasSuffix(text, `"`) {
		text = strings.Trim(text, `"`)
	}
	if !isAddress(text) {
		return ""
	}
	return text
}

// isAddress reports whether a text has the form of an address: whether it is one is for package address to say.
func isAddress(text string) bool {
	at := strings.LastIndexByte(text, '@')
	if at <= 0 || at == len(text)-1 || len(text) > maxAddress || !utf8.ValidString(text) {
		return false
	}
	local, domain := text[:at], text[at+1:]
	quoted := len(local) > 2 && local[0] == '"' && local[len(local)-1] == '"'
	if !quoted && strings.ContainsAny(local, " \t@<>()[],;:\"") {
		return false
	}
	bad := func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune("@<>()[],;:\"'/\\*=!?", r)
	}
	return strings.IndexFunc(text, unicode.IsControl) < 0 && strings.IndexFunc(domain, bad) < 0 && strings.Trim(domain, ".") == domain
}

// addresses lists the addresses of a field such as To, also where it is not quite right.
func addresses(value string) []string {
	if list, err := mail.ParseAddressList(value); err == nil {
		var all []string
		for _, a := range list {
			if isAddress(a.Address) {
				all = append(all, a.Address)
			}
		}
		return all
	}
	return addressesIn(value)
}

// firstAddress returns the first address of a field; empty: there is none.
func firstAddress(value string) string {
	if all := addresses(value); len(all) > 0 {
		return all[0]
	}
	return ""
}

// addressesIn finds addresses in a text, each once, at most [MaxGroups].
func addressesIn(text string) []string {
	var all []string
	seen := map[string]bool{}
	for rest := text; len(all) < MaxGroups; {
		at := strings.IndexByte(rest, '@')
		if at < 0 {
			return all
		}
		inside := func(r rune) bool {
			return r <= ' ' || strings.ContainsRune("<>()[]{},;:\"'|\u00a0", r)
		}
		begin := strings.LastIndexFunc(rest[:at], inside)
		if begin >= 0 {
			_, size := utf8.DecodeRuneInString(rest[begin:])
			begin += size
		} else {
			begin = 0
		}
		end := strings.IndexFunc(rest[at:], inside)
		if end < 0 {
			end = len(rest) - at
		}
		found := strings.Trim(rest[begin:at+end], ".*_=!?")
		if key := strings.ToLower(found); isAddress(found) && !seen[key] {
			seen[key] = true
			all = append(all, found)
		}
		rest = rest[at+max(end, 1):]
	}
	return all
}

// readTime reads the time of a field Date; zero: it cannot be read.
func readTime(value string) time.Time {
	value = strings.TrimSpace(value)
	for _, text := range []string{value, strings.TrimSpace(withoutComments(value))} {
		if t, err := mail.ParseDate(text); err == nil {
			return t.UTC()
		}
	}
	for _, layout := range []string{time.ANSIC, time.RFC3339, "Mon, 2 Jan 2006 15:04:05", "Mon, 2 Jan 2006 15:04:05 -07:00"} {
		if t, err := time.Parse(layout, value); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
