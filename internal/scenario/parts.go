package scenario

import (
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/timetext"
	"github.com/assent-io/assent/internal/yamltext"
)

// scenario reads a document, all but its catalog.
func (d *decoder) scenario(body ast.Node) (*Scenario, *object) {
	o := d.object(body, "a scenario", "name", "catalog", "lists", "events", "sends", "contacts", "caps", "absences", "cases", "checks")
	if o == nil {
		return nil, nil
	}
	s := &Scenario{Name: o.text("name"), File: d.file, Line: o.line}
	o.require("name", "catalog")
	switch {
	case !o.has("checks") && !o.has("cases"):
		o.d.fail(o.line, "the key checks is missing, and so is cases; a scenario has at least one of them")
	case len(o.list("checks"))+len(o.list("cases")) == 0:
		o.fail("checks", "the scenario has no check and no case; add at least one")
	}
	s.Lists = each(o, "lists", d.externalList)
	s.Events = each(o, "events", d.event)
	s.Sends, s.Reports, s.Caps = each(o, "sends", d.send), each(o, "contacts", d.report), each(o, "caps", d.personalCap)
	s.Absences, s.Cases = each(o, "absences", d.absence), each(o, "cases", d.kase)
	s.Checks = each(o, "checks", d.check)
	return s, o
}

// each reads the parts of a list; what cannot be read is left out, and was told.
func each[T any](o *object, key string, read func(ast.Node) *T) []T {
	var parts []T
	for _, node := range o.list(key) {
		if part := read(node); part != nil {
			parts = append(parts, *part)
		}
	}
	return parts
}

// instant reads a time; zero when the key is missing or wrong.
func (o *object) instant(key string) consent.Instant {
	if !o.has(key) {
		return 0
	}
	s := o.text(key)
	t, err := timetext.Parse(s)
	if err != nil || t.Nanosecond()%1000 != 0 {
		o.fail(key, "%s is not a valid time; write it as 2026-01-31T08:00:00Z, with at most six decimals", yamltext.Quote(s))
		return 0
	}
	i := consent.InstantOf(t)
	if i <= 0 || i > consent.MaxInstant {
		o.fail(key, "%s is out of range; times lie between 1970 and 9999", yamltext.Quote(s))
		return 0
	}
	return i
}

// verbs are what can happen, with the keys that each has.
func verbs() map[string][]string {
	return map[string][]string{
		"request":  {"address", "channel", "declaration", "evidence"},
		"confirm":  {"address", "channel", "evidence"},
		"grant":    {"address", "channel", "channels", "basis", "declaration", "evidence", "expires_at"},
		"withdraw": {"address", "channels", "all_marketing", "declaration"},
		"refuse":   {"address", "channels", "all_marketing"},
		"suppress": {"address", "domain", "reason", "scope", "until", "list", "binds"},
		"lift":     {"address", "domain", "reason", "scope", "list", "justification", "informed_at"},
		"erase":    {"address"},
		"link":     {"address", "with"},
		"unlink":   {"address", "with"},
	}
}

func (d *decoder) event(node ast.Node) *Event {
	keys := []string{"at"}
	for _, kind := range consent.StatedKinds() {
		keys = append(keys, kind.String())
	}
	o := d.object(node, "an event", keys...)
	if o == nil {
		return nil
	}
	o.require("at")
	e := &Event{Line: o.line}
	found := 0
	for _, kind := range consent.StatedKinds() {
		if !o.has(kind.String()) {
			continue
		}
		found++
		e.Statement = d.statement(kind, o.fields[kind.String()])
	}
	if found != 1 {
		d.fail(o.line, "an event has exactly one verb, one of %s; this has %d", strings.Join(keys[1:], ", "), found)
	}
	e.Statement.Occurred = o.instant("at")
	return e
}

