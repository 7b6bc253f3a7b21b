package noticemail

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/notices"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

const (
	// planAtOnce is for how many notices one transaction plans mails.
	planAtOnce = 200
	// maxNotices is how many notices one mail tells of.
	maxNotices = 100
)

// addressee is who gets a mail: a member of a desk, or the officers, who have neither department nor id.
type addressee struct{ department, member string }

// plan makes mails for the notices that have none yet.
func (s *Mails) plan(ctx context.Context) error {
	for {
		since := s.Instant().Add(-triedFor)
		first, err := casetable.UnplannedNotices(ctx, s.Store, since, 1)
		if err != nil || len(first) == 0 {
			return err
		}
		if err := s.engine.Do(ctx, &txn.Write{Run: func(w *txn.Tx) error { return s.planIn(w, since) }}); err != nil {
			return err
		}
	}
}

// unplanned is by what the notices without mails are read within a transaction.
type unplanned struct{}

// planIn makes mails for some notices within a transaction: under the lock of the head, where another server does not plan the same ones.
func (s *Mails) planIn(w *txn.Tx, since consent.Instant) error {
	rows, err := txn.RowsOf(w, unplanned{}, func(ctx context.Context, from storage.TableReader, _ unplanned) ([]casetable.Notice, error) {
		return casetable.UnplannedNotices(ctx, from, since, planAtOnce)
	})
	if err != nil || len(rows) == 0 {
		return err
	}
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return err
	}
	absences, err := txn.RowsOf(w, "", casetable.Absences)
	if err != nil {
		return err
	}
	mails, err := txn.RowsOf(w, addressee{}, func(ctx context.Context, from storage.TableReader, _ addressee) ([]casetable.NoticeMail, error) {
		return casetable.OpenNoticeMails(ctx, from)
	})
	if err != nil {
		return err
	}
	var statements []storage.Statement
	changed := map[[16]byte]bool{}
	for i := range rows {
		for _, to := range s.addressees(cat, absences, &rows[i], w.Recorded.Time()) {
			at := slices.IndexFunc(mails, func(m casetable.NoticeMail) bool { return m.Member == to.member && len(m.Notices) < maxNotices })
			if at < 0 {
				at = len(mails)
				mails = append(mails, newMail(to, w.Recorded, s.Instant()))
			}
			mails[at].Notices = append(mails[at].Notices, rows[i].ID)
			changed[mails[at].ID] = true
		}
		statements = append(statements, casetable.NoticePlanned(rows[i].ID, w.Recorded))
	}
	for i := range mails {
		if changed[mails[i].ID] {
			statements = append(statements, casetable.PutNoticeMail(&mails[i]))
		}
	}
	txn.PutRows(w, addressee{}, mails)
	txn.PutRows(w, unplanned{}, []casetable.Notice(nil), statements...)
	return nil
}

func newMail(to addressee, created, due consent.Instant) casetable.NoticeMail {
	m := casetable.NoticeMail{Department: to.department, Member: to.member, State: casetable.MailWaiting, Created: created, Due: due}
	rand.Read(m.ID[:]) // It never fails.
	return m
}

// addressees returns who gets a mail with a notice, at a time: of a desk those who are there, for a member who is away the deputy. Where none is
// there, those get it all the same who would have. What has no member is for the officers, if they have an address.
func (s *Mails) addressees(cat *catalog.Catalog, absences []casetable.Absence, n *casetable.Notice, now time.Time) []addressee {
	department, assigned := n.Recipient, ""
	if n.Audience == string(notices.ToMember) {
		department, assigned = n.Department, n.Recipient
	}
	desk, _ := s.options.Desk(cat, department)
	members := desk.InCharge(assigned, awayFrom(absences, department), now).Members
	if len(members) == 0 {
		for _, m := range desk.Members {
			if assigned == "" || assigned == m.ID {
				members = append(members, m.ID)
			}
		}
	}
	if n.Audience == string(notices.ToOfficer) || len(members) == 0 {
		if s.options.Officers == "" {
			return nil
		}
		return []addressee{{}}
	}
	list := make([]addressee, len(members))
	for i, id := range members {
		list[i] = addressee{department, id}
	}
	return list
}

// awayFrom returns the absences of the members of a desk.
func awayFrom(rows []casetable.Absence, department string) (list []casework.Absence) {
	for i := range rows {
		if r := &rows[i]; r.Department == department {
			list = append(list, casework.Absence{Member: r.Member, From: r.From.Time(), Until: r.Until.Time(), Deputy: r.Deputy})
		}
	}
	return list
}
