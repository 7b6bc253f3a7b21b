package webhook

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/dns/dnsmessage"
)

// serve starts a receiver on a loopback address.
func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

// open returns a client that is closed after the test.
func open(t *testing.T, c *Client) *Client {
	t.Helper()
	t.Cleanup(c.Close)
	return c
}

func deliver(t *testing.T, ctx context.Context, c *Client, to string) Answer { //nolint:revive // A test's t comes first.
	t.Helper()
	answer, err := c.Deliver(ctx, Delivery{
		URL: mustURL(t, to), Mode: Structured, Message: sampleMessage(), Secrets: []Secret{mustSecret(t, knownSecret)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// breakOff takes the connection of a request away from the server, and answers with some bytes before it is closed.
func breakOff(t *testing.T, w http.ResponseWriter, bytes string, reset bool) {
	t.Helper()
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		t.Error("the connection cannot be taken")
		return
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, bytes); err != nil {
		t.Error(err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		if err := tcp.SetLinger(0); err != nil { // makes Close send RST
			t.Error(err)
		}
	}
}

func TestDeliver_EachAnswer_HasItsOutcome(t *testing.T) {
	var followed atomic.Int64
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { followed.Add(1) })
	status := func(code int, header ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.WriteHeader(code)
		}
	}
	broken := func(bytes string, reset bool) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { breakOff(t, w, bytes, reset) }
	}
	now := time.Date(2026, time.November, 28, 8, 0, 0, 0, time.UTC)
	cases := map[string]struct {
		receiver http.HandlerFunc
		want     Answer
	}{
		"200":                 {status(200), Answer{Outcome: Delivered, Status: 200}},
		"204":                 {status(204), Answer{Outcome: Delivered, Status: 204}},
		"299":                 {status(299), Answer{Outcome: Delivered, Status: 299}},
		"200, then cut":       {broken("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", false), Answer{Outcome: Delivered, Status: 200}},
		"200, then reset":     {broken("HTTP/1.1 200 OK\r\n\r\n", true), Answer{Outcome: Delivered, Status: 200}},
		"301":                 {status(301, "Location", elsewhere.URL), Answer{Outcome: Redirected, Status: 301}},
		"307":                 {status(307, "Location", elsewhere.URL), Answer{Outcome: Redirected, Status: 307}},
		"304":                 {status(304), Answer{Outcome: Redirected, Status: 304}},
		"410":                 {status(410), Answer{Outcome: Gone, Status: 410}},
		"429":                 {status(429), Answer{Outcome: Throttled, Status: 429}},
		"429 with seconds":    {status(429, "Retry-After", "90"), Answer{Outcome: Throttled, Status: 429, RetryAfter: 90 * time.Second}},
		"503 with a date":     {status(503, "Retry-After", "Sat, 28 Nov 2026 08:05:00 GMT"), Answer{Outcome: Overloaded, Status: 503, RetryAfter: 5 * time.Minute}},
		"503 for a year":      {status(503, "Retry-After", "31536000"), Answer{Outcome: Overloaded, Status: 503, RetryAfter: 24 * time.Hour}},
		"500 with seconds":    {status(500, "Retry-After", "90"), Answer{Outcome: ServerError, Status: 500}},
		"502":                 {status(502), Answer{Outcome: ServerError, Status: 502}},
		"404":                 {status(404), Answer{Outcome: Rejected, Status: 404}},
		"600":                 {status(600), Answer{Outcome: BadAnswer, Status: 600}},
		"101":                 {broken("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", false), Answer{Outcome: BadAnswer, Status: 101}},
		"closed":              {broken("", false), Answer{Outcome: ConnectionLost}},
		"reset":               {broken("", true), Answer{Outcome: ConnectionLost}},
		"cut in the headers":  {broken("HTTP/1.1 200 OK\r\nA: b\r\n", false), Answer{Outcome: ConnectionLost}},
		"no HTTP":             {broken("220 mail.example.com ESMTP\r\n", false), Answer{Outcome: BadAnswer}},
		"headers of 100 KiB":  {status(200, "X", strings.Repeat("x", 100<<10)), Answer{Outcome: BadAnswer}},
		"informational alone": {broken(strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 10_000), false), Answer{Outcome: BadAnswer}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			server := serve(t, c.receiver)
			client := open(t, New(Options{AllowPrivate: true, Clock: func() time.Time { return now }}))
			got := deliver(t, t.Context(), client, server.URL+"/?token=T0KEN")
			if got.Text == "" || strings.Contains(got.Text, "T0KEN") || strings.Contains(got.Text, "127.0.0.1") {
				t.Errorf("the text is %q", got.Text)
			}
			got.Text = ""
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if followed.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

func TestDeliver_GenuineReceiver_TakesEachModeFromEitherSecret(t *testing.T) {
	older, newer := NewSecret(), NewSecret()
	want := "msg_7Q3kVXz9 io.assent.change.v1 " + string(sampleMessage().Data)
	for _, secret := range []Secret{older, newer} {
		var got []string
		handler, err := receive(secret.Reveal(), func(id, kind string, data []byte) error {
			got = append(got, id+" "+kind+" "+string(data))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, version := range []int{1, 2} {
			server := httptest.NewUnstartedServer(handler)
			server.EnableHTTP2 = version == 2
			server.StartTLS()
			roots := x509.NewCertPool()
			roots.AddCert(server.Certificate())
			client := New(Options{AllowPrivate: true, RootCAs: roots})
			d := Delivery{URL: mustURL(t, server.URL), Message: sampleMessage(), Secrets: []Secret{newer, older}}
			for _, d.Mode = range []Mode{Structured, Binary} {
				if answer, err := client.Deliver(t.Context(), d); err != nil || answer.Outcome != Delivered {
					t.Errorf("HTTP/%d, %s: %+v, %v", version, d.Mode, answer, err)
				}
			}
			d.Secrets = []Secret{NewSecret()}
			if answer, err := client.Deliver(t.Context(), d); err != nil || answer.Outcome != Rejected || answer.Excerpt != "not a genuine message" {
				t.Errorf("HTTP/%d, another secret: %+v, %v", version, answer, err)
			}
			client.Close()
			server.Close()
		}
		if diff := cmp.Diff([]string{want, want, want, want}, got); diff != "" {
			t.Errorf("the receiver got (-want +got):\n%s", diff)
		}
	}
}

func TestDeliver_EndlessAnswer_IsReadTo64KiB(t *testing.T) {
	written := make(chan int, 1)
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		n, line := 0, []byte(strings.Repeat("word ", 200))
		for n < 1<<30 {
			wrote, err := w.Write(line)
			n += wrote
			if err != nil {
				break
			}
		}
		written <- n
	})
	answer := deliver(t, t.Context(), open(t, New(Options{AllowPrivate: true})), server.URL)
	if n := []rune(answer.Excerpt); answer.Outcome != ServerError || len(n) != excerptLength || !strings.HasPrefix(answer.Excerpt, "word word") {
		t.Errorf("%+v", answer)
	}
	if n := <-written; n == 1<<30 {
		t.Error("the whole answer was read")
	}
}

func TestDeliver_ReceiverWithoutConnection_IsUnreachable(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	answer := deliver(t, t.Context(), open(t, New(Options{AllowPrivate: true})), server.URL+"/?token=T0KEN")
	if answer.Outcome != Unreachable || strings.Contains(answer.Text, "127.0.0.1") || strings.Contains(answer.Text, "T0KEN") {
		t.Errorf("%+v", answer)
	}
}

func TestDeliver_WrongTLS_SaysWhatIsWrong(t *testing.T) {
	start := func(change func(*httptest.Server)) *httptest.Server {
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		change(server)
		server.StartTLS()
		t.Cleanup(server.Close)
		return server
	}
	normal := start(func(*httptest.Server) {})
	old := start(func(s *httptest.Server) { s.TLS = &tls.Config{MaxVersion: tls.VersionTLS11} })
	demanding := start(func(s *httptest.Server) {
		s.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MaxVersion: tls.VersionTLS12}
	})
	roots := x509.NewCertPool()
	roots.AddCert(normal.Certificate())
	plain := serve(t, func(http.ResponseWriter, *http.Request) {})
	at := func(server *httptest.Server, host string) string {
		_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
		return "https://" + net.JoinHostPort(host, port)
	}
	for name, c := range map[string]struct {
		url   string
		roots *x509.CertPool
		text  string
	}{
		"unknown authority":           {at(normal, "127.0.0.1"), nil, "authority"},
		"other host":                  {at(normal, "hooks.example.test"), roots, "another host"},
		"TLS 1.1":                     {at(old, "127.0.0.1"), roots, "TLS 1.2"},
		"certificate of the sender":   {at(demanding, "127.0.0.1"), roots, "TLS 1.2"},
		"no TLS":                      {at(plain, "127.0.0.1"), roots, "without TLS"},
		"certificate is for the past": {at(normal, "127.0.0.1"), roots, "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			client := newClient(Options{RootCAs: c.roots}, func(netip.Addr) string { return "" }, names(t, "hooks.example.test", "127.0.0.1"))
			if c.text == "expired" {
				client.https.TLSClientConfig.Time = func() time.Time { return time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC) }
			}
			answer := deliver(t, t.Context(), open(t, client), c.url)
			if answer.Outcome != TLSFailed || !strings.Contains(answer.Text, c.text) || strings.Contains(answer.Text, "127.0.0.1") {
				t.Errorf("%+v", answer)
			}
		})
	}
}

