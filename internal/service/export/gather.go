package export

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/timeline"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/locale"
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
	head       storage.Head
	records    []storage.Record // of the events, then of the catalogs, by position
	documents  []dossier.Document
	checkpoint checkpoint.Checkpoint

	reader    reader
	address   address.Address
	Places    subjects.Places
	keys      []storage.SubjectKey
	Names     *catalogNames
	versions  []reference.CatalogVersion
	used      map[int64]bool             // versions of the catalog that the dossier rests on
	own       map[consent.SubjectID]bool // subjects that events of the address itself are of
	folded    []consent.Event            // of the folded form, those of this spelling, and what ends its links
	partly    map[int64]bool             // positions of events of which only what blocks is told
	withheld  map[int64]bool             // positions of events whose evidence is withheld on purpose
	beside    bool                       // the folded form has events of another person, too
	recipient check.Recipient
	courses   []timeline.Course // for the formats that tell what held when
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
		g := &dossierBuilder{address: a, Places: at, keys: l.AllKeys(), used: map[int64]bool{}, own: map[consent.SubjectID]bool{}, partly: map[int64]bool{}, withheld: map[int64]bool{}}
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
	head, who, err := s.guard.AdmitNow(ctx, access.ScopeExport)
	if err != nil {
		return false, err
	}
	g.Caller, g.head = who, head
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
	if g.reader, err = s.readerOfFile(ctx, in, g); err != nil {
		return false, err
	}
	in.describe(g, now)
	g.dossier.Made.Undone = head.Undone
	if again, err = s.gatherEvents(ctx, in, g); again || err != nil {
		return again, err
	}
	if err := in.withhold(g); err != nil {
		return false, err
	}
	if err := s.gatherSubjects(ctx, g); err != nil {
		return false, err
	}
	g.recipient, err = s.checker.LookupFor(ctx, check.LookupInput{
		Address: in.Address, Moment: asof.Moment{AsOf: now, KnownAsOf: asof.KnownAsOf{Position: head.Position}}, Folded: g.ownFold(),
		ByContacts: true,
	}, access.ScopeExport, false)
	if err != nil {
		return false, err
	}
	if in.Format == JSONLD || in.Format == ZIP {
		if err := s.putCourses(ctx, g); err != nil {
			return false, err
		}
	}
	return false, s.gatherRest(ctx, g)
}

// gatherRest adds what the store holds besides the events of the address and what holds by them.
func (s *Exporter) gatherRest(ctx context.Context, g *dossierBuilder) (err error) {
	g.putStanding()
	g.putDeclarations()
	if err := s.gatherCatalogs(ctx, g); err != nil {
		return err
	}
	d := &g.dossier
	if d.Disclosures, err = s.recipientsOf(ctx, g); err != nil {
		return err
	}
	g.putRecipients()
	if err := s.gatherBeside(ctx, g); err != nil {
		return err
	}
	if erased := consent.Instant(d.Subject.ErasedTime); erased != 0 {
		d.Subject.ClaimsKept = g.keptClaims(erased)
	}
	g.putLinked()
	d.Retention = dossier.RetentionOf(retentionPeriods(g.Names.catalog))
	d.Complete()
	return nil
}

// readerOfFile returns the reader that the file is for.
func (s *Exporter) readerOfFile(ctx context.Context, in *Input, g *dossierBuilder) (reader, error) {
	to := reader{address: g.address, file: true}
	var err error
	if to.audience, err = s.newAudience(&g.Caller, g.Names.catalog, in.Controller); err != nil {
		return to, err
	}
	if to.forms, err = s.formsOf(ctx, g.keys); err != nil {
		return to, err
	}
	to.links, err = s.linksOf(ctx, &g.Places, g.checkpoint.Size)
	return to, err
}

