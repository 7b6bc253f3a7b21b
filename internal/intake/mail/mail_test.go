package mail

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/message"
)

func TestRecipientAddress_Forms(t *testing.T) {
	for value, want := range map[string]string{
		"rfc822; joe@there.example":                       "joe@there.example",
		"RFC822;<joe@there.example>":                      "joe@there.example",
		" rfc822 ; joe@there.example (Joe)":               "joe@there.example",
		"joe@there.example":                               "joe@there.example",
		"rfc822; \"joe (doe)\"@there.example":             "\"joe (doe)\"@there.example",
		"rfc822; Joe Doe <joe@there.example>":             "joe@there.example",
		"rfc822;'joe@there.example'":                      "joe@there.example",
		"smtp; SMTP:joe@there.example":                    "joe@there.example",
		`utf-8; j\x{FC}rgen@there.example`:                "jürgen@there.example",
		`utf-8; j\x{ZZ}rgen@there.example`:                `j\x{ZZ}rgen@there.example`,
		`utf-8; j\x{FFFFFFFFFFFFFFFFFFFF}@there.example`:  `j\x{FFFFFFFFFFFFFFFFFFFF}@there.example`,
		"x400; /S=joe/O=there/":                           "",
		"system; joe":                                     "",
		"rfc822;":                                         "",
		"rfc822; joe":                                     "",
		"rfc822; joe@":                                    "",
		"rfc822; @there.example":                          "",
		"rfc822; a@b@there.example":                       "",
		"rfc822; " + strings.Repeat("x", 400) + "@a.test": "",
	} {
		if got := recipientAddress(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func TestIsRedacted_HashesAreNoNames(t *testing.T) {
	for address, want := range map[string]bool{
		"2a9f0c81d3b54e7796a0b1c2d3e4f506@isp.example": true, "redacted@isp.example": true, "xxxx@isp.example": true, "joe@redacted.example": true,
		"uV8zQ1rT9xW0kLmN3pS7dF2gH5j@isp.example": true, "joe@isp.example": false, "maximilian.von.hohenstein-bergdorf@isp.example": false, "decade@isp.example": false,
		"Joe.Doe1980@isp.example": false, "feedbeef@isp.example": false,
	} {
		if got := isRedacted(address); got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}

// report is a DSN with the given headers of the returned message.
func report(returned string) string {
	return "From: MAILER-DAEMON@mx.example\r\nTo: bounces@acme.example\r\nDate: Sun, 29 Nov 2026 10:11:12 +0100\r\nMessage-ID: <1@mx.example>\r\nContent-Type: multipart/report; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; joe@there.example\r\nAction: failed\r\nStatus: 5.1.1\r\n" +
		"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n" + returned + "\r\n--b--\r\n"
}

func readOne(t *testing.T, envelope Envelope, mail string) intake.Report {
	t.Helper()
	result, err := New(settings()).Read(envelope, strings.NewReader(mail))
	if err != nil || len(result.Reports) != 1 {
		t.Fatalf("%+v, %v", result, err)
	}
	return result.Reports[0]
}

func TestRead_Tokens_ComeFromTheReturnedMessageAndTheEnvelope(t *testing.T) {
	const token = "AVc2hZk0Qe7Vn3xJt9bWmS4rLpYd8uGfXa1oNzKi5cTHq6EwRyDj2MsBvPgA"
	const tag = "1.ABCDEFGHJKMNPQRSTVWXYZ2345"
	variant := func(end string) string { return token[:len(token)-1] + end }
	got := readOne(t, Envelope{From: "<>", To: []string{"bounces+" + tag + "@acme.example"}}, report(
		"Assent-Token: "+token+"=\r\nList-Unsubscribe: <mailto:leave@acme.example>, <https://mail.acme.example/u/"+variant("B")+">\r\n"+
			"Message-ID: <"+variant("C")+"@acme.example>\r\nFeedback-ID: a:b:"+variant("D")+":acme\r\nCFBL-Feedback-ID: "+variant("E")[:20]+"\r\n "+variant("E")[20:]+"\r\nX-Other: "+variant("F")+"\r\n"))
	want := []intake.Token{
		{Text: token, Found: intake.InHeader},
		{Text: variant("B"), Found: intake.InUnsubscribe},
		{Text: variant("C"), Found: intake.InMessageID},
		{Text: variant("E"), Found: intake.InFeedbackID},
		{Text: variant("D"), Found: intake.InFeedbackID},
		{Text: tag, Found: intake.InReturnPath},
	}
	if diff := cmp.Diff(want, got.Tokens); diff != "" {
		t.Errorf("tokens (-want +got)\n%s", diff)
	}
	if got.ID != "1@mx.example" || !got.Time.Equal(time.Date(2026, 11, 29, 9, 11, 12, 0, time.UTC)) {
		t.Errorf("id %q, time %v", got.ID, got.Time)
	}
}

// A folded link has white space within, and the mailto of List-Unsubscribe has a token, too.
func TestRead_Tokens_AreFoundInWhatListUnsubscribeHas(t *testing.T) {
	const token = "1Vc2hZk0Qe7Vn3xJt9bWmS4rLpYd8uGfXa1oNzKi5cTHq6EwRyDj2MsBvPgA"
	for _, field := range []string{
		"<https://m.acme.example/u/" + token + ">", "<https://m.acme.example/u/" + token[:30] + "\r\n\t" + token[30:] + ">",
		"<mailto:leave@acme.example?subject=" + token + ">", "<mailto:leave@acme.example?subject=unsubscribe%20" + token + ">",
		"<https://other.example/x?y=%zz>,\r\n\t<mailto:leave@acme.example?body=x&Subject=" + token[:30] + "\r\n\t" + token[30:] + ">",
	} {
		got := readOne(t, Envelope{}, report("List-Unsubscribe: "+field+"\r\n"))
		if want := (intake.Token{Text: token, Found: intake.InUnsubscribe}); len(got.Tokens) == 0 || got.Tokens[0] != want {
			t.Errorf("%q: %v", field, got.Tokens)
		}
	}
}

func TestRead_ManyTokens_AreCut(t *testing.T) {
	var many strings.Builder
	for i := range 100 {
		many.WriteString("Message-ID: <" + strings.Repeat("a", 30+i) + "@acme.example>\r\n")
	}
	if got := readOne(t, Envelope{}, report(many.String())); len(got.Tokens) != intake.MaxTokens {
		t.Errorf("%d tokens", len(got.Tokens))
	}
}

// The sender of the envelope goes before the header, and a null sender alone makes no bounce.
func TestRead_Envelope_Counts(t *testing.T) {
	const mail = "From: Joe <joe@there.example>\r\nTo: news@acme.example\r\nSubject: Hello\r\n\r\nA question.\r\n"
	for _, c := range []struct {
		envelope Envelope
		want     intake.Kind
	}{
		{Envelope{}, intake.Inquiry},
		{Envelope{From: "joe@there.example"}, intake.Inquiry},
		{Envelope{From: "<>"}, intake.AutoReply},
	} {
		result, err := New(settings()).Read(c.envelope, strings.NewReader(mail))
		if err != nil || result.Kind != c.want {
			t.Errorf("%+v: %s, %v, want %s", c.envelope, result.Kind, err, c.want)
		}
	}
	leave := strings.Replace(mail, "Subject: Hello", "Subject: unsubscribe", 1)
	result, err := New(settings()).Read(Envelope{To: []string{"leave@acme.example"}}, strings.NewReader(leave))
	if err != nil || result.Kind != intake.Unsubscribe {
		t.Errorf("%s, %v", result.Kind, err)
	}
}

func TestRead_InputThatFails_IsAnError(t *testing.T) {
	broken := errors.New("broken")
	for _, in := range []string{"", "From: a@b.example\r\n\r\nHello"} {
		reader := iotest.ErrReader(broken)
		if in != "" {
			reader = &failing{text: in, err: broken}
		}
		if _, err := New(Settings{}).Read(Envelope{}, reader); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	}
}

// failing is a reader that fails after a text.
type failing struct {
	text string
	err  error
}

func (f *failing) Read(p []byte) (int, error) {
	if f.text == "" {
		return 0, f.err
	}
	n := copy(p, f.text)
	f.text = f.text[n:]
	return n, nil
}

func TestRead_BeyondALimit_IsUnreadable(t *testing.T) {
	result, err := New(Settings{Limits: message.Limits{Size: 100}}).Read(Envelope{}, strings.NewReader("From: a@b.example\r\n\r\n"+strings.Repeat("x", 200)))
	if err != nil || result.Kind != intake.Unreadable || !strings.Contains(result.Why, "more than 100 bytes") {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestRead_TokenInSubject_IsFoundWhereItIsWrapped(t *testing.T) {
	const token = "AVc2hZk0Qe7Vn3xJt9bWmS4rLpYd8uGfXa1oNzKi5cTHq6EwRyDj2MsBvPgA"
	for _, subject := range []string{
		token, "unsubscribe " + token, "unsubscribe:" + token, "Re: unsubscribe " + token, "unsubscribe " + token[:20] + "\r\n " + token[20:] + "=", "<" + token + ">.", token[:30] + " " + token[30:],
	} {
		r := readOne(t, Envelope{To: []string{"leave@acme.example"}}, "From: joe@there.example\r\nSubject: "+subject+"\r\n\r\n")
		found := false
		for _, candidate := range r.Tokens {
			found = found || candidate.Text == token && candidate.Found == intake.InSubject
		}
		if !found || r.Kind != intake.Unsubscribe {
			t.Errorf("%q: %s with %v", subject, r.Kind, r.Tokens)
		}
	}
}

// What is made to cost much costs little.
func TestRead_HostileMails_AreReadInBoundedTime(t *testing.T) {
	const daemon = "From: mailer-daemon@a.example\r\nSubject: failure notice\r\n"
	var failed, groups, named strings.Builder
	for i := range MaxGroups {
		fmt.Fprintf(&failed, "%d@b.example, ", i)
		fmt.Fprintf(&groups, "Final-Recipient: rfc822;%d@b.example\r\nAction: failed\r\nDiagnostic-Code: smtp; %s\r\n\r\n", i, strings.Repeat("no words here ", 25))
	}
	for i := range MaxGroups {
		fmt.Fprintf(&named, "%d@b.example ", i)
	}
	const half = 32_000
	block := "a@b.example " + strings.Repeat("x\r\n", half)
	sentence := "x " + named.String() + strings.Repeat("y", half) + "\r\n"
	const report = "--b\r\nContent-Type: message/delivery-status\r\n\r\nFinal-Recipient: rfc822;q@b.example\r\nAction: failed\r\n\r\n"
	reports := func(human string) string {
		return daemon + "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\n" + human + "\r\n" + strings.Repeat(report, 190) + "--b--\r\n"
	}
	for name, mail := range map[string]string{
		"one long block":                        daemon + "\r\n" + block,
		"one long sentence":                     daemon + "\r\n" + sentence,
		"a long block explains many reports":    reports(block),
		"a long sentence explains many reports": reports(sentence),
		"many recipients":                       daemon + "To: " + strings.Repeat("a@b.cc,", 36_000) + "\r\n\r\nuser unknown\r\n" + strings.Repeat("d@b.cc ", 9_000) + strings.Repeat("\r\nd@b.cc", 4_000),
		"many lines":                            daemon + "\r\n" + strings.Repeat("a\r\n", 200_000),
		"many addresses":                        daemon + "\r\nuser unknown\r\n" + strings.Repeat("a@b.example\r\n\r\n", 40_000),
		"many failed":                           daemon + "X-Failed-Recipients: " + failed.String() + "\r\n\r\n" + strings.Repeat("Undelivered a\r\n", 40_000),
		"many groups":                           daemon + "Content-Type: message/delivery-status\r\n\r\n" + groups.String(),
		"many explanations": daemon + "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\n" + strings.Repeat("Undelivered a@b.example\r\n", 20_000) +
			"--b\r\nContent-Type: message/delivery-status\r\n\r\n" + strings.ReplaceAll(groups.String(), "Diagnostic-Code", "X-Code") + "--b--\r\n",
		"many empty groups": daemon + "Content-Type: message/delivery-status\r\n\r\n" + strings.Repeat("a:b\r\n\r\n", 70_000),
		"one address":       daemon + "\r\nuser unknown " + strings.Repeat("a@", 250_000),
		"many links":        "From: a@b.example\r\n\r\n" + strings.Repeat("/u/", 160_000),
		"nested HTML":       "From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + strings.Repeat("<p><script>", 40_000),
		"encoded words":     "From: a@b.example\r\nSubject: " + strings.Repeat("=?a?q?x ", 30_000) + "?=\r\n\r\n",
		"comments":          "From: a@b.example\r\nAuto-Submitted: " + strings.Repeat("(", 200_000) + "\r\n\r\n",
		"parameters":        "From: a@b.example\r\nContent-Type: a/b" + strings.Repeat("; (x", 40_000) + "\r\n\r\n",
	} {
		result, took := readTimed(t, mail)
		if result.Kind == "" || len(result.Reports) > MaxGroups {
			t.Errorf("%s: %s with %d reports", name, result.Kind, len(result.Reports))
		}
		if took > time.Second {
			t.Errorf("%s: took %v", name, took)
		} else {
			t.Logf("%s: %s, %v", name, result.Kind, took)
		}
	}
}

// readTimed reads a mail, and returns how long it took: again if that was long, since other programs may have taken the time.
func readTimed(t *testing.T, mail string) (result Result, took time.Duration) {
	t.Helper()
	for range 4 {
		began := time.Now()
		var err error
		if result, err = New(settings()).Read(Envelope{}, strings.NewReader(mail)); err != nil {
			t.Fatal(err)
		}
		if took = time.Since(began); took < time.Second {
			break
		}
	}
	return result, took
}

func TestRead_AnswerWithTheNullSender_IsNoBounce(t *testing.T) {
	for subject, want := range map[string]intake.Kind{"Out of office": intake.AutoReply, "Notice": intake.Bounce} {
		mail := "Return-Path: <>\r\nFrom: joe@there.example\r\nSubject: " + subject + "\r\n\r\nI have left. Your message was not delivered to anyone.\r\n"
		result, err := New(settings()).Read(Envelope{}, strings.NewReader(mail))
		if err != nil || result.Kind != want {
			t.Errorf("%s: %s, %v", subject, result.Kind, err)
		}
	}
}

// One mail may have several reports of complaints, each with the message that it is about.
func TestRead_SeveralFeedbackReports_AreAllRead(t *testing.T) {
	const one, other = "1Vc2hZk0Qe7Vn3xJt9bWmS4rLpYd8uGfXa1oNzKi5cTHq6EwRyDj2MsBvPgA", "1Vc2hZk0Qe7Vn3xJt9bWmS4rLpYd8uGfXa1oNzKi5cTHq6EwRyDj2MsBvPgB"
	feedback := func(kind, address, token string) string {
		return "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: " + kind + "\r\nVersion: 1\r\nOriginal-Rcpt-To: " + address + "\r\n\r\n" +
			"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nAssent-Token: " + token + "\r\n\r\n"
	}
	mail := "From: fbl@isp.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + feedback("not-spam", "tim@there.example", one) +
		feedback("abuse", "joe@there.example", one) + feedback("opt-out", "ann@there.example", other) + "--b--\r\n"
	result, err := New(settings()).Read(Envelope{}, strings.NewReader(mail))
	if err != nil || result.Kind != intake.Complaint || result.Why != "feedback-report abuse" || len(result.Reports) != 2 {
		t.Fatalf("%+v, %v", result, err)
	}
	joe, ann := result.Reports[0], result.Reports[1]
	if joe.Kind != intake.Complaint || joe.Address != "joe@there.example" || joe.Tokens[0].Text != one ||
		ann.Kind != intake.Unsubscribe || ann.Address != "ann@there.example" || ann.Tokens[0].Text != other {
		t.Errorf("%+v", result.Reports)
	}
}

// The sender of the message that came back is not among those whom it did not reach. An address within a sentence is ambiguous.
func TestRead_SenderInTheText_IsNoRecipient(t *testing.T) {
	got := readOne(t, Envelope{}, "From: mailer-daemon@a.example\r\nSubject: failure\r\n\r\nThe message of news@acme.example to joe@there.example was not delivered: user unknown.\r\n\r\n"+
		"--- Original message follows ---\r\n\r\nFrom: Acme <news@acme.example>\r\nTo: joe@there.example\r\n")
	if got.Address != "joe@there.example" || !got.Ambiguous || got.Class != intake.Hard {
		t.Errorf("%+v", got)
	}
}
