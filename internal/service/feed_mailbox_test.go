package service

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/webhooks"
	"github.com/assent-io/assent/internal/storage/tables"
)

const (
	mailboxText    = "life@gmail.com"
	mailboxSpelled = "li.fe@gmail.com"
	mailboxLinked  = "life@mail.example"
)

// mailboxReaders are readers of every form, each of which reads everything between the steps of a test.
type mailboxReaders struct {
	w     *world
	s     *Service
	ctx   context.Context
	reads map[string]*feedReader
	hooks []*keeper
}

func (w *world) mailboxReaders() *mailboxReaders {
	w.t.Helper()
	s, ctx := w.hooked(webhooks.Options{}).acme()
	m := &mailboxReaders{w: w, s: s, ctx: ctx, reads: map[string]*feedReader{}}
	for _, form := range []consumers.Form{"", consumers.FormPlain, consumers.FormSHA256, consumers.FormKeyed} {
		m.reads["feed "+string(form)] = w.reader(ctx, s, "feed"+string(form), form)
	}
	for _, form := range []consumers.Form{consumers.FormPlain, consumers.FormSHA256} {
		k := w.keeper(ctx, s, "hook"+string(form), form)
		m.hooks, m.reads["webhook "+string(form)] = append(m.hooks, k), k.reader
	}
	for _, r := range m.reads {
		if strings.HasSuffix(r.in.Consumer, string(consumers.FormSHA256)) {
			r.name = func(match consent.Form, text string) string { // It has its addresses as hashes, which it cannot fold.
				sum := sha256.Sum256([]byte(text))
				return plainName(match, hex.EncodeToString(sum[:]))
			}
		}
	}
	m.read()
	return m
}

// read has all readers read everything.
func (m *mailboxReaders) read() {
	m.w.t.Helper()
	m.w.finish(m.ctx, m.s)
	for name, r := range m.reads {
		for strings.HasPrefix(name, "feed") && r.next(m.w.t) {
		}
	}
}

// record records statements, each of which is read before the next.
func (m *mailboxReaders) record(statements ...statement.Statement) (position int64) {
	m.w.t.Helper()
	for i := range statements {
		position = m.w.mustRecord(m.ctx, m.s, statements[i]).Position
		m.read()
	}
	return position
}

func (m *mailboxReaders) erase(text string) (at consent.Instant) {
	m.w.t.Helper()
	at = consent.InstantOf(m.w.clock.Now())
	m.w.erase(m.ctx, m.s, text)
	m.read()
	return at
}

func (m *mailboxReaders) grant(text string) {
	m.record(consentOn("product-marketing", text, m.w.clock.Now()))
}

// says returns what a reader concludes of an address on a channel.
func (m *mailboxReaders) says(r *feedReader, channel, text string) feed.Answer {
	m.w.t.Helper()
	a, err := address.Parse(text)
	if err != nil {
		m.w.t.Fatal(err)
	}
	cards := r.cards(a)
	if strings.HasSuffix(r.in.Consumer, string(consumers.FormSHA256)) {
		cards.Folded = nil
		for _, rule := range r.holds[r.name(consent.FormFolded, text)] {
			cards.Folded = append(cards.Folded, rule)
		}
	}
	head, err := m.s.Store.Head(m.ctx)
	if err != nil {
		m.w.t.Fatal(err)
	}
	versions, err := m.s.reference.Catalogs.UpTo(m.ctx, &head)
	if err != nil {
		m.w.t.Fatal(err)
	}
	worths, err := feed.NewWorths(versions[len(versions)-1].Parsed)
	if err != nil {
		m.w.t.Fatal(err)
	}
	return worths.Channel(channel).Evaluate(cards, false, consent.InstantOf(m.w.clock.Now()))
}

// want wants that each reader concludes of the address what a check answers.
func (m *mailboxReaders) want(text string, reason consent.Code) {
	m.w.t.Helper()
	m.w.wantCheck(m.ctx, m.s, "product-marketing", text, reason)
	for name, r := range m.reads {
		if got := m.says(r, "product-marketing", text); got.Allowed != (reason == consent.CodeAllowConsent) {
			m.w.t.Errorf("%s: it concludes %s of %s, a check %s; held: %v", name, got.Reason, text, reason, r.holds.text())
		}
	}
	for _, k := range m.hooks {
		if k.resets > 1 {
			m.w.t.Errorf("a webhook asked for %d snapshots", k.resets)
		}
	}
}

