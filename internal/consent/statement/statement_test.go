package statement_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
)

func TestEntry_WhatCannotBeRecorded_IsRefusedWithFieldAndReason(t *testing.T) {
	c := lab(t)
	for name, test := range map[string]struct {
		s     statement.Statement
		code  fault.Code
		field string
	}{
		"no kind":             {statement.Statement{}, fault.InvalidEvent, "event"},
		"a kind of the store": {statement.Statement{Kind: consent.KindMail}, fault.InvalidEvent, "event"},
		"no address":          {statement.Statement{Kind: consent.KindErase, Address: "-"}, fault.InvalidAddress, "address"},
		"address and domain":  {statement.Statement{Kind: consent.KindSuppress, Domain: "firma.example"}, fault.InvalidEvent, "domain"},
		"erasing a domain": {
			statement.Statement{Kind: consent.KindErase, Address: "-", Domain: "firma.example"},
			fault.InvalidEvent, "domain",
		},
		"a public suffix": {
			statement.Statement{Kind: consent.KindSuppress, Address: "-", Domain: "co.uk", Reason: "MANUAL", Scope: "all"},
			fault.InvalidDomain, "domain",
		},
		"an unknown source": {statement.Statement{Kind: consent.KindLift, Source: "telex"}, fault.InvalidEvidence, "evidence.source"},
		"a note too long": {
			statement.Statement{Kind: consent.KindLift, Note: strings.Repeat("x", 4097)},
			fault.InvalidEvidence, "evidence.note",
		},
		"a control character": {statement.Statement{Kind: consent.KindLift, Operator: "a\x00b"}, fault.InvalidEvidence, "evidence.operator"},
		"text that is no UTF-8": {
			statement.Statement{Kind: consent.KindLift, URL: "\xff"},
			fault.InvalidEvidence, "evidence.url",
		},
		"goods that could be an address": {
			statement.Statement{Kind: consent.KindLift, Goods: []string{"a@b.example"}},
			fault.InvalidEvidence, "evidence.goods",
		},
		"a request for two channels": {
			statement.Statement{Kind: consent.KindRequest, Channels: []string{"news", "shop"}},
			fault.InvalidEvent, "channel",
		},
		"a confirmation of nothing": {statement.Statement{Kind: consent.KindConfirm}, fault.InvalidEvent, "channel"},
		"a grant for no channel":    {statement.Statement{Kind: consent.KindGrant, Basis: "consent"}, fault.InvalidEvent, "channels"},
		"an unknown channel": {
			statement.Statement{Kind: consent.KindGrant, Basis: "consent", Channels: []string{"nowhere"}},
			fault.UnknownChannel, "channels",
		},
		"a grant on no basis": {statement.Statement{Kind: consent.KindGrant, Channels: []string{"news"}}, fault.InvalidEvent, "legalBasis"},
		"a declaration without version": {statement.Statement{
			Kind: consent.KindGrant, Channels: []string{"news"}, Basis: "consent",
			Declaration: consent.Declaration{ID: "all"},
		}, fault.InvalidEvent, "declaration"},
		"a refusal of nothing": {statement.Statement{Kind: consent.KindRefuse}, fault.InvalidEvent, "channels"},
		"channels and all marketing": {
			statement.Statement{Kind: consent.KindWithdraw, Channels: []string{"news"}, AllMarketing: true},
			fault.InvalidEvent, "channels",
		},
		"a refusal that would be ignored": {
			statement.Statement{Kind: consent.KindRefuse, Channels: []string{"news", "duties"}},
			fault.NotRefusable, "channels",
		},
		"an unknown reason": {statement.Statement{Kind: consent.KindSuppress, Reason: "WHIM"}, fault.InvalidSuppression, "reason"},
		"ERASED by hand": {
			statement.Statement{Kind: consent.KindSuppress, Reason: consent.ReasonErased},
			fault.InvalidSuppression, "reason",
		},
		"UNSUBSCRIBE_UNCLEAR by hand": {
			statement.Statement{Kind: consent.KindSuppress, Reason: consent.ReasonUnsubscribeUnclear, Scope: "channel:news", Expires: 1 << 50},
			fault.InvalidSuppression, "reason",
		},
		"MANUAL without scope": {statement.Statement{Kind: consent.KindSuppress, Reason: "MANUAL"}, fault.InvalidSuppression, "scope"},
		"a bounce of one channel": {
			statement.Statement{Kind: consent.KindSuppress, Reason: "HARD_BOUNCE", Scope: "channel:news"},
			fault.InvalidSuppression, "scope",
		},
		"an unknown kind of scope": {
			statement.Statement{Kind: consent.KindSuppress, Reason: "MANUAL", Scope: "planet:earth"},
			fault.InvalidSuppression, "scope",
		},
		"a scope of nobody": {
			statement.Statement{Kind: consent.KindSuppress, Reason: "MANUAL", Scope: "sender:nobody"},
			fault.InvalidSuppression, "scope",
		},
		"an objection that would be ignored": {
			statement.Statement{Kind: consent.KindSuppress, Reason: "OBJECTION", Scope: "channel:parcels"},
			fault.NoEffect, "scope",
		},
		"a complaint that would be ignored": {
			statement.Statement{Kind: consent.KindSuppress, Reason: "COMPLAINT", Scope: "channel:duties"},
			fault.NoEffect, "scope",
		},
		"over before it begins": {
			statement.Statement{Kind: consent.KindSuppress, Reason: "OBJECTION", Expires: instant(0)},
			fault.InvalidSuppression, "until",
		},
		"a listing without list": {
			statement.Statement{Kind: consent.KindSuppress, Reason: "EXTERNAL_LIST", Binds: "all"},
			fault.InvalidSuppression, "list",
		},
		"a listing that binds nothing": {
			statement.Statement{Kind: consent.KindSuppress, Reason: "EXTERNAL_LIST", List: "ecg"},
			fault.InvalidSuppression, "binds",
		},
		"a list of no listing": {
			statement.Statement{Kind: consent.KindSuppress, Reason: "OBJECTION", List: "ecg"},
			fault.InvalidSuppression, "list",
		},
		"a lift of nothing": {statement.Statement{Kind: consent.KindLift}, fault.InvalidSuppression, "reason"},
		"a lift of no list": {statement.Statement{Kind: consent.KindLift, Reason: "EXTERNAL_LIST"}, fault.InvalidSuppression, "list"},
		"a basis of an erasure": {
			statement.Statement{Kind: consent.KindErase, Basis: catalog.BasisConsent},
			fault.InvalidEvent, "legalBasis",
		},
		"an expiry of a request": {
			statement.Statement{Kind: consent.KindRequest, Channels: []string{"news"}, Expires: instant(9)},
			fault.InvalidEvent, "expiresTime",
		},
		"a scope of a refusal": {
			statement.Statement{Kind: consent.KindRefuse, Channels: []string{"news"}, Scope: "all"},
			fault.InvalidEvent, "scope",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := test.s
			s.Occurred = instant(1)
			switch s.Address {
			case "":
				s.Address = "ann@firma.example"
			case "-":
				s.Address = ""
			}
			entry, err := s.Entry(c, c)
			refused, ok := errors.AsType[*fault.Error](err)
			if !ok || entry != nil || refused.Code != test.code || refused.Field != test.field {
				t.Fatalf("got %v, %v; want %s about %s", entry, err, test.code, test.field)
			}
			if s.Address != "" && strings.Contains(refused.Error(), s.Address) || strings.Contains(refused.Error(), "a@b") {
				t.Errorf("the error tells the address: %v", refused)
			}
		})
	}
}

