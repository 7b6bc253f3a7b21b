package service

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/erased"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/testkit/testdb"
)

// The person who is erased, another one with a similar mailbox, and where she came from and went to.
const (
	annaTyped  = "Anna.Muster@Gmail.com"
	annaBeside = "AnnaMuster+Shop@gmail.com"
	annaOld    = "alt@web.example"
	annaNew    = "neu@mail.example"
)

// annaTexts is what must not be found of her: the address as typed and exact, folded, and what all her evidence holds.
func annaTexts() []string {
	return []string{"anna.muster@gmail.com", "annamuster@gmail.com", "anna-trace", "203.0.113.77"}
}

// traced gives a statement evidence of every kind.
func traced(st statement.Statement) statement.Statement {
	st.URL, st.IP, st.UserAgent = "https://acme.example/anna-trace", "203.0.113.77", "anna-trace/1.0"
	st.TransactionID, st.DocumentRef = "anna-trace-order", "anna-trace-document"
	st.Operator, st.Note, st.Justification = "anna-trace clerk", "anna-trace note", "anna-trace reason"
	return st
}

// annaHistory is a file that a department imported: everything that can be said of her, and of another person.
func annaHistory() []record.BatchItem {
	ago := func(days int) time.Time { return start.AddDate(0, 0, -days) }
	at := func(st statement.Statement, days int) statement.Statement {
		st.Occurred = consent.InstantOf(ago(days))
		return st
	}
	suppress := func(kind consent.Kind, reason consent.Reason, days int) statement.Statement {
		return at(statement.Statement{Kind: kind, Address: annaTyped, Reason: reason}, days)
	}
	request := statement.Statement{
		Kind: consent.KindRequest, Address: "anna.muster@GMAIL.com", Channels: []string{"newsletter"}, Source: consent.SourceWebForm,
		Declaration: consent.Declaration{ID: "all-news", Version: "3"},
	}
	confirm := statement.Statement{Kind: consent.KindConfirm, Address: annaTyped, Channels: []string{"newsletter"}}
	var items []record.BatchItem
	for _, st := range []statement.Statement{
		traced(consentOn("newsletter", " ANNA.MUSTER@gmail.com ", ago(90))), traced(consentOn("product-marketing", annaTyped, ago(80))),
		traced(at(request, 70)), traced(at(confirm, 69)), traced(at(withdrawal("newsletter", annaTyped), 60)),
		traced(suppress(consent.KindSuppress, consent.ReasonHardBounce, 50)),
		traced(suppress(consent.KindSuppress, consent.ReasonObjection, 49)),
		traced(suppress(consent.KindSuppress, consent.ReasonComplaint, 48)),
		traced(suppress(consent.KindLift, consent.ReasonHardBounce, 47)), suppress(consent.KindLift, consent.ReasonObjection, 46),
		suppress(consent.KindLift, consent.ReasonComplaint, 45),
		traced(at(statement.Statement{Kind: consent.KindLink, Address: annaTyped, With: "berta@example.at"}, 44)),
		traced(at(statement.Statement{Kind: consent.KindLink, Address: "carl@example.at", With: annaTyped}, 44)),
		traced(at(statement.Statement{Kind: consent.KindUnlink, Address: annaTyped, With: "carl@example.at"}, 43)),
		consentOn("newsletter", annaBeside, ago(44)), at(withdrawal("product-marketing", annaBeside), 43),
		consentOn("newsletter", "berta@example.at", ago(42)),
	} {
		items = append(items, record.BatchItem{Statement: st})
	}
	return items
}