func mailboxBlock(reason consent.Reason, text string) statement.Statement {
	return statement.Statement{Kind: consent.KindSuppress, Address: text, Reason: reason}
}

// mailboxCase is a history of a mailbox of which a spelling was erased and another one, or the same again, has a consent. It returns that one,
// and what then blocks it.
type mailboxCase func(m *mailboxReaders) (held string, reason consent.Code, block func())

func mailboxCases() map[string]mailboxCase {
	lift := mailboxBlock(consent.ReasonLegalBlock, mailboxSpelled)
	lift.Kind, lift.Justification = consent.KindLift, "a mistake"
	late := func(m *mailboxReaders, reason consent.Reason, at consent.Instant) func() {
		st := mailboxBlock(reason, mailboxText)
		st.Occurred = at
		return func() { m.w.mustRecord(m.ctx, m.s, st) }
	}
	blocksLinked := func(m *mailboxReaders) func() {
		return func() { m.w.mustRecord(m.ctx, m.s, mailboxBlock(consent.ReasonLegalBlock, mailboxLinked)) }
	}
	return map[string]mailboxCase{
		"a lift that is left out": func(m *mailboxReaders) (string, consent.Code, func()) {
			m.record(mailboxBlock(consent.ReasonLegalBlock, mailboxSpelled))
			lifted := m.record(lift)
			m.erase(mailboxSpelled)
			m.grant(mailboxText)
			return mailboxText, consent.CodeLegalBlock, func() {
				if _, err := m.s.Void(m.ctx, rights.Void{Position: lifted, Justification: "a mistake"}); err != nil {
					m.w.t.Fatal(err)
				}
			}
		},
		"a batch with a lift that is undone": func(m *mailboxReaders) (string, consent.Code, func()) {
			m.record(mailboxBlock(consent.ReasonLegalBlock, mailboxSpelled))
			batch, imported := consent.BatchID{7}, lift
			imported.Occurred = consent.InstantOf(m.w.clock.Now())
			m.w.mustImport(m.ctx, m.s, batch, imported)
			m.read()
			m.erase(mailboxSpelled)
			m.grant(mailboxText)
			return mailboxText, consent.CodeLegalBlock, func() { m.w.advance(m.ctx, m.s, batch, 1) }
		},
		"a block from before the erasure": func(m *mailboxReaders) (string, consent.Code, func()) {
			m.grant(mailboxText)
			at := m.erase(mailboxText)
			m.grant(mailboxText)
			return mailboxText, consent.CodeLegalBlock, late(m, consent.ReasonLegalBlock, at)
		},
		"a restriction from before the erasure": func(m *mailboxReaders) (string, consent.Code, func()) {
			at := m.erase(mailboxText)
			m.grant(mailboxText)
			return mailboxText, consent.CodeRestricted, late(m, consent.ReasonProcessingRestricted, at)
		},
		"a block of the address that it is linked with": func(m *mailboxReaders) (string, consent.Code, func()) {
			m.record(linking(consent.KindLink, mailboxText, mailboxLinked))
			m.erase(mailboxText)
			m.grant(mailboxText)
			return mailboxText, consent.CodeLegalBlock, blocksLinked(m)
		},
		"a block of the address that another spelling was linked with": func(m *mailboxReaders) (string, consent.Code, func()) {
			m.record(linking(consent.KindLink, mailboxSpelled, mailboxLinked))
			m.erase(mailboxSpelled)
			m.grant(mailboxText)
			return mailboxText, consent.CodeLegalBlock, blocksLinked(m)
		},
		"a block, while the address that stands is another spelling": func(m *mailboxReaders) (string, consent.Code, func()) {
			at := m.erase(mailboxText)
			m.grant("l.i.f.e@gmail.com")
			return "l.i.f.e@gmail.com", consent.CodeLegalBlock, late(m, consent.ReasonLegalBlock, at)
		},
		"a block of an address that came back at a domain without spellings": func(m *mailboxReaders) (string, consent.Code, func()) {
			m.record(linking(consent.KindLink, "life@old.example", mailboxLinked))
			m.erase("life@old.example")
			m.grant("life@old.example")
			return "life@old.example", consent.CodeLegalBlock, blocksLinked(m)
		},
	}
}

