package provider

import (
	"strconv"
	"strings"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/jsonlist"
)

// mailgun reads an event of Mailgun: an object event-data beside the signature, or the flat fields of the older form.
// (documentation.mailgun.com, "Webhooks" and "Event structure".)
func mailgun(j *judge, body jsonlist.Object) (string, []intake.Report, error) {
	event := body
	if inner, ok := body["event-data"].(map[string]any); ok {
		event = inner
	}
	at := event.Text("timestamp")
	report := intake.Report{
		Address: address(event.Text("recipient")), Time: unixTime(at), Tokens: mailgunTokens(event),
		// The id is that of the event only for a day.
		ID: facts("mailgun", event.Text("id"), at, event.Text("event"), event.Text("token")),
	}
	name := event.Text("event")
	switch name {
	case "failed":
		return one(name, mailgunFailed(j, event, report))
	case "bounced":
		return one(name, j.bounced(report, intake.Hard, "mailgun-permanent", "", withCode(event.Text("code"), event.Text("error"))))
	case "dropped":
		report.Kind, report.Text = intake.Listed, intake.ShortText(event.Text("description"))
		if reason := event.Text("reason"); reason == "old" {
			report = j.bounced(report, intake.Soft, "mailgun-expired", "", withCode(event.Text("code"), event.Text("description")))
		}
	case "complained":
		report.Kind = intake.Complaint
	case "unsubscribed":
		report.Kind, report.Group = intake.Unsubscribe, event.Text("mailing-list.address")
	case "delivered":
		report.Kind = intake.Delivered
	default:
		return known(name, "accepted", "opened", "clicked", "stored", "rejected", "list_member_uploaded", "list_member_upload_error",
			"list_uploaded", "email_validation")
	}
	return one(name, report)
}

// mailgunFailed reads a failure: Mailgun tries one that is temporary again, so nothing is lost yet.
func mailgunFailed(j *judge, event jsonlist.Object, report intake.Report) intake.Report {
	code, text := event.Text("delivery-status.code"), event.Text("delivery-status.message")
	if text == "" {
		text = event.Text("delivery-status.description")
	}
	status, reason := event.Text("delivery-status.enhanced-code"), event.Text("reason")
	report.Text = intake.ShortText(text)
	// 605 to 607 are codes of Mailgun's own for addresses on its lists.
	number, _ := strconv.Atoi(code)
	const bounced, unsubscribed = 605, 607
	switch {
	case strings.HasPrefix(reason, "suppress-") || number >= bounced && number <= unsubscribed:
		report.Kind = intake.Listed
		return report
	case event.Text("severity") == "temporary" && event.Text("delivery-status.retry-seconds") != "":
		report.Kind = intake.Delayed
		return report
	case event.Text("severity") != "permanent":
		// Mailgun names one of the two; what says neither is not called dead.
		return j.bounced(report, intake.Soft, "mailgun-temporary", status, withCode(code, text))
	}
	switch {
	case reason == "espblock":
		return j.bounced(report, intake.Block, "mailgun-espblock", status, withCode(code, text))
	case reason == "old", event.Text("delivery-status.bounce-type") == "soft":
		return j.bounced(report, intake.Soft, "mailgun-expired", status, withCode(code, text))
	}
	return j.bounced(report, intake.Hard, "mailgun-permanent", status, withCode(code, text))
}

func mailgunTokens(event jsonlist.Object) []intake.Token {
	var tokens intake.Tokens
	tokens.Add(event.Text("user-variables."+TokenKey), intake.InMetadata)
	// The older form has the variables of the sender among its fields.
	tokens.Add(event.Text(TokenKey), intake.InMetadata)
	return tokens
}
