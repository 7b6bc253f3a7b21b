package statement

import (
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/storedtext"
)

// Statement is what a caller states about an address, as given: by a call, a row of an import or a scenario.
type Statement struct {
	Kind         consent.Kind // request, grant, confirm, withdraw, refuse, suppress, lift or erase
	Occurred     consent.Instant
	Address      string // exactly one of address and domain; a domain only to suppress and to lift
	Domain       string
	Channels     []string
	AllMarketing bool // instead of channels, to withdraw and to refuse
	Basis        catalog.Basis
	Declaration  consent.Declaration
	Expires      consent.Instant // of a grant; of a suppression its until
	Reason       consent.Reason
	Scope        consent.Scope
	List         string
	Binds        consent.Binds
	Informed     consent.Instant // of a lift: when the person was told of it
	With         string          // of a link or its end: the other address

	Source        string
	Confirmed     consent.Instant
	Notice        bool
	NoticeShown   consent.Declaration // the notice that was shown
	Goods         []string
	URL           string
	IP            string
	UserAgent     string
	TransactionID string // transaction_ref
	DocumentRef   string
	Operator      string
	Note          string
	Justification string
}

// Entry is a valid statement: the facts to record, and the form of the address that they are about.
type Entry struct {
	Form     consent.Form // of the subject
	Address  address.Address
	Domain   string          // of FormDomain, instead of the address
	With     address.Address // of a link or its end: the other address
	Facts    consent.Facts   // without the spelling
	Evidence consent.Evidence
	Warnings []Warning // what of a no was changed to be storable
}

// Canonical returns the form of the subject's address.
func (e *Entry) Canonical() string {
	switch e.Form {
	case consent.FormExact:
		return e.Address.Exact()
	case consent.FormDomain:
		return e.Domain
	case consent.FormMail:
		return e.Address.Mailbox()
	default:
		return e.Address.Folded()
	}
}

// Exact returns the exact address or the domain that the entry was stated for.
func (e *Entry) Exact() string {
	if e.Form == consent.FormDomain {
		return e.Domain
	}
	return e.Address.Exact()
}

// Begin is the instant from which the entry counts if it occurs at the given instant, as [Event.Begin].
func (e *Entry) Begin(occurred consent.Instant) consent.Instant { return e.Facts.BeginAt(occurred) }

