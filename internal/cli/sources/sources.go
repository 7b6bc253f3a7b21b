// Package sources has the commands about sources: accounts of providers that tell by webhook what became of messages.
package sources

import (
	"context"
	"fmt"
	"io"
	"os"
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

// All returns the commands below `assent sources`.
func (c *Commands) All() []*cobra.Command {
	return []*cobra.Command{c.create(), c.list(), c.show(), c.update(), c.rotate(), c.hold(), c.release(), c.remove()}
}

const createHelp = `Create a source: an account of a provider that tells by webhook what became of messages. Enter its path, after the address of
the server, in the console of the provider; docs/providers.md says what else.

The secret is that of the console. For postmark, brevo, mailjet and sparkpost Assent makes a password and writes it. Where the console
shows the secret only once the webhook is there, leave it out, and give it with "assent sources rotate".`

func (c *Commands) create() *cobra.Command {
	in := &assentv1.CreateSourceRequest{}
	var secretFile, requestID string
	cmd := &cobra.Command{
		Use: "create ID --kind KIND --client CLIENT", Short: "Create a source, and write its path and a password that was made", Long: createHelp,
		Example: "  assent sources create mailer --kind mailgun --client mailer-sync --secret-file mailgun.secret\n" +
			"  assent sources create ses-eu --kind ses --client mailer-sync --topic arn:aws:sns:eu-central-1:123456789012:feedback",
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) (err error) {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		if in.Secret, err = c.secret(secretFile); err != nil {
			return err
		}
		answer, err := connect.Call(ctx, s, assentv1.NewSourceServiceClient(s).CreateSource, in)
		if err != nil {
			return err
		}
		if c.JSON() {
			return c.PrintMessage(answer)
		}
		c.Notef("Created %s. Enter this path, after the address of the server, at the provider.", phrase.Printable(answer.GetSource().GetId()))
		return c.printAddress(answer.GetSource(), answer.GetSecret())
	})
	flags := cmd.Flags()
	flags.StringVar(&in.Kind, "kind", "", "provider: "+strings.Join(kinds(), ", "))
	flags.StringVar(&in.Client, "client", "", "client whose account it is; what is reported is recorded as by this client")
	addSecretFile(cmd, &secretFile)
	flags.StringVar(&in.User, "user", "", "user of the address, for providers that show a password (default: assent)")
	flags.StringVar(&in.Url, "url", "", "address as it is entered at Mandrill, byte by byte")
	flags.StringSliceVar(&in.Topics, "topic", nil, "ARN of an SNS topic that may send; may be given several times")
	kit.AddRequestID(flags, &requestID)
	c.Require(cmd, "kind", "client")
	c.Complete(cmd, "kind", kinds()...)
	return cmd
}

func kinds() []string {
	return []string{"ses", "sendgrid", "mailgun", "postmark", "brevo", "mailjet", "sparkpost", "mandrill", "resend"}
}

func addSecretFile(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "secret-file", "", "file with the secret of the console; -: standard input")
}

// maxSecret is how many bytes a file with a secret has at most.
const maxSecret = 4096

// secret reads a secret from a file, without spaces around it.
func (c *Commands) secret(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	from := c.Stdin
	if path != "-" {
		file, err := os.Open(path) //nolint:gosec // The user names it.
		if err != nil {
			return "", fmt.Errorf("read the secret: %w", err)
		}
		defer file.Close() //nolint:errcheck // It is only read.
		from = file
	}
	text, err := io.ReadAll(io.LimitReader(from, maxSecret+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read the secret: %w", err)
	case len(text) > maxSecret:
		return "", fmt.Errorf("read the secret: %s has more than %d bytes, and is no secret", path, maxSecret)
	}
	return strings.TrimSpace(string(text)), nil
}

// printAddress writes the path of a source, and on a second line USER:PASSWORD if a password was made.
func (c *Commands) printAddress(s *assentv1.Source, password string) error {
	text := s.GetPath() + "\n"
	if password != "" {
		c.Notef("The second line is user and password, for https://USER:PASSWORD@HOST%s; the password cannot be shown again.",
			phrase.Printable(s.GetPath()))
		text += s.GetUser() + ":" + password + "\n"
	}
	return c.Print(text)
}

func (c *Commands) list() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the sources, and which are held", Args: c.NoArguments,
		RunE: c.Asking(func(ctx context.Context, _ []string, s *connect.Server) error {
			in := &assentv1.ListSourcesRequest{PageSize: 1000}
			all, err := connect.All(ctx, s, assentv1.NewSourceServiceClient(s).ListSources, in, &in.PageToken)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(all)
			}
			return c.printSources(all.GetSources()...)
		}),
	}
}

func (c *Commands) printSources(sources ...*assentv1.Source) error {
	rows := [][]string{{"ID", "KIND", "CLIENT", "STATE", "SINCE", "PATH", "USER", "TOPICS OR ADDRESS"}}
	for _, s := range sources {
		state, since := "active", s.GetCreatedTime()
		switch {
		case s.GetHeldTime() != nil:
			state, since = "held: "+phrase.Printable(s.GetHeldReason()), s.GetHeldTime()
		case !s.GetHasSecret():
			state = "without a secret"
		case s.GetPriorSecretUntilTime() != nil:
			state = "active, the old secret as well until " + value.Stamp(s.GetPriorSecretUntilTime())
		}
		signed := s.GetTopics() // What a provider signs besides the body.
		if s.GetUrl() != "" {
			signed = []string{s.GetUrl()}
		}
		rows = append(rows, []string{
			s.GetId(), s.GetKind(), s.GetClient(), state, value.Stamp(since), terminal.OrDash(phrase.Printable(s.GetPath())),
			terminal.OrDash(phrase.Printable(s.GetUser())), terminal.OrDash(phrase.Printable(strings.Join(signed, ","))),
		})
	}
	return c.PrintTable(rows)
}

func (c *Commands) show() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a source", Args: cobra.ExactArgs(1),
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			answer, err := connect.CallAgain(ctx, s, assentv1.NewSourceServiceClient(s).GetSource, &assentv1.GetSourceRequest{Id: args[0]})
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			return c.printSources(answer.GetSource())
		}),
	}
}
