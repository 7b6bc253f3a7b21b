package catalog

import "github.com/assent-io/assent/internal/yamltext"

func (d *decoder) declaration(entry item) Declaration {
	o := d.object(entry.node, entry.path, "id", "kind", "versions")
	o.require("id", "kind", "versions")
	declaration := Declaration{ID: o.token("id"), Kind: oneOf(o, "kind", KindConsent, KindTerms, KindNotice)}
	for _, version := range o.items("versions", maxVersions) {
		declaration.Versions = append(declaration.Versions, d.version(version, declaration))
	}
	return declaration
}

func (d *decoder) version(entry item, of Declaration) DeclarationVersion {
	o := d.object(entry.node, entry.path, "version", "language", "channels", "text", "counts_as", "assessed", "place", "refusal_offered")
	o.require("version", "language", "channels", "text")
	v := DeclarationVersion{
		ID:             of.ID,
		Kind:           of.Kind,
		Version:        o.versionName("version"),
		Language:       o.language("language"),
		Channels:       o.tokens("channels"),
		Text:           o.prose("text", maxProse),
		CountsAs:       o.countsAs("counts_as"),
		Assessed:       o.assessment("assessed"),
		Place:          o.line("place", maxLine),
		RefusalOffered: o.flag("refusal_offered"),
	}
	v.checkKeys(o)
	return v
}

// checkKeys refuses keys that a version of the kind does not have, and asks for those that it must have.
func (v *DeclarationVersion) checkKeys(o *object) {
	terms, notice := v.Kind == KindTerms, v.Kind == KindNotice
	for _, key := range []struct {
		name   string
		belong bool
		of     string
	}{
		{"counts_as", terms, "a clause of the terms"},
		{"assessed", terms, "a clause of the terms"},
		{"place", notice, "a notice"},
		{"refusal_offered", notice, "a notice"},
	} {
		if o.has(key.name) && !key.belong && v.Kind != "" {
			o.fail(key.name, "only %s has this key; leave it out", key.of)
		}
	}
	switch {
	case terms:
		o.require("counts_as")
		if v.CountsAs == CountsAsExistingCustomer && !o.has("assessed") {
			o.d.refuse(o.at("counts_as"), "a clause counts as a soft opt-in only when it was assessed; add assessed: {by: …, on: 2026-01-31}")
		}
	case notice:
		o.require("place", "refusal_offered")
		if o.has("refusal_offered") && !v.RefusalOffered {
			o.fail("refusal_offered", "a notice that offers no refusal is no notice of the soft opt-in (UWG section 7(3) no. 4); right is true")
		}
	}
}

// countsAs reads what a clause is worth. Contract, which it could count as once, has an answer of its own. A document that was
// accepted then stays readable; its clause is worth nothing.
func (o *object) countsAs(key string) CountsAs {
	if s, ok := yamltext.Of(o.fields[key]); o.has(key) && ok && s == "contract" {
		o.d.refuse(o.at(key), "a clause cannot count as a contract: e-mail marketing rests on a consent, or on a sale with all conditions of the "+
			"soft opt-in (CJEU C-654/23). What was truly bought, such as a paid newsletter, is a channel of its own: class: transactional, "+
			"legal_bases: [contract], refusable: true, with the subscription as its reference. Here none or existing_customer is right")
		return CountsAsNone
	}
	return oneOf(o, key, CountsAsNone, CountsAsExistingCustomer)
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
