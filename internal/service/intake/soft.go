package intake

import (
	"slices"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
)

const (
	// softSpan is how far the first and the last of the soft bounces that mean a dead address are apart at least.
	softSpan = consent.Instant(7 * 24 * time.Hour / time.Microsecond)
	// secondAfter is how far two bounces are apart at least of which the second means a dead address.
	secondAfter = consent.Instant(24 * time.Hour / time.Microsecond)
)

// count counts a bounce, and records a hard one where it was enough.
func (w *writing) count(second bool) error {
	exact, folded, err := w.intake.digests(w.item)
	if err != nil {
		return err
	}
	rows, err := softRows(w.Tx, exact)
	if err != nil {
		return err
	}
	stands := w.isBounced()
	added := tables.SoftBounce{Exact: exact, Folded: folded, Second: second, Report: w.occurred(), Received: w.Recorded, Ended: stands}
	if added.ID, err = w.intake.identity(w.item); err != nil {
		return err
	}
	if slices.ContainsFunc(rows, func(b tables.SoftBounce) bool { return b.ID == added.ID }) {
		w.item.end(Known, whyKnown)
		return nil
	}
	rows = append(rows, added)
	if !w.dry {
		txn.PutRows(w.Tx, exact, slices.Clone(rows), tables.AddSoftBounce(&added))
	}
	if stands { // It is kept so that the same report does not count once the bounce was lifted.
		w.item.end(Known, whyKnown)
		return nil
	}
	w.item.end(Noted, "", Record{Verb: VerbCount, Reason: consent.ReasonHardBounce, Time: added.Report})
	last, enough, err := w.enough(exact, rows)
	if err != nil || !enough {
		return err
	}
	if err := w.suppress(consent.ReasonHardBounce, consent.ScopeAll, last); err != nil {
		return err
	}
	w.endSeries(exact, rows, last)
	return nil
}

// enough reports whether the soft bounces of the address mean that it is dead, and when the last of them was. Those of before it was known to
// work count no more: their series ends, also in the rows.
func (w *writing) enough(exact [32]byte, rows []tables.SoftBounce) (last consent.Instant, enough bool, err error) {
	most := w.cat.Policy.SoftBouncesSuppress
	if last, enough = isEnough(rows, most); !enough {
		return 0, false, nil
	}
	works, err := w.worksAt()
	if err != nil {
		return 0, false, err
	}
	if !slices.ContainsFunc(rows, func(b tables.SoftBounce) bool { return !b.Ended && b.Report <= works }) {
		return last, true, nil
	}
	w.endSeries(exact, rows, works)
	last, enough = isEnough(rows, most)
	return last, enough, nil
}

// worksAt returns when it was last known that the address works: an officer lifted a hard bounce, or the person confirmed a consent from the
// mailbox; zero: never.
func (w *writing) worksAt() (at consent.Instant, err error) {
	if w.known.Exact != nil {
		for i := range w.known.Exact.Grants {
			at = max(at, w.known.Exact.Grants[i].Confirmed)
		}
	}
	folded, err := w.Subject(&w.item.places.Folded)
	if err != nil {
		return 0, err
	}
	all, err := w.EventsOf(folded)
	if err != nil {
		return 0, err
	}
	bounce := consent.Suppression{Reason: consent.ReasonHardBounce, Scope: consent.ScopeAll, Spelling: w.known.Spelling}
	for _, e := range consent.WithoutVoided(slices.Clone(all[folded])) {
		if e.Kind == consent.KindLift && consent.LiftEnds(e.Occurred, &e.Facts, &bounce) {
			at = max(at, e.Occurred)
		}
	}
	return at, nil
}

// isEnough reports whether soft bounces mean that the address is dead, and when the last of them was.
func isEnough(rows []tables.SoftBounce, most int) (last consent.Instant, enough bool) {
	var all, seconds []consent.Instant
	for i := range rows {
		if rows[i].Ended {
			continue
		}
		all = append(all, rows[i].Report)
		if rows[i].Second {
			seconds = append(seconds, rows[i].Report)
		}
	}
	if len(all) == 0 {
		return 0, false
	}
	span := func(of []consent.Instant) consent.Instant { return slices.Max(of) - slices.Min(of) }
	return slices.Max(all), len(all) >= most && span(all) >= softSpan || len(seconds) > 1 && span(seconds) >= secondAfter
}

// endSeries ends the series of the address up to an instant, also in its rows.
func (w *writing) endSeries(exact [32]byte, rows []tables.SoftBounce, upTo consent.Instant) {
	for i := range rows {
		rows[i].Ended = rows[i].Ended || rows[i].Report <= upTo
	}
	if !w.dry {
		txn.PutRows(w.Tx, exact, slices.Clone(rows), tables.EndSoftBounces(exact, upTo))
	}
}

// delivered ends the series of the address: it is alive.
func (w *writing) delivered() error {
	exact, _, err := w.intake.digests(w.item)
	if err != nil {
		return err
	}
	rows, err := softRows(w.Tx, exact)
	if err != nil {
		return err
	}
	upTo := w.occurred()
	if !slices.ContainsFunc(rows, func(b tables.SoftBounce) bool { return !b.Ended && b.Report <= upTo }) {
		w.item.end(NoAct, "no soft bounces of the address are counted")
		return nil
	}
	w.item.end(Noted, "", Record{Verb: VerbCount, Time: upTo})
	w.endSeries(exact, rows, upTo)
	return nil
}
