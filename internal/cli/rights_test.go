package cli_test

import (
	"context"
	"encoding/hex"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/server"
)

func TestErase_SaysWhatWasDone_AndNamesTheNextStep(t *testing.T) {
	f := startFake(t)
	got := f.run(t, "erase", "anna@secret.example", "--yes", "--operator", "dpo", "--justification", "case 4711",
		"--at", "2026-10-01T08:00:00Z", "--request-id", requestID).must(t, 0)
	golden(t, "erase.txt", got.stdout)
	if !strings.Contains(got.stderr, "`assent ledger purge`") || strings.Contains(got.stdout+got.stderr, "secret") {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	same(t, &assentv1.EraseRecipientRequest{
		Address: "anna@secret.example", Operator: "dpo", Justification: "case 4711", OccurredTime: day(1), RequestId: requestID,
	}, last[*assentv1.EraseRecipientRequest](t, f))
	again := f.runWith(t, "anna@secret.example\n", "erase", "-", "--yes", "--justification", "case 4711", "--at", "2026-10-01T08:00:00Z").must(t, 0)
	golden(t, "erase-again.txt", again.stdout)
	golden(t, "erase-now.txt", f.run(t, "erase", "carl@secret.example", "--yes").must(t, 0).stdout)
	golden(t, "erase-told.txt", f.run(t, "erase", "told@secret.example", "--yes").must(t, 0).stdout)
	golden(t, "erase-department.txt", f.run(t, "erase", "foreign@secret.example", "--yes").must(t, 0).stdout)
	answer := decode[struct {
		Positions    []int64
		Duplicate    bool
		EventsErased int64
		Warnings     []any
		Recipients   any
	}](t, f.run(t, "erase", "ben@secret.example", "--yes", "--format", "json").must(t, 0).stdout)
	if len(answer.Positions) != 1 || answer.Duplicate || answer.EventsErased != 3 {
		t.Errorf("%+v", answer)
	}
}

func TestErase_AsksFirst_AndSaysWhyItWasRefused(t *testing.T) {
	f := startFake(t)
	in := cli.Surroundings{Terminal: true, Env: map[string]string{"ASSENT_SERVER": f.address}}
	for answer, code := range map[string]int{"": 1, "n\n": 1, "y\n": 0} {
		in.Stdin = strings.NewReader(answer)
		got := runIn(t, in, "erase", "anna@secret.example").must(t, code)
		if !strings.HasPrefix(got.stderr, "Erase the address for ever, with its grants, requests and evidence? [y/N] ") {
			t.Errorf("%q: stderr %q", answer, got.stderr)
		}
	}
	if len(f.events) != 1 {
		t.Errorf("%d erasures, want one", len(f.events))
	}
	got := f.run(t, "erase", "held@secret.example", "--yes").must(t, 1)
	if got.stderr != "assent: LEGAL_HOLD: address: the address is under a legal hold\n" || got.stdout != "" {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
}

func TestEraseReturns_GathersThePages(t *testing.T) {
	f := startFake(t)
	golden(t, "returns.txt", f.run(t, "erase", "returns").must(t, 0).stdout)
	golden(t, "returns.json", f.run(t, "erase", "returns", "--format", "json").must(t, 0).stdout)
	got := f.run(t, "erase", "returns", "--since", "2026-10-01T08:00:00Z").must(t, 0)
	if got.stdout != "" || got.stderr != "No client sent data of erased persons.\n" {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	same(t, &assentv1.ListErasedReturnsRequest{PageSize: 1000, SinceTime: day(1)}, last[*assentv1.ListErasedReturnsRequest](t, f))
}

func TestMove_SendsBothAddresses(t *testing.T) {
	f := startFake(t)
	got := f.runWith(t, "new@secret.example\n", "move", "old@secret.example", "-", "--justification", "ticket 12", "--request-id", requestID).must(t, 0)
	if got.stdout != "recorded at positions 5, 6, 7\n" || got.stderr != "" {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	same(t, &assentv1.MoveRecipientRequest{
		Address: "old@secret.example", NewAddress: "new@secret.example", Justification: "ticket 12", RequestId: requestID,
	}, last[*assentv1.MoveRecipientRequest](t, f))
}

func TestVoid_EventOrBatch(t *testing.T) {
	f := startFake(t)
	for _, c := range []struct {
		args []string
		want string
		in   *assentv1.VoidEventsRequest
	}{
		{[]string{"--position", "3"}, "left out: 1 event of 1 subject\n", &assentv1.VoidEventsRequest{
			LeftOut: &assentv1.VoidEventsRequest_Position{Position: 3}, Justification: "x",
		}},
		{[]string{"--batch", "b"}, "left out: 2 events of 1 subject\n", &assentv1.VoidEventsRequest{
			LeftOut: &assentv1.VoidEventsRequest_BatchId{BatchId: "b"}, Justification: "x",
		}},
		{[]string{"--position", "4"}, "nothing to leave out: it was left out before\n", &assentv1.VoidEventsRequest{
			LeftOut: &assentv1.VoidEventsRequest_Position{Position: 4}, Justification: "x",
		}},
	} {
		got := f.run(t, append([]string{"void", "--justification", "x", "--yes"}, c.args...)...).must(t, 0)
		if got.stdout != c.want || got.stderr != "" {
			t.Errorf("%v: stdout %q, stderr %q", c.args, got.stdout, got.stderr)
		}
		same(t, c.in, last[*assentv1.VoidEventsRequest](t, f))
	}
	asked := runIn(t, cli.Surroundings{Terminal: true, Stdin: strings.NewReader("n\n"), Env: map[string]string{"ASSENT_SERVER": f.address}},
		"void", "--batch", "b", "--justification", "x").must(t, 1)
	if !strings.HasPrefix(asked.stderr, "Leave all events of the batch out of every answer? [y/N] ") || len(f.calls) != 3 {
		t.Errorf("stderr %q, %d calls", asked.stderr, len(f.calls))
	}
}

func TestHold_PlaceAndRelease(t *testing.T) {
	f := startFake(t)
	got := f.run(t, "hold", "place", "anna@secret.example", "--justification", "case 7", "--request-id", requestID).must(t, 0)
	if got.stdout != "recorded at position 8\n" {
		t.Errorf("stdout %q", got.stdout)
	}
	same(t, &assentv1.PlaceLegalHoldRequest{Address: "anna@secret.example", Justification: "case 7", RequestId: requestID},
		last[*assentv1.PlaceLegalHoldRequest](t, f))
	got = f.run(t, "hold", "release", "anna@secret.example", "--justification", "settled").must(t, 1)
	if !strings.HasPrefix(got.stderr, "assent: NOT_HELD: ") || strings.Contains(got.stderr, "secret") {
		t.Errorf("stderr %q", got.stderr)
	}
	f.run(t, "hold", "place", "anna@secret.example", "--justification", "case 7", "--format", "json").must(t, 0)
}

func TestHistory_WhatIsDoneForRights_IsSaid(t *testing.T) {
	f := startFake(t)
	for _, e := range []*assentv1.Event{
		{Fact: &assentv1.Event_Void{Void: &assentv1.Void{LeftOut: &assentv1.Void_Position{Position: 3}, Justification: "typed wrongly"}}},
		{Fact: &assentv1.Event_Void{Void: &assentv1.Void{LeftOut: &assentv1.Void_BatchId{BatchId: "11111111-2222-4333-8444-555555555555"}}}},
		{Fact: &assentv1.Event_Move{Move: &assentv1.Move{
			Side: assentv1.MoveSide_MOVE_SIDE_AWAY, Address: "old@b.example", OtherAddress: "new@b.example", Justification: "ticket 12",
		}}},
		{Fact: &assentv1.Event_Move{Move: &assentv1.Move{
			Side: assentv1.MoveSide_MOVE_SIDE_HERE, Address: "new@b.example", OtherAddress: "old@b.example",
		}}},
		{
			Fact:          &assentv1.Event_Move{Move: &assentv1.Move{Side: assentv1.MoveSide_MOVE_SIDE_AWAY}},
			EvidenceState: assentv1.EvidenceState_EVIDENCE_STATE_DELETED,
		},
		{Fact: &assentv1.Event_Hold{Hold: &assentv1.LegalHold{Justification: "case 7"}}},
		{Fact: &assentv1.Event_Release{Release: &assentv1.LegalHold{Justification: "settled"}}},
		{Fact: &assentv1.Event_Removal{Removal: &assentv1.Removal{Removed: "evidence", UntilTime: day(1), Count: 3, PositionCount: 2}}},
		{Fact: &assentv1.Event_Grant{Grant: &assentv1.Grant{Address: "a@b.example", Channels: []string{"newsletter"}}}, StandsFor: []int64{2, 5}},
		{Fact: &assentv1.Event_Hold{Hold: &assentv1.LegalHold{}}, TextWithheld: true},
	} {
		e.OccurredTime, e.RecordedTime, e.Actor = day(1), day(2), "officer"
		f.record(e)
	}
	golden(t, "history-rights.txt", f.run(t, "history", "a@b.example").must(t, 0).stdout)
	f.run(t, "history", "a@b.example", "--kind", "void,move,hold,release").must(t, 0)
	if got := last[*assentv1.SearchHistoryRequest](t, f).GetKinds(); strings.Join(got, " ") != "void move hold release" {
		t.Errorf("kinds %v", got)
	}
}

// claimsFake hands on two claims, the second of which another key opens.
func claimsFake(t *testing.T) cli.Local {
	t.Helper()
	at := time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)
	return cli.Local{ReadClaims: func(_ context.Context, cfg config.Server, officer string, each func(server.Claim) error) error {
		if path, ok := cfg.SQLitePath(); !ok || path != "x.db" || officer != "officer.json" {
			t.Errorf("asked for %q with %q", path, officer)
		}
		return errors.Join(
			each(server.Claim{
				ID: "0a", Until: at.AddDate(3, 0, 0), Opened: true, Address: "anna@b.example", Erased: at,
				Events: []*assentv1.Event{{
					Position: 2, OccurredTime: day(1), RecordedTime: day(2), Actor: "shop",
					EvidenceState: assentv1.EvidenceState_EVIDENCE_STATE_HELD,
					Fact: &assentv1.Event_Grant{Grant: &assentv1.Grant{
						Address: "Anna@b.example", Channels: []string{"newsletter"}, Evidence: &assentv1.Evidence{Ip: "192.0.2.1"},
					}},
				}},
			}),
			each(server.Claim{ID: "0b", Until: at.AddDate(3, 0, 0)}),
		)
	}}
}

func TestClaims_ListAndOpen(t *testing.T) {
	in := cli.Surroundings{Local: claimsFake(t)}
	with := []string{"--key", "officer.json", "--database-url", "sqlite:x.db"}
	for name, args := range map[string][]string{
		"claims.txt": {"claims", "list"}, "claims.json": {"claims", "list", "--format", "json"}, "claim.txt": {"claims", "open", "0a"},
	} {
		golden(t, name, runIn(t, in, append(args, with...)...).must(t, 0).stdout)
	}
	one := decode[struct {
		ID, UntilTime, Address, ErasedTime string
		Opened                             bool
		EventCount                         int
		Events                             []map[string]any
	}](t, runIn(t, in, append([]string{"claims", "open", "0a", "--format", "json"}, with...)...).must(t, 0).stdout)
	if !one.Opened || one.Address != "anna@b.example" || one.EventCount != 1 || len(one.Events) != 1 || one.Events[0]["position"] != 2.0 {
		t.Errorf("%+v", one)
	}
	for id, want := range map[string]string{"0b": "another officer's key", "0c": "no data is kept under that id"} {
		got := runIn(t, in, append([]string{"claims", "open", id}, with...)...).must(t, 1)
		if got.stdout != "" || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: stdout %q, stderr %q", id, got.stdout, got.stderr)
		}
	}
}

// The server never has the officer's key: it sends what is sealed, which is opened here.
func TestClaims_OfTheServer_AreOpenedHere(t *testing.T) {
	dir := t.TempDir()
	keyFile, officer, second := filepath.Join(dir, "a.keys"), filepath.Join(dir, "officer.json"), filepath.Join(dir, "second.json")
	if _, err := seal.Create(keyFile); err != nil {
		t.Fatal(err)
	}
	f := startFake(t)
	for i, path := range []string{officer, second} {
		if _, err := seal.CreateClaims(keyFile, path); err != nil {
			t.Fatal(err)
		}
		keys, err := seal.Open(keyFile)
		if err != nil {
			t.Fatal(err)
		}
		id := [16]byte{byte(i) + 1}
		sealed, err := keys.SealClaim(id, []byte(`{"address": "anna@b.example", "erasedTime": 1790841600000000, "events": []}`))
		if err != nil {
			t.Fatal(err)
		}
		f.claims = append(f.claims, &assentv1.Claim{ClaimId: hex.EncodeToString(id[:]), UntilTime: day(3), Sealed: sealed})
	}
	golden(t, "claims-server.txt", f.run(t, "claims", "list", "--key", officer).must(t, 0).stdout)
	first, other := f.claims[0].GetClaimId(), f.claims[1].GetClaimId()
	got := f.run(t, "claims", "open", first, "--key", officer).must(t, 0)
	if !strings.Contains(got.stdout, "anna@b.example") {
		t.Errorf("stdout %q", got.stdout)
	}
	same(t, &assentv1.ListClaimsRequest{ClaimId: first, PageSize: 100}, last[*assentv1.ListClaimsRequest](t, f))
	for id, want := range map[string]string{other: "another officer's key", strings.Repeat("0", 32): "no data is kept under that id"} {
		got := f.run(t, "claims", "open", id, "--key", officer).must(t, 1)
		if got.stdout != "" || !strings.Contains(got.stderr, want) {
			t.Errorf("%s: stdout %q, stderr %q", id, got.stdout, got.stderr)
		}
	}
}
