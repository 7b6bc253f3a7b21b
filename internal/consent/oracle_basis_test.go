package consent_test

import (
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
)

// lastNo is the last refusal of the channel, and objection, complaint or erasure in scope, whatever became of it.
func (o *opinion) lastNo(ch *catalog.Channel, sender string) consent.Instant {
	var last consent.Instant
	if f := o.refusal(ch.ID); f != nil {
		last = f.occurred
	}
	for _, b := range o.bans() {
		if (b.reason == consent.ReasonObjection || b.reason == consent.ReasonComplaint || b.reason == consent.ReasonErased) &&
			o.covers(b.scope, ch, sender) {
			last = max(last, b.at)
		}
	}
	return last
}

func (o *opinion) lastBounce() consent.Instant {
	var last consent.Instant
	for _, b := range o.bansEver() {
		if b.reason == consent.ReasonHardBounce {
			last = max(last, b.at)
		}
	}
	return last
}

// bases is stages 7, 8 and 10.
func (o *opinion) bases(ch *catalog.Channel, sender string) verdict {
	var onChannel []basis // later than the last bounce
	for _, g := range o.grants() {
		if slices.Contains(g.facts.Channels, ch.ID) && g.later(o.lastBounce()) {
			onChannel = append(onChannel, g)
		}
	}
	var found []consent.Code
	if slices.Contains(ch.LegalBases, catalog.BasisConsent) {
		held, code := o.stage7(ch, sender, onChannel)
		if held != nil {
			return o.yes(ch, sender, held, code, nil)
		}
		if code != "" {
			found = append(found, code)
		}
	}
	held, code, more := o.stage8(ch, sender, onChannel)
	if held != nil {
		return o.yes(ch, sender, held, code, append(found, more...))
	}
	if found = append(found, more...); len(found) > 0 {
		return no(consent.AboutRecipient, sender, found...)
	}
	if slices.ContainsFunc(onChannel, func(g basis) bool { return !slices.Contains(ch.LegalBases, g.facts.Basis) }) {
		return no(consent.AboutRecipient, sender, consent.CodeBasisNotAccepted)
	}
	return no(consent.AboutRecipient, sender, consent.CodeNoLegalBasis)
}

func (o *opinion) yes(ch *catalog.Channel, sender string, g *basis, code consent.Code, tried []consent.Code) verdict {
	v := no(0, sender, append([]consent.Code{code}, tried...)...)
	v.Verdict, v.Basis, v.Position, v.Declaration = consent.Allow, g.facts.Basis, g.position, g.facts.Declaration
	v.ValidUntil = o.soon()
	for _, end := range o.ends(ch, g) {
		if end != 0 {
			v.ValidUntil = min(v.ValidUntil, end)
			if v.BasisEnd == 0 || end < v.BasisEnd {
				v.BasisEnd = end
			}
		}
	}
	for _, end := range o.listsExpire(g.facts.Basis == catalog.BasisConsent) {
		v.ValidUntil = min(v.ValidUntil, end)
	}
	v.Obligations = []string{"LIST_UNSUBSCRIBE_ONE_CLICK", "UNSUBSCRIBE_LINK", "IMPRINT", "POSTAL_ADDRESS", "IDENTIFIABLE_AS_ADVERTISING"}
	if g.facts.Basis != catalog.BasisConsent {
		v.Obligations = append(v.Obligations, "OPT_OUT_NOTICE")
	}
	return v
}

// ends are the expiries that a grant has on the channel.
func (o *opinion) ends(ch *catalog.Channel, g *basis) []consent.Instant {
	ends := []consent.Instant{g.facts.Expires}
	version, known := o.catalog.Declaration(g.facts.Declaration.ID, g.facts.Declaration.Version)
	switch {
	case g.facts.Basis == catalog.BasisConsent && !ch.ConsentLapsesAfter.IsZero():
		ends = append(ends, plus(g.begins(), ch.ConsentLapsesAfter))
	case g.facts.Basis == catalog.BasisExistingCustomer,
		g.facts.Basis == catalog.BasisTerms && known && version.CountsAs == catalog.CountsAsExistingCustomer:
		ends = append(ends, plus(g.at, o.catalog.Policy.ExistingCustomerLapsesAfter))
	}
	return ends
}

func (o *opinion) over(end consent.Instant) bool { return end != 0 && o.now >= end }