// names returns a resolver for which a name leads to each of the addresses in turn, from the first look-up on; the last one stays. Several
// addresses for one look-up have commas between them.
func names(t *testing.T, name string, addresses ...string) *net.Resolver {
	t.Helper()
	var v4, v6 atomic.Int64
	answer := func(q dnsmessage.Question) []dnsmessage.Resource {
		count := &v4
		if q.Type == dnsmessage.TypeAAAA {
			count = &v6
		}
		turn := addresses[min(int(count.Add(1)), len(addresses))-1]
		var found []dnsmessage.Resource
		for text := range strings.SplitSeq(turn, ",") {
			ip := netip.MustParseAddr(text)
			header := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, Type: q.Type}
			if ip.Is4() && q.Type == dnsmessage.TypeA {
				found = append(found, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: ip.As4()}})
			}
			if ip.Is6() && q.Type == dnsmessage.TypeAAAA {
				found = append(found, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}})
			}
		}
		return found
	}
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			for answerOne(there, name, answer) == nil {
			}
		}()
		return here, nil
	}}
}

// answerOne answers one question of DNS over TCP, in which a length of two bytes precedes each message.
func answerOne(conn net.Conn, name string, answer func(dnsmessage.Question) []dnsmessage.Resource) error {
	length := make([]byte, 2)
	if _, err := io.ReadFull(conn, length); err != nil {
		return err
	}
	packet := make([]byte, int(length[0])<<8|int(length[1]))
	if _, err := io.ReadFull(conn, packet); err != nil {
		return err
	}
	var m dnsmessage.Message
	if err := m.Unpack(packet); err != nil || len(m.Questions) != 1 {
		return fmt.Errorf("no question: %w", err)
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	if m.Questions[0].Name.String() == name+"." {
		m.Answers = answer(m.Questions[0])
	} else {
		m.RCode = dnsmessage.RCodeNameError
	}
	out, err := m.AppendPack(make([]byte, 2))
	if err != nil {
		return err
	}
	out[0], out[1] = byte((len(out)-2)>>8), byte(len(out)-2)
	_, err = conn.Write(out)
	return err
}

func TestDeliver_NameLeadsToAPrivateAddressTheSecondTime_IsRefusedBeforeTheConnection(t *testing.T) {
	var inner, outer atomic.Int64
	// For this test 127.0.0.2 is a public address, and 127.0.0.1 is not.
	public := listen(t, "127.0.0.2:0", &outer)
	_, port, _ := net.SplitHostPort(public)
	listen(t, "127.0.0.1:"+port, &inner)
	refuse := func(ip netip.Addr) string {
		if ip == netip.MustParseAddr("127.0.0.2") {
			return ""
		}
		return refusal(ip, false)
	}
	client := open(t, newClient(Options{}, refuse, names(t, "hooks.example.test", "127.0.0.2", "127.0.0.1")))
	to := "http://hooks.example.test:" + port
	if answer := deliver(t, t.Context(), client, to); answer.Outcome != Delivered || outer.Load() != 1 {
		t.Fatalf("the first time: %+v, %d requests", answer, outer.Load())
	}
	client.Close() // or the second message would go over the connection of the first, to the address that was checked
	answer := deliver(t, t.Context(), client, to)
	if answer.Outcome != AddressRefused || !strings.Contains(answer.Text, "loopback") || inner.Load() != 0 {
		t.Errorf("the second time: %+v, %d connections", answer, inner.Load())
	}
}

// listen starts a receiver at an address, and counts its connections.
func listen(t *testing.T, address string, connections *atomic.Int64) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	if err := server.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	server.Listener = listener
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return listener.Addr().String()
}

