package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/mailer"
	"github.com/assent-io/assent/internal/service/noticemail"
	"github.com/assent-io/assent/internal/telemetry"
)

// mailsEvery is how late a mail tells at most of what is new.
const mailsEvery = 15 * time.Second

// mailOptions returns how notices are sent by mail.
func mailOptions(cfg config.Server, now func() time.Time, attempted func(outcome string)) (noticemail.Options, error) {
	if cfg.SMTP.IsZero() {
		return noticemail.Options{}, nil
	}
	sender, err := mailer.New(mailer.Options{
		Host: cfg.SMTP.Host, Port: cfg.SMTP.Port, ImplicitTLS: cfg.SMTP.ImplicitTLS, User: cfg.SMTP.User, Password: cfg.SMTPPassword,
		From: cfg.SMTPFrom, Clock: now,
	})
	return noticemail.Options{Sender: sender, Officers: cfg.SMTPOfficers, Attempted: attempted}, err
}

// tellMailing says in the log that desks have members who get no mails, where that is so. That it cannot be read stops no start.
func tellMailing(ctx context.Context, log *slog.Logger, local *Local) {
	found, err := local.NoticeAddressees(ctx)
	if err != nil || found.Mailed || found.Desks == 0 {
		return
	}
	log.LogAttrs(ctx, slog.LevelWarn, "desks have members, and notices to them are only listed: no mail server is set",
		slog.Int("desks", found.Desks), slog.String("remedy", "`assent serve --smtp-url smtp://USER@HOST --smtp-from ADDRESS`, or read `assent notices`"))
}

// noticeStats returns what metrics tell of notices.
func (l *Local) noticeStats(ctx context.Context) (telemetry.NoticeStats, error) {
	w, err := l.WaitingNotices(ctx)
	return telemetry.NoticeStats(w), err
}
