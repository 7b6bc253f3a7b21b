// Package lmtp is the door for mail that comes back: a mail server hands it in by LMTP (RFC 2033). The answer to a mail is given once what it says
// is stored: a mail server that is told of a fault keeps the mail and comes again, and the same mail twice changes nothing.
package lmtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
	"golang.org/x/net/netutil"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/intake/mail"
	"github.com/assent-io/assent/internal/service/intake"
)

// Intake carries out what a mail says.
type Intake interface {
	SubmitMail(ctx context.Context, m *intake.Mail) (*intake.Result, error)
}

const (
	// source is the way of the mails that come here, in the figures.
	source = "lmtp"
	// mailsAtOnce is how many mails are read at once: each may take a few megabytes.
	mailsAtOnce = 32
	// maxConnections is how many connections there are at once; more wait until one ends. Mail servers open a few dozen.
	maxConnections = 256
	// maxRecipients is how many recipients a mail has at most (RFC 5321, 4.5.3.1.8).
	maxRecipients = 100
	// maxLine is how long a line may be: what a mail server returns need not keep to the limits of SMTP.
	maxLine = 1 << 20
	// idle is how long a client may say nothing (RFC 5321, 4.5.3.2.7).
	idle = 5 * time.Minute
	// patience is how long one mail may take.
	patience = time.Minute
	// grace is how long the mails under way may take when the door closes.
	grace = 500 * time.Millisecond
)

// Door takes mails by LMTP.
type Door struct {
	intake Intake
	log    *slog.Logger
	server *smtp.Server
	room   chan struct{} // one for each mail that is read
	grace  time.Duration

	mu     sync.Mutex // guards closed, and that no mail begins once it is set
	closed bool
	under  sync.WaitGroup // mails under way
	life   context.Context
	cancel context.CancelFunc
}

// New returns a door. The context is that in which mails are carried out, with a caller that may; it need not end when the door closes.
func New(ctx context.Context, use Intake, log *slog.Logger) *Door {
	d := &Door{intake: use, log: log, room: make(chan struct{}, mailsAtOnce), grace: grace}
	d.life, d.cancel = context.WithCancel(ctx)
	d.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{door: d}, nil }))
	d.server.LMTP, d.server.Domain, d.server.EnableSMTPUTF8, d.server.EnableBINARYMIME = true, "assent", true, true
	d.server.MaxMessageBytes, d.server.MaxRecipients, d.server.MaxLineLength = intake.MaxMail, maxRecipients, maxLine
	d.server.ReadTimeout, d.server.WriteTimeout = idle, idle
	d.server.ErrorLog = faults{log}
	return d
}

// Serve takes mails from the listener until the context ends. Then it takes no more, lets those under way end for a moment, and returns when
// everything has ended that it started.
func (d *Door) Serve(ctx context.Context, from net.Listener) error {
	tracked := &tracker{Listener: netutil.LimitListener(from, maxConnections), open: map[net.Conn]bool{}}
	served := make(chan error, 1)
	go func() { served <- d.server.Serve(tracked) }()
	var err error
	select {
	case err = <-served:
		err = fmt.Errorf("serve LMTP: %w", err)
		d.close(ctx, tracked)
	case <-ctx.Done():
		d.close(ctx, tracked)
		if err = <-served; errors.Is(err, net.ErrClosed) {
			err = nil
		}
	}
	return err
}

// close ends all connections.
func (d *Door) close(ctx context.Context, tracked *tracker) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = d.server.Shutdown(context.WithoutCancel(ctx)) // It waits for all connections. What closing the listener says is of no use.
	}()
	_ = tracked.Close() // The server does not know of it yet where the context ended as it began.
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	cut := time.AfterFunc(d.grace, d.cancel)
	d.under.Wait()
	cut.Stop()
	d.cancel()
	tracked.closeAll()
	<-ended
}

// session is a connection of a client.
type session struct {
	door *Door

	mu   sync.Mutex // a mail in chunks (BDAT) is read while the client may say more
	from string
	to   []string
}

var _ smtp.LMTPSession = (*session)(nil)

// Reset forgets the mail that was begun.
func (s *session) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.from, s.to = "", nil
}

// Logout ends the session.
func (s *session) Logout() error { return nil }

// Mail begins a mail.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from = from; from == "" {
		s.from = "<>"
	}
	return nil
}

// Rcpt adds a recipient. Any is taken: what a mail is about does not hang on its recipient alone.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = append(s.to, to)
	return nil
}

