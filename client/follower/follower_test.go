package follower_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/client/follower"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/suppressionfilter"
)

func parseKey(text string) (suppressionfilter.Key, error) { return suppressionfilter.ParseKey(text) }

// consent is a grant of the newsletter that can be proved.
func newsletterConsent(w *world, address string) *assentv1.GrantConsentRequest {
	return &assentv1.GrantConsentRequest{
		Address: address, Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
		Declaration: &assentv1.DeclarationRef{Id: "newsletter-signup", Version: "2026-01"},
		Evidence:    &assentv1.Evidence{Source: "web_form", ConfirmedTime: timestamppb.New(w.clock.Now())},
	}
}

func withdrawal(address string) *assentv1.WithdrawConsentRequest {
	return &assentv1.WithdrawConsentRequest{Address: address, Channels: []string{"newsletter"}}
}

// eventually waits until the Follower answers so. Once Run has ended there is nothing to wait for.
func (r *running) eventually(address, channel, reason string) {
	r.t.Helper()
	testkit.Eventually(r.t, patience, address+" on "+channel+" is "+reason, func() bool {
		select {
		case <-r.ended:
			r.t.Fatalf("Run ended: %v", r.err)
		default:
		}
		answer, err := r.Check(address, channel)
		return err == nil && answer.Reason == reason
	})
}

// next returns what comes next.
func next[T any](t testing.TB, from <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-from:
	case <-time.After(patience):
		t.Fatal("nothing comes")
	}
	return value
}

func TestFollower_SnapshotAndChanges_AnswersFollow(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		c := w.nodes[0].client()
		must(c.Grant(t.Context(), newsletterConsent(w, "anna@example.com")))(t)
		for _, options := range []follower.Options{{Now: w.clock.Now}, w.consumer("plain", "plain"), w.consumer("keyed", "keyed")} {
			r := run(t, w.reader(w.nodes[0], options), options)
			if _, err := r.Check("anna@example.com", "newsletter"); !errors.Is(err, follower.ErrNotReady) && err != nil {
				t.Errorf("before the snapshot: %v", err)
			}
			r.waitReady()
			r.eventually("Anna@Example.com", "newsletter", "ALLOW_CONSENT")
			r.eventually("berta@example.com", "newsletter", "NO_LEGAL_BASIS")
			must(c.Withdraw(t.Context(), withdrawal("anna@example.com")))(t)
			r.eventually("anna@example.com", "newsletter", "WITHDRAWN")
			w.clock.Advance(time.Second)
			must(c.Grant(t.Context(), newsletterConsent(w, "anna@example.com")))(t)
			r.eventually("anna@example.com", "newsletter", "ALLOW_CONSENT")
			r.stop()
		}
	})
}

func TestCheck_ServerAway_AnswersUntilItIsStale(t *testing.T) {
	w := newWorld(t, "sqlite")
	wall := testkit.NewClock(start)
	r := runMade(t, must(follower.New(w.nodes[0].client(), w.consumer("keyed", "keyed")))(t).WithWall(wall.Now))
	r.waitReady()
	w.nodes[0].stop()
	wall.Advance(time.Minute)
	if answer, err := r.Check("anna@example.com", "order-updates"); err != nil || !answer.Allowed {
		t.Errorf("after a minute: %+v, %v", answer, err)
	}
	wall.Advance(time.Microsecond)
	if answer, err := r.Check("anna@example.com", "order-updates"); !errors.Is(err, follower.ErrStale) || answer != (follower.Answer{}) {
		t.Errorf("after more than a minute: %+v, %v", answer, err)
	}
	if blocked, err := r.Blocked("anna@example.com", "order-updates"); !errors.Is(err, follower.ErrStale) || !blocked {
		t.Errorf("blocked: %t, %v", blocked, err)
	}
	w.nodes[0].start()
	testkit.Eventually(t, patience, "it answers again", func() bool {
		_, err := r.Check("anna@example.com", "order-updates")
		return err == nil
	})
}

