// Package lists is the command that exports the block list of a channel as files that other tools import.
package lists

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"

	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/nearest"
	"github.com/assent-io/assent/internal/suppressionfile"
	"github.com/assent-io/assent/internal/suppressionfile/filterform"
	"github.com/assent-io/assent/suppressionfilter"
)

const (
	formHashes = "hashes"
	// tries is how often an export is begun before it is given up.
	tries = 5
)

// Flags say what to export.
type Flags struct {
	channel, form, out, consumer, algorithm, keyFile string
	includingTransactional, force                    bool
}

// Command returns the command, which Run runs with the flags.
func Command(f *Flags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export --channel CHANNEL --as FORM --out FILE",
		Short: "Export the block list of a channel as files that other tools import",
		Long: "Export every known address that the channel must not write to, because of a refusal or a suppression that no later consent\n" +
			"ended, in the form in which a tool imports it. A manifest beside the files, BASE.FORM.manifest.json, says what is in them, how\n" +
			"they are imported, and what they cannot say. A file is of one moment: export again, and import again, as often as the\n" +
			"tool sends. docs/suppression-files.md describes the forms.\n\n" +
			"The files appear when all of them are complete; after an error nothing has changed.",
		Example: "  assent suppressions export --channel newsletter --as listmonk --out lists/newsletter\n" +
			"  assent suppressions export --channel newsletter --as hashes --algorithm sha256 --out partner\n" +
			"  assent suppressions export --channel newsletter --as filter --consumer mailer --key-file mailer.key --out newsletter --force",
	}
	flags := cmd.Flags()
	flags.StringVar(&f.channel, "channel", "", "channel whose block list it is")
	flags.StringVar(&f.form, "as", "", "form: "+strings.Join(Forms(), ", "))
	flags.StringVar(&f.out, "out", "", "base name of the files, such as lists/newsletter; for a folder they are named after the channel")
	flags.StringVar(&f.consumer, "consumer", "", "read as the registered consumer with this id: of the form keyed for hashes and filter (default: addresses in clear)")
	flags.StringVar(&f.algorithm, "algorithm", "", "with --as hashes and without a consumer: md5, sha1, sha256 or sha512 of addresses in clear")
	flags.StringVar(&f.keyFile, "key-file", "", "with --as filter: file with the key that the consumer was given")
	flags.BoolVar(&f.includingTransactional, "including-transactional", false,
		"also write entries to lists of the tool that stop transactional mail, which the entries do not stop")
	flags.BoolVar(&f.force, "force", false, "replace the files of an earlier export, and remove those of them that the new one does not have")
	return cmd
}

// Forms returns the words for the forms.
func Forms() []string { return append(suppressionfile.Forms(), filterform.Name) }

// Algorithms returns the words for ways of hashing addresses without a key.
func Algorithms() []string { return []string{"md5", "sha1", "sha256", "sha512"} }

// Run exports the list.
func (f *Flags) Run(ctx context.Context, t *terminal.Terminal, s *connect.Server) error {
	if err := f.check(); err != nil {
		return err
	}
	x := &export{flags: f, terminal: t, server: s}
	if f.keyFile != "" {
		var err error
		if x.key, err = readKey(f.keyFile); err != nil {
			return err
		}
	}
	var err error
	if x.place, err = f.place(); err != nil {
		return err
	}
	pauses := s.Pauses()
	for try := 1; ; try++ {
		err := x.write(ctx)
		if err == nil || try == tries || ctx.Err() != nil || !goesOn(err) {
			return err
		}
		s.Away()
		if err := s.Wait(ctx, pauses()); err != nil {
			return err
		}
	}
}

// isForTool reports whether a tool imports the files, and has addresses as people typed them. Other programs may fold them.
func (f *Flags) isForTool() bool {
	return !slices.Contains([]string{"csv", "ndjson", formHashes, filterform.Name}, f.form)
}

// goesOn reports whether an export that failed is worth to be begun anew.
func goesOn(err error) bool {
	if errors.Is(err, errIncomplete) {
		return true
	}
	failed, ok := errors.AsType[*connect.Error](err)
	return ok && failed.Call().Code == codes.Unavailable
}

// check refuses flags that do not go together.
func (f *Flags) check() error {
	forms := Forms()
	switch {
	case !slices.Contains(forms, f.form):
		return terminal.Usagef("--as must be one of %s%s", strings.Join(forms, ", "), nearest.Hint(f.form, forms))
	case f.channel == "":
		return terminal.Usagef("--channel must be the id of a channel")
	case f.out == "":
		return terminal.Usagef("--out must be the base name of the files, such as lists/%s, or a folder", f.channel)
	case f.algorithm != "" && f.form != formHashes:
		return terminal.Usagef("--algorithm can be used with --as hashes only")
	case f.algorithm != "" && f.consumer != "":
		return terminal.Usagef("give --algorithm or --consumer, not both: the form of a consumer says how its hashes are made")
	case f.algorithm != "" && !slices.Contains(Algorithms(), f.algorithm):
		return terminal.Usagef("--algorithm must be one of %s%s", strings.Join(Algorithms(), ", "), nearest.Hint(f.algorithm, Algorithms()))
	case f.form == formHashes && f.algorithm == "" && f.consumer == "":
		return terminal.Usagef("--as hashes needs --consumer, a keyed one as a rule, or for a tool that takes nothing else --algorithm")
	case f.form == filterform.Name && (f.consumer == "" || f.keyFile == ""):
		return terminal.Usagef("--as filter needs --consumer, with the form keyed, and --key-file with the key that it was given")
	case f.form != filterform.Name && f.keyFile != "":
		return terminal.Usagef("--key-file can be used with --as filter only")
	case f.includingTransactional && !slices.Contains(suppressionfile.StoppingTransactional(), f.form):
		return terminal.Usagef("--including-transactional can be used with --as %s only: the form %s has no list that stops transactional mail",
			strings.Join(suppressionfile.StoppingTransactional(), ", "), f.form)
	}
	return nil
}

// export is one export under way.
type export struct {
	flags    *Flags
	terminal *terminal.Terminal
	server   *connect.Server
	key      suppressionfilter.Key // of the form filter
	place    place
}

// write reads the list and writes the files.
func (x *export) write(ctx context.Context) error {
	// The folder comes first: what the server sends counts as disclosed, also where it cannot be written.
	folder, err := x.place.open(x.flags.form)
	if err != nil {
		return err
	}
	defer folder.discard()
	list, err := x.open(ctx)
	if err != nil {
		return err
	}
	defer list.close()
	hashing, err := x.hashing(list)
	if err != nil {
		return err
	}
	options := suppressionfile.Options{
		Base: x.place.base, StoreID: list.storeID, Channel: x.flags.channel, Made: list.start.GetTime().AsTime().Truncate(time.Microsecond),
		Position: list.start.GetPosition(), Token: list.start.GetToken(), Hashing: hashing, IncludingTransactional: x.flags.includingTransactional,
		Scratch: folder.scratch,
	}
	if x.flags.form == filterform.Name {
		options.External = filterform.New(x.key, options)
	}
	bar := x.terminal.NewProgress("exporting", -1)
	made, err := suppressionfile.Write(x.flags.form, options, list.entries(bar.Set), folder)
	bar.End()
	if err != nil {
		return err
	}
	removed, err := folder.publish(&made)
	if err != nil {
		return err
	}
	return x.report(&made, list.end, removed)
}
