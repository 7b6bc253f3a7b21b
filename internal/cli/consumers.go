package cli

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
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/phrase"
)

// consumers holds the commands about the consumers of the change feed.
func (a *app) consumers() *cobra.Command {
	client := assentv1.NewConsumerServiceClient
	show := &cobra.Command{
		Use: "show ID", Short: "Show a consumer and how far it has read", Args: cobra.ExactArgs(1),
		RunE: oneCall(a, client, assentv1.ConsumerServiceClient.GetConsumer, func(a *app, answer *assentv1.GetConsumerResponse) error {
			if a.JSON() {
				return a.PrintMessage(answer)
			}
			return a.printConsumers(answer.GetConsumer())
		}, func(args []string) (*assentv1.GetConsumerRequest, error) {
			return &assentv1.GetConsumerRequest{Id: args[0]}, nil
		}),
	}
	return family("consumers", "Manage the consumers of the change feed", a.consumersCreate(), a.consumersList(), show, a.consumersRevoke())
}

const consumersCreateHelp = `Create a consumer of the change feed: what a client reads, and how it sees addresses.

Forms: plain shows addresses in clear; keyed shows hashes with a key of the consumer's own, which is written once; md5, sha1,
sha256 and sha512 show hashes without a key, for tools that take nothing else. Choose keyed wherever the tool can hash with a
key: from all others, addresses can be read or found by trying, and the lists of two tools can be joined.`

func (a *app) consumersCreate() *cobra.Command {
	in := &assentv1.CreateConsumerRequest{}
	var out string
	var write writeFlags
	cmd := &cobra.Command{
		Use:   "create ID --client CLIENT --form FORM",
		Short: "Create a consumer, and write its key if it has one",
		Long:  consumersCreateHelp,
		Example: "  assent consumers create mailer --client mailer-sync --channel newsletter --form keyed --out-key mailer.key\n" +
			"  assent consumers create crm --client crm-sync --form plain",
		Args: cobra.ExactArgs(1),
	}
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		in.Id, in.RequestId = args[0], write.id()
		if out != "" && in.GetForm() != "keyed" {
			return terminal.Usagef("--out-key can be used with --form keyed only: other forms have no key")
		}
		return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
			answer, err := connect.Call(ctx, s, assentv1.NewConsumerServiceClient(s).CreateConsumer, in)
			if err != nil {
				return err
			}
			return a.writeConsumer(answer, out, in.GetRequestId())
		})
	})
	flags := cmd.Flags()
	flags.StringVar(&in.Client, "client", "", "client that reads; it has the scope feed")
	addChannels(flags, &in.Channels, "channel that it is told of; may be given several times (default: all that the client reaches)")
	flags.StringSliceVar(&in.Kinds, "kind", nil, "grant, refusal or suppression; may be given several times (default: all)")
	flags.StringVar(&in.Form, "form", "", "how it sees addresses: plain, keyed, md5, sha1, sha256 or sha512")
	flags.StringVar(&out, "out-key", "", "new file for the key of the form keyed (default: standard output)")
	write.addRequestID(cmd)
	require(cmd, "client", "form")
	complete(cmd, "form", "plain", "keyed", "md5", "sha1", "sha256", "sha512")
	complete(cmd, "kind", "grant", "refusal", "suppression")
	return cmd
}

// writeConsumer writes a new consumer: its key alone to standard output, or to a file.
func (a *app) writeConsumer(answer *assentv1.CreateConsumerResponse, out, requestID string) error {
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
	case a.JSON():
		return a.PrintMessage(answer)
	case out != "":
		a.Notef("Created %s. Its key is in %s; it cannot be shown again.", phrase.Printable(id), out)
		return nil
	case key == "":
		return a.Print("created " + phrase.Printable(id) + "\n")
	default:
		return a.writeKey(answer, "Created", id, key)
	}
}

func (a *app) consumersList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the consumers, including revoked ones", Args: noArguments,
		RunE: a.does(func(ctx context.Context, _ []string) error {
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
				all, in := &assentv1.ListConsumersResponse{}, &assentv1.ListConsumersRequest{PageSize: 1000}
				for more := true; more; more = in.GetPageToken() != "" {
					page, err := connect.CallAgain(ctx, s, assentv1.NewConsumerServiceClient(s).ListConsumers, in)
					if err != nil {
						return err
					}
					all.Consumers, in.PageToken = append(all.Consumers, page.GetConsumers()...), page.GetNextPageToken()
				}
				if a.JSON() {
					return a.PrintMessage(all)
				}
				return a.printConsumers(all.GetConsumers()...)
			})
		}),
	}
}

func (a *app) printConsumers(consumers ...*assentv1.Consumer) error {
	rows := [][]string{{"ID", "CLIENT", "DEPARTMENT", "FORM", "CHANNELS", "KINDS", "CREATED", "REVOKED", "POSITION", "SEEN"}}
	orAll := func(text string) string {
		if text == "" {
			return "(all)"
		}
		return text
	}
	for _, c := range consumers {
		rows = append(rows, []string{
			c.GetId(), c.GetClient(), orAll(c.GetDepartment()), c.GetForm(), orAll(strings.Join(c.GetChannels(), ",")),
			orAll(strings.Join(c.GetKinds(), ",")), value.Stamp(c.GetCreatedTime()), terminal.OrDash(value.Stamp(c.GetRevokedTime())),
			strconv.FormatInt(c.GetAcknowledgedPosition(), 10), terminal.OrDash(value.Stamp(c.GetSeenTime())),
		})
	}
	return a.PrintTable(rows)
}

func (a *app) consumersRevoke() *cobra.Command {
	var yes bool
	var write writeFlags
	cmd := &cobra.Command{
		Use: "revoke ID", Short: "End a consumer for ever and destroy its key", Args: cobra.ExactArgs(1),
		RunE: a.does(func(ctx context.Context, args []string) error {
			if err := a.Ask(fmt.Sprintf("End the consumer %s for ever?", phrase.Printable(args[0])), yes); err != nil {
				return err
			}
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
				in := &assentv1.RevokeConsumerRequest{Id: args[0], RequestId: write.id()}
				answer, err := connect.Call(ctx, s, assentv1.NewConsumerServiceClient(s).RevokeConsumer, in)
				if err != nil {
					return err
				}
				if a.JSON() {
					return a.PrintMessage(answer)
				}
				return a.Print("revoked " + phrase.Printable(answer.GetConsumer().GetId()) + "\n")
			})
		}),
	}
	addYes(cmd, &yes)
	write.addRequestID(cmd)
	return cmd
}
