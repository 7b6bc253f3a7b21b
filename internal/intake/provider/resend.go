package provider

import (
	"strings"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/jsonlist"
)

// resend reads an event of Resend. An event of a message with several recipients does not say which of them it is about.
// (resend.com/docs/webhooks.)
func resend(j *judge, event jsonlist.Object) (string, []intake.Report, error) {
	name := event.Text("type")
	report := intake.Report{Time: rfc3339(event.Text("created_at")), Tokens: resendTokens(event)}
	all := addresses(event.Texts("data.to"))
	if len(all) == 0 {
		// Some events have one address as text.
		all = addresses([]string{event.Text("data.to"), event.Text("data.email")})
	}
	switch name {
	case "email.bounced":
		report = resendBounce(j, event, report)
	case "email.complained":
		report.Kind = intake.Complaint
	case "email.delivered":
		report.Kind = intake.Delivered
	case "email.delivery_delayed":
		report.Kind = intake.Delayed
	case "email.suppressed":
		report.Kind, report.Text = intake.Listed, intake.ShortText(event.Text("data.suppressed.message"))
	case "suppression.added":
		report.Kind = intake.Listed
	case "contact.updated":
		// What a contact is now, not who did it.
		if event.Text("data.unsubscribed") != "true" {
			return ignored(name)
		}
		report.Kind = intake.Listed
	default:
		return known(name, "email.sent", "email.scheduled", "email.opened", "email.clicked", "email.received", "email.failed",
			"suppression.removed", "contact.created", "contact.deleted", "domain.created", "domain.updated", "domain.deleted")
	}
	var reports []intake.Report
	for _, one := range all {
		each := report
		each.Address, each.Ambiguous = one, len(all) > 1
		each.ID = facts("resend", name, event.Text("data.email_id"), event.Text("data.id"), event.Text("created_at"), one)
		reports = append(reports, each)
	}
	return name, reports, nil
}

// resendBounce reads a bounce: the types are those of SES, on which Resend stands.
func resendBounce(j *judge, event jsonlist.Object, report intake.Report) intake.Report {
	kind, sub := event.Text("data.bounce.type"), event.Text("data.bounce.subType")
	if sub == "Suppressed" || sub == "OnAccountSuppressionList" {
		report.Kind, report.Text = intake.Listed, intake.ShortText(event.Text("data.bounce.message"))
		return report
	}
	class, rule := intake.Soft, "resend-undetermined"
	switch {
	case kind == "Permanent":
		class, rule = intake.Hard, "resend-permanent"
	case sub == "MessageTooLarge" || sub == "AttachmentRejected":
		class, rule = intake.Policy, "resend-message"
	case sub == "ContentRejected":
		class, rule = intake.Block, "resend-content"
	case kind == "Transient":
		class, rule = intake.Soft, "resend-transient"
	}
	report = j.bounced(report, class, rule, "", strings.Join(event.Texts("data.bounce.diagnosticCode"), " "))
	if report.Text == "" {
		// A sentence of Resend about the type, which says nothing of the server.
		report.Text = intake.ShortText(event.Text("data.bounce.message"))
	}
	return report
}

// resendTokens returns our tokens: tags as an object or as a list of names and values, then the header Assent-Token.
func resendTokens(event jsonlist.Object) []intake.Token {
	var tokens intake.Tokens
	tokens.Add(event.Text("data.tags."+TokenKey), intake.InMetadata)
	for _, tag := range event.Objects("data.tags") {
		if tag.Text("name") == TokenKey {
			tokens.Add(tag.Text("value"), intake.InMetadata)
		}
	}
	headers(&tokens, event, "data.headers")
	return tokens
}
