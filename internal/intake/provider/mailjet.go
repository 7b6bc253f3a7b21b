package provider

import (
	"strings"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/jsonlist"
)

// mailjet reads an event of Mailjet. Its event sent means that the server of the recipient took the message.
// (dev.mailjet.com, "Event API", with the table of its errors.)
func mailjet(j *judge, event jsonlist.Object) (string, []intake.Report, error) {
	name, at := event.Text("event"), event.Text("time")
	report := intake.Report{
		Address: address(event.Text("email")), Time: unixTime(at), Tokens: written(event.Text("Payload"), event.Text("CustomID")),
		ID: facts("mailjet", name, event.Text("MessageID"), at, event.Text("email")),
	}
	switch name {
	case "bounce", "blocked":
		return one(name, mailjetFailed(j, event, report))
	case "sent":
		report.Kind = intake.Delivered
	case "spam":
		report.Kind = intake.Complaint
	case "unsub":
		report.Kind, report.Group = intake.Unsubscribe, event.Text("mj_list_id")
	default:
		return known(name, "open", "click")
	}
	return one(name, report)
}

// mailjetFailed reads a bounce or a block by error and error_related_to. That it is called hard says only that Mailjet does not try again.
func mailjetFailed(j *judge, event jsonlist.Object, report intake.Report) intake.Report {
	reason, related := event.Text("error"), event.Text("error_related_to")
	comment := event.Text("comment")
	text := reason
	if comment != "" {
		text = strings.TrimPrefix(reason+": "+comment, ": ")
	}
	report.Text = intake.ShortText(text)
	switch reason {
	case "preblocked", "spam reporter", "blacklisted", "duplicate in campaign":
		report.Kind = intake.Listed
		return report
	case "greylisted":
		report.Kind = intake.Delayed
		return report
	case "typofix", "bad or empty template", "error in template language":
		report.Kind = intake.Ignored
		return report
	case "relay/access denied":
		return j.bounced(report, intake.Policy, "mailjet-sender", "", text)
	case "invalid domain", "no mail host":
		return j.noDomain(report, text)
	}
	switch related {
	case "content", "spam":
		return j.bounced(report, intake.Block, "mailjet-content", "", comment)
	case "mailjet":
		return j.bounced(report, intake.Policy, "mailjet-sender", "", comment)
	}
	if event.Text("event") == "blocked" {
		report.Kind = intake.Listed
		return report
	}
	if related == "recipient" && event.Text("hard_bounce") == "true" {
		return j.bounced(report, intake.Hard, "mailjet-hard", "", text)
	}
	return j.bounced(report, intake.Soft, "mailjet-soft", "", text)
}
