package rights

import (
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage/tables"
)

// keptClaim gathers what an erasure takes away, where the policy has it kept for the defence of claims (GDPR Art. 17(3)(e)).
type keptClaim struct {
	until consent.Instant // zero: nothing is kept
	claim Claim
}

// Claim is what is kept of an erased person, as an officer reads it.
type Claim struct {
	Address string          `json:"address"`
	Erased  consent.Instant `json:"erasedTime"` // microseconds since 1970-01-01 UTC
	Events  []ClaimedEvent  `json:"events"`
}

// ClaimedEvent is an event that lost its evidence.
type ClaimedEvent struct {
	Position int64            `json:"position"`
	Header   []byte           `json:"header"` // as it is in the ledger
	Evidence consent.Evidence `json:"evidence"`
}

// beginClaim begins an erasure. It refuses one that the policy wants something kept of for which there is no officer's key.
func (w *Tx) beginClaim(at *subjects.Places, occurred consent.Instant) (*keptClaim, error) {
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return nil, err
	}
	if cat.Policy.ClaimsPeriod.IsZero() {
		return &keptClaim{}, nil
	}
	if !w.rights.Keys.HasClaimsKey() {
		return nil, fault.Errorf(fault.NoClaimsKey, "", "the policy claims_period requires that evidence is kept for an officer, but the key "+
			"file has no officer's key; create one with `assent keys claims`. Nothing was erased")
	}
	return &keptClaim{
		until: consent.InstantOf(cat.Policy.ClaimsPeriod.AddTo(w.Recorded.Time())),
		claim: Claim{Address: at.Address.Exact(), Erased: occurred},
	}, nil
}

// addEvent keeps an event with the evidence that it loses.
func (t *keptClaim) addEvent(e *consent.Event, evidence consent.Evidence) {
	if t.until == 0 {
		return
	}
	t.claim.Events = append(t.claim.Events, ClaimedEvent{
		Position: e.Position, Header: codec.AppendHeader(nil, e), Evidence: evidence,
	})
}

// storeClaim stores what was kept, sealed under the officer's key, so that this service cannot read it any more.
func (w *Tx) storeClaim(t *keptClaim) error {
	if t.until == 0 || len(t.claim.Events) == 0 {
		return nil
	}
	plain, err := json.Marshal(t.claim)
	if err != nil {
		return fmt.Errorf("keep a claim: %w", err)
	}
	kept := tables.Claim{Until: t.until}
	if _, err := rand.Read(kept.ID[:]); err != nil {
		return err
	}
	if kept.Sealed, err = w.rights.Keys.SealClaim(kept.ID, plain); err != nil {
		return err
	}
	w.Tables = append(w.Tables, tables.AddClaim(&kept))
	return nil
}
