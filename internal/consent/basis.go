package consent

import (
	"slices"

	"github.com/assent-io/assent/internal/catalog"
)

// decideBasis is stages 7, 8 and 10: the first basis that holds allows; what was tried before it is told with it.
func (e *evaluation) decideBasis() Decision {
	bounced := e.lastBounce()
	var tried []Code
	if e.rules.channel.Accepts(catalog.BasisConsent) {
		g, code := e.consent(bounced)
		if code == CodeAllowConsent {
			return e.rules.allowGrant(e.at, code, g, e.consentEnds(g), nil)
		}
		if code != "" {
			tried = append(tried, code)
		}
	}
	decision, found := e.otherBases(bounced, tried)
	if decision.Verdict == Allow {
		return decision
	}
	if tried = append(tried, found...); len(tried) > 0 {
		return e.rules.deny(e.at, once(tried))
	}
	if e.grantExists(func(g *Grant) bool {
		return g.On(e.rules.channel.ID) && !e.rules.channel.Accepts(g.Basis) && g.after(bounced)
	}) {
		return e.rules.deny(e.at, []Code{CodeBasisNotAccepted})
	}
	return e.rules.deny(e.at, []Code{CodeNoLegalBasis})
}

// after reports whether g is later than the instant: a consent must begin later.
func (g *Grant) after(since Instant) bool {
	if since == 0 {
		return true
	}
	if g.Basis == catalog.BasisConsent {
		return g.Begin() > since
	}
	return g.At > since
}

// once returns the codes with each only where it stands first.
func once(codes []Code) []Code {
	kept := codes[:0]
	for _, c := range codes {
		if !slices.Contains(kept, c) {
			kept = append(kept, c)
		}
	}
	return kept
}

// lastBounce returns the time of the last hard bounce that was not lifted, even if a consent ended it; zero if there is none.
func (e *evaluation) lastBounce() Instant {
	var last Instant
	for _, b := range e.blocks {
		if b.Reason == ReasonHardBounce {
			last = max(last, b.At)
		}
	}
	return last
}

// lastNo returns the time of the last refusal on the channel, objection, complaint or erasure in scope, even if a consent
// reopened it; zero if there never was one.
func (e *evaluation) lastNo() Instant {
	var last Instant
	if r := e.known.Folded.lastRefusal(e.rules.channel.ID, e.known.Spelling); r != nil {
		last = r.At
	}
	for _, b := range e.blocks {
		switch b.Reason {
		case ReasonObjection, ReasonComplaint, ReasonErased:
			if e.inScope(b) {
				last = max(last, b.At)
			}
		default:
		}
	}
	return last
}

// consent is stage 7. It returns the latest consent that holds with ALLOW_CONSENT; else the finding of the latest that
// counts; nothing if none counts and none is pending.
func (e *evaluation) consent(bounced Instant) (*Grant, Code) {
	no := e.lastNo()
	var finding Code
	if e.known.Exact != nil {
		for i := len(e.known.Exact.Grants) - 1; i >= 0; i-- {
			g := &e.known.Exact.Grants[i]
			if !e.consentCounts(g, no, bounced) {
				continue
			}
			code := e.judgeConsent(g)
			if code == CodeAllowConsent {
				return g, code
			}
			if finding == "" {
				finding = code
			}
		}
	}
	if finding == "" && e.pending() {
		finding = CodeConsentPending
	}
	return nil, finding
}

// consentCounts reports whether g is a consent on the channel later than every no and every bounce. One that came with a
// list counts only where there never was a no.
func (e *evaluation) consentCounts(g *Grant, no, bounced Instant) bool {
	if g.Basis != catalog.BasisConsent || g.Origin <= e.erased || !g.On(e.rules.channel.ID) {
		return false
	}
	if no != 0 && g.Source == SourceImport {
		return false
	}
	return g.after(no) && g.after(bounced)
}