func TestCheck_WhatCannotBeAnswered_AllowsNothing(t *testing.T) {
	w := newWorld(t, "sqlite")
	idle := must(follower.New(w.nodes[0].client(), follower.Options{}))(t)
	if answer, err := idle.Check("anna@example.com", "newsletter"); !errors.Is(err, follower.ErrNotReady) || answer != (follower.Answer{}) {
		t.Errorf("before a snapshot: %+v, %v", answer, err)
	}
	r := run(t, w.nodes[0].client(), follower.Options{Now: w.clock.Now, Channels: []string{"order-updates", "legal-notices"}})
	r.waitReady()
	for _, c := range []struct {
		address, channel string
		want             error
	}{
		{"anna@example.com", "newsletter", follower.ErrChannel},
		{"anna@example.com", "", follower.ErrChannel},
		{"order-updates", "anna@example.com", follower.ErrChannel},
		{"anna", "order-updates", follower.ErrAddress},
		{"", "order-updates", follower.ErrAddress},
	} {
		if answer, err := r.Check(c.address, c.channel); !errors.Is(err, c.want) || answer != (follower.Answer{}) {
			t.Errorf("Check(%q, %q) = %+v, %v; want %v", c.address, c.channel, answer, err, c.want)
		} else if strings.Contains(err.Error(), "anna") {
			t.Errorf("the error holds the address: %v", err)
		}
	}
}

func TestRun_CatalogChanges_TakesASnapshotAndAnswersByIt(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		r := run(t, w.nodes[0].client(), follower.Options{Now: w.clock.Now})
		r.waitReady()
		w.clock.Advance(time.Second)
		w.applyCatalog(catalogs()[5]) // Retires product-marketing.
		r.eventually("anna@example.com", "product-marketing", "CHANNEL_RETIRED")
		if got := r.Status(); got.Snapshots != 2 || got.Unknown != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// TestCheck_ServerDefers_TheFollowerDoesTheSame holds that limits of the catalog reach the Follower, also by its file.
func TestCheck_ServerDefers_TheFollowerDoesTheSame(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		c := w.nodes[0].client()
		must(c.Grant(t.Context(), newsletterConsent(w, "anna@example.com")))(t)
		options := follower.Options{Now: w.clock.Now, File: w.path("set")}
		r := run(t, w.nodes[0].client(), options)
		r.waitReady()
		r.eventually("anna@example.com", "newsletter", "ALLOW_CONSENT")
		w.clock.Advance(time.Second)
		w.applyCatalog(catalogs()[0] + `quiet_hours: [{zone: Europe/Vienna, from: 20:00, until: 08:00}]
freezes: [{from: 2026-11-01T11:00:00Z, until: 2026-11-01T22:00:00Z, reason: stocktaking}]
`)
		want := must(time.Parse(time.RFC3339, "2026-11-02T07:00:00Z"))(t)
		for range 2 {
			r.eventually("anna@example.com", "newsletter", "FREEZE")
			asked := must(c.Check(t.Context(), client.CheckRequest{Address: "anna@example.com", Question: client.Question{Channel: "newsletter"}}))(t)
			answer, err := r.Check("anna@example.com", "newsletter")
			if err != nil || asked.Verdict != client.Defer || answer.Allowed || !answer.Deferred || !answer.Retry.Equal(want) || !asked.Retry.Equal(want) {
				t.Errorf("%+v (%v), and the server says %s until %s", answer, err, asked.Verdict, asked.Retry)
			}
			r.stop()
			r = run(t, w.nodes[0].client(), options)
			r.waitReady()
		}
		r.stop()
	})
}

