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
// the text. A code such as 5.0.0 only says that something failed. A text that begins with a temporary code was not the last word about the
// mailbox, whatever the report made of it: Postfix answers 450 4.1.1 for an address that it could not verify yet.
func codes(status, text string) (code, reply string) {
	code = enhanced(status)
	inText, reply := codesOf(text)
	switch {
	case code == "":
		code = inText
	case code[0] == '5' && strings.HasPrefix(reply+inText, "4"):
		if code = ""; strings.HasPrefix(inText, "4") {
			code = inText
		}
	case strings.HasSuffix(code, ".0.0") && inText != "" && inText[0] == code[0]:
		code = inText
	}
	return code, reply
}

// enhanced returns the enhanced status code of the field Status (RFC 3463); empty: it has none.
func enhanced(text string) string {
	code, _ := codesOf(text)
	return code
}

// codesOf returns the enhanced status code of a text and the first reply code, 400 to 599. Numbers that are longer, or a piece of an IP
// address, are none, and an enhanced code stands where [isPlaceOfCode] says: elsewhere three numbers are the version of a program.
func codesOf(text string) (code, reply string) {
	text = text[:min(len(text), maxText)]
	// The kind of a diagnostic, such as "smtp;".
	if kind, rest, typed := strings.Cut(text, ";"); typed && !strings.ContainsAny(strings.TrimSpace(kind), " \t0123456789") {
		text = rest
	}
	replyEnd := 0
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
		letterBefore := i > 0 && (text[i-1] == '.' || isLetter(text[i-1]))
		switch {
		case letterBefore:
		case isEnhanced(number):
			if code == "" && isPlaceOfCode(text[replyEnd:i], text[:i]) {
				code = number
			}
		case len(number) == 3 && (number[0] == '4' || number[0] == '5'):
			if replyEnd = end; reply == "" {
				reply = number
			}
		}
		i = end
	}
	return code, reply
}

// isPlaceOfCode reports whether an enhanced status code may stand after a text: first, right after a reply code (between is what stands
// since then), after a # as qmail writes it, or after a word that announces it.
func isPlaceOfCode(between, before string) bool {
	if strings.IndexFunc(between, isWord) < 0 || strings.HasSuffix(before, "#") {
		return true
	}
	before = strings.ToLower(strings.TrimRight(before[max(0, len(before)-20):], " :=('\"<[\t"))
	return strings.HasSuffix(before, "status") || strings.HasSuffix(before, "code") || strings.HasSuffix(before, "error")
}

// isEnhanced reports whether digits and dots are an enhanced status code: a class of 2, 4 or 5, a subject of 0 to 7, and a number.
func isEnhanced(number string) bool {
	parts := strings.Split(number, ".")
	return len(parts) == 3 && len(parts[0]) == 1 && (number[0] == '2' || number[0] == '4' || number[0] == '5') &&
		len(parts[1]) == 1 && parts[1][0] <= '7' && len(parts[2]) <= 3
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

func isLetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }
