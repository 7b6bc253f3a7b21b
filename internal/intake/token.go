package intake

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxTokens is how many tokens a report carries at most.
const MaxTokens = 8

// Token is a text that may be a token of Assent, as it was found.
type Token struct {
	Text  string
	Found Place
}

// Tokens gathers what may be tokens, each text once, up to [MaxTokens].
type Tokens []Token

// Add adds a text if it may be a token: of the alphabet of base64url or base32, of at least the 26 characters of 128 bits in base32, and at
// most 600. A damaged one may have white space or signs of equality within, and other signs around.
func (t *Tokens) Add(text string, found Place) {
	const least, most = 26, 600
	text = strings.Trim(strings.Join(strings.Fields(text), ""), `<>()[]{}"'.,;:!?*|=`)
	same := func(other Token) bool { return other.Text == text }
	if len(text) < least || len(text) > most || len(*t) >= MaxTokens || strings.IndexFunc(text, notOfToken) >= 0 || slices.ContainsFunc(*t, same) {
		return
	}
	*t = append(*t, Token{Text: text, Found: found})
}

func notOfToken(r rune) bool {
	return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.=", r)
}

// Place is where a token was found.
type Place string

// The places of a token.
const (
	InReturnPath  Place = "return_path" // the address to which a bounce was sent
	InHeader      Place = "header"      // the header Assent-Token of the returned message
	InMessageID   Place = "message_id"  // its Message-ID
	InUnsubscribe Place = "unsubscribe" // its List-Unsubscribe
	InFeedbackID  Place = "feedback_id" // its Feedback-ID or CFBL-Feedback-ID
	InMetadata    Place = "metadata"    // what the sender tool gave the provider
	InSubject     Place = "subject"     // of an unsubscribe mail
)

// MaxText is how many bytes of what a server said a report has at most.
const MaxText = 1_000

// ShortText makes what a server said one line of at most [MaxText] bytes, in whole letters and without control characters.
func ShortText(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text[:min(len(text), 8*MaxText)])
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > MaxText {
		text = strings.TrimSpace(strings.ToValidUTF8(text[:MaxText], ""))
	}
	return text
}
