package service

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/retention"
	"github.com/assent-io/assent/internal/service/txn"
)

// twoControllers returns a service whose catalog has the department press of one controller and sales of another, a context of all
// rights, and one of an officer of press.
func (w *world) twoControllers() (s *Service, admin, press context.Context) {
	w.t.Helper()
	document, err := os.ReadFile("../scenario/testdata/catalogs/lab.yaml")
	if err != nil {
		w.t.Fatal(err)
	}
	s = w.service(w.store(), 0)
	admin = access.WithCaller(w.t.Context(), access.Process("test"))
	if _, err := s.ApplyCatalog(admin, administration.ApplyCatalog{Document: string(document)}); err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	return s, admin, w.as(admin, s, administration.NewClient{ID: "press", Department: "press", Role: "officer"})
}

// saidTo is a consent to the controller of the channel.
func saidTo(channel, address string, at time.Time) statement.Statement {
	st := consentOn(channel, address, at)
	st.Declaration = consent.Declaration{ID: "all", Version: "1"}
	return st
}

func TestErase_ByClientOfOneDepartment_WithDataOfAnotherController_IsRefusedAndRecordsNothing(t *testing.T) {
	of := func(kind consent.Kind, channel string) statement.Statement {
		st := statement.Statement{Kind: kind, Channels: []string{channel}, Source: consent.SourceWebForm}
		if kind == consent.KindRequest {
			st.Declaration = consent.Declaration{ID: "all", Version: "1"}
		}
		return st
	}
	noted := func(st statement.Statement) statement.Statement {
		st.Note = "said on the telephone"
		return st
	}
	objection := func(scope consent.Scope) statement.Statement {
		return noted(statement.Statement{Kind: consent.KindSuppress, Reason: consent.ReasonObjection, Scope: scope})
	}
	for name, c := range map[string]struct {
		said    statement.Statement
		refused bool
		by      string // the department of the client that records it; empty: a client of all
	}{
		"a grant to the other":                   {saidTo("shop", "", start), true, ""},
		"a request of the other":                 {of(consent.KindRequest, "shop"), true, ""},
		"a withdrawal from the other":            {noted(of(consent.KindWithdraw, "shop")), true, ""},
		"a refusal towards the other":            {noted(of(consent.KindRefuse, "shop")), true, ""},
		"an objection to the other":              {objection("controller:beta"), true, ""},
		"an objection to its department":         {objection("department:sales"), true, ""},
		"a grant to the own":                     {saidTo("news", "", start), false, ""},
		"a withdrawal from the own":              {noted(of(consent.KindWithdraw, "news")), false, ""},
		"an objection to all":                    {objection(consent.ScopeMarketing), false, ""},
		"an objection to the own":                {objection("controller:alpha"), false, ""},
		"a grant to the other after the time":    {saidTo("shop", "", start.Add(2*time.Hour)), true, ""}, // or the time could be tried out
		"an objection to all, told to the other": {objection(consent.ScopeMarketing), true, "sales"},
		"a lift for the department of the other": {noted(statement.Statement{
			Kind: consent.KindLift, Reason: consent.ReasonObjection, Scope: "department:sales", Justification: "it was a mistake",
		}), true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, w *world) {
				s, admin, press := w.twoControllers()
				w.clock.Advance(time.Hour)
				said := c.said
				said.Address = anna
				if said.Occurred > consent.InstantOf(w.clock.Now()) {
					w.clock.Advance(4 * time.Hour)
				}
				said.Occurred = max(said.Occurred, consent.InstantOf(start))
				by := admin
				if c.by != "" {
					by = w.client(admin, s, "clerk", c.by)
				}
				results, err := s.BatchRecord(by, record.Batch{Items: []record.BatchItem{{Statement: said}}})
				if err != nil || results[0].Err != nil {
					t.Fatalf("%+v, %v", results, err)
				}
				w.clock.Advance(time.Second)
				before := positions(t, s.Store)
				erase := statement.Statement{Kind: consent.KindErase, Address: anna, Occurred: consent.InstantOf(start.Add(time.Hour))}
				for _, validateOnly := range []bool{true, false} {
					results, err := s.BatchRecord(press, record.Batch{Items: []record.BatchItem{{Statement: erase}}, ValidateOnly: validateOnly})
					if err != nil || (results[0].Err != nil) != c.refused || c.refused && results[0].Err.Code != fault.OtherController {
						t.Errorf("imported, validate only %t: %+v, %v", validateOnly, results, err)
					}
				}
				_, err = s.Record(press, erase, txn.Idempotency{})
				if !c.refused {
					if err != nil {
						t.Errorf("the erasure of what is the department's own: %v", err)
					}
					return
				}
				wantFault(t, err, fault.OtherController)
				if positions(t, s.Store) != before {
					t.Error("something was recorded")
				}
				w.mustRecord(admin, s, statement.Statement{Kind: consent.KindErase, Address: anna}) // An officer of all departments decides.
				w.mustRecord(press, s, erase)                                                       // Nothing is left that another controller could lose.
				sound(t, w, s)
			})
		})
	}
}

func TestErasePending_ByClientOfOneDepartment_IsPutOffWhereAnotherControllerRecordedSince(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin, press := w.twoControllers()
		erase := statement.Statement{Kind: consent.KindErase, Address: anna, Occurred: consent.InstantOf(start)}
		take := func(ctx context.Context, st statement.Statement) {
			t.Helper()
			results, err := s.BatchRecord(ctx, record.Batch{Items: []record.BatchItem{{Statement: st}}})
			if err != nil || results[0].Err != nil {
				t.Fatalf("%+v, %v", results, err)
			}
			w.clock.Advance(time.Second)
		}
		take(press, erase)
		take(admin, saidTo("shop", anna, start.Add(-time.Hour)))
		for _, dry := range []bool{true, false} {
			wantRetention(admin, t, s, dry, map[string]int64{retention.ErasuresHeld: 1})
		}
		for _, dry := range []bool{true, false} {
			if done, err := s.ErasePending(admin, dry); err != nil || len(done.Erased) != 0 || len(done.Held) != 1 {
				t.Errorf("dry run %t: %+v, %v", dry, done, err)
			}
		}
		w.wantCheck(admin, s, "shop", anna, consent.CodeErased)
		if subjectsOf(t, s, anna)[consent.FormExact] == (consent.SubjectID{}) {
			t.Error("the consent to the other controller was erased")
		}
		w.mustRecord(admin, s, erase)
		if done, err := s.ErasePending(admin, false); err != nil || len(done.Erased) != 0 || len(done.Held) != 0 {
			t.Errorf("after an officer of all departments erased: %+v, %v", done, err)
		}
		sound(t, w, s)
	})
}

func TestErase_DepartmentThatCameToAnotherController_IsRefusedWithWhatTheFirstOneRecorded(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin, press := w.twoControllers()
		w.mustRecord(admin, s, saidTo("news", anna, start))
		document, err := s.GetCatalog(admin, 0)
		if err != nil {
			t.Fatal(err)
		}
		moved := strings.Replace(document.Document, "de: Presse}, controller: alpha", "de: Presse}, controller: beta", 1)
		if _, err := s.ApplyCatalog(admin, administration.ApplyCatalog{Document: moved}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		_, err = s.Record(press, statement.Statement{Kind: consent.KindErase, Address: anna}, txn.Idempotency{})
		wantFault(t, err, fault.OtherController)
	})
}
