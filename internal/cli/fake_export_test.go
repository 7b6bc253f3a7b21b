package cli_test

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// ExportHistory gives a file in two parts that says what was asked for.
func (f *fake) ExportHistory(
	in *assentv1.ExportHistoryRequest, stream grpc.ServerStreamingServer[assentv1.ExportHistoryResponse],
) error {
	f.mu.Lock()
	f.calls = append(f.calls, in)
	f.headers, _ = metadata.FromIncomingContext(stream.Context())
	f.mu.Unlock()
	if in.GetAddress() == "stalls@firma.example" {
		<-stream.Context().Done()
		return stream.Context().Err()
	}
	if err := stream.Send(&assentv1.ExportHistoryResponse{Data: []byte("first "), FileName: "x", ContentType: "y"}); err != nil {
		return err
	}
	if in.GetAddress() == "breaks@firma.example" {
		return failure(codes.Unavailable, "STORE_UNAVAILABLE", "the database is not available")
	}
	return stream.Send(&assentv1.ExportHistoryResponse{Data: []byte("second\n")})
}
