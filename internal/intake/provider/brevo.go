package provider

import (
	"encoding/json"
	"strings"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/jsonlist"
)

// brevo reads an event of Brevo, of transactional mail or of marketing campaigns. It has no id, and only ts_epoch is a time in UTC.
// (developers.brevo.com, "Transactional webhooks", "Marketing webhooks".)
func brevo(j *judge, event jsonlist.Object) (string, []intake.Report, error) {
	name, reason := event.Text("event"), event.Text("reason")
	report := intake.Report{
		Address: address(event.Text("email")), Time: unixMillis(event.Text("ts_epoch")), Text: intake.ShortText(reason),
		Tokens: written(event.Text("X-Mailin-custom")),
		ID: facts("brevo", name, event.Text("message-id"), event.Text("id"), event.Text("camp_id"), event.Text("email"),
			event.Text("ts_epoch"), event.Text("ts_event"), event.Text("ts")),
	}
	switch name {
	case "hard_bounce", "invalid_email":
		return one(name, j.bounced(report, intake.Hard, "brevo-hard", "", reason))
	case "soft_bounce":
		return one(name, j.bounced(report, intake.Soft, "brevo-soft", "", reason))
	case "blocked":
		report.Kind = intake.Listed
	case "deferred":
		report.Kind = intake.Delayed
	case "delivered":
		report.Kind = intake.Delivered
	case "spam", "complaint":
		report.Kind = intake.Complaint
	case "unsubscribe", "unsubscribed":
		report.Kind, report.Group = intake.Unsubscribe, brevoLists(event)
	default:
		return known(name, "request", "sent", "opened", "unique_opened", "uniqueOpened", "proxy_open", "unique_proxy_open", "click",
			"error", "list_addition", "contact_updated", "contact_deleted", "inbound_email_processed")
	}
	return one(name, report)
}

// brevoLists returns the ids of the lists that an unsubscribe is about.
func brevoLists(event jsonlist.Object) string {
	var ids []string
	list, _ := event["list_id"].([]any)
	for _, one := range list {
		if number, ok := one.(json.Number); ok {
			ids = append(ids, number.String())
		}
	}
	return intake.ShortText(strings.Join(ids, ","))
}
