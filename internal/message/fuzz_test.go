package message

import (
	"bytes"
	"errors"
	"mime"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// FuzzRead holds that no input stops the reader, that what it returns is UTF-8 within the limits, and that it does not depend on how the
// input arrives.
func FuzzRead(f *testing.F) {
	for _, c := range broken() {
		f.Add([]byte(c.mail))
	}
	f.Fuzz(func(t *testing.T, mail []byte) {
		limits := Limits{Size: 1 << 20, Parts: 20, Depth: 5, Header: 4 << 10, Text: 1 << 10, Kept: 4 << 10}
		m, err := Read(bytes.NewReader(mail), limits)
		again, err2 := Read(iotest.OneByteReader(bytes.NewReader(mail)), limits)
		if diff := cmp.Diff(m, again); diff != "" || (err == nil) != (err2 == nil) {
			t.Fatalf("byte by byte it is another mail: %v, %v\n%s", err, err2, diff)
		}
		var limit *LimitError
		if err != nil {
			if !errors.As(err, &limit) && !errors.Is(err, ErrNoMail) {
				t.Fatalf("error %v", err)
			}
			return
		}
		if m.Bytes != int64(len(mail)) {
			t.Errorf("%d of %d bytes were read", m.Bytes, len(mail))
		}
		parts := 0
		check(t, &m.Part, &parts)
		if parts > 2*limits.Parts {
			t.Errorf("%d parts", parts)
		}
	})
}

// check walks through the parts.
func check(t *testing.T, p *Part, parts *int) {
	*parts++
	if !utf8.ValidString(p.Text) || !utf8.ValidString(p.FileName) {
		t.Errorf("part %s: text %q of file %q is not UTF-8", p.Path, p.Text, p.FileName)
	}
	if p.Type == "" {
		t.Errorf("part %s has no type", p.Path)
	}
	for _, f := range p.Header {
		if f.Name == "" || f.Line == 0 || !utf8.ValidString(f.Text()) {
			t.Errorf("part %s: field %q on line %d: %q", p.Path, f.Name, f.Line, f.Text())
		}
	}
	for _, c := range p.Parts {
		check(t, c, parts)
	}
}

// FuzzParams compares with package mime, which reads only what is right.
func FuzzParams(f *testing.F) {
	for _, s := range []string{
		`text/plain; charset=utf-8`, `multipart/mixed; boundary="a b"; x*0="1"; x*1="2"`, `a/b; name*=utf-8''%41`, `a/b (c); d="\""`, `a/b; c=d; c=e`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		value, params, ok := parseParams(text)
		wantValue, wantParams, err := mime.ParseMediaType(text)
		if err != nil || !ok || strings.ContainsAny(text, "*%(\\") || !isASCII(text) {
			return
		}
		if value != wantValue {
			t.Errorf("%q: value %q, package mime has %q", text, value, wantValue)
		}
		for name, want := range wantParams {
			if params[name] != want {
				t.Errorf("%q: %s is %q, package mime has %q", text, name, params[name], want)
			}
		}
	})
}
