package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/receipt"
)

const receiptHelp = `Verify a receipt that check --receipt wrote, and show what it says.

The server verifies that the key of the ledger signed it. With --address it also repeats the check, for the same time and as
known at the same position. The outcome is SAME, DIFFERS with the differences, OTHER_ADDRESS, or ERASED_SINCE if the address
was erased after the receipt was given. Without --address the check is not repeated (NOT_REPLAYED).

With --offline no server is called: only the signature is verified, with --verifier-key.

The exit code is 0 if the receipt is valid: NOT_REPLAYED, SAME and ERASED_SINCE. After an erasure the check cannot be repeated,
but the signature stays valid. The exit code is 1 for DIFFERS, for OTHER_ADDRESS, and if the receipt is not signed or was
altered.`

// receiptFlags are the flags of assent receipt verify.
type receiptFlags struct {
	address string
	key     string
	offline bool
}

// keepReceipt writes the receipt of a check to a file.
func (a *app) keepReceipt(path, text string) error {
	if text == "" {
		return errors.New("the server gave no receipt; it is older than this program")
	}
	if err := writeNewFile(path, text); err != nil {
		return fmt.Errorf("--receipt: %w", err)
	}
	a.Notef("%s: receipt of the answer", path)
	return nil
}

// receipt holds the commands about decision receipts.
func (a *app) receipt() *cobra.Command {
	return family("receipt", "Signed receipts of checks: verify", a.receiptVerify())
}

func (a *app) receiptVerify() *cobra.Command {
	var f receiptFlags
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Verify a receipt, and repeat the check that it is about",
		Long:  receiptHelp,
		Example: "  assent receipt verify mail-17.receipt --address anna@example.com\n" +
			"  assent receipt verify mail-17.receipt --offline --verifier-key \"$(cat ledger.vkey)\"",
		Args: cobra.ExactArgs(1),
		RunE: a.does(func(ctx context.Context, args []string) error {
			if err := f.verify(args[0]); err != nil {
				return err
			}
			text, err := a.readReceipt(args[0])
			if err != nil {
				return err
			}
			if f.offline {
				return a.verifyOffline(text, f.key)
			}
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error { return a.verifyReceipt(ctx, s, text, f) })
		}),
	}
	cmd.Flags().StringVar(&f.address, "address", "", "address that it is about: ask again what the receipt answers")
	cmd.Flags().BoolVar(&f.offline, "offline", false, "ask no server: verify the signature only, under --verifier-key")
	addVerifierKey(cmd, &f.key)
	return cmd
}

// verify reports flags that do not go together, and a key that is none.
func (f receiptFlags) verify(file string) error {
	switch {
	case f.offline && f.key == "":
		return terminal.Usagef("--offline needs --verifier-key")
	case f.offline && f.address != "":
		return terminal.Usagef("--address cannot be used with --offline: the server compares the address")
	case file == listfile.Standard && f.address == listfile.Standard:
		return terminal.Usagef("only one of FILE and --address can come from standard input")
	case f.key == "":
		return nil
	}
	if _, err := receipt.VerifierKey(f.key); err != nil {
		return terminal.Usagef("--verifier-key must have the form NAME+HASH+KEY, as `assent keys show` writes it")
	}
	return nil
}

// readReceipt reads a file as it is: every byte of a receipt counts.
func (a *app) readReceipt(path string) (string, error) {
	in, err := a.Open(path)
	if err != nil {
		return "", err
	}
	text, err := in.ReadAll(receipt.MaxSize + 1)
	if err != nil {
		return "", err
	}
	if len(text) > receipt.MaxSize {
		return "", fmt.Errorf("%s: it is too long to be a receipt", in.Name)
	}
	return string(text), nil
}

func (a *app) verifyOffline(text, key string) error {
	r, used, err := receipt.Open([]byte(text), key)
	if err != nil {
		return fmt.Errorf("the receipt is not valid: %w", err)
	}
	return a.writeReceipt(&r, &assentv1.VerifyReceiptResponse{
		Outcome: assentv1.ReceiptOutcome_RECEIPT_OUTCOME_NOT_REPLAYED, VerifierKey: used,
	})
}

