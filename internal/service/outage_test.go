package service

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/follow"
	"github.com/assent-io/assent/internal/index"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/testkit"
)

// troubled is an index that is as far behind, and has a fence that fails, as a test says.
type troubled struct {
	*index.Index

	behind  time.Duration
	failing bool
	err     error // of the fence
	fences  int
}

func (x *troubled) Behind() time.Duration { return x.behind }
func (x *troubled) Failing() bool         { return x.failing }

func (x *troubled) Fence(ctx context.Context) error {
	x.fences++
	if x.err != nil {
		return x.err
	}
	return x.Index.Fence(ctx)
}

func TestCheck_ByHowFarTheIndexIsBehind_WaitsOrNot(t *testing.T) {
	const anna, nobody = "anna@example.at", "nobody@example.at"
	w := newWorld(t, "sqlite")
	x := &troubled{}
	w.wrap = func(own *index.Index) check.Index {
		x.Index = own
		return x
	}
	s, ctx := w.acme()
	granted := w.mustRecord(ctx, s, consentOn("newsletter", anna, w.clock.Now()))
	w.wantCheck(ctx, s, "newsletter", anna, consent.CodeAllowConsent)
	away := storage.ErrUnavailable
	for name, c := range map[string]struct {
		about   []string
		how     check.Consistency
		behind  time.Duration
		failing bool
		err     error

		fences  int
		sending bool
		fault   fault.Code
	}{
		"a denial, near":                   {about: []string{nobody}, behind: 4 * time.Second, sending: true},
		"a denial, far":                    {about: []string{nobody}, behind: 6 * time.Second, fences: 1, sending: true},
		"a denial that is to know more":    {about: []string{nobody}, how: check.Consistency{AtLeast: granted.Position}, sending: true},
		"an ALLOW":                         {about: []string{anna}, fences: 1, sending: true},
		"bounded, near":                    {about: []string{anna}, how: check.Consistency{Bounded: 10 * time.Second}, behind: 9 * time.Second},
		"bounded, far":                     {about: []string{anna}, how: check.Consistency{Bounded: 10 * time.Second}, behind: 11 * time.Second, fences: 1},
		"an ALLOW in an outage":            {about: []string{anna}, err: away, fences: 1, fault: fault.Unavailable},
		"bounded in an outage":             {about: []string{anna}, how: check.Consistency{Bounded: time.Minute}, behind: 9 * time.Second, err: away},
		"bounded in a long outage":         {about: []string{anna}, how: check.Consistency{Bounded: time.Second}, behind: 9 * time.Second, err: away, fences: 1, fault: fault.Unavailable},
		"a denial in an outage":            {about: []string{nobody}, behind: time.Hour, err: away, fences: 1},
		"a denial when the database hangs": {about: []string{nobody}, behind: time.Hour, failing: true},
		"an ALLOW when the database hangs": {about: []string{anna}, behind: time.Hour, failing: true, err: away, fences: 1, fault: fault.Unavailable},
		"denials in an outage":             {about: []string{nobody, nobody}, err: away, fences: 1},
		"an ALLOW among them":              {about: []string{nobody, anna}, err: away, fences: 1, fault: fault.Unavailable},
		"a denial that is to know the future": {
			about: []string{nobody}, how: check.Consistency{AtLeast: granted.Position + 1}, err: away, fences: 1, fault: fault.Unavailable,
		},
		"an index that is loading": {about: []string{anna}, err: follow.ErrNotLoaded, fences: 1, sending: true},
	} {
		t.Run(name, func(t *testing.T) {
			x.behind, x.failing, x.err, x.fences = c.behind, c.failing, c.err, 0
			got, err := s.BatchCheck(ctx, check.BatchInput{Addresses: c.about, Request: consent.Request{Channel: "newsletter"}, Consistency: c.how})
			if c.fault != "" {
				wantFault(t, err, c.fault)
			} else if err != nil || got.ForSending != c.sending {
				t.Errorf("for sending %v, %v; want %v", got.ForSending, err, c.sending)
			}
			if x.fences != c.fences {
				t.Errorf("it waited for %d fences, want %d", x.fences, c.fences)
			}
		})
	}
}

// A state that is not the fold of its events is what a sample has to find.
func TestVerifySample_AnswerThatTheLedgerContradicts_IsSaidAndCounted(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.damaged = true
	s, ctx := w.acme()
	w.mustRecord(ctx, s, consentOn("newsletter", anna, start))
	w.mustRecord(ctx, s, withdrawal("newsletter", anna))
	empty, err := codec.AppendState(nil, &consent.State{}, &reference.Table{})
	if err != nil {
		t.Fatal(err)
	}
	folded := "SELECT subject FROM subjects WHERE form = 2"
	w.raw().exec("UPDATE states SET state = $1 WHERE subject IN ("+folded+")", empty)
	var log bytes.Buffer
	misled, err := New(t.Context(), s.Store, w.keys, Options{
		Now: w.clock.Now, Logger: slog.New(slog.NewTextHandler(&log, nil)), Index: w.index(s.Store), VerifySample: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, time.Minute, "the wrong answer is found", func() bool {
		got, err := misled.Check(ctx, newsletterOf(anna, check.Consistency{}))
		if err != nil {
			t.Fatal(err)
		}
		return got.Verdict == consent.Allow && misled.Sampled().Differing > 0
	})
	misled.Close()
	if !strings.Contains(log.String(), "the index and the ledger gave different answers") || strings.Contains(log.String(), "anna") {
		t.Errorf("the log does not say it, or says whom it is about:\n%s", log.String())
	}
}
