package catalog

import (
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/yamltext"
)

// catalog reads the whole document into c. What is wrong in one part does not
// keep the others from being read.
func (d *decoder) catalog(c *Catalog, body ast.Node) {
	d.lines[""] = firstLine(body)
	o := d.object(body, "", "effective_time", "controllers", "departments", "channels",
		"sender_identities", "declarations", "policy")
	o.require("controllers", "departments", "channels", "sender_identities")
	c.EffectiveTime = o.instant("effective_time")
	for _, entry := range o.items("controllers", maxControllers) {
		c.Controllers = append(c.Controllers, d.controller(entry))
	}
	for _, entry := range o.items("departments", maxDepartments) {
		c.Departments = append(c.Departments, d.department(entry))
	}
	for _, entry := range o.items("channels", maxChannels) {
		c.Channels = append(c.Channels, d.channel(entry))
	}
	for _, entry := range o.items("sender_identities", maxSenders) {
		c.SenderIdentities = append(c.SenderIdentities, d.senderIdentity(entry))
	}
	for _, entry := range o.items("declarations", maxDeclarations) {
		c.Declarations = append(c.Declarations, d.declaration(entry))
	}
	c.Policy = d.policy(o)
}

func (d *decoder) controller(entry item) Controller {
	o := d.object(entry.node, entry.path, "id", "name", "postal_address", "privacy_contact", "imprint_url")
	o.require("id", "name", "postal_address", "privacy_contact")
	return Controller{
		ID:             o.token("id"),
		Name:           o.line("name", maxName),
		PostalAddress:  o.prose("postal_address", maxLine),
		PrivacyContact: o.email("privacy_contact"),
		ImprintURL:     o.webAddress("imprint_url"),
	}
}

func (d *decoder) department(entry item) Department {
	o := d.object(entry.node, entry.path, "id", "name", "controller", "complaints_to")
	o.require("id", "name", "controller", "complaints_to")
	return Department{
		ID:           o.token("id"),
		Name:         o.localName("name"),
		Controller:   o.token("controller"),
		ComplaintsTo: o.email("complaints_to"),
	}
}

func (d *decoder) channel(entry item) Channel {
	o := d.object(entry.node, entry.path, "id", "name", "department", "medium", "class", "legal_bases",
		"double_opt_in", "consent_lapses_after", "honours", "goods", "refusable", "reference_pattern",
		"sender_identities", "retired")
	o.require("id", "name", "department", "medium", "class", "legal_bases", "sender_identities")
	c := Channel{
		ID:                 o.token("id"),
		Name:               o.localName("name"),
		Department:         o.token("department"),
		Medium:             oneOf(o, "medium", MediumEmail),
		Class:              oneOf(o, "class", ClassMarketing, ClassTransactional, ClassLegalNotice),
		LegalBases:         o.bases("legal_bases"),
		DoubleOptIn:        oneOf(o, "double_opt_in", "required", "optional") != "optional",
		ConsentLapsesAfter: o.period("consent_lapses_after", period.Period{}),
		Honours:            o.tokens("honours"),
		Goods:              o.tokens("goods"),
		Refusable:          o.flag("refusable"),
		SenderIdentities:   o.tokens("sender_identities"),
		Retired:            o.flag("retired"),
	}
	c.ReferencePattern, c.reference = o.pattern("reference_pattern")
	if c.Class == ClassMarketing {
		if o.has("refusable") && !c.Refusable {
			o.fail("refusable", "marketing can always be refused; omit the key or set it to true")
		}
		c.Refusable = true
	}
	return c
}

func (o *object) bases(key string) []Basis {
	var bases []Basis
	var names []string
	for _, entry := range o.items(key, maxList) {
		s, _ := yamltext.Of(entry.node)
		basis, ok := ParseBasis(s)
		if !ok {
			o.d.fail(entry.path, "%s is not a legal basis; use %s", shown(entry.node), alternatives([]Basis{
				BasisConsent, BasisExistingCustomer, BasisTerms, BasisContract, BasisLegalObligation,
			}))
			continue
		}
		bases, names = append(bases, basis), append(names, s)
	}
	o.unique(key, names)
	return bases
}

// pattern reads a regular expression that a whole reference has to match.
func (o *object) pattern(key string) (string, *regexp.Regexp) {
	s := o.line(key, maxPattern)
	if s == "" {
		return "", nil
	}
	// On its own first, so that a stray parenthesis cannot close the group.
	if _, err := regexp.Compile(s); err != nil {
		o.fail(key, "this is not a valid regular expression (RE2): %s", err)
		return "", nil
	}
	compiled, err := regexp.Compile(`\A(?:` + s + `)\z`)
	if err != nil {
		o.fail(key, "this is not a valid regular expression (RE2): %s", err)
		return "", nil
	}
	return s, compiled
}

