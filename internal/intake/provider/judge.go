package provider

import (
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/intake/bounce"
)

// A judge says what a bounce means.
type judge struct {
	classes *bounce.Classifier
}

// bounced makes a report a bounce. Said is the class that the provider gave it, empty where it gave none, and rule the id of the rule by which
// that is so. What the server said, by status and text, is judged by the table of bounces, and of the two the more careful class counts:
//
//   - where the provider says hard, a text or code that tells of a full mailbox, of the network or of the sender's own fault wins;
//   - where it says soft, only block and policy win: never is more concluded than the provider did;
//   - where it says block, only policy wins.
func (j *judge) bounced(report intake.Report, said intake.Class, rule, status, text string) intake.Report {
	found := j.classes.Classify(status, "failed", text)
	report.Kind, report.Class, report.Rule = intake.Bounce, said, rule
	report.Status, report.Text = found.Status, intake.ShortText(text)
	if said == "" || explains(found.Rule) && (found.Class == said || outweighs(found.Class, said)) {
		report.Class, report.Rule, report.Domain, report.Then = found.Class, found.Rule, found.Domain, found.Then
	}
	return report
}

// hostUnknown is the row of the table of bounces for a domain that gets no mail.
const hostUnknown = "host-unknown"

// noDomain makes a report a bounce of a domain that gets no mail, as the provider said, unless the text explains it otherwise. As with the
// table, one such bounce is not enough.
func (j *judge) noDomain(report intake.Report, text string) intake.Report {
	report = j.bounced(report, intake.Hard, hostUnknown, "", text)
	if report.Rule == hostUnknown {
		report.Domain, report.Then = true, intake.HardAtSecond
	}
	return report
}

// explains reports whether a rule says more than that a delivery failed for good: then what the provider concluded stands.
func explains(rule string) bool { return !slices.Contains(vague(), rule) }

// vague lists the rows of the table of bounces that explain nothing.
func vague() []string { return []string{"permanent", "unexplained", "reply-refused"} }

// outweighs reports whether a class is more careful than what the provider said.
func outweighs(found, said intake.Class) bool {
	switch said {
	case intake.Hard:
		return found != intake.Hard
	case intake.Soft:
		return found == intake.Block || found == intake.Policy
	case intake.Block:
		return found == intake.Policy
	case intake.Policy:
	}
	return false
}

// withCode puts the reply code of SMTP before what the server said, where the provider gives it apart.
func withCode(code, text string) string {
	const digits = 3
	if len(code) != digits || strings.HasPrefix(text, code) {
		return text
	}
	return strings.TrimSpace(code + " " + text)
}
