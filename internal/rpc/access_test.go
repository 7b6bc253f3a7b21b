package rpc_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/rpc/contract"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
)

// needed is what the documentation says of a method: which scopes a caller needs one of, and what a client of one department reaches.
type needed struct {
	scopes []access.Scope // none: any key will do
	reach  string         // own, any or all
}

// documented returns what the table of docs/api.md says, by method: the one text on which the tests hold the table of the program to.
func documented(t *testing.T) map[string]needed {
	t.Helper()
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]needed{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSuffix(strings.TrimSpace(line), " |"), " | ")
		call := strings.TrimPrefix(cells[0], "| ")
		if strings.Contains(call, " ") || len(cells) < 3 || !strings.Contains(call, "Service.") {
			continue
		}
		row := needed{reach: cells[len(cells)-1]}
		if scopes := cells[len(cells)-2]; scopes != "any key" {
			for scope := range strings.SplitSeq(strings.ReplaceAll(scopes, " or ", ", "), ", ") {
				row.scopes = append(row.scopes, access.Scope(scope))
			}
		}
		all[strings.Replace(call, ".", "/", 1)] = row
	}
	return all
}

func TestMethods_TableOfTheDocumentation_IsWhatHolds(t *testing.T) {
	table := documented(t)
	for _, method := range contract.Methods() {
		short := strings.TrimPrefix(contract.FullName(method), "/assent.v1.")
		row, ok := table[short]
		if !ok {
			t.Errorf("docs/api.md has no row of %s", short)
			continue
		}
		delete(table, short)
		scopes, reach := rpc.RowOf(contract.FullName(method))
		if !cmp.Equal(scopes, row.scopes) || reach != row.reach {
			t.Errorf("%s: the program has %v %s, docs/api.md %v %s", short, scopes, reach, row.scopes, row.reach)
		}
	}
	for short := range table {
		t.Errorf("docs/api.md has a row of %s, which is no method", short)
	}
}

func TestAccess_WhatReachesTheWholeStore_NeedsAllDepartments(t *testing.T) {
	w := newWorld(t)
	all := make([]string, 0, len(access.AllScopes()))
	for _, s := range access.AllScopes() {
		all = append(all, string(s))
	}
	desk := w.client(administration.NewClient{ID: "desk", Department: "marketing", Scopes: all})
	for short, row := range documented(t) {
		// The message is empty: what is let in is refused for its shape, or answered.
		err := invoke(with(t, desk), w.conn, "/assent.v1."+short)
		refused := status.Code(err) == codes.PermissionDenied && reasonOf(t, err) == "OTHER_DEPARTMENT"
		if want := row.reach == "all"; refused != want {
			t.Errorf("%s: refused %v, want %v: %v", short, refused, want, err)
		}
		if err := invoke(w.as(), w.conn, "/assent.v1."+short); status.Code(err) == codes.PermissionDenied {
			t.Errorf("%s for a client of all departments: %v", short, err)
		}
	}
}

// served returns the full names of all methods of a server.
func served(s *grpc.Server) []string {
	var names []string
	for name, info := range s.GetServiceInfo() {
		for _, m := range info.Methods {
			names = append(names, "/"+name+"/"+m.Name)
		}
	}
	slices.Sort(names)
	return names
}

func TestMethods_EveryMethodServed_HasARow(t *testing.T) {
	w := newWorld(t)
	api, err := rpc.New(rpc.Options{Service: w.service, Life: t.Context()})
	if err != nil {
		t.Fatal(err)
	}
	names := served(w.server)
	for _, name := range names {
		if !api.Known(name) {
			t.Errorf("%s has no row in the table of methods", name)
		}
	}
	for _, method := range contract.Methods() {
		if name := contract.FullName(method); !slices.Contains(names, name) {
			t.Errorf("%s is not served", name)
		}
	}
}

// invoke calls a method with an empty message.
func invoke(ctx context.Context, conn *grpc.ClientConn, name string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // A watch does not end by itself.
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, name)
	if err != nil {
		return err
	}
	if err := stream.SendMsg(&emptypb.Empty{}); err != nil && !errors.Is(err, io.EOF) { // What the call ended with RecvMsg tells.
		return err
	}
	if err := stream.CloseSend(); err != nil {
		return err
	}
	if err := stream.RecvMsg(&emptypb.Empty{}); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func TestAccess_EveryMethodWithoutKey_IsUnauthenticated(t *testing.T) {
	w := newWorld(t)
	for short := range documented(t) {
		err := invoke(t.Context(), w.conn, "/assent.v1."+short)
		if status.Code(err) != codes.Unauthenticated || reasonOf(t, err) != "UNAUTHENTICATED" {
			t.Errorf("%s: got %v", short, err)
		}
	}
}

