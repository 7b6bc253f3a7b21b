package export

import (
	"cmp"
	"context"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/storage/tables"
)

// catalogNames gives what an export names the names that the catalog has for it. What a later catalog dropped is named as the last
// version that knew it did.
type catalogNames struct {
	catalog  *catalog.Catalog // in force
	versions []reference.CatalogVersion
	clients  map[string]string // department by id of the client; empty: it acts for all
	err      error
}

func (s *Exporter) exportNames(ctx context.Context, versions []reference.CatalogVersion, now consent.Instant) *catalogNames {
	n := &catalogNames{catalog: reference.InForce(versions, now).Parsed, versions: versions, clients: map[string]string{}}
	_, clients, err := tables.Clients(ctx, s.Store)
	if err != nil {
		n.err = env.StoreFault(err)
		return n
	}
	for i := range clients {
		n.clients[clients[i].ID] = clients[i].Department
	}
	return n
}

// name is a wording.Names.
func (n *catalogNames) name(kind, id string) locale.Text {
	if name, ok := nameIn(n.catalog, kind, id); ok {
		return name
	}
	for i := len(n.versions) - 1; i >= 0; i-- {
		if name, ok := nameIn(n.versions[i].Parsed, kind, id); ok {
			return name
		}
	}
	return locale.Text{EN: id, DE: id}
}

func nameIn(cat *catalog.Catalog, kind, id string) (locale.Text, bool) {
	switch kind {
	case consent.ScopeChannel:
		if c, ok := cat.Channel(id); ok {
			return locale.Text(c.Name), true
		}
	case consent.ScopeDepartment:
		if d, ok := cat.Department(id); ok {
			return locale.Text(d.Name), true
		}
	case consent.ScopeController:
		if c, ok := cat.Controller(id); ok {
			return locale.Text{EN: c.Name, DE: c.Name}, true
		}
	case consent.ScopeSender:
		if s, ok := cat.SenderIdentity(id); ok {
			return locale.Text{EN: s.From.Name, DE: s.From.Name}, true
		}
	}
	return locale.Text{}, false
}

func (n *catalogNames) department(id string) *dossier.Named {
	return &dossier.Named{ID: id, Name: n.name(consent.ScopeDepartment, id)}
}

// clientDepartment returns the department of a client; nil where it acts for all, or is no client of the API.
func (n *catalogNames) clientDepartment(client string) *dossier.Named {
	if id := n.clients[client]; id != "" {
		return n.department(id)
	}
	return nil
}

// event returns an event, of which the given facts are shown.
func (n *catalogNames) event(header []byte, shown *consent.Event) dossier.Event {
	e := dossier.EventShown(header, shown, n.name)
	e.ActorDepartment = n.clientDepartment(e.Actor)
	return e
}

// putStanding adds what holds on every channel, and the suppressions in force.
func (g *dossierBuilder) putStanding() {
	d := &g.dossier
	for i := range g.recipient.Channels {
		if !g.reader.hasChannel(g.recipient.Channels[i].Channel) {
			continue
		}
		d.Channels = append(d.Channels, g.Names.standing(&g.recipient.Channels[i]))
	}
	for i := range g.recipient.Suppressions {
		p := &g.recipient.Suppressions[i]
		if !g.reader.hasScope(p.Scope) {
			continue
		}
		d.Suppressions = append(d.Suppressions, dossier.Suppression{
			Reason: string(p.Reason), Explanation: wording.ReasonExplained(p.Reason), Remedy: wording.ReasonRemedy(p.Reason),
			Scope: string(p.Scope), Stops: wording.Stops(p.Scope, p.Binds, g.Names.name), SinceTime: dossier.Time(p.At),
			UntilTime: dossier.Time(p.Until), List: p.List, Binds: string(p.Binds), Domain: p.Domain, Linked: p.Linked, Position: p.Position,
		})
	}
	slices.SortFunc(d.Suppressions, func(a, b dossier.Suppression) int { return cmp.Compare(a.Position, b.Position) })
}

