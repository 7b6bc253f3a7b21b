package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/phrase"
)

// clients holds the commands about the clients of the API.
func (a *app) clients() *cobra.Command {
	return family("clients", "Manage the clients of the API and their keys", a.clientsCreate(), a.clientsList(), a.clientsWhoami(),
		a.clientsRotate(), a.clientsRevoke())
}

const clientsCreateHelp = `Create a client and write its API key, which cannot be shown again.

Roles: sender checks, records, suppresses and plans mailings; sync checks, reads and suppresses; officer checks, reads, suppresses,
lifts, exports, erases, and clears mailings; monitor reads the metrics; admin does everything, and for all departments unless one is named. A client cannot
grant a department, scope or list that it does not have itself. The scope feed, which sync has as well, is for the change
feed, its snapshots and block lists.

With --local it opens the database itself. Use this to create the first client of a database. The settings of the server
select the database.`

func (a *app) clientsCreate() *cobra.Command {
	in := &assentv1.CreateClientRequest{}
	var local bool
	var expires value.Time
	cmd := &cobra.Command{
		Use:   "create --id ID {--role ROLE | --scope SCOPE} {--department ID | --all-departments}",
		Short: "Create a client and write its API key",
		Long:  clientsCreateHelp,
		Example: "  assent clients create --id shop --department marketing --role sender >shop.key\n" +
			"  assent clients create --id dpo --all-departments --role officer >dpo.key",
		Args: noArguments,
	}
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		if in.GetRole() == "admin" && in.GetDepartment() == "" {
			in.AllDepartments = true
		}
		if in.GetDepartment() == "" && !in.GetAllDepartments() {
			return terminal.Usagef("--department or --all-departments is required")
		}
		in.KeyExpiresTime = expires.At
		if local {
			return a.createLocally(ctx, cmd, in)
		}
		if name := firstChanged(cmd, creatingKeys()); name != "" {
			return terminal.Usagef("--%s can be used with --local only", name)
		}
		return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
			answer, err := connect.Call(ctx, s, assentv1.NewClientServiceClient(s).CreateClient, in)
			if err != nil {
				return err
			}
			return a.writeKey(answer, "Created", answer.GetClient().GetId(), answer.GetApiKey())
		})
	})
	flags := cmd.Flags()
	flags.StringVar(&in.Id, "id", "", "its id, for ever")
	flags.StringVar(&in.Department, "department", "", "department that it belongs to")
	flags.BoolVar(&in.AllDepartments, "all-departments", false, "it acts for all departments")
	flags.StringVar(&in.Role, "role", "", "sender, sync, officer, monitor or admin")
	flags.StringSliceVar(&in.Scopes, "scope", nil, "what it may do, if no role fits; may be given several times")
	flags.StringSliceVar(&in.Lists, "list", nil, "external list that is its own; may be given several times")
	flags.Var(&expires, "expires", "when the key ends (default: never)")
	flags.BoolVar(&local, "local", false, "open the database instead of asking a server")
	config.AddFlags(flags, creatingKeys()...)
	require(cmd, "id")
	cmd.MarkFlagsMutuallyExclusive("department", "all-departments")
	cmd.MarkFlagsMutuallyExclusive("role", "scope")
	cmd.MarkFlagsOneRequired("role", "scope")
	complete(cmd, "role", "sender", "sync", "officer", "monitor", "admin")
	complete(cmd, "scope", "check", "record", "suppress", "lift", "read", "export", "erase", "feed", "sends", "catalog", "clients", "metrics", "cases")
	return cmd
}

// firstChanged returns the flag of the first of the settings that was given.
func firstChanged(cmd *cobra.Command, keys []string) string {
	for _, key := range append(keys, config.FileFlag) {
		if name := flagOf(key); cmd.Flags().Changed(name) {
			return name
		}
	}
	return ""
}

// flagOf returns the flag of a setting.
func flagOf(key string) string { return strings.ReplaceAll(key, "_", "-") }

// writeKey writes the key to standard output, alone, so that it can go
// into a file.
func (a *app) writeKey(answer proto.Message, done, id, key string) error {
	if a.JSON() {
		return a.PrintMessage(answer)
	}
	a.Notef("%s %s. This is its API key; it cannot be shown again.", done, phrase.Printable(id))
	return a.Print(key + "\n")
}

const clientsRotateHelp = `Give a client a new key and write it; it cannot be shown again:

  assent clients rotate shop --overlap 24h >shop.key

The previous key stays valid beside the new one, so that servers can change over one by one. It ends after --overlap, or
without --overlap when you end it with

  assent clients revoke shop --previous-key

A client has at most two keys: the key before the previous one ends.`

func (a *app) clientsRotate() *cobra.Command {
	var expires value.Time
	var overlap time.Duration
	cmd := &cobra.Command{
		Use:   "rotate ID",
		Short: "Give a client a new key beside its present one",
		Long:  clientsRotateHelp,
		Args:  cobra.ExactArgs(1),
	}
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		in := &assentv1.RotateClientRequest{Id: args[0], KeyExpiresTime: expires.At}
		if cmd.Flags().Changed("overlap") {
			in.Overlap = durationpb.New(overlap)
		}
		return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
			answer, err := connect.Call(ctx, s, assentv1.NewClientServiceClient(s).RotateClient, in)
			if err != nil {
				return err
			}
			return a.writeKey(answer, "Rotated", answer.GetClient().GetId(), answer.GetApiKey())
		})
	})
	cmd.Flags().Var(&expires, "expires", "when the new key ends (default: never)")
	cmd.Flags().DurationVar(&overlap, "overlap", 0,
		"how long the previous key stays valid, such as 24h; 0s: it ends at once (default: until you end it)")
	return cmd
}

