package message

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jhillyerd/enmime/v2"
	"pgregory.net/rapid"
)

// flat is what two parsers must agree on about one part.
type flat struct{ Type, FileName, Text string }

// ours lists the parts of a mail, without what an enclosed message contains.
func ours(p *Part, list []flat) []flat {
	one := flat{Type: p.Type, FileName: p.FileName}
	if !p.IsMultipart() && strings.HasPrefix(p.Type, "text/") && !isHeaders(p.Type) {
		one.Text = strings.TrimRight(p.Text, "\n")
	}
	list = append(list, one)
	if p.IsMultipart() {
		for _, c := range p.Parts {
			list = ours(c, list)
		}
	}
	return list
}

// theirs lists the parts as enmime has them.
func theirs(p *enmime.Part, list []flat) []flat {
	for ; p != nil; p = p.NextSibling {
		one := flat{Type: p.ContentType, FileName: p.FileName}
		if p.FirstChild == nil && strings.HasPrefix(p.ContentType, "text/") && !isHeaders(p.ContentType) {
			one.Text = strings.TrimRight(strings.ReplaceAll(string(p.Content), "\r\n", "\n"), "\n")
		}
		list = theirs(p.FirstChild, append(list, one))
	}
	return list
}

// compare reads a mail with both parsers.
func compare(t interface{ Errorf(string, ...any) }, name, mail string) {
	want, err := enmime.NewParser(enmime.DisableCharacterDetection(true)).ReadParts(strings.NewReader(mail))
	if err != nil {
		t.Errorf("%s: enmime: %v", name, err)
		return
	}
	m, err := Read(strings.NewReader(mail), Limits{})
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if diff := cmp.Diff(theirs(want, nil), ours(&m.Part, nil)); diff != "" {
		t.Errorf("%s (-enmime +message)\n%s\n%s", name, diff, mail)
	}
	for _, field := range []string{"Subject", "From"} {
		if got, want := m.Header.Text(field), enmimeHeader(want, field); got != want {
			t.Errorf("%s: %s %q, enmime %q", name, field, got, want)
		}
	}
}

func enmimeHeader(p *enmime.Part, field string) string {
	e, err := enmime.EnvelopeFromPart(p)
	if err != nil {
		return err.Error()
	}
	return e.GetHeader(field)
}

// Mails that are right are the same for both parsers.
func TestRead_WellFormedMails_AreAsEnmimeReadsThem(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		subject := rapid.SampledFrom([]string{"plain", "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "=?iso-8859-1?b?R3L832U=?= and more"}).Draw(r, "subject")
		mail := "From: a@b.example\r\nSubject: " + subject + "\r\nMIME-Version: 1.0\r\n" + entity(r, 0, "m")
		compare(r, "random mail", mail)
	})
}

// entity makes a random part.
func entity(r *rapid.T, depth int, name string) string {
	if depth < 3 && rapid.IntRange(0, 2).Draw(r, name) > 0 {
		kind := rapid.SampledFrom([]string{"mixed", "alternative", "related", "report"}).Draw(r, name+" kind")
		boundary := rapid.SampledFrom([]string{"b" + name, `"=_b ` + name + `"`, `"b:` + name + `"`}).Draw(r, name+" boundary")
		mark := "--" + strings.Trim(boundary, `"`)
		text := "Content-Type: multipart/" + kind + ";\r\n\tboundary=" + boundary + "\r\n\r\n"
		text += rapid.SampledFrom([]string{"", "This is a message in parts.\r\n"}).Draw(r, name+" preamble")
		for i := range rapid.IntRange(1, 3).Draw(r, name+" parts") {
			text += mark + "\r\n" + entity(r, depth+1, fmt.Sprintf("%s%d", name, i)) + "\r\n"
		}
		return text + mark + "--\r\n"
	}
	return rapid.SampledFrom([]string{
		"Content-Type: text/plain; charset=us-ascii\r\n\r\nHello\r\n\r\n--not a boundary\r\n",
		"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<b>Gr=C3=BC=C3=9Fe=\r\n =3D</b>",
		"Content-Type: text/plain; charset=iso-8859-15\r\nContent-Transfer-Encoding: base64\r\n\r\npCA9IGV1cm8=\r\n",
		"Content-Type: application/pdf; name=\"a.pdf\"\r\nContent-Disposition: attachment; filename=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n",
		"Content-Type: text/plain; charset=windows-1252\r\nContent-Disposition: inline; filename*=utf-8''%C3%BC.txt\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\x93quoted\x94",
		"Content-Type: text/plain; charset=utf-8\r\n\r\n",
	}).Draw(r, name+" leaf")
}

func BenchmarkRead(b *testing.B) {
	mail := "From: a@b.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x\r\n\r\n" +
		strings.Repeat("Some words of text that explain what happened.\r\n", 20) + "--x\r\nContent-Type: message/delivery-status\r\n\r\nA: b\r\n--x\r\n" +
		"Content-Type: message/rfc822\r\n\r\n" + strings.Repeat("Received: from a.example by b.example; Mon, 30 Nov 2026 10:00:00 +0100\r\n", 10) +
		"\r\n" + strings.Repeat(strings.Repeat("x", 76)+"\r\n", 100) + "--x--\r\n"
	b.SetBytes(int64(len(mail)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(strings.NewReader(mail), Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

// The corpus of package intake/mail is read by both, too, where enmime can read it.
func TestRead_Corpus_HasTheSamePartsAsForEnmime(t *testing.T) {
	files, err := filepath.Glob("../intake/mail/testdata/corpus/*.eml")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Read(strings.NewReader(string(data)), Limits{})
		if err != nil || !onlyHarmless(m) {
			continue
		}
		if p, err := enmime.NewParser(enmime.DisableCharacterDetection(true)).ReadParts(strings.NewReader(string(data))); err != nil || len(p.Errors) > 0 {
			continue
		}
		compared++
		compare(t, filepath.Base(name), string(data))
	}
	if len(files) > 0 && compared < len(files)/2 {
		t.Errorf("%d of %d mails were compared", compared, len(files))
	}
}

// onlyHarmless reports whether nothing but line ends was repaired.
func onlyHarmless(m *Message) bool {
	for _, f := range m.Findings {
		if f.Rule != BareLF {
			return false
		}
	}
	return true
}
