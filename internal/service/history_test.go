package service

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/export"
)

func TestHistory_Filters_LetThroughWhatFitsAllOfThem(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		shop := w.as(admin, s, administration.NewClient{ID: "shop", AllDepartments: true, Role: "sender"})
		const anna = "anna@example.at"
		day := func(n int) consent.Instant { return consent.InstantOf(start.Add(time.Duration(n-10) * 24 * time.Hour)) }
		at := func(st statement.Statement, n int) statement.Statement {
			st.Occurred = day(n)
			return st
		}
		w.mustRecord(shop, s, consentOn("newsletter", anna, day(1).Time()))                                                                                     // 2
		w.mustRecord(admin, s, at(withdrawal("newsletter", anna), 2))                                                                                           // 3
		w.mustRecord(shop, s, consentOn("product-marketing", anna, day(3).Time()))                                                                              // 4
		w.mustRecord(admin, s, at(withdrawal("product-marketing", anna), 4))                                                                                    // 5
		w.mustRecord(shop, s, at(statement.Statement{Kind: consent.KindSuppress, Address: anna, Reason: consent.ReasonManual, Scope: "channel:newsletter"}, 5)) // 6
		w.mustRecord(shop, s, at(statement.Statement{Kind: consent.KindSuppress, Address: anna, Reason: consent.ReasonObjection}, 6))                           // 7
		w.mustRecord(admin, s, at(statement.Statement{Kind: consent.KindLift, Address: anna, Reason: consent.ReasonObjection}, 7))                              // 8
		for name, c := range map[string]struct {
			filter export.HistoryFilter
			want   []int64
		}{
			"none":                 {export.HistoryFilter{}, []int64{2, 3, 4, 5, 6, 7, 8}},
			"since, inclusive":     {export.HistoryFilter{Since: day(4)}, []int64{5, 6, 7, 8}},
			"just after":           {export.HistoryFilter{Since: day(4) + 1}, []int64{6, 7, 8}},
			"until, exclusive":     {export.HistoryFilter{Until: day(4)}, []int64{2, 3, 4}},
			"until just after":     {export.HistoryFilter{Until: day(4) + 1}, []int64{2, 3, 4, 5}},
			"between":              {export.HistoryFilter{Since: day(3), Until: day(5)}, []int64{4, 5}},
			"one kind":             {export.HistoryFilter{Kinds: []string{"grant"}}, []int64{2, 4}},
			"two kinds":            {export.HistoryFilter{Kinds: []string{"suppress", "grant"}}, []int64{2, 4, 6, 7}},
			"channel or its scope": {export.HistoryFilter{Channel: "newsletter"}, []int64{2, 3, 6}},
			"actor":                {export.HistoryFilter{Actor: "test"}, []int64{3, 5, 8}},
			"no such actor":        {export.HistoryFilter{Actor: "nobody"}, nil},
			"all together":         {export.HistoryFilter{Since: day(1), Until: day(9), Kinds: []string{"grant"}, Channel: "newsletter", Actor: "shop"}, []int64{2}},
		} {
			for _, size := range []int{1, 2, 100} {
				var got []int64
				in := export.HistoryInput{Address: anna, HistoryFilter: c.filter, Size: size}
				for pages := 0; ; pages++ {
					page, err := s.History(admin, in)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					if pages > 0 && len(page.Events) == 0 {
						t.Errorf("%s: an empty page follows", name)
					}
					for _, e := range page.Events {
						got = append(got, e.Position)
					}
					if in.Token = page.Next; in.Token == "" {
						break
					}
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Errorf("%s, by %d: %s", name, size, diff)
				}
			}
		}
	})
}

func TestHistory_TokenOfAnotherFilter_IsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const anna = "anna@example.at"
		for i := range 3 {
			w.mustRecord(ctx, s, consentOn("newsletter", anna, start.Add(time.Duration(-i)*time.Minute)))
		}
		first := export.HistoryInput{Address: anna, Size: 1, HistoryFilter: export.HistoryFilter{
			Since: 1, Until: consent.MaxInstant, Kinds: []string{"grant", "withdraw"}, Channel: "newsletter", Actor: "test",
		}}
		page, err := s.History(ctx, first)
		if err != nil || page.Next == "" {
			t.Fatalf("got %+v, %v", page, err)
		}
		for i, change := range []func(f *export.HistoryFilter){
			func(f *export.HistoryFilter) { f.Since++ },
			func(f *export.HistoryFilter) { f.Until-- },
			func(f *export.HistoryFilter) { f.Kinds = []string{"grant"} },
			func(f *export.HistoryFilter) { f.Kinds = []string{"grant withdraw"} },
			func(f *export.HistoryFilter) { f.Channel = "" },
			func(f *export.HistoryFilter) { f.Actor = "" },
			func(f *export.HistoryFilter) { *f = export.HistoryFilter{} },
		} {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				other := first
				other.Token = page.Next
				change(&other.HistoryFilter)
				_, err := s.History(ctx, other)
				wantFault(t, err, fault.InvalidPageToken)
			})
		}
		// The order in which kinds are given is no other filter.
		first.Kinds, first.Token = []string{"withdraw", "grant", "grant"}, page.Next
		if next, err := s.History(ctx, first); err != nil || len(next.Events) != 1 {
			t.Errorf("got %+v, %v", next, err)
		}
	})
}

func TestHistory_FilterThatCannotFit_IsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		in := export.HistoryInput{Address: "anna@example.at", Size: 1}
		in.Since, in.Until = 5, 5
		_, err := s.History(ctx, in)
		wantFault(t, err, fault.InvalidTime)
		in.Since, in.Until, in.Channel = 0, 0, "newsleter"
		_, err = s.History(ctx, in)
		wantFault(t, err, fault.UnknownChannel)
	})
}

// The client that recorded an event is not told where it is of another controller, or where the event is of another spelling of the mailbox.
// A filter that fitted it would tell it.
func TestHistory_FilterByAnActorThatIsNotTold_FindsNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin, press := w.twoControllers()
		shop := w.client(admin, s, "shop", "sales")
		const mailbox, tagged = "ben@gmail.com", "be.n@gmail.com"
		objection := statement.Statement{Kind: consent.KindSuppress, Reason: consent.ReasonObjection}
		for _, objection.Address = range []string{anna, tagged} {
			w.mustRecord(shop, s, objection)
		}
		for name, c := range map[string]struct {
			as      context.Context
			address string
			actor   string
			want    string // the actors that are told, one character each
		}{
			"another controller is told the fact":              {press, anna, "", "-"},
			"another controller asks for the client":           {press, anna, "shop", ""},
			"the client itself asks":                           {shop, anna, "shop", "+"},
			"an officer asks":                                  {admin, anna, "shop", "+"},
			"an officer is told of another spelling":           {admin, mailbox, "", "-"},
			"an officer asks for the client of that spelling":  {admin, mailbox, "shop", ""},
			"an officer asks for it under the spelling itself": {admin, tagged, "shop", "+"},
		} {
			page, err := s.History(c.as, export.HistoryInput{Address: c.address, Size: 10, HistoryFilter: export.HistoryFilter{Actor: c.actor}})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got := ""
			for i := range page.Events {
				got += map[bool]string{true: "+", false: "-"}[page.Events[i].Actor == "shop"]
			}
			if got != c.want {
				t.Errorf("%s: got %q, want %q", name, got, c.want)
			}
		}
	})
}
