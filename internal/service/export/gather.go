package export

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/checkpoint"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
)

const (
	// exportPage is how many events are read at once.
	exportPage = 500
	// exportTries is how often an export begins anew because something was recorded about the address meanwhile.
	exportTries = 10
)

// dossierBuilder is a dossier with the records that it was made of.
type dossierBuilder struct {
	dossier    dossier.Dossier
	Caller     access.Caller
	records    []storage.Record // of the events, then of the catalogs, by position
	documents  []dossier.Document
	checkpoint checkpoint.Checkpoint

	address   address.Address
	Places    subjects.Places
	keys      []storage.SubjectKey
	Names     *catalogNames
	versions  []reference.CatalogVersion
	used      map[int64]bool // versions of the catalog that the dossier rests on
	recipient check.Recipient
}

// gather makes the dossier of one position: if something is recorded about the address while it reads, it begins anew.
func (s *Exporter) gather(ctx context.Context, in *Input) (*dossierBuilder, error) {
	a, err := subjects.ParseAddress(in.Address)
	if err != nil {
		return nil, err
	}
	for range exportTries {
		l := subjects.NewLocator(s.Keys, 1)
		at, err := l.Places(a, true)
		if err != nil {
			return nil, err
		}
		g := &dossierBuilder{address: a, Places: at, keys: l.AllKeys(), used: map[int64]bool{}}
		again, err := s.gatherOnce(ctx, in, g)
		if err != nil {
			return nil, err
		}
		// Under keys that were taken up meanwhile something may be found that these do not find.
		if _, stale := l.Digests.LacksDigest(s.Keys.DigestVersions()); !again && !stale {
			return g, nil
		}
	}
	return nil, fault.Errorf(fault.Unavailable, "", "the address is being written to; try again")
}

func (s *Exporter) gatherOnce(ctx context.Context, in *Input, g *dossierBuilder) (again bool, err error) {
	head, who, err := s.exportHead(ctx)
	if err != nil {
		return false, err
	}
	g.Caller = who
	if g.versions, err = s.Catalogs.UpTo(ctx, &head); err != nil {
		return false, err
	}
	if g.checkpoint, err = s.checkpoints.At(ctx, &head, head.Position); err != nil {
		return false, err
	}
	now := max(s.Instant(), head.Recorded)
	g.Names = s.exportNames(ctx, g.versions, now)
	if g.Names.err != nil {
		return false, g.Names.err
	}
	in.describe(g, now)
	g.recipient, err = s.checker.LookupFor(ctx, check.LookupInput{
		Address: in.Address, Moment: asof.Moment{AsOf: now, KnownAsOf: asof.KnownAsOf{Position: head.Position}},
	}, access.ScopeExport, false)
	if err != nil {
		return false, err
	}
	if err := s.gatherSubjects(ctx, g); err != nil {
		return false, err
	}
	if again, err = s.gatherEvents(ctx, in, g); again || err != nil {
		return again, err
	}
	g.putStanding()
	g.putDeclarations()
	if err := s.gatherCatalogs(ctx, g); err != nil {
		return false, err
	}
	d := &g.dossier
	if d.Disclosures, err = s.recipientsOf(ctx, g); err != nil {
		return false, err
	}
	d.Retention = dossier.RetentionOf(retentionPeriods(g.Names.catalog))
	d.Complete()
	return false, nil
}

// exportHead reads the head for a caller that may export.
func (s *Exporter) exportHead(ctx context.Context) (storage.Head, access.Caller, error) {
	head, err := s.Store.Head(ctx)
	if err != nil {
		return storage.Head{}, access.Caller{}, env.StoreFault(err)
	}
	who, err := s.guard.Admit(ctx, &head)
	if err != nil {
		return storage.Head{}, access.Caller{}, err
	}
	return head, who, who.Need(access.ScopeExport)
}

// describe begins the dossier: its subject, the time, and the operator it was made by.
func (in *Input) describe(g *dossierBuilder, now consent.Instant) {
	c := &g.checkpoint
	current := reference.InForce(g.versions, now)
	g.used[current.Version] = true
	g.dossier = dossier.Dossier{
		Format: dossier.Format, Language: in.Language.Tag(),
		Subject: dossier.Subject{Address: in.Address, ExactForm: g.address.Exact()},
		Made: dossier.Made{
			Time: dossier.Time(now), By: g.Caller.ID, Ledger: c.Origin, Position: c.Size, CatalogVersion: current.Version,
			Checkpoint: string(c.Signed), VerifierKey: c.VerifierKey,
		},
	}
	if !g.Caller.AllDepartments {
		g.dossier.Made.Department = g.Names.department(g.Caller.Department)
	}
	for _, controller := range g.Names.catalog.Controllers {
		g.dossier.Controllers = append(g.dossier.Controllers, dossier.Controller{
			ID: controller.ID, Name: controller.Name, PostalAddress: controller.PostalAddress,
			PrivacyContact: controller.PrivacyContact, ImprintURL: controller.ImprintURL,
		})
	}
}

