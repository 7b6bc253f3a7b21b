package duty

import (
	_ "embed" // For the page.
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/period"
)

//go:embed proof.html
var proofPage string

// Known is what a server holds about an address on a channel.
type Known struct {
	Address, Channel string
	Rules            Rules
	// Catalog is that of Rules. It has the wording of every declaration that an event refers to.
	Catalog  *catalog.Catalog
	Standing Standing
	Events   []Event // all of the address, by position
	Uses     []Use   // of the channel, by day
	// Proofs are the inclusion proofs of events by position, each for the size of the checkpoint.
	Proofs     map[int64]Inclusion
	Checkpoint Checkpoint
}

// Standing is the answer of a check at the time of the document.
type Standing struct {
	Verdict       string    `json:"verdict"`
	Reason        string    `json:"reason"`
	Explanation   string    `json:"explanation"`
	GrantPosition int64     `json:"grantPosition,omitempty"`
	DecidedTime   time.Time `json:"decidedTime"`
}

// Event is what was recorded about an address. Fields that the kind does not have are empty.
type Event struct {
	Position                   int64
	Kind                       string // as consent.Kind writes it
	Occurred, Recorded         time.Time
	Actor                      string
	Channels                   []string
	AllMarketing               bool
	Basis                      catalog.Basis
	Declaration, Version       string
	Reason, Scope              string
	Until, Expires             time.Time
	VoidPosition               int64
	Undo                       int64 // of a void: the number of the undo with which it takes effect
	Evidence                   Evidence
	EvidenceDeleted            bool
	Source, Address, Justified string
	Confirmed                  time.Time
	NoticeGiven                bool
}

// Evidence is the sealed part of the evidence of an event.
type Evidence struct {
	URL, IP, UserAgent, Transaction, Document, Operator, Note string
}

// Use is how often a client asked on a day whether the channel may be used.
type Use struct {
	Day        time.Time `json:"day"`
	Client     string    `json:"client"`
	Department string    `json:"department,omitempty"`
	Count      int64     `json:"count"`
}

// Inclusion proves that an event is in the ledger (RFC 6962, section 2.1.1). The hashes are in base64.
type Inclusion struct {
	Size     int64    `json:"size"`
	LeafHash string   `json:"leafHash"`
	Hashes   []string `json:"hashes"`
}

// Checkpoint is the signed state of the ledger that the inclusion proofs lead to.
type Checkpoint struct {
	Size        int64  `json:"size"`
	Note        string `json:"note"`
	VerifierKey string `json:"verifierKey"`
}

// Proof is the documentation of a consent, or of another legal basis, with its uses.
type Proof struct {
	Language   string      `json:"language"`
	Title      string      `json:"title"`
	Subtitle   string      `json:"subtitle"`
	MadeTime   time.Time   `json:"madeTime"`
	Address    string      `json:"address"`
	Channel    string      `json:"channel"`
	Name       string      `json:"channelName"`
	Controller string      `json:"controller"`
	Standing   Standing    `json:"standing"`
	Answer     string      `json:"answer"` // the verdict in words
	Given      []Statement `json:"given"`
	Ended      []Statement `json:"ended"`
	Uses       []Use       `json:"uses"`
	UseCount   int64       `json:"useCount"`
	Retention  []string    `json:"retention"`
	Checkpoint Checkpoint  `json:"checkpoint"`
}

// Statement is an event as the documentation shows it.
type Statement struct {
	Position     int64      `json:"position"`
	Kind         string     `json:"kind"`
	Title        string     `json:"title"`
	OccurredTime time.Time  `json:"occurredTime"`
	RecordedTime time.Time  `json:"recordedTime"`
	RecordedBy   string     `json:"recordedBy"`
	Declaration  string     `json:"declaration,omitempty"` // id@version
	Text         string     `json:"text,omitempty"`        // the full wording of the declaration
	TextLanguage string     `json:"textLanguage,omitempty"`
	Facts        []Fact     `json:"facts"`
	Proof        *Inclusion `json:"proof,omitempty"`
}

// Fact is a line about a statement.
type Fact struct {
	Label string `json:"label"`
	Value string `json:"value"`
}

// keptForUse is how long a consent to advertising by telephone is documented, from when it was given and from each use (UWG section 7a).
func keptForUse() period.Period { return period.Months(5 * 12) }

// IsDocumented reports whether the documentation of a channel shows the event, so that it needs an inclusion proof.
func IsDocumented(e *Event, channel string) bool { return gives(e, channel) || ends(e, channel) }

// gives reports whether the event is a step to a legal basis on the channel.
func gives(e *Event, channel string) bool {
	return slices.Contains([]string{"request", "mail", "confirm", "grant"}, e.Kind) && slices.Contains(e.Channels, channel)
}

// ends reports whether the event may end or restore the use of the channel. Which suppressions cover it is for the check to say, so all of
// them are shown.
func ends(e *Event, channel string) bool {
	switch e.Kind {
	case "withdraw", "refuse":
		return e.AllMarketing || slices.Contains(e.Channels, channel)
	case "suppress", "lift", "erase", "move", "void", "link", "unlink":
		return true
	default:
		return false
	}
}

// prover writes one documentation.
type prover struct {
	*Known
	lang locale.Language
}

