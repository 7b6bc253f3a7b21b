// Package extlists has the commands about external lists: lists of digests that checks consult.
package extlists

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

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

// All returns the commands below `assent lists`.
func (c *Commands) All() []*cobra.Command {
	return []*cobra.Command{c.create(), c.list(), c.show(), c.upload(), c.activate(), c.sync()}
}

const createHelp = `Create an external list: digests of addresses that checks consult. It says nothing before a version of it was
uploaded and activated.

Forms: ecg_file is the file of the Austrian ECG list; md5, sha1, sha256 and sha512 are lists of partners with one digest a
line in hexadecimal digits, of addresses in lower case; ecg_service is what the service of the ECG list answered.`

func (c *Commands) create() *cobra.Command {
	in := &assentv1.CreateExternalListRequest{}
	var requestID string
	cmd := &cobra.Command{
		Use: "create ID --name NAME --binds WHAT --form FORM", Short: "Create an external list", Long: createHelp, Args: cobra.ExactArgs(1),
		Example: "  assent lists create ecg --name 'ECG-Liste (RTR)' --binds existing_customer --form ecg_file --freshness P7D\n" +
			"  assent lists create partner --name 'Opt-outs of the partner' --binds all --form sha256 --freshness P1M --when-stale ignore",
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		answer, err := connect.Call(ctx, s, assentv1.NewExternalListServiceClient(s).CreateExternalList, in)
		if err != nil {
			return err
		}
		if c.JSON() {
			return c.PrintMessage(answer)
		}
		return c.Print("created " + phrase.Printable(answer.GetList().GetId()) + "\n")
	})
	flags := cmd.Flags()
	flags.StringVar(&in.Name, "name", "", "name for people")
	flags.StringVar(&in.Binds, "binds", "", "what a listing stops: all marketing (all), or marketing on every basis but consent (existing_customer)")
	flags.StringVar(&in.Form, "form", "", "which digests it holds: ecg_file, ecg_service, md5, sha1, sha256 or sha512")
	flags.StringVar(&in.Freshness, "freshness", "", "how long a version may be relied on, such as P7D (default: for ever)")
	flags.StringVar(&in.WhenStale, "when-stale", "deny", "what is done once the version is older: deny, or ignore")
	kit.AddRequestID(flags, &requestID)
	c.Require(cmd, "name", "binds", "form")
	c.Complete(cmd, "binds", "all", "existing_customer")
	c.Complete(cmd, "form", "ecg_file", "ecg_service", "md5", "sha1", "sha256", "sha512")
	c.Complete(cmd, "when-stale", "deny", "ignore")
	return cmd
}

func (c *Commands) list() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the external lists", Args: c.NoArguments,
		RunE: c.Asking(func(ctx context.Context, _ []string, s *connect.Server) error {
			in := &assentv1.ListExternalListsRequest{PageSize: 1000}
			all, err := connect.All(ctx, s, assentv1.NewExternalListServiceClient(s).ListExternalLists, in, &in.PageToken)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(all)
			}
			rows := [][]string{{"ID", "NAME", "BINDS", "FORM", "FRESHNESS", "WHEN STALE", "IN FORCE", "ENTRIES", "OBTAINED", "STALE FROM"}}
			for _, l := range all.GetLists() {
				active := &assentv1.ExternalListVersion{}
				for _, v := range l.GetVersions() {
					if v.GetVersion() == l.GetActiveVersion() {
						active = v
					}
				}
				rows = append(rows, []string{
					l.GetId(), phrase.Printable(l.GetName()), l.GetBinds(), l.GetForm(), terminal.OrDash(l.GetFreshness()), l.GetWhenStale(),
					number(l.GetActiveVersion()), number(active.GetEntries()), terminal.OrDash(value.Stamp(active.GetObtainedTime())),
					terminal.OrDash(value.Stamp(active.GetStaleTime())),
				})
			}
			return c.PrintTable(rows)
		}),
	}
}

// number returns a number; a dash for none.
func number(n int64) string {
	if n == 0 {
		return "-"
	}
	return strconv.FormatInt(n, 10)
}

func (c *Commands) show() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show the versions of an external list", Args: cobra.ExactArgs(1),
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			in := &assentv1.GetExternalListRequest{Id: args[0]}
			answer, err := connect.Call(ctx, s, assentv1.NewExternalListServiceClient(s).GetExternalList, in)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			return c.printVersions(answer.GetList().GetActiveVersion(), answer.GetList().GetVersions()...)
		}),
	}
}

func (c *Commands) printVersions(active int64, versions ...*assentv1.ExternalListVersion) error {
	rows := [][]string{{"VERSION", "IN FORCE", "ENTRIES", "ASKED", "OBTAINED", "STALE FROM", "UPLOADED", "BY", "ACTIVATED", "SHA-256"}}
	for _, v := range versions {
		inForce := ""
		if v.GetVersion() == active {
			inForce = "yes"
		}
		rows = append(rows, []string{
			number(v.GetVersion()), inForce, strconv.FormatInt(v.GetEntries(), 10), number(v.GetAsked()), value.Stamp(v.GetObtainedTime()),
			terminal.OrDash(value.Stamp(v.GetStaleTime())), value.Stamp(v.GetUploadedTime()), v.GetUploadedBy(),
			terminal.OrDash(value.Stamp(v.GetActivatedTime())), fmt.Sprintf("%x", v.GetSha256()),
		})
	}
	return c.PrintTable(rows)
}

