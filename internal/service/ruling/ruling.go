// Package ruling records what a person decided about something that is kept beside the ledger: that a send is cleared, how a case ended. The
// rows of such things change and are deleted; the event of kind ruling stays, and tells of no person.
package ruling

import (
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/txn"
)

// Ruling is what a person decided.
type Ruling struct {
	// Resource is what it is about, as the API names it, such as sends/spring-offers.
	Resource string
	// Outcome is a word of the API, such as cleared.
	Outcome string
	// Justification is why, in words; empty: that was not said. It is stored sealed and kept without end, so that it must not name the person.
	Justification string
}

// Append records a ruling of the caller of a write that occurs now, and returns its position. The error is INVALID_EVIDENCE for a justification
// that could identify a person, see [txn.CheckJustification].
func Append(w *txn.Tx, keys *seal.Keys, r *Ruling) (position int64, err error) {
	if r.Justification != "" {
		if err := txn.CheckJustification(r.Justification); err != nil {
			return 0, err
		}
	}
	facts := consent.Facts{Kind: consent.KindRuling, Resource: r.Resource, Outcome: r.Outcome}
	evidence := consent.Evidence{Justification: r.Justification}
	event := consent.Event{Occurred: w.Recorded, Facts: facts}
	if event.Key, err = keys.EventKey(codec.EventKeyInput(w.Recorded, &facts, "", &evidence)); err != nil {
		return 0, err
	}
	sealed, err := w.SealEvidence(event.Key, &evidence)
	if err != nil {
		return 0, err
	}
	w.Append(&event, sealed)
	return event.Position, nil
}
