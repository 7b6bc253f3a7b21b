package handler

import (
	"context"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/service/administration"
)

// catalogName is what problems of a document call it that came through the API.
const catalogName = "catalog"

// catalogServer is the CatalogService.
type catalogServer struct {
	assentv1.UnimplementedCatalogServiceServer

	catalogs Catalogs
}

// GetCatalog returns a version of the catalog.
func (s *catalogServer) GetCatalog(
	ctx context.Context, m *assentv1.GetCatalogRequest,
) (*assentv1.GetCatalogResponse, error) {
	version, err := s.catalogs.GetCatalog(ctx, m.GetVersion())
	if err != nil {
		return nil, err
	}
	return &assentv1.GetCatalogResponse{
		Version: version.Version, Document: version.Document, Etag: version.ETag, EffectiveTime: Timestamp(version.Effective),
		RecordedTime: Timestamp(version.Recorded), Position: version.Position,
	}, nil
}

// ApplyCatalog applies a document as the next version.
func (s *catalogServer) ApplyCatalog(
	ctx context.Context, m *assentv1.ApplyCatalogRequest,
) (*assentv1.ApplyCatalogResponse, error) {
	once, err := IdempotencyOf("ApplyCatalog", m)
	if err != nil {
		return nil, err
	}
	applied, err := s.catalogs.ApplyCatalog(ctx, administration.ApplyCatalog{
		Name: catalogName, Document: m.GetDocument(), ETag: m.GetEtag(), ValidateOnly: m.GetValidateOnly(), Idempotency: once,
	})
	if err != nil {
		return nil, err
	}
	response := &assentv1.ApplyCatalogResponse{
		Version: applied.Version, Etag: applied.ETag, Unchanged: applied.Unchanged, Warnings: applied.Warnings,
	}
	if applied.Position != 0 && !applied.Unchanged && !m.GetValidateOnly() {
		response.Positions = []int64{applied.Position}
	}
	return response, nil
}
