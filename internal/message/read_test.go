package message

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
)

// read reads a mail that must be readable. Its line ends may be LF.
func read(t *testing.T, text string) *Message {
	t.Helper()
	m, err := Read(strings.NewReader(text), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// crlf gives a mail the line ends of RFC 5322.
func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

// rules lists the findings of a mail.
func rules(m *Message) string {
	var names []string
	for _, f := range m.Findings {
		names = append(names, fmt.Sprintf("%s@%s:%d", f.Rule, f.Part, f.Line))
	}
	return strings.Join(names, " ")
}

// outline shows the parts and their texts.
func outline(p *Part) string {
	text := fmt.Sprintf("%s %s %q\n", p.Path, p.Type, p.Text)
	for _, c := range p.Parts {
		text += outline(c)
	}
	return text
}

// broken is a table of mails that are wrong in one way, and what is read nevertheless.
func broken() []struct{ name, mail, outline, findings string } {
	return []struct{ name, mail, outline, findings string }{
		{"nothing", crlf("From: a@b.example\n\nHello\n"), " text/plain \"Hello\\n\"\n", ""},
		{"lines end in LF", "From: a@b.example\n\nHello\n", " text/plain \"Hello\\n\"\n", "bare-lf@:1"},
		{"lines end in CR", "From: a@b.example\r\rHello\r", " text/plain \"Hello\\n\"\n", "bare-cr@:1"},
		{"CR CR LF", "From: a@b.example\r\r\n\r\r\nHello\r\r\n", " text/plain \"Hello\\n\"\n", "bare-cr@:1"},
		{"a line of a mailbox file", crlf("From a@b.example Mon Nov 30 10:00:00 2026\nFrom: a@b.example\n\nHello\n"), " text/plain \"Hello\\n\"\n", "mbox-line@:1"},
		{"no blank line", crlf("From: a@b.example\nHello you\nthere\n"), " text/plain \"Hello you\\nthere\\n\"\n", "no-blank-line@:2"},
		{"a folded line without its space", crlf("Subject: a\nand b\nFrom: a@b.example\n\nHello\n"), " text/plain \"Hello\\n\"\n", "not-a-field@:2"},
		{
			"no end boundary", crlf("Content-Type: multipart/mixed; boundary=x\n\n--x\n\nA\n--x\nContent-Type: text/html\n\n<b>B</b>\n"),
			" multipart/mixed \"\"\n1 text/plain \"A\"\n2 text/html \"<b>B</b>\\n\"\n", "no-end-boundary@:9",
		},
		{
			"inner end boundary missing", crlf("Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/alternative; boundary=y\n\n--y\n\nA\n--x--\n"),
			" multipart/mixed \"\"\n1 multipart/alternative \"\"\n1.1 text/plain \"A\"\n", "no-end-boundary@1:9",
		},
		{
			"wrong boundary", crlf("Content-Type: multipart/mixed; boundary=x\n\nText before\n--other\nContent-Type: text/plain\n\nA\n--other--\n"),
			" multipart/mixed \"\"\n1 text/plain \"A\"\n", "wrong-boundary@:4",
		},
		{
			"no boundary named", crlf("Content-Type: multipart/mixed\n\n--z\nContent-Type: text/plain\n\nA\n--z--\n"),
			" multipart/mixed \"\"\n1 text/plain \"A\"\n", "wrong-boundary@:3",
		},
		{"no boundary at all", crlf("Content-Type: multipart/mixed; boundary=x\n\nA\n"), " multipart/mixed \"A\\n\"\n", "no-boundary@:0"},
		{
			"a part after the end", crlf("Content-Type: multipart/mixed; boundary=x\n\n--x\n\nA\n--x--\n--x\n\nB\n--x--\n"),
			" multipart/mixed \"\"\n1 text/plain \"A\"\n2 text/plain \"B\"\n", "part-after-end@:7",
		},
		{
			"boundary in signs that need quotes", crlf("Content-Type: multipart/mixed; boundary=----=_Part:1\n\n------=_Part:1\n\nA\n------=_Part:1--\n"),
			" multipart/mixed \"\"\n1 text/plain \"A\"\n", "bad-type@:1",
		},
		{"no such type", crlf("Content-Type: text\n\nA\n"), " text/plain \"A\\n\"\n", "bad-type@:1"},
		{"base64 cut", crlf("Content-Transfer-Encoding: base64\n\nSGVsbG8sIHdvcmx\n"), " text/plain \"Hello, worl\"\n", "bad-base64@:1"},
		{"base64 with signs", crlf("Content-Transfer-Encoding: base64\n\nSGVs*bG8=\n"), " text/plain \"Hello\"\n", "bad-base64@:1"},
		{"base64 joined", crlf("Content-Transfer-Encoding: base64\n\nSGVsbG8=SGVsbG8=\n"), " text/plain \"HelloHello\"\n", ""},
		{"quoted-printable damaged", crlf("Content-Transfer-Encoding: quoted-printable\n\nA=ZZ =3D b=\nc =\n"), " text/plain \"A=ZZ = bc \"\n", "bad-quoted@:1"},
		{"no such encoding", crlf("Content-Transfer-Encoding: x-uue\n\nA\n"), " text/plain \"A\\n\"\n", "bad-encoding@:1"},
		{"Latin-1 as ASCII", crlf("Content-Type: text/plain; charset=us-ascii\n\nGr\xfc\xdfe\n"), " text/plain \"Grüße\\n\"\n", "wrong-charset@:1"},
		{"UTF-8 as ASCII", crlf("Content-Type: text/plain; charset=us-ascii\n\nGrüße\n"), " text/plain \"Grüße\\n\"\n", "wrong-charset@:1"},
		{"Latin-1 as UTF-8", crlf("Content-Type: text/plain; charset=utf-8\n\nGr\xfc\xdfe\n"), " text/plain \"Grüße\\n\"\n", "wrong-charset@:1"},
		{"Latin-1", crlf("Content-Type: text/plain; charset=ISO-8859-1\n\nGr\xfc\xdfe\n"), " text/plain \"Grüße\\n\"\n", ""},
		{"no such charset", crlf("Content-Type: text/plain; charset=klingon\n\nGrüße\n"), " text/plain \"Grüße\\n\"\n", "unknown-charset@:1"},
		{"escape sequences of Japanese", crlf("Content-Type: text/plain\n\n\x1b$B$\"\x1b(B\n"), " text/plain \"あ\\n\"\n", "wrong-charset@:1"},
		{"a header alone", crlf("From: a@b.example\n"), " text/plain \"\"\n", ""},
		{
			"an enclosed message in base64", crlf("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nU3ViamVjdDogYQ0KDQpiDQo=\n"),
			" message/rfc822 \"\"\n1 text/plain \"b\\n\"\n", "encoded-message@:1",
		},
	}
}

func TestRead_BrokenMails_AreReadAsTheyWereMeant(t *testing.T) {
	for _, c := range broken() {
		m, err := Read(strings.NewReader(c.mail), Limits{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := outline(&m.Part); got != c.outline {
			t.Errorf("%s: parts\n%swant\n%s", c.name, got, c.outline)
		}
		if got := rules(m); got != c.findings {
			t.Errorf("%s: findings %q, want %q", c.name, got, c.findings)
		}
	}
}

func TestRead_NoMail_IsAnError(t *testing.T) {
	for _, text := range []string{"", "\r\n\r\nHello\r\n", "just words\r\n", "\x00\x01\x02", "From a mailbox\n"} {
		if _, err := Read(strings.NewReader(text), Limits{}); !errors.Is(err, ErrNoMail) {
			t.Errorf("%q: error %v, want ErrNoMail", text, err)
		}
	}
}

func TestHeader_Values_AreDecoded(t *testing.T) {
	m := read(t, crlf("Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\n =?iso-8859-1?Q?_aus_K=F6ln?=\nX-Raw: Gr\xfc\xdfe\nX-Broken: =?utf-8?B?####?=\nX-Far: =?klingon?Q?a?=\n"+
		"Received: one\nreceived: two\nX-Folded : a\n\tb\n\n"))
	for name, want := range map[string]string{"subject": "Grüße aus Köln", "X-RAW": "Grüße", "X-Far": "a", "X-Folded": "a\tb"} {
		if got := m.Header.Text(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if got := m.Header.All("Received"); len(got) != 2 || got[1] != "two" {
		t.Errorf("Received: %q", got)
	}
	if got, want := rules(m), "raw-header@:3 bad-word@:4 bad-word@:5"; got != want {
		t.Errorf("findings %q, want %q", got, want)
	}
}

func TestParams_RFC2231_IsDecoded(t *testing.T) {
	m := read(t, crlf("Content-Type: Text/Plain; Charset=\"UTF-8\" (a comment); name*0*=iso-8859-1'de'Gr%FC%DFe%20;\n name*1=\"aus 100%\"\n"+
		"Content-Disposition: ATTACHMENT; filename=a.txt; filename*=utf-8''%E2%82%AC.txt\n\n"))
	if m.Type != "text/plain" || m.Params["charset"] != "UTF-8" || m.Params["name"] != "Grüße aus 100%" {
		t.Errorf("type %q, params %q", m.Type, m.Params)
	}
	if m.Disposition != "attachment" || m.FileName != "€.txt" {
		t.Errorf("disposition %q, file %q", m.Disposition, m.FileName)
	}
}

func TestRead_LongLines_AreOneLine(t *testing.T) {
	long := strings.Repeat("x", 5*pieceSize) + "y"
	m := read(t, crlf("Subject: "+long[:100_000%len(long)]+"\n\n"+long+"\nend\n"))
	if got := m.Header.Get("Subject"); got != long[:100_000%len(long)] {
		t.Errorf("subject has %d bytes", len(got))
	}
	if m.Text != long+"\nend\n" || m.Lines != 4 {
		t.Errorf("text has %d bytes, mail %d lines", len(m.Text), m.Lines)
	}
	for shift := range 5 {
		// The line end falls on each side of the end of a piece.
		body := strings.Repeat("x", 2*pieceSize-12-shift)
		if m := read(t, crlf("A: b\n\n"+body+"\nend\n")); m.Text != body+"\nend\n" {
			t.Errorf("shift %d: text ends in %q", shift, m.Text[len(m.Text)-10:])
		}
	}
}

// beyond makes mails that pass a limit, and names it.
func beyond() map[string]string {
	deep := ""
	for i := range 200 {
		deep += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	return map[string]string{
		"size":   "From: a@b.example\r\n\r\n" + strings.Repeat(strings.Repeat("x", 998)+"\r\n", 53<<10),
		"parts":  "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nA\r\n", 10_000) + "--b--\r\n",
		"depth":  deep,
		"header": "From: a@b.example\r\n" + strings.Repeat("X-A: b\r\n", 40_000) + "\r\n",
	}
}

func TestRead_BeyondALimit_SaysWhich(t *testing.T) {
	for want, mail := range beyond() {
		began := time.Now()
		_, err := Read(strings.NewReader(mail), Limits{})
		var limit *LimitError
		if !errors.As(err, &limit) || limit.Limit != want || limit.Line == 0 {
			t.Errorf("%s: error %v", want, err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: took %v", want, took)
		}
	}
	deep := "Content-Type: message/rfc822\r\n\r\n"
	if _, err := Read(strings.NewReader(strings.Repeat(deep, 200)), Limits{}); err == nil || !strings.Contains(err.Error(), "20 levels") {
		t.Errorf("enclosed messages: error %v", err)
	}
}

func TestRead_LargeMails_TakeLittleMemory(t *testing.T) {
	const size = 49 << 20
	for _, head := range []string{
		"Content-Type: text/plain\r\n\r\n",
		"Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n",
		"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
		"Content-Type: multipart/mixed\r\n\r\n",
		"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nQTogYg0K",
	} {
		for _, line := range []string{strings.Repeat("QUJD", 19) + "\r\n", "QUJD"} {
			// The mail is read from a few lines, again and again.
			block := strings.Repeat(line, 1024)
			readers := []io.Reader{strings.NewReader(head)}
			for range size / len(block) {
				readers = append(readers, strings.NewReader(block))
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			m, err := Read(io.MultiReader(readers...), Limits{})
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Errorf("%q: %v", head, err)
				continue
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 12<<20 {
				t.Errorf("%q, lines of %d bytes: %d bytes were allocated", head, len(line), used)
			}
			if m.Bytes < size-size/10 || len(m.Text) > DefaultLimits().Text {
				t.Errorf("%q: %d bytes were read, %d kept", head, m.Bytes, len(m.Text))
			}
		}
	}
}

// A folded header of very short lines must not cost the square of its length.
func TestRead_ManyShortLines_AreLinear(t *testing.T) {
	began := time.Now()
	read(t, "A: b\n"+strings.Repeat(" \n", 80_000)+"\n")
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}

// The number of a piece has one form, so that no two pieces have the same one.
func TestRead_PieceOfAParameterWithAnOddNumber_IsNoPiece(t *testing.T) {
	for range 100 {
		const mail = "From: a@b.example\r\nContent-Type: multipart/mixed; boundary*0=x; boundary*00=y; boundary*+0=z; name*0=no; name*0*=us-ascii''yes\r\n\r\n--x\r\n\r\nX\r\n--y\r\n\r\nY\r\n"
		m, err := Read(strings.NewReader(mail), Limits{})
		if err != nil || m.Params["boundary"] != "x" || m.Params["name"] != "yes" {
			t.Fatalf("%q, %v", m.Params, err)
		}
	}
}
