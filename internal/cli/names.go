package cli

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/nearest"
	"github.com/assent-io/assent/internal/phrase"
)

// namesTimeout is how long is waited for the names of the catalog: they only help to type.
const namesTimeout = 2 * time.Second

// catalogNames are the names of the catalog by the flags that take them.
type catalogNames map[string][]string

// namedFlags are the flags that take a name of the catalog.
func namedFlags() []string { return []string{"channel", "sender", "department"} }

// catalogNames gets the names of the latest catalog from the server.
func (a *app) catalogNames(ctx context.Context, s *connect.Server) (catalogNames, error) {
	ctx, cancel := context.WithTimeout(ctx, namesTimeout)
	defer cancel()
	answer, err := assentv1.NewCatalogServiceClient(s).GetCatalog(ctx, &assentv1.GetCatalogRequest{})
	if err != nil {
		return nil, err
	}
	c, _, err := catalog.ParseStored("catalog", []byte(answer.GetDocument()))
	if err != nil {
		return nil, err
	}
	names := catalogNames{}
	for i := range c.Channels {
		names["channel"] = append(names["channel"], c.Channels[i].ID)
	}
	for i := range c.SenderIdentities {
		names["sender"] = append(names["sender"], c.SenderIdentities[i].ID)
	}
	for i := range c.Departments {
		names["department"] = append(names["department"], c.Departments[i].ID)
	}
	return names, nil
}

// withHint adds to the error of a call what may be meant where a flag names what the catalog does not have. A client that may not
// read the catalog gets the error as it is.
func (a *app) withHint(ctx context.Context, s *connect.Server, err error) error {
	failed, ok := errors.AsType[*connect.Error](err)
	if !ok || !a.named() {
		return err
	}
	if code := failed.Call().Code; code == codes.InvalidArgument || code == codes.NotFound {
		failed.Hint = a.nameHint(ctx, s)
	}
	return err
}

// named reports whether a flag was given that takes a name of the catalog.
func (a *app) named() bool { return slices.ContainsFunc(namedFlags(), a.flags.Changed) }

// nameHint suggests names of the catalog for flags with names that the catalog does not have.
func (a *app) nameHint(ctx context.Context, s *connect.Server) string {
	names, err := a.catalogNames(ctx, s)
	if err != nil {
		return ""
	}
	hint := ""
	for _, flag := range namedFlags() {
		for _, given := range a.flagValues(flag) {
			if slices.Contains(names[flag], given) {
				continue
			}
			if name := nearest.Name(given, names[flag]); name != "" {
				hint += "; did you mean --" + flag + " " + name + "?"
			} else {
				hint += "; --" + flag + " can be " + phrase.SomeOf(names[flag])
			}
		}
	}
	return hint
}

// flagValues returns what was given to a flag.
func (a *app) flagValues(name string) []string {
	flag := a.flags.Lookup(name)
	if flag == nil || !flag.Changed {
		return nil
	}
	if all, err := a.flags.GetStringSlice(name); err == nil {
		return all
	}
	return []string{flag.Value.String()}
}

// completeNames lets the shell complete the flags of a command, and of those below it, that take a name of the catalog. Without a
// server that answers nothing is offered.
func (a *app) completeNames(cmd *cobra.Command) {
	for _, flag := range namedFlags() {
		if cmd.LocalFlags().Lookup(flag) == nil {
			continue
		}
		err := cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			a.connection.ReadEnv(cmd.Flags(), a.env)
			var names catalogNames
			// An error cannot be told here: it would stand among what is typed.
			_ = a.withServer(cmd.Context(), func(ctx context.Context, s *connect.Server) (err error) {
				names, err = a.catalogNames(ctx, s)
				return err
			})
			return names[flag], cobra.ShellCompDirectiveNoFileComp
		})
		if err != nil {
			cmd.PrintErrln(err)
		}
	}
	for _, child := range cmd.Commands() {
		a.completeNames(child)
	}
}
