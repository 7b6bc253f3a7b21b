package suppressionfilter_test

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/suppressionfilter"
)

func TestParseKey_ReadsWhatRevealTextWrites(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var list, consumer [suppressionfilter.KeySize]byte
		bytes32 := rapid.SliceOfN(rapid.Byte(), len(list), len(list))
		copy(list[:], bytes32.Draw(rt, "list"))
		copy(consumer[:], bytes32.Draw(rt, "consumer"))
		number := rapid.Uint32().Draw(rt, "number")
		key, err := suppressionfilter.NewKey(number, list, consumer)
		if (err != nil) != (list == [32]byte{} || consumer == [32]byte{}) {
			rt.Fatalf("NewKey: %v", err)
		}
		if err != nil {
			return
		}
		again, err := suppressionfilter.ParseKey("\t" + key.RevealText() + " \r\n")
		if err != nil || !again.Equal(key) || again.ID() != key.ID() || again.ListNumber() != number {
			rt.Fatalf("it is read as another key, or not at all: %v", err)
		}
	})
}

func TestParseKey_EveryCharacterChangedLostOrAdded_IsAnErrorThatSaysNothingOfTheKey(t *testing.T) {
	text := testKey(t).RevealText()
	refused := func(what, changed string) {
		t.Helper()
		key, err := suppressionfilter.ParseKey(changed)
		if err == nil || !key.IsZero() {
			t.Errorf("%s: it is taken", what)
			return
		}
		if secret, ok := strings.CutPrefix(changed, "assent-consumer-key-1:"); ok && len(secret) > 5 && strings.Contains(err.Error(), secret[:6]) {
			t.Errorf("%s: the error shows the key: %v", what, err)
		}
	}
	for i := range len(text) {
		refused(fmt.Sprint("cut at ", i), text[:i])
		refused(fmt.Sprint("without ", i), text[:i]+text[i+1:])
		for _, c := range "Abxyz-_9=+/ \n:é" { // The last ones are of base64 as others write it.
			if string(c) != text[i:i+1] {
				refused(fmt.Sprintf("%q at %d", c, i), text[:i]+string(c)+text[i+1:])
			}
			if i > 0 {
				refused(fmt.Sprintf("%q before %d", c, i), text[:i]+string(c)+text[i:])
			}
		}
	}
}

func TestParseKey_SaysWhatWouldBeRight(t *testing.T) {
	text := testKey(t).RevealText()
	const prefix = "assent-consumer-key-1:"
	for _, c := range []struct{ text, says string }{
		{"  ", "empty"},
		{"hunter2", `no consumer key: one begins with "assent-consumer-key-1:"`},
		{strings.Replace(text, "key-1", "key-2", 1), "another version"},
		{text[:len(text)-3], "93 characters"},
		{text + "AA", "98 characters"},
		{prefix + "+" + text[len(prefix)+1:], "the 1. after"},
		{prefix + "A" + text[len(prefix)+1:len(text)-1] + "\n" + text[len(text)-1:], "characters"},
		{prefix + "\n" + text[len(prefix)+1:], "line end"},
		{prefix + "B" + text[len(prefix)+1:], "checksum"},
		{text[:len(text)-1] + "=", "the 96. after"},
	} {
		if _, err := suppressionfilter.ParseKey(c.text); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want %q", err, c.says)
		}
	}
}

func TestNewKey_PartOfZeros_IsRefused(t *testing.T) {
	list, consumer := testKeys()
	for _, parts := range [][2][32]byte{{list, {}}, {{}, consumer}, {}} {
		if key, err := suppressionfilter.NewKey(0, parts[0], parts[1]); err == nil || !key.IsZero() {
			t.Error("a key of zeros is taken")
		}
	}
}

