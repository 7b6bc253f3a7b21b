package handler

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/service/checkpoint"
)

// ledgerServer is the LedgerService.
type ledgerServer struct {
	assentv1.UnimplementedLedgerServiceServer

	prover Prover
}

// GetCheckpoint returns a checkpoint of now.
func (s *ledgerServer) GetCheckpoint(
	ctx context.Context, _ *assentv1.GetCheckpointRequest,
) (*assentv1.GetCheckpointResponse, error) {
	latest, err := s.prover.LatestCosigned(ctx) // First: it is never of a later size than the checkpoint of now.
	if err != nil {
		return nil, err
	}
	c, err := s.prover.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	m := &assentv1.GetCheckpointResponse{Checkpoint: checkpointOf(&c)}
	if latest != nil {
		m.Cosigned = cosigned(latest)
	}
	return m, nil
}

// AddCosignatures keeps cosignatures.
func (s *ledgerServer) AddCosignatures(
	ctx context.Context, m *assentv1.AddCosignaturesRequest,
) (*assentv1.AddCosignaturesResponse, error) {
	c, err := s.prover.AddCosignatures(ctx, []byte(m.GetNote()))
	if err != nil {
		return nil, err
	}
	return &assentv1.AddCosignaturesResponse{Cosigned: cosigned(&c)}, nil
}

// ProveEntry proves that an event is in the ledger.
func (s *ledgerServer) ProveEntry(
	ctx context.Context, m *assentv1.ProveEntryRequest,
) (*assentv1.ProveEntryResponse, error) {
	proof, err := s.prover.ProveEntry(ctx, m.GetPosition(), m.GetSize())
	if err != nil {
		return nil, err
	}
	return &assentv1.ProveEntryResponse{
		Position: proof.Position, Header: proof.Header, LeafHash: proof.Leaf[:], Hashes: hashes(proof.Hashes),
		Checkpoint: checkpointOf(&proof.Checkpoint),
	}, nil
}

// ProveConsistency proves that the ledger begins with the ledger of an earlier size.
func (s *ledgerServer) ProveConsistency(
	ctx context.Context, m *assentv1.ProveConsistencyRequest,
) (*assentv1.ProveConsistencyResponse, error) {
	proof, err := s.prover.ProveConsistency(ctx, m.GetFromSize(), m.GetToSize())
	if err != nil {
		return nil, err
	}
	return &assentv1.ProveConsistencyResponse{
		FromSize: proof.From, Hashes: hashes(proof.Hashes), Checkpoint: checkpointOf(&proof.Checkpoint),
	}, nil
}

func checkpointOf(c *checkpoint.Checkpoint) *assentv1.Checkpoint {
	return &assentv1.Checkpoint{
		Note: string(c.Signed), Origin: c.Origin, Size: c.Size, RootHash: c.Root[:], VerifierKey: c.VerifierKey,
	}
}

func cosigned(c *ledger.Cosigned) *assentv1.CosignedCheckpoint {
	m := &assentv1.CosignedCheckpoint{
		Checkpoint: &assentv1.Checkpoint{Note: string(c.Note), Origin: c.Origin, Size: c.Size, RootHash: c.Root[:], VerifierKey: c.Key},
	}
	for _, by := range c.Cosignatures {
		m.Cosignatures = append(m.Cosignatures, &assentv1.Cosignature{
			Witness: by.Witness, SignedTime: &timestamppb.Timestamp{Seconds: by.Seconds},
		})
	}
	return m
}

func hashes(list [][ledger.HashSize]byte) [][]byte {
	out := make([][]byte, len(list))
	for i := range list {
		out[i] = list[i][:]
	}
	return out
}
