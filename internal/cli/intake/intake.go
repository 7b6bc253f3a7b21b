// Package intake has the commands about what comes back of messages: bounces, complaints, and mails to unsubscribe.
package intake

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/kit"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/phrase"
)

// Commands makes the commands.
type Commands struct{ *kit.Kit }

// All returns the commands below `assent intake`, but for those of hints.
func (c *Commands) All() []*cobra.Command { return []*cobra.Command{c.mail()} }

const mailHelp = `Hand in mails that came back: bounces (DSN and the texts that servers write), complaints (ARF, CFBL) and mails to unsubscribe. What
a mail proves by a token of Assent is recorded; every other report is a hint, which "assent intake hints" shows. The same mail twice changes
nothing. With --dry-run nothing is recorded.

A file that cannot be read keeps none of the others back. Where a mail of standard input cannot be stored, as while the server is away, the
exit code is 75: a mail server that hands mails to a command keeps such a mail and comes again.

With --format json one line is written for each mail.`

// options of the command.
type options struct {
	dryRun  bool
	maildir string
	from    string
	to      []string
}

func (c *Commands) mail() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use: "mail FILE...|-", Short: "Hand in mails that came back", Long: mailHelp,
		Example: "  assent intake mail bounce.eml\n  assent intake mail --dry-run --format json bounce.eml\n  assent intake mail --maildir bounces",
		Args: func(_ *cobra.Command, args []string) error {
			if (len(args) == 0) == (o.maildir == "") {
				return errors.New("name files, or - for standard input, or give --maildir")
			}
			return nil
		},
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		if o.maildir != "" {
			return c.fromMaildir(ctx, s, &o)
		}
		return c.fromFiles(ctx, s, args, &o)
	})
	flags := cmd.Flags()
	flags.BoolVar(&o.dryRun, "dry-run", false, "say what would be recorded, and record nothing")
	flags.StringVar(&o.maildir, "maildir", "", "take the mails in new/ of this maildir, and move each to cur/ once it is stored")
	flags.StringVar(&o.from, "envelope-from", "", "reverse path of SMTP, <> for none (default: the header Return-Path)")
	flags.StringSliceVar(&o.to, "envelope-to", nil, "recipient of SMTP; may be given several times (default: the header Delivered-To)")
	return cmd
}

// fromFiles hands in files. One that cannot be read keeps none of the others back. While the server takes no mail the command ends at once.
func (c *Commands) fromFiles(ctx context.Context, s *connect.Server, names []string, o *options) error {
	var broken []error
	for _, name := range names {
		text, err := c.read(name)
		if err != nil {
			broken = append(broken, err)
			continue
		}
		switch err := c.handIn(ctx, s, name, text, o); {
		case isRefused(err):
			broken = append(broken, fmt.Errorf("%s: %w", name, err))
		case err != nil && name == standard:
			return &terminal.Coded{Err: err, Code: terminal.ExitTryAgain}
		case err != nil:
			return errors.Join(append(broken, err)...)
		}
	}
	return errors.Join(broken...)
}

// fromMaildir hands in the new mails of a maildir, and moves each where mails are that were seen. Another run at the same time may take some.
func (c *Commands) fromMaildir(ctx context.Context, s *connect.Server, o *options) error {
	entries, err := os.ReadDir(filepath.Join(o.maildir, "new"))
	if err != nil {
		return fmt.Errorf("--maildir: %w", err)
	}
	var broken []error
	for _, entry := range entries {
		if !entry.Type().IsRegular() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		from := filepath.Join(o.maildir, "new", entry.Name())
		text, err := c.read(from)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			broken = append(broken, err)
			continue
		}
		switch err := c.handIn(ctx, s, from, text, o); {
		case isRefused(err):
			broken = append(broken, fmt.Errorf("%s: %w", from, err))
			continue
		case err != nil:
			return errors.Join(append(broken, err)...)
		case o.dryRun:
			continue
		}
		err = os.Rename(from, filepath.Join(o.maildir, "cur", entry.Name()+":2,S"))
		if _, gone := os.Lstat(from); err != nil && !errors.Is(gone, fs.ErrNotExist) {
			return fmt.Errorf("the mail was handed in, and is so again the next time, which changes nothing: %w", err)
		}
	}
	return errors.Join(broken...)
}

// isRefused reports whether the server refused this very mail: it would do so each time.
func isRefused(err error) bool {
	call, ok := errors.AsType[*connect.Error](err)
	return ok && call.IsInvalid()
}

// standard is the name of standard input.
const standard = "-"

// maxMail is how many bytes of a mail are handed in. A report stands before what it returns.
const maxMail = 15 << 20

