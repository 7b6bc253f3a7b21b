package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/testkit"
)

// counting is a store that counts transactions.
type counting struct {
	storage.Store

	writes atomic.Int64
}

func (c *counting) Write(
	ctx context.Context, load storage.Load, decide func(context.Context, storage.Tx) (*storage.Changes, error),
) error {
	c.writes.Add(1)
	return c.Store.Write(ctx, load, decide)
}

// commitTogether commits writes in one group, and returns the errors that they got and how many transactions it took.
func commitTogether(ctx context.Context, t *testing.T, s *Service, store *counting, runs ...func(w *txn.Tx) error) ([]error, int64) {
	t.Helper()
	started, release := make(chan struct{}), make(chan struct{})
	start := sync.OnceFunc(func() { close(started) })
	var all sync.WaitGroup
	all.Go(func() {
		hold := txn.Write{Run: func(*txn.Tx) error { start(); <-release; return nil }}
		if err := s.engine.Do(ctx, &hold); err != nil {
			t.Error(err)
		}
	})
	<-started
	before := store.writes.Load()
	errs := make([]error, len(runs))
	for i, run := range runs {
		all.Go(func() { errs[i] = s.engine.Do(ctx, &txn.Write{Run: run}) })
		testkit.Eventually(t, time.Minute, "a write waits", func() bool {
			urgent, _ := s.engine.Queued()
			return urgent == i+1
		})
	}
	close(release)
	all.Wait()
	return errs, store.writes.Load() - before
}

// addClient returns what a member does that stores a client.
func addClient(id string) func(w *txn.Tx) error {
	return func(w *txn.Tx) error {
		w.PutClient(tables.Client{ID: id, AllDepartments: true})
		return nil
	}
}

func TestCommit_OneMemberFails_CostsThatMemberAloneAndFewTransactions(t *testing.T) {
	const size = 64
	broken := errors.New("the data that it met is broken")
	for name, c := range map[string]struct {
		bad  func(w *txn.Tx) error
		most int64
	}{
		"while it decides":             {func(*txn.Tx) error { return broken }, 2},
		"by a panic":                   {func(*txn.Tx) error { panic(broken) }, 2},
		"after it changed the work":    {func(w *txn.Tx) error { return errors.Join(addClient("half")(w), broken) }, 2},
		"by the end of its own call":   {func(*txn.Tx) error { return context.DeadlineExceeded }, 2},
		"by what it stores (a text)":   {addClient("bad\x00"), 13},
		"by what it stores (no UTF-8)": {addClient("bad\xff"), 13},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, w *world) {
				store := &counting{Store: w.store()}
				s := w.service(store, 0)
				ctx := access.WithCaller(t.Context(), access.Process("test"))
				runs := make([]func(*txn.Tx) error, size)
				for i := range runs {
					runs[i] = addClient(fmt.Sprintf("client-%02d", i))
				}
				runs[size/3] = c.bad
				errs, writes := commitTogether(ctx, t, s, store, runs...)
				for i, err := range errs {
					if failed := err != nil; failed != (i == size/3) {
						t.Errorf("member %d: %v", i, err)
					}
				}
				if writes > c.most {
					t.Errorf("the group took %d transactions, want at most %d", writes, c.most)
				}
				_, clients, err := tables.Clients(t.Context(), store)
				if err != nil || len(clients) != size-1 {
					t.Errorf("%d clients were stored (%v), want %d", len(clients), err, size-1)
				}
			})
		})
	}
}

// anyText is text as an attacker would send it.
func anyText(rt *rapid.T) string {
	pieces := rapid.SliceOfN(rapid.OneOf(
		rapid.SampledFrom([]string{"\x00", "\x1b[2J", "\x7f", "\u0085", "\xff", "\xc0\x80", "\xed\xa0\x80", "\ufeff", "\u200b", "\n", "\t", "\\", "'"}),
		rapid.StringN(1, 4, -1),
		rapid.StringMatching("[a-z0-9.@-]{1,4}"),
	), 1, 4).Draw(rt, "text")
	return strings.Join(pieces, "")
}