// gatherSubjects says by what the address is found, and whether it was erased.
func (s *Exporter) gatherSubjects(ctx context.Context, g *dossierBuilder) error {
	_, rows, err := s.Store.States(ctx, g.keys)
	if err != nil {
		return env.StoreFault(err)
	}
	slices.SortFunc(rows, func(a, b storage.SubjectState) int {
		return cmp.Or(cmp.Compare(a.Key.Form, b.Key.Form), slices.Compare(a.Key.Digest[:], b.Key.Digest[:]))
	})
	d := &g.dossier
	for i := range rows {
		row := &rows[i]
		d.Held.Digests = append(d.Held.Digests, dossier.Digest{
			Form: formName(row.Key.Form), AddressHeld: row.Address != nil, ErasedTime: dossier.Time(row.Erased),
		})
		if row.Address != nil && row.Key.Form != consent.FormDomain {
			plain, err := s.Keys.Open(seal.PurposeAddress, row.ID[:], row.Address)
			if err != nil {
				return fmt.Errorf("the address of a subject: %w", err)
			}
			g.putHeld(string(plain))
		}
		if row.Key.Form == consent.FormExact {
			d.Subject.ErasedTime = max(d.Subject.ErasedTime, dossier.Time(row.Erased))
		}
	}
	return nil
}

// putHeld notes that a form of the address is held: this spelling or another.
func (g *dossierBuilder) putHeld(exact string) {
	if exact == g.address.Exact() {
		g.dossier.Subject.AddressHeld = true
	} else {
		g.dossier.Subject.OtherSpellingHeld = true
	}
}

func formName(form consent.Form) string {
	switch form {
	case consent.FormExact:
		return "exact"
	case consent.FormFolded:
		return "folded"
	case consent.FormDomain:
		return "domain"
	default:
		return "mail"
	}
}

// gatherEvents reads the events up to the position of the dossier. It reports whether there are later ones.
func (s *Exporter) gatherEvents(ctx context.Context, in *Input, g *dossierBuilder) (later bool, err error) {
	for after := int64(0); ; {
		_, records, err := s.Store.Records(ctx, g.keys, after, exportPage)
		if err != nil {
			return false, env.StoreFault(err)
		}
		for i := range records {
			r := &records[i]
			if after = r.Event.Position; after > g.checkpoint.Size {
				return true, nil
			}
			opened, concerned, err := s.historyEvent(r, g.address, &g.Caller, g.Names.catalog)
			if err != nil {
				return false, err
			}
			if !concerned {
				continue
			}
			if err := g.putEvent(r, &opened, in.Operators); err != nil {
				return false, err
			}
			if err := s.putErasure(g, &opened); err != nil {
				return false, err
			}
		}
		if len(records) < exportPage {
			return false, nil
		}
	}
}

// putErasure adds an erasure to the dossier if it was of this very spelling: an erasure of another spelling says
// nothing about this address. An erasure with evidence that still has the address was not carried out yet.
func (s *Exporter) putErasure(g *dossierBuilder, opened *HistoryEvent) error {
	e := &opened.Event
	if e.Kind != consent.KindErase || e.Spelling.Key == 0 {
		return nil
	}
	own, err := s.Keys.Spelling(e.Spelling.Key, g.address.Exact())
	if err != nil {
		return err
	}
	if own == e.Spelling {
		g.dossier.Subject.ErasurePending = g.dossier.Subject.ErasurePending || opened.Evidence.Address != ""
		g.dossier.Subject.ErasedTime = max(g.dossier.Subject.ErasedTime, dossier.Time(e.Occurred))
	}
	return nil
}

func (g *dossierBuilder) putEvent(r *storage.Record, opened *HistoryEvent, operators bool) error {
	e, err := g.Names.event(r.Header, &opened.Event)
	if err != nil {
		return err
	}
	if opened.Held {
		e.SetEvidence(&opened.Evidence, operators)
		e.Evidence.TextWithheld = opened.TextWithheld
		// A text that is not an address is a domain.
		if a, err := address.Parse(opened.Evidence.Address); err == nil {
			g.putHeld(a.Exact())
		}
	}
	e.CatalogVersion = reference.InForce(g.versions, r.Event.Occurred).Version
	g.used[e.CatalogVersion] = true
	g.dossier.Events = append(g.dossier.Events, e)
	g.records = append(g.records, *r)
	return nil
}

// gatherCatalogs adds the versions of the catalog that the dossier rests on, with the records that prove their documents.
func (s *Exporter) gatherCatalogs(ctx context.Context, g *dossierBuilder) error {
	for i := range g.versions {
		v := &g.versions[i]
		if !g.used[v.Version] {
			continue
		}
		g.dossier.Catalogs = append(g.dossier.Catalogs, dossier.Catalog{
			Version: v.Version, EffectiveTime: dossier.Time(v.Effective), RecordedTime: dossier.Time(v.Recorded), Position: v.Position,
			SHA256: hex.EncodeToString(v.SHA256[:]), InForce: v.Version == g.dossier.Made.CatalogVersion,
		})
		_, records, err := s.Store.Ledger(ctx, v.Position-1, 1)
		if err != nil {
			return env.StoreFault(err)
		}
		if len(records) == 1 && records[0].Event.Position == v.Position {
			g.records = append(g.records, records[0])
			g.documents = append(g.documents, dossier.Document{Version: v.Version, Position: v.Position, Text: v.Document})
		}
	}
	slices.SortFunc(g.records, func(a, b storage.Record) int { return cmp.Compare(a.Event.Position, b.Event.Position) })
	return nil
}
