package cli

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"log/slog"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/consent"
	host "github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/service/audit"
)

// Local holds what the commands do that open the database themselves, each of
// them required. The configuration they are given is valid.
type Local struct {
	// Serve runs a server until the context ends, which is no error. It calls
	// ready once, when it accepts calls; an error before that means that it
	// never did.
	Serve func(ctx context.Context, cfg config.Server, log *slog.Logger, ready func(host.Addresses)) error
	// CreateClient creates a client in the database.
	CreateClient func(ctx context.Context, cfg config.Server, in *assentv1.CreateClientRequest) (*assentv1.CreateClientResponse, error)
	// MigrateUp applies all missing migrations, MigrateDown takes the given
	// number of them back; all three return the state afterwards.
	MigrateUp     func(ctx context.Context, cfg config.Server) (host.Schema, error)
	MigrateDown   func(ctx context.Context, cfg config.Server, steps int) (host.Schema, error)
	MigrateStatus func(ctx context.Context, cfg config.Server) (host.Schema, error)
	// RebuildLedger makes all states anew from the events; done is called now
	// and then with the number of subjects so far, by one goroutine.
	RebuildLedger func(ctx context.Context, cfg config.Server, done func(subjects int)) (audit.RebuildReport, error)
	// VerifyLedger holds the whole database against its ledger and the given
	// checkpoints; done is called now and then with the number of events and
	// subjects so far, by one goroutine at a time.
	VerifyLedger func(ctx context.Context, cfg config.Server, checkpoints []audit.KeptCheckpoint, done func(int64)) (Verified, error)
	// Purge rewrites the database, so that nothing that was deleted is left in
	// its free pages.
	Purge func(ctx context.Context, cfg config.Server) error
	// ReadClaims opens what is kept of erased persons with the key in the
	// officer's file, and hands on each by its id.
	ReadClaims func(ctx context.Context, cfg config.Server, officer string, each func(host.Claim) error) error
}

// Verified is what a verification found.
type Verified struct {
	Origin   string `json:"origin"`
	Size     int64  `json:"size"`
	Root     string `json:"rootHash"` // in base64
	Events   int64  `json:"events"`
	Subjects int64  `json:"subjects"`
	// EvidenceDeleted is how many events had evidence that was deleted, which is
	// no finding.
	EvidenceDeleted int64 `json:"evidenceDeleted"`
	// EvidenceRemoved is how many of those retention removed, as the ledger
	// says; the others an erasure did.
	EvidenceRemoved int64 `json:"evidenceRemoved"`
	// Found is how many findings there are; Findings are the first of them.
	Found    int64           `json:"found"`
	Findings []VerifyFinding `json:"findings"`
	// Checkpoint is signed anew where nothing was found.
	Checkpoint string `json:"checkpoint,omitempty"`
}

// VerifyFinding is something that is wrong, at some positions of the ledger.
type VerifyFinding struct {
	Kind    string `json:"kind"`
	From    int64  `json:"from,omitempty"`
	To      int64  `json:"to,omitempty"`
	Subject string `json:"subject,omitempty"`
	Message string `json:"message"`
}

// verified returns a report as the command line shows it.
func verified(r *audit.Report) Verified {
	v := Verified{
		Origin: r.Checkpoint.Origin, Size: r.Checkpoint.Size, Root: base64.StdEncoding.EncodeToString(r.Checkpoint.Root[:]),
		Events: r.Events, Subjects: r.Subjects, EvidenceDeleted: r.Deleted, EvidenceRemoved: r.Removed, Found: r.Found, Findings: []VerifyFinding{},
		Checkpoint: string(r.Checkpoint.Signed),
	}
	for _, f := range r.Findings {
		subject := ""
		if f.Subject != (consent.SubjectID{}) {
			subject = hex.EncodeToString(f.Subject[:])
		}
		v.Findings = append(v.Findings, VerifyFinding{
			Kind: string(f.Kind), From: f.From, To: f.To, Subject: subject, Message: f.Message,
		})
	}
	return v
}

// local returns what is done on a real database.
func local() Local {
	quiet := slog.New(slog.DiscardHandler)
	return Local{
		Serve: func(ctx context.Context, cfg config.Server, log *slog.Logger, ready func(host.Addresses)) error {
			return host.Run(ctx, cfg, host.Options{Logger: log, Ready: ready})
		},
		CreateClient: func(
			ctx context.Context, cfg config.Server, in *assentv1.CreateClientRequest,
		) (*assentv1.CreateClientResponse, error) {
			return host.CreateClient(ctx, cfg, quiet, in)
		},
		MigrateUp:     host.MigrateUp,
		MigrateDown:   host.MigrateDown,
		MigrateStatus: host.MigrateStatus,
		RebuildLedger: func(ctx context.Context, cfg config.Server, done func(int)) (audit.RebuildReport, error) {
			return host.RebuildLedger(ctx, cfg, quiet, done)
		},
		VerifyLedger: func(ctx context.Context, cfg config.Server, checkpoints []audit.KeptCheckpoint, done func(int64)) (Verified, error) {
			report, err := host.VerifyLedger(ctx, cfg, checkpoints, done)
			return verified(&report), err
		},
		Purge:      host.Purge,
		ReadClaims: host.ReadClaims,
	}
}
