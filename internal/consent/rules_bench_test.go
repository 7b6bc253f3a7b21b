package consent_test

import (
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/locale"
)

func BenchmarkNewRules(b *testing.B) {
	c := mustCatalog(b)
	for name, request := range map[string]consent.Request{
		"marketing":     {Channel: "product-marketing"},
		"transactional": {Channel: "order-updates", Reference: "order-1"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				mustRules(b, c, request)
			}
		})
	}
	rules := mustRules(b, c, consent.Request{Channel: "order-updates"})
	b.Run("referring", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			rules.Referring("order-1")
		}
	})
}

func BenchmarkTexts(b *testing.B) {
	for _, code := range []consent.Code{consent.CodeAllowConsent, consent.CodeNoLegalBasis, consent.CodeWithdrawn} {
		b.Run(string(code), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if code.Explanation(locale.German) == "" {
					b.Fatal(code)
				}
				_ = code.Remedy(locale.German)
			}
		})
	}
}
