package token

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/assent-io/assent/internal/seal"
)

func keys(t testing.TB) *seal.Keys {
	t.Helper()
	k, err := seal.Create(filepath.Join(t.TempDir(), "test.keys"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestConfirmation_ReadsWhatWasWritten(t *testing.T) {
	k := keys(t)
	want := Confirmation{Address: "anna@example.com", Channel: "newsletter", Declaration: "d@1", Request: 7, Requested: 12}
	text, err := NewConfirmation(k, want)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ReadConfirmation(k, text); err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := ReadConfirmation(keys(t), text); !errors.Is(err, ErrInvalid) {
		t.Errorf("other keys: got %v", err)
	}
	for i := range len(text) {
		altered := []byte(text)
		altered[i] = 'A' + (altered[i]+1)%26
		if string(altered) == text {
			continue
		}
		if _, err := ReadConfirmation(k, string(altered)); !errors.Is(err, ErrInvalid) {
			t.Fatalf("altered at %d: got %v", i, err)
		}
	}
}

func TestConfirmation_DamagedByMailClients_IsRead(t *testing.T) {
	k := keys(t)
	want := Confirmation{Address: "anna@example.com", Channel: "newsletter", Declaration: "d@1", Request: 7, Requested: 12}
	text, err := NewConfirmation(k, want)
	if err != nil {
		t.Fatal(err)
	}
	half := len(text) / 2
	for name, damaged := range map[string]string{
		"padding added":           text + "==",
		"closing bracket":         text + ">",
		"end of a sentence":       text + ". ",
		"brackets and line":       "<" + text + ">\r\n",
		"wrapped":                 text[:half] + "\r\n " + text[half:],
		"quoted-printable":        text[:half] + "=\r\n" + text[half:],
		"zero-width space":        text[:half] + "\u200b" + text[half:],
		"soft hyphen, byte order": "\ufeff" + text[:half] + "\u00ad" + text[half:],
	} {
		if got, err := ReadConfirmation(k, damaged); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	for name, other := range map[string]string{
		"cut": text[:len(text)-1], "a letter more": text + "A", "empty": " ", "another alphabet": text[:half] + "+" + text[half:],
	} {
		if _, err := ReadConfirmation(k, other); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestPage_OfAnotherList_Invalid(t *testing.T) {
	k := keys(t)
	text, err := NewPage(k, "history a", Page{After: 3})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ReadPage(k, "history a", text); err != nil || got.After != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := ReadPage(k, "history b", text); !errors.Is(err, ErrInvalid) {
		t.Errorf("another list: got %v", err)
	}
	if _, err := ReadConfirmation(k, text); !errors.Is(err, ErrInvalid) {
		t.Errorf("another purpose: got %v", err)
	}
	if got, err := ReadPage(k, "history a", ""); err != nil || got != (Page{}) {
		t.Errorf("first page: got %+v, %v", got, err)
	}
}

func FuzzRead(f *testing.F) {
	k := keys(f)
	text, err := NewConfirmation(k, Confirmation{Address: "a@example.com"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add("")
	f.Add("1")
	f.Add(" <" + text + "=>.")
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := ReadConfirmation(k, s); err == nil && WithoutMailDamage(s) != text {
			t.Errorf("a token that was never made was accepted")
		}
		if _, err := ReadPage(k, "x", s); err == nil && s != "" {
			t.Errorf("a page token that was never made was accepted")
		}
	})
}

func FuzzReadFeed(f *testing.F) {
	k := keys(f)
	good, err := NewFeed(k, &Feed{Position: 7, Root: make([]byte, 32), Until: 9})
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{good, good[:20], "", "1", "1AAAA", "2" + good[1:]} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ReadFeed(k, text)
		switch {
		case text == good:
			if err != nil || got.Position != 7 || got.Until != 9 {
				t.Errorf("got %+v, %v", got, err)
			}
		case !errors.Is(err, ErrInvalid):
			t.Errorf("%q is taken: %+v, %v", text, got, err)
		}
	})
}
