package service

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/record"
)

// A file has the data of one person only. That a link ended says that the other address is not of this person; the address itself, and what
// an officer wrote about it, is that other person's.
func TestExport_LinkThatDoesNotHold_IsToldWithoutTheOtherAddress(t *testing.T) {
	const asked, dotted, plain, twin = "anna@firma.example", "a.b@gmail.com", "ab@gmail.com", "anna@straße-twin.at"
	at := func(kind consent.Kind, address, with string, days int) statement.Statement {
		st := daysAgo(linking(kind, address, with), days)
		st.Justification = "written of " + with
		return st
	}
	for name, c := range map[string]struct {
		asked     string
		recorded  []statement.Statement // in this order
		want      []string
		nowhere   []string
		forReader []string // the other addresses in the history for a client of one department
	}{
		"holds": {asked, []statement.Statement{at(consent.KindLink, asked, dotted, 3)}, []string{dotted}, nil, []string{dotted}},
		"ended by another spelling": {
			asked,
			[]statement.Statement{at(consent.KindLink, asked, dotted, 3), at(consent.KindUnlink, asked, plain, 2)},
			nil,
			[]string{dotted, plain},
			[]string{"", ""},
		},
		"ended before it arrived": {
			asked, []statement.Statement{
				at(consent.KindLink, asked, plain, 9), at(consent.KindUnlink, asked, plain, 3), at(consent.KindLink, asked, plain, 5),
			}, nil, []string{plain}, []string{"", "", ""},
		},
		"made after the end that arrived first": {
			asked,
			[]statement.Statement{at(consent.KindUnlink, asked, plain, 5), at(consent.KindLink, asked, plain, 3)},
			[]string{plain},
			nil,
			[]string{plain, plain},
		},
		"made anew with another spelling of the mailbox": {
			asked,
			[]statement.Statement{at(consent.KindLink, asked, dotted, 5), at(consent.KindLink, asked, plain, 3)},
			[]string{dotted, plain},
			nil,
			[]string{dotted, plain},
		},
		"made anew with the twin of the domain": {
			asked,
			[]statement.Statement{at(consent.KindLink, asked, twin, 5), at(consent.KindLink, asked, "anna@strasse-twin.at", 3)},
			[]string{"anna@strasse-twin.at"},
			[]string{twin, "xn--strae-twin-83a"},
			[]string{"", "anna@strasse-twin.at"},
		},
		"ended for the twin of the domain": {
			twin,
			[]statement.Statement{at(consent.KindLink, twin, plain, 3), at(consent.KindUnlink, "anna@strasse-twin.at", plain, 2)},
			nil,
			[]string{plain, "strasse-twin", "COMPLAINT"},
			[]string{""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, w *world) {
				s, ctx := w.acme()
				desk := w.as(ctx, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"read", "export"}})
				for _, st := range c.recorded {
					if got, err := s.BatchRecord(ctx, record.Batch{Items: []record.BatchItem{{Statement: st}}}); err != nil || got[0].Err != nil {
						t.Fatalf("%+v, %v", got, err)
					}
					w.clock.Advance(time.Second)
				}
				w.mustRecord(ctx, s, suppressing(plain, consent.ReasonComplaint, start))
				if diff := cmp.Diff(c.want, dossierOf(ctx, t, s, c.asked).Subject.Linked); diff != "" {
					t.Error(diff)
				}
				file := everyFormat(ctx, t, s, export.Input{Address: c.asked}) + fileOf(desk, t, s, export.Input{Address: c.asked, Format: export.JSON})
				wantWithout(t, file, c.nowhere...)
				if got := othersIn(ctx, t, s, c.asked); len(got) != len(c.forReader) || len(got) > 0 && got[0] == "" {
					t.Errorf("an officer is told of %q", got)
				}
				if diff := cmp.Diff(c.forReader, othersIn(desk, t, s, c.asked)); diff != "" {
					t.Errorf("a client of one department is told of %s", diff)
				}
			})
		})
	}
}

// othersIn returns the other addresses of the links and their ends in the history of an address.
func othersIn(ctx context.Context, t *testing.T, s *Service, address string) []string {
	t.Helper()
	page, err := s.History(ctx, export.HistoryInput{Address: address, Size: 10, HistoryFilter: export.HistoryFilter{Kinds: []string{"link", "unlink"}}})
	if err != nil {
		t.Fatal(err)
	}
	var others []string
	for i := range page.Events {
		others = append(others, page.Events[i].Evidence.Other)
	}
	return others
}

// A file for one department leaves out what the others recorded. That is no sign of another person at the twin of the domain: what is counted
// for the folded form is told.
func TestExport_OfADepartment_AtADomainThatHasATwin_NamesWhoLearntOfTheAddress(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const own, twin = "max@straße-twin.at", "max@strasse-twin.at"
		desk := w.as(ctx, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"check", "export"}})
		refused := func(address string) statement.Statement {
			return statement.Statement{Kind: consent.KindRefuse, Address: address, Channels: []string{"product-marketing"}}
		}
		w.mustRecord(ctx, s, refused(own))
		w.wantCheck(desk, s, "newsletter", own, consent.CodeNoLegalBasis)
		learnt := func() int {
			t.Helper()
			var d dossier.Dossier
			if err := json.Unmarshal([]byte(fileOf(desk, t, s, export.Input{Address: own})), &d); err != nil {
				t.Fatal(err)
			}
			return len(d.Disclosures)
		}
		if n := learnt(); n != 1 {
			t.Errorf("%d disclosures are told", n)
		}
		w.mustRecord(ctx, s, refused(twin))
		if n := learnt(); n != 0 {
			t.Errorf("%d disclosures are told that may be of another person", n)
		}
	})
}