// describe begins the dossier: its subject, the time, and the client it was made for.
func (in *Input) describe(g *dossierBuilder, now consent.Instant) {
	c := &g.checkpoint
	current := reference.InForce(g.versions, now)
	g.used[current.Version] = true
	g.dossier = dossier.Dossier{
		Format: dossier.Format, Language: in.Language.Tag(), Request: in.Request,
		Subject: dossier.Subject{Address: in.Address, ExactForm: g.address.Exact()},
		Made: dossier.Made{
			Time: dossier.Time(now), By: g.Caller.ID, Ledger: c.Origin, Position: c.Size, CatalogVersion: current.Version,
			Checkpoint: string(c.Signed), VerifierKey: c.VerifierKey,
			Controller: in.Controller,
		},
	}
	if !g.Caller.AllDepartments {
		g.dossier.Made.Department = g.Names.department(g.Caller.Department)
	}
	for _, controller := range g.Names.catalog.Controllers {
		if g.reader.isLimited() && controller.ID != g.reader.controller {
			continue
		}
		g.dossier.Controllers = append(g.dossier.Controllers, dossier.Controller{
			ID: controller.ID, Name: controller.Name, PostalAddress: controller.PostalAddress,
			PrivacyContact: controller.PrivacyContact, ImprintURL: controller.ImprintURL,
			SupervisoryAuthority: controller.SupervisoryAuthority, RetentionNote: locale.Text(controller.RetentionNote),
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
		if !g.isOwn(row) {
			continue
		}
		erased := dossier.Time(row.Erased)
		switch row.Key.Form {
		case consent.FormExact:
			d.Subject.ErasedTime = max(d.Subject.ErasedTime, erased)
		case consent.FormDomain:
			erased = 0 // An erasure is of an address.
		default:
			erased = d.Subject.ErasedTime // Another spelling's says nothing about this address.
		}
		held := false
		if row.Address != nil && row.Key.Form != consent.FormDomain {
			plain, err := s.Keys.Open(seal.PurposeAddress, row.ID[:], row.Address)
			if err != nil {
				return fmt.Errorf("the address of a subject: %w", err)
			}
			held = g.putHeld(string(plain))
		}
		d.Held.Digests = append(d.Held.Digests, dossier.Digest{Form: formName(row.Key.Form), AddressHeld: held, ErasedTime: erased})
	}
	return nil
}

// count takes notice of the events of a subject: those that are told, and those of a folded form that may be another person's.
func (g *dossierBuilder) count(e *consent.Event, opened *HistoryEvent) error {
	if opened != nil && opened.Of == OfAddress {
		g.own[e.Subject] = true
	}
	another, err := g.Places.MayBeOfAnother(e)
	if err != nil {
		return err
	}
	g.beside = g.beside || another
	// A link ends in every spelling, and with it all that the file would tell of the other address.
	if e.Spelling.Key != 0 && (!another || e.Kind == consent.KindUnlink) {
		g.folded = append(g.folded, *e)
	}
	return nil
}

// isOwn reports whether a row that something is found by may be told: it is of the address alone, or has events of it, or no events that
// are another person's.
func (g *dossierBuilder) isOwn(row *storage.SubjectState) bool {
	switch row.Key.Form {
	case consent.FormFolded:
		return !g.beside || g.own[row.ID]
	case consent.FormMail:
		return g.own[row.ID]
	default:
		return true
	}
}

// ownFold is what the events of this very spelling say, where the folded form has those of another person, too; else nil. The dossier
// tells what holds by what is this person's own.
func (g *dossierBuilder) ownFold() *consent.State {
	if !g.beside {
		return nil
	}
	return consent.Fold(slices.Clone(g.folded))
}

// putHeld notes that a form of the address is held: this spelling, or another one of the same mailbox. It reports whether it is either.
func (g *dossierBuilder) putHeld(exact string) bool {
	switch {
	case exact == g.address.Exact():
		g.dossier.Subject.AddressHeld = true
	case g.address.SharesMailbox():
		g.dossier.Subject.OtherSpellingHeld = true
	default:
		return false
	}
	return true
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
			g.reader.note(&r.Event)
			opened, err := s.told(r, &g.reader)
			if err != nil {
				return false, err
			}
			if err := g.count(&r.Event, opened); err != nil {
				return false, err
			}
			if opened == nil {
				continue
			}
			g.putEvent(r, opened, in.Operators)
			g.putErasure(opened)
		}
		if len(records) < exportPage {
			return false, nil
		}
	}
}

// putLinked adds the other addresses of the person, of the links that hold and are told.
func (g *dossierBuilder) putLinked() {
	list := &g.dossier.Subject.Linked
	for i := range g.dossier.Events {
		e := &g.dossier.Events[i]
		other := e.Evidence.OtherAddress
		if e.Kind == consent.KindLink.String() && other != "" && !slices.Contains(*list, other) {
			*list = append(*list, other)
		}
	}
}

// withhold takes out what is to be withheld. Error: POSITION_NOT_OF_ADDRESS.
func (in *Input) withhold(g *dossierBuilder) error {
	for i := range in.Withheld {
		w, found := &in.Withheld[i], false
		for at := range g.dossier.Events {
			e := &g.dossier.Events[at]
			if !w.names(e) {
				continue
			}
			found = true
			if w.Position != 0 || !g.withheld[e.Position] { // The ground for one event goes before that for all before a time.
				e.Withhold(w.Ground)
			}
			g.withheld[e.Position] = true
		}
		switch {
		case found:
		case w.Position != 0:
			return fault.Errorf(fault.NotOfAddress, fmt.Sprintf("withhold[%d].position", i),
				"position %d is no event of this address that the export would tell, so there is nothing to withhold", w.Position)
		default:
			return fault.Errorf(fault.NotOfAddress, fmt.Sprintf("withhold[%d].beforeTime", i),
				"no event of this address occurred before that time, so there is nothing to withhold")
		}
	}
	return nil
}

// putErasure adds an erasure to the dossier if it was of this very spelling: an erasure of another spelling says
// nothing about this address. An erasure whose evidence still has the address was not carried out yet.
func (g *dossierBuilder) putErasure(opened *HistoryEvent) {
	if opened.Kind != consent.KindErase || opened.Of != "" {
		return
	}
	g.dossier.Subject.ErasurePending = g.dossier.Subject.ErasurePending || opened.Evidence.Address != ""
	g.dossier.Subject.ErasedTime = max(g.dossier.Subject.ErasedTime, dossier.Time(opened.Occurred))
}

func (g *dossierBuilder) putEvent(r *storage.Record, opened *HistoryEvent, operators bool) {
	e := g.Names.event(r.Header, &opened.Event)
	e.Of, g.partly[e.Position] = string(opened.Of), opened.Of != OfAddress
	switch opened.Of {
	case OfDomain:
		e.Domain = opened.Evidence.Address
	case OfSpelling:
		g.dossier.Subject.OtherSpellingHeld = true
	default:
	}
	switch {
	case opened.Closed:
		e.EvidenceState = dossier.EvidenceWithheld
	case opened.Held:
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
