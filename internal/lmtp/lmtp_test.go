package lmtp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/assent-io/assent/internal/fault"
	kinds "github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/service/intake"
)

// recorder notes the mails that it gets.
type recorder struct {
	mu    sync.Mutex
	mails []string
	from  []string
	to    [][]string
	err   error
	came  chan struct{} // each mail tells it and then waits until it is cut off; nil: none does
	early bool          // mails are not read to their end

	result intake.Result // what each mail comes to
	log    io.Writer     // of the door; nil: nowhere
}

func (r *recorder) SubmitMail(ctx context.Context, m *intake.Mail) (*intake.Result, error) {
	if r.early {
		_, err := io.CopyN(io.Discard, m.Body, 10)
		return &intake.Result{}, errors.Join(err, r.err)
	}
	text, err := io.ReadAll(m.Body)
	if err != nil {
		return nil, err
	}
	if r.came != nil {
		r.came <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mails, r.from, r.to = append(r.mails, string(text)), append(r.from, m.Envelope.From), append(r.to, m.Envelope.To)
	return &r.result, r.err
}

// logOf is where the log of a door goes.
func logOf(use Intake) io.Writer {
	if r, ok := use.(*recorder); ok && r.log != nil {
		return r.log
	}
	return io.Discard
}

// open opens a door. The function closes it and returns what Serve returned.
func open(t *testing.T, use Intake) (address string, stop func() error) {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	door := New(context.WithoutCancel(ctx), use, slog.New(slog.NewTextHandler(logOf(use), nil)))
	door.grace = time.Millisecond
	go func() { ended <- door.Serve(ctx, listener) }()
	var once sync.Once
	var result error
	stop = func() error {
		once.Do(func() { cancel(); result = <-ended })
		return result
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String(), stop
}

func dial(t *testing.T, address string) *smtp.Client {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	client := smtp.NewClientLMTP(conn)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// hand hands in a mail and returns the answer for each recipient.
func hand(t *testing.T, client *smtp.Client, text string, to ...string) map[string]error {
	t.Helper()
	if err := client.Mail("", nil); err != nil {
		t.Fatal(err)
	}
	for _, one := range to {
		if err := client.Rcpt(one, nil); err != nil {
			t.Fatal(err)
		}
	}
	w, err := client.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	answers := map[string]error{}
	got, err := w.CloseWithLMTPResponse()
	var refused smtp.LMTPDataError
	if errors.As(err, &refused) {
		for to, status := range refused {
			answers[to] = status
		}
	}
	for to := range got {
		answers[to] = nil
	}
	return answers
}

func TestDoor_MailWithSeveralRecipients_IsHandedInOnce_AndAnsweredForEach(t *testing.T) {
	r := &recorder{}
	address, _ := open(t, r)
	client := dial(t, address)
	for range 2 { // Of one connection.
		answers := hand(t, client, "Subject: x\r\n\r\n..y\r\n"+strings.Repeat("z", 100_000)+"\r\n", "a@acme.example", "b+1.tag@acme.example")
		if len(answers) != 2 || answers["a@acme.example"] != nil || answers["b+1.tag@acme.example"] != nil {
			t.Errorf("answers %v", answers)
		}
	}
	if len(r.mails) != 2 || r.from[1] != "<>" || len(r.to[1]) != 2 || !strings.Contains(r.mails[1], "\n..y") {
		t.Errorf("mails %d from %q to %q", len(r.mails), r.from, r.to)
	}
	if announced, size := client.Extension("SIZE"); !announced || size != "52428800" {
		t.Errorf("the size announced is %q", size)
	}
}

func TestDoor_WhileTheStoreIsAway_AsksToComeAgain(t *testing.T) {
	r := &recorder{err: fault.Errorf(fault.Unavailable, "", "the database is not available; try again")}
	address, _ := open(t, r)
	answers := hand(t, dial(t, address), "Subject: x\r\n\r\ny\r\n", "a@acme.example", "b@acme.example")
	for _, to := range []string{"a@acme.example", "b@acme.example"} {
		var status *smtp.SMTPError
		if !errors.As(answers[to], &status) || status.Code != 451 {
			t.Errorf("answer %v", answers[to])
		}
	}
}

func TestDoor_MailThatIsTooLarge_IsRefusedForGood(t *testing.T) {
	r := &recorder{}
	address, _ := open(t, r)
	client := dial(t, address)
	answers := hand(t, client, "Subject: x\r\n\r\n"+strings.Repeat(strings.Repeat("z", 998)+"\r\n", 53_000), "a@acme.example")
	var status *smtp.SMTPError
	if !errors.As(answers["a@acme.example"], &status) || status.Code != 552 {
		t.Errorf("answer %v", answers)
	}
	if answers := hand(t, client, "Subject: x\r\n\r\ny\r\n", "a@acme.example"); answers["a@acme.example"] != nil || len(r.mails) != 1 {
		t.Errorf("the next mail: %v", answers)
	}
}

func TestDoor_Closed_EndsIdleConnections_AndCutsOffWhatTakesTooLong(t *testing.T) {
	r := &recorder{came: make(chan struct{})}
	address, stop := open(t, r)
	dial(t, address) // It says nothing.
	client := dial(t, address)
	if err := errors.Join(client.Mail("", nil), client.Rcpt("a@acme.example", nil)); err != nil {
		t.Fatal(err)
	}
	w, err := client.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "Subject: x\r\n\r\ny\r\n"); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() { answered <- w.Close() }()
	<-r.came
	if err := stop(); err != nil {
		t.Error(err)
	}
	if err := <-answered; err == nil || len(r.mails) != 0 {
		t.Error("a mail that was cut off was taken")
	}
}

// A mail that begins while the last ones end is for the next server: the wait for those under way must not see one begin that had none left.
func TestDoor_MailThatBeginsWhileItCloses_IsToComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{came: make(chan struct{})}
		door := New(t.Context(), r, slog.New(slog.DiscardHandler))
		first, second := make(chan error, 1), make(chan error, 1)
		take := func() error {
			return door.take("<>", []string{"a@acme.example"}, strings.NewReader("Subject: x\r\n\r\ny\r\n"))
		}
		go func() { first <- take() }()
		<-r.came
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- door.Serve(ctx, &crowd{clients: make([]net.Conn, 2*maxConnections), closed: make(chan struct{})})
		}()
		cancel()
		synctest.Wait()
		go func() { second <- take() }()
		synctest.Wait()
		var status *smtp.SMTPError
		select {
		case <-r.came:
			t.Error("it was handed in")
		case err := <-second:
			if !errors.As(err, &status) || status.Code != 451 {
				t.Errorf("answer %v", err)
			}
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := <-first; err == nil {
			t.Error("a mail that was cut off was taken")
		}
	})
}

