package provider

import (
	"testing"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/intake/bounce"
)

func TestRules_ThatAreNamedHere_AreRowsOfTheTable(t *testing.T) {
	classes := bounce.New()
	for _, rule := range append(vague(), hostUnknown) {
		if _, ok := classes.Row(rule); !ok {
			t.Errorf("the table of bounces has no row %s", rule)
		}
	}
}

func TestBounced_OfTwoJudgements_TheMoreCarefulCounts(t *testing.T) {
	j := NewReader().judge
	for _, c := range []struct {
		said   intake.Class
		status string
		text   string
		want   intake.Class
		rule   string
	}{
		{intake.Hard, "5.1.1", "user unknown", intake.Hard, "unknown-user"},
		{intake.Hard, "", "", intake.Hard, "said"},
		{intake.Hard, "5.0.0", "something", intake.Hard, "said"},
		{intake.Hard, "", "554 something", intake.Hard, "said"},
		{intake.Hard, "5.2.2", "mailbox full", intake.Soft, "mailbox-full"},
		{intake.Hard, "4.4.7", "expired", intake.Soft, "temporary"},
		{intake.Hard, "5.7.1", "refused as spam", intake.Block, "spam"},
		{intake.Hard, "5.7.1", "fails DMARC", intake.Policy, "authentication"},
		{intake.Soft, "5.1.1", "user unknown", intake.Soft, "said"},
		{intake.Soft, "5.7.1", "refused as spam", intake.Block, "spam"},
		{intake.Soft, "5.7.1", "fails DMARC", intake.Policy, "authentication"},
		{intake.Block, "5.1.1", "user unknown", intake.Block, "said"},
		{intake.Block, "5.2.2", "mailbox full", intake.Block, "said"},
		{intake.Block, "5.7.1", "fails DMARC", intake.Policy, "authentication"},
		{intake.Policy, "5.1.1", "user unknown", intake.Policy, "said"},
		{intake.Policy, "5.7.1", "refused as spam", intake.Policy, "said"},
		{"", "5.1.1", "user unknown", intake.Hard, "unknown-user"},
		{"", "", "", intake.Soft, "unexplained"},
	} {
		got := j.bounced(intake.Report{}, c.said, "said", c.status, c.text)
		if got.Kind != intake.Bounce || got.Class != c.want || got.Rule != c.rule {
			t.Errorf("said %q, %s %q: class %s by %s, want %s by %s", c.said, c.status, c.text, got.Class, got.Rule, c.want, c.rule)
		}
	}
}