// Data is not called for LMTP.
func (s *session) Data(io.Reader) error { return errors.New("the server speaks LMTP") }

// LMTPData takes the mail. It is one mail whatever the number of its recipients, so all get the same answer, which the library gives to those
// of which it was told nothing. The mail is read to its end, also where what it is was clear before or it cannot be taken: of a mail in chunks
// (BDAT) the library would answer for the chunk otherwise, and not for each recipient.
func (s *session) LMTPData(body io.Reader, _ smtp.StatusCollector) error {
	s.mu.Lock()
	from, to := s.from, slices.Clone(s.to)
	s.mu.Unlock()
	err := s.door.take(from, to, body)
	if _, broken := io.Copy(io.Discard, body); err == nil && broken != nil {
		err = s.door.refusal(s.door.life, broken)
	}
	return err
}

// take carries out what a mail says.
func (d *Door) take(from string, to []string, body io.Reader) error {
	if !d.begin() {
		return busy()
	}
	defer d.under.Done()
	ctx, cancel := context.WithTimeout(d.life, patience)
	defer cancel()
	select {
	case d.room <- struct{}{}:
		defer func() { <-d.room }()
	case <-ctx.Done():
		return busy()
	}
	got, err := d.intake.SubmitMail(ctx, &intake.Mail{Envelope: mail.Envelope{From: from, To: to}, Body: body, Source: source})
	switch {
	case err != nil:
		return d.refusal(ctx, err)
	case got.IsUnreadable():
		d.log.LogAttrs(ctx, slog.LevelWarn, "a mail that came back cannot be read; nothing follows from it", slog.String("why", got.Why))
	default:
		d.log.LogAttrs(ctx, slog.LevelDebug, "a mail came back", slog.String("kind", string(got.Kind)), slog.Int("reports", len(got.Recipients)))
	}
	return nil
}

// begin counts a mail that is under way, unless the door closes: one that began while the last of the others ends would make the wait for them
// panic (sync.WaitGroup).
func (d *Door) begin() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.under.Add(1)
	}
	return !d.closed
}

// refusal is the answer to a mail that was not taken. What is the fault of the mail itself is refused for good: it would be the same each time.
func (d *Door) refusal(ctx context.Context, err error) error {
	var answered *smtp.SMTPError
	switch {
	case errors.As(err, &answered):
		return answered // The mail is too large.
	case errors.Is(err, smtp.ErrTooLongLine):
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: fmt.Sprintf("A line has more than %d bytes", maxLine)}
	}
	code := "none"
	var told *fault.Error
	if errors.As(err, &told) {
		code = string(told.Code)
	}
	d.log.LogAttrs(ctx, slog.LevelWarn, "a mail that came back could not be taken; the mail server keeps it", slog.String("code", code),
		slog.String("error", err.Error()))
	return busy()
}

// busy is the answer for a fault of ours: the mail server keeps the mail and comes again.
func busy() error {
	return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "The mail cannot be taken at present"}
}

// tracker knows the connections of a listener that are open.
type tracker struct {
	net.Listener

	closing sync.Once

	mu   sync.Mutex
	open map[net.Conn]bool
	done bool
}

// Close closes the listener, once.
func (t *tracker) Close() (err error) {
	t.closing.Do(func() { err = t.Listener.Close() })
	return err
}

// Accept waits for the next connection.
func (t *tracker) Accept() (net.Conn, error) {
	c, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	one := &tracked{Conn: c, of: t}
	if t.done {
		return one, c.Close()
	}
	t.open[one] = true
	return one, nil
}

func (t *tracker) closeAll() {
	t.mu.Lock()
	t.done = true
	all := make([]net.Conn, 0, len(t.open))
	for c := range t.open {
		all = append(all, c)
	}
	t.mu.Unlock()
	for _, c := range all {
		_ = c.Close() // It ends in any case.
	}
}

// tracked is a connection that its tracker forgets when it is closed.
type tracked struct {
	net.Conn

	of *tracker
}

// Close closes the connection.
func (c *tracked) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// faults logs what the library has to say.
type faults struct{ log *slog.Logger }

// Printf logs.
func (f faults) Printf(format string, v ...any) { f.tell(fmt.Sprintf(format, v...)) }

// Println logs.
func (f faults) Println(v ...any) { f.tell(fmt.Sprintln(v...)) }

func (f faults) tell(text string) {
	f.log.LogAttrs(context.Background(), slog.LevelWarn, "LMTP", slog.String("fault", strings.TrimSpace(text)))
}
