package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/atomicfile"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/phrase"
	"github.com/assent-io/assent/internal/service/audit"
)

// maxCheckpoint is far more than a checkpoint with the signatures of many
// witnesses has.
const maxCheckpoint = 64 << 10

// ledger holds the commands about the ledger.
func (a *app) ledger() *cobra.Command {
	return family("ledger", "The ledger of all events: checkpoint, cosign, prove, verify, rebuild or purge",
		a.client(a.ledgerCheckpoint()), a.client(a.ledgerCosign()), a.client(a.ledgerProve()),
		a.ledgerVerify(), a.ledgerRebuild(), a.ledgerPurge())
}

func addVerifierKey(cmd *cobra.Command, key *string) {
	cmd.Flags().Var((*value.VerifierKey)(key), "verifier-key",
		"public key that must have signed, as keys show writes it (default: the one that the server names)")
}

// writeNewFile writes a file that must not exist: a checkpoint that is kept is
// never replaced.
func writeNewFile(path, text string) error {
	return atomicfile.WriteNew(path, "."+filepath.Base(path)+".*.tmp", []byte(text), 0o644)
}

// opened returns the checkpoint that the note holds. What the message says
// beside it counts for nothing.
func opened(c *assentv1.Checkpoint, key string) (ledger.Checkpoint, error) {
	if key == "" {
		key = c.GetVerifierKey()
	}
	checkpoint, err := ledger.OpenCheckpoint([]byte(c.GetNote()), c.GetOrigin(), key)
	if err != nil {
		return checkpoint, fmt.Errorf("the server's checkpoint is not valid: %w", err)
	}
	return checkpoint, nil
}

func (a *app) ledgerProve() *cobra.Command {
	var size int64
	var key string
	cmd := &cobra.Command{
		Use:   "prove POSITION",
		Short: "Prove that an event is in the ledger",
		Long: "Prove that the event at a position is in the ledger: get the proof, verify it, and write the checkpoint that it\n" +
			"is for. With --format json it writes the whole proof.",
		Args: cobra.ExactArgs(1),
		RunE: a.does(func(ctx context.Context, args []string) error {
			position, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || position < 1 {
				return terminal.Usagef("POSITION must be a number from 1")
			}
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
				answer, err := connect.Call(ctx, s, assentv1.NewLedgerServiceClient(s).ProveEntry,
					&assentv1.ProveEntryRequest{Position: position, Size: size})
				if err != nil {
					return err
				}
				if err := checkEntry(answer, position, size, key); err != nil {
					return err
				}
				if a.JSON() {
					return a.PrintMessage(answer)
				}
				if len(answer.GetHeader()) == 0 {
					a.Notef("An erasure removed the header of this event: the proof is of its leaf, and does not tell what the event was.")
				}
				return a.Print(fmt.Sprintf("position %d is in the ledger: leaf %x, %d hashes lead to the root of\n\n%s",
					position, answer.GetLeafHash(), len(answer.GetHashes()), answer.GetCheckpoint().GetNote()))
			})
		}),
	}
	cmd.Flags().Int64Var(&size, "size", 0, "the size of the ledger to prove it for, such as the size of a stored checkpoint (default: now)")
	addVerifierKey(cmd, &key)
	return cmd
}

// checkEntry verifies a proof with nothing but the signature of the ledger. Without a header, which an erasure removed, it is one of the
// leaf alone.
func checkEntry(answer *assentv1.ProveEntryResponse, position, size int64, key string) error {
	c, err := opened(answer.GetCheckpoint(), key)
	if err != nil {
		return err
	}
	if size != 0 && c.Size != size {
		return fmt.Errorf("the server's proof is not valid: it is for %d events", c.Size)
	}
	proof := make([][ledger.HashSize]byte, len(answer.GetHashes()))
	for i, hash := range answer.GetHashes() {
		if len(hash) != ledger.HashSize {
			return errors.New("the server's proof is not valid: a hash has another length")
		}
		proof[i] = [ledger.HashSize]byte(hash)
	}
	leaf := ledger.LeafHash(answer.GetHeader())
	switch kept := answer.GetLeafHash(); {
	case len(answer.GetHeader()) == 0 && len(kept) == ledger.HashSize:
		leaf = [ledger.HashSize]byte(kept)
	case !bytes.Equal(leaf[:], kept):
		return errors.New("the server's proof is not valid: the leaf is not that of the header")
	}
	if err := ledger.CheckEntry(proof, position, leaf, c.Size, c.Root); err != nil {
		return fmt.Errorf("the server's proof is not valid: %w", err)
	}
	return nil
}