func (a *app) clientsList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the clients, including revoked ones",
		Args:  noArguments,
		RunE: a.does(func(ctx context.Context, _ []string) error {
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
				in := &assentv1.ListClientsRequest{PageSize: 1000}
				all, err := connect.All(ctx, s, assentv1.NewClientServiceClient(s).ListClients, in, &in.PageToken)
				if err != nil {
					return err
				}
				return a.writeClients(all)
			})
		}),
	}
}

func (a *app) clientsWhoami() *cobra.Command {
	return &cobra.Command{
		Use:   "whoami",
		Short: "Show which client the API key belongs to, what it may do and when the key ends",
		Long: "Show which client the API key belongs to, what it may do and when the key ends. This works with any key, also\n" +
			"without the scope clients.",
		Args: noArguments,
		RunE: oneCall(a, assentv1.NewClientServiceClient, assentv1.ClientServiceClient.GetCaller, (*app).writeCaller,
			func([]string) (*assentv1.GetCallerRequest, error) { return &assentv1.GetCallerRequest{}, nil }),
	}
}

func (a *app) writeCaller(answer *assentv1.GetCallerResponse) error {
	if a.JSON() {
		return a.PrintMessage(answer)
	}
	client, ends := answer.GetClient(), "never"
	if answer.GetSentKeyExpiresTime() != nil {
		ends = value.Stamp(answer.GetSentKeyExpiresTime())
	}
	key := "present"
	if answer.GetSentPreviousKey() {
		key = "previous"
	}
	return a.PrintTable([][]string{
		{"ID", "DEPARTMENT", "SCOPES", "LISTS", "KEY", "KEY ENDS"},
		{
			client.GetId(), departmentOf(client), terminal.OrDash(strings.Join(client.GetScopes(), ",")),
			terminal.OrDash(strings.Join(client.GetLists(), ",")), key, ends,
		},
	})
}

// departmentOf names the department of a client.
func departmentOf(c *assentv1.Client) string {
	if c.GetAllDepartments() {
		return "(all)"
	}
	return c.GetDepartment()
}

func (a *app) writeClients(all *assentv1.ListClientsResponse) error {
	if a.JSON() {
		return a.PrintMessage(all)
	}
	rows := [][]string{{"ID", "DEPARTMENT", "SCOPES", "LISTS", "CREATED", "REVOKED", "EXPIRES", "PREVIOUS KEY"}}
	for _, c := range all.GetClients() {
		rows = append(rows, []string{
			c.GetId(), departmentOf(c), strings.Join(c.GetScopes(), ","), terminal.OrDash(strings.Join(c.GetLists(), ",")),
			value.Stamp(c.GetCreatedTime()), terminal.OrDash(value.Stamp(c.GetRevokedTime())),
			terminal.OrDash(value.Stamp(c.GetKeyExpiresTime())), terminal.OrDash(previousKey(c)),
		})
	}
	return a.PrintTable(rows)
}

// previousKey says whether and how long the key before holds.
func previousKey(c *assentv1.Client) string {
	switch {
	case !c.GetPreviousKey():
		return ""
	case c.GetPreviousKeyExpiresTime() == nil:
		return "holds"
	default:
		return "until " + value.Stamp(c.GetPreviousKeyExpiresTime())
	}
}

func (a *app) clientsRevoke() *cobra.Command {
	var yes, previous bool
	cmd := &cobra.Command{
		Use:   "revoke ID",
		Short: "End a client's keys at once, on every server",
		Long: "End a client's keys: every server refuses its next call. The only exception is a DENY that another server answers from\n" +
			"memory before it has read the revocation: for a tenth of a second as a rule, for five seconds at most, and while the\n" +
			"database is down as long as the outage lasts.",
		Args: cobra.ExactArgs(1),
		RunE: a.does(func(ctx context.Context, args []string) error {
			which := "keys"
			if previous {
				which = "previous key"
			}
			if err := a.Ask(fmt.Sprintf("End the %s of %s for ever?", which, phrase.Printable(args[0])), yes); err != nil {
				return err
			}
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
				answer, err := connect.Call(ctx, s, assentv1.NewClientServiceClient(s).RevokeClient, &assentv1.RevokeClientRequest{
					Id: args[0], PreviousKeyOnly: previous,
				})
				if err != nil {
					return err
				}
				if a.JSON() {
					return a.PrintMessage(answer)
				}
				return a.Print("revoked " + phrase.Printable(answer.GetClient().GetId()) + "\n")
			})
		}),
	}
	addYes(cmd, &yes)
	cmd.Flags().BoolVar(&previous, "previous-key", false, "end only the key before the present one, after a rotation")
	return cmd
}
