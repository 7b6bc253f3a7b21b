package noticemail

import (
	"context"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/mailer"
	"github.com/assent-io/assent/internal/service/cases/alarm"
	"github.com/assent-io/assent/internal/service/cases/number"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// What resources of notices begin with.
const (
	ofCase = "cases/"
	ofSend = "sends/"
)

// item is what a mail says of one notice. Nothing in it is about the person who wrote.
type item struct {
	what     locale.Text // such as "Case 2026-000123"
	happened locale.Text
	due      locale.Text // empty: nothing is due
	command  string      // that shows it
}

// letter writes a mail. Its text is empty if none of its notices is kept any more.
func (s *Mails) letter(ctx context.Context, m *casetable.NoticeMail) (mailer.Mail, error) {
	head, err := s.Store.Head(ctx)
	if err != nil {
		return mailer.Mail{}, err
	}
	cat, err := s.catalog(ctx, &head)
	if err != nil {
		return mailer.Mail{}, err
	}
	var items []item
	for _, id := range m.Notices {
		rows, err := casetable.NoticeOf(ctx, s.Store, id)
		if err != nil {
			return mailer.Mail{}, err
		}
		for i := range rows {
			one, err := s.item(ctx, cat, &rows[i])
			if err != nil {
				return mailer.Mail{}, err
			}
			items = append(items, one)
		}
	}
	letter := mailer.Mail{ID: hex.EncodeToString(m.ID[:]), To: s.address(cat, m)}
	if len(items) == 0 {
		return letter, nil
	}
	languages := s.languages(cat, m.Department)
	letter.Subject = subject(items).In(languages[0])
	parts := make([]string, len(languages))
	for i, lang := range languages {
		parts[i] = text(cat, m.Department, items, lang)
	}
	letter.Text = strings.Join(parts, "\n-----\n\n")
	return letter, nil
}

// languages returns the languages of a mail: that of the desk, or both where none is said.
func (s *Mails) languages(cat *catalog.Catalog, department string) []locale.Language {
	desk, _ := s.options.Desk(cat, department)
	switch desk.Language {
	case locale.German.Tag():
		return []locale.Language{locale.German}
	case locale.English.Tag():
		return []locale.Language{locale.English}
	default:
		return []locale.Language{locale.English, locale.German}
	}
}

// item says what a notice tells.
func (s *Mails) item(ctx context.Context, cat *catalog.Catalog, n *casetable.Notice) (item, error) {
	one := item{what: locale.Same(n.Resource), happened: locale.Name("notice", n.Kind)}
	switch {
	case strings.HasPrefix(n.Resource, ofCase):
		return one, s.fromCase(ctx, cat, n, &one)
	case strings.HasPrefix(n.Resource, ofSend):
		id := strings.TrimPrefix(n.Resource, ofSend)
		one.what, one.command = locale.Fill("noticemail.send", locale.Values{"id": locale.Same(id)}), "assent sends show "+id
		rows, err := sendtable.SendOf(ctx, s.Store, id)
		if err == nil && len(rows) > 0 {
			desk, _ := s.options.Desk(cat, n.Department)
			one.due = until("noticemail.comment", &desk, rows[0].CommentUntil)
		}
		return one, err
	}
	return one, nil
}

// fromCase says what a notice about a case tells.
func (s *Mails) fromCase(ctx context.Context, cat *catalog.Catalog, n *casetable.Notice, one *item) error {
	shown := strings.TrimPrefix(n.Resource, ofCase)
	one.what, one.command = locale.Fill("noticemail.case", locale.Values{"number": locale.Same(shown)}), "assent cases show "+shown
	id, err := number.Parse(shown)
	if err != nil {
		return nil //nolint:nilerr // The mail names it as the notice does.
	}
	rows, err := casetable.CaseOf(ctx, s.Store, id)
	if err != nil || len(rows) == 0 {
		return err
	}
	row := &rows[0]
	desk, _ := s.options.Desk(cat, row.Department)
	switch lawful := n.Kind == alarm.LawDueSoon || n.Kind == alarm.LawOverdue; {
	case row.State == string(casework.Closed):
		one.due = locale.Get("noticemail.closed")
	case lawful:
		one.due = until("noticemail.due", &desk, row.LawDue)
	default:
		one.due = until("noticemail.due", &desk, row.Due)
	}
	return nil
}

// until writes by when something has to be done, by the clock of a desk; nothing for no time.
func until(key string, desk *casework.Desk, at consent.Instant) locale.Text {
	if at == 0 {
		return locale.Text{}
	}
	zone := time.UTC
	if calendar, err := desk.Calendar(); err == nil { // The catalog was refused if not.
		zone = calendar.Zone()
	}
	layout, local := locale.Get("time.minute"), at.Time().In(zone)
	return locale.Fill(key, locale.Values{"time": {EN: local.Format(layout.EN), DE: wording.GermanZone(local.Format(layout.DE))}})
}

// subject says what a mail is about: the one notice, or how many.
func subject(items []item) locale.Text {
	if len(items) == 1 {
		return locale.Fill("noticemail.subject", locale.Values{"what": items[0].what, "happened": items[0].happened})
	}
	return locale.Fill("noticemail.subjects", locale.Values{"n": locale.Same(strconv.Itoa(len(items)))})
}

// text writes the text of a mail in a language.
func text(cat *catalog.Catalog, department string, items []item, lang locale.Language) string {
	var b strings.Builder
	for i := range items {
		one := &items[i]
		b.WriteString(one.what.In(lang) + ": " + one.happened.In(lang) + "\n")
		if due := one.due.In(lang); due != "" {
			b.WriteString("  " + due + "\n")
		}
		if one.command != "" {
			b.WriteString("  " + one.command + "\n")
		}
		b.WriteString("\n")
	}
	why := locale.Get("noticemail.officers")
	if d, ok := cat.Department(department); ok {
		why = locale.Fill("noticemail.desk", locale.Values{"department": {EN: d.Name.EN, DE: d.Name.DE}})
	}
	b.WriteString(why.In(lang) + "\n" + locale.Get("noticemail.foot").In(lang) + "\n")
	return b.String()
}
