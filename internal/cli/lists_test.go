package cli_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/cli"
	"github.com/assent-io/assent/suppressionfilter"
)

// lister is a server that sends a block list.
type lister struct {
	assentv1.UnimplementedFeedServiceServer

	address string
	tries   atomic.Int64
	serve   func(try int64, in *assentv1.ExportBlockListRequest, stream listStream) error
}

type listStream = grpc.ServerStreamingServer[assentv1.ExportBlockListResponse]

func (l *lister) ExportBlockList(in *assentv1.ExportBlockListRequest, stream listStream) error {
	return l.serve(l.tries.Add(1), in, stream)
}

func startLister(t *testing.T, serve func(try int64, in *assentv1.ExportBlockListRequest, stream listStream) error) *lister {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &lister{address: listener.Addr().String(), serve: serve}
	server := grpc.NewServer()
	assentv1.RegisterFeedServiceServer(server, l)
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			t.Errorf("serve: %v", err)
		}
	})
	return l
}

// export runs the command for the channel newsletter.
func (l *lister) export(t *testing.T, args ...string) result {
	t.Helper()
	in := cli.Surroundings{Env: map[string]string{"ASSENT_SERVER": l.address}}
	return runIn(t, in, append([]string{"suppressions", "export", "--channel", "newsletter"}, args...)...)
}

func listStart(form, key string) *assentv1.ExportBlockListResponse {
	return &assentv1.ExportBlockListResponse{Start: &assentv1.BlockListStart{
		StoreId: strings.Repeat("5a", 16), Channel: &assentv1.FeedChannel{Id: "newsletter"}, Form: form, KeyId: key, FoldVersion: address.FoldVersion,
		Time: timestamppb.New(time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC)), Position: 4711, Token: "a-token",
	}}
}

// refusals returns entries of addresses that refused, in clear.
func refusals(addresses ...string) *assentv1.ExportBlockListResponse {
	m := &assentv1.ExportBlockListResponse{}
	for _, a := range addresses {
		m.Entries = append(m.Entries, &assentv1.BlockListEntry{
			Match: assentv1.AddressMatch_ADDRESS_MATCH_FOLDED, Recipient: &assentv1.BlockListEntry_Address{Address: a},
			Kind: assentv1.RuleKind_RULE_KIND_REFUSAL, Scope: "channel:newsletter", Reason: "WITHDRAWN",
			SinceTime: timestamppb.New(time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)),
		})
	}
	return m
}

func listEnd(entries, missing int64) *assentv1.ExportBlockListResponse {
	return &assentv1.ExportBlockListResponse{End: &assentv1.BlockListEnd{Entries: entries, Missing: missing, Reopened: 2}}
}

// sends serves the messages.
func sends(messages ...*assentv1.ExportBlockListResponse) func(int64, *assentv1.ExportBlockListRequest, listStream) error {
	return func(_ int64, _ *assentv1.ExportBlockListRequest, stream listStream) error {
		for _, m := range messages {
			if err := stream.Send(m); err != nil {
				return err
			}
		}
		return nil
	}
}

// namesIn returns the names of all files in a folder, hidden ones too.
func namesIn(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, entry := range entries {
		names = append(names, entry.Name())
		if info, err := entry.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v, %v", entry.Name(), info.Mode(), err)
		}
	}
	return names
}

func TestSuppressionsExport_WritesFilesAndSaysWhatTheyCannotSay(t *testing.T) {
	l := startLister(t, sends(listStart("plain", ""), refusals("bert@firma.example", "anna@firma.example"), listEnd(2, 1)))
	folder := t.TempDir()
	got := l.export(t, "--as", "csv", "--out", filepath.Join(folder, "list")).must(t, 0)
	if diff := cmp.Diff([]string{"list.csv.csv", "list.csv.manifest.json"}, namesIn(t, folder)); diff != "" {
		t.Error(diff)
	}
	for _, want := range []string{"list.csv.csv: 2 rows.", "NO_ADDRESS (1 entry)", "REMOVALS: "} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("it does not say %q: %s", want, got.stdout)
		}
	}
	if !strings.Contains(got.stderr, "2 addresses may be written to because of a consent") {
		t.Errorf("it does not warn of folded forms: %s", got.stderr)
	}
	text, err := os.ReadFile(filepath.Join(folder, "list.csv.csv"))
	want := "match,address,domain,scope,kind,reason,since,until\n" +
		"folded,anna@firma.example,,channel:newsletter,refusal,WITHDRAWN,2026-10-01T08:00:00Z,\n" +
		"folded,bert@firma.example,,channel:newsletter,refusal,WITHDRAWN,2026-10-01T08:00:00Z,\n"
	if diff := cmp.Diff(want, string(text)); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}

	got = l.export(t, "--as", "ses", "--out", folder, "--format", "json").must(t, 0)
	var made struct {
		Base, Form, StoreID, Token string
		Position                   int64
		LeftOut                    []struct{ What string }
	}
	if err := json.Unmarshal([]byte(got.stdout), &made); err != nil {
		t.Fatal(err)
	}
	if made.Base != "newsletter" || made.Form != "ses" || made.StoreID != strings.Repeat("5a", 16) || made.Token != "a-token" || made.Position != 4711 {
		t.Errorf("the manifest is %+v", made)
	}
}

