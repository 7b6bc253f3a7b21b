package imports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/presets"
)

// sourceImport is the source of all that an import records. A consent of this source never ends a no.
const sourceImport = "import"

// statementOf returns what a fact of a row states. It is the last gate before the ledger: what is not a consent of the source import, a withdrawal
// or a suppression with a reason that a list can have is an error of the program, whatever a preset says.
func statementOf(row *presets.Result, fact *presets.Record) (statement.Statement, error) {
	s := statement.Statement{Address: row.Address, Domain: row.Domain, Occurred: consent.InstantOf(fact.Time), Source: sourceImport}
	switch fact.Verb {
	case presets.Grant:
		s.Kind, s.Basis, s.Channels = consent.KindGrant, catalog.BasisConsent, []string{fact.Channel}
		s.Declaration.ID, s.Declaration.Version, _ = strings.Cut(fact.Declaration, "@")
		s.IP, s.Note = fact.Evidence.IP, fact.Evidence.Note
		if !fact.Evidence.Confirmed.IsZero() {
			s.Confirmed = consent.InstantOf(fact.Evidence.Confirmed)
		}
		return s, nil
	case presets.Withdraw:
		s.Kind = consent.KindWithdraw
		if s.AllMarketing = fact.AllMarketing(); !s.AllMarketing {
			s.Channels = []string{fact.Channel}
		}
		return s, nil
	case presets.Suppress:
		s.Kind, s.Reason, s.Scope = consent.KindSuppress, fact.Reason, fact.Scope
		if !fact.Until.IsZero() {
			s.Expires = consent.InstantOf(fact.Until)
		}
		if !slices.Contains(reasons(), fact.Reason) {
			return s, fmt.Errorf("a preset made a suppression of the reason %s", fact.Reason)
		}
		return s, nil
	default:
		return s, fmt.Errorf("a preset made a fact of the kind %q", fact.Verb)
	}
}

// reasons are those of suppressions that a list of another tool can have.
func reasons() []consent.Reason {
	return []consent.Reason{consent.ReasonHardBounce, consent.ReasonComplaint, consent.ReasonManual, consent.ReasonObjection}
}
