package provider

import (
	"errors"
	"strings"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/jsonlist"
)

// sparkpost reads an event of SparkPost: an object msys with one class of events in it, or with nothing, which is a ping.
// (developers.sparkpost.com, "Webhook event reference", "Bounce classification codes".)
func sparkpost(j *judge, body jsonlist.Object) (string, []intake.Report, error) {
	classes, ok := body["msys"].(map[string]any)
	if !ok {
		return "", nil, errors.New("it has no object msys")
	}
	if len(classes) == 0 {
		return ignored("ping")
	}
	if len(classes) > 1 {
		return "", nil, errors.New("its msys has several classes of events; an event has one")
	}
	for _, inner := range classes {
		if event, ok := inner.(map[string]any); ok {
			return sparkpostEvent(j, event)
		}
	}
	return "", nil, errors.New("the class of events in its msys is no object")
}

func sparkpostEvent(j *judge, event jsonlist.Object) (string, []intake.Report, error) {
	report := intake.Report{
		Address: address(event.Text("raw_rcpt_to")), Time: unixTime(event.Text("timestamp")), ID: id(event.Text("event_id")),
		Tokens: metadata(event, "rcpt_meta"),
	}
	if report.Address == "" {
		report.Address = address(event.Text("rcpt_to"))
	}
	text := event.Text("raw_reason")
	if text == "" {
		text = event.Text("reason")
	}
	report.Text = intake.ShortText(text)
	name := event.Text("type")
	switch name {
	case "bounce", "out_of_band":
		return one(name, sparkpostBounce(j, event, report, withCode(event.Text("error_code"), text)))
	case "policy_rejection", "generation_rejection":
		if !strings.Contains(strings.ToLower(text), "suppress") {
			return ignored(name)
		}
		report.Kind = intake.Listed
	case "delay":
		report.Kind = intake.Delayed
	case "delivery":
		report.Kind = intake.Delivered
	case "spam_complaint":
		report.Kind = intake.Complaint
		if kind := strings.ToLower(event.Text("fbtype")); kind == "not-spam" || kind == "auth-failure" {
			report.Kind = intake.Ignored
		}
	case "list_unsubscribe", "link_unsubscribe":
		report.Kind = intake.Unsubscribe
	default:
		if name == "" {
			// An event of another class, such as of relaying, may have no type.
			return "", nil, nil
		}
		return known(name, "injection", "generation_failure", "open", "initial_open", "click", "amp_open", "amp_initial_open", "amp_click",
			"relay_injection", "relay_rejection", "relay_delivery", "relay_tempfail", "relay_permfail", "ab_test_completed",
			"ab_test_cancelled", "success", "error")
	}
	return one(name, report)
}

// sparkpostBounce reads a bounce by its class.
func sparkpostBounce(j *judge, event jsonlist.Object, report intake.Report, text string) intake.Report {
	if strings.Contains(strings.ToLower(text), "recipient address suppressed") {
		report.Kind = intake.Listed
		return report
	}
	class, rule := intake.Class(""), ""
	switch event.Text("bounce_class") {
	case "10", "30":
		class, rule = intake.Hard, "sparkpost-hard"
	case "20", "21", "22", "24", "40", "70":
		class, rule = intake.Soft, "sparkpost-soft"
	case "25", "50", "51", "52", "53":
		class, rule = intake.Block, "sparkpost-block"
	case "23", "54":
		class, rule = intake.Policy, "sparkpost-sender"
	case "26":
		report.Kind = intake.Listed
		return report
	case "60", "80", "100":
		report.Kind = intake.AutoReply
		return report
	case "90":
		report.Kind = intake.Unsubscribe
		return report
	}
	return j.bounced(report, class, rule, "", text)
}