func TestRun_ConsumerThatDoesNotFit_EndsWithWhy(t *testing.T) {
	w := newWorld(t, "sqlite")
	keyed, plain := w.consumer("keyed", "keyed"), w.consumer("plain", "plain")
	other := w.consumer("other", "keyed")
	w.consumer("md5", "md5")
	for name, c := range map[string]struct {
		options follower.Options
		want    error
	}{
		"keyed without a key":    {follower.Options{Consumer: "keyed"}, follower.ErrForm},
		"plain with a key":       {follower.Options{Consumer: "plain", Key: keyed.Key}, follower.ErrForm},
		"the key of another":     {follower.Options{Consumer: "keyed", Key: other.Key}, follower.ErrForm},
		"md5":                    {follower.Options{Consumer: "md5"}, follower.ErrForm},
		"none":                   {follower.Options{Consumer: "none"}, nil},
		"a channel that is none": {follower.Options{Consumer: plain.Consumer, Channels: []string{"none"}}, nil},
	} {
		f := must(follower.New(w.nodes[0].client(), c.options))(t)
		err := f.Run(t.Context())
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := follower.New(w.nodes[0].client(), follower.Options{Key: keyed.Key}); !errors.Is(err, follower.ErrForm) {
		t.Errorf("a key without a consumer: %v", err)
	}
	if _, err := follower.New(w.nodes[0].client(), follower.Options{MaxStaleness: time.Second}); err == nil {
		t.Error("a staleness of a second is taken")
	}
}

func TestOnChange_TellsWhomItIsAbout_AndWhoWasErased(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		c := w.nodes[0].client()
		batches := make(chan follower.Batch, 100)
		options := w.consumer("plain", "plain")
		options.OnChange = func(_ context.Context, b follower.Batch) error {
			batches <- b
			return nil
		}
		r := run(t, c, options)
		if first := next(t, batches); !first.All || len(first.Changed)+len(first.Erased) != 0 {
			t.Errorf("first %+v", first)
		}
		must(c.Grant(t.Context(), newsletterConsent(w, "An.na@gmail.com")))(t)
		if b := next(t, batches); b.All || !slices.Contains(b.Changed, follower.Recipient{Match: follower.MatchExact, Address: "an.na@gmail.com"}) {
			t.Errorf("after a grant %+v", b)
		}
		must(c.Withdraw(t.Context(), withdrawal("An.na@gmail.com")))(t)
		if b := next(t, batches); b.All || !slices.Contains(b.Changed, follower.Recipient{Match: follower.MatchFolded, Address: "anna@gmail.com"}) {
			t.Errorf("after a withdrawal %+v", b)
		}
		w.clock.Advance(time.Second)
		must(assentv1.NewHistoryServiceClient(c).EraseRecipient(t.Context(), &assentv1.EraseRecipientRequest{Address: "an.na@gmail.com"}))(t)
		want := []follower.Recipient{{Match: follower.MatchExact, Address: "an.na@gmail.com"}, {Match: follower.MatchFolded, Address: "anna@gmail.com"}}
		for erased := 0; erased < len(want); {
			b := next(t, batches)
			for _, one := range b.Erased {
				if !slices.Contains(want, one) {
					t.Errorf("erased %+v", b)
				}
				erased++
			}
		}
		r.stop()
	})
}

func TestOnChange_Fails_EndsRunAndIsToldAgain(t *testing.T) {
	w := newWorld(t, "sqlite")
	options := w.consumer("plain", "plain")
	options.File = w.path("set")
	for _, failed := range []error{
		errors.New("the tool's database is away"), io.EOF, &client.Error{Code: codes.Unavailable}, &client.Error{Code: codes.InvalidArgument, Reason: "INVALID_TOKEN"},
	} {
		calls := 0
		options.OnChange = func(context.Context, follower.Batch) error {
			if calls++; calls > 1 {
				t.Errorf("it goes on after %v", failed)
			}
			return failed
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Second, errors.New("it does not end"))
		if err := must(follower.New(w.nodes[0].client(), options))(t).Run(ctx); !errors.Is(err, failed) {
			t.Errorf("after %v: %v", failed, err)
		}
		cancel()
	}
	told := 0
	options.OnChange = func(_ context.Context, b follower.Batch) error {
		if b.All {
			told++
		}
		return nil
	}
	r := run(t, w.nodes[0].client(), options)
	r.waitReady()
	r.stop()
	if told != 1 {
		t.Errorf("it was told of a new set %d times", told)
	}
}

