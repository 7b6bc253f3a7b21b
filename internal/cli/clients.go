package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/config"
)

// clients holds the commands about who may ask.
func (a *app) clients() *cobra.Command {
	return family("clients", "Who may ask what, with which key", a.clientsCreate(), a.clientsList(), a.clientsRevoke())
}

const clientsCreateHelp = `Create a client and write its API key, which cannot be shown again:

  assent clients create --id shop --department sales --role sender >shop.key

Roles: sender checks, records and suppresses; sync reads, suppresses and follows the feed; officer checks, reads, suppresses,
lifts, exports and erases; admin does everything, and for all departments unless one is named.

With --local it opens the database itself: so the first client comes into a database that nobody has a key for. The other
flags of the server say which database.`

func (a *app) clientsCreate() *cobra.Command {
	in := &assentv1.CreateClientRequest{}
	var local bool
	cmd := &cobra.Command{
		Use:   "create --id ID {--role ROLE | --scope SCOPE} {--department ID | --all-departments}",
		Short: "Create a client and write its API key",
		Long:  clientsCreateHelp,
		Args:  cobra.NoArgs,
	}
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		if in.GetRole() == "admin" && in.GetDepartment() == "" {
			in.AllDepartments = true
		}
		if in.GetDepartment() == "" && !in.GetAllDepartments() {
			return usagef("--department or --all-departments is needed")
		}
		if local {
			return a.createLocally(ctx, cmd, in)
		}
		if name := firstChanged(cmd, creatingKeys()); name != "" {
			return usagef("--%s goes with --local", name)
		}
		return a.withServer(ctx, func(ctx context.Context, s *server) error {
			answer, err := call(ctx, s, assentv1.NewClientServiceClient(s).CreateClient, in)
			if err != nil {
				return err
			}
			return a.writeCreated(answer)
		})
	})
	flags := cmd.Flags()
	flags.StringVar(&in.Id, "id", "", "its id, for ever")
	flags.StringVar(&in.Department, "department", "", "department that it belongs to")
	flags.BoolVar(&in.AllDepartments, "all-departments", false, "it acts for all departments")
	flags.StringVar(&in.Role, "role", "", "sender, sync, officer or admin")
	flags.StringSliceVar(&in.Scopes, "scope", nil, "what it may do, where no role fits; may be given several times")
	flags.StringSliceVar(&in.Lists, "list", nil, "external list that is its own; may be given several times")
	flags.BoolVar(&local, "local", false, "open the database instead of asking a server")
	config.AddFlags(flags, creatingKeys()...)
	require(cmd, "id")
	cmd.MarkFlagsMutuallyExclusive("department", "all-departments")
	cmd.MarkFlagsMutuallyExclusive("role", "scope")
	cmd.MarkFlagsOneRequired("role", "scope")
	complete(cmd, "role", "sender", "sync", "officer", "admin")
	complete(cmd, "scope", "check", "record", "suppress", "lift", "read", "export", "erase", "feed", "catalog", "clients")
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

// writeCreated writes the key to standard output, alone, so that it can go
// into a file.
func (a *app) writeCreated(answer *assentv1.CreateClientResponse) error {
	if a.json() {
		return a.writeMessage(answer)
	}
	a.notef("Created %s. This is its API key; it cannot be shown again.", printable(answer.GetClient().GetId()))
	return a.write(answer.GetApiKey() + "\n")
}

func (a *app) clientsList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the clients, those revoked included",
		Args:  cobra.NoArgs,
		RunE: a.does(func(ctx context.Context, _ []string) error {
			return a.withServer(ctx, func(ctx context.Context, s *server) error {
				all := &assentv1.ListClientsResponse{}
				in := &assentv1.ListClientsRequest{PageSize: 1000}
				for more := true; more; more = in.GetPageToken() != "" {
					page, err := callAgain(ctx, s, assentv1.NewClientServiceClient(s).ListClients, in)
					if err != nil {
						return err
					}
					all.Clients = append(all.Clients, page.GetClients()...)
					in.PageToken = page.GetNextPageToken()
				}
				return a.writeClients(all)
			})
		}),
	}
}

func (a *app) writeClients(all *assentv1.ListClientsResponse) error {
	if a.json() {
		return a.writeMessage(all)
	}
	rows := [][]string{{"ID", "DEPARTMENT", "SCOPES", "LISTS", "CREATED", "REVOKED"}}
	for _, c := range all.GetClients() {
		department := c.GetDepartment()
		if c.GetAllDepartments() {
			department = "(all)"
		}
		rows = append(rows, []string{
			c.GetId(), department, strings.Join(c.GetScopes(), ","), orDash(strings.Join(c.GetLists(), ",")),
			stamp(c.GetCreatedTime()), orDash(stamp(c.GetRevokedTime())),
		})
	}
	return a.table(rows)
}

func (a *app) clientsRevoke() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "revoke ID",
		Short: "End a client's key at once, on every server",
		Long: "End a client's key with the next call on every server. Only a DENY that another server gives from memory may still come until its\n" +
			"next round finds the revocation: after a tenth of a second as a rule, at most five, and in an outage of the database as long\n" +
			"as it lasts.",
		Args: cobra.ExactArgs(1),
		RunE: a.does(func(ctx context.Context, args []string) error {
			if err := a.ask(fmt.Sprintf("End the key of %s for ever?", printable(args[0])), yes); err != nil {
				return err
			}
			return a.withServer(ctx, func(ctx context.Context, s *server) error {
				answer, err := call(ctx, s, assentv1.NewClientServiceClient(s).RevokeClient, &assentv1.RevokeClientRequest{Id: args[0]})
				if err != nil {
					return err
				}
				if a.json() {
					return a.writeMessage(answer)
				}
				return a.write("revoked " + printable(answer.GetClient().GetId()) + "\n")
			})
		}),
	}
	addYes(cmd, &yes)
	return cmd
}
