// Package importserver is the gRPC service of imports: it turns messages into requests of package imports and back.
package importserver

import (
	"context"
	"io"

	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/imports"
	"github.com/assent-io/assent/internal/service/undo"
)

// rowsAtOnce is how many rows one message has at most.
const rowsAtOnce = 250

// Imports keeps imports.
type Imports interface {
	CreateImport(ctx context.Context, n imports.NewImport) (imports.Import, bool, error)
	Upload(ctx context.Context, in imports.Upload, open imports.Open, tell func(imports.Progress) error) error
	GetImport(ctx context.Context, id string) (imports.Import, error)
	ListImports(ctx context.Context, size int, pageToken string) (imports.Page, error)
	UndoImport(ctx context.Context, id, justification string) (imports.Import, undo.Result, error)
}

// Register registers the service with a server.
func Register(server grpc.ServiceRegistrar, use Imports) {
	assentv1.RegisterImportServiceServer(server, &importServer{imports: use})
}

type importServer struct {
	assentv1.UnimplementedImportServiceServer

	imports Imports
}

// CreateImport creates an import, or returns the one of the same file.
func (s *importServer) CreateImport(ctx context.Context, m *assentv1.CreateImportRequest) (*assentv1.CreateImportResponse, error) {
	options, err := optionsOf(m.GetOptions())
	if err != nil {
		return nil, err
	}
	made, existed, err := s.imports.CreateImport(ctx, imports.NewImport{Options: options, SHA256: m.GetSha256(), Size: m.GetSize()})
	if err != nil {
		return nil, err
	}
	return &assentv1.CreateImportResponse{Import: importOf(&made), Existed: existed}, nil
}

// GetImport returns an import.
func (s *importServer) GetImport(ctx context.Context, m *assentv1.GetImportRequest) (*assentv1.GetImportResponse, error) {
	one, err := s.imports.GetImport(ctx, m.GetId())
	if err != nil {
		return nil, err
	}
	return &assentv1.GetImportResponse{Import: importOf(&one)}, nil
}

// ListImports lists imports.
func (s *importServer) ListImports(ctx context.Context, m *assentv1.ListImportsRequest) (*assentv1.ListImportsResponse, error) {
	page, err := s.imports.ListImports(ctx, handler.PageSize(m.GetPageSize()), m.GetPageToken())
	if err != nil {
		return nil, err
	}
	answer := &assentv1.ListImportsResponse{NextPageToken: page.Next}
	for i := range page.Imports {
		answer.Imports = append(answer.Imports, importOf(&page.Imports[i]))
	}
	return answer, nil
}

// UndoImport undoes an import.
func (s *importServer) UndoImport(ctx context.Context, m *assentv1.UndoImportRequest) (*assentv1.UndoImportResponse, error) {
	one, left, err := s.imports.UndoImport(ctx, m.GetId(), m.GetJustification())
	if err != nil {
		return nil, err
	}
	return &assentv1.UndoImportResponse{Import: importOf(&one), Events: left.Events, Subjects: left.Subjects, Kept: left.Kept}, nil
}

// UploadImport reads a file.
func (s *importServer) UploadImport(stream assentv1.ImportService_UploadImportServer) error {
	ctx := stream.Context()
	messages := newInbox(stream.Recv)
	defer messages.close()
	first, err := messages.next(ctx)
	if err != nil {
		return err
	}
	start := first.GetStart()
	if start == nil {
		return fault.Errorf(fault.InvalidRequest, "start", "the first message of an upload says what is uploaded for what")
	}
	in := imports.Upload{ID: start.GetId(), SHA256: start.GetSha256(), Rows: rowsOf(start.GetRows())}
	if preview := start.GetPreview(); preview != nil {
		options, err := optionsOf(preview)
		if err != nil {
			return err
		}
		in.Preview = &options
	}
	open := func(ctx context.Context) io.Reader { return &file{ctx: ctx, messages: messages} }
	return s.imports.Upload(ctx, in, open, func(p imports.Progress) error { return tell(stream, &p) })
}

// tell sends how far an upload is, many rows in several messages.
func tell(stream assentv1.ImportService_UploadImportServer, p *imports.Progress) error {
	rows := p.Rows
	for len(rows) > rowsAtOnce {
		if err := stream.Send(&assentv1.UploadImportResponse{Rows: rowMessages(rows[:rowsAtOnce])}); err != nil {
			return err
		}
		rows = rows[rowsAtOnce:]
	}
	answer := &assentv1.UploadImportResponse{Rows: rowMessages(rows), Counts: countsOf(&p.Counts), BytesRead: p.Read}
	if p.Import != nil {
		answer.Import = importOf(p.Import)
	}
	return stream.Send(answer)
}
