// Package consumers has the commands about the consumers of the change feed.
package consumers

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

// All returns the commands below `assent consumers`.
func (c *Commands) All() []*cobra.Command {
	return []*cobra.Command{c.create(), c.list(), c.show(), c.revoke()}
}

func (c *Commands) show() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show a consumer and how far it has read", Args: cobra.ExactArgs(1),
		Long: "Show a consumer and how far it has read. TO FORGET is how many erased addresses it was not told of yet, as far as it said so:\n" +
			"0 once it was told of every erasure.",
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			in := &assentv1.GetConsumerRequest{Id: args[0]}
			answer, err := connect.Call(ctx, s, assentv1.NewConsumerServiceClient(s).GetConsumer, in)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			return c.printConsumers(answer.GetConsumer())
		}),
	}
}

const createHelp = `Create a consumer of the change feed: what a client reads, and how it sees addresses.

Forms: plain shows addresses in clear; keyed shows hashes with a key of the consumer's own, which is written once; md5, sha1,
sha256 and sha512 show hashes without a key, for tools that take nothing else. Choose keyed wherever the tool can hash with a
key: from all others, addresses can be read or found by trying, and the lists of two tools can be joined.`

func (c *Commands) create() *cobra.Command {
	in := &assentv1.CreateConsumerRequest{}
	var out string
	var requestID string
	cmd := &cobra.Command{
		Use:   "create ID --client CLIENT --form FORM",
		Short: "Create a consumer, and write its key if it has one",
		Long:  createHelp,
		Example: "  assent consumers create mailer --client mailer-sync --channel newsletter --form keyed --out-key mailer.key\n" +
			"  assent consumers create warehouse --client crm-sync --form plain",
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		in.Id, in.RequestId = args[0], kit.RequestID(requestID)
		if out != "" && in.GetForm() != "keyed" {
			return terminal.Usagef("--out-key can be used with --form keyed only: other forms have no key")
		}
		answer, err := connect.Call(ctx, s, assentv1.NewConsumerServiceClient(s).CreateConsumer, in)
		if err != nil {
			return err
		}
		return c.writeConsumer(answer, out, in.GetRequestId())
	})
	flags := cmd.Flags()
	flags.StringVar(&in.Client, "client", "", "client that reads; it has the scope feed")
	kit.AddChannels(flags, &in.Channels, "channel that it is told of; may be given several times (default: all that the client reaches)")
	flags.StringSliceVar(&in.Kinds, "kind", nil, "grant, refusal or suppression; may be given several times (default: all)")
	flags.StringVar(&in.Form, "form", "", "how it sees addresses: plain, keyed, md5, sha1, sha256 or sha512")
	flags.StringVar(&out, "out-key", "", "new file for the key of the form keyed (default: standard output)")
	kit.AddRequestID(cmd.Flags(), &requestID)
	c.Require(cmd, "client", "form")
	c.Complete(cmd, "form", "plain", "keyed", "md5", "sha1", "sha256", "sha512")
	c.Complete(cmd, "kind", "grant", "refusal", "suppression")
	return cmd
}

// writeConsumer writes a new consumer: its key alone to standard output, or to a file.
func (c *Commands) writeConsumer(answer *assentv1.CreateConsumerResponse, out, requestID string) error {
	id, key := answer.GetConsumer().GetId(), answer.GetKey()
	if out != "" {
		if err := atomicfile.WriteNew(out, "."+filepath.Base(out)+".*.tmp", []byte(key+"\n"), 0o600); err != nil {
			if errors.Is(err, fs.ErrExist) {
				err = fmt.Errorf("the file %s already exists", out)
			}
			return fmt.Errorf("%w; the consumer was created: to get its key, repeat the command with another file and --request-id %s", err, requestID)
		}
		answer.Key = ""
	}
	switch {
	case c.JSON():
		return c.PrintMessage(answer)
	case out != "":
		c.Notef("Created %s. Its key is in %s; it cannot be shown again.", phrase.Printable(id), out)
		return nil
	case key == "":
		return c.Print("created " + phrase.Printable(id) + "\n")
	default:
		c.Notef("Created %s. This is its key; it cannot be shown again.", phrase.Printable(id))
		return c.Print(key + "\n")
	}
}

func (c *Commands) list() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the consumers, including revoked ones", Args: c.NoArguments,
		RunE: c.Asking(func(ctx context.Context, _ []string, s *connect.Server) error {
			in := &assentv1.ListConsumersRequest{PageSize: 1000}
			all, err := connect.All(ctx, s, assentv1.NewConsumerServiceClient(s).ListConsumers, in, &in.PageToken)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(all)
			}
			return c.printConsumers(all.GetConsumers()...)
		}),
	}
}

func (c *Commands) printConsumers(consumers ...*assentv1.Consumer) error {
	rows := [][]string{{"ID", "CLIENT", "DEPARTMENT", "FORM", "CHANNELS", "KINDS", "CREATED", "REVOKED", "POSITION", "SEEN", "TO FORGET"}}
	for _, one := range consumers {
		rows = append(rows, []string{
			one.GetId(), one.GetClient(), kit.OrAll(one.GetDepartment()), one.GetForm(), kit.OrAll(strings.Join(one.GetChannels(), ",")),
			kit.OrAll(strings.Join(one.GetKinds(), ",")), value.Stamp(one.GetCreatedTime()), terminal.OrDash(value.Stamp(one.GetRevokedTime())),
			strconv.FormatInt(one.GetAcknowledgedPosition(), 10), terminal.OrDash(value.Stamp(one.GetSeenTime())),
			strconv.FormatInt(one.GetRemovalsPending(), 10),
		})
	}
	return c.PrintTable(rows)
}

func (c *Commands) revoke() *cobra.Command {
	var yes bool
	var requestID string
	cmd := &cobra.Command{
		Use: "revoke ID", Short: "End a consumer for ever and destroy its key", Args: cobra.ExactArgs(1),
		Long: "End a consumer for ever and destroy its key. Its tool is told nothing more, also not of erasures, and still holds what it was\n" +
			"told: empty it.",
		RunE: c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
			if err := c.Ask(fmt.Sprintf("End the consumer %s for ever?", phrase.Printable(args[0])), yes); err != nil {
				return err
			}
			in := &assentv1.RevokeConsumerRequest{Id: args[0], RequestId: kit.RequestID(requestID)}
			answer, err := connect.Call(ctx, s, assentv1.NewConsumerServiceClient(s).RevokeConsumer, in)
			if err != nil {
				return err
			}
			if c.JSON() {
				return c.PrintMessage(answer)
			}
			return c.Print("revoked " + phrase.Printable(answer.GetConsumer().GetId()) + "\n")
		}),
	}
	c.Yes(cmd, &yes)
	kit.AddRequestID(cmd.Flags(), &requestID)
	return cmd
}
