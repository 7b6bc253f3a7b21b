package service

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // The form of the list.
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/extlists"
	"github.com/assent-io/assent/internal/service/txn"
)

// ecgFile is a file of the ECG list.
func ecgFile(entries ...string) []byte {
	var file []byte
	for _, entry := range entries {
		sum := sha1.Sum([]byte(entry)) //nolint:gosec // As above.
		file = append(file, sum[:]...)
	}
	return file
}

// customer records a grant that only a list that binds existing customers stops.
func (w *world) customer(ctx context.Context, s *Service, address string) {
	w.t.Helper()
	w.mustRecord(ctx, s, statement.Statement{
		Kind: consent.KindGrant, Address: address, Channels: []string{"product-marketing"}, Basis: catalog.BasisExistingCustomer,
		Source: consent.SourceInPerson, TransactionID: "order-7", Notice: true, Goods: []string{"coffee"},
		Occurred: consent.InstantOf(start.Add(-48 * time.Hour)),
	})
}

// ecg creates a list that binds existing customers and denies after a week.
func (w *world) ecg(ctx context.Context, s *Service) {
	w.t.Helper()
	if _, err := s.CreateList(ctx, extlists.NewList{
		ID: "ecg", Name: "ECG-Liste", Binds: consent.BindsExistingCustomer, Form: extlist.ECGFile, Freshness: "P7D",
	}); err != nil {
		w.t.Fatalf("create a list: %v", err)
	}
}

func (w *world) upload(ctx context.Context, s *Service, file []byte) extlists.Version {
	w.t.Helper()
	v, err := s.UploadVersion(ctx, extlists.Upload{List: "ecg", File: bytes.NewReader(file)})
	if err != nil {
		w.t.Fatalf("upload: %v", err)
	}
	return v
}

func (w *world) activate(ctx context.Context, s *Service, version int64, confirm bool) extlists.Activated {
	w.t.Helper()
	done, err := s.ActivateVersion(ctx, extlists.Activate{List: "ecg", Version: version, Confirm: confirm})
	if err != nil {
		w.t.Fatalf("activate version %d: %v", version, err)
	}
	return done
}

func (w *world) wantCheckAsOf(ctx context.Context, s *Service, address string, at time.Time, want consent.Code) {
	w.t.Helper()
	got, err := s.Check(ctx, check.Input{
		Address: address, Request: consent.Request{Channel: "product-marketing"}, Moment: asof.Moment{AsOf: consent.InstantOf(at)},
	})
	if err != nil || got.Reason != want {
		w.t.Errorf("as of %s: got %s, want %s: %v", at, got.Reason, want, err)
	}
}

func TestExternalList_Activated_IsConsultedByEveryServerAtOnce_AndOldVersionsForThePast(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		other := w.service(s.Store, 0)
		w.byStore = true
		bare := w.service(s.Store, 0)
		servers := []*Service{s, other, bare}
		const hans, anna, dora = "hans@firma.example", "anna@gast.example", "dora@sub.gast.example"
		for _, address := range []string{hans, anna, dora} {
			w.customer(ctx, s, address)
		}
		want := func(address string, code consent.Code) {
			t.Helper()
			for _, on := range servers {
				w.wantCheck(ctx, on, "product-marketing", address, code)
			}
		}
		w.ecg(ctx, s)
		first := w.upload(ctx, s, ecgFile(hans, "@gast.example", hans))
		if first.Version != 1 || first.Entries != 2 {
			t.Fatalf("the version is %+v", first)
		}
		want(hans, consent.CodeAllowCustomer)
		w.clock.Advance(time.Hour)
		done := w.activate(ctx, other, 0, true)
		want(hans, consent.CodeExternalList)
		want(anna, consent.CodeExternalList)
		want(dora, consent.CodeAllowCustomer)
		w.clock.Advance(time.Hour)
		if again := w.activate(ctx, s, 1, true); !again.Unchanged || again.Position != done.Position {
			t.Errorf("activated twice: %+v, want position %d", again, done.Position)
		}
		second := w.upload(ctx, bare, ecgFile("@gast.example", "@neu.example"))
		w.clock.Advance(time.Hour)
		w.activate(ctx, bare, second.Version, true)
		want(hans, consent.CodeAllowCustomer)
		want(anna, consent.CodeExternalList)
		w.clock.Advance(time.Hour)
		for _, on := range servers {
			w.wantCheckAsOf(ctx, on, hans, start.Add(30*time.Minute), consent.CodeAllowCustomer)
			w.wantCheckAsOf(ctx, on, hans, start.Add(90*time.Minute), consent.CodeExternalList)
			w.wantCheckAsOf(ctx, on, hans, start.Add(3*time.Hour+time.Minute), consent.CodeAllowCustomer)
		}
		w.clock.Advance(7 * 24 * time.Hour)
		want(hans, consent.CodeListStale)
		want(anna, consent.CodeExternalList)
		l, err := s.GetList(ctx, "ecg")
		if err != nil || l.Active != 2 || len(l.Versions) != 2 || l.Versions[1].Position != done.Position {
			t.Errorf("the list is %+v, %v", l, err)
		}
		w.mustVerify(s, 0, 0)
	})
}