func TestDeliver_NameWithPrivateAddressesOnly_IsRefused(t *testing.T) {
	for _, addresses := range []string{
		"127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "fd00:ec2::254", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
		"10.0.0.1,192.168.0.1,::1",
	} {
		client := open(t, newClient(Options{}, func(ip netip.Addr) string { return refusal(ip, false) }, names(t, "hooks.example.test", addresses)))
		answer := deliver(t, t.Context(), client, "https://hooks.example.test/")
		if answer.Outcome != AddressRefused || !strings.Contains(answer.Text, "webhooks go to public addresses only") || strings.Contains(answer.Text, "example") {
			t.Errorf("%s: %+v", addresses, answer)
		}
	}
}

func TestDeliver_WithoutPrivateAddresses_StoredURLToThisMachine_IsRefused(t *testing.T) {
	var connections atomic.Int64
	address := listen(t, "127.0.0.1:0", &connections)
	client := open(t, New(Options{}))
	for _, scheme := range []string{"http://", "https://"} {
		if answer := deliver(t, t.Context(), client, scheme+address); answer.Outcome != AddressRefused {
			t.Errorf("%s: %+v", scheme, answer)
		}
	}
	if connections.Load() != 0 {
		t.Errorf("%d connections were made", connections.Load())
	}
}

