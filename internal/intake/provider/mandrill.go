package provider

import (
	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/jsonlist"
)

// mandrill reads an event of Mailchimp Transactional: one of a message, or a change of its lists.
// (mailchimp.com/developer/transactional, "Webhooks".)
func mandrill(j *judge, event jsonlist.Object) (string, []intake.Report, error) {
	name, at := event.Text("event"), event.Text("ts")
	if name == "" {
		return mandrillList(event)
	}
	number := event.Text("_id")
	if number == "" {
		number = event.Text("msg._id")
	}
	report := intake.Report{
		Address: address(event.Text("msg.email")), Time: unixTime(at), Tokens: metadata(event, "msg.metadata"),
		ID: facts("mandrill", number, name, at),
	}
	text := event.Text("msg.diag")
	report.Text = intake.ShortText(text)
	switch name {
	case "hard_bounce":
		if event.Text("msg.bounce_description") == "invalid_domain" {
			return one(name, j.noDomain(report, text))
		}
		return one(name, j.bounced(report, intake.Hard, "mandrill-hard", "", text))
	case "soft_bounce":
		return one(name, j.bounced(report, intake.Soft, "mandrill-soft", "", text))
	case "reject":
		report.Kind = intake.Listed
	case "spam":
		report.Kind = intake.Complaint
	case "unsub":
		report.Kind = intake.Unsubscribe
	case "deferral":
		report.Kind = intake.Delayed
	case "delivered":
		report.Kind = intake.Delivered
	default:
		return known(name, "send", "open", "click", "inbound")
	}
	return one(name, report)
}

// mandrillList reads a change of a list of the account: an entry is a hint, that one was taken off lifts nothing.
func mandrillList(event jsonlist.Object) (string, []intake.Report, error) {
	name, action := event.Text("type"), event.Text("action")
	if name != "blacklist" || action == "remove" {
		return known(name, "blacklist", "whitelist", "allowlist")
	}
	entry := event.Text("reject.email")
	return one(name, intake.Report{
		Kind: intake.Listed, Address: address(entry), Time: unixTime(event.Text("ts")), Text: intake.ShortText(event.Text("reject.reason")),
		ID: facts("mandrill", name, action, entry, event.Text("ts")),
	})
}