func TestAccess_EveryMethodWithoutItsScope_IsDeniedAndNamesIt(t *testing.T) {
	w := newWorld(t)
	for short, row := range documented(t) {
		scopes := row.scopes
		if len(scopes) == 0 {
			continue
		}
		var others []string
		for _, s := range access.AllScopes() {
			if !slices.Contains(scopes, s) {
				others = append(others, string(s))
			}
		}
		id := strings.ToLower(short[strings.Index(short, "/")+1:])
		key := w.client(administration.NewClient{ID: id, AllDepartments: true, Scopes: others})
		err := invoke(with(t, key), w.conn, "/assent.v1."+short)
		if status.Code(err) != codes.PermissionDenied || reasonOf(t, err) != "SCOPE_MISSING" {
			t.Errorf("%s: got %v", short, err)
		}
		for _, s := range scopes {
			if !strings.Contains(status.Convert(err).Message(), string(s)) {
				t.Errorf("%s: %q does not name the scope %s", short, status.Convert(err).Message(), s)
			}
		}
	}
}

func TestAccess_AnyOneOfTheScopes_IsEnough(t *testing.T) {
	w := newWorld(t)
	keys := map[access.Scope]string{}
	for _, s := range access.AllScopes() {
		keys[s] = w.client(administration.NewClient{ID: "only-" + string(s), AllDepartments: true, Scopes: []string{string(s)}})
	}
	for short, row := range documented(t) {
		if len(row.scopes) == 0 {
			row.scopes = access.AllScopes()
		}
		for _, s := range row.scopes {
			// The message is empty, so what is let in is refused for its shape, or answered.
			if err := invoke(with(t, keys[s]), w.conn, "/assent.v1."+short); status.Code(err) == codes.PermissionDenied &&
				strings.Contains(err.Error(), "needs") {
				t.Errorf("%s with %s: got %v", short, s, err)
			}
		}
	}
}

func TestAccess_401SaysWhatIsMissing(t *testing.T) {
	w := newWorld(t)
	revoked := w.client(administration.NewClient{ID: "gone", AllDepartments: true, Role: "sender"})
	if _, err := w.service.RevokeClient(process(t), "gone"); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		headers []string
		want    string
	}{
		"none":            {nil, "is missing"},
		"no scheme":       {[]string{w.admin}, "is malformed"},
		"another scheme":  {[]string{"Basic YTpi"}, "is malformed"},
		"no key":          {[]string{"Bearer "}, "is malformed"},
		"twice":           {[]string{"Bearer " + w.admin, "Bearer " + w.admin}, "is malformed"},
		"not such a key":  {[]string{"Bearer sesame"}, "not an API key of this service"},
		"another's":       {[]string{"Bearer " + w.admin[:len(w.admin)-64] + strings.Repeat("0", 64)}, "unknown, revoked or expired"},
		"one revoked":     {[]string{"Bearer " + revoked}, "unknown, revoked or expired"},
		"unknown client":  {[]string{"Bearer assent_nobody_" + strings.Repeat("0", 64)}, "unknown, revoked or expired"},
		"scheme in lower": {[]string{"bearer " + w.admin}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			for _, h := range test.headers {
				ctx = metadata.AppendToOutgoingContext(ctx, "authorization", h)
			}
			err := callCheck(ctx, w.conn)
			if test.want == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if status.Code(err) != codes.Unauthenticated || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want one that says %q", err, test.want)
			}
			if strings.Contains(err.Error(), "sesame") || strings.Contains(w.log.String(), w.admin) {
				t.Error("a key was repeated")
			}
		})
	}
}

