package export

import (
	"context"
	"fmt"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/dossier/answer"
	"github.com/assent-io/assent/internal/dossier/machine"
	"github.com/assent-io/assent/internal/dossier/pdf"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/checkpoint"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
)

// ChunkSize is how much of a file is sent at once.
const ChunkSize = 64 << 10

// Exporter exports the stored data: a person's history and file, and the ledger.
type Exporter struct {
	*env.Env
	*reference.Reference

	guard       *access.Guard
	checker     *check.Checker
	checkpoints *checkpoint.Checkpoints
	disclosures *disclosure.Counter
	contacts    Contacts
	cases       Cases
}

// New returns an exporter.
func New(
	env *env.Env, reference *reference.Reference, guard *access.Guard, checker *check.Checker, checkpoints *checkpoint.Checkpoints, disclosures *disclosure.Counter,
	contacts Contacts, cases Cases,
) *Exporter {
	return &Exporter{
		Env: env, Reference: reference, guard: guard, checker: checker, checkpoints: checkpoints, disclosures: disclosures,
		contacts: contacts, cases: cases,
	}
}

// Format is the form of an export.
type Format string

// The forms of an export. The ledger is exported as NDJSON, an address as any of the others.
const (
	JSON   Format = "json"
	CSV    Format = "csv"
	HTML   Format = "html"
	PDF    Format = "pdf"
	JSONLD Format = "jsonld"
	ZIP    Format = "zip"
	NDJSON Format = "ndjson"
)

// contentType returns the media type of the format; empty of what is none.
func (f Format) contentType() string {
	switch f {
	case JSON:
		return "application/json"
	case CSV:
		return "text/csv; charset=utf-8"
	case HTML:
		return "text/html; charset=utf-8"
	case PDF:
		return "application/pdf"
	case JSONLD:
		return "application/ld+json"
	case ZIP:
		return "application/zip"
	case NDJSON:
		return "application/x-ndjson"
	default:
		return ""
	}
}

// Input asks for everything that is held about an address, as a file.
type Input struct {
	Address   string
	Format    Format // empty: JSON
	Language  locale.Language
	Operators bool // include the names of employees who took events down; they have rights of their own
	// Controller limits the answer to what concerns the controller with this id, and what blocks it; empty: all of them.
	Controller string
	Withheld   []Withheld
	Request    Request // that is answered
}

// Request is the request for access that an export answers. What is empty is not said.
type Request = dossier.Request

// Withheld names events whose evidence and free text are left out, for they would adversely affect the rights of others (GDPR Art. 15(4)).
type Withheld struct {
	Position int64           // of one event; 0: see Before
	Before   consent.Instant // all events that occurred before this time, such as those of an earlier owner of the mailbox
	Ground   string          // as the answer says it
}

// names reports whether an event is one of those withheld.
func (w *Withheld) names(e *dossier.Event) bool {
	if e.Of != "" {
		return false
	}
	if w.Position != 0 {
		return e.Position == w.Position
	}
	return consent.Instant(e.OccurredTime) < w.Before
}

// Chunk is a part of a file. Name and type stand in the first one only.
type Chunk struct {
	Name        string // holds no address
	ContentType string
	Data        []byte
}

// Export sends everything that is held about an address as a file, in order. A client of one department gets what concerns its
// channels, and no archive, for the entries of the ledger name channels of all. The export is counted as a disclosure to the caller; the
// file itself shows those before it. Errors: INVALID_ADDRESS, NO_CATALOG, INVALID_REQUEST,
// INVALID_TIME, OTHER_DEPARTMENT, POSITION_NOT_OF_ADDRESS, those of send, and STORE_UNAVAILABLE where the address is written to again and again meanwhile.
func (s *Exporter) Export(ctx context.Context, in Input, send func(Chunk) error) error {
	if in.Format == "" {
		in.Format = JSON
	}
	if err := due(&in.Request); err != nil {
		return err
	}
	g, err := s.gather(ctx, &in)
	if err != nil {
		return err
	}
	data, err := s.render(ctx, g, in.Format)
	if err != nil {
		return err
	}
	if err := s.disclosures.CountWhole(ctx, &g.Caller, &g.Places); err != nil {
		return err
	}
	made := consent.Instant(g.dossier.Made.Time).Time()
	first := Chunk{Name: fileName("dossier", made, in.Format), ContentType: in.Format.contentType()}
	for first.Data = data; ; first = (Chunk{Data: data}) {
		first.Data = data[:min(len(data), ChunkSize)]
		if err := send(first); err != nil {
			return err
		}
		if data = data[len(first.Data):]; len(data) == 0 {
			return nil
		}
	}
}

