package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/seal"
)

// keys holds the commands about the key file.
func (a *app) keys() *cobra.Command {
	show := func(use string) func(string, *seal.Keys) error {
		return func(path string, keys *seal.Keys) error { return a.writeStore(use, path, keys) }
	}
	return family("keys", "The key file: create, show, list, rotate or claims",
		a.keysCreate(show("create"), show("show")),
		a.keysCommand("show", "Say which store a key file belongs to, without showing the keys", seal.Open, show("show")),
		a.keysCommand("list", "List the keys of a key file with what each is for, without showing them", seal.Open, a.writeKeys),
		a.keysRotate(), a.keysClaims())
}

// keysCreate makes a key file.
func (a *app) keysCreate(created, found func(string, *seal.Keys) error) *cobra.Command {
	var ifMissing bool
	cmd := &cobra.Command{
		Use:   "create",
		Short: "Create a key file for a new database",
		Long: "Create a key file for a new database. An existing file is never replaced: it is an error, or with --if-missing the\n" +
			"file is shown as `assent keys show` does, so that a start script may run this command each time.",
		Args: noArguments,
	}
	cmd.Flags().BoolVar(&ifMissing, "if-missing", false, "do nothing if the file exists and is a key file")
	cmd.RunE = a.withKeyFile(cmd, func(path string, _ []string) error {
		if exists, err := seal.Exists(path); err == nil && exists && ifMissing {
			keys, err := seal.Open(path)
			if err != nil {
				return err
			}
			return found(path, keys)
		}
		keys, err := seal.Create(path)
		if err != nil {
			return err
		}
		return created(path, keys)
	})
	return cmd
}

// keysCommand makes a command that writes something about a key file.
func (a *app) keysCommand(
	use, short string, do func(path string) (*seal.Keys, error), write func(string, *seal.Keys) error,
) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: noArguments}
	cmd.RunE = a.withKeyFile(cmd, func(path string, _ []string) error {
		keys, err := do(path)
		if err != nil {
			return err
		}
		return write(path, keys)
	})
	return cmd
}

// withKeyFile gives a command the settings that name a key file, and returns what runs it with the path.
func (a *app) withKeyFile(cmd *cobra.Command, do func(path string, args []string) error) func(*cobra.Command, []string) error {
	config.AddFlags(cmd.Flags(), localKeys()...)
	return a.does(func(_ context.Context, args []string) error {
		cfg, err := a.settings(cmd)
		if err != nil {
			return err
		}
		path, err := cfg.KeyFile()
		if err != nil {
			return terminal.Usagef("%v", err)
		}
		return do(path, args)
	})
}

func (a *app) writeStore(use, path string, keys *seal.Keys) error {
	store := uuid.UUID(keys.StoreID()).String()
	verifiers, err := keys.VerifierKeys(ledger.Origin(keys.StoreID()))
	if err != nil {
		return err
	}
	if a.JSON() {
		return a.PrintJSON(struct {
			File        string `json:"file"`
			StoreID     string `json:"storeId"`
			VerifierKey string `json:"verifierKey"`
		}{path, store, verifiers[0]})
	}
	if use == "create" {
		a.Notef("Keep a copy of %s apart from the database. If you lose this file, no address in the database can be found or decrypted.", path)
	}
	return a.Print(fmt.Sprintf("%s: store %s\nverifier key of its checkpoints: %s\n", path, store, verifiers[0]))
}

// listedKey is a key as keys list writes it.
type listedKey struct {
	Keyset      seal.Keyset `json:"keyset"`
	ID          uint32      `json:"id"`
	Use         seal.KeyUse `json:"use"`
	Purpose     string      `json:"purpose"`
	VerifierKey string      `json:"verifierKey,omitempty"` // of a signing key
}

func (a *app) writeKeys(path string, keys *seal.Keys) error {
	var listed []listedKey
	rows := [][]string{{"KEYSET", "ID", "USE", "PURPOSE", "VERIFIER KEY"}}
	for _, info := range keys.List() {
		l := listedKey{Keyset: info.Keyset, ID: info.ID, Use: info.Use, Purpose: purposeOf(info.Keyset)}
		if info.Keyset == seal.KeysetSigning {
			var err error
			if l.VerifierKey, err = keys.VerifierKey(ledger.Origin(keys.StoreID()), info.ID); err != nil {
				return err
			}
		}
		listed = append(listed, l)
		rows = append(rows, []string{string(l.Keyset), strconv.FormatUint(uint64(l.ID), 10), string(l.Use), l.Purpose, terminal.OrDash(l.VerifierKey)})
	}
	if a.JSON() {
		return a.PrintJSON(struct {
			File    string      `json:"file"`
			StoreID string      `json:"storeId"`
			Keys    []listedKey `json:"keys"`
		}{path, uuid.UUID(keys.StoreID()).String(), listed})
	}
	return a.PrintTable(rows)
}

