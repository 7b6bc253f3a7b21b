package consent_test

import (
	"regexp"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/period"
)

// verdict is what the second opinion answers.
type verdict struct {
	Verdict     consent.Verdict
	Reasons     []consent.Code
	About       consent.About
	Basis       catalog.Basis
	Position    int64
	Declaration consent.Declaration
	Sender      string
	Obligations []string
	ValidUntil  consent.Instant
	BasisEnd    consent.Instant
	Retry       consent.Instant
}

func no(about consent.About, sender string, codes ...consent.Code) verdict {
	var distinct []consent.Code
	for _, code := range codes {
		if !slices.Contains(distinct, code) {
			distinct = append(distinct, code)
		}
	}
	return verdict{Verdict: consent.Deny, Reasons: distinct, About: about, Sender: sender}
}

// check answers by the ten stages; the first was passed when there is an address and a channel.
func (o *opinion) check(r consent.Request) verdict {
	ch, _ := o.catalog.Channel(r.Channel)
	sender, codes := o.stage2(ch, r.Sender)
	if len(codes) > 0 {
		return no(consent.AboutRequest, sender, codes...)
	}
	if codes := o.stage3(ch, sender, false); len(codes) > 0 {
		return no(consent.AboutRecipient, sender, codes...)
	}
	if ch.Class != catalog.ClassMarketing {
		return o.stage4(ch, sender, r)
	}
	if codes := o.stage5(ch, sender); len(codes) > 0 {
		return no(consent.AboutRecipient, sender, codes...)
	}
	if last := o.refusal(ch.ID); last != nil && !o.reopened(ch, last.occurred, false) {
		return no(consent.AboutRecipient, sender, refusalCode(last))
	}
	return o.bases(ch, sender)
}

// checkToSend adds stage 9: what an ALLOW of a marketing channel becomes while it is unclear whether the person wants to leave:
// nothing they said since tells.
func (o *opinion) checkToSend(r consent.Request) verdict {
	v := o.check(r)
	ch, _ := o.catalog.Channel(r.Channel)
	if v.Verdict != consent.Allow || ch.Class != catalog.ClassMarketing {
		return v
	}
	var until consent.Instant
	for _, b := range o.bans() {
		if b.reason == consent.ReasonUnsubscribeUnclear && o.covers(b.scope, ch, v.Sender) && !o.reopened(ch, b.at, true) {
			until = max(until, b.until)
		}
	}
	if until == 0 {
		return v
	}
	later := no(consent.AboutRecipient, v.Sender, consent.CodeUnclear)
	later.Verdict, later.Retry = consent.Defer, until
	return later
}

func (o *opinion) stage2(ch *catalog.Channel, asked string) (string, []consent.Code) {
	var codes []consent.Code
	if ch.Retired {
		codes = append(codes, consent.CodeChannelRetired)
	}
	if asked == "" {
		asked = ch.SenderIdentities[0]
	}
	sender, known := o.catalog.SenderIdentity(asked)
	if !known {
		return "", append(codes, consent.CodeSenderUnknown)
	}
	if sender.Retired {
		codes = append(codes, consent.CodeSenderInactive)
	}
	if !slices.Contains(ch.SenderIdentities, asked) {
		codes = append(codes, consent.CodeSenderNotAllowed)
	}
	return asked, codes
}

// stage3 finds what blocks every class; for a confirmation mail with the differences that it has.
func (o *opinion) stage3(ch *catalog.Channel, sender string, confirmation bool) []consent.Code {
	found := map[consent.Code]bool{}
	for _, b := range o.bans() {
		covered := o.covers(b.scope, ch, sender)
		spared := ch.Class == catalog.ClassLegalNotice && !confirmation // a confirmation mail is no legal notice
		switch b.reason {
		case consent.ReasonLegalBlock:
			found[consent.CodeLegalBlock] = found[consent.CodeLegalBlock] || covered || confirmation
		case consent.ReasonProcessingRestricted:
			found[consent.CodeRestricted] = found[consent.CodeRestricted] || covered && !spared
		case consent.ReasonHardBounce:
			if covered && !spared && !confirmation && (b.ofDomain || !o.reachableAgain(b.at)) {
				found[consent.CodeHardBounce] = true
			}
		case consent.ReasonManual:
			if covered && !spared && b.scope != consent.ScopeMarketing {
				found[consent.CodeSuppressed] = true
			}
		default:
		}
	}
	var codes []consent.Code
	for _, code := range []consent.Code{consent.CodeLegalBlock, consent.CodeRestricted, consent.CodeHardBounce, consent.CodeSuppressed} {
		if found[code] {
			codes = append(codes, code)
		}
	}
	return codes
}

