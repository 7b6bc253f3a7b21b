package catalog

import (
	"github.com/assent-io/assent/internal/catalog/yamlread"
	"github.com/assent-io/assent/internal/yamltext"
)

func (d *decoder) declaration(entry yamlread.Item) Declaration {
	o := entry.Object("id", "kind", "versions")
	o.Require("id", "kind", "versions")
	declaration := Declaration{ID: o.Token("id"), Kind: yamlread.OneOf(o, "kind", KindConsent, KindTerms, KindNotice)}
	for _, version := range o.Items("versions", maxVersions) {
		declaration.Versions = append(declaration.Versions, d.version(version, declaration))
	}
	return declaration
}

func (d *decoder) version(entry yamlread.Item, of Declaration) DeclarationVersion {
	o := entry.Object("version", "language", "channels", "text", "counts_as", "assessed", "place", "refusal_offered")
	o.Require("version", "language", "channels", "text")
	v := DeclarationVersion{
		ID:             of.ID,
		Kind:           of.Kind,
		Version:        versionName(o, "version"),
		Language:       o.Language("language"),
		Channels:       o.Tokens("channels"),
		Text:           o.Prose("text", maxProse),
		CountsAs:       countsAs(o, "counts_as"),
		Assessed:       assessment(o, "assessed"),
		Place:          o.Line("place", yamlread.MaxLine),
		RefusalOffered: o.Flag("refusal_offered"),
	}
	v.checkKeys(o)
	return v
}

// checkKeys refuses keys that a version of the kind does not have, and asks for those that it must have.
func (v *DeclarationVersion) checkKeys(o *yamlread.Object) {
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
		if o.Has(key.name) && !key.belong && v.Kind != "" {
			o.Fail(key.name, "only %s has this key; leave it out", key.of)
		}
	}
	switch {
	case terms:
		o.Require("counts_as")
		if v.CountsAs == CountsAsExistingCustomer && !o.Has("assessed") {
			o.Refuse("counts_as", "a clause counts as a soft opt-in only when it was assessed; add assessed: {by: …, on: 2026-01-31}")
		}
	case notice:
		o.Require("place", "refusal_offered")
		if o.Has("refusal_offered") && !v.RefusalOffered {
			o.Fail("refusal_offered", "a notice that offers no refusal is no notice of the soft opt-in (UWG section 7(3) no. 4); right is true")
		}
	}
}

// countsAs reads what a clause is worth. Contract, which it could count as once, has an answer of its own. A document that was
// accepted then stays readable; its clause is worth nothing.
func countsAs(o *yamlread.Object, key string) CountsAs {
	if s, ok := yamltext.Of(o.Node(key)); o.Has(key) && ok && s == "contract" {
		o.Refuse(key, "a clause cannot count as a contract: e-mail marketing rests on a consent, or on a sale with all conditions of the "+
			"soft opt-in (CJEU C-654/23). What was truly bought, such as a paid newsletter, is a channel of its own: class: transactional, "+
			"legal_bases: [contract], refusable: true, with the subscription as its reference. Here none or existing_customer is right")
		return CountsAsNone
	}
	return yamlread.OneOf(o, key, CountsAsNone, CountsAsExistingCustomer)
}

func versionName(o *yamlread.Object, key string) string {
	s, ok := o.Text(key, yamlread.MaxLine)
	if !ok {
		return ""
	}
	if !isVersion(s) {
		o.Fail(key, "%s is not a valid version; a version has at most 64 of the characters a-z, A-Z, 0-9, '-', '_' and '.', begins with a letter or digit, and does not read like a domain", yamltext.Quote(s))
		return ""
	}
	return s
}

func assessment(o *yamlread.Object, key string) *Assessment {
	assessed := o.Child(key, "by", "on", "note")
	if assessed == nil {
		return nil
	}
	assessed.Require("by", "on")
	return &Assessment{
		By:   assessed.Line("by", maxName),
		On:   assessed.Day("on"),
		Note: assessed.Prose("note", yamlread.MaxLine),
	}
}