func (d *decoder) statement(kind consent.Kind, node ast.Node) statement.Statement {
	s := statement.Statement{Kind: kind}
	o := d.object(node, kind.String(), verbs()[kind.String()]...)
	if o == nil {
		return s
	}
	s.Address, s.Domain, s.With = o.text("address"), o.text("domain"), o.text("with")
	if s.Address == "" && s.Domain == "" {
		o.require("address")
	}
	s.Channels = o.channels(kind)
	s.Declaration = o.declaration("declaration")
	s.Expires = max(o.instant("expires_at"), o.instant("until"))
	s.Informed = o.instant("informed_at")
	s.Basis = catalog.Basis(o.text("basis"))
	s.Reason, s.Scope = consent.Reason(o.text("reason")), consent.Scope(o.text("scope"))
	s.List, s.Binds, s.Justification = o.text("list"), consent.Binds(o.text("binds")), o.text("justification")
	if s.AllMarketing = o.flag("all_marketing"); o.has("all_marketing") && !s.AllMarketing {
		o.fail("all_marketing", "write true, or name the channels")
	}
	if o.has("evidence") {
		d.evidence(o.fields["evidence"], &s)
	}
	return s
}

// channels reads the channel or channels of a statement: whichever the verb has, and not both.
func (o *object) channels(kind consent.Kind) []string {
	switch {
	case o.has("channel") && o.has("channels"):
		o.fail("channel", "give the channel or the channels, not both")
	case o.has("channel"):
		return []string{o.text("channel")}
	case o.has("channels"):
		return o.texts("channels")
	case kind == consent.KindRequest || kind == consent.KindConfirm || kind == consent.KindGrant:
		o.require("channel")
	}
	return nil
}

func (o *object) declaration(key string) consent.Declaration {
	if !o.has(key) {
		return consent.Declaration{}
	}
	id, version, err := catalog.ParseDeclarationRef(o.text(key))
	if err != nil {
		o.fail(key, "%s", err)
	}
	return consent.Declaration{ID: id, Version: version}
}

func (d *decoder) evidence(node ast.Node, s *statement.Statement) {
	o := d.object(node, "evidence", "source", "url", "ip", "user_agent", "confirmed_at", "transaction_ref", "notice_given", "notice", "goods",
		"document_ref", "operator", "note")
	if o == nil {
		return
	}
	s.Source, s.URL, s.IP, s.UserAgent = o.text("source"), o.text("url"), o.text("ip"), o.text("user_agent")
	s.Confirmed, s.TransactionID, s.Notice = o.instant("confirmed_at"), o.text("transaction_ref"), o.flag("notice_given")
	s.NoticeShown = o.declaration("notice")
	s.Goods, s.DocumentRef, s.Operator, s.Note = o.texts("goods"), o.text("document_ref"), o.text("operator"), o.text("note")
}

func (d *decoder) check(node ast.Node) *Check {
	o := d.object(node, "a check", "at", "check", "expect")
	if o == nil || !o.require("at", "check", "expect") {
		return nil
	}
	c := &Check{Line: o.line, At: o.instant("at")}
	if asked := d.object(o.fields["check"], "check", "address", "channel", "sender_identity", "reference", "contains_advertising",
		"operational", "send"); asked != nil {
		asked.require("address", "channel")
		c.Address, c.Operational, c.Send = asked.text("address"), asked.flag("operational"), asked.text("send")
		if c.Send != "" && asked.has("operational") {
			asked.fail("operational", "a message of a send is to go out; leave the key out")
		}
		c.Operational = c.Operational || c.Send != ""
		c.Request = consent.Request{
			Channel: asked.text("channel"), Sender: asked.text("sender_identity"), Reference: asked.text("reference"),
			Advertising: asked.flag("contains_advertising"),
		}
	}
	if e := d.object(o.fields["expect"], "expect", "verdict", "reason", "legal_basis", "reasons", "about", "sender_identity",
		"sender_address", "obligations", "retry_time"); e != nil {
		e.require("verdict", "reason")
		c.Expect = Expect{
			Verdict: e.oneOf("verdict", "ALLOW", "DENY", "DEFER", VerdictError), Reason: e.text("reason"),
			LegalBasis: e.maybe("legal_basis"), Reasons: e.texts("reasons"), SenderIdentity: e.maybe("sender_identity"),
			SenderAddress: e.maybe("sender_address"), Obligations: e.texts("obligations"),
			Retry: e.instant("retry_time"),
		}
		if e.has("about") {
			about := e.oneOf("about", "request", "recipient", "")
			c.Expect.About = &about
		}
	}
	return c
}
