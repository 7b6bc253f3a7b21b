package provider

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/jsonlist"
)

// printable returns a text without what is not printable, of at most so many bytes.
func printable(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r < unicode.MaxASCII {
			return r
		}
		return -1
	}, text)
	return text[:min(len(text), most)]
}

// address returns the address of a recipient, which may stand in angle brackets behind a name.
func address(text string) string {
	text = strings.TrimSpace(text)
	if begin := strings.LastIndexByte(text, '<'); begin >= 0 && strings.HasSuffix(text, ">") {
		text = strings.TrimSpace(text[begin+1 : len(text)-1])
	}
	return text
}

// addresses returns each address of a list once.
func addresses(texts []string) []string {
	var all []string
	seen := map[string]bool{}
	for _, text := range texts {
		if one := address(text); one != "" && !seen[one] {
			seen[one] = true
			all = append(all, one)
		}
	}
	return all
}

// maxSeconds is the first second that no provider can mean: in the year 5138, and in 1973 if it were milliseconds.
const maxSeconds = 100_000_000_000

// unixTime reads seconds since 1970 with or without a fraction; zero: the text is no such time.
func unixTime(text string) time.Time {
	whole, fraction, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || seconds <= 0 || seconds >= maxSeconds {
		return time.Time{}
	}
	const digits = 9
	nanoseconds := int64(0)
	if fraction != "" {
		padded := (fraction + strings.Repeat("0", digits))[:digits]
		if nanoseconds, err = strconv.ParseInt(padded, 10, 64); err != nil || nanoseconds < 0 {
			nanoseconds = 0
		}
	}
	return time.Unix(seconds, nanoseconds).UTC()
}

// unixMillis reads milliseconds since 1970; zero: the text is no such time.
func unixMillis(text string) time.Time {
	const perSecond = 1_000
	millis, err := strconv.ParseInt(text, 10, 64)
	if err != nil || millis <= 0 || millis/perSecond >= maxSeconds {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}

// rfc3339 reads a time with its zone; zero: the text is no such time.
func rfc3339(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, strings.Replace(text, " ", "T", 1))
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

// facts makes an id of what an event says, for providers that give it none: the same facts have the same id.
func facts(parts ...string) string {
	hash := sha256.New()
	for _, part := range parts {
		hash.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		hash.Write([]byte(part))
	}
	const bytes = 16
	return hex.EncodeToString(hash.Sum(nil)[:bytes])
}

// id returns the id of an event; one that is unusually long is replaced by its digest.
func id(text string) string {
	const most = 200
	if len(text) > most {
		return facts(text)
	}
	return text
}

// metadata returns the token under [TokenKey] in each of the objects at the paths.
func metadata(event jsonlist.Object, paths ...string) []intake.Token {
	var tokens intake.Tokens
	for _, path := range paths {
		tokens.Add(event.Text(path+"."+TokenKey), intake.InMetadata)
		// An empty list stands for no metadata in PHP; some tools give one object for each recipient.
		for _, object := range event.Objects(path) {
			tokens.Add(object.Text(TokenKey), intake.InMetadata)
		}
	}
	return tokens
}

// written returns the tokens of texts that a sender may fill freely: an object of JSON with [TokenKey], pairs name:value with | between, or
// the token alone.
func written(texts ...string) []intake.Token {
	var tokens intake.Tokens
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if strings.HasPrefix(text, "{") {
			var object map[string]json.RawMessage
			var token string
			if json.Unmarshal([]byte(text), &object) == nil && json.Unmarshal(object[TokenKey], &token) == nil {
				tokens.Add(token, intake.InMetadata)
			}
			continue
		}
		for pair := range strings.SplitSeq(text, "|") {
			name, value, isPair := strings.Cut(pair, ":")
			switch {
			case !isPair:
				tokens.Add(pair, intake.InMetadata)
			case strings.TrimSpace(name) == TokenKey:
				tokens.Add(value, intake.InMetadata)
			}
		}
	}
	return tokens
}

// headers adds the token of the header Assent-Token in a list of objects with name and value.
func headers(tokens *intake.Tokens, event jsonlist.Object, path string) {
	for _, header := range event.Objects(path) {
		if strings.EqualFold(header.Text("name"), "Assent-Token") {
			tokens.Add(header.Text("value"), intake.InHeader)
		}
	}
}

// known returns a name if it is one of the names that mean nothing here.
func known(name string, names ...string) (string, []intake.Report, error) {
	if !slices.Contains(names, name) {
		return "", nil, nil
	}
	return ignored(name)
}

// ignored is for an event that is known and means nothing here.
func ignored(name string) (string, []intake.Report, error) {
	return name, []intake.Report{{Kind: intake.Ignored}}, nil
}

// one is for an event about one recipient.
func one(name string, report intake.Report) (string, []intake.Report, error) {
	return name, []intake.Report{report}, nil
}
