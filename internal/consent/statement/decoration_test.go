package statement_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
)

// blockingStatements returns one statement of each kind that only blocks.
func blockingStatements() []statement.Statement {
	return []statement.Statement{
		{Kind: consent.KindWithdraw, Channels: []string{"news"}},
		{Kind: consent.KindRefuse, Channels: []string{"news"}},
		{Kind: consent.KindRefuse, AllMarketing: true},
		{Kind: consent.KindSuppress, Reason: consent.ReasonHardBounce},
		{Kind: consent.KindSuppress, Reason: consent.ReasonComplaint},
		{Kind: consent.KindErase},
	}
}

func TestEntry_NoWithEvidenceThatCannotBeStored_IsRecordedWithWarnings(t *testing.T) {
	c := lab(t)
	for _, s := range blockingStatements() {
		s.Address, s.Occurred = ann, instant(1)
		plain, err := s.Entry(c, c)
		if err != nil || plain.Warnings != nil {
			t.Fatalf("%s without evidence: %v, %v", s.Kind, plain.Warnings, err)
		}
		s.Source, s.Confirmed, s.Goods = "telex", statement.InvalidInstant, []string{"shoes", "a@b.example"}
		s.URL, s.IP = "https://firma.example/"+strings.Repeat("ä", 2048), strings.Repeat("203.0.113.7, ", 6)
		s.UserAgent, s.Operator = strings.Repeat("x", 1025), "a\x00b"
		s.Note, s.Justification = "\xff", "\x1b[31mred"
		e, err := s.Entry(c, c)
		if err != nil {
			t.Fatalf("%s: %v", s.Kind, err)
		}
		var fields []string
		for _, w := range e.Warnings {
			fields = append(fields, string(w.Code)+" "+w.Field)
		}
		want := []string{
			"EVIDENCE_REMOVED evidence.source", "EVIDENCE_SHORTENED evidence.url", "EVIDENCE_SHORTENED evidence.ip",
			"EVIDENCE_SHORTENED evidence.userAgent", "EVIDENCE_SHORTENED evidence.operator", "EVIDENCE_SHORTENED evidence.note",
			"EVIDENCE_SHORTENED justification", "EVIDENCE_REMOVED evidence.confirmedTime", "EVIDENCE_REMOVED evidence.goods",
		}
		if diff := cmp.Diff(want, fields); diff != "" {
			t.Errorf("%s, warnings (-want +got):\n%s", s.Kind, diff)
		}
		if e.Facts.Source != "" || e.Facts.Confirmed != 0 || len(e.Facts.Goods) != 1 || e.Evidence.Note != "\ufffd" ||
			e.Evidence.Operator != "a\ufffdb" || !strings.HasSuffix(e.Evidence.URL, "ä…") || !strings.HasPrefix(e.Evidence.IP, "203.0.113.7, ") {
			t.Errorf("%s: stored %+v, %+v", s.Kind, e.Facts, e.Evidence)
		}
	}
}

func TestEntry_GrantWithTheSameEvidence_IsRefused(t *testing.T) {
	c := lab(t)
	s := statement.Statement{
		Kind: consent.KindGrant, Address: ann, Occurred: instant(1), Channels: []string{"news"}, Basis: catalog.BasisConsent,
		UserAgent: strings.Repeat("x", 1025),
	}
	_, err := s.Entry(c, c)
	if refused, ok := errors.AsType[*fault.Error](err); !ok || refused.Code != fault.InvalidEvidence {
		t.Errorf("a long user agent: got %v", err)
	}
	s.UserAgent, s.Confirmed = "", statement.InvalidInstant
	_, err = s.Entry(c, c)
	if refused, ok := errors.AsType[*fault.Error](err); !ok || refused.Code != fault.InvalidTime {
		t.Errorf("a time that is none: got %v", err)
	}
}

// Whatever decorates a no, it is recorded, and what is stored obeys the limits.
func TestEntry_NoWithAnyEvidence_IsRecorded(t *testing.T) {
	c := lab(t)
	text := rapid.Custom(func(t *rapid.T) string {
		part := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "part")
		return strings.Repeat(string(part), rapid.IntRange(0, 400).Draw(t, "times"))
	})
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(blockingStatements()).Draw(t, "no")
		s.Address, s.Occurred = ann, instant(1)
		s.Source, s.Goods = text.Draw(t, "source"), rapid.SliceOf(text).Draw(t, "goods")
		s.URL, s.IP, s.UserAgent = text.Draw(t, "url"), text.Draw(t, "ip"), text.Draw(t, "agent")
		s.TransactionID, s.DocumentRef = text.Draw(t, "transaction"), text.Draw(t, "document")
		s.Operator, s.Note, s.Justification = text.Draw(t, "operator"), text.Draw(t, "note"), text.Draw(t, "justification")
		e, err := s.Entry(c, c)
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		v := e.Evidence
		for _, stored := range []string{v.URL, v.IP, v.UserAgent, v.TransactionRef, v.DocumentRef, v.Operator, v.Note, v.Justification} {
			if len(stored) > 4096 || !utf8.ValidString(stored) || strings.ContainsFunc(stored, func(r rune) bool {
				return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t'
			}) {
				t.Fatalf("stored %q", stored)
			}
		}
		if len(v.UserAgent) > 1024 || len(v.IP) > 64 || len(v.URL) > 2048 || len(v.Justification) > 2048 || len(v.Operator) > 256 {
			t.Fatalf("a text is longer than its limit: %+v", v)
		}
	})
}
