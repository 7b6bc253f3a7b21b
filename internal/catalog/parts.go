package catalog

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/assent-io/assent/internal/catalog/lookalike"
	"github.com/assent-io/assent/internal/catalog/yamlread"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/yamltext"
)

// catalog reads the whole document into c. What is wrong in one part does not
// keep the others from being read.
func (d *decoder) catalog(c *Catalog, body ast.Node) {
	o := d.Document(body, "effective_time", "controllers", "recipients", "departments", "channels",
		"sender_identities", "declarations", "generic_words", "policy", "quiet_hours", "freezes", "sends", "pressure")
	o.Require("controllers", "departments", "channels", "sender_identities")
	c.EffectiveTime = o.Instant("effective_time")
	for _, entry := range o.Items("controllers", maxControllers) {
		c.Controllers = append(c.Controllers, d.controller(entry))
	}
	for _, entry := range o.Items("recipients", maxRecipients) {
		c.Recipients = append(c.Recipients, d.recipient(entry))
	}
	for _, entry := range o.Items("departments", maxDepartments) {
		c.Departments = append(c.Departments, d.department(entry))
	}
	for _, entry := range o.Items("channels", maxChannels) {
		c.Channels = append(c.Channels, d.channel(entry))
	}
	for _, entry := range o.Items("sender_identities", maxSenders) {
		c.SenderIdentities = append(c.SenderIdentities, d.senderIdentity(entry))
	}
	for _, entry := range o.Items("declarations", maxDeclarations) {
		c.Declarations = append(c.Declarations, d.declaration(entry))
	}
	c.GenericWords = genericWords(o, "generic_words")
	c.Policy = d.policy(o)
	for _, entry := range o.OneOrMore("quiet_hours", maxLimits) {
		c.QuietHours = append(c.QuietHours, d.quietHours(entry))
	}
	for _, entry := range o.OneOrMore("freezes", maxLimits) {
		c.Freezes = append(c.Freezes, d.freeze(entry))
	}
	c.Sends = sendRules(o)
	for _, entry := range o.OneOrMore("pressure", maxLimits) {
		c.Pressure = append(c.Pressure, pressureCap(entry))
	}
}

func (d *decoder) controller(entry yamlread.Item) Controller {
	o := entry.Object("id", "name", "postal_address", "privacy_contact", "imprint_url", "privacy_url",
		"supervisory_authority", "retention_note")
	o.Require("id", "name", "postal_address", "privacy_contact")
	return Controller{
		ID:             o.Token("id"),
		Name:           o.Line("name", maxName),
		PostalAddress:  o.Prose("postal_address", yamlread.MaxLine),
		PrivacyContact: o.Email("privacy_contact"),
		ImprintURL:     o.WebAddress("imprint_url"),
		PrivacyURL:     o.WebAddress("privacy_url"),

		SupervisoryAuthority: o.Prose("supervisory_authority", yamlread.MaxLine),
		RetentionNote:        localText(o, "retention_note", yamlread.MaxLine),
	}
}

func (d *decoder) recipient(entry yamlread.Item) Recipient {
	o := entry.Object("client", "name", "postal_address", "role", "country")
	o.Require("client", "name", "postal_address", "role", "country")
	return Recipient{
		Client:        o.Token("client"),
		Name:          o.Line("name", maxName),
		PostalAddress: o.Prose("postal_address", yamlread.MaxLine),
		Role:          yamlread.OneOf(o, "role", RoleOwnDepartment, RoleProcessor, RoleOtherController),
		Country:       o.Country("country"),
	}
}

func (d *decoder) department(entry yamlread.Item) Department {
	o := entry.Object("id", "name", "controller", "complaints_to", "desk")
	o.Require("id", "name", "controller", "complaints_to")
	return Department{
		ID:           o.Token("id"),
		Name:         localName(o, "name"),
		Controller:   o.Token("controller"),
		ComplaintsTo: o.Email("complaints_to"),
		Desk:         d.desk(o),
	}
}

func (d *decoder) channel(entry yamlread.Item) Channel {
	o := entry.Object("id", "name", "department", "medium", "class", "legal_bases",
		"double_opt_in", "evidence_required", "notice_required", "consent_lapses_after", "consent_lapses_from", "honours", "goods", "refusable", "reference_pattern",
		"sender_identities", "retired")
	o.Require("id", "name", "department", "medium", "class", "legal_bases", "sender_identities")
	c := Channel{
		ID:                 o.Token("id"),
		Name:               localName(o, "name"),
		Department:         o.Token("department"),
		Medium:             yamlread.OneOf(o, "medium", MediumEmail),
		Class:              yamlread.OneOf(o, "class", ClassMarketing, ClassTransactional, ClassLegalNotice),
		LegalBases:         bases(o, "legal_bases"),
		DoubleOptIn:        yamlread.OneOf(o, "double_opt_in", "required", "optional") != "optional",
		EvidenceRequired:   evidence(o, "evidence_required"),
		NoticeRequired:     o.Flag("notice_required"),
		ConsentLapsesAfter: withinYear(o, "consent_lapses_after", period.Period{}),
		ConsentLapsesFrom:  lapsesFrom(o),
		Honours:            o.Tokens("honours"),
		Goods:              o.Tokens("goods"),
		Refusable:          o.Flag("refusable"),
		SenderIdentities:   o.Tokens("sender_identities"),
		Retired:            o.Flag("retired"),
	}
	c.ReferencePattern, c.reference = pattern(o, "reference_pattern")
	if c.Class == ClassMarketing {
		if o.Has("refusable") && !c.Refusable {
			o.Fail("refusable", "marketing can always be refused; omit the key or set it to true")
		}
		c.Refusable = true
	}
	return c
}

