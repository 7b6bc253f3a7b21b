package cli_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli"
)

// withCatalog gives the server the example catalog, by which it knows channels, senders and departments.
func (f *fake) withCatalog(t *testing.T) *fake {
	t.Helper()
	document, err := os.ReadFile("../../examples/catalogs/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	f.answer = func(in proto.Message) (proto.Message, error) {
		switch in := in.(type) {
		case *assentv1.GetCatalogRequest:
			return &assentv1.GetCatalogResponse{Version: 1, Document: string(document)}, nil
		case *assentv1.CheckConsentRequest:
			if in.GetChannel() != "newsletter" {
				return nil, failure(codes.InvalidArgument, "UNKNOWN_CHANNEL", "the catalog does not have this channel")
			}
			if in.GetSenderIdentity() != "" {
				return &assentv1.CheckConsentResponse{Decision: &assentv1.Decision{
					Verdict: assentv1.Verdict_VERDICT_DENY, Reason: "SENDER_UNKNOWN",
				}}, nil
			}
		case *assentv1.CreateClientRequest:
			return nil, failure(codes.InvalidArgument, "INVALID_CLIENT", "the catalog does not have this department")
		}
		return nil, nil
	}
	return f
}

func TestMisspelt_NamesWhatMayBeMeant(t *testing.T) {
	f := startFake(t).withCatalog(t)
	folder := t.TempDir()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"chekc", "anna@firma.example"}, "unknown command; did you mean check?; assent has: cases, catalog, "},
		{[]string{"ledger", "prve"}, "unknown command; did you mean prove?; assent ledger has: "},
		{[]string{"check", "a@b.example", "--chanel", "newsletter"}, "unknown flag: --chanel; did you mean --channel?"},
		{[]string{"check", "a@b.example", "--channel", "newsletter", "--format", "jsn"}, "it must be one of text, json; did you mean json?"},
		{[]string{"grant", "a@b.example", "--channel", "newsletter", "--legal-basis", "consnet"}, "did you mean consent?"},
		{[]string{"check", "a@b.example", "--channel", "newsleter"}, "UNKNOWN_CHANNEL: the catalog does not have this channel; did you mean --channel newsletter?"},
		{[]string{"check", "a@b.example", "--channel", "spam"}, "this channel; --channel can be newsletter, product-marketing, order-updates, legal-notices"},
		{[]string{"check", "a@b.example", "--channel", "newsletter", "--sender", "acme-newsleter"}, "no sender identity of that id; did you mean --sender acme-newsletter?"},
		{[]string{"clients", "create", "--id", "x", "--role", "sender", "--department", "marketng"}, "this department; did you mean --department marketing?"},
		{
			[]string{"check", "--channel", "newsletter", "--out", folder + "/o", "--file", file(t, "a.csv", "id,Adress\n")},
			`line 1: there is no column "address"; did you mean Adress; --address-column names`,
		},
		{
			[]string{"check", "--channel", "newsletter", "--out", folder + "/o", "--file", file(t, "a.csv", "id,mail\n")},
			`line 1: there is no column "address", only id, mail; --address-column names`,
		},
		{
			[]string{"check", "--channel", "newsletter", "--out", folder + "/o", "--file", file(t, "a.csv", "1,anna@firma.example\n")},
			`there is no column "address", and the first line must be the header; --address-column names`,
		},
		{[]string{"import", "consents", file(t, "e.csv", "occured_time,event,address\n")}, `the column "occured_time" is unknown; did you mean occurred_time?`},
	} {
		if got := f.run(t, c.args...); got.code == 0 || !strings.Contains(got.stderr, c.want) || strings.Contains(got.stderr, "anna@") {
			t.Errorf("%v: exit %d, stderr %q, want %q", c.args, got.code, got.stderr, c.want)
		}
	}
}

func TestMisspelt_ClientMayNotReadTheCatalog_GetsTheErrorAsItIs(t *testing.T) {
	f := startFake(t)
	f.answer = func(in proto.Message) (proto.Message, error) {
		if _, ok := in.(*assentv1.GetCatalogRequest); ok {
			return nil, status.Error(codes.PermissionDenied, "no")
		}
		return nil, failure(codes.InvalidArgument, "UNKNOWN_CHANNEL", "the catalog does not have this channel")
	}
	got := f.run(t, "check", "a@b.example", "--channel", "newsleter").must(t, 1)
	if got.stderr != "assent: UNKNOWN_CHANNEL: the catalog does not have this channel\n" {
		t.Errorf("stderr %q", got.stderr)
	}
}

func TestCompletion_OffersTheNamesOfTheCatalog_AndNothingWithoutAServer(t *testing.T) {
	f := startFake(t).withCatalog(t)
	for flag, c := range map[string]struct {
		args []string
		want []string
	}{
		"--channel":    {[]string{"check"}, []string{"newsletter", "product-marketing", "order-updates", "legal-notices"}},
		"--sender":     {[]string{"request"}, []string{"acme-newsletter", "acme-marketing", "acme-service"}},
		"--department": {[]string{"clients", "create"}, []string{"newsletter-desk", "marketing", "customer-service"}},
	} {
		args := append([]string{"__complete"}, append(c.args, flag, "")...)
		got := strings.Split(f.run(t, args...).must(t, 0).stdout, "\n")
		if !slices.Equal(got[:len(got)-2], c.want) || got[len(got)-2] != ":4" {
			t.Errorf("%v: %q, want %q and no files", args, got, c.want)
		}
		away := runIn(t, cli.Surroundings{Env: map[string]string{"ASSENT_SERVER": "127.0.0.1:1"}}, args...).must(t, 0)
		if away.stdout != ":4\n" || strings.Contains(away.stderr, "assent:") {
			t.Errorf("%v without a server: stdout %q, stderr %q", args, away.stdout, away.stderr)
		}
	}
}

func TestServer_HTTPPortOrUnknownHost_IsSaid(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		// The client has gone when it finds that this is no gRPC.
		_, _ = io.WriteString(w, "hello")
	})
	plain := httptest.NewServer(answer)
	defer plain.Close()
	secure := httptest.NewUnstartedServer(answer)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.TLS = &tls.Config{NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12}
	secure.StartTLS()
	defer secure.Close()
	_, ca := testTLS(t)
	for _, c := range []struct {
		server string
		more   []string
		want   string
	}{
		{plain.Listener.Addr().String(), nil, "the server at %s speaks HTTP, not gRPC: it is the port for REST; --server takes the port for gRPC"},
		{secure.Listener.Addr().String(), []string{"--tls-ca", ca}, "the server at %s speaks HTTP, not gRPC"},
		{plain.Listener.Addr().String(), []string{"--tls"}, "it does not use TLS: leave out --tls"},
		{"no-such-host.invalid:50051", nil, "the host no-such-host.invalid is unknown"},
	} {
		got := run(t, check(append(c.more, "--server", c.server, "--timeout", "20s")...)...).must(t, 1)
		want := c.want
		if strings.Contains(want, "%s") {
			want = fmt.Sprintf(want, c.server)
		}
		if !strings.Contains(got.stderr, want) || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%s %v: stderr %q, want %q", c.server, c.more, got.stderr, want)
		}
	}
}