const uploadHelp = `Store a version of an external list, from a file as its keeper gives it. Nothing changes for checks before the version
is activated. A file that is empty, cut off, or none of the list's form is refused.`

func (c *Commands) upload() *cobra.Command {
	var obtained value.Time
	var requestID string
	var activate, confirm bool
	cmd := &cobra.Command{
		Use: "upload ID FILE", Short: "Store a version of an external list", Long: uploadHelp, Args: cobra.ExactArgs(2),
		Example: "  assent lists upload ecg ecg-liste.hash --activate\n" +
			"  assent lists upload partner opt-outs.txt.gz --obtained-time 2026-11-30T06:00:00Z",
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		first := &assentv1.UploadExternalListVersionRequest{List: args[0], ObtainedTime: obtained.At, RequestId: kit.RequestID(requestID)}
		in, err := c.Open(args[1])
		if err != nil {
			return err
		}
		defer in.Close() //nolint:errcheck // It was only read.
		v, err := c.send(ctx, s, first, in.Text)
		if err != nil {
			return err
		}
		if activate {
			return c.bringIntoForce(ctx, s, &assentv1.ActivateExternalListVersionRequest{
				List: args[0], Version: v.GetVersion(), Confirm: confirm, RequestId: kit.RequestID(""),
			})
		}
		if c.JSON() {
			return c.PrintMessage(&assentv1.UploadExternalListVersionResponse{Version: v})
		}
		return c.Print(fmt.Sprintf("stored version %d of %s with %s\n", v.GetVersion(), phrase.Printable(v.GetList()), phrase.Count(int(v.GetEntries()), "entry")))
	})
	flags := cmd.Flags()
	flags.Var(&obtained, "obtained-time", "when the list was got from its keeper (default: now)")
	flags.BoolVar(&activate, "activate", false, "activate the version")
	addConfirm(cmd, &confirm)
	kit.AddRequestID(flags, &requestID)
	return cmd
}

func addConfirm(cmd *cobra.Command, confirm *bool) {
	cmd.Flags().BoolVar(confirm, "confirm", false, "activate a version that lacks many entries of the one in force, or shares none with it (officers)")
}

// partSize is how many bytes of a file one message has.
const partSize = 256 << 10

// send uploads a file.
func (c *Commands) send(
	ctx context.Context, s *connect.Server, first *assentv1.UploadExternalListVersionRequest, file io.Reader,
) (*assentv1.ExternalListVersion, error) {
	stream, err := assentv1.NewExternalListServiceClient(s).UploadExternalListVersion(ctx)
	if err != nil {
		return nil, s.Failed(err)
	}
	buffer := make([]byte, partSize)
	for next := first; ; next = new(assentv1.UploadExternalListVersionRequest) {
		n, err := io.ReadFull(file, buffer)
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !ended {
			return nil, fmt.Errorf("read the file: %w", err)
		}
		next.Part = buffer[:n]
		if n > 0 || next == first {
			if err := stream.Send(next); err != nil {
				break // The answer says why.
			}
		}
		if ended {
			break
		}
	}
	answer, err := stream.CloseAndRecv()
	if err != nil {
		return nil, s.Failed(err)
	}
	return answer.GetVersion(), nil
}

func (c *Commands) activate() *cobra.Command {
	in := &assentv1.ActivateExternalListVersionRequest{}
	var requestID string
	cmd := &cobra.Command{
		Use: "activate ID", Short: "Bring a version of an external list into force", Args: cobra.ExactArgs(1),
		Long: "Bring a version of an external list into force: every check from then on consults it. A version that lacks more than a fifth of\n" +
			"the entries of the one in force, or shares none with it, needs --confirm of an officer.",
		Example: "  assent lists activate ecg\n  assent lists activate ecg --version 1",
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.List, in.RequestId = args[0], kit.RequestID(requestID)
		return c.bringIntoForce(ctx, s, in)
	})
	cmd.Flags().Int64Var(&in.Version, "version", 0, "number of the version (default: the last)")
	addConfirm(cmd, &in.Confirm)
	kit.AddRequestID(cmd.Flags(), &requestID)
	return cmd
}

func (c *Commands) bringIntoForce(ctx context.Context, s *connect.Server, in *assentv1.ActivateExternalListVersionRequest) error {
	answer, err := connect.Call(ctx, s, assentv1.NewExternalListServiceClient(s).ActivateExternalListVersion, in)
	if err != nil {
		return err
	}
	if c.JSON() {
		return c.PrintMessage(answer)
	}
	v, what := answer.GetVersion(), "is in force"
	if answer.GetUnchanged() {
		what = "was in force already"
	}
	return c.Print(fmt.Sprintf("version %d of %s with %s %s\n", v.GetVersion(), phrase.Printable(v.GetList()), phrase.Count(int(v.GetEntries()), "entry"), what))
}
