package handler

import (
	"fmt"

	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/export"
)

// ExportHistory sends a file in parts.
func (s *historyServer) ExportHistory(
	m *assentv1.ExportHistoryRequest, stream grpc.ServerStreamingServer[assentv1.ExportHistoryResponse],
) error {
	send := func(c export.Chunk) error {
		return stream.Send(&assentv1.ExportHistoryResponse{Data: c.Data, ContentType: c.ContentType, FileName: c.Name})
	}
	ctx := stream.Context()
	format := exportFormat(m.GetFormat())
	if m.GetLedger() != nil {
		if format != "" && format != export.NDJSON {
			return fault.Errorf(fault.InvalidRequest, "format", "the format of the export of the ledger must be NDJSON")
		}
		in, err := exportRange(m.GetLedger())
		if err != nil {
			return err
		}
		return s.history.ExportLedger(ctx, in, send)
	}
	in := export.Input{
		Address: m.GetAddress(), Format: format, Language: s.speaks.Of(ctx), Operators: m.GetIncludeOperators(),
		Controller: m.GetController(),
	}
	for i, w := range m.GetWithhold() {
		before, err := instant(w.GetBeforeTime(), fmt.Sprintf("withhold[%d].beforeTime", i))
		if err != nil {
			return err
		}
		in.Withheld = append(in.Withheld, export.Withheld{Position: w.GetPosition(), Before: before, Ground: w.GetGround()})
	}
	if m := m.GetRequest(); m != nil {
		in.Request = export.Request{
			FileNumber: m.GetFileNumber(), Name: m.GetName(), Date: m.GetRequestDate(), IdentityCheck: m.GetIdentityCheck(),
		}
	}
	switch m.GetLanguage() {
	case "de":
		in.Language = locale.German
	case "en":
		in.Language = locale.English
	}
	return s.history.Export(ctx, in, send)
}

// exportFormat returns the format of the domain; empty for the default one.
func exportFormat(f assentv1.ExportFormat) export.Format {
	switch f {
	case assentv1.ExportFormat_EXPORT_FORMAT_JSON:
		return export.JSON
	case assentv1.ExportFormat_EXPORT_FORMAT_CSV:
		return export.CSV
	case assentv1.ExportFormat_EXPORT_FORMAT_HTML:
		return export.HTML
	case assentv1.ExportFormat_EXPORT_FORMAT_JSONLD:
		return export.JSONLD
	case assentv1.ExportFormat_EXPORT_FORMAT_ZIP:
		return export.ZIP
	case assentv1.ExportFormat_EXPORT_FORMAT_NDJSON:
		return export.NDJSON
	case assentv1.ExportFormat_EXPORT_FORMAT_PDF:
		return export.PDF
	default:
		return ""
	}
}

func exportRange(m *assentv1.ExportRange) (export.Range, error) {
	in := export.Range{From: m.GetFromPosition(), To: m.GetToPosition()}
	var err error
	if in.RecordedSince, err = instant(m.GetRecordedSinceTime(), "ledger.recordedSinceTime"); err != nil {
		return in, err
	}
	if in.RecordedUntil, err = instant(m.GetRecordedUntilTime(), "ledger.recordedUntilTime"); err != nil {
		return in, err
	}
	if in.OccurredSince, err = instant(m.GetOccurredSinceTime(), "ledger.occurredSinceTime"); err != nil {
		return in, err
	}
	in.OccurredUntil, err = instant(m.GetOccurredUntilTime(), "ledger.occurredUntilTime")
	return in, err
}
