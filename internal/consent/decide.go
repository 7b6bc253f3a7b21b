package consent

import (
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
)

// Known is what the store knows of an address: the states of its subjects, all folds up to the time that is decided for; nil is one without events.
type Known struct {
	Exact    *State
	Folded   *State
	Mail     *State        // for confirmations only
	Spelling [16]byte      // of the exact form, under the digest key of the folded subject
	Domains  []*State      // in the order of address.Address.Domains
	Linked   []LinkedState // of other addresses of the same person
	Lists    []Listing     // what the external lists in force at the time say of it; those that do not matter may be left out

	// Contacts are the messages that were sent to the person, by time; nil: they were not asked for, and no consent lives by them.
	Contacts []Contact
}

// Decision is the answer to a check with what it rests on.
type Decision struct {
	Verdict     Verdict
	Reason      Code
	Reasons     []Code // shared between decisions: not to be changed
	Basis       catalog.Basis
	Position    int64 // of the event that gave the basis; 0 where it is the request's reference
	Declaration Declaration
	Sender      *catalog.SenderIdentity // nil if unknown
	Obligations []string                // shared between decisions: not to be changed
	About       About
	ValidUntil  Instant // of an ALLOW
	BasisEnd    Instant // of an ALLOW: when the grant that it rests on ends; zero: it does not
	Retry       Instant // from when it may be asked again, where time alone changes the answer; else zero
	Decided     Instant
	Contacts    ContactsRole
}

// Decide answers whether a may be contacted at t, but for the operational limits of package operational.
func (r *Rules) Decide(a address.Address, known *Known, t Instant) Decision {
	if len(r.stage2) > 0 {
		return r.Deny(t, r.stage2...)
	}
	e := evaluation{rules: r, known: known, at: t}
	var buffer [4]block
	e.blocks = e.gatherBlocks(buffer[:0])
	var found findings
	if e.blocksOnEveryClass(&found); found.Len() > 0 {
		return r.Deny(t, found.Codes()...)
	}
	if r.channel.Class != catalog.ClassMarketing {
		return e.decideClass(&found)
	}
	if e.suppressed(a, &found); found.Len() > 0 {
		return r.Deny(t, found.Codes()...)
	}
	if code, refused := e.refused(); refused {
		return r.Deny(t, code)
	}
	return e.decideBasis(&found)
}

// DenyAll returns the DENY that every address gets at t; false if not every address gets one: stage 2.
func (r *Rules) DenyAll(t Instant) (Decision, bool) {
	if len(r.stage2) == 0 {
		return Decision{}, false
	}
	return r.Deny(t, r.stage2...), true
}

// Deny is a DENY with these reasons, of which there is one at least. It does not keep the list.
func (r *Rules) Deny(t Instant, codes ...Code) Decision {
	return Decision{
		Verdict: Deny, Reason: codes[0], Reasons: r.reasons.Of(codes), About: codes[0].about(), Sender: r.sender, Decided: t,
	}
}

// block is a suppression that applies to the address, whatever its scope.
type block struct {
	*Suppression
	domain bool // it is of the domain: no consent ends it
	linked bool // it is of another address of the same person
	level  int  // of the domain in address.Address.Domains
}

// evaluation is one address judged at one time.
type evaluation struct {
	rules  *Rules
	known  *Known
	at     Instant
	blocks []block
	erased Instant // the last erasure of the address; what began at or before it counts as never made

	contacts ContactsRole // what they had to do with a consent so far
}

// gatherBlocks appends the suppressions in force that match the address: of it folded, but bounces exact; of its domain and the domains above,
// but listings of the domain itself only; of other addresses of the person all but bounces, which are about a mailbox.
func (e *evaluation) gatherBlocks(blocks []block) []block {
	e.erased = e.known.Folded.ErasedAt(e.known.Spelling)
	if folded := e.known.Folded; folded != nil {
		for i := range folded.Suppressions {
			p := &folded.Suppressions[i]
			if EndedBy(p.Until, e.at) || p.Reason == ReasonHardBounce && p.Spelling != e.known.Spelling {
				continue
			}
			blocks = append(blocks, block{Suppression: p})
		}
	}
	for _, other := range e.known.Linked {
		for i := range other.Suppressions {
			if p := &other.Suppressions[i]; p.Reason != ReasonHardBounce && !EndedBy(p.Until, e.at) {
				blocks = append(blocks, block{Suppression: p, linked: true})
			}
		}
	}
	for level, domain := range e.known.Domains {
		if domain == nil {
			continue
		}
		for i := range domain.Suppressions {
			p := &domain.Suppressions[i]
			if EndedBy(p.Until, e.at) || p.Reason == ReasonExternalList && level > 0 {
				continue
			}
			blocks = append(blocks, block{Suppression: p, domain: true, level: level})
		}
	}
	return blocks
}

// has reports whether a suppression of the reason is in force that the test accepts.
func (e *evaluation) has(reason Reason, test func(b block) bool) bool {
	return slices.ContainsFunc(e.blocks, func(b block) bool { return b.Reason == reason && test(b) })
}