func TestCheck_AllowUnderAList_IsValidUntilTheListIsStaleAtTheLatest(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, ctx := w.acme()
	w.customer(ctx, s, "hans@firma.example")
	w.ecg(ctx, s)
	v, err := s.UploadVersion(ctx, extlists.Upload{
		List: "ecg", File: bytes.NewReader(ecgFile("@gast.example")), Obtained: consent.InstantOf(start.Add(time.Minute - 7*24*time.Hour)),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.activate(ctx, s, v.Version, false)
	got := w.wantCheck(ctx, s, "product-marketing", "hans@firma.example", consent.CodeAllowCustomer)
	if want := consent.InstantOf(start.Add(time.Minute)); got.ValidUntil != want || v.Stale != want {
		t.Errorf("valid until %s, and stale from %s, want %s", got.ValidUntil, v.Stale, want)
	}
}

func TestActivateVersion_ThatLooksLikeAnotherFile_NeedsAnOfficer(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.ecg(ctx, s)
		var entries []string
		for i := range 20 {
			entries = append(entries, fmt.Sprintf("p%d@firma.example", i))
		}
		var others []string
		for i := range 5 {
			others = append(others, fmt.Sprintf("q%d@firma.example", i))
		}
		w.activate(ctx, s, w.upload(ctx, s, ecgFile(entries...)).Version, false)
		sync := w.as(ctx, s, administration.NewClient{ID: "lists", AllDepartments: true, Scopes: []string{string(access.ScopeSuppress)}})
		for name, file := range map[string][]byte{
			"fewer": ecgFile(entries[:15]...), "as many, most of them others": ecgFile(append(entries[:15:15], others...)...), "others": ecgFile(strings.Split(strings.Repeat("x@y.example z@y.example ", 1), " ")...),
		} {
			v := w.upload(ctx, s, file)
			if _, err := s.ActivateVersion(ctx, extlists.Activate{List: "ecg", Version: v.Version}); !fault.Is(err, fault.ListShrinks) {
				t.Errorf("%s: %v", name, err)
			}
			_, err := s.ActivateVersion(sync, extlists.Activate{List: "ecg", Version: v.Version, Confirm: true})
			if !fault.Is(err, fault.ScopeMissing) {
				t.Errorf("%s, confirmed by no officer: %v", name, err)
			}
		}
		w.activate(ctx, s, w.upload(ctx, s, ecgFile(entries[:16]...)).Version, false) // A fifth less.
		w.activate(ctx, s, w.upload(ctx, s, ecgFile(entries[:4]...)).Version, true)
	})
}

func TestActivateVersion_ManyTimes_KeepsFewVersionsInMemory(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, ctx := w.acme()
	w.ecg(ctx, s)
	var entries []string
	for i := range 40 {
		entries = append(entries, fmt.Sprintf("p%d@firma.example", i))
	}
	w.activate(ctx, s, w.upload(ctx, s, ecgFile(entries...)).Version, false)
	w.customer(ctx, s, "p1@firma.example")
	w.wantCheck(ctx, s, "product-marketing", "p1@firma.example", consent.CodeExternalList)
	one := s.reference.Lists.Bytes()
	for i := range 10 {
		v := w.upload(ctx, s, ecgFile(entries[:10+i]...))
		if _, err := s.ActivateVersion(ctx, extlists.Activate{List: "ecg", Version: v.Version}); !fault.Is(err, fault.ListShrinks) {
			t.Fatal(err)
		}
	}
	if got := s.reference.Lists.Bytes(); got != one {
		t.Errorf("the versions in memory take %d bytes, and the one in force %d", got, one)
	}
	for i := range 10 {
		w.clock.Advance(time.Hour)
		w.activate(ctx, s, w.upload(ctx, s, ecgFile(entries[i:]...)).Version, true)
		want := consent.CodeAllowCustomer
		if i <= 1 {
			want = consent.CodeExternalList
		}
		w.wantCheck(ctx, s, "product-marketing", "p1@firma.example", want)
	}
	if got := s.reference.Lists.Bytes(); got > 3*one {
		t.Errorf("after ten activations the versions in memory take %d bytes, and the first alone %d: more than two others are there", got, one)
	}
}