// due says when a request must be answered. Error: INVALID_TIME.
func due(r *Request) error {
	if r.Date == "" {
		return nil
	}
	received, err := time.Parse(time.DateOnly, r.Date)
	if err != nil {
		return fault.Errorf(fault.InvalidTime, "request.requestDate", "it must be a day such as 2026-11-22")
	}
	r.DueDate = wording.MonthAfter(received).Format(time.DateOnly)
	return nil
}

// fileName is the name of a file by when it was made.
func fileName(what string, made time.Time, format Format) string {
	return fmt.Sprintf("assent-%s-%s.%s", what, made.Format("20060102T150405Z"), format)
}

// render returns the file in the format.
func (s *Exporter) render(ctx context.Context, g *dossierBuilder, format Format) ([]byte, error) {
	switch format {
	case JSON:
		return dossier.JSON(&g.dossier)
	case CSV:
		return dossier.CSV(&g.dossier)
	case HTML:
		return answer.HTML(&g.dossier)
	case PDF:
		return pdf.Write(answer.Paper(&g.dossier))
	case JSONLD:
		return machine.JSONLD(&g.dossier, g.courses)
	case ZIP:
		return s.archive(ctx, g)
	default:
		return nil, fault.Errorf(fault.InvalidRequest, "format", "the format of the export of an address must be json, csv, html, pdf, jsonld or zip")
	}
}

// archive returns the dossier with the entries of the ledger that it rests on.
func (s *Exporter) archive(ctx context.Context, g *dossierBuilder) ([]byte, error) {
	if err := g.Caller.NeedAllDepartments("an archive has entries of the ledger, which name channels of every department"); err != nil {
		return nil, err
	}
	if g.reader.isLimited() {
		return nil, fault.Errorf(fault.InvalidRequest, "controller",
			"an archive holds entries of the ledger, which name channels of every controller; ask for another format")
	}
	signer, err := s.Keys.Signer(g.dossier.Made.Ledger)
	if err != nil {
		return nil, err
	}
	var entries []dossier.Entry
	for i := range g.records {
		entry, err := s.exportEntry(ctx, g, i)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry)
	}
	page, err := answer.HTML(&g.dossier)
	if err != nil {
		return nil, err
	}
	linked, err := machine.JSONLD(&g.dossier, g.courses)
	if err != nil {
		return nil, err
	}
	return dossier.Archive(&g.dossier, page, linked, entries, g.documents, signer)
}

func (s *Exporter) exportEntry(ctx context.Context, g *dossierBuilder, i int) (dossier.Entry, error) {
	r := &g.records[i]
	proof, err := s.checkpoints.Hashes(ctx).ProveEntry(r.Event.Position, g.checkpoint.Size)
	if err != nil {
		return dossier.Entry{}, env.StoreFault(err)
	}
	entry := dossier.Entry{Position: r.Event.Position, LeafHash: r.LeafHash[:]}
	if !g.partly[r.Event.Position] { // What an event says that was recorded for something else is not to be read from its header.
		entry.Header = r.Header
		if !g.withheld[r.Event.Position] {
			entry.Evidence = r.Evidence
		}
	}
	for _, h := range proof {
		entry.Proof = append(entry.Proof, h[:])
	}
	return entry, nil
}

// recipientsOf returns the clients that something about the address was disclosed to.
func (s *Exporter) recipientsOf(ctx context.Context, g *dossierBuilder) ([]dossier.Disclosure, error) {
	keys := g.keys
	if g.beside {
		keys = g.Places.Exact.Keys // Those of the folded form may be another person's.
	}
	all, err := s.disclosures.Of(ctx, keys)
	if err != nil {
		return nil, err
	}
	var list []dossier.Disclosure
	for _, d := range disclosure.OfDepartment(all, g.Names.catalog, &g.Caller) {
		if !g.reader.namesClient(d.Client) || d.Channel != "" && !g.reader.hasChannel(d.Channel) {
			continue
		}
		told := dossier.Disclosure{Client: d.Client, Channel: dossier.AllPurposes(), Day: dayName(d.Day), Count: d.Count}
		if d.Department != "" {
			told.Department = g.Names.department(d.Department)
		}
		if d.Channel != "" {
			told.Channel = dossier.Named{ID: d.Channel, Name: g.Names.name(consent.ScopeChannel, d.Channel)}
		}
		list = append(list, told)
	}
	return list, nil
}

// dayName writes a day, counted since 1970-01-01, as 2026-11-22.
func dayName(day int64) string { return time.Unix(day*24*60*60, 0).UTC().Format(time.DateOnly) }
