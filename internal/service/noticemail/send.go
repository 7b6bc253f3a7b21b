package noticemail

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/mailer"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

const (
	// sendAtOnce is how many mails one run sends at most.
	sendAtOnce = 200
	// outcomeSent is the outcome of an attempt that did not fail.
	outcomeSent = "sent"
	// tooOld is why a mail is given up that could not be sent for as long as its notices are news.
	tooOld = "too_old"
	// noAddressee is why a mail is given up whose member left the desk.
	noAddressee = "no_addressee"
)

// waits returns how long after its n-th attempt a mail is tried again: at most an hour, so that what the mail server missed comes soon after it is
// back.
func waits(attempts int64) time.Duration {
	schedule := []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}
	return schedule[min(max(attempts, 1), int64(len(schedule)))-1]
}

// sendDue sends the mails that are due. It ends with the first that finds no mail server: the others would not either, and are due in the next run.
func (s *Mails) sendDue(ctx context.Context) error {
	due, err := casetable.DueNoticeMails(ctx, s.Store, s.Instant(), sendAtOnce)
	if err != nil {
		return err
	}
	for i := range due {
		m, err := s.take(ctx, due[i].ID)
		if err != nil {
			return err
		}
		if m == nil {
			continue // Another server has it.
		}
		failed, err := s.attempt(ctx, m)
		if err != nil {
			return err
		}
		if failed != nil && (failed.Outcome == mailer.Unreachable || failed.Outcome == mailer.LoginRefused) || ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// take takes a mail for one attempt, unless another has it or it is not due any more: then it is nil. From then on it stays as it is.
func (s *Mails) take(ctx context.Context, id [16]byte) (taken *casetable.NoticeMail, err error) {
	err = s.engine.Do(ctx, &txn.Write{Run: func(w *txn.Tx) error {
		taken = nil
		rows, err := txn.RowsOf(w, id, casetable.NoticeMailOf)
		if err != nil || len(rows) == 0 {
			return err
		}
		m, now := &rows[0], s.Instant()
		if m.State != casetable.MailWaiting || m.Due > now || m.IsTaken(now) {
			return nil
		}
		m.Lease = make([]byte, 16)
		rand.Read(m.Lease) // It never fails.
		m.LeaseUntil, m.Handed = now.Add(leaseLasts), true
		m.Attempts++
		m.Due = now.Add(waits(m.Attempts)) // Where this server ends in it, the next attempt is due then.
		txn.PutRows(w, id, []casetable.NoticeMail{*m}, casetable.PutNoticeMail(m))
		taken = m
		return nil
	}})
	return taken, err
}

// attempt sends a mail that was taken, and stores what came of it. The failure is nil if it was sent, or cannot be.
func (s *Mails) attempt(ctx context.Context, m *casetable.NoticeMail) (*mailer.Failure, error) {
	if m.Created.Add(triedFor) <= s.Instant() {
		return nil, s.giveUp(ctx, m, tooOld)
	}
	letter, err := s.letter(ctx, m)
	if err != nil {
		return nil, errors.Join(err, s.again(ctx, m, false))
	}
	if letter.To == "" || letter.Text == "" {
		return nil, s.giveUp(ctx, m, noAddressee)
	}
	err = s.options.Sender.Send(ctx, letter)
	var failed *mailer.Failure
	switch {
	case err == nil:
		s.options.Attempted(outcomeSent)
		return nil, s.sent(ctx, m)
	case !errors.As(err, &failed):
		return nil, errors.Join(err, s.again(ctx, m, false))
	}
	s.options.Attempted(string(failed.Outcome))
	s.Log.LogAttrs(ctx, slog.LevelWarn, "a mail with notices was not sent", append(about(m), slog.String("outcome", failed.Error()))...)
	m.Failure = string(failed.Outcome)
	if failed.NoSuchRecipient() {
		return failed, s.giveUp(ctx, m, m.Failure)
	}
	return failed, s.again(ctx, m, failed.Outcome == mailer.Unclear)
}

// again leaves a mail for its next attempt. Where the mail server can have it, it is the same mail then.
func (s *Mails) again(ctx context.Context, m *casetable.NoticeMail, handed bool) error {
	m.Handed = handed
	return s.end(ctx, m)
}

// giveUp drops a mail. Its notices stay in the list.
func (s *Mails) giveUp(ctx context.Context, m *casetable.NoticeMail, why string) error {
	s.Log.LogAttrs(ctx, slog.LevelError, "a mail with notices is given up; they are only listed", append(about(m), slog.String("reason", why))...)
	m.State, m.Failure = casetable.MailDropped, why
	return s.end(ctx, m)
}

// sent notes that a mail was sent, and each of its notices with it.
func (s *Mails) sent(ctx context.Context, m *casetable.NoticeMail) error {
	m.State, m.Failure = casetable.MailSent, ""
	now := s.Instant()
	told := make([]storage.Statement, len(m.Notices))
	for i, id := range m.Notices {
		told[i] = casetable.NoticeTold(id, now)
	}
	return s.end(ctx, m, told...)
}

// end stores what came of an attempt, also when the server is about to stop: what was sent is not to be sent again.
func (s *Mails) end(ctx context.Context, m *casetable.NoticeMail, more ...storage.Statement) error {
	const grace = 5 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	return s.Store.WriteTables(ctx, append([]storage.Statement{casetable.EndNoticeMail(m)}, more...)...)
}

// about names a mail in the log.
func about(m *casetable.NoticeMail) []slog.Attr {
	return []slog.Attr{
		slog.String("mail", hex.EncodeToString(m.ID[:])), slog.String("department", m.Department), slog.String("member", m.Member),
		slog.Int("notices", len(m.Notices)), slog.Int64("attempts", m.Attempts),
	}
}

// address returns where a mail goes; empty: its member left all desks, or the officers have no address any more.
func (s *Mails) address(cat *catalog.Catalog, m *casetable.NoticeMail) string {
	if m.Member == "" {
		return s.options.Officers
	}
	desk, _ := s.options.Desk(cat, m.Department)
	member, there := desk.Member(m.Member)
	for i := 0; !there && i < len(cat.Departments); i++ { // The same id is the same person on each desk.
		desk, _ = s.options.Desk(cat, cat.Departments[i].ID)
		member, there = desk.Member(m.Member)
	}
	return member.Email
}
