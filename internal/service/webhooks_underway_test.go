package service

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/webhooks"
	"github.com/assent-io/assent/internal/storage"
)

// refuses makes the receiver refuse the messages whose text has a part, and take all others.
func (r *receiver) refuses(part string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = func(m *message) int {
		if strings.Contains(lines([]message{*m})[0], part) {
			return http.StatusInternalServerError
		}
		return http.StatusOK
	}
}

// during calls a function once, while the receiver answers the next message, with what that tells.
func (r *receiver) during(do func(text string)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var done atomic.Bool
	r.header = func(m *message, _ http.Header) {
		if !done.Swap(true) {
			do(lines([]message{*m})[0])
		}
	}
}

const forgetsAnn = "REMOVED exact ann@example.com address; REMOVED folded ann@example.com address"

func TestWebhooks_ASnapshot_IsAskedForAfterWhatTellsToForget(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{})
		w.mustRecord(ctx, s, consentOn("newsletter", "ann@example.com", w.clock.Now()))
		w.finish(ctx, s)
		w.erase(ctx, s, "ann@example.com")
		r.refuses("REMOVED")
		w.finish(ctx, s)
		// The snapshot that is asked for next has the new refusal. To forget the address after it would take that from the receiver.
		w.mustRecord(ctx, s, withdrawal("newsletter", "ann@example.com"))
		if _, err := s.UpdateWebhook(ctx, webhooks.Update{ID: "crm", Channels: []string{"newsletter"}}); err != nil {
			t.Fatal(err)
		}
		r.all()
		for range 3 {
			w.clock.Advance(time.Minute)
			w.finish(ctx, s)
		}
		for _, line := range lines(r.all()) {
			if line != forgetsAnn {
				t.Errorf("came before what was refused: %s", line)
			}
		}
		r.answers(200)
		w.clock.Advance(time.Hour)
		w.finish(ctx, s)
		if diff := cmp.Diff([]string{forgetsAnn, "RESET newsletter"}, lines(r.all())); diff != "" {
			t.Errorf("came (-want +got):\n%s", diff)
		}
	})
}

func TestWebhooks_AReplayedErasure_TakesNothingThatCameAfterIt(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{})
		w.mustRecord(ctx, s, consentOn("newsletter", "ann@example.com", w.clock.Now()))
		w.mustRecord(ctx, s, consentOn("newsletter", "ben@example.com", w.clock.Now()))
		w.finish(ctx, s)
		w.erase(ctx, s, "ann@example.com")
		w.erase(ctx, s, "ben@example.com")
		r.refuses("REMOVED")
		for range 10 {
			w.finish(ctx, s)
			w.clock.Advance(25 * time.Hour)
		}
		w.mustRecord(ctx, s, withdrawal("newsletter", "ann@example.com"))
		r.all()
		w.finish(ctx, s)
		if got := lines(r.all()); len(got) != 1 || !strings.HasPrefix(got[0], "RESET folded ann@example.com; ADDED folded ann@example.com refusal") {
			t.Fatalf("came: %q", got)
		}
		r.answers(200)
		dead := w.deliveries(ctx, s, "dead") // The newest first: that about ben.
		if len(dead) != 2 {
			t.Fatalf("dead: %+v", dead)
		}
		got, err := s.ReplayDeliveries(ctx, "crm", []string{dead[0].ID}, false)
		if err != nil || got != (webhooks.Replayed{Count: 1}) {
			t.Errorf("replay of one about whom only a suppression was kept: %+v, %v", got, err)
		}
		w.finish(ctx, s)
		want := []string{strings.ReplaceAll(forgetsAnn, "ann@", "ben@"), "KEPT folded ben@example.com suppression marketing SUPPRESSED"}
		if diff := cmp.Diff(want, lines(r.all())); diff != "" {
			t.Errorf("came (-want +got):\n%s", diff)
		}
		got, err = s.ReplayDeliveries(ctx, "crm", nil, true)
		if err != nil || got != (webhooks.Replayed{Count: 1, Snapshot: true}) {
			t.Errorf("replay: %+v, %v", got, err)
		}
		for range 2 {
			w.finish(ctx, s)
			w.clock.Advance(time.Minute)
		}
		if got := lines(r.all()); len(got) != 2 || got[0] != forgetsAnn || !strings.HasPrefix(got[1], "RESET newsletter") {
			t.Errorf("came: %q", got)
		}
	})
}

