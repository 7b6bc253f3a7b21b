// Package tour says what can be tried while a demo serves.
package tour

import (
	"fmt"
	"strings"
	"time"
)

// Tour is what the demo has to try.
type Tour struct {
	// GRPC and HTTP are host:port of the server, and Hint what else a command needs to find it; empty: nothing.
	GRPC, HTTP, Hint string
	// Channel is the newsletter. Tool and Agency are consumers of its change feed, and KeyFile has the key of the agency.
	Channel, Tool, Agency, KeyFile string
	// Mailbox gets the newsletter, and Token is that of the links in its next message. Bounce is a file with [Tour.BounceMail].
	Mailbox, Token, Bounce string
	// Case is the number of the complaint of Complainer.
	Case, Complainer string
}

const text = `
It serves on {grpc} (gRPC) and http://{http} (REST, and pages for a browser) until Ctrl-C. Try, in another terminal:

  assent check zoe.huber@t-online.de --channel product-marketing --as-of 2026-10-01T08:00:00Z
  assent history zoe.huber@t-online.de
  assent withdraw zoe.huber@t-online.de --channel product-marketing
  assent check zoe.huber@t-online.de --channel product-marketing
  curl -s http://{http}/v1/consent:check -d '{"address": "zoe.huber@t-online.de", "channel": "product-marketing"}'

All departments see what is planned, and the desk of marketing its complaint, with who may have sent, basis and a draft of the answer. Closing the
case records the objection, so that the check says OBJECTION:

  assent sends calendar
  assent cases show {case}
  assent cases draft {case} --language en
  assent cases close {case} --outcome rule_wrong --objection marketing
  assent check {complainer} --channel product-marketing
  assent cases figures

Two consumers read who may get its newsletter: the tool that sends it, with addresses, and an agency, with hashes that only
its own key makes. Reading the feed here needs the name of one of them. The first command runs on and prints what changes, such as the
withdrawal; the exports write block lists to files:

  assent watch --consumer {tool}
  assent withdraw zoe.huber@t-online.de --channel {channel}
  assent suppressions export --channel {channel} --as csv --consumer {tool} --out {tool}
  assent suppressions export --channel {channel} --as filter --consumer {agency} --key-file {key} --out {agency}
  assent consumers list

A list of another tool is imported as one batch, which can be undone:

  echo zoe.huber@t-online.de | assent suppressions import - --preset plain --status complaint
  assent imports list

{mailbox} gets the newsletter. Its next message would have these links. The page is where the person leaves or pauses;
mailbox providers post to the same address when the person presses their button:

  assent check {mailbox} --channel {channel} --links
  http://{http}/u/{token}
  curl -s http://{http}/u/{token} -d List-Unsubscribe=One-Click

The message comes back, because the mailbox is no more. The report is taken in, and the next check says HARD_BOUNCE:

  assent intake mail {bounce}
  assent check {mailbox} --channel {channel}

In a checkout, "go run ./cmd/assent" stands for "assent".{hint}`

// Text returns what can be tried, as people read it in a terminal.
func (t *Tour) Text() string { return t.fill(text) }

func (t *Tour) fill(text string) string {
	return strings.NewReplacer(
		"{grpc}", t.GRPC, "{http}", t.HTTP, "{hint}", t.Hint, "{channel}", t.Channel, "{tool}", t.Tool, "{agency}", t.Agency, "{key}", t.KeyFile,
		"{mailbox}", t.Mailbox, "{token}", t.Token, "{bounce}", t.Bounce, "{case}", t.Case, "{complainer}", t.Complainer,
	).Replace(text)
}

const bounce = `From: MAILER-DAEMON@mx.example.at
To: bounces@acme.example
Date: {date}
Subject: Undelivered Mail Returned to Sender
Message-ID: <{id}@mx.example.at>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="report"

--report
Content-Type: text/plain; charset=us-ascii

The message could not be delivered to {mailbox}: there is no such mailbox.

--report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.at
Arrival-Date: {date}

Final-Recipient: rfc822; {mailbox}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <{mailbox}>: Recipient address rejected: User unknown

--report
Content-Type: text/rfc822-headers

From: news@acme.example
To: {mailbox}
Date: {date}
Subject: News from Acme
Assent-Token: {token}

--report--
`

// BounceMail returns the report of a mail server that the mailbox of the tour does not exist, as it comes back at a time (RFC 3464).
func (t *Tour) BounceMail(at time.Time) []byte {
	date := strings.NewReplacer("{date}", at.Format(time.RFC1123Z), "{id}", fmt.Sprint(at.Unix()))
	return []byte(strings.ReplaceAll(t.fill(date.Replace(bounce)), "\n", "\r\n"))
}
