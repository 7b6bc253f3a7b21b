package intake

import (
	"context"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/intake/mail"
	"github.com/assent-io/assent/internal/service/cases"
)

// isFromDesk reports whether a mail is a copy of what one of our desks sent: its words are none of a person who asks for something.
func (s *Intake) isFromDesk(ctx context.Context, read *mail.Result) (bool, error) {
	if read.Letter == nil {
		return false, nil
	}
	return s.cases.IsDesk(ctx, read.From)
}

// caseOf makes a case of a letter, or attaches it to the one that it belongs to; of all else it returns the case that a complaint of the mail
// opened. Nil: there is none.
func (s *Intake) caseOf(ctx context.Context, read *mail.Result, items []*item, m *Mail) (*cases.Taken, error) {
	if read.Letter == nil {
		for _, it := range items {
			if it.opened != nil {
				return it.opened, nil
			}
		}
		return nil, nil //nolint:nilnil // No case and no error.
	}
	l := &cases.Letter{
		From: read.From, Subject: read.Subject, Text: read.Letter.Text, To: read.Letter.To, ID: read.Letter.ID, Answers: read.Letter.Answers,
		AsksToLeave: read.AsksToLeave, DryRun: m.DryRun,
	}
	if f := read.Letter.Forward; f != nil {
		l.Forward = &cases.Forward{From: f.From, Text: f.Text, ID: f.ID}
	}
	for _, it := range items {
		if it.proved && it.department != "" {
			l.Token = it.sentBy()
		}
		for _, r := range it.records {
			if r.Hint != "" {
				l.Hint = r.Hint
			}
		}
	}
	from := From{Source: m.Source}
	taken, err := s.cases.TakeLetter(from.recorder(ctx), l)
	return &taken, err
}

// sentBy returns who sent the message, as our token says.
func (it *item) sentBy() *casework.Candidate {
	sent := &casework.Candidate{Department: it.department, Channel: it.channel, SenderIdentity: it.sender, Evidence: casework.ByToken}
	if it.decided != 0 {
		sent.Time = it.decided.Time()
	}
	return sent
}

// openCase opens a case for a complaint that was recorded, in the same write.
func (w *writing) openCase() error {
	it := w.item
	if it.outcome != Recorded || it.department == "" {
		return nil
	}
	if w.dry {
		it.opened = &cases.Taken{Outcome: cases.MailOpened, Kind: casework.Complaint, Department: it.department, Evidence: casework.ByToken}
		return nil
	}
	key, err := w.intake.identity(it)
	if err != nil {
		return err
	}
	taken, err := w.intake.cases.TakeReport(w.Tx, &cases.Report{
		Address: it.address, Token: *it.sentBy(), Time: w.occurred(), Text: it.report.Text, Key: key,
	})
	it.opened = &taken
	return err
}