// A consumer in clear forgets an erased person, and with that what still blocks the person on channels that are not marketing.
func TestCheck_InClearOnOtherChannels_NeverAllows(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		c := w.nodes[0].client()
		plain, keyed := run(t, c, w.consumer("plain", "plain")), run(t, c, w.consumer("keyed", "keyed"))
		none := run(t, w.nodes[0].clientOf(w.unregistered), follower.Options{Now: w.clock.Now})
		all := []*running{plain, keyed, none}
		must(c.Suppress(t.Context(), &assentv1.CreateSuppressionRequest{
			Target: &assentv1.CreateSuppressionRequest_Address{Address: "anna@example.com"}, Reason: "HARD_BOUNCE",
		}))(t)
		for _, r := range all {
			r.waitReady()
			r.eventually("anna@example.com", "order-updates", "HARD_BOUNCE")
		}
		w.clock.Advance(time.Second)
		must(assentv1.NewHistoryServiceClient(c).EraseRecipient(t.Context(), &assentv1.EraseRecipientRequest{Address: "anna@example.com"}))(t)
		must(c.Withdraw(t.Context(), withdrawal("berta@example.com")))(t)
		for _, r := range all {
			r.eventually("berta@example.com", "newsletter", "WITHDRAWN") // And so the erasure has come, too.
		}
		for _, r := range []*running{plain, none} {
			for _, channel := range []string{"order-updates", "legal-notices"} {
				if answer, err := r.Check("anna@example.com", channel); !errors.Is(err, follower.ErrAskServer) || answer != (follower.Answer{}) {
					t.Errorf("%s: %+v, %v", channel, answer, err)
				}
				if blocked, err := r.Blocked("anna@example.com", channel); !errors.Is(err, follower.ErrAskServer) || !blocked {
					t.Errorf("%s: blocked %t, %v", channel, blocked, err)
				}
			}
		}
		if answer, err := keyed.Check("anna@example.com", "order-updates"); err != nil || answer.Allowed || !answer.Blocked {
			t.Errorf("keyed: %+v, %v", answer, err)
		}
		if answer, err := keyed.Check("carla@example.com", "order-updates"); err != nil || !answer.Allowed {
			t.Errorf("keyed, a stranger: %+v, %v", answer, err)
		}
	})
}

// The server tells by its first message which rules and key its forms and hashes are made by, and by its last from where to go on.
func TestRun_SnapshotThatThisProgramCannotReadRight_IsRefused(t *testing.T) {
	w := newWorld(t, "sqlite")
	keyed := w.consumer("keyed", "keyed")
	for name, c := range map[string]struct {
		alter func(*assentv1.ExportSuppressionsResponse)
		want  error
	}{
		"folded by newer rules": {func(m *assentv1.ExportSuppressionsResponse) { m.FoldVersion++ }, follower.ErrVersion},
		"folded by older rules": {func(m *assentv1.ExportSuppressionsResponse) { m.FoldVersion-- }, follower.ErrVersion},
		"of another key":        {func(m *assentv1.ExportSuppressionsResponse) { m.KeyId = "0123456789abcdef" }, follower.ErrForm},
		"of no key":             {func(m *assentv1.ExportSuppressionsResponse) { m.KeyId = "" }, follower.ErrForm},
		"without a token": {func(m *assentv1.ExportSuppressionsResponse) {
			if m.GetComplete() {
				m.Heartbeat = nil
			}
		}, follower.ErrVersion},
	} {
		alter := func(m any) {
			if part, ok := m.(*assentv1.ExportSuppressionsResponse); ok {
				c.alter(part)
			}
		}
		f := must(follower.New(w.nodes[0].clientOf(w.key, altered(alter)), keyed))(t)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		if err := f.Run(ctx); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
		if _, err := f.Check("anna@example.com", "newsletter"); !errors.Is(err, follower.ErrNotReady) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Rules begin and end by the clock of the server, whatever that of the machine shows.
func TestCheck_ClockOfTheMachineIsWrong_RulesEndByThatOfTheServer(t *testing.T) {
	w := newWorld(t, "sqlite")
	c := w.nodes[0].client()
	options := w.consumer("plain", "plain")
	options.Now = nil
	grant := newsletterConsent(w, "anna@example.com")
	grant.ExpiresTime = timestamppb.New(start.Add(time.Hour))
	must(c.Grant(t.Context(), grant))(t)
	var all []*running
	for _, wrong := range []time.Duration{-48 * time.Hour, 48 * time.Hour} {
		r := runMade(t, must(follower.New(c, options))(t).WithWall(testkit.NewClock(start.Add(wrong)).Now))
		r.waitReady()
		r.eventually("anna@example.com", "newsletter", "ALLOW_CONSENT")
		all = append(all, r)
	}
	w.clock.Advance(2 * time.Hour)
	must(c.Withdraw(t.Context(), withdrawal("berta@example.com")))(t)
	for _, r := range all {
		r.eventually("berta@example.com", "newsletter", "WITHDRAWN")
		if answer, err := r.Check("anna@example.com", "newsletter"); err != nil || answer.Allowed || !answer.AsOf.Equal(w.clock.Now()) {
			t.Errorf("%+v, %v", answer, err)
		}
	}
}
