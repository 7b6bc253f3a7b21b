package catalog

import (
	"cmp"
	"regexp"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/assent-io/assent/internal/catalog/lookalike"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/yamltext"
)

// catalog reads the whole document into c. What is wrong in one part does not
// keep the others from being read.
func (d *decoder) catalog(c *Catalog, body ast.Node) {
	d.lines[""] = firstLine(body)
	o := d.object(body, "", "effective_time", "controllers", "recipients", "departments", "channels",
		"sender_identities", "declarations", "generic_words", "policy", "quiet_hours", "freezes")
	o.require("controllers", "departments", "channels", "sender_identities")
	c.EffectiveTime = o.instant("effective_time")
	for _, entry := range o.items("controllers", maxControllers) {
		c.Controllers = append(c.Controllers, d.controller(entry))
	}
	for _, entry := range o.items("recipients", maxRecipients) {
		c.Recipients = append(c.Recipients, d.recipient(entry))
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
	c.GenericWords = o.genericWords("generic_words")
	c.Policy = d.policy(o)
	for _, entry := range o.oneOrMore("quiet_hours", maxLimits) {
		c.QuietHours = append(c.QuietHours, d.quietHours(entry))
	}
	for _, entry := range o.oneOrMore("freezes", maxLimits) {
		c.Freezes = append(c.Freezes, d.freeze(entry))
	}
}

func (d *decoder) controller(entry item) Controller {
	o := d.object(entry.node, entry.path, "id", "name", "postal_address", "privacy_contact", "imprint_url", "privacy_url",
		"supervisory_authority", "retention_note")
	o.require("id", "name", "postal_address", "privacy_contact")
	return Controller{
		ID:             o.token("id"),
		Name:           o.line("name", maxName),
		PostalAddress:  o.prose("postal_address", maxLine),
		PrivacyContact: o.email("privacy_contact"),
		ImprintURL:     o.webAddress("imprint_url"),
		PrivacyURL:     o.webAddress("privacy_url"),

		SupervisoryAuthority: o.prose("supervisory_authority", maxLine),
		RetentionNote:        o.localText("retention_note", maxLine),
	}
}

func (d *decoder) recipient(entry item) Recipient {
	o := d.object(entry.node, entry.path, "client", "name", "postal_address", "role", "country")
	o.require("client", "name", "postal_address", "role", "country")
	return Recipient{
		Client:        o.token("client"),
		Name:          o.line("name", maxName),
		PostalAddress: o.prose("postal_address", maxLine),
		Role:          oneOf(o, "role", RoleOwnDepartment, RoleProcessor, RoleOtherController),
		Country:       o.country("country"),
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
		"double_opt_in", "evidence_required", "notice_required", "consent_lapses_after", "honours", "goods", "refusable", "reference_pattern",
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
		EvidenceRequired:   o.evidence("evidence_required"),
		NoticeRequired:     o.flag("notice_required"),
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

// evidence reads the parts of the evidence that a consent needs.
func (o *object) evidence(key string) []Evidence {
	var parts []Evidence
	var names []string
	all := []Evidence{EvidenceURL, EvidenceIP, EvidenceUserAgent, EvidenceOperator}
	for _, entry := range o.items(key, maxList) {
		s, _ := yamltext.Of(entry.node)
		if !slices.Contains(all, Evidence(s)) {
			o.d.fail(entry.path, "%s is not a part of the evidence that can be required; use %s", shown(entry.node), alternatives(all))
			continue
		}
		parts, names = append(parts, Evidence(s)), append(names, s)
	}
	o.unique(key, names)
	return parts
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
		if s.From.Name != "" && !lookalike.HasWord(s.From.Name) {
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

// policy reads the policy, each period by its default where it is missing.
func (d *decoder) policy(document *object) Policy {
	o := document.child("policy", "decision_ttl", "existing_customer_lapses_after", "confirmation_expires_after", "claims_period",
		"complaint_scope", "soft_bounces_suppress", "retention")
	if o == nil {
		o = &object{d: d, path: "policy", broken: true}
	}
	return Policy{
		DecisionTTL:                 o.period("decision_ttl", period.Seconds(5*60)),
		ExistingCustomerLapsesAfter: o.period("existing_customer_lapses_after", period.Months(24)),
		ConfirmationExpiresAfter:    o.period("confirmation_expires_after", period.Days(30)),
		ClaimsPeriod:                o.periodOfKeeping("claims_period"),
		ComplaintScope:              cmp.Or(oneOf(o, "complaint_scope", ComplaintDepartment, ComplaintMarketing), ComplaintDepartment),
		SoftBouncesSuppress:         o.count("soft_bounces_suppress", maxSoftBounces, defaultSoftBounces),
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
		Evidence:    o.periodOfKeeping("evidence"),
		Requests:    o.periodOfKeeping("requests"),
		Disclosures: o.periodOfKeeping("disclosures"),
		HardBounces: o.periodOfKeeping("hard_bounces"),
	}
}
