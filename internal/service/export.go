package service

import (
	"context"
	"fmt"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/locale"
)

// exportChunk is how much of a file is sent at once.
const exportChunk = 64 << 10

// ExportFormat is the form of an export.
type ExportFormat string

// The forms of an export. The ledger is exported as NDJSON, an address as any of the others.
const (
	ExportJSON   ExportFormat = "json"
	ExportCSV    ExportFormat = "csv"
	ExportHTML   ExportFormat = "html"
	ExportJSONLD ExportFormat = "jsonld"
	ExportZIP    ExportFormat = "zip"
	ExportNDJSON ExportFormat = "ndjson"
)

// contentType returns the media type of the format; empty of what is none.
func (f ExportFormat) contentType() string {
	switch f {
	case ExportJSON:
		return "application/json"
	case ExportCSV:
		return "text/csv; charset=utf-8"
	case ExportHTML:
		return "text/html; charset=utf-8"
	case ExportJSONLD:
		return "application/ld+json"
	case ExportZIP:
		return "application/zip"
	case ExportNDJSON:
		return "application/x-ndjson"
	default:
		return ""
	}
}

// ExportInput asks for everything that is held about an address, as a file.
type ExportInput struct {
	Address   string
	Format    ExportFormat // empty: JSON
	Language  locale.Language
	Operators bool // name the employees who took events down; they have rights of their own
}

// ExportChunk is a part of a file. Name and type stand in the first one only.
type ExportChunk struct {
	Name        string // holds no address
	ContentType string
	Data        []byte
}

// Export sends everything that is held about an address as a file, in order. A client of one department gets what concerns its
// channels, and no archive, for the entries of the ledger name channels of all. The export is counted as a disclosure to the caller; the
// file itself shows those before it. Errors: INVALID_ADDRESS, NO_CATALOG, INVALID_REQUEST,
// OTHER_DEPARTMENT, those of send, and STORE_UNAVAILABLE where the address is written to again and again meanwhile.
func (s *Service) Export(ctx context.Context, in ExportInput, send func(ExportChunk) error) error {
	if in.Format == "" {
		in.Format = ExportJSON
	}
	g, err := s.gather(ctx, &in)
	if err != nil {
		return err
	}
	data, err := s.render(ctx, g, in.Format)
	if err != nil {
		return err
	}
	if err := s.discloseWhole(ctx, &g.who, &g.places); err != nil {
		return err
	}
	made := consent.Instant(g.dossier.Made.Time).Time()
	first := ExportChunk{Name: exportName("dossier", made, in.Format), ContentType: in.Format.contentType()}
	for first.Data = data; ; first = (ExportChunk{Data: data}) {
		first.Data = data[:min(len(data), exportChunk)]
		if err := send(first); err != nil {
			return err
		}
		if data = data[len(first.Data):]; len(data) == 0 {
			return nil
		}
	}
}

// exportName is the name of a file by when it was made.
func exportName(what string, made time.Time, format ExportFormat) string {
	return fmt.Sprintf("assent-%s-%s.%s", what, made.Format("20060102T150405Z"), format)
}

// render returns the file in the format.
func (s *Service) render(ctx context.Context, g *gathered, format ExportFormat) ([]byte, error) {
	switch format {
	case ExportJSON:
		return dossier.JSON(&g.dossier)
	case ExportCSV:
		return dossier.CSV(&g.dossier)
	case ExportHTML:
		return dossier.HTML(&g.dossier)
	case ExportJSONLD:
		return dossier.JSONLD(&g.dossier)
	case ExportZIP:
		return s.archive(ctx, g)
	default:
		return nil, fault.Errorf(fault.InvalidRequest, "format", "an address is exported as json, csv, html, jsonld or zip")
	}
}

// archive returns the dossier with the entries of the ledger that it rests on.
func (s *Service) archive(ctx context.Context, g *gathered) ([]byte, error) {
	if err := g.who.needAllDepartments("an archive holds entries of the ledger, which name channels of every department"); err != nil {
		return nil, err
	}
	signer, err := s.keys.Signer(g.dossier.Made.Ledger)
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
	return dossier.Archive(&g.dossier, entries, g.documents, signer)
}

func (s *Service) exportEntry(ctx context.Context, g *gathered, i int) (dossier.Entry, error) {
	r := &g.records[i]
	proof, err := s.hashes(ctx).ProveEntry(r.Event.Position, g.checkpoint.Size)
	if err != nil {
		return dossier.Entry{}, faultOf(err)
	}
	entry := dossier.Entry{Position: r.Event.Position, Header: r.Header, LeafHash: r.LeafHash[:], Evidence: r.Evidence}
	for _, h := range proof {
		entry.Proof = append(entry.Proof, h[:])
	}
	return entry, nil
}

// recipientsOf returns to whom something about the address was disclosed.
func (s *Service) recipientsOf(ctx context.Context, g *gathered) ([]dossier.Disclosure, error) {
	all, err := s.disclosuresOf(ctx, g.keys)
	if err != nil {
		return nil, err
	}
	var list []dossier.Disclosure
	for _, d := range ofDepartment(all, g.names.catalog, &g.who) {
		told := dossier.Disclosure{Client: d.Client, Channel: dossier.AllPurposes(), Day: dayName(d.Day), Count: d.Count}
		if d.Department != "" {
			told.Department = g.names.department(d.Department)
		}
		if d.Channel != "" {
			told.Channel = dossier.Named{ID: d.Channel, Name: g.names.name(consent.ScopeChannel, d.Channel)}
		}
		list = append(list, told)
	}
	return list, nil
}

// dayName writes a day, counted since 1970-01-01, as 2026-11-22.
func dayName(day int64) string { return time.Unix(day*24*60*60, 0).UTC().Format(time.DateOnly) }
