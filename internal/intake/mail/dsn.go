package mail

import (
	"strings"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/intake/bounce"
	"github.com/assent-io/assent/internal/message"
)

// isStatus reports whether a part is a report about delivery (RFC 3464, RFC 6533).
func isStatus(p *message.Part) bool {
	return strings.HasPrefix(p.Type, "message/") && strings.HasSuffix(p.Type, "delivery-status")
}

// deliveryStatus reads reports about delivery. One mail may have several.
func (l *letter) deliveryStatus() (Result, bool) {
	var reports []intake.Report
	found := false
	human, explained := "", l.explain("")
	for i, p := range l.top {
		if !isStatus(p) {
			if strings.HasPrefix(p.Type, "text/plain") {
				human = p.Text
			}
			continue
		}
		found = true
		// One text may explain many reports, and is taken apart once.
		if human != "" {
			human, explained = "", l.explain(human)
		}
		one, ok := l.status(p, explained, l.returnedAfter(i))
		if reports = append(reports, one...); !ok || len(reports) > MaxGroups {
			return Result{Kind: intake.Unreadable, Why: "the mail reports about more than 1000 recipients"}, true
		}
		if p.Cut {
			return Result{Kind: intake.Unreadable, Why: "the report about delivery is longer than what is kept of a part"}, true
		}
	}
	if !found {
		return Result{}, false
	}
	return Result{Kind: kindOf(reports), Reports: reports, Why: "delivery-status"}, true
}

// isReport reports whether a part is a report about delivery or of a complaint.
func (l *letter) isReport(p *message.Part) bool {
	_, complains := l.feedbackText(p)
	return complains || isStatus(p)
}

// returnedAfter returns the header of the message that came back with the report at that place: that of the part after it, up to the next
// report; where there is none, of a part before the first report.
func (l *letter) returnedAfter(report int) message.Header {
	for _, p := range l.top[report+1:] {
		if l.isReport(p) {
			break
		}
		if h := headerIn(p); h != nil {
			return h
		}
	}
	for _, p := range l.top[:report] {
		if l.isReport(p) {
			break
		}
		if h := headerIn(p); h != nil {
			return h
		}
	}
	return nil
}

// headerIn returns the header of the message that a part encloses; nil: none.
func headerIn(p *message.Part) message.Header {
	if len(p.Parts) == 1 && !p.IsMultipart() {
		return p.Parts[0].Header
	}
	if strings.HasPrefix(p.Type, "message/") && !isStatus(p) && !strings.HasSuffix(p.Type, "feedback-report") && p.Text != "" {
		return message.ReadHeader(p.Text)
	}
	return nil
}

// kindOf is the kind of a mail with several reports: what asks for the most goes first.
func kindOf(reports []intake.Report) intake.Kind {
	best := intake.Ignored
	for _, kind := range []intake.Kind{intake.Delivered, intake.Delayed, intake.Bounce} {
		for _, r := range reports {
			if r.Kind == kind {
				best = kind
			}
		}
	}
	return best
}

// status reads one report. The boolean is false when it has too many groups.
func (l *letter) status(p *message.Part, explained explanation, returned message.Header) ([]intake.Report, bool) {
	text := p.Text
	if text == "" && len(p.Parts) > 0 {
		text = p.Parts[0].Text
	}
	_, recipients, ok := groups(text)
	if !ok {
		return nil, false
	}
	if len(recipients) == 0 {
		recipients = l.withoutGroups()
	}
	var reports []intake.Report
	tokens := l.tokens(returned)
	for _, group := range recipients {
		report := l.recipient(group, explained, len(recipients) == 1)
		report.Tokens = tokens
		reports = append(reports, report)
	}
	return reports, true
}

// withoutGroups makes groups for a report that names no recipient: of the header that some servers add, else one without an address.
func (l *letter) withoutGroups() []message.Header {
	var all []message.Header
	for _, value := range l.m.Header.All("X-Failed-Recipients") {
		for _, address := range addressesIn(value) {
			all = append(all, message.Header{{Name: "Final-Recipient", Raw: "rfc822;" + address}, {Name: "Action", Raw: "failed"}})
		}
	}
	if len(all) == 0 {
		all = []message.Header{{{Name: "Action", Raw: "failed"}}}
	}
	return all
}