// annaLived records everything that can be recorded about her through every way there is, each under a request id, and returns the
// ids of the requests with answers about her grants.
func annaLived(ctx context.Context, t testing.TB, w *world, s *Service) (once []txn.Idempotency) {
	t.Helper()
	next := func(method string) txn.Idempotency {
		once = append(once, txn.Idempotency{Method: method, ID: requestID(len(once) + 1), Body: []byte(method + annaTyped)})
		w.clock.Advance(time.Second)
		return once[len(once)-1]
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
	}
	for _, typed := range []string{annaBeside, annaTyped} {
		optIn := record.OptIn{Statement: statement.Statement{
			Address: typed, Channels: []string{"newsletter"}, Source: consent.SourceWebForm,
			Declaration: consent.Declaration{ID: "all-news", Version: "3"},
		}}
		if typed == annaTyped {
			optIn.Statement, optIn.Idempotency = traced(optIn.Statement), next("request")
		}
		asked, err := s.RequestConsent(ctx, optIn)
		must(err)
		confirmation := record.Confirmation{Token: asked.Token}
		if typed == annaTyped {
			confirmation.Statement, confirmation.Idempotency = traced(confirmation.Statement), next("confirm")
		}
		_, err = s.ConfirmConsent(ctx, confirmation)
		must(err)
		w.clock.Advance(25 * time.Hour)
	}
	given := traced(consentOn("newsletter", annaTyped, start.Add(-time.Hour)))
	_, err := s.Record(ctx, given, next("grant"))
	must(err)
	again, err := s.Record(ctx, given, next("grant"))
	must(err)
	if !again.Duplicate {
		t.Error("the same grant was recorded twice")
	}
	for range 2 { // The second time, all of it is known.
		_, err = s.BatchRecord(ctx, record.Batch{Items: annaHistory(), Batch: consent.BatchID{7}, Idempotency: next("batch")})
		must(err)
	}
	_, err = s.Move(ctx, rights.Move{From: annaOld, To: annaTyped, Justification: "she moved in"})
	must(err)
	_, err = s.Move(ctx, rights.Move{From: annaTyped, To: annaNew, Justification: "she moved out"})
	must(err)
	_, err = s.PlaceHold(ctx, rights.Hold{Address: annaTyped, Justification: "case 4"})
	must(err)
	_, err = s.ReleaseHold(ctx, rights.Hold{Address: annaTyped, Justification: "case 4 is closed"})
	must(err)
	return once
}

// annaLeaves returns what must be gone once she is erased: her texts, and whatever is sealed that tells of her.
func annaLeaves(t testing.TB, w *world, who string, once []txn.Idempotency) *needles {
	t.Helper()
	n := &needles{texts: annaTexts()}
	r := w.raw()
	for sealed, plain := range opened(t, w.keys, r.cells()) {
		if n.in(plain) != nil {
			n.sealed = append(n.sealed, []byte(sealed))
		}
	}
	if len(n.sealed) < 20 {
		t.Fatalf("only %d sealed values tell of the person: the history shows nothing", len(n.sealed))
	}
	for _, o := range once {
		id := o.RequestID(who)
		answer := r.bytes("SELECT answer FROM requests WHERE id = $1", id[:])
		if len(answer) == 0 {
			t.Fatalf("the answer of a %s was not remembered", o.Method)
		}
		n.sealed = append(n.sealed, answer)
	}
	return n
}

func eraseNow(ctx context.Context, t testing.TB, w *world, s *Service, typed string) txn.Recorded {
	t.Helper()
	w.clock.Advance(time.Second)
	got, err := s.Record(ctx, statement.Statement{
		Kind: consent.KindErase, Address: typed, Operator: "dpo", Justification: "case 17", Note: "anna-trace", IP: "203.0.113.77",
	}, txn.Idempotency{Method: "erase " + typed, ID: requestID(900), Body: []byte("erase")})
	if err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	return got
}

// followAnna goes every way from the address to events that there is with all keys, and wants none to lead to what permits.
func followAnna(t testing.TB, w *world, s *Service, old map[consent.Form]consent.SubjectID) {
	t.Helper()
	ids := subjectsOf(t, s, annaTyped)
	for _, form := range []consent.Form{consent.FormExact, consent.FormMail} {
		if id, ok := ids[form]; ok && id == old[form] {
			t.Errorf("the digest of form %d still leads to the old subject", form)
		}
	}
	if ids[consent.FormFolded] != old[consent.FormFolded] {
		t.Error("the folded subject, under which it is blocked, is not what it was")
	}
	reached := map[consent.SubjectID]bool{}
	for _, id := range ids {
		reached[id] = true
	}
	spelled := 0
	for _, e := range ledgerOf(t, s, func(*consent.Event) bool { return true }) {
		permits := e.Kind == consent.KindGrant || e.Kind == consent.KindRequest || e.Kind == consent.KindConfirm || e.Kind == consent.KindMail
		beside := e.Kind == consent.KindMail && e.Subject != old[consent.FormMail] // of the other spelling, kept under a fresh subject
		if permits && reached[e.Subject] && !beside {
			t.Errorf("position %d, a %s, is still found from the address", e.Position, e.Kind)
		}
		if e.Spelling.Key == 0 {
			continue
		}
		own, err := w.keys.Spelling(e.Spelling.Key, strings.ToLower(annaTyped))
		if err != nil {
			t.Fatal(err)
		}
		if own == e.Spelling {
			spelled++
		}
		if permits && own == e.Spelling {
			t.Errorf("position %d, a %s, carries her spelling", e.Position, e.Kind)
		}
	}
	if spelled == 0 {
		t.Error("nothing that blocks carries her spelling: the search shows nothing")
	}
}

