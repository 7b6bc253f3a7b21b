package catalog

import (
	"errors"
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	// The examples are left out: long seeds take the fuzzer's time for
	// shortening them.
	f.Add([]byte(twoSenders(Mailbox{"Acme", "a@b.example"}, Mailbox{"Acme", "a@b.example"}, "")))
	f.Add([]byte("channels: [{id: a, honours: [a]}]\npolicy: {decision_ttl: P0D}"))
	f.Add([]byte("quiet_hours: [{zone: Europe/Vienna, from: 20:00, until: 24:00, days: [mon]}]\nfreezes: [{zone: UTC, from: 2026-12-24, until: 2026-12-26T00:00:00Z}]"))
	f.Add([]byte("departments: [{id: a, desk: {members: [{id: m, email: m@b.example}], hours: {zone: UTC, week: [{days: [mon], from: 08:00, until: 12:00}]}, holidays: {base: AT, add: [2026-12-24], remove: [Fronleichnam]}, answer_within: {complaint: PT8H}, escalate_to: {member: m}}}]"))
	f.Fuzz(func(t *testing.T, document []byte) {
		c, _, err := Parse("f", document)
		if err != nil {
			invalid, ok := errors.AsType[*Invalid](err)
			if !ok || c != nil || len(invalid.Problems) == 0 || invalid.Error() == "" {
				t.Fatalf("error %T %v", err, err)
			}
			return
		}
		for i := range c.Channels {
			channel := &c.Channels[i]
			if _, ok := c.SenderIdentity(channel.DefaultSender()); !ok || channel.Controller == "" || channel.Class == "" {
				t.Fatalf("the channel %+v lacks something", channel)
			}
		}
		for i := range c.Departments {
			if desk := c.Departments[i].Desk; desk != nil {
				if _, err := desk.Calendar(); err != nil {
					t.Fatalf("the desk %+v has no calendar: %v", desk, err)
				}
			}
		}
		if err := CheckSuccessor(c, c, func(Ref) bool { return true }); err != nil {
			t.Fatalf("a catalog may not follow itself: %v", err)
		}
	})
}

func FuzzParseDeclarationRef(f *testing.F) {
	for _, seed := range []string{"newsletter-signup@2026-01", "@", "a@b@c", "A@1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, version, err := ParseDeclarationRef(s)
		if err == nil && (id+"@"+version != s || strings.Contains(version, "@")) {
			t.Fatalf("%q is %q and %q", s, id, version)
		}
	})
}