func TestAccess_RevokedKey_EndsAtOnce(t *testing.T) {
	w := newWorld(t)
	key := w.client(administration.NewClient{ID: "shop", AllDepartments: true, Role: "sender"})
	if err := callCheck(with(t, key), w.conn); err != nil {
		t.Fatal(err)
	}
	_, err := assentv1.NewClientServiceClient(w.conn).RevokeClient(w.as(), &assentv1.RevokeClientRequest{Id: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	if err := callCheck(with(t, key), w.conn); status.Code(err) != codes.Unauthenticated {
		t.Errorf("got %v", err)
	}
}

func TestAccess_ChannelOfAnotherDepartment_IsDenied(t *testing.T) {
	w := newWorld(t)
	key := w.client(administration.NewClient{ID: "desk", Department: "marketing", Role: "sender"})
	err := callCheck(with(t, key), w.conn)
	if status.Code(err) != codes.PermissionDenied || reasonOf(t, err) != "OTHER_DEPARTMENT" ||
		!strings.Contains(err.Error(), "newsletter-desk") || !strings.Contains(err.Error(), "marketing") {
		t.Errorf("got %v", err)
	}
}

func TestAccess_OnlyHealthIsOpen(t *testing.T) {
	w := newWorld(t)
	if _, err := grpc_health_v1.NewHealthClient(w.conn).Check(t.Context(), &grpc_health_v1.HealthCheckRequest{}); err != nil {
		t.Errorf("health: %v", err)
	}
	list := func(ctx context.Context) error {
		stream, err := reflectionv1.NewServerReflectionClient(w.conn).ServerReflectionInfo(ctx)
		if err != nil {
			return err
		}
		err = stream.Send(&reflectionv1.ServerReflectionRequest{
			MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{},
		})
		if err != nil && !errors.Is(err, io.EOF) { // What the stream ended with Recv tells.
			return err
		}
		if _, err = stream.Recv(); err != nil {
			return err
		}
		return stream.CloseSend()
	}
	if err := list(t.Context()); status.Code(err) != codes.Unauthenticated {
		t.Errorf("reflection without a key: %v", err)
	}
	if err := list(w.as()); err != nil {
		t.Errorf("reflection with a key: %v", err)
	}
}

func TestStreams_EndWithServerStopping(t *testing.T) {
	w := newWorld(t)
	stream, err := grpc_health_v1.NewHealthClient(w.conn).Watch(t.Context(), &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	w.endLife()
	_, err = stream.Recv()
	if status.Code(err) != codes.Unavailable || reasonOf(t, err) != "SERVER_STOPPING" {
		t.Errorf("got %v", err)
	}
}

func TestLog_NamesClientAndMethod_AndNeverTheAddress(t *testing.T) {
	w := newWorld(t)
	key := w.client(administration.NewClient{ID: "shop", AllDepartments: true, Role: "sender"})
	if err := callCheck(with(t, key), w.conn); err != nil {
		t.Fatal(err)
	}
	_, err := assentv1.NewConsentServiceClient(w.conn).WithdrawConsent(with(t, key), &assentv1.WithdrawConsentRequest{
		Address: "anna@example.com", Channels: []string{"newsletter"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = assentv1.NewConsentServiceClient(w.conn).CheckConsent(with(t, key), &assentv1.CheckConsentRequest{
		Address: "anna@", Channel: "anna@example.com",
	})
	if status.Code(err) != codes.InvalidArgument {
		t.Fatal(err)
	}
	log := w.log.String()
	for _, want := range []string{
		"method=/assent.v1.ConsentService/CheckConsent", "method=/assent.v1.ConsentService/WithdrawConsent", "client=shop",
		"code=OK", "code=InvalidArgument", "duration=", "request_id=",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s:\n%s", want, log)
		}
	}
	if strings.Contains(log, "anna") {
		t.Errorf("the log holds an address:\n%s", log)
	}
}

func TestOpen_NeedsNoKey(t *testing.T) {
	w := newWorld(t)
	open := newFake(t, w.service)
	for _, short := range slices.Sorted(maps.Keys(documented(t))) {
		if err := invoke(t.Context(), open.conn, "/assent.v1."+short); status.Code(err) == codes.Unauthenticated ||
			status.Code(err) == codes.PermissionDenied {
			t.Errorf("%s: got %v", short, err)
		}
	}
}

func TestMethods_MethodWithoutARow_IsRefused(t *testing.T) {
	w := newWorld(t)
	api, err := rpc.New(rpc.Options{Service: w.service, Logger: slog.New(slog.DiscardHandler), Life: t.Context(), Open: true})
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(api.ServerOptions()...)
	reached := false
	server.RegisterService(&grpc.ServiceDesc{ServiceName: "test.New", HandlerType: (*any)(nil), Streams: []grpc.StreamDesc{{
		StreamName: "Do", ServerStreams: true, ClientStreams: true,
		Handler: func(any, grpc.ServerStream) error {
			reached = true
			return nil
		},
	}}}, nil)
	conn := connect(t, server)
	if err := invoke(t.Context(), conn, "/test.New/Do"); status.Code(err) != codes.Internal || reached {
		t.Errorf("got %v, reached %v", err, reached)
	}
}