func TestEventKey_OfWhatPermits_SaysNothingOfTheAddress(t *testing.T) {
	w := newWorld(t, "sqlite")
	parsed, _, err := catalog.Parse("catalog", []byte(acme(t)))
	if err != nil {
		t.Fatal(err)
	}
	keyOf := func(st statement.Statement, address string) consent.EventKey {
		if st.Address = address; st.With != "" {
			st.With = "carl@example.at"
		}
		entry, err := st.Entry(parsed, parsed)
		if err != nil {
			t.Fatal(err)
		}
		key, err := w.keys.EventKey(codec.EventKeyInput(st.Occurred, &entry.Facts, entry.Exact(), &entry.Evidence))
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	for _, item := range annaHistory() {
		same := keyOf(item.Statement, annaTyped) == keyOf(item.Statement, annaNew)
		if permits := item.Statement.Kind <= consent.KindConfirm; same != permits {
			t.Errorf("a %s has the same key for two addresses: %t", item.Statement.Kind, same)
		}
	}
}

// sound wants a ledger that verifies and states that are the fold of their events.
func sound(t testing.TB, w *world, s *Service) {
	t.Helper()
	if report := mustVerify(t, w, s.Store); report.Found != 0 {
		t.Errorf("the ledger does not verify: %+v", report.Findings)
	}
	rebuilt, err := s.Rebuild(t.Context(), func(int) {})
	if err != nil || rebuilt.Differed != 0 {
		t.Errorf("%d states differ, %v", rebuilt.Differed, err)
	}
}

func TestErase_NothingIsLeft(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) { nothingIsLeft(t, w, nil) })
}

// nothingIsLeft erases a person, looks for her everywhere, and lets her come back. Files looks for what is left outside the tables.
func nothingIsLeft(t *testing.T, w *world, files func(n *needles)) {
	s, ctx := w.acme()
	once := annaLived(ctx, t, w, s)
	left, old := annaLeaves(t, w, access.CallerOf(ctx).ID, once), subjectsOf(t, s, annaTyped)
	if len(old) != 3 {
		t.Fatalf("she has %d subjects", len(old))
	}
	erased := eraseNow(ctx, t, w, s, annaTyped)
	w.wantCheck(ctx, s, "newsletter", annaTyped, consent.CodeErased)
	w.wantCheck(ctx, s, "newsletter", annaNew, consent.CodeWithdrawn)
	if err := s.Store.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	searchTables(t, w, left)
	searchFiles(t, dump(t, w), left)
	if files != nil {
		files(left)
	}
	followAnna(t, w, s, old)
	sound(t, w, s)
	for _, kept := range []string{annaBeside, "berta@example.at", annaNew, annaOld} {
		if !sealedHolds(t, w, kept) && !sealedHolds(t, w, strings.ToLower(kept)) {
			t.Errorf("nothing is left of %s, who was not erased", kept)
		}
	}
	w.wantCheck(ctx, s, "newsletter", annaBeside, consent.CodeErased)
	if got := eraseNow(ctx, t, w, s, annaTyped); !cmp.Equal(got, erased) {
		t.Errorf("the erasure repeated under its request id: %+v, first %+v", got, erased)
	}
	before := positions(t, s.Store)
	comesBack(ctx, t, w, s, once)
	if after := positions(t, s.Store); after != before+1 {
		t.Errorf("%d events were recorded of what was known or erased", after-before-1)
	}
	searchTables(t, w, left)
	followAnna(t, w, s, old)
	consentsAnew(ctx, t, w, s)
	sound(t, w, s)
}

