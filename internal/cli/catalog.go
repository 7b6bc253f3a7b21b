package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/phrase"
)

// maxCatalog is the longest document that the server takes.
const maxCatalog = 1 << 20

// catalog holds the commands about the rules.
func (a *app) catalog() *cobra.Command {
	return family("catalog", "The rules as data: apply, get or lint them",
		a.client(a.catalogApply()), a.client(a.catalogGet()), a.catalogLint())
}

func (a *app) catalogApply() *cobra.Command {
	var dryRun bool
	var etag, requestID string
	cmd := &cobra.Command{
		Use:   "apply FILE",
		Short: "Apply a catalog as the next version",
		Long: "Apply a catalog as the next version. With --etag (catalog get writes it), the server refuses the catalog if another\n" +
			"version was applied in the meantime.",
		Args: cobra.ExactArgs(1),
		RunE: a.does(func(ctx context.Context, args []string) error {
			document, err := a.readCatalog(args[0])
			if err != nil {
				return err
			}
			if requestID == "" {
				requestID = uuid.NewString()
			}
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
				answer, err := connect.Call(ctx, s, assentv1.NewCatalogServiceClient(s).ApplyCatalog, &assentv1.ApplyCatalogRequest{
					Document: document, Etag: etag, ValidateOnly: dryRun, RequestId: requestID,
				})
				if failed, ok := errors.AsType[*connect.Error](err); ok && args[0] != "-" {
					failed.Catalog = args[0]
				}
				if err != nil {
					return err
				}
				return a.writeApplied(answer, args[0], dryRun)
			})
		}),
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would happen and apply nothing")
	cmd.Flags().StringVar(&etag, "etag", "", "the version that this one follows")
	cmd.Flags().StringVar(&requestID, "request-id", "", "UUID that makes a repetition of the command safe (default: a new one)")
	return cmd
}

// readCatalog returns the text of a file, which may be packed.
func (a *app) readCatalog(path string) (string, error) {
	in, err := a.Open(path)
	if err != nil {
		return "", err
	}
	text, err := in.ReadAll(maxCatalog + 1)
	if err != nil {
		return "", err
	}
	if len(text) > maxCatalog {
		return "", fmt.Errorf("%s: a catalog has at most %d bytes", in.Name, maxCatalog)
	}
	return string(text), nil
}

func (a *app) writeApplied(answer *assentv1.ApplyCatalogResponse, file string, dryRun bool) error {
	for _, warning := range answer.GetWarnings() {
		if problem, ok := strings.CutPrefix(warning, connect.CatalogPrefix); ok && file != "-" {
			warning = file + ":" + problem
		}
		a.Notef("warning: %s", phrase.OneLine(warning))
	}
	switch {
	case a.JSON():
		return a.PrintMessage(answer)
	case answer.GetUnchanged():
		return a.Print("unchanged: this is the latest version already\n")
	case dryRun:
		return a.Print("valid: it could be applied\n")
	default:
		return a.Print(fmt.Sprintf("version %d, etag %s, recorded %s\n", answer.GetVersion(), answer.GetEtag(), positions(answer.GetPositions())))
	}
}

func (a *app) catalogGet() *cobra.Command {
	var version int64
	cmd := &cobra.Command{
		Use:   "get",
		Short: "Write a version of the catalog",
		Long:  "Write the document of a version of the catalog as it was applied. Its version and etag go to standard error.",
		Args:  noArguments,
		RunE: oneCall(a, assentv1.NewCatalogServiceClient, assentv1.CatalogServiceClient.GetCatalog, (*app).writeCatalog,
			func([]string) (*assentv1.GetCatalogRequest, error) {
				return &assentv1.GetCatalogRequest{Version: version}, nil
			}),
	}
	cmd.Flags().Int64Var(&version, "version", 0, "the version (default: the latest)")
	return cmd
}

func (a *app) writeCatalog(answer *assentv1.GetCatalogResponse) error {
	if a.JSON() {
		return a.PrintMessage(answer)
	}
	a.Notef("version %d, etag %s", answer.GetVersion(), answer.GetEtag())
	return a.Print(answer.GetDocument())
}

// lintProblem is something that is wrong with a catalog.
type lintProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
}

func (a *app) catalogLint() *cobra.Command {
	return &cobra.Command{
		Use:   "lint FILE...",
		Short: "Check catalogs for errors, without a server",
		Long: "Check catalogs for errors, without a server, and write one problem per line. Warnings go to standard error and do\n" +
			"not change the exit code. With --format json it writes\n" +
			"{\"problems\": [{\"file\", \"line\", \"path\", \"message\"}], \"warnings\": [...]}.",
		Args: cobra.MinimumNArgs(1),
		RunE: a.does(func(_ context.Context, args []string) error {
			problems, warnings, err := a.lint(args)
			if err != nil {
				return err
			}
			if err := a.writeLint(problems, warnings); err != nil {
				return err
			}
			if len(problems) > 0 {
				return terminal.ExitCode(terminal.ExitFailed)
			}
			return nil
		}),
	}
}

func (a *app) lint(paths []string) (problems, warnings []catalog.Problem, err error) {
	for _, path := range paths {
		document, err := a.readCatalog(path)
		if err != nil {
			return nil, nil, err
		}
		_, more, err := catalog.Parse(path, []byte(document))
		warnings = append(warnings, more...)
		if invalid, ok := errors.AsType[*catalog.Invalid](err); ok {
			problems = append(problems, invalid.Problems...)
		} else if err != nil {
			return nil, nil, err
		}
	}
	return problems, warnings, nil
}

func (a *app) writeLint(problems, warnings []catalog.Problem) error {
	if a.JSON() {
		return a.PrintJSON(struct {
			Problems []lintProblem `json:"problems"`
			Warnings []lintProblem `json:"warnings"`
		}{lintProblems(problems), lintProblems(warnings)})
	}
	for _, w := range warnings {
		a.Notef("warning: %s", phrase.OneLine(w.String()))
	}
	for _, p := range problems {
		if err := a.Print(phrase.OneLine(p.String()) + "\n"); err != nil {
			return err
		}
	}
	return nil
}

func lintProblems(all []catalog.Problem) []lintProblem {
	out := make([]lintProblem, 0, len(all))
	for p := range slices.Values(all) {
		out = append(out, lintProblem{p.File, p.Line, p.Path, p.Message})
	}
	return out
}
