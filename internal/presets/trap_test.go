package presets_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/presets"
)

// one reads a row of one preset, given as a header and cells with a bar between them.
func one(t testing.TB, preset, header, cells string, o presets.Options) presets.Result {
	t.Helper()
	o.Imported = imported()
	columns := presets.NewColumns(strings.Split(header, "|"))
	reader, err := named(t, preset).NewReader(columns, o)
	if err != nil {
		t.Fatal(err)
	}
	return reader.Read(presets.Row{Columns: columns, Cells: strings.Split(cells, "|")})
}

// short is a result in a few words: the outcome or its cause, and the records.
func short(r *presets.Result) string {
	words := []string{string(r.Outcome)}
	if r.Cause != "" {
		words[0] = string(r.Cause)
	}
	for i := range r.Records {
		of := saidBy(&r.Records[i])
		words = append(words, of.what, of.at)
	}
	return strings.Join(words, ", ")
}

func TestRead_Traps(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	const contact = "Email Address|OPTIN_TIME|OPTIN_IP|CONFIRM_TIME|CONFIRM_IP"
	const own = "match|address|domain|scope|kind|reason|since|until"
	subscribers := presets.Options{Status: "subscribed", Channel: "newsletter", Declaration: "signup@2024-01"}
	unsubscribed := func(zone *time.Location, order presets.DayOrder) presets.Options {
		return presets.Options{Status: "unsubscribed", Channel: "newsletter", Zone: zone, Order: order}
	}
	withdrawn := func(at string) string { return "recorded, withdraw newsletter, " + at }
	for name, c := range map[string]struct {
		preset, header, cells string
		options               presets.Options
		want                  string
	}{
		// Consents.
		"opt-in alone proves nothing":                     {"mailchimp", contact, "a@firma.example|2024-01-01 10:00:00|||", subscribers, "NO_PROOF"},
		"confirmation without opt-in":                     {"mailchimp", contact, "a@firma.example|||2024-01-01 10:00:00|192.0.2.1", subscribers, "NO_PROOF"},
		"confirmation at the opt-in, no IP":               {"mailchimp", contact, "a@firma.example|2024-01-01 10:00:00||2024-01-01 10:00:00|192.0.2.1", subscribers, "NO_PROOF"},
		"confirmation before the opt-in":                  {"mailchimp", contact, "a@firma.example|2024-01-01 10:00:00||2023-01-01 10:00:00|192.0.2.1", subscribers, "NO_PROOF"},
		"an IP address that is none":                      {"mailchimp", contact, "a@firma.example|2024-01-01 10:00:00|somewhere||", subscribers, "NO_PROOF"},
		"the unspecified IP address":                      {"mailchimp", contact, "a@firma.example|2024-01-01 10:00:00|0.0.0.0||", subscribers, "NO_PROOF"},
		"opt-in and IP":                                   {"mailchimp", contact, "a@firma.example|2024-01-01 10:00:00|192.0.2.1||", subscribers, "recorded, grant newsletter, 2024-01-01T10:00:00Z"},
		"an opt-in of a day begins it":                    {"mailchimp", contact, "a@firma.example|2024-01-01|192.0.2.1||", subscribers, "recorded, grant newsletter, 2024-01-01T00:00:00Z"},
		"an opt-in in the future":                         {"mailchimp", contact, "a@firma.example|2027-01-01 10:00:00|192.0.2.1||", subscribers, "TIME_IN_FUTURE"},
		"a subscriber's list of unsubscribed has opt-ins": {"mailchimp", contact, "a@firma.example|2024-01-01 10:00:00|192.0.2.1||", unsubscribed(nil, 0), withdrawn(ofFile)},
		"Klaviyo's can receive is no consent":             {"klaviyo", "email|consent|reason", "a@firma.example|NEVER_SUBSCRIBED|", presets.Options{}, "NO_STATEMENT"},
		"profiles in a file that is called suppressed":    {"klaviyo", "attributes.email|attributes.subscriptions.email.marketing.consent", "a@firma.example|NEVER_SUBSCRIBED", presets.Options{FileName: "suppressed.json"}, "NO_STATEMENT"},
		"a listmonk export that is called blocklist":      {"listmonk", "email|status", "a@firma.example|enabled", presets.Options{FileName: "blocklist.csv"}, "NO_STATEMENT"},
		"Braze's subscribed is neither":                   {"braze", "email|email_subscribe", "a@firma.example|subscribed", presets.Options{}, "NO_STATEMENT"},
		// Ends. A bounce that ended still leaves only later grants counting.
		"a block that ended":                   {"assent", own, "exact|a@firma.example||all|suppression|MANUAL|2026-10-01T00:00:00Z|2026-10-31T00:00:00Z", presets.Options{}, "NO_STATEMENT"},
		"a bounce that ended":                  {"assent", own, "exact|a@firma.example||all|suppression|HARD_BOUNCE|2026-10-01T00:00:00Z|2026-10-31T00:00:00Z", presets.Options{}, "recorded, suppress HARD_BOUNCE all until 2026-10-31T00:00:00Z, 2026-10-01T00:00:00Z"},
		"a bounce that ended, of no known day": {"assent", own, "exact|a@firma.example||all|suppression|HARD_BOUNCE||2026-10-31T00:00:00Z", presets.Options{}, "recorded, suppress HARD_BOUNCE all until 2026-10-31T00:00:00Z, " + ofFile},
		// Times.
		"doubled hour, a refusal is the later": {"mailchimp", "Email|UNSUB_TIME", "a@firma.example|2025-10-26 02:30:00", unsubscribed(vienna, 0), withdrawn("2025-10-26T01:30:00Z")},
		"doubled hour, a consent the earlier":  {"mailchimp", contact, "a@firma.example|2025-10-26 02:30:00|192.0.2.1||", presets.Options{Status: "subscribed", Channel: "n", Declaration: "a@1", Zone: vienna}, "recorded, grant n, 2025-10-26T00:30:00Z"},
		"missing hour":                         {"mailchimp", "Email|UNSUB_TIME", "a@firma.example|2025-03-30 02:30:00", unsubscribed(vienna, 0), "INVALID_TIME"},
		"a bare date is its end":               {"mailchimp", "Email|UNSUB_TIME", "a@firma.example|2025-03-30", unsubscribed(nil, 0), withdrawn("2025-03-30T23:59:59Z")},
		"today is not the future":              {"mailchimp", "Email|UNSUB_TIME", "a@firma.example|2026-11-30", unsubscribed(nil, 0), withdrawn("2026-11-30T06:00:00Z")},
		"tomorrow is":                          {"mailchimp", "Email|UNSUB_TIME", "a@firma.example|2026-12-01", unsubscribed(nil, 0), "TIME_IN_FUTURE"},
		"order not known":                      {"mailchimp", "Email|UNSUB_TIME", "a@firma.example|03/04/2025", unsubscribed(nil, 0), "INVALID_TIME"},
		"day first":                            {"mailchimp", "Email|UNSUB_TIME", "a@firma.example|03/04/2025 10:00", unsubscribed(nil, presets.DayFirst), withdrawn("2025-04-03T10:00:00Z")},
		"month first":                          {"mailchimp", "Email|UNSUB_TIME", "a@firma.example|03/04/2025 10:00", unsubscribed(nil, presets.MonthFirst), withdrawn("2025-03-04T10:00:00Z")},
		"Brevo has the day first":              {"brevo", "EMAIL|EMAIL_BLACKLISTED|MODIFIED_TIME", "a@firma.example|Yes|12-04-2022 09:30", presets.Options{}, "recorded, suppress OBJECTION marketing, 2022-04-12T09:30:00Z"},
		"epoch 0 is never":                     {"sendgrid", "email|created", "a@firma.example|0", presets.Options{Status: "global_unsubscribes"}, "recorded, withdraw all, " + ofFile},
		"epoch of milliseconds":                {"sendgrid", "email|created", "a@firma.example|1700000000123", presets.Options{Status: "global_unsubscribes"}, "recorded, withdraw all, 2023-11-14T22:13:20Z"},
		"year 1 is never":                      {"mailchimp", "Email|UNSUB_TIME", "a@firma.example|0001-01-01 00:00:00 +0000 UTC", unsubscribed(nil, 0), withdrawn(ofFile)},
		"no time at all":                       {"mailchimp", "Email|UNSUB_TIME", "a@firma.example|yesterday", unsubscribed(nil, 0), "INVALID_TIME"},
		// Lists.
		"a group that is not mapped":             {"sendgrid", "email|group_id", "a@firma.example|12", presets.Options{Channel: "newsletter"}, "UNMAPPED"},
		"a group by its name":                    {"sendgrid", "email|group_id|group_name", "a@firma.example|12|News Letter", presets.Options{Map: map[string]string{"group:newsletter": "n"}}, "recorded, withdraw n, " + ofFile},
		"a tag that is mapped and one that not":  {"mailgun", "address|tags", "a@firma.example|x,y", presets.Options{Map: map[string]string{"tag:x": "n"}}, "UNMAPPED, withdraw n, " + ofFile},
		"a star among tags is everything":        {"mailgun", "address|tags", "a@firma.example|x,*", presets.Options{}, "recorded, withdraw all, " + ofFile},
		"Postmark, a person, no channel":         {"postmark", "EmailAddress|SuppressionReason|Origin", "a@firma.example|ManualSuppression|Recipient", presets.Options{}, "UNMAPPED"},
		"Postmark, our own export":               {"postmark", "EmailAddress|SuppressionReason|Origin", "a@firma.example|ManualSuppression|Customer", presets.Options{}, "recorded, suppress MANUAL marketing, " + ofFile},
		"HubSpot, an unmapped type and a bounce": {"hubspot", "Email|Portal Bounce|Portal Unsubscribe|Portal Spam Report|News", "a@firma.example|TRUE|||TRUE", presets.Options{}, "UNMAPPED, suppress HARD_BOUNCE all, " + ofFile},
		"HubSpot, other accounts' bounce":        {"hubspot", "Email|Portal Bounce|Global Bounce", "a@firma.example||TRUE", presets.Options{}, "HINT"},
		"Klaviyo, a reason that is left out":     {"klaviyo", "Email|Reason|Timestamp", "a@firma.example||2025-01-02T03:04:05Z", presets.Options{}, "UNKNOWN_STATUS"},
		"Klaviyo, an entry without a reason":     {"klaviyo", "email|subscriptions.email.marketing.consent|subscriptions.email.marketing.suppression.0.timestamp", "a@firma.example|NEVER_SUBSCRIBED|2025-01-02T03:04:05Z", presets.Options{}, "UNKNOWN_STATUS"},
		"Klaviyo, an entry that is null":         {"klaviyo", "email|subscriptions.email.marketing.consent|subscriptions.email.marketing.suppression.0", "a@firma.example|NEVER_SUBSCRIBED|", presets.Options{}, "UNKNOWN_STATUS"},
		"Klaviyo, a second entry after a null":   {"klaviyo", "email|subscriptions.email.marketing.consent|subscriptions.email.marketing.suppression.0|subscriptions.email.marketing.suppression.1.reason", "a@firma.example|NEVER_SUBSCRIBED||HARD_BOUNCE", presets.Options{}, "UNKNOWN_STATUS, suppress HARD_BOUNCE all, " + ofFile},
		"Klaviyo, a profile that never was one":  {"klaviyo", "Email|Email Marketing Consent|Reason", "a@firma.example|NEVER_SUBSCRIBED|", presets.Options{}, "NO_STATEMENT"},
		// Bounces.
		"a full mailbox on a list of bounces":  {"sendgrid", "status|reason|email|created", "5.2.2|x|a@firma.example|1700000000", presets.Options{Status: "bounces"}, "SOFT_BOUNCE"},
		"a block":                              {"sendgrid", "status|reason|email|created", "5.1.1|x|a@firma.example|1700000000", presets.Options{Status: "blocks"}, "SOFT_BOUNCE"},
		"a new owner is a hard bounce":         {"sendgrid", "status|reason|email|created", "5.7.17|x|a@firma.example|1700000000", presets.Options{Status: "bounces"}, "recorded, suppress HARD_BOUNCE all, 2023-11-14T22:13:20Z"},
		"Mandrill's expiry is not ours":        {"mandrill", "email|reason|created_at|expires_at|expires_at", "a@firma.example|hard-bounce|2015-06-01 10:11:12|2015-06-08 00:00:00|2016-01-01 00:00:00", presets.Options{}, "recorded, suppress HARD_BOUNCE all, 2015-06-01T10:11:12Z"},
		"Mandrill's soft bounce":               {"mandrill", "email|reason", "a@firma.example|soft-bounce", presets.Options{}, "SOFT_BOUNCE"},
		"--scope is of what was blocked":       {"mandrill", "email|reason", "a@firma.example|custom", presets.Options{Scope: "all"}, "recorded, suppress MANUAL all, " + ofFile},
		"--scope does not narrow a bounce":     {"mandrill", "email|reason", "a@firma.example|hard-bounce", presets.Options{Scope: "channel:n"}, "recorded, suppress HARD_BOUNCE all, " + ofFile},
		"--scope does not narrow a complaint":  {"mandrill", "email|reason", "a@firma.example|spam", presets.Options{Scope: "channel:n"}, "recorded, suppress COMPLAINT marketing, " + ofFile},
		"an allowlist is no consent":           {"mailgun", "type|value|reason", "address|a@firma.example|x", presets.Options{}, "ALLOWLIST"},
		"text messages are another medium":     {"mautic", "email|channel|reason", "a@firma.example|sms|1", presets.Options{}, "OTHER_MEDIUM"},
		"CleverReach, activated again":         {"cleverreach", "email|registered|activated|deactivated|bounced", "a@firma.example|1600000000|1700000000|1650000000|0", presets.Options{Channel: "n"}, "recorded, withdraw n, 2022-04-15T05:20:00Z"},
		"a domain of a list of bounces":        {"plain", "address", "*@firma.example", presets.Options{Status: "hard_bounce"}, "AMBIGUOUS_ROW"},
		"a public suffix cannot be blocked":    {"plain", "address", "*@co.uk", presets.Options{}, "INVALID_ADDRESS"},
		"names of columns in another spelling": {"sendgrid", "\ufeffE-Mail|Created_At", " a@firma.example |1700000000", presets.Options{Status: "global_unsubscribes"}, "recorded, withdraw all, 2023-11-14T22:13:20Z"},
		"two columns of one name that differ":  {"mandrill", "email|reason|reason", "a@firma.example|spam|unsub", presets.Options{}, "AMBIGUOUS_ROW"},
		"two columns of one name that agree":   {"mandrill", "email|reason|reason", "a@firma.example|spam|spam", presets.Options{}, "recorded, suppress COMPLAINT marketing, " + ofFile},
		"a cell too few":                       {"mandrill", "email|reason", "a@firma.example", presets.Options{}, "AMBIGUOUS_ROW"},
		"an archived contact may have left":    {"mailchimp", "Email", "a@firma.example", presets.Options{Status: "archived"}, "UNKNOWN_STATUS"},
		"a contact that never subscribed":      {"mailchimp", "Email", "a@firma.example", presets.Options{Status: "nonsubscribed"}, "NO_STATEMENT"},
	} {
		t.Run(name, func(t *testing.T) {
			result := one(t, c.preset, c.header, c.cells, c.options)
			if got := short(&result); got != c.want {
				t.Errorf("got %s, want %s (%s)", got, c.want, result.Why)
			}
		})
	}
}