func (d *decoder) senderIdentity(entry item) SenderIdentity {
	o := d.object(entry.node, entry.path, "id", "department", "from", "reply_to", "lookalike_accepted", "retired")
	o.require("id", "department", "from")
	s := SenderIdentity{
		ID:         o.token("id"),
		Department: o.token("department"),
		ReplyTo:    o.email("reply_to"),
		Retired:    o.flag("retired"),
	}
	if from := o.child("from", "name", "address"); from != nil {
		from.require("name", "address")
		s.From = Mailbox{Name: from.line("name", maxName), Address: from.email("address")}
		if s.From.Name != "" && !strings.ContainsFunc(s.From.Name, isWordRune) {
			from.fail("name", "the name has no letter or digit; write a readable name")
		}
	}
	if accepted := o.child("lookalike_accepted", "with", "justification"); accepted != nil {
		accepted.require("with", "justification")
		s.LookalikeAccepted = &LookalikeAcceptance{
			With:          accepted.token("with"),
			Justification: accepted.prose("justification", maxLine),
		}
	}
	return s
}

func (d *decoder) declaration(entry item) Declaration {
	o := d.object(entry.node, entry.path, "id", "kind", "versions")
	o.require("id", "kind", "versions")
	declaration := Declaration{ID: o.token("id"), Kind: oneOf(o, "kind", KindConsent, KindTerms)}
	for _, version := range o.items("versions", maxVersions) {
		declaration.Versions = append(declaration.Versions, d.version(version, declaration))
	}
	return declaration
}

func (d *decoder) version(entry item, of Declaration) DeclarationVersion {
	o := d.object(entry.node, entry.path, "version", "language", "channels", "text", "counts_as", "assessed")
	o.require("version", "language", "channels", "text")
	v := DeclarationVersion{
		ID:       of.ID,
		Kind:     of.Kind,
		Version:  o.versionName("version"),
		Language: o.language("language"),
		Channels: o.tokens("channels"),
		Text:     o.prose("text", maxProse),
		CountsAs: oneOf(o, "counts_as", CountsAsNone, CountsAsExistingCustomer, CountsAsContract),
		Assessed: o.assessment("assessed"),
	}
	switch of.Kind {
	case KindConsent:
		for _, key := range []string{"counts_as", "assessed"} {
			if o.has(key) {
				o.fail(key, "this key is for a clause of the terms only; a consent always counts as consent")
			}
		}
	case KindTerms:
		o.require("counts_as")
		if v.CountsAs == CountsAsContract && !o.has("assessed") {
			o.fail("counts_as", "a clause counts as contract only after a person has assessed it; add assessed: {by: …, on: 2026-01-31}")
		}
	}
	return v
}

func (o *object) versionName(key string) string {
	s, ok := o.text(key, maxLine)
	if !ok {
		return ""
	}
	if !isVersion(s) {
		o.fail(key, "%s is not a valid version; a version has at most 64 of the characters a-z, A-Z, 0-9, '-', '_' and '.', begins with a letter or digit, and does not read like a domain", yamltext.Quote(s))
		return ""
	}
	return s
}

func (o *object) assessment(key string) *Assessment {
	assessed := o.child(key, "by", "on", "note")
	if assessed == nil {
		return nil
	}
	assessed.require("by", "on")
	return &Assessment{
		By:   assessed.line("by", maxName),
		On:   assessed.day("on"),
		Note: assessed.prose("note", maxLine),
	}
}

// policy reads the policy, each period by its default where it is missing.
func (d *decoder) policy(document *object) Policy {
	o := document.child("policy", "decision_ttl", "existing_customer_lapses_after", "confirmation_expires_after", "claims_period",
		"retention")
	if o == nil {
		o = &object{d: d, path: "policy", broken: true}
	}
	return Policy{
		DecisionTTL:                 o.period("decision_ttl", period.Seconds(5*60)),
		ExistingCustomerLapsesAfter: o.period("existing_customer_lapses_after", period.Months(24)),
		ConfirmationExpiresAfter:    o.period("confirmation_expires_after", period.Days(30)),
		ClaimsPeriod:                o.period("claims_period", period.Period{}),
		Retention:                   d.retention(o),
	}
}

// retention reads how long what is held is kept; what is missing, without end.
func (d *decoder) retention(policy *object) Retention {
	o := policy.child("retention", "evidence", "requests", "disclosures", "hard_bounces")
	if o == nil {
		return Retention{}
	}
	return Retention{
		Evidence:    o.period("evidence", period.Period{}),
		Requests:    o.period("requests", period.Period{}),
		Disclosures: o.period("disclosures", period.Period{}),
		HardBounces: o.period("hard_bounces", period.Period{}),
	}
}