func bases(o *yamlread.Object, key string) []Basis {
	var bases []Basis
	var names []string
	for _, entry := range o.Items(key, maxList) {
		s, _ := yamltext.Of(entry.Node)
		basis, ok := ParseBasis(s)
		if !ok {
			entry.Fail("%s is not a legal basis; use %s", yamlread.Shown(entry.Node), yamlread.Alternatives([]Basis{
				BasisConsent, BasisExistingCustomer, BasisTerms, BasisContract, BasisLegalObligation,
			}))
			continue
		}
		bases, names = append(bases, basis), append(names, s)
	}
	o.Unique(key, names)
	return bases
}

// evidence reads the parts of the evidence that a consent needs.
func evidence(o *yamlread.Object, key string) []Evidence {
	var parts []Evidence
	var names []string
	all := []Evidence{EvidenceURL, EvidenceIP, EvidenceUserAgent, EvidenceOperator}
	for _, entry := range o.Items(key, maxList) {
		s, _ := yamltext.Of(entry.Node)
		if !slices.Contains(all, Evidence(s)) {
			entry.Fail("%s is not a part of the evidence that can be required; use %s", yamlread.Shown(entry.Node), yamlread.Alternatives(all))
			continue
		}
		parts, names = append(parts, Evidence(s)), append(names, s)
	}
	o.Unique(key, names)
	return parts
}

// pattern reads a regular expression that a whole reference has to match.
func pattern(o *yamlread.Object, key string) (string, *regexp.Regexp) {
	s := o.Line(key, maxPattern)
	if s == "" {
		return "", nil
	}
	// On its own first, so that a stray parenthesis cannot close the group.
	if _, err := regexp.Compile(s); err != nil {
		o.Fail(key, "this is not a valid regular expression (RE2): %s", err)
		return "", nil
	}
	compiled, err := regexp.Compile(`\A(?:` + s + `)\z`)
	if err != nil {
		o.Fail(key, "this is not a valid regular expression (RE2): %s", err)
		return "", nil
	}
	return s, compiled
}

func (d *decoder) senderIdentity(entry yamlread.Item) SenderIdentity {
	o := entry.Object("id", "department", "from", "reply_to", "lookalike_accepted", "retired")
	o.Require("id", "department", "from")
	s := SenderIdentity{
		ID:         o.Token("id"),
		Department: o.Token("department"),
		ReplyTo:    o.Email("reply_to"),
		Retired:    o.Flag("retired"),
	}
	if from := o.Child("from", "name", "address"); from != nil {
		from.Require("name", "address")
		s.From = Mailbox{Name: from.Line("name", maxName), Address: from.Email("address")}
		if s.From.Name != "" && !lookalike.HasWord(s.From.Name) {
			from.Fail("name", "the name has no letter or digit; write a readable name")
		}
	}
	if accepted := o.Child("lookalike_accepted", "with", "justification"); accepted != nil {
		accepted.Require("with", "justification")
		s.LookalikeAccepted = &LookalikeAcceptance{
			With:          accepted.Token("with"),
			Justification: accepted.Prose("justification", yamlread.MaxLine),
		}
	}
	return s
}

// policy reads the policy, each period by its default where it is missing.
func (d *decoder) policy(document *yamlread.Object) Policy {
	o := document.Child("policy", "decision_ttl", "existing_customer_lapses_after", "confirmation_expires_after", "claims_period",
		"complaint_scope", "soft_bounces_suppress", "retention")
	if o == nil {
		o = d.Missing("policy")
	}
	return Policy{
		DecisionTTL:                 withinYear(o, "decision_ttl", period.Seconds(5*60)),
		ExistingCustomerLapsesAfter: withinYear(o, "existing_customer_lapses_after", period.Months(24)),
		ConfirmationExpiresAfter:    withinYear(o, "confirmation_expires_after", period.Days(30)),
		ClaimsPeriod:                periodOfKeeping(o, "claims_period"),
		ComplaintScope:              cmp.Or(yamlread.OneOf(o, "complaint_scope", ComplaintDepartment, ComplaintMarketing), ComplaintDepartment),
		SoftBouncesSuppress:         o.Count("soft_bounces_suppress", maxSoftBounces, defaultSoftBounces),
		Retention:                   d.retention(o),
	}
}

// retention reads how long what is held is kept; what is missing, without end.
func (d *decoder) retention(policy *yamlread.Object) Retention {
	o := policy.Child("retention", "evidence", "requests", "disclosures", "hard_bounces", "contacts", "cases")
	if o == nil {
		return Retention{}
	}
	return Retention{
		Evidence:    periodOfKeeping(o, "evidence"),
		Requests:    periodOfKeeping(o, "requests"),
		Disclosures: periodOfKeeping(o, "disclosures"),
		HardBounces: periodOfKeeping(o, "hard_bounces"),
		Contacts:    o.Period("contacts", period.Period{}),
		Cases:       periodOfKeeping(o, "cases"),
	}
}
