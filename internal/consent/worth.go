package consent

import "github.com/assent-io/assent/internal/catalog"

// Worth is what a grant is worth on a channel by itself, whatever else is known of the address.
type Worth struct {
	// Allow is the code of the ALLOW that the grant gives; empty if it gives none. Until is when it stops to; 0: time does not end it.
	Allow Code
	Until Instant
	// Since is what has to be later than a refusal or suppression: of a consent when it begins, of others when they were given.
	Since Instant

	EndsRefusal   bool // an earlier refusal on the channel
	EndsHonoured  bool // an earlier refusal on the channel, as far as other channels honour it
	EndsObjection bool // an earlier objection, complaint or erasure, for the channel; of any channel also a hard bounce
	Imported      bool // it came with a list: it counts only where there never was a refusal, objection, complaint or erasure
}

// Worth returns what g is worth at t on the channel of the rules, whether or not its time has ended by then; false if it is worth nothing.
func (r *Rules) Worth(g *Grant, t Instant) (Worth, bool) {
	ch := r.channel
	if !g.On(ch.ID) {
		return Worth{}, false
	}
	w := Worth{Since: g.At}
	if g.Basis == catalog.BasisConsent {
		w.Since, w.Imported = g.Begin(), g.Source == SourceImport
		w.EndsHonoured, w.EndsObjection = r.reopens(g, ch, 0, t, false), r.reopens(g, ch, 0, t, true)
		w.EndsRefusal = w.EndsHonoured || ch.Class != catalog.ClassMarketing && g.AsksAgainFor(ch.ID, 0)
	}
	if len(r.stage2) == 0 && ch.Class == catalog.ClassMarketing && ch.Accepts(g.Basis) {
		w.Allow, w.Until = r.allowsByItself(g, t)
	}
	return w, w.Allow != "" || w.EndsRefusal
}

// allowsByItself returns the code of the ALLOW that g gives on a channel that accepts its basis, and when that ends.
func (r *Rules) allowsByItself(g *Grant, t Instant) (Code, Instant) {
	if g.Basis == catalog.BasisConsent {
		if r.consentFlaw(g, t) != "" {
			return "", 0
		}
		return CodeAllowConsent, Earliest(g.Expires, g.Lapse(r.channel, r.catalog))
	}
	allow, flaw := r.judgeCustomer(g)
	if flaw != "" {
		return "", 0
	}
	return allow, Earliest(g.Expires, g.Lapse(r.channel, r.catalog))
}

// consentFlaw returns what a consent lacks on the channel at t, its ends aside; empty if nothing.
func (r *Rules) consentFlaw(g *Grant, t Instant) Code {
	version := r.declaration(g.Declaration)
	switch {
	case version != nil && !version.Covers(r.channel.ID):
		return CodeScopeMismatch
	case !g.provable(version, r.channel, t):
		return CodeNotProvable
	default:
		return ""
	}
}

// Lapse returns when a grant lapses on a channel although it does not expire; zero: it does not. Of a consent that lapses from the last contact it is
// when it would without any.
func (g *Grant) Lapse(ch *catalog.Channel, c *catalog.Catalog) Instant {
	if g.Basis == catalog.BasisConsent {
		return g.Begin().Plus(ch.ConsentLapsesAfter)
	}
	return g.At.Plus(c.Policy.ExistingCustomerLapsesAfter)
}

// judgeCustomer returns the code of the ALLOW that a grant on another basis than consent gives, or else what it lacks, its ends aside: the
// tests of the soft opt-in, ePrivacy Art. 13(2), UWG section 7(3), TKG 2021 section 174(4). A clause of terms is worth no more.
func (r *Rules) judgeCustomer(g *Grant) (allow, flaw Code) {
	allow = CodeAllowCustomer
	if g.Basis != catalog.BasisExistingCustomer {
		version := r.declaration(g.Declaration)
		if version == nil || !version.Covers(r.channel.ID) || version.CountsAs != catalog.CountsAsExistingCustomer {
			return "", CodeTermsInsufficient
		}
		allow = CodeAllowTerms
	}
	switch {
	case !g.Transaction:
		return "", CodeSaleMissing
	case !r.noticed(g):
		return "", CodeNoticeMissing
	case !r.similar(g):
		return "", CodeNotSimilar
	default:
		return allow, ""
	}
}

// Reopens reports whether g opens the channel of the rules again at t after a no at since. Nothing but a provable consent of the person that
// began later does; after an objection, a complaint or an erasure it has to be a confirmed one.
func (r *Rules) Reopens(g *Grant, since, t Instant, confirmed bool) bool {
	return r.reopens(g, r.channel, since, t, confirmed)
}

// reopens reports whether g opens the channel again at t after something at since. Nothing but a provable consent of the
// person does: no purchase, no terms, no import, no consent that began before; but one that has since expired or lapsed.
func (r *Rules) reopens(g *Grant, ch *catalog.Channel, since, t Instant, confirmed bool) bool {
	if g.Basis != catalog.BasisConsent || g.Source == SourceImport || !g.On(ch.ID) || g.Begin() <= since || confirmed && !EndedBy(g.Confirmed, t) {
		return false
	}
	version := r.declaration(g.Declaration)
	return version != nil && version.Covers(ch.ID) && g.provable(version, ch, t)
}

// AsksAgainFor reports whether g ends a refusal on a channel that is not marketing: a consent by which the person asks for the messages
// again. A purchase does not, and neither does a list that was imported: an opt-out wins over it everywhere.
func (g *Grant) AsksAgainFor(channel string, since Instant) bool {
	return g.Basis == catalog.BasisConsent && g.Source != SourceImport && g.On(channel) && g.Begin() > since
}