func (a *app) ledgerVerify() *cobra.Command {
	var files []string
	var archive, key string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Verify that nothing in the database was altered, dropped or reordered",
		Long: "Open the database itself and verify all of it: every event against its hash and the tree, the evidence, the catalogs\n" +
			"and the states against the events, and the ledger against stored checkpoints. It changes nothing. Each finding is\n" +
			"written as one line to standard output, and the exit code is 1 if there is one.\n\n" +
			"With --file it verifies an archive that history --format zip made, without database and key file: no byte of it\n" +
			"was changed, and its events are in the ledger of its checkpoint.",
		Args: noArguments,
	}
	config.AddFlags(cmd.Flags(), localKeys()...)
	cmd.Flags().StringArrayVar(&files, "checkpoint", nil, "file with a checkpoint that was kept; may be given several times")
	cmd.Flags().StringVar(&archive, "file", "", "archive to verify instead of a database")
	cmd.Flags().Var((*value.VerifierKey)(&key), "verifier-key",
		"with --file: public key that must have signed, as keys show writes it (default: the one in the archive)")
	cmd.MarkFlagsMutuallyExclusive("file", "checkpoint")
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		if archive != "" {
			return a.verifyArchive(archive, key)
		}
		if key != "" {
			return terminal.Usagef("--verifier-key can be used with --file only; a database is verified with its key file")
		}
		cfg, err := a.settings(cmd)
		if err != nil {
			return err
		}
		checkpoints, err := a.readCheckpoints(files)
		if err != nil {
			return err
		}
		bar := a.NewProgress("verifying", -1)
		report, err := a.local.VerifyLedger(ctx, cfg, checkpoints, bar.Set)
		bar.End()
		if err != nil {
			return err
		}
		if err := a.writeVerified(&report); err != nil {
			return err
		}
		if report.Found > 0 {
			return terminal.ExitCode(terminal.ExitFailed)
		}
		return nil
	})
	return cmd
}

func (a *app) readCheckpoints(files []string) ([]audit.KeptCheckpoint, error) {
	var checkpoints []audit.KeptCheckpoint
	for _, path := range files {
		in, err := a.Open(path)
		if err != nil {
			return nil, err
		}
		text, err := in.ReadAll(maxCheckpoint)
		if err != nil {
			return nil, err
		}
		checkpoints = append(checkpoints, audit.KeptCheckpoint{Name: in.Name, Note: text})
	}
	return checkpoints, nil
}

func (a *app) writeVerified(v *Verified) error {
	if a.JSON() {
		return a.PrintJSON(v)
	}
	for _, f := range v.Findings {
		if err := a.Print(f.line() + "\n"); err != nil {
			return err
		}
	}
	if more := v.Found - int64(len(v.Findings)); more > 0 {
		if err := a.Print(fmt.Sprintf("and %s more\n", phrase.Count(more, "finding"))); err != nil {
			return err
		}
	}
	deleted := ""
	if v.EvidenceDeleted > 0 {
		deleted = fmt.Sprintf(", the evidence of %d deleted (%d by erasure, %d by retention)", v.EvidenceDeleted,
			v.EvidenceDeleted-v.EvidenceRemoved, v.EvidenceRemoved)
	}
	return a.Print(fmt.Sprintf("%s%s, %s, %s\n", phrase.Count(v.Events, "event"), deleted, phrase.Count(v.Subjects, "subject"),
		phrase.Count(v.Found, "finding")))
}

// line is a finding as people read it.
func (f *VerifyFinding) line() string {
	line := f.Kind
	switch {
	case f.From == 0 && f.To == 0:
	case f.From == f.To:
		line += fmt.Sprintf(" at position %d", f.From)
	default:
		line += fmt.Sprintf(" at positions %d to %d", f.From, f.To)
	}
	if f.Subject != "" {
		line += " of subject " + f.Subject
	}
	return line + ": " + f.Message
}
