package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/assent-io/assent/internal/cli/cases"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/consumers"
	"github.com/assent-io/assent/internal/cli/extlists"
	"github.com/assent-io/assent/internal/cli/imports"
	"github.com/assent-io/assent/internal/cli/intake"
	"github.com/assent-io/assent/internal/cli/kit"
	"github.com/assent-io/assent/internal/cli/sends"
	accounts "github.com/assent-io/assent/internal/cli/sources"
	"github.com/assent-io/assent/internal/cli/webhooks"
)

// consumers holds the commands about the consumers of the change feed.
func (a *app) consumers() *cobra.Command {
	return family("consumers", "Manage the consumers of the change feed", (&consumers.Commands{Kit: a.kit()}).All()...)
}

// webhooks holds the commands about webhooks.
func (a *app) webhooks() *cobra.Command {
	return family("webhooks", "Manage webhooks: URLs to which the change feed is sent", (&webhooks.Commands{Kit: a.kit()}).All()...)
}

// sources holds the commands about the accounts of providers.
func (a *app) sources() *cobra.Command {
	return family("sources", "Manage sources: accounts of providers that report bounces and complaints", (&accounts.Commands{Kit: a.kit()}).All()...)
}

// sends holds the commands about planned mailings.
func (a *app) sends() *cobra.Command {
	c := &sends.Commands{Kit: a.kit()}
	return family("sends", "Plan mailings, and see and comment on those of all departments",
		append(c.All(), family("calendars", "Manage the addresses under which calendar programs read the sends", c.Calendars()...))...)
}

// externalLists holds the commands about external lists.
func (a *app) externalLists() *cobra.Command {
	return family("lists", "Manage external lists: digests of addresses that checks consult", (&extlists.Commands{Kit: a.kit()}).All()...)
}

// imports holds the commands about imports.
func (a *app) imports() *cobra.Command {
	return family("imports", "Show the lists of other tools that were imported", (&imports.Commands{Kit: a.kit()}).All()...)
}

// intake holds the commands about what comes back.
func (a *app) intake() *cobra.Command {
	c := &intake.Commands{Kit: a.kit()}
	return family("intake", "Take what comes back: bounces, complaints, mails to unsubscribe",
		append(c.All(), family("hints", "Decide about reports that prove nothing by themselves", c.Hints()...))...)
}

// cases holds the commands about cases.
func (a *app) cases() *cobra.Command {
	return family("cases", "Answer what persons complain of and ask, at the right desk", (&cases.Commands{Kit: a.kit()}).All()...)
}

// desks holds the commands about desks.
func (a *app) desks() *cobra.Command {
	c := &cases.Commands{Kit: a.kit()}
	return family("desks", "Show the desks that answer cases, and say who is away",
		append(c.Desks(), family("absences", "Say who is away, and who stands in", c.Absences()...))...)
}

// notices lists what desks and officers are told.
func (a *app) notices() *cobra.Command { return (&cases.Commands{Kit: a.kit()}).Notices() }

// suppressionsImport imports a list of another tool.
func (a *app) suppressionsImport() *cobra.Command { return (&imports.Commands{Kit: a.kit()}).Import() }

// kit returns what commands in packages of their own need.
func (a *app) kit() *kit.Kit {
	return &kit.Kit{
		Terminal: a.Terminal, Complete: complete, Require: require, Yes: addYes, NoArguments: noArguments, Doing: a.does,
		Variable: func(name string) string {
			text, _ := a.env(name)
			return strings.TrimSpace(text)
		},
		Asking: func(do func(context.Context, []string, *connect.Server) error) func(*cobra.Command, []string) error {
			return a.does(func(ctx context.Context, args []string) error {
				return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error { return do(ctx, args, s) })
			})
		},
	}
}
