package bounce

import "strings"

// plainText makes a text comparable: in lower case, with one space between words, and without what is no word of the server: addresses
// become @, since a local part such as "spam" or "full" says nothing, and links are left out.
func plainText(text string) string {
	text = text[:min(len(text), maxText)]
	text = strings.ToLower(strings.ToValidUTF8(text, " "))
	text = strings.NewReplacer("’", "'", "‘", "'", "“", `"`, "”", `"`, "\u00a0", " ", "\u00ad", "").Replace(text)
	var out strings.Builder
	out.Grow(len(text))
	before := ""
	for word := range strings.FieldsSeq(text) {
		if out.Len() > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(withoutNames(before, word))
		before = word
	}
	return out.String()
}

// withoutNames replaces an address, a link or the name of a host by a sign.
func withoutNames(before, word string) string {
	if at := strings.IndexByte(word, '@'); at >= 0 {
		begin := strings.LastIndexAny(word[:at], `<([{,;"':=`) + 1
		end := at + strings.IndexAny(word[at:]+">", `>)]},;"':`)
		return word[:begin] + "@" + word[end:]
	}
	if i := strings.Index(word, "://"); i >= 0 {
		host, _, _ := strings.Cut(word[i+3:], "/")
		word = host
	}
	if isHost(before, word) && !strings.HasPrefix(word, "resolver.") {
		for _, list := range []string{"spamhaus", "spamcop", "barracuda", "dnsbl", "blacklist", "rbl.", "sorbs", "uceprotect"} {
			if strings.Contains(word, list) {
				return list
			}
		}
		return "#"
	}
	return word
}

// isHost reports whether a word is the name of a host. One with a single dot may be the end of a sentence without a space after it, so the
// word before or an address in brackets has to say that it is a host.
func isHost(before, word string) bool {
	name, _, bracket := strings.Cut(word, "[")
	name = strings.Trim(name, `.,;:()<>"'`)
	if strings.IndexFunc(name, func(r rune) bool { return r >= 'a' && r <= 'z' }) < 0 {
		return false
	}
	switch dots := strings.Count(name, "."); {
	case dots >= 2:
		return true
	case dots == 0:
		return bracket && word[0] != '['
	}
	switch strings.Trim(before, ":;,") {
	case "host", "server", "by", "from", "at", "mta", "mx":
		return true
	}
	return bracket
}

// codes returns the enhanced status code and the reply code of SMTP that count: the status of the report, except where it says less than
// the text. A code such as 5.0.0 only says that something failed.
func codes(status, text string) (code, reply string) {
	code = enhanced(status)
	inText, reply := codesOf(text)
	if inText != "" && (code == "" || strings.HasSuffix(code, ".0.0") && inText[0] == code[0]) {
		code = inText
	}
	return code, reply
}

// enhanced returns the first enhanced status code of a text (RFC 3463): a class of 2, 4 or 5, and two numbers of up to three digits.
func enhanced(text string) string {
	code, _ := codesOf(text)
	return code
}

// codesOf returns the first enhanced status code of a text and the first reply code, 400 to 599. Numbers that are longer, or a piece of an
// IP address, are none.
func codesOf(text string) (code, reply string) {
	text = text[:min(len(text), maxText)]
	for i := 0; i < len(text) && (code == "" || reply == ""); {
		if !isDigit(text[i]) {
			i++
			continue
		}
		end := i
		for end < len(text) && (isDigit(text[end]) || text[end] == '.' && end+1 < len(text) && isDigit(text[end+1])) {
			end++
		}
		number := text[i:end]
		letterBefore := i > 0 && (text[i-1] == '.' || text[i-1] >= 'a' && text[i-1] <= 'z' || text[i-1] >= 'A' && text[i-1] <= 'Z')
		switch {
		case letterBefore:
		case code == "" && isEnhanced(number):
			code = number
		case reply == "" && len(number) == 3 && (number[0] == '4' || number[0] == '5'):
			reply = number
		}
		i = end
	}
	return code, reply
}

// isEnhanced reports whether digits and dots are an enhanced status code.
func isEnhanced(number string) bool {
	parts := strings.Split(number, ".")
	return len(parts) == 3 && (number[0] == '2' || number[0] == '4' || number[0] == '5') && len(parts[0]) == 1 &&
		len(parts[1]) <= 3 && len(parts[2]) <= 3
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }
