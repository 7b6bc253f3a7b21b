package leaving_test

import (
	"slices"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/leaving"
)

// TestLeft_IsWhatThePersonLeftSinceAndDidNotComeBackTo asks at 9, of what was left after 2.
func TestLeft_IsWhatThePersonLeftSinceAndDidNotComeBackTo(t *testing.T) {
	refused := func(at consent.Instant) *consent.State {
		return &consent.State{Refusals: []consent.Refusal{{Channel: "news", At: at}}}
	}
	said := func(reason consent.Reason, scope consent.Scope, at, until consent.Instant) *consent.State {
		return &consent.State{Suppressions: []consent.Suppression{{Reason: reason, Scope: scope, At: at, Until: until}}}
	}
	granted := func(channel string, at consent.Instant) *consent.State {
		return &consent.State{Grants: []consent.Grant{{Channels: []string{channel}, Origin: at, At: at, Confirmed: at}}}
	}
	other := &consent.State{Refusals: []consent.Refusal{{Channel: "news", At: 3, Only: [16]byte{1}}}}
	for name, c := range map[string]struct {
		known consent.Known
		want  []consent.Scope
	}{
		"nothing":                        {consent.Known{}, nil},
		"a refusal":                      {consent.Known{Folded: refused(3)}, []consent.Scope{"channel:news"}},
		"a refusal of long ago":          {consent.Known{Folded: refused(2)}, nil},
		"a refusal to come":              {consent.Known{Folded: refused(10)}, nil},
		"a refusal of another spelling":  {consent.Known{Folded: other}, nil},
		"a refusal of this spelling":     {consent.Known{Folded: other, Spelling: [16]byte{1}}, []consent.Scope{"channel:news"}},
		"one, and a consent since":       {consent.Known{Folded: refused(3), Exact: granted("news", 4)}, nil},
		"one, and a consent before":      {consent.Known{Folded: refused(3), Exact: granted("news", 2)}, []consent.Scope{"channel:news"}},
		"one, and a consent for another": {consent.Known{Folded: refused(3), Exact: granted("shop", 4)}, []consent.Scope{"channel:news"}},
		"one of a linked address":        {consent.Known{Linked: []consent.LinkedState{{State: refused(3)}}}, []consent.Scope{"channel:news"}},
		"an objection to a department":   {consent.Known{Folded: said(consent.ReasonObjection, "department:shop", 3, 0)}, []consent.Scope{"department:shop"}},
		"a complaint about a sender":     {consent.Known{Folded: said(consent.ReasonComplaint, "sender:shop", 3, 0)}, []consent.Scope{"sender:shop"}},
		"an objection that has ended":    {consent.Known{Folded: said(consent.ReasonObjection, "department:shop", 3, 5)}, nil},
		"an objection to all marketing":  {consent.Known{Folded: said(consent.ReasonObjection, consent.ScopeMarketing, 3, 0)}, nil},
		"a bounce":                       {consent.Known{Folded: said(consent.ReasonHardBounce, "channel:news", 3, 0)}, nil},
		"an objection of long ago":       {consent.Known{Folded: said(consent.ReasonObjection, "department:shop", 2, 0)}, nil},
	} {
		var got []consent.Scope
		leaving.Left(&c.known, 2, 9, func(scope consent.Scope) { got = append(got, scope) })
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
