package bench

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/assent-io/assent/internal/bench/persons"
	"github.com/assent-io/assent/internal/config"
)

// Options say what is measured, on what and for how long.
type Options struct {
	// DatabaseURL is a database for measuring; empty: a new SQLite file that is removed afterwards. Keys is its key file; empty: a
	// new one, which only a new database takes.
	DatabaseURL config.Secret
	Keys        string
	// Only chooses cases by their names; nil: all.
	Only *regexp.Regexp
	// Duration is how long each side of a case is measured.
	Duration time.Duration
	// Recipients is the number of people that the database holds before the first measurement. Seed selects these people.
	Recipients int
	Seed       uint64
	// Import is how many people are imported while something else is measured.
	Import int
	// Audience is how many rows the audience file has.
	Audience int
	// Filter is how many entries the suppression filter has.
	Filter int
	// Refusals is how many people the exported block list has.
	Refusals int
	// CheckFile checks an audience file with the command line's code, and Command runs another command.
	CheckFile CheckFile
	Command   Command
	// Progress is called with a description of each step. It may be nil.
	Progress func(what string)
}

// CheckFile checks the addresses of a CSV file through the server at the address, and writes two others.
type CheckFile func(ctx context.Context, address, key, channel, in, allowed, denied string) error

// Command runs a command of the command line with its arguments against the server at the address.
type Command func(ctx context.Context, address, key string, arguments ...string) error

func (o *Options) population() persons.Population { return persons.Population{Seed: o.Seed} }

func (o *Options) tell(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}

// benchCase is something that is measured.
type benchCase struct {
	name string
	run  func(ctx context.Context) ([]Figure, error)
}

// chosen reports whether a case is to be measured.
func (o *Options) chosen(name string) bool { return o.Only == nil || o.Only.MatchString(name) }

// mostWorkers is how many workers ask at once at most.
const mostWorkers = 64

const (
	// feedWatchers is how many programs watch, each with a connection of its own, and feedRate how many changes a second they are told.
	feedWatchers = 100
	feedRate     = 1000
	// watchersOfClient is how many watch with one key: a client may have 64 streams.
	watchersOfClient = 50
)
