package client_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/service/administration"
)

func TestCheck_DenyIsAnAnswer_AndOnlyAnAllowForSendingMaySend(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	c := w.client(t)
	ask := func(q client.Question) client.Decision {
		t.Helper()
		return must(c.Check(t.Context(), client.CheckRequest{Address: "anna@example.at", Question: q}))(t)
	}
	if d := ask(newsletter()); d.Verdict != client.Deny || d.Reason != "NO_LEGAL_BASIS" || d.MaySend() {
		t.Errorf("before: %+v", d)
	}
	granted := must(c.Grant(t.Context(), consent("anna@example.at")))(t)
	d := ask(newsletter())
	if !d.MaySend() || d.GrantPosition != granted.Positions[0] || d.LegalBasis != assentv1.LegalBasis_LEGAL_BASIS_CONSENT ||
		d.Decided.Sub(start) > time.Second || !d.ValidUntil.After(start) {
		t.Errorf("after a consent: %+v", d)
	}
	if !d.MaySendAt(d.Decided) || !d.MaySendAt(d.ValidUntil.Add(-1)) || d.MaySendAt(d.ValidUntil) {
		t.Errorf("it may be sent by %v", d.ValidUntil)
	}
	w.clock.Advance(time.Hour)
	if d := ask(client.Question{Channel: "newsletter", AsOf: start.Add(time.Minute)}); d.Verdict != client.Allow || d.MaySend() {
		t.Errorf("of the past: %+v", d)
	}
	withReceipt := must(c.Check(t.Context(), client.CheckRequest{Address: "anna@example.at", Question: newsletter(), Receipt: true}))(t)
	if !strings.Contains(withReceipt.Receipt, "ALLOW") {
		t.Errorf("the receipt is %q", withReceipt.Receipt)
	}
	for _, d := range []client.Decision{
		{},
		{ForSending: true},
		{Verdict: client.Deny, ForSending: true},
		{Verdict: client.Defer, ForSending: true},
		{Verdict: client.Allow},
		{Verdict: "allow", ForSending: true},
		client.DecisionOf(nil),
		client.DecisionOf(&assentv1.Decision{Verdict: 17, ForSending: true}),
	} {
		if d.MaySend() || d.MaySendAt(start) {
			t.Errorf("%+v may be sent", d)
		}
	}
	if (client.Decision{Verdict: client.Allow, ForSending: true}).MaySendAt(start) {
		t.Error("an ALLOW without an end may be sent")
	}
}

func TestCheck_Error_AllowsNothing(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	c := w.client(t)
	for address, want := range map[string]string{"no address": "INVALID_ADDRESS", "an\xffa@example.at": "INVALID_ADDRESS", "": "INVALID_REQUEST"} {
		d, err := c.Check(t.Context(), client.CheckRequest{Address: address, Question: newsletter()})
		if !isRefusal(err, codes.InvalidArgument, want) || d.MaySend() {
			t.Errorf("%q: %v, %v", address, d, err)
		}
	}
}