func TestSuppressionsExport_AServerThatGoesAway_IsAskedFromTheStart_AndNothingIsHalf(t *testing.T) {
	whole := sends(listStart("plain", ""), refusals("anna@firma.example"), refusals("bert@firma.example"), listEnd(2, 0))
	half := sends(listStart("plain", ""), refusals("anna@firma.example"))
	t.Run("and comes back", func(t *testing.T) {
		l := startLister(t, func(try int64, in *assentv1.ExportBlockListRequest, stream listStream) error {
			switch try {
			case 1:
				return errors.Join(half(try, in, stream), status.Error(codes.Unavailable, "it stops"))
			case 2: // It ends without an end.
				return half(try, in, stream)
			default:
				return whole(try, in, stream)
			}
		})
		folder := t.TempDir()
		l.export(t, "--as", "hubspot", "--out", folder).must(t, 0)
		text, err := os.ReadFile(filepath.Join(folder, "newsletter.hubspot.csv"))
		if err != nil || string(text) != "Email\nanna@firma.example\nbert@firma.example\n" || l.tries.Load() != 3 {
			t.Errorf("after %d tries: %q, %v", l.tries.Load(), text, err)
		}
	})
	for name, serve := range map[string]func(int64, *assentv1.ExportBlockListRequest, listStream) error{
		"never comes back": func(try int64, in *assentv1.ExportBlockListRequest, stream listStream) error {
			return errors.Join(half(try, in, stream), status.Error(codes.Unavailable, "it stops"))
		},
		"refuses": func(int64, *assentv1.ExportBlockListRequest, listStream) error {
			return status.Error(codes.PermissionDenied, "no")
		},
		"sends too few":         sends(listStart("plain", ""), refusals("anna@firma.example"), listEnd(2, 0)),
		"sends nothing":         sends(),
		"sends what is no list": sends(listStart("plain", ""), &assentv1.ExportBlockListResponse{Entries: []*assentv1.BlockListEntry{{}}}, listEnd(1, 0)),
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			got := startLister(t, serve).export(t, "--as", "csv", "--out", folder).must(t, 1)
			if names := namesIn(t, folder); len(names) != 0 || got.stderr == "" {
				t.Errorf("it leaves %v and says %q", names, got.stderr)
			}
		})
	}
}

func TestSuppressionsExport_Interrupted_LeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l := startLister(t, func(try int64, in *assentv1.ExportBlockListRequest, stream listStream) error {
		err := sends(listStart("plain", ""), refusals("anna@firma.example"))(try, in, stream)
		cancel()
		<-stream.Context().Done()
		return errors.Join(err, stream.Context().Err())
	})
	folder := t.TempDir()
	in := cli.Surroundings{Env: map[string]string{"ASSENT_SERVER": l.address}, Stdin: strings.NewReader(""), Stdout: &strings.Builder{}, Stderr: &strings.Builder{}}
	code := cli.RunIn(ctx, in, "suppressions", "export", "--channel", "newsletter", "--as", "csv", "--out", folder)
	if names := namesIn(t, folder); code != 130 || len(names) != 0 || l.tries.Load() != 1 {
		t.Errorf("exit %d after %d tries, and it leaves %v", code, l.tries.Load(), names)
	}
}

