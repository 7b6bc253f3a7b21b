package provider

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/jsonlist"
)

// isPlainText reports whether the message of a topic is the sentence by which SES tries it, and no JSON.
func isPlainText(body []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(body), []byte("Successfully validated SNS topic"))
}

// ses reads an event of Amazon SES: notificationType is of feedback by a topic, eventType of event publishing.
// (docs.aws.amazon.com/ses, "Amazon SNS notification contents" and "Event data that Amazon SES publishes to Amazon SNS".)
func ses(j *judge, event jsonlist.Object) (string, []intake.Report, error) {
	name := event.Text("eventType")
	if name == "" {
		name = event.Text("notificationType")
	}
	base := intake.Report{Tokens: sesTokens(event)}
	switch name {
	case "Bounce":
		return name, sesBounce(j, event, base), nil
	case "Complaint":
		return name, sesComplaint(event, base), nil
	case "Delivery":
		return name, sesEach(event, base, intake.Delivered, "delivery.recipients", "delivery.timestamp"), nil
	case "DeliveryDelay":
		base.Text = intake.ShortText(event.Text("deliveryDelay.delayType"))
		var all []string
		for _, recipient := range event.Objects("deliveryDelay.delayedRecipients") {
			all = append(all, recipient.Text("emailAddress"))
		}
		return name, sesReports(event, base, intake.Delayed, all, "deliveryDelay.timestamp"), nil
	case "Subscription":
		return name, sesSubscription(event, base), nil
	}
	return known(name, "Send", "Open", "Click", "Reject", "Rendering Failure", "AmazonSnsSubscriptionSucceeded")
}

// sesTokens returns our tokens: tags of the message, then its header Assent-Token.
func sesTokens(event jsonlist.Object) []intake.Token {
	var tokens intake.Tokens
	for _, value := range event.Texts("mail.tags." + TokenKey) {
		tokens.Add(value, intake.InMetadata)
	}
	headers(&tokens, event, "mail.headers")
	return tokens
}

// sesBounce reads a bounce, which may name several recipients with an outcome each.
func sesBounce(j *judge, event jsonlist.Object, base intake.Report) []intake.Report {
	kind, sub := event.Text("bounce.bounceType"), event.Text("bounce.bounceSubType")
	base.Time = rfc3339(event.Text("bounce.timestamp"))
	var reports []intake.Report
	for i, recipient := range event.Objects("bounce.bouncedRecipients") {
		report := base
		report.Address = address(recipient.Text("emailAddress"))
		report.ID = sesID(event, "bounce.feedbackId", i)
		status, text := recipient.Text("status"), recipient.Text("diagnosticCode")
		switch {
		case kind == "Permanent" && (sub == "Suppressed" || sub == "OnAccountSuppressionList" || sub == "UnsubscribedRecipient"):
			report.Kind, report.Text = intake.Listed, intake.ShortText(text)
		case kind == "Transient" && sub == "General" && status == "" && text == "":
			// An out-of-office answer came back.
			report.Kind = intake.AutoReply
		case kind == "Transient" && (status == "5.4.4" || status == "5.1.2"):
			// SES calls a domain that does not exist transient, and it never gets better.
			report = j.bounced(report, "", "", status, text)
		default:
			said, rule := sesClass(kind, sub)
			report = j.bounced(report, said, rule, status, text)
		}
		reports = append(reports, report)
	}
	return reports
}

// sesClass returns what SES says of a bounce, by its type and sub-type.
func sesClass(kind, sub string) (intake.Class, string) {
	switch {
	case kind == "Permanent" && (sub == "General" || sub == "NoEmail"):
		return intake.Hard, "ses-permanent"
	case sub == "MessageTooLarge", sub == "AttachmentRejected":
		return intake.Policy, "ses-message"
	case sub == "ContentRejected":
		return intake.Block, "ses-content"
	case kind == "Transient":
		return intake.Soft, "ses-transient"
	}
	return intake.Soft, "ses-undetermined"
}

// sesComplaint reads a complaint. With several recipients it names all recipients of the mail at one domain, and not the one that complained.
func sesComplaint(event jsonlist.Object, base intake.Report) []intake.Report {
	var all []string
	for _, recipient := range event.Objects("complaint.complainedRecipients") {
		all = append(all, recipient.Text("emailAddress"))
	}
	kind := intake.Complaint
	switch strings.ToLower(event.Text("complaint.complaintFeedbackType")) {
	case "not-spam", "auth-failure":
		kind = intake.Ignored
	}
	if event.Text("complaint.complaintSubType") == "OnAccountSuppressionList" {
		kind = intake.Listed
	}
	reports := sesReports(event, base, kind, all, "complaint.timestamp")
	for i := range reports {
		reports[i].ID = sesID(event, "complaint.feedbackId", i)
	}
	return reports
}

// sesSubscription reads a change of preferences: only those that are newly refused.
func sesSubscription(event jsonlist.Object, base intake.Report) []intake.Report {
	const at = "subscription.timestamp"
	all := event.Texts("mail.destination")
	if event.Text("subscription.newTopicPreferences.unsubscribeAll") == "true" {
		base.Group = ""
		return sesReports(event, base, intake.Unsubscribe, all, at)
	}
	before := map[string]bool{}
	for _, topic := range event.Objects("subscription.oldTopicPreferences.topicSubscriptionStatus") {
		before[topic.Text("topicName")] = isOut(topic)
	}
	var reports []intake.Report
	for _, topic := range event.Objects("subscription.newTopicPreferences.topicSubscriptionStatus") {
		if name := topic.Text("topicName"); isOut(topic) && !before[name] {
			base.Group = name
			reports = append(reports, sesReports(event, base, intake.Unsubscribe, all, at)...)
		}
	}
	if len(reports) == 0 {
		return []intake.Report{{Kind: intake.Ignored}}
	}
	return reports
}

func isOut(topic jsonlist.Object) bool {
	status := topic.Text("subscriptionStatus")
	return strings.EqualFold(status, "OptOut") || strings.EqualFold(status, "OPT_OUT")
}

// sesEach makes a report for each address of the list at a path.
func sesEach(event jsonlist.Object, base intake.Report, kind intake.Kind, path, at string) []intake.Report {
	return sesReports(event, base, kind, event.Texts(path), at)
}

// sesReports makes a report for each address. Except of deliveries and delays, where each is said to have happened, several are ambiguous.
func sesReports(event jsonlist.Object, base intake.Report, kind intake.Kind, texts []string, at string) []intake.Report {
	all := addresses(texts)
	base.Kind, base.Time = kind, rfc3339(event.Text(at))
	base.Ambiguous = len(all) > 1 && kind != intake.Delivered && kind != intake.Delayed
	var reports []intake.Report
	for i, one := range all {
		report := base
		report.Address = one
		report.ID = facts("ses", string(kind), event.Text("mail.messageId"), event.Text(at), base.Group, strconv.Itoa(i))
		reports = append(reports, report)
	}
	return reports
}

// sesID returns the id of one recipient's part of a feedback: that is the same by a topic for feedback and by event publishing.
func sesID(event jsonlist.Object, path string, i int) string {
	feedback := event.Text(path)
	if feedback == "" {
		return facts("ses", path, event.Text("mail.messageId"), strconv.Itoa(i))
	}
	return id(feedback + "#" + strconv.Itoa(i+1))
}
