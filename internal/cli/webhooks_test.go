package cli_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

func TestWebhooks_CreateListShowUpdateRotateDelete(t *testing.T) {
	f := startFake(t)
	got := f.run(t, "webhooks", "create", "crm", "--client", "crm-sync", "--channel", "newsletter,offers", "--kind", "refusal", "--form", "plain",
		"--url", "https://crm.example.com/hooks?token=t", "--mode", "binary", "--disabled", "--request-id", uuidOfTest).must(t, 0)
	same(t, &assentv1.CreateWebhookRequest{
		Id: "crm", Client: "crm-sync", Channels: []string{"newsletter", "offers"}, Kinds: []string{"refusal"}, Form: "plain",
		Url: "https://crm.example.com/hooks?token=t", Mode: "binary", Disabled: true, RequestId: uuidOfTest,
	}, last[*assentv1.CreateWebhookRequest](t, f))
	if got.stdout != "whsec_crm\n" || !strings.Contains(got.stderr, "cannot be shown again") {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	keyed := f.run(t, "webhooks", "create", "mailer", "--client", "mailer-sync", "--form", "keyed", "--url", "https://m.example.com/").must(t, 0)
	if keyed.stdout != "whsec_mailer\nkey-of-mailer\n" || last[*assentv1.CreateWebhookRequest](t, f).GetRequestId() == "" {
		t.Errorf("stdout %q", keyed.stdout)
	}
	golden(t, "webhooks.txt", f.run(t, "webhooks", "list").must(t, 0).stdout)
	all := decode[struct {
		Webhooks      []map[string]any
		NextPageToken string
	}](t, f.run(t, "webhooks", "list", "--format", "json").must(t, 0).stdout)
	if len(all.Webhooks) != 2 {
		t.Errorf("%d webhooks", len(all.Webhooks))
	}
	f.run(t, "webhooks", "show", "crm").must(t, 0)
	f.run(t, "webhooks", "show", "none").must(t, 1)
	f.run(t, "webhooks", "update", "crm").must(t, 2)
	f.run(t, "webhooks", "update", "crm", "--enable", "--disable").must(t, 2)
	f.run(t, "webhooks", "update", "crm", "--enable").must(t, 0)
	if in := last[*assentv1.UpdateWebhookRequest](t, f); in.Disabled == nil || in.GetDisabled() {
		t.Errorf("--enable asked for %v", in)
	}
	f.run(t, "webhooks", "update", "crm", "--disable").must(t, 0)
	if in := last[*assentv1.UpdateWebhookRequest](t, f); !in.GetDisabled() {
		t.Errorf("--disable asked for %v", in)
	}
	f.run(t, "webhooks", "update", "crm", "--mode", "structured").must(t, 0)
	if in := last[*assentv1.UpdateWebhookRequest](t, f); in.Disabled != nil || in.GetMode() != "structured" {
		t.Errorf("--mode asked for %v", in)
	}
	if got := f.run(t, "webhooks", "rotate", "crm").must(t, 0); got.stdout != "whsec_new\n" {
		t.Errorf("stdout %q", got.stdout)
	}
	if got := f.run(t, "webhooks", "rotate", "crm", "--confirm").must(t, 0); !strings.Contains(got.stdout, "ended the old secret of crm") {
		t.Errorf("stdout %q", got.stdout)
	}
	f.run(t, "webhooks", "delete", "crm").must(t, 2)
	f.run(t, "webhooks", "delete", "crm", "--yes").must(t, 0)
}

func TestWebhooksCreate_OutSecret_WritesTheSecretsThereAlone(t *testing.T) {
	f := startFake(t)
	out := filepath.Join(t.TempDir(), "crm.secret")
	create := func(id string, more ...string) result {
		t.Helper()
		return f.run(t, append([]string{"webhooks", "create", id, "--client", "c", "--url", "https://c.example.com/", "--out-secret", out}, more...)...)
	}
	if got := create("crm", "--form", "keyed").must(t, 0); got.stdout != "" || strings.Contains(got.stderr, "whsec_") {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	text, err := os.ReadFile(out)
	if err != nil || string(text) != "whsec_crm\nkey-of-crm\n" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	got := create("again", "--form", "plain", "--request-id", uuidOfTest).must(t, 1)
	if !strings.Contains(got.stderr, "already exists") || !strings.Contains(got.stderr, "--request-id "+uuidOfTest) {
		t.Errorf("stderr %q", got.stderr)
	}
	out = filepath.Join(t.TempDir(), "json.secret")
	if got := create("json", "--form", "keyed", "--format", "json").must(t, 0); strings.Contains(got.stdout, "whsec_json") || strings.Contains(got.stdout, "key-of") {
		t.Errorf("stdout %q", got.stdout)
	}
}

func TestWebhooks_TestDeliveriesReplay(t *testing.T) {
	f := startFake(t)
	f.run(t, "webhooks", "test", "good").must(t, 0)
	if got := f.run(t, "webhooks", "test", "bad").must(t, 1); !strings.Contains(got.stdout, "REJECTED after 12 ms: the receiver answered HTTP 404; it wrote: not here") {
		t.Errorf("stdout %q", got.stdout)
	}
	golden(t, "deliveries.txt", f.run(t, "webhooks", "deliveries", "crm").must(t, 0).stdout)
	if got := f.run(t, "webhooks", "deliveries", "crm", "--limit", "1", "--format", "json").must(t, 0); strings.Count(got.stdout, `"outcome"`) != 1 {
		t.Errorf("stdout %s", got.stdout)
	}
	f.run(t, "webhooks", "deliveries", "crm", "--state", "lost").must(t, 2)
	f.run(t, "webhooks", "deliveries", "crm", "--state", "dead").must(t, 0)
	if in := last[*assentv1.ListDeliveriesRequest](t, f); in.GetState() != assentv1.DeliveryState_DELIVERY_STATE_DEAD {
		t.Errorf("asked for %v", in)
	}
	f.run(t, "webhooks", "replay", "crm").must(t, 2)
	f.run(t, "webhooks", "replay", "crm", "msg_1", "--all-dead").must(t, 2)
	if got := f.run(t, "webhooks", "replay", "crm", "msg_1", "msg_2").must(t, 0); got.stdout != "replayed 2 messages\n" {
		t.Errorf("stdout %q", got.stdout)
	}
	if got := f.run(t, "webhooks", "replay", "crm", "--all-dead").must(t, 0); !strings.Contains(got.stderr, "snapshot") {
		t.Errorf("stderr %q", got.stderr)
	}
}

func (f *fake) CreateWebhook(_ context.Context, in *assentv1.CreateWebhookRequest) (*assentv1.CreateWebhookResponse, error) {
	w := &assentv1.Webhook{
		Id: in.GetId(), Client: in.GetClient(), Channels: in.GetChannels(), Kinds: in.GetKinds(), Form: in.GetForm(), Mode: in.GetMode(),
		Endpoint: "https://" + in.GetId() + ".example.com", CreatedTime: day(1), CreatedBy: "admin",
	}
	if in.GetDisabled() {
		w.DisabledTime, w.DisabledReason, w.Waiting, w.OldestWaitingTime, w.Dead = day(2), "REQUESTED", 3, day(1), 1
	}
	f.webhooks = append(f.webhooks, w)
	out := &assentv1.CreateWebhookResponse{Webhook: w, Secret: "whsec_" + w.GetId()}
	if w.GetForm() == "keyed" {
		out.Key = "key-of-" + w.GetId()
	}
	return out, nil
}

func (f *fake) webhook(id string) (*assentv1.Webhook, error) {
	for _, w := range f.webhooks {
		if w.GetId() == id {
			return w, nil
		}
	}
	return nil, failure(codes.NotFound, "WEBHOOK_NOT_FOUND", "the webhook does not exist")
}

func (f *fake) GetWebhook(_ context.Context, in *assentv1.GetWebhookRequest) (*assentv1.GetWebhookResponse, error) {
	w, err := f.webhook(in.GetId())
	return &assentv1.GetWebhookResponse{Webhook: w}, err
}

// ListWebhooks gives one to a page.
func (f *fake) ListWebhooks(_ context.Context, in *assentv1.ListWebhooksRequest) (*assentv1.ListWebhooksResponse, error) {
	from := len(in.GetPageToken())
	out := &assentv1.ListWebhooksResponse{Webhooks: f.webhooks[from : from+1]}
	if from+1 < len(f.webhooks) {
		out.NextPageToken = strings.Repeat("x", from+1)
	}
	return out, nil
}

func (f *fake) UpdateWebhook(_ context.Context, in *assentv1.UpdateWebhookRequest) (*assentv1.UpdateWebhookResponse, error) {
	w, err := f.webhook(in.GetId())
	return &assentv1.UpdateWebhookResponse{Webhook: w}, err
}

func (f *fake) RotateWebhookSecret(
	_ context.Context, in *assentv1.RotateWebhookSecretRequest,
) (*assentv1.RotateWebhookSecretResponse, error) {
	w, err := f.webhook(in.GetId())
	out := &assentv1.RotateWebhookSecretResponse{Webhook: w}
	if !in.GetConfirm() {
		out.Secret = "whsec_new"
	}
	return out, err
}

func (f *fake) DeleteWebhook(_ context.Context, in *assentv1.DeleteWebhookRequest) (*assentv1.DeleteWebhookResponse, error) {
	_, err := f.webhook(in.GetId())
	return &assentv1.DeleteWebhookResponse{}, err
}

func (f *fake) TestWebhook(_ context.Context, in *assentv1.TestWebhookRequest) (*assentv1.TestWebhookResponse, error) {
	if in.GetId() == "good" {
		return &assentv1.TestWebhookResponse{Id: "msg_1", Outcome: "DELIVERED", Status: 200, Text: "the receiver answered HTTP 200 OK", TookMs: 12}, nil
	}
	return &assentv1.TestWebhookResponse{
		Id: "msg_1", Outcome: "REJECTED", Status: 404, Text: "the receiver answered HTTP 404", Excerpt: "not here", TookMs: 12,
	}, nil
}

// ListDeliveries gives one to a page.
func (f *fake) ListDeliveries(_ context.Context, in *assentv1.ListDeliveriesRequest) (*assentv1.ListDeliveriesResponse, error) {
	all := []*assentv1.Delivery{
		{Id: "msg_3", Kind: "card", State: assentv1.DeliveryState_DELIVERY_STATE_WAITING, CreatedTime: day(3), DueTime: day(4), Outcome: ""},
		{
			Id: "msg_2", Kind: "forget", State: assentv1.DeliveryState_DELIVERY_STATE_DEAD, CreatedTime: day(2), Attempts: 10, AttemptedTime: day(3),
			Outcome: "REJECTED", Status: 404, Text: "the receiver answered HTTP 404", Excerpt: "not here",
		},
		{
			Id: "msg_1", Kind: "reset", State: assentv1.DeliveryState_DELIVERY_STATE_DELIVERED, CreatedTime: day(1), Attempts: 1, AttemptedTime: day(1),
			Outcome: "DELIVERED", Status: 200, Text: "the receiver answered HTTP 200",
		},
	}
	from := len(in.GetPageToken())
	out := &assentv1.ListDeliveriesResponse{Deliveries: all[from : from+1]}
	if from+1 < len(all) {
		out.NextPageToken = strings.Repeat("x", from+1)
	}
	return out, nil
}

func (f *fake) ReplayDeliveries(_ context.Context, in *assentv1.ReplayDeliveriesRequest) (*assentv1.ReplayDeliveriesResponse, error) {
	return &assentv1.ReplayDeliveriesResponse{Replayed: int32(len(in.GetIds())), Snapshot: in.GetAllDead()}, nil //nolint:gosec // Two.
}
