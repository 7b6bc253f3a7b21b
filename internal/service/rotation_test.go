package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// replica is a service with a key file of its own.
type replica struct {
	*Service

	file string
}

// fleet is services over one database, each with its key file, and the file that is rotated.
type fleet struct {
	*world

	newest   string
	replicas []*replica
	ctx      context.Context
}

func newFleet(t *testing.T, w *world, replicas int) *fleet {
	t.Helper()
	dir := t.TempDir()
	f := &fleet{world: w, newest: filepath.Join(dir, "newest.keys"), ctx: access.WithCaller(t.Context(), access.Process("test"))}
	if _, err := seal.Create(f.newest); err != nil {
		t.Fatal(err)
	}
	store := w.store()
	for n := range replicas {
		r := &replica{file: filepath.Join(dir, fmt.Sprintf("%d.keys", n))}
		f.give(t, r)
		r.Service = f.start(t, store, r.file)
		f.replicas = append(f.replicas, r)
	}
	if _, err := f.replicas[0].ApplyCatalog(f.ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *fleet) start(t *testing.T, store storage.Store, file string) *Service {
	t.Helper()
	keys, err := seal.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	x := f.index(store)
	s, err := New(t.Context(), store, keys, Options{
		Now: f.clock.Now, Logger: slog.New(slog.DiscardHandler), Index: x, VerifySample: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	<-x.Settled()
	t.Cleanup(func() {
		s.Close()
		if got := s.Sampled(); got.Differing != 0 {
			t.Errorf("%d of %d answers of the index are not those of the ledger", got.Differing, got.Compared)
		}
	})
	return s
}

// give copies the newest key file to a replica.
func (f *fleet) give(t testing.TB, r *replica) {
	t.Helper()
	data, err := os.ReadFile(f.newest)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// take gives a replica the newest key file and has it taken up.
func (f *fleet) take(t testing.TB, r *replica) {
	t.Helper()
	f.give(t, r)
	keys, err := seal.Open(r.file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.TakeKeys(keys); err != nil {
		t.Fatal(err)
	}
}

func (f *fleet) add(t testing.TB, of seal.Keyset) uint32 {
	t.Helper()
	info, err := seal.AddKey(f.newest, of)
	if err != nil {
		t.Fatal(err)
	}
	return info.ID
}

func (f *fleet) promote(t testing.TB, of seal.Keyset) {
	t.Helper()
	if _, err := seal.PromoteKey(f.newest, of); err != nil {
		t.Fatal(err)
	}
}

func isKeyMissing(err error) bool {
	var got *fault.Error
	return errors.As(err, &got) && got.Code == fault.KeyMissing
}

func newsletter(address string) check.Input {
	return check.Input{Address: address, Request: consent.Request{Channel: "newsletter"}}
}

func TestRotation_HeadNamesANewKeyWithItsFirstRow_NotBefore(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		f := newFleet(t, w, 1)
		one := f.replicas[0]
		named := func() []uint32 {
			head, err := one.Store.Head(f.ctx)
			if err != nil {
				t.Fatal(err)
			}
			return head.DigestKeys
		}
		f.mustRecord(f.ctx, one.Service, withdrawal("newsletter", "old@example.com"))
		before := named()
		added := f.add(t, seal.KeysetDigest)
		f.take(t, one)
		f.mustRecord(f.ctx, one.Service, withdrawal("newsletter", "between@example.com"))
		if got := named(); !slices.Equal(got, before) {
			t.Errorf("a key that makes nothing yet is named: %v", got)
		}
		f.promote(t, seal.KeysetDigest)
		f.take(t, one)
		f.mustRecord(f.ctx, one.Service, withdrawal("product-marketing", "old@example.com"))
		if got := named(); !slices.Equal(got, before) {
			t.Errorf("a row of the old key made the head name the new one: %v", got)
		}
		f.mustRecord(f.ctx, one.Service, withdrawal("newsletter", "new@example.com"))
		if got := named(); !slices.Equal(got, append([]uint32{added}, before...)) {
			t.Errorf("the head names %v, want %d first", got, added)
		}
		for _, address := range []string{"old@example.com", "between@example.com", "new@example.com"} {
			f.wantCheck(f.ctx, one.Service, "newsletter", address, consent.CodeWithdrawn)
		}
	})
}

func TestRotation_ReplicaLeftBehind_AnswersNothing_UntilItHasTheFile(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		f := newFleet(t, w, 2)
		one, behind := f.replicas[0], f.replicas[1]
		store := behind.Store
		f.add(t, seal.KeysetDigest)
		f.promote(t, seal.KeysetDigest)
		f.take(t, one)
		if err := behind.Ready(f.ctx); err != nil {
			t.Errorf("not ready although nothing was made under the new key: %v", err)
		}
		f.mustRecord(f.ctx, one.Service, withdrawal("newsletter", "anna@example.com"))
		for name, call := range map[string]func() error{
			"ready": func() error { return behind.Ready(f.ctx) },
			"check": func() error {
				in := newsletter("anna@example.com")
				in.Consistency = f.latest(f.ctx, one.Service)
				_, err := behind.Check(f.ctx, in)
				return err
			},
			"record": func() error {
				_, err := behind.Record(f.ctx, withdrawal("newsletter", "ben@example.com"), txn.Idempotency{})
				return err
			},
			"past": func() error {
				in := newsletter("anna@example.com")
				in.AsOf = consent.InstantOf(start)
				_, err := behind.Check(f.ctx, in)
				return err
			},
			"batch": func() error {
				_, err := behind.BatchCheck(f.ctx, check.BatchInput{
					Addresses: []string{"anna@example.com"}, Request: consent.Request{Channel: "newsletter"}, Consistency: f.latest(f.ctx, one.Service),
				})
				return err
			},
			"history": func() error {
				_, err := behind.History(f.ctx, export.HistoryInput{Address: "anna@example.com", Size: 10})
				return err
			},
			"batch record": func() error {
				_, err := behind.BatchRecord(f.ctx, record.Batch{Items: []record.BatchItem{{Statement: withdrawal("newsletter", "ben@example.com")}}})
				return err
			},
			"start": func() error {
				keys, err := seal.Open(behind.file)
				if err != nil {
					return err
				}
				s, err := New(f.ctx, store, keys, Options{Now: f.clock.Now, Logger: slog.New(slog.DiscardHandler)})
				if err == nil {
					s.Close()
				}
				return err
			},
		} {
			if err := call(); !isKeyMissing(err) {
				t.Errorf("%s: got %v, want KEY_MISSING", name, err)
			}
		}
		f.take(t, behind)
		if err := behind.Ready(f.ctx); err != nil {
			t.Errorf("not ready with the new file: %v", err)
		}
		f.wantCheck(f.ctx, behind.Service, "newsletter", "anna@example.com", consent.CodeWithdrawn)
	})
}

func TestRotation_KeysTakenUpDuringACall_AreNoExcuseToMissARow(t *testing.T) {
	w := newWorld(t, "sqlite")
	f := newFleet(t, w, 2)
	one, two := f.replicas[0], f.replicas[1]
	l := subjects.NewLocator(two.Keys, 1) // As a check does before it reads.
	a, err := subjects.ParseAddress("anna@example.com")
	if err != nil {
		t.Fatal(err)
	}
	at, err := l.Places(a, false)
	if err != nil {
		t.Fatal(err)
	}
	f.add(t, seal.KeysetDigest)
	f.promote(t, seal.KeysetDigest)
	f.take(t, one)
	f.mustRecord(f.ctx, one.Service, withdrawal("newsletter", "anna@example.com"))
	f.take(t, two)
	v, _, err := asof.NewReader(two.Env, two.reference, two.Guard, env.Unsafe{}).Look(f.ctx, l.AllKeys(), asof.Moment{})
	if err != nil {
		t.Fatal(err)
	}
	var k subjects.Knowledge
	wantFault(t, k.Gather(&at, v), fault.Unavailable)
	m := txn.Write{Load: storage.Load{Subjects: l.AllKeys()}, Run: func(w *txn.Tx) error {
		w.Changed = true
		_, err := w.Subject(&at.Exact)
		return err
	}}
	wantFault(t, two.engine.Do(f.ctx, &m), fault.Unavailable)
	f.wantCheck(f.ctx, two.Service, "newsletter", "anna@example.com", consent.CodeWithdrawn)
}

func TestRotation_EvidenceUnderAMasterKeyThatIsMissing_SaysSo(t *testing.T) {
	w := newWorld(t, "sqlite")
	f := newFleet(t, w, 2)
	f.add(t, seal.KeysetMaster)
	f.promote(t, seal.KeysetMaster)
	f.take(t, f.replicas[0])
	f.mustRecord(f.ctx, f.replicas[0].Service, withdrawal("newsletter", "anna@example.com"))
	in := export.HistoryInput{Address: "anna@example.com", Size: 10}
	if _, err := f.replicas[1].History(f.ctx, in); !isKeyMissing(err) {
		t.Errorf("got %v, want KEY_MISSING", err)
	}
	f.take(t, f.replicas[1])
	if page, err := f.replicas[1].History(f.ctx, in); err != nil || len(page.Events) != 1 || !page.Events[0].Held {
		t.Errorf("with the key: %+v, %v", page, err)
	}
}

// TestRotation_InWhateverOrder_NoRefusalIsMissed lets replicas check, record and take up key files in any order, also the wrong one: a
// replica may refuse to answer, but never misses what was acknowledged.
func TestRotation_InWhateverOrder_NoRefusalIsMissed(t *testing.T) {
	t.Parallel()
	var f *fleet
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		if run%5 == 0 { // Every further key makes look-ups slower.
			f = newFleet(t, newWorld(t, "sqlite"), 3)
		}
		run++
		for _, r := range f.replicas {
			f.take(t, r)
		}
		no := map[string]bool{} // addresses with a refusal as the last acknowledged event
		address := rapid.Custom(func(rt *rapid.T) string {
			return fmt.Sprintf("%s%d@example.com", rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "name"), run)
		})
		one := rapid.SampledFrom(f.replicas)
		rt.Repeat(map[string]func(*rapid.T){
			"rotate": func(rt *rapid.T) { f.rotateSomehow(rt) },
			"take":   func(rt *rapid.T) { f.take(t, one.Draw(rt, "replica")) },
			"withdraw": func(rt *rapid.T) {
				at, who := one.Draw(rt, "replica"), address.Draw(rt, "address")
				if f.recordOrRefuse(rt, at, withdrawal("newsletter", who)) {
					no[who] = true
				}
			},
			"grant": func(rt *rapid.T) {
				at, who := one.Draw(rt, "replica"), address.Draw(rt, "address")
				if f.recordOrRefuse(rt, at, consentOn("newsletter", who, f.clock.Now())) {
					no[who] = false
				}
			},
			"": func(rt *rapid.T) {
				if len(no) > 0 {
					f.missNothing(rt, no)
				}
			},
		})
	})
}