func (n *catalogNames) standing(s *check.ChannelState) dossier.Channel {
	dec := &s.Decision.Decision
	c := dossier.Channel{
		Named:   dossier.Named{ID: s.Channel, Name: n.name(consent.ScopeChannel, s.Channel)},
		Verdict: dec.Verdict.String(), Reason: string(dec.Reason), LegalBasis: string(dec.Basis), GrantPosition: dec.Position,
		Explanation: dec.ExplanationText(), Remedy: wording.Remedy(dec.Reason),
		RefusedTime: dossier.Time(s.Refused), PendingUntilTime: dossier.Time(s.Pending),
	}
	for _, code := range dec.Reasons {
		c.Reasons = append(c.Reasons, string(code))
	}
	if ch, ok := n.catalog.Channel(s.Channel); ok {
		c.Department, c.Controller, c.Retired = *n.department(ch.Department), ch.Controller, ch.Retired
		c.Medium, c.Class = string(ch.Medium), string(ch.Class)
		for _, basis := range ch.LegalBases {
			c.LegalBases = append(c.LegalBases, string(basis))
		}
	}
	return c
}

// putDeclarations adds the wording of every version of a declaration that an event names: as it read in the catalog in force when the
// event occurred, or, where that one lacks it, in the first that has it.
func (g *dossierBuilder) putDeclarations() {
	done := map[string]bool{}
	for i := range g.dossier.Events {
		e := &g.dossier.Events[i]
		for _, ref := range []string{e.Declaration, e.Notice} {
			if ref != "" && !done[ref] {
				done[ref] = true
				g.putDeclaration(ref, e.CatalogVersion)
			}
		}
	}
}

// putDeclaration adds a version of a declaration or notice, with its text as the catalog in force then or another one has it.
func (g *dossierBuilder) putDeclaration(ref string, in int64) {
	id, version, err := catalog.ParseDeclarationRef(ref)
	if err != nil {
		return // What is stored was read by the same function.
	}
	d := dossier.Declaration{ID: id, Version: version}
	if at, found := g.declared(id, version, in); found != nil {
		d.Kind, d.Language, d.Channels = string(found.Kind), found.Language, g.reader.channels(found.Channels)
		d.Text, d.CatalogVersion = found.Text, at
		g.used[at] = true
	}
	g.dossier.Declarations = append(g.dossier.Declarations, d)
}

func (g *dossierBuilder) declared(id, version string, in int64) (int64, *catalog.DeclarationVersion) {
	if found, ok := g.versions[in-1].Parsed.Declaration(id, version); ok {
		return in, found
	}
	for i := range g.versions {
		if found, ok := g.versions[i].Parsed.Declaration(id, version); ok {
			return g.versions[i].Version, found
		}
	}
	return 0, nil
}

// retentionPeriods returns how long the policy of a catalog has things kept, in ISO 8601 by what they are of. What is not in it is
// kept without end.
func retentionPeriods(cat *catalog.Catalog) map[string]string {
	periods := map[string]string{}
	kept := cat.Policy.Retention
	for of, p := range map[string]period.Period{
		"evidence": kept.Evidence, "requests": kept.Requests, "disclosures": kept.Disclosures, "hard_bounces": kept.HardBounces,
		"claims": cat.Policy.ClaimsPeriod,
	} {
		if !p.IsZero() {
			periods[of] = p.String()
		}
	}
	return periods
}

// keptClaims reports whether the rules that were in force at an erasure had something kept for the defence of claims. An erasure goes by
// the rules of the moment in which it is recorded, which the event says.
func (g *dossierBuilder) keptClaims(erased consent.Instant) bool {
	recorded := erased
	for i := range g.dossier.Events {
		if e := &g.dossier.Events[i]; e.Kind == consent.KindErase.String() && e.Of == "" {
			recorded = max(recorded, consent.Instant(e.RecordedTime))
		}
	}
	return !reference.InForce(g.versions, recorded).Parsed.Policy.ClaimsPeriod.IsZero()
}

// putRecipients adds who the clients are that something was disclosed to.
func (g *dossierBuilder) putRecipients() {
	d := &g.dossier
	for i := range d.Disclosures {
		client := d.Disclosures[i].Client
		if slices.ContainsFunc(d.Recipients, func(r dossier.Recipient) bool { return r.Client == client }) {
			continue
		}
		to := dossier.Recipient{Client: client}
		if r, known := g.Names.catalog.Recipient(client); known {
			to.Name, to.PostalAddress, to.Role, to.Country = r.Name, r.PostalAddress, string(r.Role), r.Country
		}
		d.Recipients = append(d.Recipients, to)
	}
	slices.SortFunc(d.Recipients, func(a, b dossier.Recipient) int { return cmp.Compare(a.Client, b.Client) })
}
