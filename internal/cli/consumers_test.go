package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

const uuidOfTest = "7b1f0f5e-53a3-4f0a-8a3c-0f0f0f0f0f0f"

func TestConsumers_CreateListShowRevoke(t *testing.T) {
	f := startFake(t)
	f.run(t, "consumers", "create", "crm", "--client", "crm-sync", "--channel", "newsletter,offers", "--kind", "refusal", "--kind", "suppression",
		"--form", "sha256", "--request-id", uuidOfTest).must(t, 0)
	same(t, &assentv1.CreateConsumerRequest{
		Id: "crm", Client: "crm-sync", Channels: []string{"newsletter", "offers"}, Kinds: []string{"refusal", "suppression"}, Form: "sha256",
		RequestId: uuidOfTest,
	}, last[*assentv1.CreateConsumerRequest](t, f))
	got := f.run(t, "consumers", "create", "mailer", "--client", "mailer-sync", "--form", "keyed").must(t, 0)
	if got.stdout != "key-of-mailer\n" || !strings.Contains(got.stderr, "cannot be shown again") {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	if last[*assentv1.CreateConsumerRequest](t, f).GetRequestId() == "" {
		t.Error("a repetition would not be safe")
	}
	f.run(t, "consumers", "create", "mailer", "--client", "mailer-sync", "--form", "keyed").must(t, 1)
	f.run(t, "consumers", "revoke", "mailer", "--yes").must(t, 0)
	f.run(t, "consumers", "revoke", "nobody", "--yes").must(t, 1)
	golden(t, "consumers.txt", f.run(t, "consumers", "list").must(t, 0).stdout)
	all := decode[struct {
		Consumers     []map[string]any
		NextPageToken string
	}](t, f.run(t, "consumers", "list", "--format", "json").must(t, 0).stdout)
	if len(all.Consumers) != 2 {
		t.Errorf("%d consumers", len(all.Consumers))
	}
	golden(t, "consumer.txt", f.run(t, "consumers", "show", "crm").must(t, 0).stdout)
	f.run(t, "consumers", "show", "nobody").must(t, 1)
	if got := f.run(t, "consumers", "show", "crm", "--format", "json").must(t, 0).stdout; !strings.Contains(got, `"form": "sha256"`) {
		t.Errorf("stdout %q", got)
	}
}

func TestConsumersCreate_OutKey_WritesTheKeyThereAlone(t *testing.T) {
	f := startFake(t)
	out := filepath.Join(t.TempDir(), "mailer.key")
	create := func(id string, more ...string) result {
		t.Helper()
		return f.run(t, append([]string{"consumers", "create", id, "--client", "mailer-sync", "--out-key", out}, more...)...)
	}
	got := create("plain", "--form", "plain").must(t, 2)
	if len(f.consumers) != 0 || !strings.Contains(got.stderr, "--form keyed") {
		t.Errorf("it was created, or not said why not: %q", got.stderr)
	}
	got = create("mailer", "--form", "keyed").must(t, 0)
	if got.stdout != "" || strings.Contains(got.stderr, "key-of") || !strings.Contains(got.stderr, out) {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	info, err := os.Stat(out)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if key, err := os.ReadFile(out); err != nil || string(key) != "key-of-mailer\n" {
		t.Errorf("the file holds %q, %v", key, err)
	}
	got = create("again", "--form", "keyed", "--request-id", uuidOfTest).must(t, 1)
	if !strings.Contains(got.stderr, "already exists") || !strings.Contains(got.stderr, "--request-id "+uuidOfTest) || strings.Contains(got.stderr, "key-of") {
		t.Errorf("stderr %q", got.stderr)
	}
	out = filepath.Join(t.TempDir(), "json.key")
	if got = create("json", "--form", "keyed", "--format", "json").must(t, 0); strings.Contains(got.stdout, "key-of") {
		t.Errorf("stdout %q", got.stdout)
	}
}

func (f *fake) CreateConsumer(_ context.Context, in *assentv1.CreateConsumerRequest) (*assentv1.CreateConsumerResponse, error) {
	if slices.ContainsFunc(f.consumers, func(c *assentv1.Consumer) bool { return c.GetId() == in.GetId() }) {
		return nil, failure(codes.AlreadyExists, "CONSUMER_EXISTS", "there is a consumer of this id")
	}
	c := &assentv1.Consumer{
		Id: in.GetId(), Client: in.GetClient(), Department: "sales", Channels: in.GetChannels(), Kinds: in.GetKinds(), Form: in.GetForm(),
		CreatedTime: day(1), CreatedBy: "admin", AcknowledgedPosition: 41, RemovalsPending: 2,
	}
	f.consumers = append(f.consumers, c)
	out := &assentv1.CreateConsumerResponse{Consumer: c}
	if c.GetForm() == "keyed" {
		c.SeenTime, c.Department, c.RemovalsPending, out.Key = day(2), "", 0, "key-of-"+c.GetId()
	}
	return out, nil
}

func (f *fake) GetConsumer(_ context.Context, in *assentv1.GetConsumerRequest) (*assentv1.GetConsumerResponse, error) {
	for _, c := range f.consumers {
		if c.GetId() == in.GetId() {
			return &assentv1.GetConsumerResponse{Consumer: c}, nil
		}
	}
	return nil, failure(codes.NotFound, "CONSUMER_NOT_FOUND", "the consumer does not exist")
}

// ListConsumers gives one to a page.
func (f *fake) ListConsumers(_ context.Context, in *assentv1.ListConsumersRequest) (*assentv1.ListConsumersResponse, error) {
	from := len(in.GetPageToken())
	out := &assentv1.ListConsumersResponse{}
	if from < len(f.consumers) {
		out.Consumers = f.consumers[from : from+1]
	}
	if from+1 < len(f.consumers) {
		out.NextPageToken = strings.Repeat("x", from+1)
	}
	return out, nil
}

func (f *fake) RevokeConsumer(_ context.Context, in *assentv1.RevokeConsumerRequest) (*assentv1.RevokeConsumerResponse, error) {
	for _, c := range f.consumers {
		if c.GetId() == in.GetId() {
			c.RevokedTime = day(3)
			return &assentv1.RevokeConsumerResponse{Consumer: c}, nil
		}
	}
	return nil, failure(codes.NotFound, "CONSUMER_NOT_FOUND", "the consumer does not exist")
}
