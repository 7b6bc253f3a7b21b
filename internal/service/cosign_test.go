package service

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/kept"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/audit"
	"github.com/assent-io/assent/internal/service/checkpoint"
	"github.com/assent-io/assent/internal/storage"
)

// cosigner is a witness as another program has it: it uses nothing of package ledger to sign.
type cosigner struct {
	name string
	key  ed25519.PrivateKey
}

func newCosigner(name string) *cosigner {
	seed := sha256.Sum256([]byte(name))
	return &cosigner{name: name, key: ed25519.NewKeyFromSeed(seed[:])}
}

// material is the type of the key and the public key, id the beginning of a signature.
func (c *cosigner) material() string { return "\x04" + string(c.key[ed25519.SeedSize:]) }

func (c *cosigner) id() []byte {
	sum := sha256.Sum256([]byte(c.name + "\n" + c.material()))
	return sum[:4]
}

func (c *cosigner) vkey() string {
	return fmt.Sprintf("%s+%x+%s", c.name, c.id(), base64.StdEncoding.EncodeToString([]byte(c.material())))
}

// cosign adds a line to a signed note.
func (c *cosigner) cosign(signed []byte, seconds int64) []byte {
	text, _, _ := strings.Cut(string(signed), "\n\n")
	signature := ed25519.Sign(c.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s\n", seconds, text))
	blob := append(binary.BigEndian.AppendUint64(c.id(), uint64(seconds)), signature...)
	return fmt.Appendf(slices.Clone(signed), "— %s %s\n", c.name, base64.StdEncoding.EncodeToString(blob))
}

func witnesses(t testing.TB, of ...*cosigner) []*ledger.Witness {
	t.Helper()
	var keys []string
	for _, c := range of {
		keys = append(keys, c.vkey())
	}
	list, err := ledger.ParseWitnesses(keys)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// witnessed returns a filled ledger with a service that knows the witnesses, and a checkpoint of its first 20 events.
func witnessed(t *testing.T, w *world, of ...*cosigner) (storage.Store, *Service, context.Context, []byte) {
	t.Helper()
	store, _, ctx, older := recorded(t, w)
	s, err := New(t.Context(), store, w.keys, Options{
		Now: w.clock.Now, Logger: slog.New(slog.DiscardHandler), Witnesses: witnesses(t, of...),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return store, s, ctx, older
}

func mustCosign(ctx context.Context, t *testing.T, s *Service, note []byte) ledger.Cosigned {
	t.Helper()
	c, err := s.AddCosignatures(ctx, note)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAddCosignatures_OfSeveralWitnesses_AreMergedAndShown(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		one, two, stranger := newCosigner("one"), newCosigner("two.example/w"), newCosigner("stranger")
		store, s, ctx, older := witnessed(t, w, one, two)
		if got, err := s.LatestCosigned(ctx); got != nil || err != nil {
			t.Errorf("before: %+v, %v", got, err)
		}
		mustCosign(ctx, t, s, stranger.cosign(one.cosign(older, 100), 101))
		got := mustCosign(ctx, t, s, two.cosign(older, 200))
		again := mustCosign(ctx, t, s, one.cosign(older, 300))
		want := []ledger.Cosignature{{Witness: "one", Seconds: 100}, {Witness: "two.example/w", Seconds: 200}}
		if diff := cmp.Diff(want, got.Cosignatures); diff != "" || got.Size != 20 || !cmp.Equal(got, again) {
			t.Errorf("%s%+v, %+v", diff, got, again)
		}
		if string(got.Note) != string(two.cosign(one.cosign(older, 100), 200)) {
			t.Errorf("the note is %s", got.Note)
		}
		latest, err := s.LatestCosigned(ctx)
		if err != nil || latest == nil || !cmp.Equal(*latest, got) {
			t.Errorf("the latest is %+v, %v", latest, err)
		}
		if report := mustVerify(t, w, store, got.Note); report.Found != 0 {
			t.Errorf("%+v", report.Findings)
		}
		now, err := s.Checkpoint(ctx)
		if err != nil {
			t.Fatal(err)
		}
		mustCosign(ctx, t, s, two.cosign(now.Signed, 400))
		mustCosign(ctx, t, s, two.cosign(older, 500))
		if latest, err = s.LatestCosigned(ctx); err != nil || latest.Size != ledgerSize {
			t.Errorf("the latest is %+v, %v", latest, err)
		}
	})
}

func TestAddCosignatures_AtOnceByTwoServers_LosesNone(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		var of []*cosigner
		for n := range 6 {
			of = append(of, newCosigner(fmt.Sprint("w", n)))
		}
		_, s, ctx, older := witnessed(t, w, of...)
		var wg sync.WaitGroup
		errs := make([]error, len(of))
		for n := range of {
			wg.Go(func() { _, errs[n] = s.AddCosignatures(ctx, of[n].cosign(older, 7)) })
		}
		wg.Wait()
		latest, err := s.LatestCosigned(ctx)
		if err := errors.Join(append(errs, err)...); err != nil || len(latest.Cosignatures) != len(of) {
			t.Errorf("%+v, %v", latest, err)
		}
	})
}

func TestAddCosignatures_WhatProvesNothing_IsRefused(t *testing.T) {
	w, other := newWorld(t, "sqlite"), newWorld(t, "sqlite")
	one, stranger := newCosigner("one"), newCosigner("stranger")
	_, s, ctx, older := witnessed(t, w, one)
	_, _, _, foreign := recorded(t, other)
	beyond := signedAt(t, w.keys, ledgerSize+1)
	forged := signedAt(t, w.keys, 20)
	for name, c := range map[string]struct {
		note []byte
		want fault.Code
		says string
	}{
		"nothing":           {nil, fault.InvalidRequest, "not a checkpoint of this ledger"},
		"no witness":        {older, fault.InvalidRequest, "--witness-key"},
		"stranger":          {stranger.cosign(older, 1), fault.InvalidRequest, "--witness-key"},
		"another ledger":    {one.cosign(foreign, 1), fault.InvalidRequest, "not a checkpoint of this ledger"},
		"another's line":    {append(slices.Clone(older), strings.TrimPrefix(string(one.cosign(forged, 1)), string(forged))...), fault.InvalidRequest, "one of its signatures"},
		"beyond the ledger": {one.cosign(beyond, 1), fault.PositionUnknown, "has only"},
		"another history":   {one.cosign(forged, 1), fault.InvalidRequest, "other events"},
		"no events":         {one.cosign(signedAt(t, w.keys, 0), 1), fault.InvalidRequest, "empty ledger"},
		"in the future":     {one.cosign(older, w.clock.Now().Unix()+120), fault.InvalidRequest, "in the future"},
	} {
		_, err := s.AddCosignatures(ctx, c.note)
		wantFault(t, err, c.want)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if latest, err := s.LatestCosigned(ctx); latest != nil || err != nil {
		t.Errorf("stored: %+v, %v", latest, err)
	}
	department := access.WithCaller(t.Context(), access.Caller{Client: access.Client{ID: "x", Department: "marketing", Scopes: []access.Scope{access.ScopeRead}}})
	_, err := s.AddCosignatures(department, one.cosign(older, 1))
	wantFault(t, err, fault.OtherDepartment)
	_, err = s.LatestCosigned(access.WithCaller(t.Context(), access.Caller{Client: access.Client{ID: "x", Scopes: []access.Scope{access.ScopeCheck}}}))
	wantFault(t, err, fault.ScopeMissing)
}

// signedAt signs a checkpoint with an invented root.
func signedAt(t *testing.T, keys *seal.Keys, size int64) []byte {
	t.Helper()
	c, err := checkpoint.Signed(keys, checkpoint.Checkpoint{Checkpoint: ledger.Checkpoint{
		Origin: ledger.Origin(keys.StoreID()), Size: size, Root: [ledger.HashSize]byte{9},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c.Signed
}

func TestVerify_StoredCosignedCheckpoints_AreHeldAgainstTheTree(t *testing.T) {
	one := newCosigner("one")
	for name, c := range map[string]struct {
		note func(keys *seal.Keys) []byte
		size int64
		want where
	}{
		"another history": {func(k *seal.Keys) []byte { return one.cosign(signedAt(t, k, 20), 1) }, 20, where{audit.FindingAnotherHistory, 1, 20}},
		"truncated":       {func(k *seal.Keys) []byte { return one.cosign(signedAt(t, k, 30), 1) }, 30, where{audit.FindingTruncated, 26, 30}},
		"another size":    {func(k *seal.Keys) []byte { return one.cosign(signedAt(t, k, 20), 1) }, 19, where{audit.FindingCheckpoint, 0, 0}},
		"altered":         {func(*seal.Keys) []byte { return []byte("nonsense") }, 3, where{audit.FindingCheckpoint, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, w *world) {
				store, s, ctx, _ := witnessed(t, w, one)
				w.raw().exec("INSERT INTO checkpoints (size, note) VALUES ($1, $2)", c.size, string(c.note(w.keys)))
				report := mustVerify(t, w, store)
				if report.Found != 1 || (where{report.Findings[0].Kind, report.Findings[0].From, report.Findings[0].To}) != c.want {
					t.Errorf("%+v", report.Findings)
				}
				if _, err := s.LatestCosigned(ctx); err == nil || errors.As(err, new(*fault.Error)) {
					t.Errorf("it is shown, or taken for the caller's fault: %v", err)
				}
			})
		})
	}
}

// keeping is a directory as the service sees it.
type keeping struct {
	sizes []int64
	fails error
}

func (k *keeping) Append([]kept.Erasure) error { return k.fails }

func (k *keeping) KeepCheckpoint(_ context.Context, size int64, _ []byte) error {
	k.sizes = append(k.sizes, size)
	return k.fails
}

func TestCheckpoint_IsKept_AndAnsweredEvenWhereItCannotBe(t *testing.T) {
	w := newWorld(t, "sqlite")
	store, _, ctx, _ := recorded(t, w)
	k := &keeping{}
	s, err := New(t.Context(), store, w.keys, Options{Now: w.clock.Now, Logger: slog.New(slog.DiscardHandler), Kept: k})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if _, err := s.Checkpoint(ctx); err != nil {
		t.Error(err)
	}
	k.fails = errors.New("full")
	if c, err := s.Checkpoint(ctx); err != nil || c.Size != ledgerSize {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := s.TakeCheckpoint(ctx); !errors.Is(err, k.fails) {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff([]int64{ledgerSize, ledgerSize, ledgerSize}, k.sizes); diff != "" {
		t.Error(diff)
	}
}

func TestCompare_SaysHowTheLedgerStandsToACheckpoint(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		_, s, ctx, older := recorded(t, w)
		for name, c := range map[string]struct {
			note []byte
			want checkpoint.Standing
		}{
			"holds":   {older, checkpoint.StandingHolds},
			"behind":  {signedAt(t, w.keys, ledgerSize+1), checkpoint.StandingBehind},
			"differs": {signedAt(t, w.keys, 20), checkpoint.StandingDiffers},
			"head":    {signedAt(t, w.keys, ledgerSize), checkpoint.StandingDiffers},
		} {
			if got, err := s.Compare(ctx, c.note); err != nil || got.Standing != c.want || got.Position != ledgerSize {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
		if _, err := s.Compare(ctx, []byte("nonsense")); !errors.Is(err, ledger.ErrSignature) {
			t.Errorf("got %v", err)
		}
	})
}