// TestFeed_ChangeOfAMailboxOfWhichASpellingWasErased_IsTold has the mailbox of a living address blocked by events that say no address, after an
// erasure took the text of its folded form.
func TestFeed_ChangeOfAMailboxOfWhichASpellingWasErased_IsTold(t *testing.T) {
	for name, test := range mailboxCases() {
		t.Run(name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, w *world) {
				m := w.mailboxReaders()
				held, reason, block := test(m)
				m.want(held, consent.CodeAllowConsent)
				m.w.clock.Advance(time.Second)
				block()
				m.read()
				m.want(held, reason)
				list := m.reads["feed plain"].list(t, "product-marketing", "feedplain")
				if !list.has(held) || list.end.Missing != 0 {
					t.Errorf("the block list has it: %t, and lacks %d", list.has(held), list.end.Missing)
				}
				for name, r := range m.reads { // A reader that begins now holds the same.
					fresh := *r
					fresh.in = changes.Request{Consumer: fresh.in.Consumer}
					fresh.snapshot(t, func() {})
					if got := m.says(&fresh, "product-marketing", held); got.Allowed {
						t.Errorf("%s: by its snapshot it concludes %s of %s, a check %s", name, got.Reason, held, reason)
					}
				}
			})
		})
	}
}

// TestFeed_SpellingThatWasKnownBeforeTheErasureOfAnother_IsToldWhatBlocksIt asks about a channel on which no erasure stops messages.
func TestFeed_SpellingThatWasKnownBeforeTheErasureOfAnother_IsToldWhatBlocksIt(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		m := w.mailboxReaders()
		m.grant("l.i.f.e@gmail.com")
		m.grant("life+tag@gmail.com")
		at := m.erase(mailboxText)
		late := mailboxBlock(consent.ReasonLegalBlock, mailboxText)
		late.Occurred, late.Scope = at, consent.ScopeAll
		m.w.clock.Advance(time.Second)
		m.record(late)
		for _, held := range []string{"l.i.f.e@gmail.com", "life+tag@gmail.com"} {
			for name, r := range m.reads {
				if got := m.says(r, "order-updates", held); !got.Blocked {
					t.Errorf("%s: it concludes %s of %s; held: %v", name, got.Reason, held, r.holds.text())
				}
			}
		}
		m.erase("l.i.f.e@gmail.com")
		m.erase("life+tag@gmail.com")
		for name, r := range m.reads {
			if held := strings.Join(r.holds.text(), "\n"); strings.Contains(held, "gmail") {
				t.Errorf("%s: it holds something of a mailbox of which every address was erased: %s", name, held)
			}
		}
	})
}