func TestWebhooks_AnErasureWhileAPageIsSent_KeepsTheRestOfIt(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{AtOnce: 1})
		w.mustRecord(ctx, s, withdrawal("newsletter", "ann@example.com"))
		w.mustRecord(ctx, s, withdrawal("newsletter", "ben@example.com"))
		other := ""
		r.during(func(text string) {
			other = "ann@example.com"
			if strings.Contains(text, other) {
				other = "ben@example.com"
			}
			if _, err := s.Erase(ctx, record.Erasure{Address: other}); err != nil {
				t.Error(err)
			}
		})
		w.finish(ctx, s)
		w.clock.Advance(time.Minute)
		w.finish(ctx, s)
		if text := strings.Join(lines(r.all()), "\n"); other == "" || strings.Contains(text, "ADDED folded "+other) ||
			!strings.Contains(text, "REMOVED folded "+other) {
			t.Errorf("of %q came:\n%s", other, text)
		}
	})
}

func TestWebhooks_AServerThatWasHeldUp_SendsNothingThatAnotherOneSent(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{AtOnce: 2, AtOnceInAll: 1})
		other := w.second(s)
		w.mustRecord(ctx, s, withdrawal("newsletter", "ann@example.com"))
		w.mustRecord(ctx, s, withdrawal("newsletter", "ben@example.com"))
		first := ""
		r.during(func(text string) {
			first = text
			w.clock.Advance(time.Hour)
			if err := other.FinishWebhooks(ctx); err != nil {
				t.Error(err)
			}
		})
		w.finish(ctx, s)
		came := map[string]int{}
		for _, line := range lines(r.all()) {
			came[line]++
		}
		for line, count := range came {
			if line != first && count != 1 {
				t.Errorf("it came %d times: %s", count, line)
			}
		}
		if len(came) != 2 {
			t.Errorf("came: %v", came)
		}
	})
}

func TestWebhooks_ThatAreFull_AreDisabledAsSoonAsTheirClientMayNotRead(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{Window: 1, MaxWaiting: 1})
		r.answers(500)
		w.mustRecord(ctx, s, withdrawal("newsletter", "ann@example.com"))
		w.mustRecord(ctx, s, withdrawal("newsletter", "ben@example.com"))
		w.finish(ctx, s)
		if _, err := s.RevokeClient(ctx, "crm-client"); err != nil {
			t.Fatal(err)
		}
		r.all()
		w.clock.Advance(time.Hour)
		w.finish(ctx, s)
		one, err := s.GetWebhook(ctx, "crm")
		if err != nil || one.DisabledReason != "UNAUTHENTICATED" {
			t.Errorf("the webhook: %+v, %v", one, err)
		}
		if got := r.all(); len(got) != 0 {
			t.Errorf("came: %q", lines(got))
		}
	})
}

func TestWebhooks_OfAClientThatIsRevokedWhileTheReceiverIsSlow_GetNothingMore(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{AtOnce: 1})
		for _, name := range []string{"ann", "ben", "cora"} {
			w.mustRecord(ctx, s, withdrawal("newsletter", name+"@example.com"))
		}
		r.during(func(string) {
			if _, err := s.RevokeClient(ctx, "crm-client"); err != nil {
				t.Error(err)
			}
			w.clock.Advance(time.Minute)
		})
		w.finish(ctx, s)
		if got := r.all(); len(got) != 1 {
			t.Errorf("came: %q", lines(got))
		}
	})
}

// readsCounted is a store that counts what is read of tables.
type readsCounted struct {
	storage.Store
	reads *atomic.Int64
}

func (s readsCounted) QueryTable(ctx context.Context, statement storage.Statement, scan func(storage.Scan) error) (storage.Head, error) {
	s.reads.Add(1)
	return s.Store.QueryTable(ctx, statement, scan)
}

func TestWebhooks_WithNothingToDo_AreReadTwiceInAll(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.hooked(webhooks.Options{})
		var reads atomic.Int64
		s := w.service(readsCounted{w.store(), &reads}, 0)
		ctx := access.WithCaller(w.t.Context(), access.Process("test"))
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(w.t)}); err != nil {
			t.Fatal(err)
		}
		r := w.receiver()
		for _, id := range []string{"a", "b", "c", "d"} {
			w.hook(ctx, s, r, id, consumers.FormPlain)
		}
		w.finish(ctx, s)
		w.finish(ctx, s)
		before := reads.Load()
		if err := s.RunWebhooks(ctx); err != nil {
			t.Fatal(err)
		}
		if n := reads.Load() - before; n != 2 {
			t.Errorf("%d reads", n)
		}
		came := make(chan struct{}, 4)
		r.mu.Lock()
		r.took = func(*message) { came <- struct{}{} }
		r.mu.Unlock()
		w.mustRecord(ctx, s, withdrawal("newsletter", "ann@example.com"))
		if err := s.RunWebhooks(ctx); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			<-came
		}
	})
}