func (e *evaluation) judgeConsent(g *Grant) Code {
	r := e.rules
	version, known := r.declaration(g.Declaration)
	switch {
	case known && !version.Covers(r.channel.ID):
		return CodeScopeMismatch
	case !r.provable(g, r.channel, e.at):
		return CodeNotProvable
	case endedBy(g.Expires, e.at):
		return CodeConsentExpired
	case endedBy(r.lapse(g), e.at):
		return CodeConsentLapsed
	default:
		return CodeAllowConsent
	}
}

// lapse returns when a consent lapses on the channel; zero if it does not.
func (r *Rules) lapse(g *Grant) Instant { return after(r.channel.ConsentLapsesAfter, g.Begin()) }

// after returns the end of a calendar period from start; zero if the period is.
func after(p catalog.Period, start Instant) Instant {
	if p.IsZero() {
		return 0
	}
	return min(InstantOf(p.AddTo(start.Time())), MaxInstant)
}

func (e *evaluation) consentEnds(g *Grant) Instant { return earliest(g.Expires, e.rules.lapse(g)) }

func (e *evaluation) pending() bool {
	if e.known.Exact == nil {
		return false
	}
	return slices.ContainsFunc(e.known.Exact.Pending, func(p Pending) bool {
		return p.Channel == e.rules.channel.ID && p.At > e.erased && !endedBy(p.Expires, e.at)
	})
}

// otherBases is stage 8. It returns an ALLOW, or the findings.
func (e *evaluation) otherBases(bounced Instant, tried []Code) (Decision, []Code) {
	if !e.grantExists(func(g *Grant) bool { return e.isOther(g, bounced) }) {
		return Decision{}, nil
	}
	if codes := e.barredFromOtherBases(); len(codes) > 0 {
		return Decision{}, codes
	}
	var found []Code
	for _, basis := range e.rules.channel.LegalBases {
		if basis == catalog.BasisConsent {
			continue
		}
		g, code, allowed := e.latestOf(basis, bounced)
		if allowed {
			return e.rules.allowGrant(e.at, code, g, e.otherEnds(g), append(slices.Clone(tried), found...)), nil
		}
		if code != "" {
			found = append(found, code)
		}
	}
	return Decision{}, found
}

// isOther reports whether g is on a basis besides consent that the channel accepts, and later than the last bounce.
func (e *evaluation) isOther(g *Grant, bounced Instant) bool {
	return g.Basis != catalog.BasisConsent && g.On(e.rules.channel.ID) && e.rules.channel.Accepts(g.Basis) && g.after(bounced)
}

// barredFromOtherBases tells why no basis besides consent may be relied on at all: who said no is no longer a mere customer.
func (e *evaluation) barredFromOtherBases() []Code {
	var codes []Code
	if e.lastNo() != 0 {
		codes = append(codes, CodeRefusedBefore)
	}
	if slices.ContainsFunc(e.rules.honoured, func(h honours) bool { return e.saidNoTo(&h) }) {
		codes = append(codes, CodeHonouredRefusal)
	}
	if e.has(ReasonExternalList, func(b block) bool { return b.Binds == BindsExistingCustomer && e.inScope(b) }) {
		codes = append(codes, CodeExternalList)
	}
	return codes
}

// saidNoTo reports whether a no of the address to the honoured channel stands: no consent reopened that channel since.
func (e *evaluation) saidNoTo(h *honours) bool {
	if last := e.known.Folded.lastRefusal(h.channel.ID, e.known.Spelling); last != nil && !e.reopened(last, h.channel) {
		return true
	}
	stands := func(b block) bool {
		return !b.domain && h.coverage.covers(b.Scope) && !e.endedByConsent(b, h.channel)
	}
	return e.has(ReasonObjection, stands) || e.has(ReasonComplaint, stands)
}