// verifyReceipt asks the server. What it says of the signature is verified here once more, under the caller's key if there is one.
func (a *app) verifyReceipt(ctx context.Context, s *connect.Server, text string, f receiptFlags) error {
	in := &assentv1.VerifyReceiptRequest{Receipt: text}
	if f.address != "" {
		var err error
		if in.Address, err = a.Argument(f.address); err != nil {
			return err
		}
	}
	answer, err := connect.Call(ctx, s, assentv1.NewConsentServiceClient(s).VerifyReceipt, in)
	if err != nil {
		return err
	}
	key := f.key
	if key == "" {
		key = answer.GetVerifierKey()
	}
	r, _, err := receipt.Open([]byte(text), key)
	if err != nil {
		return fmt.Errorf("the receipt is not valid: %w", err)
	}
	if err := a.writeReceipt(&r, answer); err != nil {
		return err
	}
	switch answer.GetOutcome() {
	case assentv1.ReceiptOutcome_RECEIPT_OUTCOME_NOT_REPLAYED, assentv1.ReceiptOutcome_RECEIPT_OUTCOME_SAME,
		assentv1.ReceiptOutcome_RECEIPT_OUTCOME_ERASED_SINCE:
		return nil
	default:
		return terminal.ExitCode(terminal.ExitFailed)
	}
}

// writeReceipt writes what a verification came to and what the receipt says.
func (a *app) writeReceipt(r *receipt.Receipt, answer *assentv1.VerifyReceiptResponse) error {
	outcome := strings.TrimPrefix(answer.GetOutcome().String(), "RECEIPT_OUTCOME_")
	if a.JSON() {
		return a.PrintJSON(verifiedReceipt(r, outcome, answer))
	}
	rows := [][]string{{outcome, outcomeText(answer)}}
	for _, d := range answer.GetDifferences() {
		rows = append(rows, []string{"differs", fmt.Sprintf("%s: the receipt has %s, the ledger %s",
			d.GetField(), terminal.OrDash(d.GetExpected()), terminal.OrDash(d.GetGot()))})
	}
	for _, field := range r.Fields() {
		rows = append(rows, []string{strings.ReplaceAll(field.Name, "_", " "), field.Value})
	}
	return a.PrintTable(append(rows, []string{"signed by", answer.GetVerifierKey()}))
}

// outcomeText says what an outcome means.
func outcomeText(answer *assentv1.VerifyReceiptResponse) string {
	switch answer.GetOutcome() {
	case assentv1.ReceiptOutcome_RECEIPT_OUTCOME_NOT_REPLAYED:
		return "the signature is valid; the check was not repeated, or retention has removed the data for it"
	case assentv1.ReceiptOutcome_RECEIPT_OUTCOME_SAME:
		return "the signature is valid, and the answer is the same"
	case assentv1.ReceiptOutcome_RECEIPT_OUTCOME_DIFFERS:
		return "the signature is valid, but the answer differs"
	case assentv1.ReceiptOutcome_RECEIPT_OUTCOME_ERASED_SINCE:
		return fmt.Sprintf("the signature is valid; the address was erased since, at position %d", answer.GetErasedPosition())
	case assentv1.ReceiptOutcome_RECEIPT_OUTCOME_OTHER_ADDRESS:
		return "the signature is valid, but the receipt is about another address"
	default:
		return "the server gave an outcome that this program does not know"
	}
}

// receiptJSON is a verification as JSON.
type receiptJSON struct {
	Outcome        string           `json:"outcome"`
	Differences    []differenceJSON `json:"differences"`
	ErasedPosition int64            `json:"erasedPosition,omitempty"`
	VerifierKey    string           `json:"verifierKey"`
	Receipt        map[string]any   `json:"receipt"`
}

type differenceJSON struct {
	Field    string `json:"field"`
	Expected string `json:"expected"`
	Got      string `json:"got"`
}

func verifiedReceipt(r *receipt.Receipt, outcome string, answer *assentv1.VerifyReceiptResponse) receiptJSON {
	v := receiptJSON{
		Outcome: outcome, Differences: []differenceJSON{}, ErasedPosition: answer.GetErasedPosition(),
		VerifierKey: answer.GetVerifierKey(), Receipt: map[string]any{},
	}
	for _, d := range answer.GetDifferences() {
		v.Differences = append(v.Differences, differenceJSON{Field: d.GetField(), Expected: d.GetExpected(), Got: d.GetGot()})
	}
	for _, field := range r.Fields() {
		v.Receipt[field.Name] = field.Value
		if slices.Contains([]string{"position", "grant_position", "catalog_version"}, field.Name) && field.Value != "" {
			v.Receipt[field.Name] = json.Number(field.Value)
		}
	}
	return v
}
