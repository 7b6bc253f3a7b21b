package imports

import (
	"context"
	"errors"
	"io"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
)

// block is how many bytes of a file one message has.
const block = 256 << 10

// upload sends a file and hands on each answer. It returns once the last one has come.
func upload(ctx context.Context, s *connect.Server, start *assentv1.UploadStart, file io.Reader, each func(*assentv1.UploadImportResponse) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stream, err := assentv1.NewImportServiceClient(s).UploadImport(ctx)
	if err != nil {
		return s.Failed(err)
	}
	sent := make(chan error, 1)
	go func() {
		err := send(stream, start, contextReader{ctx, file})
		if err != nil {
			cancel(err)
		}
		sent <- err
	}()
	err = receive(stream, each)
	cancel(err)
	if failed := <-sent; failed != nil && !errors.Is(failed, err) {
		return failed // The file could not be read, which ended the call.
	}
	if err == nil || !isOfStream(err) {
		return err
	}
	return s.Failed(errors.Unwrap(err))
}

// streamError is an error of the call.
type streamError struct{ err error }

// Error returns its text.
func (e *streamError) Error() string { return e.err.Error() }

// Unwrap returns it.
func (e *streamError) Unwrap() error { return e.err }

func isOfStream(err error) bool {
	_, ok := errors.AsType[*streamError](err)
	return ok
}

func receive(stream assentv1.ImportService_UploadImportClient, each func(*assentv1.UploadImportResponse) error) error {
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &streamError{err}
		}
		if err := each(answer); err != nil {
			return err
		}
	}
}

// send sends a file. It returns an error only where the file cannot be read: why a call ends, its answers say.
func send(stream assentv1.ImportService_UploadImportClient, start *assentv1.UploadStart, file io.Reader) error {
	if stream.Send(&assentv1.UploadImportRequest{Part: &assentv1.UploadImportRequest_Start{Start: start}}) != nil {
		return nil //nolint:nilerr // Recv has the error.
	}
	for {
		data := make([]byte, block)
		n, err := io.ReadFull(file, data)
		if n > 0 && stream.Send(&assentv1.UploadImportRequest{Part: &assentv1.UploadImportRequest_Data{Data: data[:n]}}) != nil {
			return nil //nolint:nilerr // Recv has the error.
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			_ = stream.CloseSend() // As for any message.
			return nil
		}
		if err != nil {
			return err
		}
	}
}