// NewProof writes the documentation of a channel for an address in a language, as of a time.
func NewProof(known *Known, lang locale.Language, now time.Time) *Proof {
	w := &prover{known, lang}
	p := &Proof{
		Language: lang.Tag(), Title: w.get("proof.title"), MadeTime: now.UTC().Truncate(time.Second), Address: known.Address,
		Subtitle: locale.Fill("proof.subtitle", locale.Values{"day": dayOf(now)}).In(lang),
		Channel:  known.Channel, Name: known.Channel, Standing: known.Standing, Uses: known.Uses, Checkpoint: known.Checkpoint,
		Given: []Statement{}, Ended: []Statement{}, Answer: locale.Name("proof.verdict", known.Standing.Verdict).In(lang),
	}
	if channel, ok := known.Catalog.Channel(known.Channel); ok {
		p.Name = nameIn(channel.Name, lang)
		if controller, ok := known.Catalog.Controller(channel.Controller); ok {
			p.Controller = controller.Name + ", " + controller.PostalAddress
		}
	}
	var latest time.Time
	for i := range known.Events {
		e := &known.Events[i]
		switch {
		case gives(e, known.Channel):
			p.Given = append(p.Given, w.statement(e))
			latest = later(latest, later(e.Occurred, e.Confirmed))
		case ends(e, known.Channel):
			p.Ended = append(p.Ended, w.statement(e))
		}
	}
	inOrder := func(a, b Statement) int { return a.OccurredTime.Compare(b.OccurredTime) }
	slices.SortStableFunc(p.Given, inOrder)
	slices.SortStableFunc(p.Ended, inOrder)
	for _, use := range known.Uses {
		p.UseCount += use.Count
		latest = later(latest, use.Day)
	}
	p.Retention = w.retention(latest)
	return p
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (w *prover) get(key string) string { return locale.Get(key).In(w.lang) }

// retention says how long the documentation is held. Latest is when the consent was given or used last; the zero time if it never was.
func (w *prover) retention(latest time.Time) []string {
	policy := &w.Catalog.Policy.Retention
	kept := []locale.Text{
		keptFor("records.kept.evidence", policy.Evidence), locale.Get("records.kept.ledger"),
		keptFor("proof.kept.uses", policy.Disclosures),
	}
	if !latest.IsZero() {
		kept = append(kept, locale.Fill("proof.kept.7a", locale.Values{
			"last": dayOf(latest), "until": dayOf(keptForUse().AddTo(latest)),
		}))
	}
	return inLanguage(w.lang, kept...)
}

func (w *prover) statement(e *Event) Statement {
	s := Statement{
		Position: e.Position, Kind: e.Kind, Title: w.title(e), OccurredTime: e.Occurred, RecordedTime: e.Recorded, RecordedBy: e.Actor,
		Facts: w.facts(e),
	}
	if e.Declaration != "" {
		s.Declaration = e.Declaration + "@" + e.Version
		if version, ok := w.Catalog.Declaration(e.Declaration, e.Version); ok {
			s.Text, s.TextLanguage = version.Text, version.Language
		}
	}
	if proof, ok := w.Proofs[e.Position]; ok {
		s.Proof = &proof
	}
	return s
}

func (w *prover) title(e *Event) string {
	switch {
	case e.Kind == "suppress":
		return locale.Fill("proof.suppressed", locale.Values{"why": locale.Name("suppression", e.Reason)}).In(w.lang)
	case e.Basis == catalog.BasisConsent:
		return w.get("event.title.consent")
	default:
		return locale.Name("kind", e.Kind).In(w.lang)
	}
}

// factList collects what is known; what is not known is left out.
type factList struct {
	lang locale.Language
	all  []Fact
}

func (l *factList) add(key string, value locale.Text) {
	if text := value.In(l.lang); text != "" {
		l.all = append(l.all, Fact{locale.Get(key).In(l.lang), text})
	}
}

func (w *prover) facts(e *Event) []Fact {
	l := &factList{lang: w.lang, all: []Fact{}}
	same := func(key, value string) { l.add(key, locale.Same(value)) }
	if e.Basis != "" {
		l.add("field.legalBasis", locale.Name("basis", string(e.Basis)))
	}
	switch {
	case e.AllMarketing:
		l.add("proof.scope", locale.Get("scope.marketing"))
	case e.Scope != "":
		l.add("proof.scope", locale.Name("scope", e.Scope))
	default:
		same("proof.scope", strings.Join(e.Channels, ", "))
	}
	if e.Source != "" {
		l.add("field.sourceOf", locale.Name("source", e.Source))
	}
	l.add("field.confirmed", timeOf(e.Confirmed))
	l.add("field.expires", timeOf(later(e.Expires, e.Until)))
	same("field.typed", e.Address)
	same("field.url", e.Evidence.URL)
	same("field.ip", e.Evidence.IP)
	same("field.userAgent", e.Evidence.UserAgent)
	same("field.transaction", e.Evidence.Transaction)
	same("field.documentRef", e.Evidence.Document)
	same("field.operator", e.Evidence.Operator)
	same("field.note", e.Evidence.Note)
	same("field.justification", e.Justified)
	if e.NoticeGiven {
		l.add("field.notice", locale.Get("field.given"))
	}
	if e.VoidPosition != 0 {
		same("field.voids", fmt.Sprint(e.VoidPosition))
	}
	if e.Undo != 0 {
		same("field.undo", fmt.Sprint(e.Undo))
	}
	if e.EvidenceDeleted {
		l.add("field.evidence", locale.Get("field.evidenceDeleted"))
	}
	return l.all
}

// HTML returns the documentation as one page to read and print.
func (p *Proof) HTML() ([]byte, error) { return writePage(languageOf(p.Language), proofPage, p) }
