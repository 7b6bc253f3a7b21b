package presets

import (
	"cmp"
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/listtime"
	"github.com/assent-io/assent/internal/timetext"
)

// part is what one meaning became: a record, or why there is none.
type part struct {
	record   Record
	outcome  Outcome
	cause    Cause
	why      string
	column   string
	unmapped string
}

func skipped(cause Cause, why string) part { return part{outcome: Skipped, cause: cause, why: why} }

func rejected(cause Cause, why string) part { return part{outcome: Rejected, cause: cause, why: why} }

// fact is the table of what a meaning becomes, the same for all tools. Sentences in it are about the row and repeat nothing of it.
func (r *reading) fact(m meaning) part {
	switch m.what {
	case bouncedHard:
		return r.suppression(m, consent.ReasonHardBounce, consent.ScopeAll, "a hard bounce")
	case complained:
		return r.suppression(m, consent.ReasonComplaint, cmp.Or(m.scope, consent.ScopeMarketing), "a spam report")
	case blocked:
		return r.suppression(m, consent.ReasonManual, cmp.Or(m.scope, r.blockScope()), "blocked there, by hand or for a reason that is not told")
	case mayHaveRefused:
		return r.suppression(m, consent.ReasonObjection, cmp.Or(m.scope, r.blockScope()), "blocked there; the person may have asked for it")
	case leftAll:
		return r.dated(m, part{why: "left all mailings", record: Record{
			Verb: Withdraw, Reason: consent.ReasonObjection, Scope: consent.ScopeMarketing,
		}})
	case left:
		return r.withdrawal(m)
	case subscribed:
		return r.grant(m)
	case bouncedSoft:
		return skipped(SoftBounce, "a soft bounce, a block or a deferral says nothing of the mailbox for good")
	case isAllowed:
		return skipped(Allowlist, "an allowlist or a reactivation in a tool is no consent, and ends no refusal")
	case isOtherMedium:
		return skipped(OtherMedium, "it is about another medium than e-mail")
	case isHint:
		return skipped(Hint, "other senders saw it, which proves nothing here")
	case isOwn:
		return skipped(OwnEntry, "an export from here put the entry there")
	case unclear:
		return part{outcome: Rejected, cause: UnknownStatus, column: m.column, why: orElse(m.why, "the preset does not know what the row says there")}
	case contradicts:
		return part{outcome: Rejected, cause: AmbiguousRow, column: m.column, why: orElse(m.why, "two columns of the row contradict each other")}
	default:
		return skipped(NoStatement, orElse(m.why, "the row says neither yes nor no to any mailing"))
	}
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func (r *reading) blockScope() consent.Scope {
	if r.of.options.Scope != "" {
		return r.of.options.Scope
	}
	return consent.ScopeMarketing
}

func (r *reading) suppression(m meaning, reason consent.Reason, scope consent.Scope, why string) part {
	p := part{why: why, record: Record{Verb: Suppress, Reason: reason, Scope: scope}}
	if m.until != "" && r.has(m.until) {
		until, err := timetext.Parse(r.text(m.until))
		switch {
		case err != nil:
			return part{outcome: Rejected, cause: InvalidTime, column: m.until, why: "it is no time such as " + timetext.Example}
		case !until.After(r.of.options.Imported) && reason != consent.ReasonHardBounce: // Only grants after a bounce count, also past its end.
			return skipped(NoStatement, "the block ended before the import")
		}
		p.record.Until = until.UTC()
	}
	p = r.dated(m, p)
	if ends := p.record.Until; p.record.Imported && !ends.IsZero() && p.record.Time.After(ends) {
		p.record.Time = ends.Add(-time.Microsecond) // It is not known when it began, but that was before.
	}
	return p
}

// withdrawal is from the channel of the list that was left.
func (r *reading) withdrawal(m meaning) part {
	channel, unmapped := r.channelOf(m)
	if channel == "" {
		p := rejected(Unmapped, "it left one list, and no channel is given for that; --channel names it")
		if m.kind != "" {
			p = rejected(Unmapped, "it left one "+m.kind+", and no channel is given for that; --map names it")
		}
		p.column, p.unmapped = m.column, unmapped
		return p
	}
	return r.dated(m, part{why: "left a list", record: Record{Verb: Withdraw, Channel: channel}})
}

// channelOf finds the channel of a list. A list that the row names itself never takes the channel of the file.
func (r *reading) channelOf(m meaning) (channel, unmapped string) {
	switch {
	case m.direct != "" && catalog.IsID(m.direct):
		return m.direct, ""
	case m.direct != "":
		return "", ""
	case m.kind == "":
		return r.of.options.Channel, ""
	}
	if channel = r.of.options.Map[mapKey(m.kind, m.key)]; channel != "" {
		return channel, ""
	}
	if strings.Contains(m.key, "@") || len(m.key) > 100 {
		return "", "" // It may be an address of a row that slipped a column.
	}
	return "", m.kind + ":" + m.key
}

// dated gives a record of a no its time. Of two readings it is the later.
func (r *reading) dated(m meaning, p part) part {
	at, column, err := r.first(m.at, listtime.Latest)
	if err != nil {
		return r.badTime(column, err)
	}
	p.outcome, p.record.Time = Recorded, at
	if at.IsZero() {
		p.record.Time, p.record.Imported = r.fallback(), true
		r.of.times.Imported++
	}
	p.record.Evidence.Source = consent.SourceImport
	return p
}

// badTime is the part of a time that cannot be taken.
func (r *reading) badTime(column string, err error) part {
	cause := InvalidTime
	if errors.Is(err, listtime.ErrFuture) {
		cause = TimeInFuture
	}
	return part{outcome: Rejected, cause: cause, column: column, why: err.Error()}
}

func (r *reading) fallback() time.Time {
	if r.of.options.Occurred.IsZero() {
		return r.of.options.Imported
	}
	return r.of.options.Occurred
}

// grant is the consent of a subscriber, where the row proves it: by the time of the opt-in, and by the IP address it came from or a
// confirmation after it. Of two readings of a time it is the earlier. A time of confirmation without an earlier opt-in is what imports and
// single opt-in leave behind, so it proves no confirmation.
func (r *reading) grant(m meaning) part {
	if m.optIn == "" {
		return rejected(NoProof, "the tool tells nothing of how the person subscribed")
	}
	optIn, column, err := r.first([]string{m.optIn}, listtime.Earliest)
	if err != nil {
		return r.badTime(column, err)
	}
	confirmed, column, err := r.first([]string{m.confirmed}, listtime.Earliest)
	if err != nil {
		return r.badTime(column, err)
	}
	channel, unmapped := r.channelOf(m)
	p := part{outcome: Rejected, cause: NoProof, column: m.optIn}
	from := r.ip(m.ip)
	if !confirmed.After(optIn) {
		confirmed = time.Time{}
	}
	switch {
	case optIn.IsZero():
		p.why = "the time of the opt-in is missing"
	case from == "" && confirmed.IsZero():
		p.why = "it proves neither from where the person subscribed (an IP address) nor a confirmation after the opt-in"
	case r.of.options.Declaration == "":
		p.column, p.why = "", "it is not known to which text the person agreed; --declaration names it"
	case channel == "":
		p.cause, p.column, p.unmapped = Unmapped, m.column, unmapped
		p.why = "it is on a list, and no channel is given for that; --channel or --map names it"
	default:
		note := ""
		if at := r.ip(m.confirmedIP); at != "" && !confirmed.IsZero() {
			note = "confirmed from " + at
		}
		return part{outcome: Recorded, why: "subscribed, with proof", record: Record{
			Verb: Grant, Channel: channel, Time: optIn, Declaration: r.of.options.Declaration,
			Evidence: Evidence{Source: consent.SourceImport, IP: from, Confirmed: confirmed, Note: note},
		}}
	}
	return p
}

// ip reads an IP address; empty: there is none, or none that is one.
func (r *reading) ip(column string) string {
	if column == "" {
		return ""
	}
	at, err := netip.ParseAddr(r.text(column))
	if err != nil || at.IsUnspecified() {
		return ""
	}
	return at.Unmap().WithZone("").String()
}
