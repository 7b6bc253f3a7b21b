package intake

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
)

// writing is one report under the lock.
type writing struct {
	*txn.Tx

	intake *Intake
	item   *item
	dry    bool
	// accepted says that a person decided that it counts.
	accepted bool

	known *consent.Known
	cat   *catalog.Catalog
}

// run carries out the report.
func (w *writing) run() (err error) {
	if w.cat, err = w.Catalog(w.Recorded); err != nil {
		return err
	}
	w.item.takeChannel(w.cat)
	if w.known, err = w.Knowledge(&w.item.places); err != nil {
		return err
	}
	if w.isGone() {
		w.item.end(Gone, whyGone)
		return nil
	}
	switch {
	case w.item.cause == causeNone:
		return w.act()
	case w.item.report.Kind == intake.Listed && w.isStopped():
		w.item.end(Known, whyKnown)
		return nil
	}
	return w.hint()
}

// act carries out a report that counts.
func (w *writing) act() error {
	switch it := w.item; it.report.Kind {
	case intake.Bounce:
		return w.bounce()
	case intake.Complaint:
		scope := consent.Scope(consent.ScopeMarketing)
		if w.cat.Policy.ComplaintScope != catalog.ComplaintMarketing {
			if it.department == "" {
				it.end(Refused, "the catalog has no such channel any more")
				return nil
			}
			scope = consent.Scope(consent.ScopeDepartment + ":" + it.department)
		}
		if err := w.suppress(consent.ReasonComplaint, scope, w.occurred()); err != nil {
			return err
		}
		return w.openCase()
	case intake.Delivered:
		return w.delivered()
	case intake.Unsubscribe:
		return w.refuse()
	case intake.Listed:
		return w.suppress(consent.ReasonManual, consent.ScopeMarketing, w.occurred())
	default:
		it.end(NoAct, whyNoAct)
		return nil
	}
}

// isGone reports whether the person was erased, and is known only by messages of before.
func (w *writing) isGone() bool {
	erased := w.known.Folded.ErasedAt(w.known.Spelling)
	if erased == 0 {
		return false
	}
	if w.item.decided != 0 {
		return w.item.decided <= erased
	}
	if w.known.Exact != nil {
		for i := range w.known.Exact.Grants {
			if w.known.Exact.Grants[i].After(erased) {
				return false
			}
		}
	}
	return true
}

// occurred is when the report says that it happened: not in the future, and not before the message that it is about was decided about.
func (w *writing) occurred() consent.Instant {
	at := timeOf(w.item.report)
	if at == 0 && w.item.decided == 0 {
		return w.Recorded
	}
	return min(max(at, w.item.decided), w.Recorded)
}

// bounce carries out a bounce of the class hard or soft.
func (w *writing) bounce() error {
	r := w.item.report
	second := r.Domain || r.Then == intake.HardAtSecond
	if (r.Class != intake.Hard || second) && !w.accepted {
		return w.count(second)
	}
	if err := w.suppress(consent.ReasonHardBounce, consent.ScopeAll, w.occurred()); err != nil || r.Then != intake.NewOwner {
		return err
	}
	return w.endGrants()
}

// endGrants ends what the person of before was asked or did: the address has a new owner, who may be reached again once the bounce is
// lifted. What was given after the report is of the new owner.
func (w *writing) endGrants() error {
	outcome, why, occurred := w.item.outcome, w.item.why, w.occurred()
	for _, channel := range w.granted(occurred) {
		err := w.record(&statement.Statement{Kind: consent.KindWithdraw, Channels: []string{channel}}, occurred, Record{
			Verb: VerbWithdraw, Channel: channel, Time: occurred,
		})
		if err != nil {
			return err
		}
		if w.item.outcome == Recorded {
			outcome, why = Recorded, ""
		}
	}
	w.item.outcome, w.item.why = outcome, why
	return nil
}

// granted lists the channels that can be refused, and on which a grant of up to an instant has not been withdrawn since.
func (w *writing) granted(upTo consent.Instant) []string {
	if w.known.Exact == nil {
		return nil
	}
	var channels []string
	for i := range w.known.Exact.Grants {
		g := &w.known.Exact.Grants[i]
		for _, id := range g.Channels {
			ch, ok := w.cat.Channel(id)
			no := w.known.Folded.LastRefusal(id, w.known.Spelling)
			if !ok || !ch.Refusable || g.After(upTo) || no != nil && !g.After(no.At) || slices.Contains(channels, id) {
				continue
			}
			channels = append(channels, id)
		}
	}
	return channels
}