func TestUploadVersion_WhatIsNoList_IsRefused_AndNothingIsStored(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.ecg(ctx, s)
		broken := errors.New("the connection broke")
		for name, test := range map[string]struct {
			list string
			file []byte
			want fault.Code
		}{
			"cut off":   {"ecg", ecgFile("a@b.example", "c@d.example")[:39], fault.InvalidList},
			"empty":     {"ecg", nil, fault.InvalidList},
			"a page":    {"ecg", []byte("<html>" + strings.Repeat(" ", 54)), fault.InvalidList},
			"of none":   {"none", ecgFile("a@b.example"), fault.ListMissing},
			"no reason": {"", ecgFile("a@b.example"), fault.ListMissing},
		} {
			if _, err := s.UploadVersion(ctx, extlists.Upload{List: test.list, File: bytes.NewReader(test.file)}); !fault.Is(err, test.want) {
				t.Errorf("%s: %v, want %s", name, err, test.want)
			}
		}
		if _, err := s.UploadVersion(ctx, extlists.Upload{List: "ecg", File: iotest.ErrReader(broken)}); !errors.Is(err, broken) {
			t.Errorf("a broken upload: %v", err)
		}
		future := extlists.Upload{List: "ecg", File: bytes.NewReader(ecgFile("a@b.example")), Obtained: consent.InstantOf(start.Add(time.Hour))}
		if _, err := s.UploadVersion(ctx, future); !fault.Is(err, fault.TimeInFuture) {
			t.Errorf("obtained in the future: %v", err)
		}
		if l, err := s.GetList(ctx, "ecg"); err != nil || len(l.Versions) != 0 || l.Active != 0 {
			t.Errorf("the list is %+v, %v", l, err)
		}
		if _, err := s.ActivateVersion(ctx, extlists.Activate{List: "ecg"}); !fault.Is(err, fault.ListMissing) {
			t.Errorf("activated without a version: %v", err)
		}
	})
}

func TestCreateList_WrongOrTwice_IsRefused(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, ctx := w.acme()
	w.ecg(ctx, s)
	right := extlists.NewList{ID: "robinson", Name: "Robinson", Binds: consent.BindsAll, Form: extlist.SHA256, Freshness: "P1M"}
	for want, change := range map[string]func(n *extlists.NewList){
		"id": func(n *extlists.NewList) { n.ID = "No Id" }, "name": func(n *extlists.NewList) { n.Name = " " },
		"binds": func(n *extlists.NewList) { n.Binds = "some" }, "form": func(n *extlists.NewList) { n.Form = "crc32" },
		"freshness": func(n *extlists.NewList) { n.Freshness = "a week" }, "whenStale": func(n *extlists.NewList) { n.WhenStale = "allow" },
	} {
		wrong := right
		change(&wrong)
		_, err := s.CreateList(ctx, wrong)
		var refused *fault.Error
		if !errors.As(err, &refused) || refused.Code != fault.InvalidList || refused.Field != want {
			t.Errorf("with a wrong %s: %v", want, err)
		}
	}
	once := right
	once.Idempotency = txn.Idempotency{ID: [16]byte{1}, Method: "CreateList", Body: []byte("x")}
	for range 2 {
		if l, err := s.CreateList(ctx, once); err != nil || !l.StaleDenies || l.Created == 0 {
			t.Errorf("created as %+v, %v", l, err)
		}
	}
	if _, err := s.CreateList(ctx, right); !fault.Is(err, fault.ListExists) {
		t.Errorf("created twice: %v", err)
	}
	shop := w.as(ctx, s, administration.NewClient{ID: "shop", Department: "marketing", Scopes: []string{string(access.ScopeSuppress)}})
	if _, err := s.CreateList(shop, extlists.NewList{
		ID: "own", Name: "own", Binds: consent.BindsAll, Form: extlist.MD5,
	}); !fault.Is(err, fault.OtherDepartment) {
		t.Errorf("created by a department: %v", err)
	}
	if all, err := s.ListLists(ctx, 10, ""); err != nil || len(all.Lists) != 2 || all.Lists[0].ID != "ecg" || all.Next != "" {
		t.Errorf("the lists are %+v, %v", all, err)
	}
}