// recipient reads the group of one recipient.
func (l *letter) recipient(group message.Header, human explanation, alone bool) intake.Report {
	report := intake.Report{Kind: intake.Bounce, Address: reported(group)}
	said := group.Text("Diagnostic-Code")
	if kind, text, typed := strings.Cut(said, ";"); typed && !strings.ContainsAny(strings.TrimSpace(kind), " \t") {
		said = text
	}
	if report.Text = said; strings.TrimSpace(said) == "" {
		said = human.of(report.Address)
		// The rest of a text for people may speak of spam and viruses in a footer, so it counts only where the code says nothing.
		if said == "" && alone && isVague(group.Get("Status")) {
			said = human.first
		}
	}
	action := strings.ToLower(strings.TrimSpace(withoutComments(group.Get("Action"))))
	action = strings.Trim(action, `"<>.;, `)
	switch {
	case strings.HasPrefix(action, "delay"):
		report.Kind, action = intake.Delayed, "delayed"
	case strings.HasPrefix(action, "deliver"):
		report.Kind, action = intake.Delivered, "delivered"
	case strings.HasPrefix(action, "relay"), strings.HasPrefix(action, "expand"):
		// It left for another server, which says nothing of the mailbox.
		report.Kind, action = intake.Ignored, "relayed"
	default:
		action = "failed"
	}
	if strings.HasPrefix(strings.TrimSpace(group.Get("Status")), "2.") && action == "failed" && group.Get("Action") == "" {
		report.Kind, action = intake.Delivered, "delivered"
	}
	verdict := l.classifier.Classify(withoutComments(group.Get("Status")), action, said)
	report.Status = verdict.Status
	if report.Kind == intake.Bounce {
		judge(&report, &verdict)
	}
	return report
}

// judge puts what a bounce means into its report.
func judge(report *intake.Report, verdict *bounce.Verdict) {
	report.Class, report.Rule, report.Domain, report.Then = verdict.Class, verdict.Rule, verdict.Domain, verdict.Then
}

// isVague reports whether a status says no more than that something failed.
func isVague(status string) bool {
	status = strings.TrimSpace(status)
	return status == "" || strings.Contains(status, ".0.0")
}

// An explanation is what a text for people says, in all and about each address, by the address in lower case.
type explanation struct {
	first            string
	blocks, mentions map[string]saying
}

// explain takes a text for people apart.
func (l *letter) explain(human string) explanation {
	said, _ := splitReturned(human[:min(len(human), maxLooked)])
	e := explanation{first: firstWords(said), blocks: map[string]saying{}, mentions: mentions(said)}
	for _, b := range l.blocks(said) {
		e.blocks[strings.ToLower(b.address)] = b.text
	}
	return e
}

// of returns what is said about an address; empty: nothing.
func (e explanation) of(address string) string {
	key := strings.ToLower(address)
	if text := e.blocks[key].String(); text != "" {
		return text
	}
	return e.mentions[key].String()
}

// reported returns the address of a group: Original-Recipient is the one to which we wrote, Final-Recipient what a forward made of it.
func reported(group message.Header) string {
	final := recipientAddress(group.Get("Final-Recipient"))
	original := recipientAddress(group.Get("Original-Recipient"))
	if original == "" {
		return final
	}
	// Some servers repeat the parameter ORCPT without decoding it (RFC 3461, section 4).
	if plain := decodeXtext(original); plain != original && strings.EqualFold(plain, final) {
		return plain
	}
	return original
}

// decodeXtext decodes +XX (RFC 3461, section 4).
func decodeXtext(text string) string {
	const digits = "0123456789ABCDEF"
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '+' && i+2 < len(text) {
			high, low := strings.IndexByte(digits, text[i+1]), strings.IndexByte(digits, text[i+2])
			if high >= 0 && low >= 0 {
				out.WriteByte(byte(high<<4 | low))
				i += 2
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// firstWords returns the beginning of what a report says to people, without what it quotes.
func firstWords(human string) string {
	const enough = 1_500
	human, _ = splitReturned(human)
	return human[:min(len(human), enough)]
}

// tokens gathers what may be tokens in the header of the message that came back, and in the address to which the report was sent.
func (l *letter) tokens(returned message.Header) []intake.Token {
	var c collector
	c.returned(returned)
	c.returnPath(l.to)
	return c.tokens
}