// Entry checks the statement and puts it into its canonical form. Now is the catalog in force when it is recorded: channels and
// scopes must be in it. Then is the one in force when it occurred: its policy says when a request expires. Evidence of a no that
// cannot be stored is changed, with a warning. The error is a [fault.Error] that names the field.
func (s *Statement) Entry(now, then *catalog.Catalog) (*Entry, error) {
	var warnings []Warning
	if s.Kind.IsNo() {
		s, warnings = s.withStorableEvidence()
	}
	e := &Entry{Warnings: warnings, Evidence: consent.Evidence{
		URL: s.URL, IP: s.IP, UserAgent: s.UserAgent, TransactionRef: s.TransactionID, DocumentRef: s.DocumentRef,
		Operator: s.Operator, Note: s.Note, Justification: s.Justification,
	}}
	if err := s.target(e); err != nil {
		return nil, err
	}
	if err := s.evidence(&e.Facts); err != nil {
		return nil, err
	}
	if s.Kind.IsOf(consent.FormExact) {
		e.Facts.Details = consent.DetailsOf(&e.Evidence)
	}
	if err := s.foreign(); err != nil {
		return nil, err
	}
	var err error
	switch s.Kind {
	case consent.KindRequest, consent.KindConfirm:
		err = s.optIn(&e.Facts, now, then)
	case consent.KindGrant:
		err = s.grant(&e.Facts, now)
	case consent.KindWithdraw, consent.KindRefuse:
		err = s.refusal(&e.Facts, now)
	case consent.KindSuppress:
		err = s.suppression(&e.Facts, now)
	case consent.KindLift:
		err = s.lift(&e.Facts, now)
	case consent.KindErase:
		e.Facts.Kind = consent.KindErase
	case consent.KindLink, consent.KindUnlink:
		err = s.link(e)
	default:
		err = fault.Errorf(fault.InvalidEvent, "event", "the event must be one of %s", names(consent.StatedKinds()))
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// names lists the names of kinds.
func names(kinds []consent.Kind) string {
	list := make([]string, len(kinds))
	for i, k := range kinds {
		list[i] = k.String()
	}
	return strings.Join(list, ", ")
}

// target sets the form of the address that the statement is about.
func (s *Statement) target(e *Entry) error {
	if s.Domain != "" {
		if s.Address != "" {
			return fault.Errorf(fault.InvalidEvent, "domain", "give an address or a domain, not both")
		}
		if !s.Kind.IsOf(consent.FormDomain) {
			return fault.Errorf(fault.InvalidEvent, "domain", "only suppressions and lifts can be for a domain; give an address")
		}
		domain, err := address.ParseDomain(s.Domain)
		if err != nil {
			return fault.Errorf(fault.InvalidDomain, "domain", "%s", err)
		}
		e.Form, e.Domain, e.Evidence.Address = consent.FormDomain, domain, s.Domain
		return nil
	}
	a, err := address.Parse(s.Address)
	if err != nil {
		return fault.Errorf(fault.InvalidAddress, "address", "%s", err)
	}
	e.Form, e.Address, e.Evidence.Address = consent.FormFolded, a, s.Address
	if s.Kind.IsOf(consent.FormExact) {
		e.Form = consent.FormExact
	} else {
		e.Facts.Tagged = a.Tagged()
	}
	return nil
}

// evidence checks what is known about how it came about, and sets what stands in clear.
func (s *Statement) evidence(f *consent.Facts) error {
	if !consent.KnownSource(s.Source) {
		return fault.Errorf(fault.InvalidEvidence, "evidence.source",
			"a source must be one of web_form, double_opt_in, api, import, paper, in_person, phone")
	}
	for _, t := range s.evidenceTexts() {
		if problem := storedtext.Problem(*t.text, t.limit); problem != "" {
			return fault.Errorf(fault.InvalidEvidence, t.field, "the text %s", problem)
		}
	}
	if s.Confirmed == InvalidInstant {
		return fault.Errorf(fault.InvalidTime, "evidence.confirmedTime", "the time must be later than 1970-01-01T00:00:00Z and at most of the year 9999")
	}
	if len(s.Goods) > maxGoods {
		return fault.Errorf(fault.InvalidEvidence, "evidence.goods", "at most %d goods", maxGoods)
	}
	for _, g := range s.Goods {
		if !isName(g) {
			return fault.Errorf(fault.InvalidEvidence, "evidence.goods", "a kind of goods %s", nameRule)
		}
	}
	f.Source, f.Confirmed, f.Notice = s.Source, s.Confirmed, s.Notice
	f.Transaction, f.Document = s.TransactionID != "", s.DocumentRef != ""
	f.NoticeShown = s.NoticeShown
	f.Goods = sortedOnce(s.Goods)
	return nil
}

// foreign refuses fields that the kind does not have: nothing is acknowledged and then ignored.
func (s *Statement) foreign() error {
	for _, r := range []struct {
		field consent.Field
		given bool
	}{
		{consent.FieldChannels, len(s.Channels) > 0},
		{consent.FieldAllMarketing, s.AllMarketing},
		{consent.FieldLegalBasis, s.Basis != ""},
		{consent.FieldDeclaration, !s.Declaration.IsZero()},
		{consent.FieldExpires, s.Expires != 0},
		{consent.FieldReason, s.Reason != ""},
		{consent.FieldScope, s.Scope != ""},
		{consent.FieldList, s.List != ""},
		{consent.FieldBinds, s.Binds != ""},
		{consent.FieldInformed, s.Informed != 0},
		{consent.FieldWith, s.With != ""},
	} {
		if r.given && !s.Kind.Takes(r.field) {
			return fault.Errorf(fault.InvalidEvent, string(r.field), "an event of kind %s does not have this field", s.Kind)
		}
	}
	return nil
}

const nameRule = "is 1 to 64 lower-case letters, digits, '-', '_' and '.', and begins with a letter or digit"

// isName reports whether a name is safe to stand in clear for ever: it cannot be an address.
func isName(name string) bool { return catalog.IsID(name) }

func sortedOnce(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

func checkChannels(channels []string, now *catalog.Catalog) error {
	for _, id := range channels {
		if _, ok := now.Channel(id); !ok {
			return fault.Errorf(fault.UnknownChannel, "channels", "the catalog does not have the channel %s", quoteName(id))
		}
	}
	return nil
}

// quoteName shows a name that was given if it can be one, so that no error repeats an address that stands in a wrong field.
func quoteName(name string) string {
	if isName(name) {
		return name
	}
	return "(not a valid name)"
}

func (s *Statement) optIn(f *consent.Facts, now, then *catalog.Catalog) error {
	if len(s.Channels) != 1 {
		return fault.Errorf(fault.InvalidEvent, "channel", "a %s is for exactly one channel", s.Kind)
	}
	if err := checkChannels(s.Channels, now); err != nil {
		return err
	}
	f.Kind, f.Channels = s.Kind, []string{s.Channels[0]}
	if s.Kind == consent.KindRequest {
		f.Expires = s.Occurred.Plus(then.Policy.ConfirmationExpiresAfter)
	}
	return s.declare(f)
}

func (s *Statement) grant(f *consent.Facts, now *catalog.Catalog) error {
	if len(s.Channels) == 0 || len(s.Channels) > 100 {
		return fault.Errorf(fault.InvalidEvent, "channels", "a grant is for 1 to 100 channels")
	}
	if err := checkChannels(s.Channels, now); err != nil {
		return err
	}
	if _, ok := catalog.ParseBasis(string(s.Basis)); !ok {
		return fault.Errorf(fault.InvalidEvent, "legalBasis",
			"a legal basis must be one of consent, existing_customer, terms, contract, legal_obligation")
	}
	f.Kind, f.Channels, f.Basis, f.Expires = consent.KindGrant, sortedOnce(s.Channels), s.Basis, s.Expires
	return s.declare(f)
}

// declare sets the declaration. That a catalog has it is not asked here, for history is untidy.
func (s *Statement) declare(f *consent.Facts) error {
	if s.Declaration.IsZero() {
		return nil
	}
	if _, _, err := catalog.ParseDeclarationRef(s.Declaration.String()); err != nil {
		return fault.Errorf(fault.InvalidEvent, "declaration", "a declaration must be given as id@version, such as newsletter-signup@2026-01")
	}
	f.Declaration = s.Declaration
	return nil
}

func (s *Statement) refusal(f *consent.Facts, now *catalog.Catalog) error {
	if s.AllMarketing {
		if len(s.Channels) > 0 {
			return fault.Errorf(fault.InvalidEvent, "channels", "give channels or all marketing, not both")
		}
		f.Kind, f.Reason, f.Scope = consent.KindSuppress, consent.ReasonObjection, consent.ScopeMarketing
		return nil
	}
	if !s.Declaration.IsZero() {
		return s.withdrawal(f, now)
	}
	if len(s.Channels) == 0 || len(s.Channels) > 100 {
		return fault.Errorf(fault.InvalidEvent, "channels", "a refusal is for 1 to 100 channels, or for all marketing")
	}
	if err := checkChannels(s.Channels, now); err != nil {
		return err
	}
	for _, id := range s.Channels {
		if ch, _ := now.Channel(id); !ch.Refusable {
			return fault.Errorf(fault.NotRefusable, "channels", "the channel %s cannot be refused; nothing was recorded", id)
		}
	}
	f.Kind, f.Channels = s.Kind, sortedOnce(s.Channels)
	return nil
}

// withdrawal withdraws the consent to a version of a declaration, on every marketing channel that it covers, of whatever controller: a person
// who withdraws a consent withdraws it towards all who rely on it (CJEU C-129/21).
func (s *Statement) withdrawal(f *consent.Facts, now *catalog.Catalog) error {
	if len(s.Channels) > 0 || s.AllMarketing {
		return fault.Errorf(fault.InvalidEvent, "declaration", "give channels, all marketing or a declaration, only one of them")
	}
	version, known := now.Declaration(s.Declaration.ID, s.Declaration.Version)
	if !known || version.Kind != catalog.KindConsent {
		return fault.Errorf(fault.UnknownDeclaration, "declaration", "the catalog does not have this version of a declaration of consent; nothing was recorded")
	}
	for _, id := range version.Channels {
		if ch, ok := now.Channel(id); ok && ch.Class == catalog.ClassMarketing {
			f.Channels = append(f.Channels, id)
		}
	}
	if len(f.Channels) == 0 {
		return fault.Errorf(fault.NoEffect, "declaration", "the declaration covers no marketing channel; nothing was recorded")
	}
	f.Kind, f.Channels, f.Declaration = s.Kind, sortedOnce(f.Channels), s.Declaration
	return nil
}

// link reads the other address of a link or of its end.
func (s *Statement) link(e *Entry) error {
	with, err := address.Parse(s.With)
	if err != nil {
		return fault.Errorf(fault.InvalidAddress, "otherAddress", "%s", err)
	}
	if with.Folded() == e.Address.Folded() {
		return fault.Errorf(fault.SameAddress, "otherAddress",
			"both are spellings of one mailbox, whose refusals and suppressions hold for each of them already; give another address of the person")
	}
	e.With, e.Evidence.Other, e.Facts.Kind = with, with.Exact(), s.Kind
	return nil
}

// OtherSide returns the same link, or its end, as an entry of the other address.
func (e *Entry) OtherSide() *Entry {
	other := *e
	other.Address, other.With = e.With, e.Address
	other.Facts.Tagged = other.Address.Tagged()
	other.Evidence.Address, other.Evidence.Other = other.Address.Exact(), e.Address.Exact()
	return &other
}

func (s *Statement) suppression(f *consent.Facts, now *catalog.Catalog) error {
	switch {
	case !s.Reason.Known():
		return fault.Errorf(fault.InvalidSuppression, "reason", "a reason must be one of LEGAL_BLOCK, PROCESSING_RESTRICTED, HARD_BOUNCE, "+
			"MANUAL, OBJECTION, COMPLAINT, EXTERNAL_LIST")
	case s.Reason == consent.ReasonErased:
		return fault.Errorf(fault.InvalidSuppression, "reason", "ERASED cannot be recorded directly; record an erasure")
	case s.Reason == consent.ReasonUnsubscribeUnclear:
		return fault.Errorf(fault.InvalidSuppression, "reason",
			"UNSUBSCRIBE_UNCLEAR cannot be recorded directly; it comes from a click on a link in a message")
	case s.Expires != 0 && s.Expires <= s.Occurred:
		return fault.Errorf(fault.InvalidSuppression, "until", "the end is before the start")
	}
	f.Scope = s.Scope
	if f.Scope == "" {
		f.Scope = s.Reason.DefaultScope()
	}
	if f.Scope == "" {
		return fault.Errorf(fault.InvalidSuppression, "scope", "a MANUAL suppression must have a scope")
	}
	if s.Reason == consent.ReasonHardBounce && f.Scope != consent.ScopeAll {
		return fault.Errorf(fault.InvalidSuppression, "scope", "a hard bounce always has the scope all")
	}
	if err := checkScope(f.Scope, now); err != nil {
		return err
	}
	if !hasEffect(s.Reason, f.Scope, now) {
		return fault.Errorf(fault.NoEffect, "scope", "%s does not stop messages on that channel; nothing was recorded", s.Reason)
	}
	if err := s.checkList(true); err != nil {
		return err
	}
	f.Kind, f.Reason, f.List, f.Binds, f.Expires = consent.KindSuppress, s.Reason, s.List, s.Binds, s.Expires
	return nil
}

func checkScope(scope consent.Scope, now *catalog.Catalog) error {
	if scope == consent.ScopeAll || scope == consent.ScopeMarketing {
		return nil
	}
	kind, id := scope.Split()
	known := false
	switch kind {
	case consent.ScopeController:
		_, known = now.Controller(id)
	case consent.ScopeDepartment:
		_, known = now.Department(id)
	case consent.ScopeChannel:
		_, known = now.Channel(id)
	case consent.ScopeSender:
		_, known = now.SenderIdentity(id)
	default:
		return fault.Errorf(fault.InvalidSuppression, "scope",
			"a scope must be all, marketing, controller:ID, department:ID, channel:ID or sender:ID")
	}
	if !known {
		return fault.Errorf(fault.InvalidSuppression, "scope", "the catalog does not have the %s %s", kind, quoteName(id))
	}
	return nil
}

// hasEffect reports whether a no for the reason can stop anything in the scope. An objection to a channel that is not
// marketing, or a complaint about one, is refused: acknowledged and then ignored, it would mislead the caller. Other
// reasons are accepted in any scope, because imported histories have them and they only protect.
func hasEffect(reason consent.Reason, scope consent.Scope, now *catalog.Catalog) bool {
	if reason != consent.ReasonObjection && reason != consent.ReasonComplaint {
		return true
	}
	kind, id := scope.Split()
	ch, ok := now.Channel(id)
	return kind != consent.ScopeChannel || !ok || ch.Class == catalog.ClassMarketing
}

// checkList checks list and binds, which only external lists have.
func (s *Statement) checkList(binds bool) error {
	if s.Reason != consent.ReasonExternalList {
		if s.List != "" || s.Binds != "" {
			return fault.Errorf(fault.InvalidSuppression, "list", "only EXTERNAL_LIST can have list and binds")
		}
		return nil
	}
	if !isName(s.List) {
		return fault.Errorf(fault.InvalidSuppression, "list", "EXTERNAL_LIST needs the name of its list; the name %s", nameRule)
	}
	if binds && s.Binds != consent.BindsAll && s.Binds != consent.BindsExistingCustomer {
		return fault.Errorf(fault.InvalidSuppression, "binds", "binds must be all or existing_customer")
	}
	return nil
}

func (s *Statement) lift(f *consent.Facts, now *catalog.Catalog) error {
	if !s.Reason.Known() {
		return fault.Errorf(fault.InvalidSuppression, "reason", "a lift needs the reason of the suppressions to lift")
	}
	if s.Scope != "" {
		if err := checkScope(s.Scope, now); err != nil {
			return err
		}
	}
	if err := s.checkList(false); err != nil {
		return err
	}
	if s.Reason == consent.ReasonProcessingRestricted {
		if s.Informed > s.Occurred {
			return fault.Errorf(fault.NotInformed, "informedTime",
				"the restriction must not end before the person was told (GDPR Art. 18(3)); tell the person first")
		}
	} else if s.Informed != 0 {
		return fault.Errorf(fault.InvalidSuppression, "informedTime", "only a lift of PROCESSING_RESTRICTED has this field")
	}
	f.Kind, f.Reason, f.Scope, f.List, f.Informed = consent.KindLift, s.Reason, s.Scope, s.List, s.Informed
	return nil
}
