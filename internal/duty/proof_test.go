package duty_test

import (
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/duty"
	"github.com/assent-io/assent/internal/locale"
)

func at(day int) time.Time { return time.Date(2026, 3, day, 10, 0, 0, 0, time.UTC) }

// knownOf is an address with a double opt-in, an objection, events of another channel and two uses.
func knownOf(t *testing.T) *duty.Known {
	t.Helper()
	of := []string{"magazine"}
	return &duty.Known{
		Address: "anna@example.com", Channel: "magazine", Catalog: changed(t), Rules: duty.Rules{Version: 7},
		Standing: duty.Standing{Verdict: "DENY", Reason: "OBJECTION", Explanation: "The person has objected.", DecidedTime: at(28)},
		Events: []duty.Event{
			{
				Position: 4, Kind: "request", Occurred: at(1), Recorded: at(1), Actor: "shop", Channels: of, Declaration: "web", Version: "1",
				Source: "web_form", Evidence: duty.Evidence{URL: "https://netz.example/<magazin>", IP: "192.0.2.1"},
			},
			{Position: 6, Kind: "confirm", Occurred: at(2), Recorded: at(2), Actor: "shop", Channels: of},
			{
				Position: 7, Kind: "grant", Occurred: at(3), Recorded: at(3), Actor: "shop", Channels: []string{"outages"},
				Basis: catalog.BasisContract, Evidence: duty.Evidence{Note: "of another channel"},
			},
			{Position: 8, Kind: "refuse", Occurred: at(4), Recorded: at(4), Actor: "shop", Channels: []string{"offers"}},
			{Position: 9, Kind: "suppress", Occurred: at(20), Recorded: at(21), Actor: "dpo", Reason: "OBJECTION", Scope: "marketing"},
		},
		Uses:       []duty.Use{{Day: at(10), Client: "mailer", Count: 3}, {Day: at(12), Client: "mailer", Department: "press", Count: 4}},
		Proofs:     map[int64]duty.Inclusion{4: {Size: 9, LeafHash: "bGVhZg==", Hashes: []string{"aGFzaA=="}}},
		Checkpoint: duty.Checkpoint{Size: 9, Note: "ledger\n9\n", VerifierKey: "ledger-key"},
	}
}

func TestProof_ShowsWhatConcernsTheChannelOnly(t *testing.T) {
	p := duty.NewProof(knownOf(t), locale.English, at(28))
	var given, ended []int64
	for _, s := range p.Given {
		given = append(given, s.Position)
	}
	for _, s := range p.Ended {
		ended = append(ended, s.Position)
	}
	if len(given) != 2 || given[0] != 4 || given[1] != 6 || len(ended) != 1 || ended[0] != 9 {
		t.Errorf("given %v, ended %v", given, ended)
	}
	if first := p.Given[0]; first.Declaration != "web@1" || first.Text != "Ja zum Magazin und zu Angeboten." || first.Proof == nil ||
		first.Proof.LeafHash != "bGVhZg==" {
		t.Errorf("the request: %+v", first)
	}
	if p.UseCount != 7 || p.Answer != "May not be written to" || !strings.HasPrefix(p.Controller, "Netz AG, Ring 2") {
		t.Errorf("got %d uses, %q, %q", p.UseCount, p.Answer, p.Controller)
	}
}

func TestProof_FiveYearsBeginWithTheLastUse(t *testing.T) {
	known := knownOf(t)
	p := duty.NewProof(known, locale.English, at(28))
	holds(t, "retention", p.Retention, "until 12 March 2031 at least")
	known.Uses = nil
	p = duty.NewProof(known, locale.English, at(28))
	holds(t, "retention without uses", p.Retention, "until 2 March 2031 at least")
	known.Events = nil
	for _, text := range duty.NewProof(known, locale.English, at(28)).Retention {
		if strings.Contains(text, "7a") {
			t.Errorf("nothing was given, and yet %q", text)
		}
	}
}

func TestProof_EveryForm_HasTextEvidenceAndUses(t *testing.T) {
	for lang, wants := range map[locale.Language][]string{
		locale.English: {"Sign-up requested", "Origin", "12 March 2026", "Suppression: objection to marketing", "192.0.2.1", "all marketing"},
		locale.German:  {"Anmeldung angefordert", "Herkunft", "12.03.2026", "Sperre: Werbewiderspruch", "§ 7a UWG", "Ja zum Magazin und zu Angeboten."},
	} {
		p := duty.NewProof(knownOf(t), lang, at(28))
		page, err := p.HTML()
		if err != nil {
			t.Fatal(err)
		}
		for form, text := range map[string]string{"page": string(page), "text": p.Text()} {
			for _, want := range append(wants, "anna@example.com", "ledger-key", "mailer") {
				if !strings.Contains(text, want) {
					t.Errorf("%s, %s: %q is missing", lang.Tag(), form, want)
				}
			}
			if strings.Contains(text, "of another channel") {
				t.Errorf("%s, %s: has evidence of another channel", lang.Tag(), form)
			}
		}
		if !strings.Contains(string(page), "&lt;magazin&gt;") || !strings.Contains(string(page), "aGFzaA==") {
			t.Errorf("%s: the page lacks the hashes, or does not escape a text", lang.Tag())
		}
	}
}

func TestProof_NothingRecorded_SaysSo(t *testing.T) {
	known := &duty.Known{Address: "x@example.com", Channel: "gone", Catalog: changed(t), Standing: duty.Standing{Verdict: "DENY"}}
	p := duty.NewProof(known, locale.English, at(28))
	if text := p.Text(); !strings.Contains(text, "Nothing is recorded") || !strings.Contains(text, "No use is counted") || p.Name != "gone" {
		t.Errorf("text %s", text)
	}
}