// TestFillMailboxes_AfterAnUpgrade_TellsWhatWasNotTold has the addresses of a mailbox recorded by a program without the table.
func TestFillMailboxes_AfterAnUpgrade_TellsWhatWasNotTold(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		m := w.mailboxReaders()
		forget := func() { w.raw().exec(`DELETE FROM mailboxes`) }
		fill := func() {
			t.Helper()
			if err := m.s.FillMailboxes(m.ctx); err != nil {
				t.Fatal(err)
			}
			m.read()
		}
		fills := func() []tables.MailboxFill {
			t.Helper()
			all, err := tables.MailboxFills(m.ctx, m.s.Store)
			if err != nil {
				t.Fatal(err)
			}
			return all
		}
		if len(fills()) > 0 {
			t.Fatal("a new database is taken for one of an older program")
		}
		var none consent.SubjectID
		w.raw().exec(`INSERT INTO mailboxes_fill (id, subject, passes, due_time) VALUES (1, $1, 2, 0)`, none[:])
		at := m.erase(mailboxText)
		m.erase("life@old.example")
		m.grant(mailboxSpelled)
		forget()
		late := mailboxBlock(consent.ReasonLegalBlock, mailboxText)
		late.Occurred = at
		m.w.clock.Advance(time.Second)
		m.record(late)
		fill()
		m.want(mailboxSpelled, consent.CodeLegalBlock)
		if left := fills(); len(left) != 1 || left[0].Passes != 1 {
			t.Fatalf("after the first pass: %+v", left)
		}
		m.grant("life@old.example")
		forget() // It was an older program that recorded it.
		w.raw().exec(`INSERT INTO mailboxes (mailbox, digest) VALUES ($1, $2)`, make([]byte, 16), make([]byte, 32))
		fill()
		if n := len(w.mailboxesHeld()); n != 1 {
			t.Errorf("before the second pass was due %d rows were there, want 1", n)
		}
		m.w.clock.Advance(25 * time.Hour)
		fill()
		if n := len(w.mailboxesHeld()); n != 2 || len(fills()) > 0 {
			t.Errorf("after the second pass %d rows are there, want those of two addresses; left: %+v", n, fills())
		}
	})
}

// TestFillMailboxes_LastPass_TellsWhatAnOlderServerToldWithoutTheAddress has a late block told by a server that does not know the table, while the
// address is noted by a server that does.
func TestFillMailboxes_LastPass_TellsWhatAnOlderServerToldWithoutTheAddress(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		m := w.mailboxReaders()
		at := m.erase(mailboxText)
		m.grant(mailboxSpelled)
		late := mailboxBlock(consent.ReasonLegalBlock, mailboxText)
		late.Occurred = at
		m.w.clock.Advance(time.Second)
		place, err := subjects.NewLocator(m.s.Keys, 1).Place(consent.FormFolded, mailboxText)
		if err != nil {
			t.Fatal(err)
		}
		noted := m.s.Keys.Mailbox(place.Keys[0].Digest)
		w.raw().exec(`UPDATE mailboxes SET mailbox = $1`, make([]byte, 16)) // So that it is not found.
		m.record(late)
		w.raw().exec(`UPDATE mailboxes SET mailbox = $1`, noted[:])
		if a := m.says(m.reads["feed plain"], "product-marketing", mailboxSpelled); !a.Allowed {
			t.Fatalf("it was told what an older server does not tell: %s", a.Reason)
		}
		w.raw().exec(`INSERT INTO mailboxes_fill (id, subject, passes, due_time) VALUES (1, $1, 1, 0)`, make([]byte, 16))
		if err := m.s.FillMailboxes(m.ctx); err != nil {
			t.Fatal(err)
		}
		m.read()
		m.want(mailboxSpelled, consent.CodeLegalBlock)
	})
}

// TestFillMailboxes_LastPass_ForgetsWhatAnOlderServerErased has an address erased by a server that does not know the table.
func TestFillMailboxes_LastPass_ForgetsWhatAnOlderServerErased(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		m := w.mailboxReaders()
		m.grant(mailboxText)
		m.grant(mailboxSpelled)
		erased := w.mailboxesHeld()
		m.erase(mailboxText)
		kept := w.mailboxesHeld()
		place, err := subjects.NewLocator(m.s.Keys, 1).Place(consent.FormFolded, mailboxText)
		if err != nil {
			t.Fatal(err)
		}
		noted := m.s.Keys.Mailbox(place.Keys[0].Digest)
		for _, c := range erased {
			if !slices.ContainsFunc(kept, func(k cell) bool { return bytes.Equal(k.value, c.value) }) {
				w.raw().exec(`INSERT INTO mailboxes (mailbox, digest) VALUES ($1, $2)`, noted[:], c.value)
			}
		}
		if n := len(w.mailboxesHeld()); n != 2 {
			t.Fatalf("%d rows", n)
		}
		w.raw().exec(`INSERT INTO mailboxes_fill (id, subject, passes, due_time) VALUES (1, $1, 1, 0)`, make([]byte, 16))
		if err := m.s.FillMailboxes(m.ctx); err != nil {
			t.Fatal(err)
		}
		if left := w.mailboxesHeld(); len(left) != 1 || !bytes.Equal(left[0].value, kept[0].value) {
			t.Errorf("left are %x, want %x", left, kept)
		}
	})
}