// stage7 returns a consent that holds, or the finding.
func (o *opinion) stage7(ch *catalog.Channel, sender string, onChannel []basis) (*basis, consent.Code) {
	last := o.lastNo(ch, sender)
	finding := consent.Code("")
	var held *basis
	for i := range onChannel { // the latest comes last
		g := &onChannel[i]
		if g.facts.Basis != catalog.BasisConsent || !g.later(last) || g.facts.Source == "import" && last != 0 {
			continue
		}
		version, known := o.catalog.Declaration(g.facts.Declaration.ID, g.facts.Declaration.Version)
		switch {
		case known && !slices.Contains(version.Channels, ch.ID):
			finding = consent.CodeScopeMismatch
		case !o.isProvable(g, ch):
			finding = consent.CodeNotProvable
		case o.over(g.facts.Expires):
			finding = consent.CodeConsentExpired
		case !ch.ConsentLapsesAfter.IsZero() && o.over(plus(g.begins(), ch.ConsentLapsesAfter)):
			finding = consent.CodeConsentLapsed
		default:
			held = g
		}
	}
	switch {
	case held != nil:
		return held, consent.CodeAllowConsent
	case finding == "" && o.isPending(ch.ID):
		return nil, consent.CodeConsentPending
	}
	return nil, finding
}

func (o *opinion) stage8(ch *catalog.Channel, sender string, onChannel []basis) (*basis, consent.Code, []consent.Code) {
	var candidates []basis
	for _, g := range onChannel {
		if g.facts.Basis != catalog.BasisConsent && slices.Contains(ch.LegalBases, g.facts.Basis) {
			candidates = append(candidates, g)
		}
	}
	if candidates == nil {
		return nil, "", nil
	}
	var found []consent.Code
	if o.lastNo(ch, sender) != 0 {
		found = append(found, consent.CodeRefusedBefore)
	}
	if slices.ContainsFunc(ch.Honours, o.honoured) {
		found = append(found, consent.CodeHonouredRefusal)
	}
	if slices.ContainsFunc(o.bans(), func(b ban) bool {
		return b.reason == consent.ReasonExternalList && b.binds == consent.BindsExistingCustomer && o.covers(b.scope, ch, sender)
	}) {
		found = append(found, consent.CodeExternalList)
	}
	found = append(found, o.listFindings(consent.BindsExistingCustomer)...)
	if found != nil {
		return nil, "", found
	}
	for _, of := range ch.LegalBases {
		held, code := o.latest(ch, of, candidates)
		if held != nil {
			return held, code, found
		}
		if code != "" {
			found = append(found, code)
		}
	}
	return nil, "", found
}

// honoured is whether a no to the channel with the id, which another one honours, stands.
func (o *opinion) honoured(id string) bool {
	ch, _ := o.catalog.Channel(id)
	if last := o.refusal(id); last != nil && !o.reopened(ch, last.occurred, false) {
		return true
	}
	return slices.ContainsFunc(o.bans(), func(b ban) bool {
		return !b.ofDomain && (b.reason == consent.ReasonObjection || b.reason == consent.ReasonComplaint) &&
			o.covers(b.scope, ch, "") && !o.reopened(ch, b.at, true)
	})
}

// latest returns the latest grant on the basis that holds, else the finding of the latest.
func (o *opinion) latest(ch *catalog.Channel, of catalog.Basis, candidates []basis) (held *basis, code consent.Code) {
	var finding consent.Code
	for i := range candidates {
		if g := &candidates[i]; g.facts.Basis == of {
			if problem := o.problem(ch, g); problem == "" {
				held = g
			} else {
				finding = problem
			}
		}
	}
	switch {
	case held == nil:
		return nil, finding
	case of == catalog.BasisTerms:
		return held, consent.CodeAllowTerms
	default:
		return held, consent.CodeAllowCustomer
	}
}

// problem is why a grant on a basis besides consent does not hold.
func (o *opinion) problem(ch *catalog.Channel, g *basis) consent.Code {
	if g.facts.Basis == catalog.BasisTerms {
		version, known := o.catalog.Declaration(g.facts.Declaration.ID, g.facts.Declaration.Version)
		if !known || !slices.Contains(version.Channels, ch.ID) || version.Kind != catalog.KindTerms ||
			version.CountsAs != catalog.CountsAsExistingCustomer {
			return consent.CodeTermsInsufficient
		}
	}
	notice, known := o.catalog.Declaration(g.facts.NoticeShown.ID, g.facts.NoticeShown.Version)
	noticed := known && notice.Kind == catalog.KindNotice && slices.Contains(notice.Channels, ch.ID)
	if !ch.NoticeRequired {
		noticed = noticed || g.facts.Notice
	}
	similar := len(ch.Goods) == 0
	for _, goods := range g.facts.Goods {
		similar = similar || slices.Contains(ch.Goods, goods)
	}
	switch {
	case !g.facts.Transaction:
		return consent.CodeSaleMissing
	case !noticed:
		return consent.CodeNoticeMissing
	case !similar:
		return consent.CodeNotSimilar
	case o.over(g.facts.Expires):
		return consent.CodeBasisExpired
	case o.over(plus(g.at, o.catalog.Policy.ExistingCustomerLapsesAfter)):
		return consent.CodeCustomerLapsed
	default:
		return ""
	}
}
