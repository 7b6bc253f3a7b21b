package message

import (
	"maps"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// contentType reads Content-Type and Content-Disposition of a part.
func (p *parser) contentType(part *Part, defaultType string) {
	part.Type = defaultType
	if value := part.Header.Get("Content-Type"); value != "" {
		mediaType, params, ok := parseParams(value)
		if major, minor, _ := strings.Cut(mediaType, "/"); major != "" && minor != "" {
			part.Type = mediaType
		} else {
			ok = false
		}
		part.Params = params
		if !ok {
			p.find(BadType, part, part.Line, "Content-Type")
		}
	}
	part.FileName = part.Params["name"]
	if value := part.Header.Get("Content-Disposition"); value != "" {
		disposition, params, _ := parseParams(value)
		part.Disposition = disposition
		if name := params["filename"]; name != "" {
			part.FileName = name
		}
	}
	part.FileName, _ = decodeWords(part.FileName)
}

// parseParams reads a value and its parameters (RFC 2045, RFC 2231). What cannot be read is left out; then ok is false. The first of two
// parameters of a name counts.
func parseParams(text string) (value string, params map[string]string, ok bool) {
	s := scanner{rest: text}
	value = strings.ToLower(strings.TrimSpace(s.until(";")))
	raw := map[string]string{}
	ok = true
	for s.skip(); s.rest != ""; s.skip() {
		if s.rest[0] == ';' {
			s.rest = s.rest[1:]
			continue
		}
		name := strings.ToLower(strings.TrimSpace(s.until("=;")))
		if !strings.HasPrefix(s.rest, "=") || name == "" {
			ok = false
			s.until(";")
			continue
		}
		s.rest = s.rest[1:]
		content, fine := s.value()
		if _, twice := raw[name]; !twice {
			raw[name] = content
		}
		ok = ok && fine
	}
	return value, joinParams(raw), ok
}

// A scanner reads the parameters of a field.
type scanner struct{ rest string }

// skip leaves out white space and comments.
func (s *scanner) skip() {
	for {
		s.rest = strings.TrimLeft(s.rest, " \t\n\r")
		if !strings.HasPrefix(s.rest, "(") {
			return
		}
		depth, end := 0, len(s.rest)
		for i := 0; i < len(s.rest); i++ {
			switch s.rest[i] {
			case '\\':
				i++
			case '(':
				depth++
			case ')':
				depth--
			}
			if depth == 0 {
				end = i + 1
				break
			}
		}
		s.rest = s.rest[end:]
	}
}

// until returns what stands before one of the signs, without comments.
func (s *scanner) until(signs string) string {
	i := strings.IndexAny(s.rest, signs)
	if i < 0 {
		i = len(s.rest)
	}
	text := s.rest[:i]
	s.rest = s.rest[i:]
	text, _, _ = strings.Cut(text, "(")
	return text
}

// value reads the value of a parameter.
func (s *scanner) value() (string, bool) {
	s.skip()
	if !strings.HasPrefix(s.rest, `"`) {
		text := strings.TrimSpace(s.until(";"))
		// A boundary of such characters should have been quoted; it is read as it was meant.
		return text, !strings.ContainsAny(text, " \t\"<>@,:?=[]/\\")
	}
	var out strings.Builder
	for i := 1; i < len(s.rest); i++ {
		switch s.rest[i] {
		case '\\':
			if i++; i < len(s.rest) {
				out.WriteByte(s.rest[i])
			}
		case '"':
			s.rest = s.rest[i+1:]
			after := strings.TrimSpace(s.until(";"))
			return out.String(), after == ""
		default:
			out.WriteByte(s.rest[i])
		}
	}
	s.rest = ""
	return strings.TrimSpace(out.String()), false
}

// joinParams decodes parameters with a charset (name*), joins those in pieces (name*0, name*1*) and leaves others as they are. What is
// encoded wins over what is not, as RFC 6266 and mail programs have it.
func joinParams(raw map[string]string) map[string]string {
	params := make(map[string]string, len(raw))
	pieces := map[string]map[int]string{}
	// In order, so that of a piece that is there twice, encoded and not, the encoded one wins.
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		value := raw[name]
		base, rest, extended := strings.Cut(name, "*")
		if !extended {
			if _, better := params[name]; !better {
				params[name] = value
			}
			continue
		}
		number, encoded := strings.CutSuffix(rest, "*")
		if rest == "" {
			params[base] = decodeExtended(value)
			continue
		}
		at, err := strconv.Atoi(number)
		// The number has one form (RFC 2231, section 3), so that no two pieces have the same one.
		if err != nil || strconv.Itoa(at) != number || at < 0 {
			continue
		}
		if pieces[base] == nil {
			pieces[base] = map[int]string{}
		}
		if !encoded {
			value = strings.ReplaceAll(value, "%", "%25")
		}
		if !encoded && at == 0 {
			value = "''" + value
		}
		pieces[base][at] = value
	}
	for base, of := range pieces {
		if _, whole := raw[base+"*"]; !whole {
			params[base] = decodeExtended(joinPieces(of))
		}
	}
	return params
}

// joinPieces joins pieces by their numbers.
func joinPieces(of map[int]string) string {
	order := make([]int, 0, len(of))
	for at := range of {
		order = append(order, at)
	}
	sort.Ints(order)
	var out strings.Builder
	for _, at := range order {
		out.WriteString(of[at])
	}
	return out.String()
}

// decodeExtended decodes charset'language'text with percent signs.
func decodeExtended(value string) string {
	charset, rest, ok := strings.Cut(value, "'")
	if ok {
		if _, text, both := strings.Cut(rest, "'"); both {
			rest = text
		}
	} else {
		charset, rest = "", value
	}
	text, err := url.PathUnescape(rest)
	if err != nil {
		text = rest
	}
	decoded, _ := toUTF8([]byte(text), charset)
	return decoded
}