func (w *world) mailboxesHeld() (all []cell) {
	w.t.Helper()
	for _, c := range w.raw().cells() {
		if c.table == "mailboxes" && c.column == "digest" {
			all = append(all, c)
		}
	}
	return all
}

// TestMailboxes_AreOfTheAddressesThatAreHeld has addresses come and go, by consents and erasures.
func TestMailboxes_AreOfTheAddressesThatAreHeld(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		m := w.mailboxReaders()
		want := func(n int, when string) {
			t.Helper()
			if got := len(w.mailboxesHeld()); got != n {
				t.Errorf("%s: %d rows, want %d", when, got, n)
			}
		}
		m.grant("anna@mail.example")
		want(0, "an address with one spelling")
		m.grant(mailboxText)
		m.grant(mailboxText)
		m.grant(mailboxSpelled)
		want(2, "two spellings")
		m.erase(mailboxSpelled)
		want(1, "one of them erased")
		m.erase("anna@mail.example")
		want(1, "the other address erased")
		m.grant("anna@mail.example")
		want(2, "it came back")
		at := consent.InstantOf(m.w.clock.Now())
		m.w.clock.Advance(time.Second)
		m.grant(mailboxText)
		m.w.mustRecord(m.ctx, m.s, statement.Statement{Kind: consent.KindErase, Address: mailboxText, Occurred: at})
		want(2, "a consent is later than the erasure")
		m.erase("anna@mail.example")
		m.erase(mailboxText)
		want(0, "all erased")
	})
}

// TestMailboxes_OfAConsentUnderAnOlderKeyThanTheErasure_AreFound has the folded subject made under a digest key that came after the consent.
func TestMailboxes_OfAConsentUnderAnOlderKeyThanTheErasure_AreFound(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		f := newFleet(t, w, 1)
		one := f.replicas[0]
		r := w.reader(f.ctx, one.Service, "plain", consumers.FormPlain)
		f.mustRecord(f.ctx, one.Service, consentOn("newsletter", mailboxSpelled, w.clock.Now()))
		f.add(t, seal.KeysetDigest)
		f.promote(t, seal.KeysetDigest)
		f.take(t, one)
		at := consent.InstantOf(w.clock.Now())
		w.erase(f.ctx, one.Service, mailboxText)
		late := mailboxBlock(consent.ReasonLegalBlock, mailboxText)
		late.Occurred, late.Scope = at, consent.ScopeAll
		for r.next(t) {
		}
		told := len(r.holds[plainName(consent.FormFolded, mailboxText)])
		f.mustRecord(f.ctx, one.Service, late)
		for r.next(t) {
		}
		if got := len(r.holds[plainName(consent.FormFolded, mailboxText)]); told == 0 || got != told+1 {
			t.Errorf("it was told %d rules of the mailbox, then %d", told, got)
		}
		w.erase(f.ctx, one.Service, mailboxSpelled)
		if n := len(w.mailboxesHeld()); n != 0 {
			t.Errorf("after the erasure of all spellings %d rows are left", n)
		}
	})
}

func TestRetention_RequestThatGoesWithItsAddress_TakesItOffItsMailbox(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.keeping("requests: P10D")
		if asked, err := s.RequestConsent(ctx, request(mailboxSpelled)); err != nil || asked.Token == "" {
			t.Fatalf("%+v, %v", asked, err)
		}
		if n := len(w.mailboxesHeld()); n != 1 {
			t.Errorf("of a request there are %d rows, want 1", n)
		}
		w.clock.Advance(41 * 24 * time.Hour)
		if report, err := s.RunRetention(ctx, false); err != nil || len(report.Classes) == 0 {
			t.Fatalf("%+v, %v", report, err)
		}
		if n := len(w.mailboxesHeld()); n != 0 {
			t.Errorf("the address is gone, and %d rows are left", n)
		}
	})
}
