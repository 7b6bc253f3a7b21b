package mail

import (
	"strings"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/message"
)

// feedback reads reports of abuse (RFC 5965), which is also the form of those that RFC 9477 asks for. One mail may have several.
func (l *letter) feedback() (Result, bool) {
	var all Result
	for i, p := range l.top {
		text, ok := l.feedbackText(p)
		if !ok {
			continue
		}
		fields := message.ReadHeader(strings.TrimLeft(text, " \t\r\n"))
		one := l.complain(fields, l.returnedAfter(i))
		reports := append(all.Reports, one.Reports...)
		if len(reports) > MaxGroups {
			return Result{Kind: intake.Unreadable, Why: "the mail has complaints about more than 1000 recipients"}, true
		}
		// What asks for the most goes first.
		if all.Kind == "" || all.Kind == intake.Ignored || one.Kind == intake.Complaint && all.Kind != one.Kind {
			all = one
		}
		all.Reports = reports
	}
	return all, all.Kind != ""
}

// feedbackText returns the fields of a report. In a multipart/report of that type they may stand in a part of another type.
func (l *letter) feedbackText(p *message.Part) (string, bool) {
	if strings.HasPrefix(p.Type, "message/") && strings.HasSuffix(p.Type, "feedback-report") {
		return p.Text, true
	}
	declared := l.m.Type == "multipart/report" && strings.EqualFold(l.m.Params["report-type"], "feedback-report")
	const first = "feedback-type:"
	text := strings.TrimLeft(p.Text, " \t\r\n")
	return p.Text, declared && len(text) >= len(first) && strings.EqualFold(text[:len(first)], first)
}

// complain makes the result of the fields of a report.
func (l *letter) complain(fields, returned message.Header) Result {
	kind := strings.ToLower(strings.Trim(withoutComments(fields.Get("Feedback-Type")), " \t\"'.;"))
	result := Result{Kind: intake.Complaint, Why: "feedback-report " + shortWord(kind)}
	rule, review := "feedback-"+kind, false
	switch kind {
	case "abuse", "fraud", "virus":
	case "not-spam", "auth-failure", "dmarc", "dkim", "spf":
		return Result{Kind: intake.Ignored, Why: result.Why}
	case "opt-out", "opt-out-list":
		result.Kind, rule = intake.Unsubscribe, "feedback-opt-out"
	case "other":
		review = true
	default:
		// Rules are a closed set, and this is the word of another.
		rule, review = "feedback-unknown", true
	}
	text := strings.TrimSpace(kind + " " + intake.ShortText(fields.Get("User-Agent")))
	base := intake.Report{Kind: result.Kind, Text: text, Rule: rule, Ambiguous: review}
	result.Reports = l.named(base, reportedRecipients(kind, fields), l.tokens(returned))
	return result
}

// named makes a report of each address. Of several, the tokens say which one is meant, and the others are hints.
func (l *letter) named(base intake.Report, found []string, tokens []intake.Token) []intake.Report {
	switch {
	case len(found) == 1:
		base.Address, base.Tokens = found[0], tokens
		return []intake.Report{base}
	case len(found) == 0:
		base.Tokens = tokens
		return []intake.Report{base}
	}
	var all []intake.Report
	if len(tokens) > 0 {
		one := base
		one.Tokens = tokens
		all = append(all, one)
	}
	for _, address := range found {
		hint := base
		hint.Address, hint.Ambiguous = address, true
		all = append(all, hint)
	}
	return all
}

// reportedRecipients lists whom a report names, each once, without redacted ones.
func reportedRecipients(kind string, fields message.Header) []string {
	names := []string{"Original-Rcpt-To", "Removal-Recipient"}
	if strings.HasPrefix(kind, "opt-out") {
		names = []string{"Removal-Recipient", "Original-Rcpt-To"}
	}
	for _, name := range names {
		var all []string
		seen := map[string]bool{}
		for _, value := range fields.All(name) {
			address := recipientAddress(value)
			if address == "" || isRedacted(address) || seen[strings.ToLower(address)] {
				continue
			}
			seen[strings.ToLower(address)] = true
			if all = append(all, address); len(all) == MaxGroups {
				break
			}
		}
		if len(all) > 0 {
			return all
		}
	}
	return nil
}

// isRedacted reports whether the local part of an address was replaced by a hash or by signs (RFC 6590), so that it names no mailbox. Such an
// address has the form of a valid one at a real domain.
func isRedacted(address string) bool {
	at := strings.LastIndexByte(address, '@')
	local, domain := strings.ToLower(address[:at]), strings.ToLower(address[at+1:])
	if strings.Contains(local, "redacted") || strings.Contains(domain, "redacted") || strings.Trim(local, "x*-.#") == "" {
		return true
	}
	const shortest = 16
	if len(local) >= shortest && strings.Trim(local, "0123456789abcdef") == "" {
		return true
	}
	return len(local) >= 24 && looksRandom(address[:at])
}

// looksRandom reports whether a text is base64 rather than a name: in a name, small letters, capital letters and digits do not take turns.
func looksRandom(text string) bool {
	changes, before := 0, byte(0)
	for i := range len(text) {
		class := byte('-')
		switch c := text[i]; {
		case c >= 'a' && c <= 'z':
			class = 'a'
		case c >= 'A' && c <= 'Z':
			class = 'A'
		case c >= '0' && c <= '9':
			class = '0'
		}
		if before != 0 && class != before {
			changes++
		}
		before = class
	}
	return changes*3 >= len(text)
}

// shortWord makes a text of a report fit for a name: letters, digits and hyphens, at most 30.
func shortWord(text string) string {
	text = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, text)
	if text == "" {
		return "without-type"
	}
	return text[:min(len(text), 30)]
}

// oldJunkReport reads the reports that Microsoft sent until June 2026: they have no part with fields, and name the recipient in the header of
// the message that came back.
func (l *letter) oldJunkReport() (Result, bool) {
	for _, p := range l.top {
		h := headerIn(p)
		if !h.Has("X-HmXmrOriginalRecipient") {
			continue
		}
		var found []string
		if address := cleanAddress(h.Get("X-HmXmrOriginalRecipient")); address != "" && !isRedacted(address) {
			found = []string{address}
		}
		base := intake.Report{Kind: intake.Complaint, Rule: "feedback-abuse", Text: "abuse JMRP"}
		return Result{Kind: intake.Complaint, Reports: l.named(base, found, l.tokens(h)), Why: "junk report of Microsoft"}, true
	}
	return Result{}, false
}

// disposition takes a notification about what became of a message (RFC 8098): it says nothing about further messages.
func (l *letter) disposition() (Result, bool) {
	for _, p := range l.top {
		if strings.HasPrefix(p.Type, "message/") && strings.HasSuffix(p.Type, "disposition-notification") {
			return Result{Kind: intake.AutoReply, Why: "disposition-notification"}, true
		}
	}
	return Result{}, false
}

// aggregate takes the statistics of DMARC and of TLS (RFC 7489, 7.2; RFC 8460), which arrive at the same mailboxes.
func (l *letter) aggregate() (Result, bool) {
	subject := strings.ToLower(l.subject)
	named := strings.Contains(subject, "report domain:") && (strings.Contains(subject, "submitter:") || strings.Contains(subject, "report-id:"))
	if !named && !l.m.Header.Has("TLS-Report-Domain") {
		return Result{}, false
	}
	return Result{Kind: intake.Ignored, Why: "aggregate report"}, true
}
