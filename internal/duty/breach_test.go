package duty_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/duty"
	"github.com/assent-io/assent/internal/locale"
)

func breachOf(t *testing.T, lang locale.Language, list ...duty.Reader) *duty.Breach {
	t.Helper()
	return duty.NewBreach(&duty.Readers{
		Client: "mail-tool", Since: at(1), List: list, Persons: 25, Count: 61, Catalog: changed(t),
	}, lang, at(28))
}

func TestBreach_PutsTheDaysOfAChannelTogether(t *testing.T) {
	b := breachOf(t, locale.English,
		duty.Reader{Day: at(2), Client: "mail-tool", Channel: "magazine", Persons: 20, Count: 30},
		duty.Reader{Day: at(3), Client: "mail-tool", Persons: 1, Count: 1},
		duty.Reader{Day: at(5), Client: "mail-tool", Channel: "magazine", Persons: 10, Count: 30},
	)
	want := []duty.Learnt{
		{Client: "mail-tool", Channel: "Magazine", From: at(2), To: at(5), Most: 20, Count: 60},
		{Client: "mail-tool", Channel: "all channels (look-up, history or export)", From: at(3), To: at(3), Most: 1, Count: 1},
	}
	if diff := cmp.Diff(want, b.Learnt); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if b.First != at(2) || b.Last != at(5) || b.ClientName != "Versand AG" || len(b.Data) != 2 || len(b.Likely) != 2 {
		t.Errorf("got %+v", b)
	}
}

func TestBreach_ByChecksOnly_DoesNotSpeakOfEvidence(t *testing.T) {
	b := breachOf(t, locale.English, duty.Reader{Day: at(2), Client: "mail-tool", Channel: "gone", Persons: 20, Count: 30})
	if len(b.Data) != 1 || strings.Contains(b.Data[0]+b.Likely[0], "IP address") || b.Learnt[0].Channel != "gone" {
		t.Errorf("got %+v", b)
	}
}

func TestBreach_Sheet_HasWhatArt33AsksForAndBlanks(t *testing.T) {
	for lang, wants := range map[locale.Language][]string{
		locale.English: {"Likely consequences", "1 March 2026, 10:00 UTC", "within 72 hours", "Categories of persons"},
		locale.German:  {"Wahrscheinliche Folgen", "01.03.2026, 10:00 Uhr (UTC)", "binnen 72 Stunden", "Kategorien betroffener Personen"},
	} {
		b := breachOf(t, lang, duty.Reader{Day: at(2), Client: "mail-tool", Persons: 25, Count: 61})
		page, err := b.HTML()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range append(wants, "<strong>25</strong>", "<strong>61</strong>", "dsb@netz.example", "Barichgasse") {
			if !strings.Contains(string(page), want) {
				t.Errorf("%s: %q is missing", lang.Tag(), want)
			}
		}
		before := strings.Count(string(page), `class="blank`)
		b.Since = time.Time{}
		if page, err = b.HTML(); err != nil || strings.Count(string(page), `class="blank`) != before+1 {
			t.Errorf("%s: the unknown beginning is not left blank: %v", lang.Tag(), err)
		}
	}
}