func (e *evaluation) inScope(b block) bool { return e.rules.coverage.Covers(b.Scope) }

// blocksOnEveryClass is stage 3. A legal notice is stopped by a LEGAL_BLOCK only.
func (e *evaluation) blocksOnEveryClass(found *findings) {
	if len(e.blocks) == 0 {
		return
	}
	if e.has(ReasonLegalBlock, e.inScope) {
		found.Add(CodeLegalBlock)
	}
	if e.rules.channel.Class == catalog.ClassLegalNotice {
		return
	}
	if e.has(ReasonProcessingRestricted, e.inScope) {
		found.Add(CodeRestricted)
	}
	if e.has(ReasonHardBounce, e.bounces) {
		found.Add(CodeHardBounce)
	}
	if e.has(ReasonManual, func(b block) bool { return b.Scope != ScopeMarketing && e.inScope(b) }) {
		found.Add(CodeSuppressed)
	}
}

// bounces reports whether a hard bounce still holds: no confirmed consent on any channel was given since.
func (e *evaluation) bounces(b block) bool {
	if b.domain {
		return e.inScope(b)
	}
	return !e.grantExists(func(g *Grant) bool {
		return slices.ContainsFunc(g.Channels, func(id string) bool {
			ch, ok := e.rules.catalog.Channel(id)
			return ok && e.rules.reopens(g, ch, b.At, e.at, true)
		})
	})
}

// grantExists reports whether one of the grants that were not erased passes the test.
func (e *evaluation) grantExists(test func(g *Grant) bool) bool {
	if e.known.Exact == nil {
		return false
	}
	for i := range e.known.Exact.Grants {
		if g := &e.known.Exact.Grants[i]; g.After(e.erased) && test(g) {
			return true
		}
	}
	return false
}

// GrantExists reports whether one of the grants of the address that no erasure reached passes the test.
func (k *Known) GrantExists(test func(g *Grant) bool) bool {
	e := evaluation{known: k, erased: k.Folded.ErasedAt(k.Spelling)}
	return e.grantExists(test)
}

// decideClass is stage 4 for transactional messages and legal notices, which need a reference rather than a grant.
func (e *evaluation) decideClass(found *findings) Decision {
	r := e.rules
	if r.request.Advertising {
		found.Add(CodeMixedContent)
	}
	if last := e.known.LastRefusal(r.channel.ID); r.channel.Refusable && last != nil {
		if !e.grantExists(func(g *Grant) bool { return g.AsksAgainFor(r.channel.ID, last.At) }) {
			found.Add(last.code())
		}
	}
	switch {
	case r.request.Reference == "":
		found.Add(CodeReferenceMissing)
	case !r.channel.MatchesReference(r.request.Reference):
		found.Add(CodeReferenceInvalid)
	}
	if found.Len() > 0 {
		return r.Deny(e.at, found.Codes()...)
	}
	if r.channel.Class == catalog.ClassLegalNotice {
		return r.Allow(e.at, CodeAllowLegal, catalog.BasisLegalObligation)
	}
	return r.Allow(e.at, CodeAllowContract, catalog.BasisContract)
}

func (r *Refusal) code() Code {
	if r.Withdrew {
		return CodeWithdrawn
	}
	return CodeRefused
}

// suppressed is stage 5.
func (e *evaluation) suppressed(a address.Address, found *findings) {
	if a.Role() {
		found.Add(CodeRoleAddress)
	}
	if len(e.blocks) == 0 {
		e.listed(BindsAll, found)
		return
	}
	for _, reason := range [...]Reason{ReasonObjection, ReasonComplaint, ReasonErased} {
		if e.has(reason, func(b block) bool { return e.inScope(b) && !e.endedByConsent(b, e.rules.channel) }) {
			found.Add(Code(reason))
		}
	}
	if e.has(ReasonExternalList, func(b block) bool { return b.Binds == BindsAll && e.inScope(b) }) {
		found.Add(CodeExternalList)
	}
	e.listed(BindsAll, found)
	if e.has(ReasonManual, func(b block) bool { return b.Scope == ScopeMarketing }) {
		found.Add(CodeSuppressed)
	}
}

// endedByConsent reports whether a confirmed consent reopened the channel after an objection, complaint or erasure.
func (e *evaluation) endedByConsent(b block, ch *catalog.Channel) bool {
	return !b.domain && e.grantExists(func(g *Grant) bool { return e.rules.reopens(g, ch, b.At, e.at, true) })
}

// refused is stage 6.
func (e *evaluation) refused() (Code, bool) {
	last := e.known.LastRefusal(e.rules.channel.ID)
	if last == nil || e.reopened(last, e.rules.channel) {
		return "", false
	}
	return last.code(), true
}

func (e *evaluation) reopened(last *Refusal, ch *catalog.Channel) bool {
	return e.grantExists(func(g *Grant) bool { return e.rules.reopens(g, ch, last.At, e.at, false) })
}
