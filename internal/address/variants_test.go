package address_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
)

func TestHasVariants_WhereItIsFalse_OnlyTheExactFormFoldsToIt(t *testing.T) {
	for folded, want := range map[string]bool{
		"anna@gmail.com": true, "anna@outlook.de": true, "anna@pm.me": true, "anna@strasse.de": true, "anna@xn--mller-kva.at": true,
		"anna@firma.example": false, "ss@firma.example": false,
	} {
		if got := address.HasVariants(folded); got != want {
			t.Errorf("%s: %v", folded, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		local := rapid.StringMatching(`[a-zß]{1,3}[.+]?[a-z]{1,3}`).Draw(t, "local part")
		domain := rapid.SampledFrom([]string{"gmail.com", "googlemail.com", "protonmail.com", "straße.de", "strasse.de", "firma.example", "λόγος.gr", "me.com"}).Draw(t, "domain")
		a, err := address.Parse(local + "@" + domain)
		if err == nil && a.Exact() != a.Folded() && !address.HasVariants(a.Folded()) {
			t.Fatalf("%s folds to a form without variants", a.Exact())
		}
	})
}
