package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"math/rand/v2"

	"github.com/assent-io/assent/internal/changejson"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/changes"
)

// content is what a delivery has sealed: the data of its message, and what card it is about.
type content struct {
	Data   json.RawMessage `json:"d"`
	Match  consent.Form    `json:"m,omitempty"`
	Text   string          `json:"t,omitempty"`
	Folded string          `json:"f,omitempty"`
}

// dataOf returns the data of a message with the entries.
func dataOf(entries []changes.Entry) ([]byte, error) {
	list := make([]changejson.Change, len(entries))
	for i := range entries {
		list[i] = changeOf(&entries[i])
	}
	return json.Marshal(struct {
		Changes []changejson.Change `json:"changes"`
	}{list})
}

// resetOf returns the data of a message that asks for a snapshot of channels.
func resetOf(channels []string) ([]byte, error) {
	entries := make([]changes.Entry, len(channels))
	for i, id := range channels {
		entries[i] = changes.Entry{Change: changes.Reset, Rule: feed.Rule{Channel: id}}
	}
	return dataOf(entries)
}

func changeOf(e *changes.Entry) changejson.Change {
	rule := &e.Rule
	return changejson.Change{
		Change: wordOf(e.Change), Match: matchOf(e.Match), Address: e.Address, Hash: e.Hash, Channel: rule.Channel, Scope: string(rule.Scope),
		Kind: kindOf(e.Kind), Reason: string(e.Reason), Since: timeOf(rule.Since), Until: timeOf(rule.Until), CountsFrom: timeOf(rule.From),
		Order: e.Order, Stops: stopsOf(e.Stops), EndedBy: endedByOf(e.EndedBy), List: rule.List, Binds: string(rule.Binds),
		EndsRefusal: rule.EndsRefusal, EndsHonoured: rule.EndsHonoured, EndsObjection: rule.EndsObjection, Imported: rule.Imported,
		Position: e.Position, FoldVersion: e.FoldVersion,
	}
}

func timeOf(at consent.Instant) string {
	if at.IsZero() {
		return ""
	}
	return at.String()
}

func wordOf(c changes.Change) string {
	switch c {
	case changes.Added:
		return "ADDED"
	case changes.Removed:
		return "REMOVED"
	case changes.Kept:
		return "KEPT"
	default:
		return "RESET"
	}
}

func matchOf(form consent.Form) string {
	switch form {
	case consent.FormExact:
		return "exact"
	case consent.FormFolded:
		return "folded"
	case consent.FormDomain:
		return "domain"
	default:
		return ""
	}
}

func kindOf(kind feed.Kind) string {
	switch kind {
	case feed.KindGrant:
		return "grant"
	case feed.KindReopening:
		return "reopening"
	case feed.KindRefusal:
		return "refusal"
	case feed.KindSuppression:
		return "suppression"
	case changes.KindAddress:
		return "address"
	default:
		return ""
	}
}

func endedByOf(by feed.EndedBy) string {
	switch by {
	case feed.EndedByNothing:
		return "NOTHING"
	case feed.EndedByConsent:
		return "CONSENT"
	case feed.EndedByConfirmedConsent:
		return "CONFIRMED_CONSENT"
	case feed.EndedByAnyConfirmedConsent:
		return "ANY_CONFIRMED_CONSENT"
	case feed.EndedByClarification:
		return "CLARIFICATION"
	default:
		return ""
	}
}

func stopsOf(what feed.Stops) string {
	switch what {
	case feed.StopsEverything:
		return "EVERYTHING"
	case feed.StopsAllButNotices:
		return "ALL_BUT_NOTICES"
	case feed.StopsMarketing:
		return "MARKETING"
	case feed.StopsCustomerMarketing:
		return "CUSTOMER_MARKETING"
	default:
		return ""
	}
}

// digestOf turns a list hash into what the tables have of it: it cannot be joined with what the feed shows.
func digestOf(hash [32]byte) []byte {
	mac := hmac.New(sha256.New, hash[:])
	mac.Write([]byte("assent/1/delivery"))
	return mac.Sum(nil)
}

// randomShare returns a random number from 0 up to but not including 1.
func randomShare() float64 {
	return rand.Float64() //nolint:gosec // Nothing secret hangs on when a message is tried again.
}