// missNothing wants of every replica the last acknowledged word about each address, or none for lack of a key.
func (f *fleet) missNothing(rt *rapid.T, no map[string]bool) {
	about := slices.Sorted(maps.Keys(no))
	for n, r := range f.replicas {
		got, err := r.BatchCheck(f.ctx, check.BatchInput{
			Addresses: about, Request: consent.Request{Channel: "newsletter"}, Consistency: f.latest(f.ctx, r.Service),
		})
		if isKeyMissing(err) {
			continue
		}
		if err != nil {
			rt.Fatalf("replica %d: %v", n, err)
		}
		for i := range about {
			d, err := got.Item(i)
			if refused := d.Verdict != consent.Allow; err != nil || refused != no[about[i]] {
				rt.Fatalf("replica %d about %s: %v, %v; its last word was no: %v", n, about[i], d.Reason, err, no[about[i]])
			}
		}
	}
}

// rotateSomehow takes the next step of a rotation of the newest file, which may be refused.
func (f *fleet) rotateSomehow(rt *rapid.T) {
	if keys, err := seal.Open(f.newest); err != nil || len(keys.List()) > 12 {
		return // There are enough keys; the step changes nothing.
	}
	step := rapid.SampledFrom([]func(string, seal.Keyset) (seal.KeyInfo, error){seal.AddKey, seal.PromoteKey}).Draw(rt, "step")
	_, _ = step(f.newest, rapid.SampledFrom(seal.Rotatable()).Draw(rt, "keyset"))
}

// recordOrRefuse records a statement and reports whether it was acknowledged. It may be refused only for lack of a key.
func (f *fleet) recordOrRefuse(rt *rapid.T, at *replica, st statement.Statement) bool {
	_, err := at.Record(f.ctx, st, txn.Idempotency{})
	f.clock.Advance(time.Second)
	if err != nil && !isKeyMissing(err) {
		rt.Fatalf("record %s: %v", st.Kind, err)
	}
	return err == nil
}