// doors are the calls by which a text comes into a column that is stored in clear, or into a query.
func doors(document string) map[string]func(ctx context.Context, s *Service, text string) error {
	return map[string]func(ctx context.Context, s *Service, text string) error{
		"comment of a catalog": func(ctx context.Context, s *Service, text string) error {
			_, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document + "# " + text})
			return err
		},
		"etag of a catalog": func(ctx context.Context, s *Service, text string) error {
			_, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document, ETag: text})
			return err
		},
		"id of a client": func(ctx context.Context, s *Service, text string) error {
			_, _, err := s.CreateClient(ctx, administration.NewClient{ID: text, AllDepartments: true, Role: "admin"})
			return err
		},
		"department of a client": func(ctx context.Context, s *Service, text string) error {
			_, _, err := s.CreateClient(ctx, administration.NewClient{ID: "c", Department: text, Role: "sender"})
			return err
		},
		"list of a client": func(ctx context.Context, s *Service, text string) error {
			_, _, err := s.CreateClient(ctx, administration.NewClient{ID: "d", AllDepartments: true, Role: "admin", Lists: []string{text}})
			return err
		},
		"client to be revoked": func(ctx context.Context, s *Service, text string) error {
			_, err := s.RevokeClient(ctx, text)
			return err
		},
		"channel of a check": func(ctx context.Context, s *Service, text string) error {
			_, err := s.Check(ctx, check.Input{Address: anna, Request: consent.Request{Channel: text}})
			return err
		},
		"sender of a check": func(ctx context.Context, s *Service, text string) error {
			_, err := s.Check(ctx, check.Input{Address: anna, Request: consent.Request{Channel: "newsletter", Sender: text}})
			return err
		},
		"goods of a grant": func(ctx context.Context, s *Service, text string) error {
			st := consentOn("newsletter", anna, start)
			st.Goods = []string{text}
			_, err := s.Record(ctx, st, txn.Idempotency{})
			return err
		},
		"declaration of a grant": func(ctx context.Context, s *Service, text string) error {
			st := consentOn("newsletter", anna, start)
			st.Declaration.Version = text
			_, err := s.Record(ctx, st, txn.Idempotency{})
			return err
		},
		"channel of a withdrawal": func(ctx context.Context, s *Service, text string) error {
			_, err := s.Record(ctx, withdrawal(text, anna), txn.Idempotency{})
			return err
		},
		"list of a suppression": func(ctx context.Context, s *Service, text string) error {
			_, err := s.Record(ctx, statement.Statement{
				Kind: consent.KindSuppress, Address: anna, Reason: consent.ReasonExternalList, List: text, Binds: consent.Binds(text),
			}, txn.Idempotency{})
			return err
		},
		"note of a suppression": func(ctx context.Context, s *Service, text string) error {
			_, err := s.Record(ctx, statement.Statement{
				Kind: consent.KindSuppress, Address: anna, Reason: consent.ReasonComplaint, Note: text,
			}, txn.Idempotency{})
			return err
		},
		"cosigned checkpoint": func(ctx context.Context, s *Service, text string) error {
			_, err := s.AddCosignatures(ctx, []byte(text))
			return err
		},
	}
}

// Both stores take and refuse the same text, by every door, and no text is an error that a caller is not told.
func TestProperty_AnyTextByAnyDoor_BothStoresAnswerTheSame(t *testing.T) {
	var services []*Service
	var worlds []*world
	ctx := access.WithCaller(t.Context(), access.Process("test"))
	for _, kind := range []string{"sqlite", "postgres"} {
		w := newWorld(t, kind)
		s, _ := w.acme()
		services, worlds = append(services, s), append(worlds, w)
	}
	all := doors(acme(t))
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range all {
			if !yield(name) {
				return
			}
		}
	})
	rapid.Check(t, func(rt *rapid.T) {
		name, text := rapid.SampledFrom(names).Draw(rt, "door"), anyText(rt)
		var answers [2]string
		for i, s := range services {
			worlds[i].clock.Advance(1)
			err := all[name](ctx, s, text)
			var told *fault.Error
			if errors.As(err, &told) {
				answers[i] = string(told.Code)
			} else if err != nil {
				rt.Fatalf("%s with %q on %s: %v", name, text, []string{"SQLite", "PostgreSQL"}[i], err)
			}
		}
		if answers[0] != answers[1] {
			rt.Fatalf("%s with %q: SQLite says %q, PostgreSQL %q", name, text, answers[0], answers[1])
		}
	})
}