func TestSuppressionsExport_FilesOfAnEarlierExport_AreReplacedWithForceOnly(t *testing.T) {
	l := startLister(t, sends(listStart("plain", ""), refusals("anna@firma.example"), listEnd(1, 0)))
	folder := t.TempDir()
	for _, name := range []string{"list.brevo.csv", "list.brevo.2.csv", "list.brevo.manifest.json", "list.hubspot.csv", "list.brevo.txt"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("before"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := namesIn(t, folder)
	out := filepath.Join(folder, "list")
	got := l.export(t, "--as", "brevo", "--out", out).must(t, 2)
	if diff := cmp.Diff(before, namesIn(t, folder)); diff != "" || !strings.Contains(got.stderr, "list.brevo.2.csv") {
		t.Errorf("%s %s", diff, got.stderr)
	}
	got = l.export(t, "--as", "brevo", "--out", out, "--force").must(t, 0)
	want := slices.DeleteFunc(before, func(name string) bool { return name == "list.brevo.2.csv" })
	if diff := cmp.Diff(want, namesIn(t, folder)); diff != "" || !strings.Contains(got.stderr, "removed list.brevo.2.csv") {
		t.Errorf("%s %s", diff, got.stderr)
	}
	for name, text := range map[string]string{"list.brevo.csv": "EMAIL\nanna@firma.example\n", "list.brevo.txt": "before", "list.hubspot.csv": "before"} {
		if got, err := os.ReadFile(filepath.Join(folder, name)); err != nil || string(got) != text {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// What the server sends counts as disclosed.
func TestSuppressionsExport_WhereItCannotWrite_TheServerIsNotAsked(t *testing.T) {
	l := startLister(t, sends(listStart("plain", ""), refusals("anna@firma.example"), listEnd(1, 0)))
	folder := t.TempDir()
	taken := filepath.Join(folder, "list.csv.csv")
	if err := os.WriteFile(taken, []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(folder, "list")
	if got := l.export(t, "--as", "csv", "--out", out).must(t, 2); !strings.Contains(got.stderr, "--force") {
		t.Error(got.stderr)
	}
	if err := errors.Join(os.Remove(taken), os.Mkdir(taken, 0o700)); err != nil {
		t.Fatal(err)
	}
	if got := l.export(t, "--as", "csv", "--out", out, "--force").must(t, 2); !strings.Contains(got.stderr, "list.csv.csv is a folder") {
		t.Error(got.stderr)
	}
	if n := l.tries.Load(); n != 0 {
		t.Errorf("the server was asked %d times", n)
	}
	if _, err := os.Stat(taken); err != nil {
		t.Error(err)
	}
}

func TestSuppressionsExport_AFileThatComesMeanwhile_StaysAndNothingElseDoes(t *testing.T) {
	folder := t.TempDir()
	manifest := filepath.Join(folder, "list.csv.manifest.json")
	l := startLister(t, func(try int64, in *assentv1.ExportBlockListRequest, stream listStream) error {
		if err := os.WriteFile(manifest, []byte("of another export"), 0o600); err != nil {
			return err
		}
		return sends(listStart("plain", ""), refusals("anna@firma.example"), listEnd(1, 0))(try, in, stream)
	})
	got := l.export(t, "--as", "csv", "--out", filepath.Join(folder, "list")).must(t, 1)
	if diff := cmp.Diff([]string{"list.csv.manifest.json"}, namesIn(t, folder)); diff != "" || !strings.Contains(got.stderr, "exists") {
		t.Errorf("%s %s", diff, got.stderr)
	}
	if text, err := os.ReadFile(manifest); err != nil || string(text) != "of another export" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestSuppressionsExport_Hashes_AreOfTheServerOrOfTheAlgorithm(t *testing.T) {
	sum := sha256.Sum256([]byte("anna@firma.example"))
	want := hex.EncodeToString(sum[:]) + "\n"
	hashed := refusals("")
	hashed.Entries[0].Recipient = &assentv1.BlockListEntry_Hash{Hash: hex.EncodeToString(sum[:])}
	for name, test := range map[string]struct {
		args []string
		list []*assentv1.ExportBlockListResponse
	}{
		"of addresses in clear": {[]string{"--algorithm", "sha256"}, []*assentv1.ExportBlockListResponse{listStart("plain", ""), refusals("anna@firma.example"), listEnd(1, 0)}},
		"of a consumer":         {[]string{"--consumer", "partner"}, []*assentv1.ExportBlockListResponse{listStart("sha256", ""), hashed, listEnd(1, 0)}},
		"with a key":            {[]string{"--consumer", "mailer"}, []*assentv1.ExportBlockListResponse{listStart("keyed", "0123456789abcdef"), hashed, listEnd(1, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			startLister(t, sends(test.list...)).export(t, append(test.args, "--as", "hashes", "--out", folder)...).must(t, 0)
			text, err := os.ReadFile(filepath.Join(folder, "newsletter.hashes.folded.txt"))
			if err != nil || string(text) != want {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
}

func TestSuppressionsExport_AFilter_HasWhatTheConsumerLooksUp(t *testing.T) {
	key, err := suppressionfilter.NewKey(0, [32]byte{1}, [32]byte{2})
	if err != nil {
		t.Fatal(err)
	}
	list := refusals("", "")
	for i, a := range []string{"anna@firma.example", "bert@firma.example"} {
		hash := key.Hash(suppressionfilter.MatchFolded, a)
		list.Entries[i].Recipient = &assentv1.BlockListEntry_Hash{Hash: hex.EncodeToString(hash[:])}
	}
	list.Entries[1].Partial = true
	l := startLister(t, sends(listStart("keyed", key.ID().String()), list, listEnd(2, 1)))
	folder := t.TempDir()
	file := filepath.Join(folder, "key")
	if err := os.WriteFile(file, []byte(key.RevealText()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.export(t, "--as", "filter", "--consumer", "mailer", "--key-file", file, "--out", folder).must(t, 0)
	filter, err := suppressionfilter.Open(filepath.Join(folder, "newsletter.filter.filter"), key, suppressionfilter.Expect{Channel: "newsletter"})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{"anna@firma.example", "bert@firma.example"} {
		if hit, err := filter.MayContain(a); err != nil || !hit {
			t.Errorf("%s is not found, %v", a, err)
		}
	}
	if missing := filter.Info().Missing; missing != 1 {
		t.Errorf("%d are missing", missing)
	}

	other, err := suppressionfilter.NewKey(0, [32]byte{1}, [32]byte{3})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(other.RevealText()), 0o600); err != nil {
		t.Fatal(err)
	}
	got := l.export(t, "--as", "filter", "--consumer", "mailer", "--key-file", file, "--out", folder, "--force").must(t, 2)
	if !strings.Contains(got.stderr, key.ID().String()) || strings.Contains(got.stderr, "assent-consumer-key") {
		t.Errorf("it says %s", got.stderr)
	}
}

func TestSuppressionsExport_CalledWrongly_SaysWhatWouldBeRight(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	plain := startLister(t, sends(listStart("plain", ""), listEnd(0, 0)))
	keyed := startLister(t, sends(listStart("keyed", "0123456789abcdef"), listEnd(0, 0)))
	for _, test := range []struct {
		server *lister
		args   string
		code   int
		want   string
	}{
		{plain, "--as listmonc --out %s", 2, "did you mean listmonk?"},
		{plain, "--as csv --out %s/nowhere/list", 2, "there is no folder"},
		{plain, "--as csv --out %s/list.csv", 2, "/list would be right"},
		{plain, "--as csv --out %s/file/list", 2, "is not a folder"},
		{plain, "--as csv --out %s/ä", 1, "the base name of the files"},
		{plain, "--as csv --out=", 2, "such as lists/newsletter"},
		{plain, "--as brevo --including-transactional --out %s", 2, "--as ses, sendgrid, mailgun only"},
		{plain, "--as csv --including-transactional --out %s", 2, "the form csv has no list that stops transactional mail"},
		{plain, "--as csv --algorithm md5 --out %s", 2, "--as hashes only"},
		{plain, "--as hashes --out %s", 2, "needs --consumer"},
		{plain, "--as hashes --algorithm sha265 --out %s", 2, "md5, sha1, sha256, sha512"},
		{plain, "--as hashes --algorithm md5 --consumer a --out %s", 2, "not both"},
		{plain, "--as hashes --consumer a --out %s", 2, "sees addresses in clear"},
		{plain, "--as filter --out %s", 2, "--key-file"},
		{plain, "--as csv --key-file %[1]s/file --out %[1]s", 2, "--as filter only"},
		{plain, "--as filter --consumer a --key-file %[1]s/file --out %[1]s", 1, "has no key of a consumer"},
		{plain, "--as filter --consumer a --key-file %[1]s/none --out %[1]s", 1, "no such file"},
		{keyed, "--as listmonk --consumer a --out %s", 2, "needs addresses in clear; the consumer a sees hashes"},
		{keyed, "--as csv --consumer a --out %s", 2, "use --as hashes"},
	} {
		got := test.server.export(t, strings.Fields(strings.ReplaceAll(strings.ReplaceAll(test.args, "%[1]s", folder), "%s", folder))...)
		if got.code != test.code || !strings.Contains(got.stderr, test.want) {
			t.Errorf("%s: exit %d, %s", test.args, got.code, got.stderr)
		}
	}
	if names := namesIn(t, folder); len(names) != 1 {
		t.Errorf("it leaves %v", names)
	}
}
