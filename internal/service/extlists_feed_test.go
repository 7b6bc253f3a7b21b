package service

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/extlists"
	"github.com/assent-io/assent/internal/service/webhooks"
	"github.com/assent-io/assent/internal/token"
)

// marketing are the marketing channels of the world, one after the other.
const marketing = "newsletterproduct-marketing"

func TestListChanges_FarBehindAnActivation_IsResetOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.ecg(ctx, s)
		r := w.reader(ctx, s, "crm", consumers.FormPlain)
		r.in.From = changes.FromNow
		r.next(t)
		for i := range 6 {
			w.customer(ctx, s, fmt.Sprintf("c%d@firma.example", i))
		}
		w.clock.Advance(time.Minute)
		activate := func(file []byte) {
			w.activate(ctx, s, w.upload(ctx, s, file).Version, true)
		}
		activate(ecgFile("c1@firma.example"))
		r.in.Size = 1
		wantReset := func(want string) {
			t.Helper()
			if got := r.resets(t); got != want {
				t.Errorf("the pages reset %q, want %q", got, want)
			}
		}
		wantReset(marketing)
		w.customer(ctx, s, "late@firma.example")
		wantReset("")
		activate(ecgFile("c2@firma.example"))
		w.customer(ctx, s, "later@firma.example")
		wantReset(marketing)
	})
}

func TestListChanges_TokenOfAnOlderProgram_IsResetByLaterActivationsOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.ecg(ctx, s)
		w.activate(ctx, s, w.upload(ctx, s, ecgFile("c1@firma.example")).Version, true)
		r := w.reader(ctx, s, "crm", consumers.FormPlain)
		r.in.From = changes.FromNow
		r.resets(t)
		old, err := token.ReadFeed(w.keys, r.in.From)
		if err != nil || old.Listed == 0 {
			t.Fatalf("%+v, %v", old, err)
		}
		old.Listed = 0
		if r.in.From, err = token.NewFeed(w.keys, old); err != nil {
			t.Fatal(err)
		}
		if got := r.resets(t); got != "" {
			t.Errorf("it resets %q by a list that the reader was told of", got)
		}
		w.clock.Advance(time.Minute)
		w.activate(ctx, s, w.upload(ctx, s, ecgFile("c2@firma.example")).Version, true)
		if r.in.From, err = token.NewFeed(w.keys, old); err != nil {
			t.Fatal(err)
		}
		if got := r.resets(t); got != marketing {
			t.Errorf("by a later list it resets %q, want %q", got, marketing)
		}
	})
}

// resets returns which channels the pages up to the end of the feed reset.
func (r *feedReader) resets(t *testing.T) (channels string) {
	t.Helper()
	for more := true; more; {
		p, err := r.s.ListChanges(r.ctx, r.in)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range p.Entries {
			if e.Change == changes.Reset && e.Match == 0 {
				channels += e.Rule.Channel
			}
		}
		r.in.From, more = p.Token, p.More
	}
	return channels
}

func TestActivation_OfTheDigestsInForce_IsToldOnceTheirFreshnessIsNearlyOver(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.hooked(webhooks.Options{}).acme()
		w.ecg(ctx, s)
		w.customer(ctx, s, "hans@firma.example")
		sync := func(file []byte) {
			t.Helper()
			w.activate(ctx, s, w.upload(ctx, s, file).Version, true)
		}
		file := ecgFile("@gast.example")
		sync(file)
		r := w.reader(ctx, s, "crm", consumers.FormPlain)
		r.in.From = changes.FromNow
		r.resets(t)
		hears := w.receiver()
		w.hook(ctx, s, hears, "shop", consumers.FormPlain)
		w.finish(ctx, s)
		snapshots := func() (n int) {
			t.Helper()
			w.finish(ctx, s)
			w.clock.Advance(time.Minute)
			w.finish(ctx, s)
			for _, m := range hears.taken {
				if len(m.Changes) > 0 && m.Changes[0].Change == "RESET" && m.Changes[0].Match == "" {
					n++
				}
			}
			return n
		}
		before := snapshots()
		want := func(when, channels string, asked int) {
			t.Helper()
			if got := r.resets(t); got != channels {
				t.Errorf("%s: resets %q, want %q", when, got, channels)
			}
			if got := snapshots() - before; got != asked {
				t.Errorf("%s: the webhook was asked for %d snapshots, want %d", when, got, asked)
			}
		}
		for day := 1; day <= 5; day++ {
			w.clock.Advance(24*time.Hour - time.Minute)
			sync(file)
			want("a day later", "", 0)
		}
		w.customer(ctx, s, "late@firma.example")
		want("a customer came", "", 0)
		w.clock.Advance(12 * time.Hour)
		want("the freshness that was told is nearly over", marketing, 1)
		want("and once more", "", 1)
		sync(ecgFile("@gast.example", "@neu.example"))
		want("other digests", marketing, 2)
		old := extlists.Upload{
			List: "ecg", File: bytes.NewReader(ecgFile("@gast.example", "@neu.example")), Obtained: s.Instant().Add(-24 * time.Hour),
		}
		v, err := s.UploadVersion(ctx, old)
		if err != nil {
			t.Fatal(err)
		}
		w.activate(ctx, s, v.Version, true)
		want("the same digests, obtained earlier", marketing, 3)
	})
}
