package provider

import (
	"strings"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/jsonlist"
)

// sendgrid reads an event of SendGrid. The custom arguments of the sender stand among its members.
// (docs.sendgrid.com, "Event Webhook Reference".)
func sendgrid(j *judge, event jsonlist.Object) (string, []intake.Report, error) {
	report := intake.Report{
		Address: address(event.Text("email")), Time: unixTime(event.Text("timestamp")), ID: id(event.Text("sg_event_id")),
		Tokens: sendgridTokens(event),
	}
	reason := event.Text("reason")
	if reason == "" {
		reason = event.Text("response")
	}
	report.Text = intake.ShortText(reason)
	name := event.Text("event")
	switch name {
	case "bounce":
		said, rule := sendgridClass(event.Text("type"), event.Text("bounce_classification"))
		return one(name, j.bounced(report, said, rule, event.Text("status"), reason))
	case "dropped":
		if !sendgridListed(reason) {
			return ignored(name)
		}
		report.Kind = intake.Listed
	case "deferred":
		report.Kind = intake.Delayed
	case "delivered":
		report.Kind = intake.Delivered
	case "spamreport":
		report.Kind = intake.Complaint
	case "unsubscribe":
		report.Kind = intake.Unsubscribe
	case "group_unsubscribe":
		report.Kind, report.Group = intake.Unsubscribe, event.Text("asm_group_id")
	default:
		return known(name, "processed", "open", "click", "group_resubscribe", "account_status_change")
	}
	return one(name, report)
}

func sendgridTokens(event jsonlist.Object) []intake.Token {
	var tokens intake.Tokens
	tokens.Add(event.Text(TokenKey), intake.InMetadata)
	// The member where older versions of the event put them.
	tokens.Add(event.Text("unique_args."+TokenKey), intake.InMetadata)
	return tokens
}

// sendgridClass returns what SendGrid says of a bounce; empty: only what the server said counts.
func sendgridClass(kind, classification string) (intake.Class, string) {
	if kind == "blocked" {
		return intake.Block, "sendgrid-blocked"
	}
	switch classification {
	case "Technical":
		return intake.Soft, "sendgrid-technical"
	case "Content", "Reputation", "Frequency or Volume Too High", "Frequency/Volume":
		return intake.Block, "sendgrid-refused"
	case "Mailbox Unavailable", "Unclassified", "":
		// SendGrid does not say what it was.
		return "", ""
	}
	return intake.Hard, "sendgrid-bounce"
}

// sendgridListed reports whether a message was dropped because of a list of SendGrid, and not because of its content.
func sendgridListed(reason string) bool {
	for _, begin := range []string{"bounced address", "unsubscribed address", "spam reporting address", "invalid"} {
		if strings.HasPrefix(strings.ToLower(reason), begin) {
			return !strings.HasPrefix(strings.ToLower(reason), "invalid smtpapi")
		}
	}
	return false
}