// latestOf returns the latest grant of the basis that holds, with its code and true; else the finding of the latest.
func (e *evaluation) latestOf(basis catalog.Basis, bounced Instant) (*Grant, Code, bool) {
	var finding Code
	for i := len(e.known.Exact.Grants) - 1; i >= 0; i-- {
		g := &e.known.Exact.Grants[i]
		if g.Basis != basis || g.Origin <= e.erased || !e.isOther(g, bounced) {
			continue
		}
		code, holds := e.judgeOther(g)
		if holds {
			return g, code, true
		}
		if finding == "" {
			finding = code
		}
	}
	return nil, finding, false
}

func (e *evaluation) judgeOther(g *Grant) (Code, bool) {
	if g.Basis == catalog.BasisExistingCustomer {
		return e.judgeCustomer(g, CodeAllowCustomer)
	}
	version, known := e.rules.declaration(g.Declaration)
	if !known || !version.Covers(e.rules.channel.ID) {
		return CodeTermsInsufficient, false
	}
	switch version.CountsAs {
	case catalog.CountsAsExistingCustomer:
		return e.judgeCustomer(g, CodeAllowTerms)
	case catalog.CountsAsContract:
		switch {
		case !g.Transaction:
			return CodeTermsReference, false
		case endedBy(g.Expires, e.at):
			return CodeBasisExpired, false
		}
		return CodeAllowTerms, true
	default:
		return CodeTermsInsufficient, false
	}
}

// judgeCustomer applies the tests of the soft opt-in: ePrivacy Art. 13(2), UWG section 7(3), TKG 2021 section 174(4).
func (e *evaluation) judgeCustomer(g *Grant, allow Code) (Code, bool) {
	switch {
	case !g.Transaction:
		return CodeSaleMissing, false
	case !g.Notice:
		return CodeNoticeMissing, false
	case !e.rules.similar(g):
		return CodeNotSimilar, false
	case endedBy(g.Expires, e.at):
		return CodeBasisExpired, false
	case endedBy(e.customerLapse(g), e.at):
		return CodeCustomerLapsed, false
	default:
		return allow, true
	}
}

func (e *evaluation) customerLapse(g *Grant) Instant {
	return after(e.rules.catalog.Policy.ExistingCustomerLapsesAfter, g.At)
}

// otherEnds returns when a grant on another basis than consent ends; zero if it does not.
func (e *evaluation) otherEnds(g *Grant) Instant {
	if g.Basis == catalog.BasisTerms {
		if version, ok := e.rules.declaration(g.Declaration); ok && version.CountsAs == catalog.CountsAsContract {
			return g.Expires
		}
	}
	return earliest(g.Expires, e.customerLapse(g))
}

// allow is an ALLOW without a grant.
func (r *Rules) allow(t Instant, code Code, basis catalog.Basis) Decision {
	return Decision{
		Verdict: Allow, Reason: code, Reasons: []Code{code}, Basis: basis, Sender: r.sender, Decided: t,
		ValidUntil: after(r.catalog.Policy.DecisionTTL, t),
	}
}

// allowGrant is an ALLOW that rests on g, which ends at ends; tried is what was found before it.
func (r *Rules) allowGrant(t Instant, code Code, g *Grant, ends Instant, tried []Code) Decision {
	d := r.allow(t, code, g.Basis)
	d.Reasons = once(append([]Code{code}, tried...))
	d.Position, d.Declaration = g.Position, g.Declaration
	d.ValidUntil = earliest(d.ValidUntil, ends)
	d.Obligations = r.obligations(g.Basis)
	return d
}

// obligations are what a marketing message must carry.
func (r *Rules) obligations(basis catalog.Basis) []string {
	var list []string
	if r.channel.Medium == catalog.MediumEmail {
		list = append(list, ObligationOneClick)
	}
	list = append(list, ObligationUnsubscribe, ObligationImprint, ObligationPostalAddress)
	if basis != catalog.BasisConsent {
		list = append(list, ObligationOptOutNotice)
	}
	return list
}
