// Package bench measures a whole server: a real one over a real database, reached over TCP with an API key through everything that
// is around a call, beside what the same messages cost without it. Every figure is also a ratio to something measured in the same
// run, in turns of half a second, because the figure itself says as much about the machine as about the program.
package bench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/bench/persons"
)

// cases returns all that can be measured, in the order in which it is: what records comes last.
func (e *env) cases() []benchCase {
	return slices.Concat(e.readingCases(), e.indexCases(), e.feedCases(), e.writingCases(), e.linkCases(), e.listCases())
}

// Cases returns the names of all cases.
func Cases() []string {
	var names []string
	for _, c := range (&env{}).cases() {
		names = append(names, c.name)
	}
	return names
}

// ErrNoCase is returned where nothing is chosen to be measured.
var ErrNoCase = errors.New("no case has such a name")

// Run measures. Error: ErrNoCase.
func Run(ctx context.Context, opts Options) (report Report, err error) {
	if !slices.ContainsFunc(Cases(), opts.chosen) {
		return report, fmt.Errorf("%w; there are %s", ErrNoCase, strings.Join(Cases(), ", "))
	}
	e, err := begin(ctx, opts)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, e.close(ctx)) }()
	report = Report{Database: "SQLite", Processors: runtime.GOMAXPROCS(0), Go: runtime.Version(), Recipients: opts.Recipients}
	if _, embedded := e.cfg.SQLitePath(); !embedded {
		report.Database = "PostgreSQL"
	}
	if report.Figures, err = e.populate(ctx); err != nil {
		return report, err
	}
	for _, c := range e.cases() {
		if !opts.chosen(c.name) {
			continue
		}
		opts.tell("%s", c.name)
		figures, err := c.run(ctx)
		if err != nil {
			return report, fmt.Errorf("%s: %w", c.name, err)
		}
		report.Figures = append(report.Figures, figures...)
	}
	return report, nil
}

// populate records the population, unless it was before.
func (e *env) populate(ctx context.Context) ([]Figure, error) {
	e.opts.tell("recording %d people", e.opts.Recipients)
	loaded, err := persons.Load(ctx, e.api.record, persons.Loading{
		Population: e.opts.population(), People: e.opts.Recipients, Batch: persons.DefaultBatch, InFlight: persons.DefaultInFlight,
	})
	if err != nil {
		return nil, err
	}
	if loaded.Duplicates > 0 {
		return nil, nil // How long it takes to recognise them is no figure.
	}
	return []Figure{figure("load: events", loaded.Rate(), perSecond)}, nil
}
