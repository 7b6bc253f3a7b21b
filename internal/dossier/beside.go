package dossier

import (
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/locale"
)

// What is held beside the ledger is told as it stands when the dossier is made, whatever the position.

// Message is a message of marketing that was sent to the person, or that is planned or reserved for them.
type Message struct {
	Send           string `json:"send"` // id of the mailing
	Channel        Named  `json:"channel"`
	SenderIdentity string `json:"senderIdentity"`
	State          string `json:"state"` // sent, reserved or planned
	Time           Time   `json:"time"`  // when it was sent; of one that was not, when it was reserved or planned
}

// Wish is how much marketing the person wants at most.
type Wish struct {
	Max int64  `json:"max"`
	Per string `json:"per"` // a period of ISO 8601
}

// Case is what the person complained of or asked, with what they wrote, as far as that is still kept.
type Case struct {
	Number       string   `json:"number"` // such as 2026-000123
	Kind         string   `json:"kind"`
	State        string   `json:"state"`
	Department   *Named   `json:"department"` // whose desk has it; null: the officers
	ReceivedTime Time     `json:"receivedTime"`
	OpenedTime   Time     `json:"openedTime"`
	AnsweredTime Time     `json:"answeredTime,omitzero"` // for the first time
	ClosedTime   Time     `json:"closedTime,omitzero"`
	Outcome      string   `json:"outcome,omitempty"`
	Subject      string   `json:"subject,omitempty"`
	Letters      []Letter `json:"letters,omitempty"` // the first is that which the case began with
}

// Letter is what the person wrote or said in a case.
type Letter struct {
	Time Time   `json:"time"`
	Text string `json:"text"`
}

// HoldsBeside reports whether anything is held about the person beside the ledger.
func (d *Dossier) HoldsBeside() bool { return len(d.Messages) > 0 || len(d.Cases) > 0 || d.Wish != nil }

// Statement says the wish in a sentence.
func (w *Wish) Statement() locale.Text {
	return locale.Count("held.wish", int(w.Max), locale.Values{"period": wording.Period(w.Per)})
}

// besideStatements count what is held beside the ledger.
func (d *Dossier) besideStatements() []locale.Text {
	var list []locale.Text
	if n := len(d.Messages); n > 0 {
		list = append(list, locale.Count("held.messages", n, nil))
	}
	if d.Wish != nil {
		list = append(list, d.Wish.Statement())
	}
	if n := len(d.Cases); n > 0 {
		list = append(list, locale.Count("held.cases", n, nil))
	}
	return list
}