// line is a connection on which a test speaks as a client.
type line struct {
	*textproto.Conn

	t *testing.T
}

func speak(t *testing.T, address string) line {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	l := line{Conn: textproto.NewConn(conn), t: t}
	t.Cleanup(func() { _ = l.Close() })
	l.want(220)
	l.say("LHLO mx.example\r\n", 250)
	return l
}

// want reads an answer for each of the codes.
func (l line) want(codes ...int) {
	l.t.Helper()
	for _, code := range codes {
		if _, text, err := l.ReadResponse(code); err != nil {
			l.t.Fatalf("%q, %v; want %d", text, err, code)
		}
	}
}

// say sends a text and reads its answers.
func (l line) say(text string, codes ...int) {
	l.t.Helper()
	if _, err := io.WriteString(l.W, text); err != nil {
		l.t.Fatal(err)
	}
	if err := l.W.Flush(); err != nil {
		l.t.Fatal(err)
	}
	l.want(codes...)
}

func TestDoor_MailInChunks_IsAnsweredForEachRecipient_AlsoIfItIsNotReadToItsEnd(t *testing.T) {
	for _, r := range []*recorder{{}, {early: true}, {early: true, err: fault.Errorf(fault.Unavailable, "", "away")}} {
		code := 250
		if r.err != nil {
			code = 451
		}
		address, _ := open(t, r)
		l := speak(t, address)
		for range 2 { // Of one connection.
			l.say("MAIL FROM:<>\r\nRCPT TO:<a@acme.example>\r\nRCPT TO:<b@acme.example>\r\n", 250, 250, 250)
			l.say("BDAT 14\r\nSubject: x\r\n\r\n", 250)
			rest := strings.Repeat("0123456789abcde\n", 10_000)
			l.say(fmt.Sprintf("BDAT %d LAST\r\n%s", len(rest), rest), code, code)
		}
	}
}