func purposeOf(of seal.Keyset) string {
	switch of {
	case seal.KeysetMaster:
		return "encrypts evidence, addresses, answers and tokens"
	case seal.KeysetDigest:
		return "finds addresses"
	case seal.KeysetEvent:
		return "recognises repeated events; never rotated"
	case seal.KeysetSigning:
		return "signs checkpoints"
	case seal.KeysetClaims:
		return "encrypts data kept for the defence of legal claims"
	default:
		return ""
	}
}

func (a *app) keysRotate() *cobra.Command {
	promote := false
	names := make([]string, 0, len(seal.Rotatable()))
	for _, of := range seal.Rotatable() {
		names = append(names, string(of))
	}
	cmd := &cobra.Command{
		Use:   "rotate master|digest|signing",
		Short: "Add a new key to a key file, or with --promote start to use it",
		Long: "Rotate a key in two steps. The first step adds a new key to the file, which is not used yet. Give the file to every\n" +
			"server; each loads it within a second, without a restart, and logs this. The second step, with --promote, makes it the\n" +
			"key for new data. Give that file to every server, too. Old keys stay in the file: data made with them needs them.",
		Args: cobra.ExactArgs(1), ValidArgs: names,
	}
	cmd.RunE = a.withKeyFile(cmd, func(path string, args []string) error {
		if !slices.Contains(names, args[0]) {
			return terminal.Usagef("the keyset must be master, digest or signing")
		}
		step := seal.AddKey
		if promote {
			step = seal.PromoteKey
		}
		info, err := step(path, seal.Keyset(args[0]))
		if err != nil {
			return err
		}
		return a.writeRotated(path, info)
	})
	cmd.Flags().BoolVar(&promote, "promote", false, "use the key that was added before for new data")
	return cmd
}

func (a *app) writeRotated(path string, info seal.KeyInfo) error {
	if a.JSON() {
		return a.PrintJSON(struct {
			File   string      `json:"file"`
			Keyset seal.Keyset `json:"keyset"`
			ID     uint32      `json:"id"`
			Use    seal.KeyUse `json:"use"`
		}{path, info.Keyset, info.ID, info.Use})
	}
	a.Notef("Give %s to every server of the database, and keep a copy of it in place of the earlier one.", path)
	if info.Use == seal.UseNext {
		a.Notef("When every server has loaded it: assent keys rotate %s --promote --keys %s", info.Keyset, path)
	}
	return a.Print(fmt.Sprintf("%s key %d: %s\n", info.Keyset, info.ID, info.Use))
}

func (a *app) keysClaims() *cobra.Command {
	out := ""
	cmd := &cobra.Command{
		Use:   "claims",
		Short: "Create the officer's key pair for data kept for the defence of legal claims",
		Long: "Create a key pair for data that is kept for the defence of legal claims after an erasure. The private key is written to the\n" +
			"file of --out, for the officer alone; the public key is added to the key file, for every server. A second pair replaces the\n" +
			"first for new data. Data encrypted earlier can be decrypted with the earlier file only, so keep both files.",
		Args: noArguments,
	}
	cmd.RunE = a.withKeyFile(cmd, func(path string, _ []string) error {
		if out == "" || out == listfile.Standard {
			return terminal.Usagef("--out must name a new file")
		}
		before, err := seal.Open(path)
		if err != nil {
			return err
		}
		info, err := seal.CreateClaims(path, out)
		if err != nil {
			return err
		}
		if a.JSON() {
			return a.PrintJSON(struct {
				File string `json:"file"`
				Out  string `json:"out"`
				ID   uint32 `json:"id"`
			}{path, out, info.ID})
		}
		a.Notef("Keep %s where only the officer has it, and no copy on a server. Give %s to every server of the database.", out, path)
		if before.HasClaimsKey() {
			a.Notef("Keep the earlier officer's file, too: data encrypted until now can be decrypted with that file only.")
		}
		return a.Print(fmt.Sprintf("%s: claims key %d\n", out, info.ID))
	})
	cmd.Flags().StringVar(&out, "out", "", "file for the officer's private key; it must not exist yet")
	require(cmd, "out")
	return cmd
}
