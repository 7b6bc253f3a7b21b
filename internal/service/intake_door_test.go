package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	kinds "github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/intake/bounce"
	"github.com/assent-io/assent/internal/intake/mail"
	"github.com/assent-io/assent/internal/lmtp"
	limits "github.com/assent-io/assent/internal/message"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/token"
)

// door opens a door for mail to a service, which is closed with the test.
func door(t testing.TB, s *Service) (address string) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	inside := access.WithCaller(context.WithoutCancel(ctx), access.Process("door"))
	go func() { ended <- lmtp.New(inside, s, slog.New(slog.DiscardHandler)).Serve(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// mailServer is a connection to a door.
func mailServer(t testing.TB, at string) *smtp.Client {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	client := smtp.NewClientLMTP(conn)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// deliver hands a mail in.
func deliver(client *smtp.Client, to, text string) error {
	if err := errors.Join(client.Mail("", nil), client.Rcpt(to, nil)); err != nil {
		return err
	}
	w, err := client.Data()
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n"))
	return errors.Join(err, w.Close())
}

// returnedMail is a mail of the corpus with a token of ours in it, and what has to stand because of it.
type returnedMail struct {
	name, text string
	bounced    []string // exact addresses
	complaints int
	left       int
}

const corpusToken = "AVc2hZk0Qe7Vn3xJt9bWmS4rLpYd8uGfXa1oNzKi5cTHq6EwRyDj2MsBvPgA"

// corpusMails reads the corpus. In each mail the token is that of a message to the first address that it is about. What has to stand is found
// out without the service: by the verdicts of package mail, and by which texts are tokens.
func (w *world) corpusMails(keys *seal.Keys) []returnedMail {
	w.t.Helper()
	files, err := filepath.Glob("../intake/mail/testdata/corpus/*.eml")
	if err != nil || len(files) < 150 {
		w.t.Fatalf("%d mails, %v", len(files), err)
	}
	reader := mail.New(mail.Settings{Unsubscribe: []string{"leave@acme.example"}, Limits: limits.DefaultLimits()})
	classifier := bounce.New()
	var all []returnedMail
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			w.t.Fatal(err)
		}
		text = []byte(strings.ReplaceAll(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n", "\r\n"))
		about, err := address.Parse("joe@there.example")
		if err != nil {
			w.t.Fatal(err)
		}
		first, err := reader.Read(mail.Envelope{}, strings.NewReader(string(text)))
		if err != nil {
			w.t.Fatal(err)
		}
		if len(first.Reports) > 0 {
			if a, err := address.Parse(first.Reports[0].Address); err == nil {
				about = a
			}
		}
		ours, err := token.NewLink(keys, &token.Link{Address: about.Exact(), Channel: "newsletter", Decided: start.Unix()})
		if err != nil {
			w.t.Fatal(err)
		}
		one := returnedMail{name: filepath.Base(file), text: strings.ReplaceAll(string(text), corpusToken, ours)}
		got, err := reader.Read(mail.Envelope{From: "", To: nil}, strings.NewReader(one.text))
		if err != nil {
			w.t.Fatal(err)
		}
		for i := range got.Reports {
			one.expect(w, classifier, &got.Reports[i], about)
		}
		all = append(all, one)
	}
	return all
}

// expect adds what has to stand because of a report.
func (m *returnedMail) expect(w *world, classifier *bounce.Classifier, r *kinds.Report, about address.Address) {
	proved := slices.ContainsFunc(r.Tokens, func(t kinds.Token) bool { _, err := token.ReadLink(w.keys, t.Text); return err == nil })
	if !proved || r.Ambiguous {
		return
	}
	switch r.Kind {
	case kinds.Bounce:
		row, _ := classifier.Row(r.Rule)
		own, err := address.Parse(r.Address)
		if err != nil {
			own = about
		}
		if r.Class == kinds.Hard && !r.Domain && row.Then != bounce.HardAtSecond && own.Folded() == about.Folded() {
			m.bounced = append(m.bounced, about.Exact())
		}
	case kinds.Complaint:
		m.complaints++
	case kinds.Unsubscribe:
		m.left++
	default:
	}
}

func TestDoor_Corpus_RecordsExactlyWhatIsProved(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.unsubscribe = []string{"leave@acme.example"}
		s, ctx := w.linked()
		w.clock.Advance(60 * 24 * time.Hour)
		client := mailServer(t, door(t, s))
		bounced, addresses := map[string]bool{}, map[string]bool{}
		for _, m := range w.corpusMails(w.keys) {
			head := positions(t, s.Store)
			for range 2 {
				if err := deliver(client, "nobody@acme.example", m.text); err != nil {
					t.Fatalf("%s: %v", m.name, err)
				}
			}
			_, records, err := s.Store.Ledger(ctx, head, 100)
			if err != nil {
				t.Fatal(err)
			}
			complaints, left, hard := 0, 0, 0
			for _, r := range records {
				switch {
				case r.Event.Reason == consent.ReasonComplaint:
					complaints++
				case r.Event.Reason == consent.ReasonHardBounce:
					hard++
				case r.Event.Kind.IsNo():
					left++
				default:
					t.Errorf("%s recorded %s", m.name, r.Event.Kind)
				}
			}
			fresh := 0
			for _, a := range m.bounced {
				if addresses[a] = true; !bounced[a] {
					fresh++
				}
				bounced[a] = true
			}
			if hard != fresh || complaints > m.complaints || left > m.left || m.complaints > 0 && complaints == 0 && hard == 0 {
				t.Errorf("%s recorded %d bounces, %d complaints, left %d; want %d, %d, %d", m.name, hard, complaints, left, fresh, m.complaints, m.left)
			}
		}
		if len(bounced) < 20 {
			t.Errorf("only %d addresses bounced", len(bounced))
		}
		list := slices.Sorted(maps.Keys(addresses))
		got, err := s.BatchCheck(ctx, check.BatchInput{Addresses: list, Request: consent.Request{Channel: "newsletter"}})
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range list {
			if d, _ := got.Item(i); d.Reason != consent.CodeHardBounce {
				t.Errorf("%s: %s", a, d.Reason)
			}
		}
	})
}

func TestDoor_ForgedReports_RecordNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		w.clock.Advance(60 * 24 * time.Hour)
		client := mailServer(t, door(t, s))
		head := positions(t, s.Store)
		stranger, err := seal.Create(filepath.Join(t.TempDir(), "stranger.keys"))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range w.corpusMails(stranger) {
			if err := deliver(client, "bounce+1.abcdefghijklmnopqrstuvwxyz@bounces.example", m.text); err != nil {
				t.Fatalf("%s: %v", m.name, err)
			}
			if now := positions(t, s.Store); now != head {
				t.Errorf("%s recorded %d events", m.name, now-head)
				head = now
			}
		}
		if len(w.hints(ctx, s)) == 0 {
			t.Error("there are no hints")
		}
	})
}

func TestDoor_SameMailsAtTwoServersAtOnce_AreRecordedOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.linked()
		other := s // A SQLite file has one server; its two doors are as good.
		if w.url != "" {
			other = w.service(w.store(), 0)
		}
		var mails []string
		for i := range 20 {
			who := fmt.Sprintf("person%d@example.at", i)
			w.mustRecord(ctx, s, consentOn("newsletter", who, start))
			header := headerOf(w.tokenFor(ctx, s, "newsletter", who))
			mails = append(mails, bounced(w.clock.Now(), who, "5.1.1", "no such user", header), complaint(w.clock.Now(), who, header))
		}
		head := positions(t, s.Store)
		var group sync.WaitGroup
		for _, at := range []string{door(t, s), door(t, other)} {
			for range 3 {
				client := mailServer(t, at)
				group.Go(func() {
					for _, text := range mails {
						if err := deliver(client, bounceBox, text); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		group.Wait()
		if now := positions(t, s.Store); now-head != int64(len(mails)) {
			t.Errorf("%d mails recorded %d events", len(mails), now-head)
		}
		if hints := w.hints(ctx, s); len(hints) != 0 {
			t.Errorf("hints %+v", hints)
		}
	})
}