// suppress records a suppression, once.
func (w *writing) suppress(reason consent.Reason, scope consent.Scope, occurred consent.Instant) error {
	if reason == consent.ReasonHardBounce {
		works, err := w.worksAt()
		if err != nil {
			return err
		}
		if w.isBounced() || occurred < works {
			w.item.end(Known, whyKnown)
			return nil
		}
	}
	return w.record(&statement.Statement{Kind: consent.KindSuppress, Reason: reason, Scope: scope}, occurred, Record{
		Verb: VerbSuppress, Reason: reason, Scope: scope, Channel: w.item.channel, Time: occurred,
	})
}

// isBounced reports whether a hard bounce of the address stands, so that another one would say nothing new: no grant was given since, which may
// have ended it.
func (w *writing) isBounced() bool {
	for _, p := range w.known.Own(consent.ReasonHardBounce, consent.ScopeAll, w.Recorded) {
		if w.known.Exact == nil || !slices.ContainsFunc(w.known.Exact.Grants, func(g consent.Grant) bool { return g.After(p.At) }) {
			return true
		}
	}
	return false
}

// isStopped reports whether the address gets no marketing already, so that the list of a provider says nothing new: the bounce or the complaint
// by which it came there was most often reported by itself.
func (w *writing) isStopped() bool {
	if w.isBounced() {
		return true
	}
	for _, reason := range []consent.Reason{consent.ReasonComplaint, consent.ReasonManual} {
		for _, scope := range []consent.Scope{consent.ScopeAll, consent.ScopeMarketing, consent.ScopeDepartment + ":" + consent.Scope(w.item.department)} {
			if len(w.known.Own(reason, scope, w.Recorded)) > 0 {
				return true
			}
		}
	}
	return false
}

// refuse records that the person leaves the channel, as far as a hint that was accepted says so.
func (w *writing) refuse() error {
	occurred, kind := w.occurred(), consent.KindRefuse
	if w.known.Exact != nil && slices.ContainsFunc(w.known.Exact.Grants, func(g consent.Grant) bool { return g.On(w.item.channel) }) {
		kind = consent.KindWithdraw
	}
	return w.record(&statement.Statement{Kind: kind, Channels: []string{w.item.channel}}, occurred, Record{
		Verb: VerbWithdraw, Channel: w.item.channel, Time: occurred,
	})
}

// record records a statement because of the report, unless the same was recorded before. The fact is known again by the time that the report
// says, whatever the clock says now.
func (w *writing) record(st *statement.Statement, occurred consent.Instant, as Record) error {
	st.Address, st.Source, st.Note, st.Occurred = w.item.address.Exact(), consent.SourceAPI, w.note(), occurred
	entry, err := st.Entry(w.cat, w.cat)
	if err == nil {
		err = w.put(entry, occurred, as)
	}
	refused, err := env.Refusal(err)
	if refused != nil {
		w.item.end(Refused, refused.Message)
	}
	return err
}

func (w *writing) put(entry *statement.Entry, occurred consent.Instant, as Record) error {
	stated := timeOf(w.item.report)
	if stated == 0 && w.item.report.ID == "" {
		stated = occurred
	}
	key, err := w.intake.EventKey(max(stated, 1), entry, "")
	if err != nil {
		return err
	}
	p, err := w.Prepare(&txn.Validated{
		Statement: statement.Statement{Kind: entry.Facts.Kind, Occurred: occurred}, Place: w.item.places.Folded, Key: key,
	}, entry, consent.BatchID{})
	if err != nil {
		return err
	}
	// What is to be recorded follows from what is known under the lock, so no key of an event was loaded.
	all, err := w.AllEventsOf(p.Subject)
	if err != nil {
		return err
	}
	known, _, err := w.KnownTo(all[p.Subject], key, consent.BatchID{})
	if err != nil {
		return err
	}
	if p.Known != 0 || known != 0 {
		w.item.end(Known, whyKnown)
		return nil
	}
	w.item.end(Recorded, "", as)
	if w.dry {
		return nil
	}
	_, err = w.RecordOnce(p)
	return err
}

// maxNote is how many bytes of what a server said are kept as evidence.
const maxNote = 300

// note is what is kept as evidence: what the report says, by which rule it was read, and which report it was.
func (w *writing) note() string {
	r := w.item.report
	parts := []string{"reported by a " + string(r.Kind)}
	if r.Kind == intake.Listed {
		parts[0] = "on the list of a provider"
	}
	if r.Kind == intake.Bounce {
		parts[0] = fmt.Sprintf("bounce %s, rule %s", cmp.Or(r.Status, "without a status"), r.Rule)
	}
	if w.accepted {
		parts = append(parts, "a hint that was accepted")
	}
	if r.ID != "" {
		parts = append(parts, "report "+shortened(r.ID, maxNote/2))
	}
	if r.Text != "" {
		parts = append(parts, shortened(r.Text, maxNote/2))
	}
	return strings.Join(parts, "; ")
}

func shortened(text string, most int) string {
	if len(text) > most {
		text = text[:most]
	}
	return strings.ToValidUTF8(text, "")
}
