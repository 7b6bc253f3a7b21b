package intake

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestTokens_Add_TakesWhatMayBeOne(t *testing.T) {
	const token = "1Vc2hZk0Qe7Vn3xJt9bWmS4rLpYd8uGfXa1oNzKi5cTHq6EwRyDj"
	for text, want := range map[string]string{
		token: token, "  <" + token + ">,\r\n": token, token[:20] + "\r\n\t" + token[20:] + "==": token, token[:20] + "=" + token[20:]: token[:20] + "=" + token[20:],
		"1.abcdefghijklmnopqrstuvwxyz": "1.abcdefghijklmnopqrstuvwxyz", token[:25]: "", strings.Repeat("a", 601): "", token + "/x": "", token + "ä": "", "": "",
	} {
		var tokens Tokens
		tokens.Add(text, InHeader)
		tokens.Add(text, InSubject)
		var all Tokens
		if want != "" {
			all = Tokens{{Text: want, Found: InHeader}}
		}
		if diff := cmp.Diff(all, tokens); diff != "" {
			t.Errorf("%q (-want +got)\n%s", text, diff)
		}
	}
	var tokens Tokens
	for i := range 2 * MaxTokens {
		tokens.Add(token[:26+i], InHeader)
	}
	if len(tokens) != MaxTokens || tokens[0].Text != token[:26] {
		t.Errorf("%v", tokens)
	}
}

func TestShortText_IsOneLineOfWholeLetters(t *testing.T) {
	for text, want := range map[string]string{
		"": "", " a\r\n\tb\x00c\xff ": "a b c", strings.Repeat("é", 600): strings.Repeat("é", 500), "a" + strings.Repeat("é", 600): "a" + strings.Repeat("é", 499),
		strings.Repeat("x", 999) + " y": strings.Repeat("x", 999),
	} {
		got := ShortText(text)
		if got != want || !utf8.ValidString(got) || len(got) > MaxText {
			t.Errorf("%.20q: %.20q of %d bytes", text, got, len(got))
		}
	}
}
