package locale_test

import (
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/locale"
)

// A mail that asks for a consent is advertising itself (§ 7(2) UWG, section 174(3) TKG 2021): a remedy that needs one says so.
func TestRemedies_ThatNeedAConsent_SayThatNoMailMayAskForIt(t *testing.T) {
	for _, code := range []string{
		"NO_LEGAL_BASIS", "BASIS_NOT_ACCEPTED", "CONSENT_EXPIRED", "CONSENT_LAPSED", "WITHDRAWN", "REFUSED",
		"REFUSED_BEFORE", "HONOURED_REFUSAL", "CUSTOMER_LAPSED", "BASIS_EXPIRED", "TERMS_INSUFFICIENT",
	} {
		text := locale.Get("reason." + code + ".remedy")
		if !strings.Contains(text.EN, "by e-mail") || !strings.Contains(text.DE, "per E-Mail") {
			t.Errorf("%s: %q, %q", code, text.EN, text.DE)
		}
	}
	for _, key := range locale.Keys() {
		if text := locale.Get(key); strings.HasSuffix(key, ".remedy") &&
			(strings.Contains(text.EN, "Ask the person for a consent") || strings.Contains(text.DE, "Holen Sie")) {
			t.Errorf("%s: %q, %q", key, text.EN, text.DE)
		}
	}
}
