package token

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/seal"
)

func links() map[string]Link {
	return map[string]Link{
		"of a subject":  {Subject: [16]byte{1, 2, 3, 0xfe, 15: 0xff}, Channel: "newsletter", Decided: 1_780_000_000},
		"of an address": {Address: "anna.müller@example.at", Channel: "order-mail", Decided: 1_780_000_000},
		"before 1970":   {Subject: [16]byte{7}, Channel: "n", Decided: -5},
	}
}

func TestLink_ReadsWhatWasWritten(t *testing.T) {
	k, other := keys(t), keys(t)
	for name, want := range links() {
		text, err := NewLink(k, &want)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := NewLink(k, &want); err != nil || again != text {
			t.Errorf("%s: made again it is %q, not %q (%v)", name, again, text, err)
		}
		got, err := ReadLink(k, text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
		if strings.ContainsAny(text, "=+/@") {
			t.Errorf("%s: %q needs escapes in an address", name, text)
		}
		if _, err := ReadLink(other, text); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: another store read it: %v", name, err)
		}
		if _, err := ReadConfirmation(k, text); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: read as the token of a confirmation: %v", name, err)
		}
	}
}

func TestLink_ThatWasAltered_IsInvalid(t *testing.T) {
	k := keys(t)
	of := links()["of a subject"]
	text, err := NewLink(k, &of)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(text) {
		altered := []byte(text)
		altered[i] = 'A' + (altered[i]+1)%26
		if string(altered) == text {
			continue
		}
		if _, err := ReadLink(k, string(altered)); !errors.Is(err, ErrInvalid) {
			t.Fatalf("altered at %d: got %v", i, err)
		}
	}
	confirmation, err := NewConfirmation(k, Confirmation{Address: "anna@example.at"})
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"cut by one": text[:len(text)-1], "cut in half": text[:len(text)/2], "a letter more": text + "A", "empty": "", "version alone": "1",
		"another version": "2" + text[1:], "too long": strings.Repeat(text, 100), "of a confirmation": confirmation,
	} {
		if _, err := ReadLink(k, bad); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestLink_DamagedByMailClients_IsRead(t *testing.T) {
	k := keys(t)
	want := links()["of a subject"]
	text, err := NewLink(k, &want)
	if err != nil {
		t.Fatal(err)
	}
	half := len(text) / 2
	for name, damaged := range map[string]string{
		"padding": text + "=", "closing bracket": text + ">", "full stop": text + ".", "all of them": text + "=>.\r\n", "in brackets": "<" + text + ">",
		"wrapped": text[:half] + "\r\n\t" + text[half:], "soft line break": text[:half] + "=\r\n" + text[half:], "comma": text + ",",
		"zero-width space": text[:half] + "\u200b" + text[half:], "blank": text[:half] + " " + text[half:],
	} {
		got, err := ReadLink(k, damaged)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

func TestLink_SealedButNotUnderstood_IsInvalid(t *testing.T) {
	k := keys(t)
	for name, plain := range map[string]string{
		"nothing": "", "unknown kind": "\x03aaaaaaaaaaaaaaaa\x02c", "short subject": "\x01abc", "no time": "\x010123456789abcdef",
		"no channel": "\x010123456789abcdef\x02", "channel of no text": "\x010123456789abcdef\x02\xff", "no length": "\x02",
		"address of no length": "\x02\x00\x02c", "address cut": "\x02\x09anna@e", "length of 2^63": "\x02\xff\xff\xff\xff\xff\xff\xff\xff\x7fa",
		"time without end": "\x010123456789abcdef\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xffc",
	} {
		sealed, err := k.SealLink([]byte(plain))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ReadLink(k, linkVersion+b64(sealed)); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

// vector is a link or a return path under the keys of testdata/links-keyfile.json. The keys are of this test alone.
type vector struct {
	Name       string
	Link       *Link  `json:",omitempty"`
	Token      string `json:",omitempty"`
	Address    string `json:",omitempty"`
	ReturnPath string `json:",omitempty"`
}

// TestLink_TheBytesNeverChange holds the bytes of tokens: those in mails that were sent are read for ever.
func TestLink_TheBytesNeverChange(t *testing.T) {
	k := pinnedKeys(t)
	document, err := os.ReadFile("testdata/links.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(document, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 5 {
		t.Fatalf("only %d vectors", len(vectors))
	}
	for _, v := range vectors {
		if v.Link == nil {
			if got := NewReturnPath(k, v.Address); got != v.ReturnPath {
				t.Errorf("%s: made %s, not %s", v.Name, got, v.ReturnPath)
			}
			continue
		}
		if got, err := NewLink(k, v.Link); err != nil || got != v.Token {
			t.Errorf("%s: made %s, not %s (%v)", v.Name, got, v.Token, err)
		}
		got, err := ReadLink(k, v.Token)
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		if diff := cmp.Diff(v.Link, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", v.Name, diff)
		}
	}
}

func pinnedKeys(t testing.TB) *seal.Keys {
	t.Helper()
	file, err := os.ReadFile("testdata/links-keyfile.json")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "links.keys") // A key file that others may read is refused.
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := seal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestReturnPath_ProvesOneAddress(t *testing.T) {
	k, other := keys(t), keys(t)
	tag := NewReturnPath(k, "anna@example.at")
	if len(tag) != 28 || strings.ToLower(tag) != tag {
		t.Errorf("the tag is %q", tag)
	}
	for _, same := range []string{tag, strings.ToUpper(tag)} {
		if !IsReturnPath(k, same, "anna@example.at") {
			t.Errorf("%s is not taken", same)
		}
	}
	for name, bad := range map[string]string{
		"of another address": NewReturnPath(k, "anna@example.com"), "of another store": NewReturnPath(other, "anna@example.at"), "cut": tag[:27],
		"longer": tag + "a", "empty": "", "another version": "2" + tag[1:],
	} {
		if IsReturnPath(k, bad, "anna@example.at") {
			t.Errorf("%s: it is taken", name)
		}
	}
}

func FuzzReadLink(f *testing.F) {
	k := pinnedKeys(f)
	of := links()["of an address"]
	good, err := NewLink(k, &of)
	if err != nil {
		f.Fatal(err)
	}
	for _, text := range []string{good, good[:20], "", "1", "1AAAA", "2" + good[1:], " <" + good + "=>.", good + ".A"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := ReadLink(k, text); err == nil && WithoutMailDamage(text) != good {
			t.Errorf("%q is taken: %+v", text, got)
		}
		IsReturnPath(k, text, text)
	})
}

func FuzzParseLink(f *testing.F) {
	f.Add([]byte("\x010123456789abcdef\x02newsletter"))
	f.Add([]byte("\x02\x0fanna@example.at\x02newsletter"))
	f.Fuzz(func(t *testing.T, plain []byte) {
		l, err := parseLink(plain)
		if err != nil {
			return
		}
		if l.Channel == "" || (l.Address == "") == (plain[0] == linkOfAddress) {
			t.Errorf("%q was read as %+v", plain, l)
		}
	})
}

func b64(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }
