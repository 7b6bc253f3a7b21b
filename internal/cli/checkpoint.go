package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/listfile"
)

// keysToVerify are the public keys that the caller trusts.
type keysToVerify struct {
	ledger  string   // empty: the one that the server names
	witness []string // none: what the server says about witnesses is not verified
}

func (k *keysToVerify) add(cmd *cobra.Command) {
	addVerifierKey(cmd, &k.ledger)
	cmd.Flags().StringArrayVar(&k.witness, "witness-key", nil,
		"public key of a witness, NAME+HASH+KEY, that its cosignature is verified with; may be given several times")
}

func (a *app) ledgerCheckpoint() *cobra.Command {
	var out string
	var keys keysToVerify
	cmd := &cobra.Command{
		Use:   "checkpoint",
		Short: "Write a signed checkpoint of the ledger",
		Long: "Write a signed checkpoint of the ledger as it is now. Keep it where people with access to the database cannot change\n" +
			"it: ledger verify --checkpoint then shows later that no event up to it was altered. A server with a checkpoint\n" +
			"directory stores it there, too. The witnesses of the latest cosigned checkpoint are written to standard error.",
		Args: noArguments,
		RunE: a.does(func(ctx context.Context, _ []string) error {
			witnesses, err := ledger.ParseWitnesses(keys.witness)
			if err != nil {
				return terminal.Usagef("--witness-key: %v", err)
			}
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
				answer, err := connect.Call(ctx, s, assentv1.NewLedgerServiceClient(s).GetCheckpoint, &assentv1.GetCheckpointRequest{})
				if err != nil {
					return err
				}
				c := answer.GetCheckpoint()
				if _, err := opened(c, keys.ledger); err != nil {
					return err
				}
				if err := a.noteCosigned(answer.GetCosigned(), keys.ledger, witnesses); err != nil {
					return err
				}
				if out != "" && out != listfile.Standard {
					if err := writeNewFile(out, c.GetNote()); err != nil {
						return fmt.Errorf("--out: %w", err)
					}
					a.Notef("%s: checkpoint of %d events", out, c.GetSize())
					return nil
				}
				if a.JSON() {
					return a.PrintMessage(answer)
				}
				return a.Print(c.GetNote())
			})
		}),
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write it to, which must not exist (default: standard output)")
	keys.add(cmd)
	return cmd
}

func (a *app) ledgerCosign() *cobra.Command {
	var keys keysToVerify
	cmd := &cobra.Command{
		Use:   "cosign FILE|-",
		Short: "Submit the cosignatures of witnesses on a checkpoint",
		Long: "Submit a checkpoint of the ledger that witnesses cosigned (C2SP tlog-cosignature). The server stores the cosignatures\n" +
			"of the witnesses that have their keys in its settings, beside those it has. The command writes the checkpoint with all of\n" +
			"them.",
		Args: cobra.ExactArgs(1),
		RunE: a.does(func(ctx context.Context, args []string) error {
			witnesses, err := ledger.ParseWitnesses(keys.witness)
			if err != nil {
				return terminal.Usagef("--witness-key: %v", err)
			}
			notes, err := a.readCheckpoints(args)
			if err != nil {
				return err
			}
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
				answer, err := connect.Call(ctx, s, assentv1.NewLedgerServiceClient(s).AddCosignatures,
					&assentv1.AddCosignaturesRequest{Note: string(notes[0].Note)})
				if err != nil {
					return err
				}
				if err := a.noteCosigned(answer.GetCosigned(), keys.ledger, witnesses); err != nil {
					return err
				}
				if a.JSON() {
					return a.PrintMessage(answer)
				}
				return a.Print(answer.GetCosigned().GetCheckpoint().GetNote())
			})
		}),
	}
	keys.add(cmd)
	return cmd
}

// noteCosigned prints which witnesses cosigned a checkpoint, and when. If the caller passes no key of a witness, it
// prints what the server says about them, and that this was not verified.
func (a *app) noteCosigned(c *assentv1.CosignedCheckpoint, key string, witnesses []*ledger.Witness) error {
	if c == nil {
		if len(witnesses) > 0 {
			return errors.New("the server has no cosigned checkpoint")
		}
		return nil
	}
	checkpoint, err := opened(c.GetCheckpoint(), key)
	if err != nil {
		return err
	}
	if len(witnesses) == 0 {
		for _, by := range c.GetCosignatures() {
			a.Notef("checkpoint of %d events cosigned by %s at %s (not verified: give its key with --witness-key)", checkpoint.Size,
				by.GetWitness(), by.GetSignedTime().AsTime().Format(time.RFC3339))
		}
		return nil
	}
	if key == "" {
		key = c.GetCheckpoint().GetVerifierKey()
	}
	cosigned, err := ledger.OpenCosigned([]byte(c.GetCheckpoint().GetNote()), checkpoint.Origin, []string{key}, witnesses)
	if err != nil {
		return fmt.Errorf("the server's cosigned checkpoint is not valid: %w", err)
	}
	for _, by := range cosigned.Cosignatures {
		a.Notef("checkpoint of %d events cosigned by %s at %s", checkpoint.Size, by.Witness,
			time.Unix(by.Seconds, 0).UTC().Format(time.RFC3339))
	}
	return nil
}