func TestEntry_OtherReasonsOnAChannelTheyCannotStop_AreKeptForTheyOnlyProtect(t *testing.T) {
	c := lab(t)
	for _, reason := range []consent.Reason{consent.ReasonManual, consent.ReasonProcessingRestricted} {
		mustEntry(t, c, statement.Statement{
			Kind: consent.KindSuppress, Occurred: instant(1), Address: "ann@firma.example", Reason: reason, Scope: "channel:duties",
		})
	}
}

func TestEntry_Canonical_SortsNamesOnceAndAppliesDefaults(t *testing.T) {
	c := lab(t)
	s := statement.Statement{
		Kind: consent.KindGrant, Occurred: instant(1), Address: " Ann+x@GMAIL.com", Channels: []string{"shop", "news", "shop"},
		Basis: catalog.BasisConsent, Goods: []string{"tea", "mugs", "tea"}, TransactionID: "order-1",
	}
	entry := mustEntry(t, c, s)
	if !slices.Equal(s.Channels, []string{"shop", "news", "shop"}) {
		t.Error("the statement was changed")
	}
	want := consent.Facts{
		Kind: consent.KindGrant, Channels: []string{"news", "shop"}, Basis: catalog.BasisConsent, Goods: []string{"mugs", "tea"}, Transaction: true,
	}
	if diff := cmp.Diff(want, entry.Facts); diff != "" {
		t.Errorf("facts (-want +got):\n%s", diff)
	}
	if entry.Form != consent.FormExact || entry.Canonical() != "ann+x@gmail.com" || entry.Evidence.Address != s.Address {
		t.Errorf("the subject is %d %s, typed %s", entry.Form, entry.Canonical(), entry.Evidence.Address)
	}
	refusal := mustEntry(t, c, statement.Statement{Kind: consent.KindRefuse, Occurred: instant(1), Address: "Ann+x@gmail.com", AllMarketing: true})
	want = consent.Facts{Kind: consent.KindSuppress, Reason: consent.ReasonObjection, Scope: consent.ScopeMarketing, Tagged: true}
	if diff := cmp.Diff(want, refusal.Facts); diff != "" || refusal.Canonical() != "ann@gmail.com" || refusal.Exact() != "ann+x@gmail.com" {
		t.Errorf("a refusal of all marketing (-want +got):\n%s", diff)
	}
	request := mustEntry(t, c, statement.Statement{Kind: consent.KindRequest, Occurred: instant(1), Address: "a@b.example", Channels: []string{"news"}})
	if request.Facts.Expires != instant(4) {
		t.Errorf("a request expires at %s, by a policy of three days", request.Facts.Expires)
	}
}