// reachableAgain is whether a reopening, confirmed consent on any channel came after a bounce.
func (o *opinion) reachableAgain(bounce consent.Instant) bool {
	for i := range o.catalog.Channels {
		if o.reopened(&o.catalog.Channels[i], bounce, true) {
			return true
		}
	}
	return false
}

// reopened is whether a consent reopens the channel after the instant.
func (o *opinion) reopened(ch *catalog.Channel, since consent.Instant, confirmed bool) bool {
	for _, g := range o.grants() {
		version, known := o.catalog.Declaration(g.facts.Declaration.ID, g.facts.Declaration.Version)
		if g.facts.Basis == catalog.BasisConsent && slices.Contains(g.facts.Channels, ch.ID) &&
			o.isProvable(&g, ch) && known && slices.Contains(version.Channels, ch.ID) &&
			g.facts.Source != "import" && g.begins() > since && (!confirmed || o.isConfirmed(&g)) {
			return true
		}
	}
	return false
}

func (o *opinion) isProvable(g *basis, ch *catalog.Channel) bool {
	version, known := o.catalog.Declaration(g.facts.Declaration.ID, g.facts.Declaration.Version)
	if !known || version.Kind != catalog.KindConsent || g.facts.Source == "" {
		return false
	}
	onPaper := (g.facts.Source == "paper" || g.facts.Source == "in_person") && g.facts.Document
	for _, part := range ch.EvidenceRequired {
		bit := map[catalog.Evidence]consent.Details{
			"url": consent.DetailURL, "ip": consent.DetailIP, "user_agent": consent.DetailUserAgent, "operator": consent.DetailOperator,
		}[part]
		if g.facts.Details&bit == 0 && !onPaper {
			return false
		}
	}
	return !ch.DoubleOptIn || o.isConfirmed(g) || onPaper
}

func (o *opinion) stage4(ch *catalog.Channel, sender string, r consent.Request) verdict {
	var codes []consent.Code
	about := consent.AboutRequest
	if r.Advertising {
		codes = append(codes, consent.CodeMixedContent)
	}
	if last := o.refusal(ch.ID); ch.Refusable && last != nil && !slices.ContainsFunc(o.grants(), func(g basis) bool {
		return g.facts.Basis == catalog.BasisConsent && slices.Contains(g.facts.Channels, ch.ID) && g.facts.Source != "import" &&
			g.begins() > last.occurred
	}) {
		if codes == nil {
			about = consent.AboutRecipient
		}
		codes = append(codes, refusalCode(last))
	}
	if r.Reference == "" {
		codes = append(codes, consent.CodeReferenceMissing)
	} else if ch.ReferencePattern != "" && !regexp.MustCompile("^(?:"+ch.ReferencePattern+")$").MatchString(r.Reference) {
		codes = append(codes, consent.CodeReferenceInvalid)
	}
	if codes != nil {
		return no(about, sender, codes...)
	}
	v := verdict{Verdict: consent.Allow, Sender: sender, ValidUntil: o.soon()}
	v.Basis, v.Reasons = catalog.BasisContract, []consent.Code{consent.CodeAllowContract}
	if ch.Class == catalog.ClassLegalNotice {
		v.Basis, v.Reasons = catalog.BasisLegalObligation, []consent.Code{consent.CodeAllowLegal}
	}
	return v
}

// soon is the time until which a decision may be relied on at most.
func (o *opinion) soon() consent.Instant { return plus(o.now, o.catalog.Policy.DecisionTTL) }

func plus(t consent.Instant, p period.Period) consent.Instant {
	return consent.Instant(p.AddTo(time.UnixMicro(int64(t))).UnixMicro())
}

func (o *opinion) stage5(ch *catalog.Channel, sender string) []consent.Code {
	var codes []consent.Code
	if o.address.Role() {
		codes = append(codes, consent.CodeRoleAddress)
	}
	bans := o.bans()
	covered := func(test func(b ban) bool) bool {
		return slices.ContainsFunc(bans, func(b ban) bool { return o.covers(b.scope, ch, sender) && test(b) })
	}
	for _, reason := range []consent.Reason{consent.ReasonObjection, consent.ReasonComplaint, consent.ReasonErased} {
		if covered(func(b ban) bool { return b.reason == reason && (b.ofDomain || !o.reopened(ch, b.at, true)) }) {
			codes = append(codes, consent.Code(reason))
		}
	}
	if covered(func(b ban) bool { return b.reason == consent.ReasonExternalList && b.binds == consent.BindsAll }) {
		codes = append(codes, consent.CodeExternalList)
	}
	codes = append(codes, o.listFindings(consent.BindsAll)...)
	if covered(func(b ban) bool { return b.reason == consent.ReasonManual && b.scope == consent.ScopeMarketing }) {
		codes = append(codes, consent.CodeSuppressed)
	}
	return codes
}
