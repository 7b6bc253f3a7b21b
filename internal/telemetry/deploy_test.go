package telemetry_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	"github.com/assent-io/assent/internal/telemetry"
)

// everything returns the page of metrics of a server in which everything has happened once.
func everything(t *testing.T) string {
	t.Helper()
	m := newMetrics(t)
	m.Decided("newsletter", "DENY", "WITHDRAWN", 1)
	m.CheckpointKept(t.Context(), false)
	m.AddWorker("retention")
	m.AddWorker("requests")
	m.WorkerRan("retention", true)
	m.WorkerRan("retention", false)
	m.Called("/assent.v1.ConsentService/CheckConsent", codes.OK, time.Millisecond)
	none := func(ctx context.Context, _ string, _ int) (context.Context, func(string, bool)) {
		return ctx, func(string, bool) {}
	}
	for _, name := range []string{"store.read", "store.write", "index.fence"} {
		_, end := m.Timed(none)(t.Context(), name, 1)
		end("ok", false)
	}
	index := telemetry.IndexStats{State: "ready", Follows: true}
	if err := m.ObserveIndex(indexStates(), func() (telemetry.IndexStats, bool) { return index, true }); err != nil {
		t.Fatal(err)
	}
	m.WebhookAttempted("crm", "DELIVERED")
	m.Returned(telemetry.Returned{Source: "ses-eu", Kind: "bounce", Class: "hard", Outcome: "recorded", Sender: "weekly"})
	if err := m.ObserveHints(func(context.Context) (int64, error) { return 3, nil }); err != nil {
		t.Fatal(err)
	}
	m.NoticeMailed("unreachable")
	if err := m.ObserveNotices(func(context.Context) (telemetry.NoticeStats, error) {
		return telemetry.NoticeStats{Unplanned: 1, Mails: 2, Oldest: time.Unix(1_790_000_000, 0), Dropped: 3}, nil
	}); err != nil {
		t.Fatal(err)
	}
	m.SourceReported("ses", "Complaint", "recorded")
	m.SourceRefused("ses", "other_topic")
	held := map[string]bool{"ses-eu": true, "brevo": false}
	if err := m.ObserveSources(func(context.Context) (map[string]bool, error) { return held, nil }); err != nil {
		t.Fatal(err)
	}
	m.RowsImported("recorded", 3)
	if err := m.ObserveImports(func(context.Context) (map[string]int64, error) { return map[string]int64{"complete": 2}, nil }); err != nil {
		t.Fatal(err)
	}
	m.ListFailed("ecg", "upload")
	if err := m.ObserveLists(func(context.Context) ([]telemetry.ListStats, error) {
		return []telemetry.ListStats{
			{List: "ecg", Entries: 5_000_000, Obtained: time.Unix(1_790_000_000, 0), Stale: time.Unix(1_790_604_800, 0)},
			{List: "partner", Entries: 7, Obtained: time.Unix(1_790_000_000, 0)},
		}, nil
	}); err != nil {
		t.Fatal(err)
	}
	webhooks := []telemetry.WebhookStats{{Webhook: "crm", Waiting: 2, Dead: 1, Oldest: time.Unix(1_790_000_000, 5e8)}, {Webhook: "idle"}}
	err := m.ObserveWebhooks(func(context.Context) ([]telemetry.WebhookStats, error) { return webhooks, nil })
	if err != nil {
		t.Fatal(err)
	}
	feed := telemetry.FeedStats{Watchers: 2, Entries: 30, Cut: 1, Windows: 4, Events: 50}
	lags := []telemetry.ConsumerLag{{Consumer: "mailer", Events: 7}}
	err = m.ObserveFeed(func() telemetry.FeedStats { return feed }, func(context.Context) ([]telemetry.ConsumerLag, error) { return lags, nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := m.ObserveLedger(func() time.Duration { return 0 }); err != nil {
		t.Fatal(err)
	}
	err = m.ObserveServer(telemetry.ServerStats{
		Store: func() telemetry.StoreStats {
			return telemetry.StoreStats{InUse: 3, Idle: 5, Max: 16, Waits: 7, Waited: 1500 * time.Millisecond, Queued: 9, Bytes: 1 << 30}
		},
		CertificateEnd: func() time.Time { return time.Unix(1_800_000_000, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return page(t, m)
}

func TestImports_RowsAndStates_AreTold(t *testing.T) {
	got := everything(t)
	for _, want := range []string{`assent_import_rows_total{outcome="recorded"} 3`, `assent_imports{state="complete"} 2`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestSources_EventsRefusalsAndWhichAreHeld_AreTold(t *testing.T) {
	got := everything(t)
	for _, want := range []string{
		`assent_source_events_total{event="Complaint",kind="ses",outcome="recorded"} 1`, `assent_source_refusals_total{kind="ses",reason="other_topic"} 1`,
		`assent_source_held{source="ses-eu"} 1`, `assent_source_held{source="brevo"} 0`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestLists_EntriesAgeAndFailures_AreToldOfEach(t *testing.T) {
	got := everything(t)
	for _, want := range []string{
		`assent_external_list_entries{list="ecg"} 5e+06`, `assent_external_list_obtained_seconds{list="partner"} 1.79e+09`,
		`assent_external_list_stale_seconds{list="ecg"} 1.7906048e+09`, `assent_external_list_failures_total{list="ecg",step="upload"} 1`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(got, `assent_external_list_stale_seconds{list="partner"}`) {
		t.Error("a list that never becomes stale has a time from which it is")
	}
}

func TestNotices_WhatWaitsToBeSentByMail_IsTold(t *testing.T) {
	got := everything(t)
	for _, want := range []string{
		`assent_notice_mail_attempts_total{outcome="unreachable"} 1`, `assent_notices_listed 1`, `assent_notice_mails_waiting 2`,
		`assent_notice_mails_dropped 3`, `assent_notice_mails_oldest_waiting_seconds 1.79e+09`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestWebhooks_WhatWaitsAndWhatIsDead_IsToldOfEach(t *testing.T) {
	got := everything(t)
	for _, want := range []string{
		`assent_webhook_attempts_total{outcome="DELIVERED",webhook="crm"} 1`, `assent_webhook_waiting{webhook="crm"} 2`,
		`assent_webhook_dead{webhook="crm"} 1`, `assent_webhook_oldest_waiting_seconds{webhook="crm"} 1.7900000005e+09`,
		`assent_webhook_waiting{webhook="idle"} 0`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(got, `assent_webhook_oldest_waiting_seconds{webhook="idle"}`) {
		t.Error("a webhook for which nothing waits has an oldest message")
	}
}

func TestFeed_WatchersAndTheLagOfEachConsumer_AreTold(t *testing.T) {
	got := everything(t)
	for _, want := range []string{
		"assent_feed_watchers 2", "assent_feed_entries_total 30", "assent_feed_cuts_total 1", "assent_feed_windows_total 4",
		"assent_feed_events_total 50", `assent_feed_consumer_lag{consumer="mailer"} 7`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestWorkerRan_RunsAndFailures_AreCounted_AndTheLastSuccessIsTold(t *testing.T) {
	got := everything(t)
	for _, want := range []string{
		`assent_worker_runs_total{outcome="done",worker="retention"} 1`, `assent_worker_runs_total{outcome="failed",worker="retention"} 1`,
		`assent_worker_last_success_seconds{worker="retention"} 1.`,
		`assent_worker_runs_total{outcome="failed",worker="requests"} 0`,
	} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestObserveServer_StoreCertificateAndBuild_AreTold(t *testing.T) {
	got := everything(t)
	for _, want := range []string{
		`assent_store_connections{state="in_use"} 3`, `assent_store_connections{state="idle"} 5`, "assent_store_connections_max 16",
		"assent_store_connection_waits_total 7", "assent_store_connection_wait_seconds_total 1.5", "assent_store_queued_writes 9", "assent_store_bytes 1.073741824e+09",
		"assent_tls_certificate_not_after_seconds 1.8e+09", `assent_build_info{goversion="go1.`,
		`assent_store_operation_duration_seconds_count{operation="read",outcome="ok"} 1`,
		`assent_store_operation_duration_seconds_count{operation="write",outcome="ok"} 1`,
	} {
		if !strings.Contains(got, "\n"+want) {
			t.Errorf("the page lacks %s:\n%s", want, got)
		}
	}
	if strings.Contains(got, "fence") {
		t.Error("what is no operation of the store is counted as one")
	}
}

// metricNames returns the names of metrics in a text.
func metricNames(text string) []string {
	names := regexp.MustCompile(`\b(?:assent|rpc|go|process)_[a-z_]*[a-z]\b`).FindAllString(text, -1)
	slices.Sort(names)
	return slices.Compact(names)
}

func TestDeploy_EveryMetricItNames_Exists(t *testing.T) {
	var there []string
	for line := range strings.Lines(everything(t)) {
		if !strings.HasPrefix(line, "#") {
			there = append(there, strings.FieldsFunc(line, func(r rune) bool { return r == '{' || r == ' ' })[0])
		}
	}
	labels := []string{"rpc_response_status_code", "rpc_method"}
	for _, name := range []string{"deploy/prometheus/alerts.yaml", "deploy/grafana/assent.json"} {
		text, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		names := metricNames(string(text))
		if len(names) < 5 {
			t.Errorf("%s names %d metrics only: %v", name, len(names), names)
		}
		for _, metric := range names {
			if !slices.Contains(there, metric) && !slices.Contains(labels, metric) {
				t.Errorf("%s names the metric %s, which a server does not have", name, metric)
			}
		}
	}
}

func TestDeploy_WhatCameBackAndItsSources_AreShownAndWatched(t *testing.T) {
	want := []string{"assent_hints", "assent_reports_total", "assent_source_events_total", "assent_source_held", "assent_source_refusals_total"}
	for _, name := range []string{"deploy/prometheus/alerts.yaml", "deploy/grafana/assent.json"} {
		text, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		names := metricNames(string(text))
		missing := slices.DeleteFunc(slices.Clone(want), func(metric string) bool { return slices.Contains(names, metric) })
		if diff := cmp.Diff([]string{}, missing); diff != "" {
			t.Errorf("%s asks for no:\n%s", name, diff)
		}
	}
}

func TestReports_AreToldByTheirLabels_AndHintsThatWait(t *testing.T) {
	got := everything(t)
	for _, want := range []string{
		`assent_reports_total{class="hard",kind="bounce",outcome="recorded",sender="weekly",source="ses-eu"} 1`, "assent_hints 3",
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("the page lacks %s", want)
		}
	}
}

func TestOperations_EveryMetricOfTheProgram_IsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for line := range strings.Lines(everything(t)) {
		if name, found := strings.CutPrefix(line, "# TYPE assent_"); found {
			want = append(want, "assent_"+strings.Fields(name)[0])
		}
	}
	var missing []string
	for _, name := range want {
		if !slices.Contains(metricNames(string(text)), name) {
			missing = append(missing, name)
		}
	}
	if diff := cmp.Diff([]string(nil), missing); len(want) < 15 || diff != "" {
		t.Errorf("%d metrics; docs/operations.md lacks:\n%s", len(want), diff)
	}
}

func TestDashboard_IsJSON_AndEveryPanelAsksSomething(t *testing.T) {
	text, err := os.ReadFile("../../deploy/grafana/assent.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil || len(board.Panels) == 0 {
		t.Fatalf("%d panels, %v", len(board.Panels), err)
	}
	for _, p := range board.Panels {
		if p.Title == "" || len(p.Targets) == 0 || p.Targets[0].Expr == "" {
			t.Errorf("the panel %q asks nothing", p.Title)
		}
	}
}
