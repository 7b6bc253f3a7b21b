package bounce

import (
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/intake"
)

// said is a table of what servers say, and what it means.
func said() []struct{ status, text, rule string } {
	return []struct{ status, text, rule string }{
		{"5.1.1", "smtp; 550 5.1.1 <joe@there.example>: Recipient address rejected: User unknown in virtual mailbox table", "unknown-user"},
		{"5.1.1", "smtp; 550-5.1.1 The email account that you tried to reach does not exist.", "unknown-user"},
		{"5.1.1", "", "code-unknown-user"},
		{"5.1.1", "smtp; 552 5.1.1 Mailbox is full", "mailbox-full"},
		{"5.1.1", "550 5.1.1 recipient's quota exceeded", "mailbox-full"},
		{"5.1.1", "550 5.1.1 User unknown; your IP is blocked using zen.spamhaus.org", "spam"},
		{"5.1.1", "host relay.antispam.provider.example[192.0.2.1] said: 550 5.1.1 <spam.full@there.example> user unknown", "unknown-user"},
		{"5.1.1", "550 5.1.1 relaying denied for <a@b.example>", "relaying"},
		{"5.1.1", "550 5.1.1 message size exceeds the limit", "message-content"},
		{"5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "exchange-recipient-not-found"},
		{"5.1.10", "550 5.1.10 Recipient address has null MX", "null-mx"},
		{"5.1.10", "556 5.1.10", "code-null-mx"},
		{"5.1.2", "", "code-bad-host"},
		{"5.4.4", "DNS Error: domain name there.example not found", "host-unknown"},
		{"5.4.4", "Host or domain name not found. Name service error for name=there.example type=A: Host not found", "host-unknown"},
		{"4.4.3", "Host or domain name not found. Name service error: Host not found, try again", "temporary"},
		{"5.1.3", "", "code-bad-address"},
		{"5.1.6", "551 User not local; please try <new@there.example>", "relaying"},
		{"5.1.6", "", "code-moved"},
		{"5.4.1", "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "exchange-access-denied"},
		{"5.4.1", "550 5.4.1 no answer from host", "permanent"},
		{"5.2.1", "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages", "recipient-rate"},
		{"5.2.1", "550 5.2.1 The email account that you tried to reach is disabled.", "mailbox-disabled"},
		{"5.2.1", "550 5.2.1 no such user", "unknown-user"},
		{"5.2.1", "", "code-disabled"},
		{"5.7.13", "", "code-disabled"},
		{"5.2.2", "", "code-full"},
		{"", "552 sorry", "code-full"},
		{"5.0.0", "550 Requested action not taken: mailbox unavailable", "unknown-user"},
		{"5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302)", "unknown-user"},
		{"5.0.0", "550 Requested action not taken: mailbox unavailable invalid DNS MX or A/AAAA resource record", "sender-rejected"},
		{"5.0.0", "550 Requested action not taken: mailbox unavailable. Sender address is not allowed.", "sender-rejected"},
		{"", "550-Requested action not taken: mailbox unavailable 550-Reject due to policy restrictions. 550 For explanation visit https://postmaster.gmx.example/", "spam"},
		{"5.0.0", "550 Requested action not taken: mailbox unavailable; invalid DNS PTR resource record", "reverse-dns"},
		{"5.0.0", "550 Requested action not taken: mailbox unavailable. IP blocked, see RBL", "network-listed"},
		{"5.7.27", "550 5.7.27 Sender address rejected: Domain acme.example does not accept mail (nullMX)", "code-authentication"},
		{"5.7.1", "550 5.7.1 Sender address has null MX", "sender-rejected"},
		{"5.1.0", "550 5.1.0 Sender address rejected: Domain acme.example does not accept mail (nullMX)", "sender-rejected"},
		{"", "556 Domain there.example does not accept mail (nullMX)", "null-mx"},
		{"5.0.0", "550 5.1.1 failed", "code-unknown-user"},
		{"5.0.0", "smtp;550 something went wrong", "permanent"},
		{"", "554 delivery error: dd This user doesn't have a yahoo.example account (joe@yahoo.example) [0]", "unknown-user"},
		{"", "", "unexplained"},
		{"5.7.1", "550 5.7.1 Message rejected as spam", "spam"},
		{"5.7.1", "550 5.7.1 Unauthenticated email from acme.example is not accepted due to domain's DMARC policy", "authentication"},
		{"5.7.1", "554 5.7.1 <a@b.example>: Relay access denied", "relaying"},
		{"5.7.1", "550 5.7.1 Client host rejected: cannot find your reverse hostname", "reverse-dns"},
		{"5.7.1", "550 5.7.1 the user does not exist", "unknown-user-refused"},
		{"5.7.1", "550 5.7.1 the link does not exist", "code-refused"},
		{"5.7.1", "550 5.7.1 invalid address", "code-refused"},
		{"5.7.1", "550 5.7.1 Your domain does not exist", "sender-rejected"},
		{"5.7.1", "554 5.7.1 The message was rejected: From domain cannot be found", "sender-rejected"},
		{"5.7.5", "550 5.7.5 certificate does not exist", "code-refused"},
		{"5.5.4", "501 5.5.4 Invalid Address", "code-message"},
		{"5.5.2", "501 5.5.2 Syntax error, parameters not recognized", "code-message"},
		{"", "500 command does not exist", "permanent"},
		{"", "552 file type does not exist in list of allowed", "code-full"},
		{"5.6.0", "550 5.6.0 Date header does not exist", "code-message"},
		{"5.3.2", "550 5.3.2 mailbox not found, server going down", "permanent"},
		{"5.0.0", "550 Charset unknown: not recognized", "permanent"},
		{"5.0.0", "550 this is not a valid peer", "permanent"},
		{"5.0.0", "550 missing or invalid address in header From", "sender-rejected"},
		{"5.1.0", "550 Sender's domain not found", "sender-rejected"},
		{"", "550 sender not found", "sender-rejected"},
		{"", "550 sender address does not exist", "sender-rejected"},
		{"", "550 Absender unbekannt", "sender-rejected"},
		{"", "550 Absenderdomain existiert nicht", "sender-rejected"},
		{"", "550 Envelope sender does not exist", "sender-rejected"},
		{"", "550 Return path does not exist", "sender-rejected"},
		{"", "550 Your account has been suspended", "sender-rejected"},
		{"", "550 Your mail server does not exist in DNS", "sender-rejected"},
		{"", "550 No MX record for your domain", "sender-rejected"},
		{"5.1.0", "550 5.1.0 SRS: invalid address or hash", "sender-rejected"},
		{"", "550 Verification failed; no such user in sender callback", "sender-rejected"},
		{"5.4.310", "550 5.4.310 DNS domain there.example does not exist [Message=InfoDomainNonexistent]", "host-unknown"},
		{"5.4.1", "550 5.4.1 All recipient addresses rejected : Access denied", "exchange-access-denied"},
		{"5.1.1", "smtp; 450 4.1.1 <joe@there.example>: Recipient address rejected: unverified address: host said 550 user unknown", "unverified-address"},
		{"5.1.1", "smtp; 451 4.3.0 temporary lookup failure, user not found at the moment", "temporary"},
		{"5.1.1", "smtp; 421 Service not available", "temporary"},
		{"5.1.1", "4.2.0 user unknown", "temporary"},
		{"", "550 user unknown (Exim 4.92.3)", "unknown-user"},
		{"", "user unknown, said Server 4.4.1 of there", "unknown-user"},
		{"", "Status: 4.4.1 user unknown", "temporary"},
		{"", "Sorry, no mailbox here by that name. (#5.1.1)", "unknown-user"},
		{"", "Something went wrong. (#5.1.1)", "code-unknown-user"},
		{"5.7.1", "550 5.7.1 Recipient address rejected", "refused-vaguely"},
		{"5.7.1", "550 5.7.1 user unknown, and listed at a block list", "network-listed"},
		{"5.7.1", "", "code-refused"},
		{"", "554 Transaction failed", "reply-refused"},
		{"5.7.17", "550 5.7.17 whatever", "new-owner"},
		{"5.7.26", "550-5.7.26 something", "code-authentication"},
		{"5.7.606", "550 5.7.606 Access denied, banned sending IP [192.0.2.1]", "network-listed"},
		{"5.5.0", "550 5.5.0 part of their network is on our block list (S3140)", "microsoft-network"},
		{"5.1.8", "", "code-sender"},
		{"5.1.8", "553 5.1.8 Sender address rejected: Domain not found", "code-sender"},
		{"5.1.7", "550 5.1.7 user unknown", "code-sender"},
		{"5.0.0", "553 Sender address rejected: Domain not found", "sender-rejected"},
		{"5.7.515", "550 5.7.515 Access denied, sending domain does not meet the required level", "code-authentication"},
		{"5.3.4", "", "code-message"},
		{"5.6.0", "552 5.6.0 a virus was found", "message-content"},
		{"4.1.1", "450 4.1.1 <a@b.example>: Recipient address rejected: unverified address: user unknown", "unverified-address"},
		{"4.7.1", "450 4.7.1 Greylisted, try again later", "greylisted"},
		{"4.7.0", "421 4.7.0 our system has detected an unusual rate of unsolicited mail", "spam"},
		{"4.7.0", "421 4.7.0 too many connections", "sender-rate"},
		{"4.4.7", "message expired", "temporary"},
		{"5.4.7", "delivery time expired", "permanent"},
		{"5.0.0", "User joe (joe@there.example) not listed in Domino Directory", "domino-directory"},
		{"", "550 Teilnehmer existiert nicht", "unknown-user"},
		{"", "Postfach ist leider voll", "mailbox-full"},
		{"", "550 Benutzer unbekannt", "unknown-user"},
		{"", "utilisateur inconnu", "unknown-user"},
		{"", "550 5.1.1 宛先が見つかりませんでした", "unknown-user"},
		{"", "メールボックスがいっぱいです", "mailbox-full"},
		{"", "пользователь не найден", "unknown-user"},
		{"5.0.0", "permanent error", "permanent"},
		{"", "delivered successfully, fully", "unexplained"},
		{"5.1.1 (bad destination mailbox address)", "", "code-unknown-user"},
		{"", "unknown.Please check", "permanent"},
	}
}

func TestClassify_WhatServersSay_HasAReason(t *testing.T) {
	c := New()
	for _, s := range said() {
		got := c.Classify(s.status, "failed", s.text)
		want := s.rule
		if s.text == "unknown.Please check" {
			want = "unexplained"
		}
		if got.Rule != want {
			t.Errorf("%s %q: %s by %q, want %q", s.status, s.text, got.Class, got.Rule, want)
		}
	}
}

func TestClassify_OtherActions_AreNoFailure(t *testing.T) {
	for _, action := range []string{"delayed", "DELIVERED", "relayed", "expanded"} {
		if v := New().Classify("5.1.1", action, "user unknown"); v.Class != "" {
			t.Errorf("%s: %+v", action, v)
		}
	}
}

// What is temporary never makes an address dead, whatever the text says.
func TestClassify_TemporaryCodes_AreNeverHard(t *testing.T) {
	c := New()
	for _, row := range Table() {
		for _, p := range row.Phrases {
			text := "450 4.2.0 " + strings.ReplaceAll(p, "*", " ")
			if v := c.Classify("4.2.0", "failed", text); v.Class == intake.Hard {
				t.Errorf("%q is hard by %q", text, v.Rule)
			}
		}
	}
}

// Each phrase decides by itself for its own row or for one that stands before it on purpose.
func TestTable_EveryPhrase_IsFound(t *testing.T) {
	rows := New().rows
	for _, row := range rows {
		for i := range row.phrases {
			text := plainText("the server said: " + strings.ReplaceAll(strings.Trim(row.Phrases[i], "*"), "*", " of joe is "))
			if !row.phrases[i].in(text) {
				t.Errorf("%s: phrase %q is not found in %q", row.ID, row.Phrases[i], text)
			}
		}
	}
}

func TestTable_Rows_AreComplete(t *testing.T) {
	seen := map[string]bool{}
	rows := Table()
	for i, row := range rows {
		if row.ID == "" || seen[row.ID] || row.Source == "" || row.Class == "" {
			t.Errorf("row %d %q lacks an id of its own, a class or a source", i, row.ID)
		}
		seen[row.ID] = true
		if last := i == len(rows)-1; len(row.Codes)+len(row.Phrases) == 0 != last {
			t.Errorf("row %q: only the last row is for all", row.ID)
		}
		once := map[string]bool{}
		for _, p := range row.Phrases {
			if p != strings.ToLower(p) || once[p] || strings.Trim(p, "* ") == "" {
				t.Errorf("row %q: phrase %q must be in lower case, and there once", row.ID, p)
			}
			once[p] = true
		}
	}
	if row, ok := New().Row("new-owner"); !ok || row.Then != NewOwner {
		t.Errorf("row new-owner: %+v", row)
	}
	if _, ok := New().Row("none such"); ok {
		t.Error("a row that is not there was found")
	}
}

func FuzzClassify(f *testing.F) {
	for _, s := range said() {
		f.Add(s.status, s.text)
	}
	c := New()
	f.Fuzz(func(t *testing.T, status, text string) {
		v := c.Classify(status, "failed", text)
		if row, ok := c.Row(v.Rule); !ok || row.Class != v.Class {
			t.Errorf("%q %q: %+v is of no row", status, text, v)
		}
		if strings.HasPrefix(v.Status, "4") && v.Class == intake.Hard {
			t.Errorf("%q %q is temporary, and hard", status, text)
		}
		if v.Status != "" && !isEnhanced(v.Status) {
			t.Errorf("%q %q: status %q", status, text, v.Status)
		}
		if again := c.Classify(status, "FAILED", text+" "); len(text) < maxText && again != v {
			t.Errorf("%q %q: %+v, with a space %+v", status, text, v, again)
		}
	})
}

func BenchmarkClassify(b *testing.B) {
	c := New()
	b.ReportAllocs()
	for b.Loop() {
		c.Classify("5.1.1", "failed", "smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces.")
	}
}
