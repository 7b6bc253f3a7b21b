package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/assent-io/assent/internal/cli/eventtext"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/config"
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
	cmd.Flags().StringVar(key, "key", "", "the officer's file, as written by keys claims")
	require(cmd, "key")
}

func (a *app) claimsList() *cobra.Command {
	var key string
	cmd := &cobra.Command{
		Use:   "list --key FILE",
		Short: "List the kept data of erased persons, and until when it is kept",
		Long: "Open the database itself and list the data of erased persons that is kept because of the policy claims_period. This\n" +
			"needs the officer's file and no key file. Data encrypted for an earlier officer's key is shown without address.",
		Args: cobra.NoArgs,
	}
	a.claimFlags(cmd, &key)
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		cfg, err := a.settings(cmd)
		if err != nil {
			return err
		}
		all := []claimOut{}
		err = a.local.ReadClaims(ctx, cfg, key, func(c host.Claim) error {
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
		cfg, err := a.settings(cmd)
		if err != nil {
			return err
		}
		var found *host.Claim
		err = a.local.ReadClaims(ctx, cfg, key, func(c host.Claim) error {
			if c.ID == args[0] {
				found = &c
			}
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
