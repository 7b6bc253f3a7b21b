package cli_test

import (
	"context"
	"strings"

	"google.golang.org/grpc/codes"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

func (f *fake) GetCatalog(context.Context, *assentv1.GetCatalogRequest) (*assentv1.GetCatalogResponse, error) {
	if f.document == "" {
		return nil, failure(codes.NotFound, "NO_CATALOG", "no catalog was applied yet")
	}
	return &assentv1.GetCatalogResponse{Version: 1, Document: f.document, Etag: "e1", RecordedTime: day(1), Position: 1}, nil
}

func (f *fake) ApplyCatalog(_ context.Context, in *assentv1.ApplyCatalogRequest) (*assentv1.ApplyCatalogResponse, error) {
	switch {
	case in.GetEtag() != "" && in.GetEtag() != "e1":
		return nil, failure(codes.Aborted, "ETAG_MISMATCH", "the latest version has another etag")
	case strings.Contains(in.GetDocument(), "wrong"):
		return nil, failure(codes.InvalidArgument, "INVALID_CATALOG", "the catalog has 2 problems",
			"document: catalog:1: unknown key wrong", "document: catalog:7: channels: they are missing")
	case f.document == in.GetDocument():
		return &assentv1.ApplyCatalogResponse{Version: 1, Etag: "e1", Unchanged: true}, nil
	case in.GetValidateOnly():
		return &assentv1.ApplyCatalogResponse{Warnings: []string{"modern looks like modem"}}, nil
	}
	f.document = in.GetDocument()
	return &assentv1.ApplyCatalogResponse{Version: 1, Etag: "e1", Positions: []int64{1}}, nil
}