func TestDoor_MailInChunksThatIsGivenUp_IsNotTaken(t *testing.T) {
	r := &recorder{}
	address, _ := open(t, r)
	l := speak(t, address)
	l.say("MAIL FROM:<>\r\nRCPT TO:<a@acme.example>\r\nBDAT 14\r\nSubject: x\r\n\r\nRSET\r\n", 250, 250, 250, 250)
	l.say("MAIL FROM:<>\r\nRCPT TO:<c@acme.example>\r\nDATA\r\n", 250, 250, 354)
	l.say("Subject: x\r\n\r\n.\r\n", 250)
	if len(r.mails) != 1 || r.to[0][0] != "c@acme.example" {
		t.Errorf("mails %q to %q", r.mails, r.to)
	}
}

func TestDoor_MailWithALineThatIsTooLong_IsRefusedForGood(t *testing.T) {
	r := &recorder{}
	address, _ := open(t, r)
	l := speak(t, address)
	l.say("MAIL FROM:<>\r\nRCPT TO:<a@acme.example>\r\nRCPT TO:<b@acme.example>\r\nDATA\r\n", 250, 250, 250, 354)
	l.say("Subject: x\r\n\r\n"+strings.Repeat("z", maxLine+1)+"\r\n.\r\n", 554, 554)
	if len(r.mails) != 0 {
		t.Error("it was taken")
	}
}

// crowd is a listener to which many clients come. They say nothing.
type crowd struct {
	clients []net.Conn
	closed  chan struct{}
}

func (c *crowd) Accept() (net.Conn, error) {
	if len(c.clients) == 2*maxConnections {
		<-c.closed
		return nil, net.ErrClosed
	}
	client, server := net.Pipe()
	c.clients = append(c.clients, client)
	return server, nil
}

func (c *crowd) Close() error {
	close(c.closed)
	return nil
}

func (c *crowd) Addr() net.Addr { return &net.TCPAddr{} }

func TestDoor_ConnectionsBeyondTheLimit_WaitUntilOneEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		came := &crowd{closed: make(chan struct{})}
		go func() {
			ended <- New(context.WithoutCancel(ctx), &recorder{}, slog.New(slog.DiscardHandler)).Serve(ctx, came)
		}()
		synctest.Wait()
		if n := len(came.clients); n != maxConnections {
			t.Errorf("%d connections", n)
		}
		if err := came.clients[0].Close(); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n := len(came.clients); n != maxConnections+1 {
			t.Errorf("%d connections after one ended", n)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestDoor_MailThatCannotBeRead_IsTaken_AndLogged(t *testing.T) {
	var log bytes.Buffer
	r := &recorder{result: intake.Result{Kind: kinds.Unreadable, Why: "line 7: the mail has more than 200 parts"}, log: &log}
	address, stop := open(t, r)
	if answers := hand(t, dial(t, address), "Subject: x\r\n\r\ny\r\n", "a@acme.example"); answers["a@acme.example"] != nil {
		t.Errorf("answer %v", answers)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "more than 200 parts") || strings.Contains(log.String(), "@") {
		t.Errorf("log %q", log.String())
	}
}