func TestRead_UnmappedKeyThatMayBeAnAddress_IsNotNamed(t *testing.T) {
	result := one(t, "sendgrid", "email|group_id", "a@firma.example|b@firma.example", presets.Options{})
	if result.Cause != presets.Unmapped || len(result.Unmapped) != 0 {
		t.Errorf("got %+v", result)
	}
	result = one(t, "sendgrid", "email|group_id", "a@firma.example|12", presets.Options{})
	if len(result.Unmapped) != 1 || result.Unmapped[0] != "group:12" {
		t.Errorf("got %+v", result)
	}
}

// TestRead_RowOfMoreThan100Things_IsRejected_AndTheFirstOnesAreTaken holds that no row becomes a transaction of any size.
func TestRead_RowOfMoreThan100Things_IsRejected_AndTheFirstOnesAreTaken(t *testing.T) {
	tags := func(n int) (string, presets.Options) {
		var list []string
		o := presets.Options{Map: map[string]string{}}
		for i := range n {
			list = append(list, fmt.Sprintf("t%d", i))
			o.Map[fmt.Sprintf("tag:t%d", i)] = fmt.Sprintf("channel-%d", i)
		}
		return strings.Join(list, ","), o
	}
	list, o := tags(presets.MaxRecords)
	if result := one(t, "mailgun", "address|tags", "a@firma.example|"+list, o); result.Outcome != presets.Recorded || len(result.Records) != presets.MaxRecords {
		t.Errorf("a row of %d tags: %s, %d records (%s)", presets.MaxRecords, result.Outcome, len(result.Records), result.Why)
	}
	list, o = tags(presets.MaxRecords + 1)
	result := one(t, "mailgun", "address|tags", "a@firma.example|"+list, o)
	if result.Cause != presets.TooMany || len(result.Records) != presets.MaxRecords || !strings.Contains(result.Why, "more than 100 things") {
		t.Errorf("a row of one more: %s, %d records (%s)", result.Cause, len(result.Records), result.Why)
	}
}
