package address

import (
	"slices"
	"testing"
)

func TestParse_CanonicalAddress_TakesNoMemory(t *testing.T) {
	domains := make([]string, 0, 4)
	for _, typed := range []string{"anna.huber@example.at", " anna.huber@mail.example.at ", "anna@gmail.com", "anna+news@gmx.at"} {
		allocated := testing.AllocsPerRun(100, func() {
			a, err := Parse(typed)
			if err != nil || a.Exact() != a.Folded() || a.Role() {
				t.Error("it is no plain address")
			}
			domains = a.AppendDomains(domains[:0])
		})
		if allocated != 0 {
			t.Errorf("an address of %d letters takes %v pieces of memory", len(typed), allocated)
		}
	}
}

func TestAppendDomains_GivesWhatDomainsGives_BehindWhatIsThere(t *testing.T) {
	for _, typed := range []string{"a@example.at", "a@mail.news.example.at", "a@shop.müller.at"} {
		a := mustParse(t, typed)
		if got, want := a.AppendDomains([]string{"before"}), append([]string{"before"}, a.Domains()...); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := (Address{}).AppendDomains(nil); got != nil {
		t.Errorf("no address is on %q", got)
	}
}