// comesBack repeats requests, imports the old history once more, and records one late withdrawal.
func comesBack(ctx context.Context, t *testing.T, w *world, s *Service, once []txn.Idempotency) {
	t.Helper()
	_, err := s.Record(ctx, traced(consentOn("newsletter", annaTyped, start.Add(-time.Hour))), once[2])
	wantFault(t, err, fault.ErasedBefore)
	_, err = s.RequestConsent(ctx, record.OptIn{Statement: statement.Statement{
		Address: annaTyped, Channels: []string{"newsletter"}, Source: consent.SourceWebForm,
		Declaration: consent.Declaration{ID: "all-news", Version: "3"},
	}, Idempotency: once[0]})
	wantFault(t, err, fault.ErasedBefore)
	for i, in := range []txn.Idempotency{once[4], {}} {
		results, err := s.BatchRecord(ctx, record.Batch{Items: annaHistory(), Batch: consent.BatchID{7}, Idempotency: in})
		if err != nil {
			t.Fatal(err)
		}
		for j, item := range annaHistory() {
			exact := item.Statement.Kind <= consent.KindConfirm && strings.EqualFold(strings.TrimSpace(item.Statement.Address), annaTyped)
			switch got := results[j]; {
			case exact && (got.Err == nil || got.Err.Code != fault.ErasedBefore):
				t.Errorf("import %d, %s: got %+v, want ERASED_BEFORE", i, item.Statement.Kind, got)
			case !exact && (got.Err != nil || !got.Duplicate):
				t.Errorf("import %d, %s: got %+v, want a duplicate", i, item.Statement.Kind, got)
			}
		}
	}
	late := traced(withdrawal("product-marketing", annaTyped))
	late.Occurred = consent.InstantOf(start.AddDate(0, 0, -30))
	w.mustRecord(ctx, s, late)
	page, err := s.Returns(ctx, erased.ReturnsInput{Size: 10})
	if err != nil {
		t.Fatal(err)
	}
	var count int64
	for _, r := range page.Returns {
		count += r.Count
		if r.Client != access.CallerOf(ctx).ID {
			t.Errorf("the client that sent it is %q", r.Client)
		}
	}
	if count != 8 {
		t.Errorf("%d statements about an erased person are counted, want 8", count)
	}
}

// consentsAnew lets her sign up again, which counts.
func consentsAnew(ctx context.Context, t *testing.T, w *world, s *Service) {
	t.Helper()
	asked, err := s.RequestConsent(ctx, record.OptIn{Statement: statement.Statement{
		Address: annaTyped, Channels: []string{"newsletter"}, Source: consent.SourceWebForm,
		Declaration: consent.Declaration{ID: "all-news", Version: "3"},
	}})
	if err != nil || asked.Verdict != consent.Allow {
		t.Fatalf("the way back: %+v, %v", asked.Decision, err)
	}
	w.clock.Advance(time.Second)
	if _, err := s.ConfirmConsent(ctx, record.Confirmation{Token: asked.Token}); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	w.wantCheck(ctx, s, "newsletter", annaTyped, consent.CodeAllowConsent)
	w.wantCheck(ctx, s, "product-marketing", annaTyped, consent.CodeErased)
}

func TestErase_NothingIsLeftInTheFilesOfSQLite(t *testing.T) {
	w := newWorld(t, "sqlite")
	nothingIsLeft(t, w, func(n *needles) { searchFiles(t, strings.TrimSuffix(w.path, "/test.db"), n) })
}

func TestErase_NothingIsLeftInTheFilesOfPostgreSQL(t *testing.T) {
	t.Parallel()
	server := testdb.NewPostgresServer(t, "wal_recycle = off", "min_wal_size = 32MB", "autovacuum = off")
	w := newWorldAt(t, server.URL())
	nothingIsLeft(t, w, func(n *needles) {
		r := w.raw()
		// A segment of the log ends with the second checkpoint that it is not needed for any more.
		for range 2 {
			r.exec("SELECT pg_switch_wal()")
			r.db.ExecContext(t.Context(), "CHECKPOINT") //nolint:errcheck // What is left is looked for next.
		}
		searchFiles(t, string(r.bytes("SHOW data_directory")), n)
	})
}