// read reads a mail.
func (c *Commands) read(name string) (text []byte, err error) {
	in, err := c.Streams().OpenRaw(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if text, err = io.ReadAll(io.LimitReader(in.Text, maxMail)); err != nil {
		return nil, fmt.Errorf("%s: %w", in.Name, err)
	}
	if name == standard { // A mail server may take it for a failure if its mail is not read to the end.
		if _, err := io.Copy(io.Discard, in.Text); err != nil {
			return nil, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	if len(text) == 0 {
		return nil, fmt.Errorf("%s is empty; a mail has header fields, an empty line and a body", in.Name)
	}
	return text, nil
}

// handIn hands in a mail and tells what became of it.
func (c *Commands) handIn(ctx context.Context, s *connect.Server, name string, text []byte, o *options) error {
	answer, err := connect.CallAgain(ctx, s, assentv1.NewIntakeServiceClient(s).SubmitMail, &assentv1.SubmitMailRequest{
		Mail: text, EnvelopeFrom: o.from, EnvelopeTo: o.to, ValidateOnly: o.dryRun,
	})
	if err != nil {
		return err
	}
	if c.JSON() {
		return c.printLine(name, answer)
	}
	return c.printMail(name, answer)
}

// line is what is told of a mail in JSON.
type line struct {
	File       string      `json:"file"`
	Kind       string      `json:"kind"`
	Recipients []recipient `json:"recipients"`
	Case       *string     `json:"case"`                // number of the case that the mail opened or belongs to; new: a dry run would open one; null: none
	CaseKind   string      `json:"case_kind,omitempty"` // of the case, such as complaint; kind is that of the mail
	Desk       string      `json:"desk,omitempty"`      // department whose desk has the case
	Why        string      `json:"why"`
}

type recipient struct {
	Address string   `json:"address"`
	Kind    string   `json:"kind"`
	Class   string   `json:"class"`
	Status  string   `json:"status"`
	Rule    string   `json:"rule"`
	Outcome string   `json:"outcome"`
	Records []record `json:"records"`
	Why     string   `json:"why"`
}

type record struct {
	Verb    string `json:"verb"`
	Reason  string `json:"reason,omitempty"`
	Scope   string `json:"scope,omitempty"`
	Channel string `json:"channel,omitempty"`
	Time    string `json:"time,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

func (c *Commands) printLine(file string, m *assentv1.SubmitMailResponse) error {
	l := line{File: file, Kind: m.GetKind(), Recipients: []recipient{}, Why: m.GetWhy()}
	for _, r := range m.GetReports() {
		l.Recipients = append(l.Recipients, recipient{
			Address: r.GetAddress(), Kind: r.GetKind(), Class: r.GetClass(), Status: r.GetStatus(), Rule: r.GetRule(), Outcome: r.GetOutcome(),
			Records: recordsOf(r.GetRecords()), Why: r.GetWhy(),
		})
	}
	if one := m.GetCase(); one != nil {
		number := cmp.Or(one.GetId(), newCase)
		l.Case, l.CaseKind, l.Desk = &number, one.GetKind(), one.GetDepartment()
	}
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(l); err != nil {
		return err
	}
	return c.Print(out.String())
}

func recordsOf(records []*assentv1.IntakeRecord) []record {
	list := []record{}
	for _, r := range records {
		list = append(list, record{
			Verb: r.GetVerb(), Reason: r.GetReason(), Scope: r.GetScope(), Channel: r.GetChannel(), Time: value.Stamp(r.GetTime()), Hint: r.GetHint(),
		})
	}
	return list
}

func (c *Commands) printMail(file string, m *assentv1.SubmitMailResponse) error {
	text := phrase.Printable(file) + ": mail of kind " + m.GetKind() + " (" + phrase.Printable(m.GetWhy()) + ")\n"
	for _, r := range m.GetReports() {
		words := slices.DeleteFunc([]string{r.GetAddress(), r.GetClass(), r.GetStatus(), r.GetOutcome()}, func(w string) bool { return w == "" })
		text += "  " + phrase.Printable(strings.Join(words, " "))
		if r.GetWhy() != "" {
			text += ": " + phrase.Printable(r.GetWhy())
		}
		text += "\n"
		for _, one := range r.GetRecords() {
			text += "    " + told(one) + "\n"
		}
	}
	if one := m.GetCase(); one != nil {
		desk := cmp.Or(one.GetDepartment(), "the officers")
		text += "  case " + cmp.Or(one.GetId(), newCase) + " " + one.GetOutcome() + ": case of kind " + one.GetKind() + ", desk of " + phrase.Printable(desk) + "\n"
	}
	return c.Print(text)
}

// newCase stands for the number of a case that a dry run would open.
const newCase = "new"

// told says a record in words.
func told(r *assentv1.IntakeRecord) string {
	words := []string{r.GetVerb(), r.GetReason(), r.GetScope(), r.GetChannel(), r.GetHint(), value.Stamp(r.GetTime())}
	return phrase.Printable(strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " "))
}
