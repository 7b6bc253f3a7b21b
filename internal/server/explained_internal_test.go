package server

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/fault"
)

func TestExplained_CauseThatClientsAreNotTold_IsToldToTheAdministratorWithoutThePassword(t *testing.T) {
	cfg := config.Server{DatabaseURL: config.NewSecret("postgres://assent:open%21sesame@db/assent")}
	hidden := fault.Errorf(fault.Unavailable, "", "the database is not available; try again").
		Because(errors.New("FATAL: too many connections for role assent\nwith open!sesame or open%21sesame"))
	err := explained(cfg, fmt.Errorf("apply the catalog: %w", hidden))
	if text := err.Error(); !strings.Contains(text, "too many connections") || strings.Contains(text, "sesame") {
		t.Errorf("got %s", text)
	}
	if !errors.Is(err, hidden) {
		t.Error("the error is another one")
	}
	plain := errors.New("plain")
	if got := explained(cfg, plain); got != plain { //nolint:errorlint // It is to be the very error.
		t.Errorf("got %v", got)
	}
}
