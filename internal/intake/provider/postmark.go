package provider

import (
	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/jsonlist"
)

// postmark reads an event of Postmark. (postmarkapp.com/developer/webhooks, "Bounce types".)
func postmark(j *judge, event jsonlist.Object) (string, []intake.Report, error) {
	name := event.Text("RecordType")
	tokens := intake.Tokens(metadata(event, "Metadata"))
	// A value of the metadata has at most 80 characters, and some tokens more.
	tokens.Add(event.Text("Tag"), intake.InMetadata)
	report := intake.Report{Address: address(event.Text("Email")), Tokens: tokens}
	if report.Address == "" {
		report.Address = address(event.Text("Recipient"))
	}
	at := ""
	for _, member := range []string{"BouncedAt", "ChangedAt", "DeliveredAt"} {
		if at == "" {
			at = event.Text(member)
		}
	}
	report.Time = rfc3339(at)
	if number := event.Text("ID"); number != "" && number != "0" {
		report.ID = id(name + "#" + number)
	} else {
		// MessageID is null for what was done by hand.
		report.ID = facts("postmark", name, event.Text("MessageID"), at, report.Address, event.Text("MessageStream"),
			event.Text("Origin"), event.Text("SuppressionReason"))
	}
	switch name {
	case "Bounce":
		return one(name, postmarkBounce(j, event, report))
	case "SpamComplaint":
		report.Kind = intake.Complaint
	case "SubscriptionChange":
		return one(name, postmarkChange(event, report))
	case "Delivery":
		report.Kind = intake.Delivered
	default:
		return known(name, "Open", "Click", "Inbound")
	}
	return one(name, report)
}

// postmarkChange reads a change of Postmark's list. Only what the recipient did is an unsubscribe; that sending is allowed again lifts nothing.
func postmarkChange(event jsonlist.Object, report intake.Report) intake.Report {
	report.Group = event.Text("MessageStream")
	switch {
	case event.Text("SuppressSending") != "true":
		report.Kind = intake.Ignored
	case event.Text("SuppressionReason") == "ManualSuppression" && event.Text("Origin") == "Recipient":
		report.Kind = intake.Unsubscribe
	default:
		report.Kind = intake.Listed
	}
	return report
}

// postmarkBounce reads a bounce by its type.
func postmarkBounce(j *judge, event jsonlist.Object, report intake.Report) intake.Report {
	// Description is a sentence of Postmark about the type, which lists what it might be.
	text := event.Text("Details")
	report.Text = intake.ShortText(text)
	class, rule := intake.Class(""), ""
	switch event.Text("Type") {
	case "HardBounce", "BadEmailAddress":
		class, rule = intake.Hard, "postmark-hard"
	case "SoftBounce", "Transient", "DnsError":
		class, rule = intake.Soft, "postmark-soft"
	case "Blocked", "SpamNotification":
		// SpamNotification is the filter of the receiver, not the person.
		class, rule = intake.Block, "postmark-blocked"
	case "DMARCPolicy", "VirusNotification":
		class, rule = intake.Policy, "postmark-sender"
	case "AutoResponder", "AddressChange", "ChallengeVerification", "Subscribe":
		report.Kind = intake.AutoReply
		return report
	case "SpamComplaint":
		report.Kind = intake.Complaint
		return report
	case "Unsubscribe":
		report.Kind = intake.Unsubscribe
		return report
	case "ManuallyDeactivated":
		report.Kind = intake.Listed
		return report
	case "Unconfirmed", "OpenRelayTest", "SMTPApiError", "InboundError", "TemplateRenderingFailed":
		report.Kind = intake.Ignored
		return report
	}
	return j.bounced(report, class, rule, "", text)
}
