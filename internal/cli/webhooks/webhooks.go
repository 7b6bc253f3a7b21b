// Package webhooks has the commands about webhooks.
package webhooks

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/atomicfile"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/kit"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/phrase"
)

// Commands makes the commands.
type Commands struct{ *kit.Kit }

// All returns the commands below `assent webhooks`.
func (c *Commands) All() []*cobra.Command {
	return []*cobra.Command{
		c.create(), c.list(), c.show(), c.update(), c.rotate(), c.test(), c.deliveries(), c.replay(), c.remove(),
	}
}

const createHelp = `Create a webhook: a URL to which the change feed of a client is sent, signed. Its secret is written once. A webhook has a
consumer of the same id; with it the receiver takes the snapshot that the first message asks for.

Forms: plain sends addresses in clear; keyed sends hashes with a key of the receiver's own, which is written once, too; md5, sha1,
sha256 and sha512 send hashes without a key. docs/webhooks.md says what a receiver gets.`

func (c *Commands) create() *cobra.Command {
	in := &assentv1.CreateWebhookRequest{}
	var out, requestID string
	cmd := &cobra.Command{
		Use: "create ID --client CLIENT --form FORM --url URL", Short: "Create a webhook, and write its secret", Long: createHelp,
		Example: "  assent webhooks create crm --client crm-sync --form plain --url https://crm.example.com/hooks/assent --out-secret crm.secret\n" +
			"  assent webhooks create tickets --client mailer-sync --form plain --channel newsletter --url https://mail.example.com/assent",
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		answer, err := connect.Call(ctx, s, assentv1.NewWebhookServiceClient(s).CreateWebhook, in)
		if err != nil {
			return err
		}
		return c.writeSecrets(answer, out, in.GetRequestId())
	})
	flags := cmd.Flags()
	flags.StringVar(&in.Client, "client", "", "client that is told; it has the scope feed")
	kit.AddChannels(flags, &in.Channels, "channel that it is told of; may be given several times (default: all that the client reaches)")
	flags.StringSliceVar(&in.Kinds, "kind", nil, "grant, refusal or suppression; may be given several times (default: all)")
	flags.StringVar(&in.Form, "form", "", "how it sees addresses: plain, keyed, md5, sha1, sha256 or sha512")
	flags.StringVar(&in.Url, "url", "", "where messages are sent: https://…")
	flags.StringVar(&in.Mode, "mode", "structured", "how messages are written: structured or binary")
	flags.StringVar(&out, "out-secret", "", "new file for the secret, and on a second line the key of the form keyed (default: standard output)")
	flags.BoolVar(&in.Disabled, "disabled", false, "send nothing until it is enabled; a test works before")
	kit.AddRequestID(flags, &requestID)
	c.Require(cmd, "client", "form", "url")
	c.Complete(cmd, "form", "plain", "keyed", "md5", "sha1", "sha256", "sha512")
	c.Complete(cmd, "kind", "grant", "refusal", "suppression")
	c.Complete(cmd, "mode", "structured", "binary")
	return cmd
}

// writeSecrets writes the secrets of a new webhook: alone to standard output, or to a file.
func (c *Commands) writeSecrets(answer *assentv1.CreateWebhookResponse, out, requestID string) error {
	id, text := phrase.Printable(answer.GetWebhook().GetId()), answer.GetSecret()+"\n"
	if answer.GetKey() != "" {
		text += answer.GetKey() + "\n"
	}
	if out != "" {
		if err := atomicfile.WriteNew(out, "."+filepath.Base(out)+".*.tmp", []byte(text), 0o600); err != nil {
			if errors.Is(err, fs.ErrExist) {
				err = fmt.Errorf("the file %s already exists", out)
			}
			return fmt.Errorf("%w; the webhook was created: to get its secret, repeat the command with another file and --request-id %s", err, requestID)
		}
		answer.Secret, answer.Key = "", ""
	}
	switch {
	case c.JSON():
		return c.PrintMessage(answer)
	case out != "":
		c.Notef("Created %s. Its secret is in %s; it cannot be shown again.", id, out)
		return nil
	case answer.GetKey() != "":
		c.Notef("Created %s. These are its secret and, on the second line, its key; they cannot be shown again.", id)
	default:
		c.Notef("Created %s. This is its secret; it cannot be shown again.", id)
	}
	return c.Print(text)
}

func (c *Commands) list() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the webhooks, what waits for each, and what was given up", Args: c.NoArguments,
		RunE: c.Asking(func(ctx context.Context, _ []string, s *connect.Server) error {
			in := &assentv1.ListWebhooksRequest{PageSize: 1000}
			all, err := connect.All(ctx, s, assentv1.NewWebhookServiceClient(s).ListWebhooks, in, &in.PageToken)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(all)
			}
			return c.printWebhooks(all.GetWebhooks()...)
		}),
	}
}

func (c *Commands) printWebhooks(webhooks ...*assentv1.Webhook) error {
	rows := [][]string{{"ID", "CLIENT", "FORM", "CHANNELS", "ENDPOINT", "MODE", "STATE", "SINCE", "WAITING", "OLDEST", "DEAD"}}
	for _, w := range webhooks {
		state, since := "active", w.GetCreatedTime()
		if w.GetDisabledTime() != nil {
			state, since = "disabled: "+phrase.Printable(w.GetDisabledReason()), w.GetDisabledTime()
		}
		rows = append(rows, []string{
			w.GetId(), w.GetClient(), w.GetForm(), kit.OrAll(strings.Join(w.GetChannels(), ",")), phrase.Printable(w.GetEndpoint()), w.GetMode(), state,
			value.Stamp(since), strconv.FormatInt(w.GetWaiting(), 10), terminal.OrDash(value.Stamp(w.GetOldestWaitingTime())),
			strconv.FormatInt(w.GetDead(), 10),
		})
	}
	return c.PrintTable(rows)
}

func (c *Commands) show() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a webhook", Args: cobra.ExactArgs(1),
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			answer, err := connect.CallAgain(ctx, s, assentv1.NewWebhookServiceClient(s).GetWebhook, &assentv1.GetWebhookRequest{Id: args[0]})
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			return c.printWebhooks(answer.GetWebhook())
		}),
	}
}