func TestKey_Equal_ComparesBothParts(t *testing.T) {
	list, consumer := testKeys()
	key := testKey(t)
	other, err := suppressionfilter.NewKey(0, consumer, list)
	must(t, err)
	if !key.Equal(testKey(t)) || key.Equal(other) || key.Equal(suppressionfilter.Key{}) || !(suppressionfilter.Key{}).Equal(suppressionfilter.Key{}) {
		t.Error("equal keys are different, or different ones equal")
	}
	numbered, err := suppressionfilter.NewKey(1, list, consumer)
	must(t, err)
	if numbered.Equal(key) || numbered.ID() == key.ID() {
		t.Error("another list key has the same name")
	}
	if key.ID() == other.ID() {
		t.Error("different keys have one id")
	}
}

func TestKey_ZeroKey_PanicsInsteadOfHashing(t *testing.T) {
	var zero suppressionfilter.Key
	for name, use := range map[string]func(){
		"Hash":       func() { zero.Hash(suppressionfilter.MatchExact, "anna@example.at") },
		"ID":         func() { zero.ID() },
		"RevealText": func() { _ = zero.RevealText() },
		"NewBuilder": func() { suppressionfilter.NewBuilder(zero) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s works with the zero key", name)
				}
			}()
			use()
		}()
	}
	if _, err := suppressionfilter.Read(strings.NewReader(""), zero, suppressionfilter.Expect{}); err == nil || !strings.Contains(err.Error(), "zero Key") {
		t.Errorf("Read with the zero key: %v", err)
	}
}

// Everything that prints, logs or encodes is tried on the key alone, behind a pointer, and inside of other values.
func TestKey_NothingButRevealTextShowsIt(t *testing.T) {
	key := testKey(t)
	list, consumer := testKeys()
	type holder struct {
		Key    suppressionfilter.Key
		Behind *suppressionfilter.Key
		hidden suppressionfilter.Key
	}
	values := []any{
		key, &key,
		holder{key, &key, key},
		&holder{key, &key, key},
		[]suppressionfilter.Key{key},
		map[string]suppressionfilter.Key{"a": key},
		suppressionfilter.NewBuilder(key), read(t, first(write(t, vectors(t)))),
	}
	var shown strings.Builder
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%U", "%c", "%t", "%b", "%p"} {
			fmt.Fprintf(&shown, verb+"\n", v)
		}
		for _, handler := range []slog.Handler{slog.NewTextHandler(&shown, nil), slog.NewJSONHandler(&shown, nil)} {
			slog.New(handler).Info("it is logged", slog.Any("key", v))
		}
		for _, encode := range []func(any) ([]byte, error){json.Marshal, xml.Marshal, encodeGob} {
			if data, err := encode(v); err == nil {
				shown.Write(data)
			} else {
				shown.WriteString(err.Error())
			}
		}
	}
	asJSON, err := json.Marshal(map[string]any{"key": key})
	if err != nil || string(asJSON) != `{"key":"[key]"}` {
		t.Errorf("as JSON it is %s (%v)", asJSON, err)
	}
	if text, err := key.MarshalText(); err != nil || string(text) != "[key]" || fmt.Sprintf("%#v", key) != "[key]" || key.String() != "[key]" {
		t.Errorf("it is shown as %s, %#v, %s", text, key, key.String())
	}
	secret := strings.TrimPrefix(key.RevealText(), "assent-consumer-key-1:")
	for _, part := range []string{
		secret[:12], secret[60:72], secret[84:], hex.EncodeToString(list[4:9]), hex.EncodeToString(consumer[4:9]), string(list[1:]), string(consumer[:]),
		strings.ToUpper(hex.EncodeToString(list[8:12])), strings.Trim(fmt.Sprintf("%d", list[1:5]), "[]"), strings.Trim(fmt.Sprintf("%d", consumer[:5]), "[]"),
		strings.Trim(fmt.Sprintf("%#v", list[1:5]), "[]byte{}"),
	} {
		if strings.Contains(shown.String(), part) {
			t.Errorf("%q of the key is shown", part)
		}
	}
}

func encodeGob(v any) ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(v)
	return b.Bytes(), err
}

func first[A, B any](a A, _ B) A { return a }
