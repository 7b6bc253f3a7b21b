package cli

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/eventtext"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/seal"
	host "github.com/assent-io/assent/internal/server"
)

// claims holds the commands about what is kept of erased persons.
func (a *app) claims() *cobra.Command {
	return family("claims", "What is kept of erased persons for the defence of claims: list or open, with the officer's key",
		a.claimsList(), a.claimsOpen())
}

// claimFlags are the flags of commands that open claims.
func (a *app) claimFlags(cmd *cobra.Command, key *string) {
	config.AddFlags(cmd.Flags(), "database_url")
	cmd.Flags().StringVar(key, "key", "", "the officer's file, as written by keys claims; it never leaves this machine")
	require(cmd, "key")
}

// readClaims hands on each claim, or the one with the id unless that is empty, as the officer's key opens it here. The claims come from the
// server or, with --database-url, from the database itself.
func (a *app) readClaims(ctx context.Context, cmd *cobra.Command, officer, id string, each func(host.Claim) error) error {
	if cmd.Flags().Changed("database-url") {
		cfg, err := a.settings(cmd)
		if err != nil {
			return err
		}
		return a.local.ReadClaims(ctx, cfg, officer, func(c host.Claim) error {
			if id != "" && c.ID != id {
				return nil
			}
			return each(c)
		})
	}
	key, err := seal.OpenClaims(officer)
	if err != nil {
		return err
	}
	return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
		in := &assentv1.ListClaimsRequest{ClaimId: id, PageSize: 100}
		for page, err := range connect.Pages(ctx, s, assentv1.NewHistoryServiceClient(s).ListClaims, in, &in.PageToken) {
			if err != nil {
				return err
			}
			for _, c := range page.GetClaims() {
				if err := openClaim(key, c, each); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// openClaim hands on a claim of the server.
func openClaim(key *seal.Claims, c *assentv1.Claim, each func(host.Claim) error) error {
	var id [16]byte
	if n, err := hex.Decode(id[:], []byte(c.GetClaimId())[:min(len(c.GetClaimId()), 2*len(id))]); err != nil || n != len(id) {
		return errors.New("the server names a claim by something that is no id")
	}
	opened, err := host.OpenClaim(key, id, c.GetUntilTime().AsTime(), c.GetSealed())
	if err != nil {
		return err
	}
	return each(opened)
}

func (a *app) claimsList() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "list --key FILE",
		Short: "List the kept data of erased persons, and until when it is kept",
		Long: "List the data of erased persons that is kept because of the policy claims_period. The server sends it encrypted, and it\n" +
			"is decrypted here with the officer's file. This needs a client of all departments with the scope erase. Data encrypted for\n" +
			"an earlier officer's key is shown without address. With --database-url the command reads the database itself; for SQLite\n" +
			"the server must not run then.",
		Args: noArguments,
	}
	a.claimFlags(cmd, &key)
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		all := []claimOut{}
		err := a.readClaims(ctx, cmd, key, "", func(c host.Claim) error {
			out, err := newClaimOut(&c, false)
			all = append(all, out)
			return err
		})
		if err != nil {
			return err
		}
		return a.writeClaims(all)
	})
	return cmd
}

// claimOut is a claim as JSON.
type claimOut struct {
	ID         string            `json:"id"`
	UntilTime  string            `json:"untilTime"`
	Opened     bool              `json:"opened"`
	Address    string            `json:"address,omitempty"`
	ErasedTime string            `json:"erasedTime,omitempty"`
	EventCount int               `json:"eventCount"`
	Events     []json.RawMessage `json:"events,omitempty"`
}

func newClaimOut(c *host.Claim, events bool) (claimOut, error) {
	out := claimOut{ID: c.ID, UntilTime: instantText(c.Until), Opened: c.Opened, Address: c.Address, EventCount: len(c.Events)}
	if c.Opened {
		out.ErasedTime = instantText(c.Erased)
	}
	if !events {
		return out, nil
	}
	for _, e := range c.Events {
		data, err := terminal.PlainJSON(e)
		if err != nil {
			return out, err
		}
		out.Events = append(out.Events, data)
	}
	return out, nil
}

func instantText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func (a *app) writeClaims(all []claimOut) error {
	if a.JSON() {
		return a.PrintJSON(map[string]any{"claims": all})
	}
	if len(all) == 0 {
		a.Notef("Nothing is kept.")
		return nil
	}
	rows := [][]string{{"ID", "ADDRESS", "ERASED", "KEPT UNTIL", "EVENTS"}}
	for _, c := range all {
		row := []string{c.ID, c.Address, c.ErasedTime, c.UntilTime, fmt.Sprint(c.EventCount)}
		if !c.Opened {
			row = []string{c.ID, "(encrypted for another key)", "-", c.UntilTime, "-"}
		}
		rows = append(rows, row)
	}
	return a.PrintTable(rows)
}

func (a *app) claimsOpen() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "open ID --key FILE",
		Short: "Show the kept data of one erased person: the events with their evidence",
		Args:  cobra.ExactArgs(1),
	}
	a.claimFlags(cmd, &key)
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		var found *host.Claim
		err := a.readClaims(ctx, cmd, key, args[0], func(c host.Claim) error {
			found = &c
			return nil
		})
		switch {
		case err != nil:
			return err
		case found == nil:
			return fmt.Errorf("no data is kept under that id; see claims list")
		case !found.Opened:
			return fmt.Errorf("it was encrypted for another officer's key")
		}
		return a.writeClaim(found)
	})
	return cmd
}

func (a *app) writeClaim(c *host.Claim) error {
	if a.JSON() {
		out, err := newClaimOut(c, true)
		if err != nil {
			return err
		}
		return a.PrintJSON(out)
	}
	err := a.PrintTable([][]string{{"address", c.Address}, {"erased", instantText(c.Erased)}, {"kept until", instantText(c.Until)}})
	if err != nil {
		return err
	}
	if err := a.Print("\n"); err != nil {
		return err
	}
	return a.PrintTable(eventtext.Rows(c.Events))
}