func TestDeliver_PlainHTTPToAPublicAddress_IsRefusedEvenWithPrivateOnes(t *testing.T) {
	client := open(t, newClient(Options{AllowPrivate: true}, func(ip netip.Addr) string { return refusal(ip, true) }, names(t, "hooks.example.test", "8.8.8.8")))
	answer := deliver(t, t.Context(), client, "http://hooks.example.test/")
	if answer.Outcome != AddressRefused || !strings.Contains(answer.Text, "http is for private ones only") {
		t.Errorf("%+v", answer)
	}
}

func TestDeliver_NameThatDNSDoesNotKnow_IsUnresolved(t *testing.T) {
	client := open(t, newClient(Options{}, func(netip.Addr) string { return "" }, names(t, "other.example.test", "8.8.8.8")))
	if answer := deliver(t, t.Context(), client, "https://hooks.example.test/"); answer.Outcome != NameUnresolved || answer.Text != "DNS does not know the host" {
		t.Errorf("%+v", answer)
	}
	silent := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no network") }}
	client = open(t, newClient(Options{}, func(netip.Addr) string { return "" }, silent))
	if answer := deliver(t, t.Context(), client, "https://hooks.example.test/"); answer.Outcome != NameUnresolved {
		t.Errorf("%+v", answer)
	}
}

func TestDeliver_WrongDelivery_IsAnErrorAndNothingIsSent(t *testing.T) {
	var connections atomic.Int64
	address := listen(t, "127.0.0.1:0", &connections)
	client := open(t, New(Options{AllowPrivate: true}))
	for name, d := range map[string]Delivery{
		"no URL":    {Mode: Binary, Message: sampleMessage(), Secrets: []Secret{NewSecret()}},
		"no secret": {URL: mustURL(t, "http://"+address), Mode: Binary, Message: sampleMessage()},
	} {
		if _, err := client.Deliver(t.Context(), d); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if connections.Load() != 0 {
		t.Error("something was sent")
	}
}

func TestNew_UsesNoProxyAndKeepsFewConnections(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	client := open(t, New(Options{}))
	for _, transport := range []*http.Transport{client.https, client.http} {
		if transport.Proxy != nil || transport.TLSClientConfig.MinVersion != tls.VersionTLS12 || transport.TLSClientConfig.InsecureSkipVerify ||
			transport.MaxIdleConns == 0 || transport.IdleConnTimeout == 0 || transport.TLSHandshakeTimeout == 0 || transport.MaxResponseHeaderBytes == 0 {
			t.Errorf("%+v", transport)
		}
	}
	if client.timeout != DefaultTimeout {
		t.Errorf("an attempt lasts %s", client.timeout)
	}
}

func TestExcerpt_HidesAddressesAndTokens(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "",
		"  bad\r\n\tinput \x00 here ":      "bad input here",
		"unknown: anna@example.com, sorry": "[…] […] […]",
		"a list had anna.b @ example.com in it now":      "a list had […] […] […] in it now",
		"one two anna%40example.com three four":          "one […] […] […] four",
		"one two anna%2540example.com three four":        "one […] […] […] four",
		`one two anna\u0040example.com three four`:       "one […] […] […] four",
		"one two anna&#64;example.com three four":        "one […] […] […] four",
		"one two anna&commat;example.com three four":     "one […] […] […] four",
		"one two anna＠example.com three four":            "one […] […] […] four",
		"one two anna(at)example.com three four":         "one […] […] […] four",
		"one anna\u200b\u202e@example.com three four":    "[…] […] […] four",
		"token " + strings.Repeat("x", 61) + " is wrong": "token […] is wrong",
		"not \xff text":           "not \uFFFD text",
		strings.Repeat("ä ", 300): strings.Repeat("ä ", 100)[:len(strings.Repeat("ä ", 100))-1] + "…",
	} {
		if got := excerpt(text); got != want {
			t.Errorf("excerpt(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzExcerpt(f *testing.F) {
	f.Add("unknown: anna@example.com")
	f.Add("\x00\u202e\u2028%40")
	f.Fuzz(func(t *testing.T, text string) {
		got := excerpt(text)
		if len([]rune(got)) > excerptLength || strings.ContainsAny(got, "@\n\r\t\x00\u202e\u2028") {
			t.Fatalf("excerpt(%q) = %q", text, got)
		}
	})
}