// Each field of the message must be found in the decision: a field that is added later would otherwise be missing unnoticed.
func TestDecisionOf_HasEveryFieldOfTheMessage(t *testing.T) {
	fields := (&assentv1.Decision{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		m := (&assentv1.Decision{}).ProtoReflect()
		switch {
		case field.IsList():
			m.Mutable(field).List().Append(protoreflect.ValueOfString("A"))
		case field.Kind() == protoreflect.StringKind:
			m.Set(field, protoreflect.ValueOfString("A"))
		case field.Kind() == protoreflect.BoolKind:
			m.Set(field, protoreflect.ValueOfBool(true))
		case field.Kind() == protoreflect.Int64Kind:
			m.Set(field, protoreflect.ValueOfInt64(1))
		case field.Kind() == protoreflect.EnumKind:
			m.Set(field, protoreflect.ValueOfEnum(1))
		case field.Kind() == protoreflect.MessageKind:
			m.Mutable(field)
		default:
			t.Fatalf("%s has a kind that the test does not know", field.Name())
		}
		d, ok := m.Interface().(*assentv1.Decision)
		if got := fmt.Sprintf("%#v", client.DecisionOf(d)); !ok || got == fmt.Sprintf("%#v", client.Decision{}) {
			t.Errorf("%s is not in a client.Decision", field.Name())
		}
	}
}

func TestRecord_EachWrite_SaysWhatBecameOfIt(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	c := w.client(t)
	unproved := consent("anna@example.at")
	unproved.Declaration = nil
	if r := must(c.Grant(t.Context(), unproved))(t); len(r.Warnings) != 1 || r.Warnings[0].GetCode() != "CONSENT_NOT_PROVABLE" {
		t.Errorf("a grant without its declaration: %+v", r)
	}
	bounce := &assentv1.CreateSuppressionRequest{
		Target: &assentv1.CreateSuppressionRequest_Address{Address: "anna@example.at"}, Reason: "HARD_BOUNCE", OccurredTime: timestamppb.New(start),
	}
	first := must(c.Suppress(t.Context(), bounce))(t)
	if again := must(c.Suppress(t.Context(), bounce))(t); !again.Duplicate || again.Positions[0] != first.Positions[0] {
		t.Errorf("the same bounce again: %+v", again)
	}
	if r := must(c.Lift(t.Context(), &assentv1.LiftSuppressionRequest{
		Target: &assentv1.LiftSuppressionRequest_Address{Address: "anna@example.at"}, Reason: "HARD_BOUNCE", Justification: "it works again",
	}))(t); len(r.Positions) != 1 {
		t.Errorf("a lift: %+v", r)
	}
	must(c.Grant(t.Context(), consent("anna@example.at")))(t)
	late := &assentv1.WithdrawConsentRequest{Address: "anna@example.at", Channels: []string{"newsletter"}}
	late.OccurredTime = consent("").GetEvidence().GetConfirmedTime()
	late.OccurredTime.Seconds -= 60
	if r := must(c.Withdraw(t.Context(), late))(t); len(r.StillAllowed) != 1 {
		t.Errorf("a withdrawal from before the consent: %+v", r)
	}
	if r, err := c.Withdraw(t.Context(), &assentv1.WithdrawConsentRequest{Address: "anna@example.at", Channels: []string{"legal-notices"}}); !isRefusal(err, codes.FailedPrecondition, "NOT_REFUSABLE") ||
		len(r.Positions) != 0 {
		t.Errorf("a channel that cannot be refused: %+v, %v", r, err)
	}
}

func TestKey_IsAskedForBeforeEachTry(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	second := must(w.newKey(t.Context(), administration.NewClient{ID: "shop", AllDepartments: true, Role: "sender"}))(t)
	asked := 0
	c := w.client(t, (&wire{lost: []error{away()}}).option(), client.WithKeySource(func(context.Context) (client.Key, error) {
		asked++
		if asked == 3 {
			return client.Key{}, errors.New("the vault is closed")
		}
		return second, nil
	}))
	who := func() (string, error) {
		answer, err := assentv1.NewClientServiceClient(c).GetCaller(t.Context(), &assentv1.GetCallerRequest{})
		return answer.GetClient().GetId(), err
	}
	if name, err := who(); name != "shop" || err != nil || asked != 2 {
		t.Errorf("%s, %v after the key was asked for %d times", name, err, asked)
	}
	if _, err := who(); status.Code(err) != codes.Unauthenticated || !strings.Contains(err.Error(), "the vault is closed") {
		t.Errorf("without a key: %v", err)
	}
}

func TestKey_NothingPrintsIt(t *testing.T) {
	key := must(client.ParseKey(" s3cret\n"))(t)
	if key.Reveal() != "s3cret" {
		t.Errorf("it is %q", key.Reveal())
	}
	within := struct{ key client.Key }{key}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("start", slog.Any("key", key), slog.Any("settings", client.Settings{Key: key}))
	encoded := must(json.Marshal(client.Settings{Key: key}))(t)
	for _, text := range []string{
		logged.String(), string(encoded), fmt.Sprint(key), fmt.Sprintf("%v %+v %#v %s %q %x", key, key, key, key, key, key),
		fmt.Sprintf("%v %+v %#v", within, within, within), fmt.Sprintf("%+v", client.Settings{Key: key}),
	} {
		if strings.Contains(text, "s3cret") || strings.Contains(text, "733363726574") {
			t.Errorf("it shows in %s", text)
		}
	}
	if !strings.Contains(string(encoded), "[redacted]") {
		t.Errorf("nothing says that something is left out of %s", encoded)
	}
}

func TestKey_TextOrFileThatIsNone_IsRefusedWithoutShowingIt(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if key := must(client.ReadKeyFile(file("good", "s3cret\r\n")))(t); key.Reveal() != "s3cret" {
		t.Errorf("read %q", key.Reveal())
	}
	itself := "assent_shop_" + strings.Repeat("s3cret00", 8)
	for name, settings := range map[string]client.Settings{
		"a file of two lines": {KeyFile: file("two", "s3cret\ns3cret")},
		"an empty file":       {KeyFile: file("empty", " \n")},
		"no file":             {KeyFile: filepath.Join(dir, "none")},
		"the key as a path":   {KeyFile: itself},
		"two lines":           client.FromEnv(env("ASSENT_API_KEY", "s3cret\ns3cret")),
		"no ASCII":            client.FromEnv(env("ASSENT_API_KEY", "s3crét")),
		"far too long":        client.FromEnv(env("ASSENT_API_KEY", strings.Repeat("s3cret", 1000))),
	} {
		_, err := settings.Open()
		if err == nil || !strings.HasPrefix(err.Error(), "API key: ") || strings.Contains(err.Error(), "s3cr") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func env(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func TestFromEnv_ReadsWhatTheCommandLineReads(t *testing.T) {
	web := httptest.NewTLSServer(nil)
	defer web.Close()
	dir := t.TempDir()
	ca, keyFile := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "key")
	if err := errors.Join(
		os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}), 0o600),
		os.WriteFile(keyFile, []byte("of-the-file\n"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	s := client.FromEnv(env("ASSENT_SERVER", " db.example:1\n", "ASSENT_API_KEY_FILE", keyFile, "ASSENT_TLS_CA", ca))
	if key := must(s.APIKey())(t); s.Server != "db.example:1" || key.Reveal() != "of-the-file" || s.CAFile != ca {
		t.Errorf("%+v with %s", s, key.Reveal())
	}
	if err := must(s.Open())(t).Close(); err != nil {
		t.Error(err)
	}
	s = client.FromEnv(env("ASSENT_API_KEY", "itself\n", "ASSENT_API_KEY_FILE", keyFile))
	if key := must(s.APIKey())(t); key.Reveal() != "itself" {
		t.Errorf("the file went before the key")
	}
	if err := must(client.FromEnv(env()).Open())(t).Close(); err != nil {
		t.Error(err)
	}
	for name, settings := range map[string]client.Settings{
		"a file without certificates": client.FromEnv(env("ASSENT_TLS_CA", keyFile)),
		"no such file":                client.FromEnv(env("ASSENT_TLS_CA", filepath.Join(dir, "none"))),
		"no port":                     client.FromEnv(env("ASSENT_SERVER", "db.example")),
	} {
		if _, err := settings.Open(); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := client.New("db.example"); !errors.Is(err, client.ErrAddress) {
		t.Errorf("an address without a port: %v", err)
	}
}

func TestError_TellsARefusalFromAServerThatIsAway(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	c := w.client(t, client.WithRetries(1), client.WithLanguage("de"))
	_, err := c.Check(t.Context(), client.CheckRequest{Address: "anna@example.at", Question: client.Question{Channel: "news"}})
	refused, ok := errors.AsType[*client.Error](fmt.Errorf("before the mail: %w", err))
	if !ok || refused.Code != codes.InvalidArgument || refused.Reason != "UNKNOWN_CHANNEL" || refused.Field != "channel" || refused.RequestID == "" ||
		len(refused.Violations) != 1 || refused.Obstacle != "" || errors.Is(err, client.ErrUnreachable) || errors.Is(err, context.Canceled) {
		t.Errorf("a refusal: %+v", refused)
	}
	if got := status.Convert(err); got.Code() != codes.InvalidArgument || len(got.Details()) == 0 {
		t.Errorf("as gRPC has it: %v", got)
	}
	w.goAway(t)
	_, err = c.Check(t.Context(), client.CheckRequest{Address: "anna@example.at", Question: newsletter()})
	gone, ok := errors.AsType[*client.Error](err)
	if !ok || gone.Code != codes.Unavailable || gone.Reason != "" || gone.RequestID != "" || gone.Obstacle != client.ObstacleUnreachable ||
		!errors.Is(err, client.ErrUnreachable) || err.Error() != `the server at 127.0.0.1:50051 cannot be reached: connection refused` {
		t.Errorf("a server that is away: %+v, %v", gone, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Check(ctx, client.CheckRequest{Address: "anna@example.at", Question: newsletter()})
	if !errors.Is(err, context.Canceled) || errors.Is(err, client.ErrUnreachable) {
		t.Errorf("a call that was cancelled: %v", err)
	}
}

func TestLanguage_IsThatOfExplanations(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	in := func(tag string) string {
		t.Helper()
		r := client.CheckRequest{Address: "anna@example.at", Question: newsletter()}
		return must(w.client(t, client.WithLanguage(tag)).Check(t.Context(), r))(t).Explanation
	}
	if in("de") == in("en") || in("") != in("en") {
		t.Errorf("de %q, en %q, none %q", in("de"), in("en"), in(""))
	}
}

func TestCheck_Links_AreThoseOfAnAllow(t *testing.T) {
	w := newWorld(t, rpc.Limits{})
	c := w.client(t)
	must(c.Grant(t.Context(), consent("anna@example.at")))(t)
	asked := newsletter()
	plain := must(c.Check(t.Context(), client.CheckRequest{Address: "anna@example.at", Question: asked}))(t)
	asked.Links = true
	one := must(c.Check(t.Context(), client.CheckRequest{Address: "anna@example.at", Question: asked}))(t)
	denied := must(c.Check(t.Context(), client.CheckRequest{Address: "otto@example.at", Question: asked}))(t)
	if plain.Links != nil || denied.Links != nil || one.Links == nil {
		t.Fatalf("not asked for: %v, denied: %v, allowed: %v", plain.Links, denied.Links, one.Links)
	}
	if page := one.Links.GetPageUrl(); page != "https://consent.example/u/"+one.Links.GetToken() || one.Links.GetListUnsubscribe() != "<"+page+">" {
		t.Errorf("the links are %v", one.Links)
	}
	for r, err := range c.CheckAll(t.Context(), asked, slices.Values([]string{"otto@example.at", "no address", "anna@example.at"})) {
		if err != nil {
			t.Fatal(err)
		}
		if wants := r.Address == "anna@example.at"; (r.Decision.Links != nil) != wants || wants && r.Decision.Links.GetToken() != one.Links.GetToken() {
			t.Errorf("%s in a list: %v, not %v", r.Address, r.Decision.Links, one.Links)
		}
	}
}
