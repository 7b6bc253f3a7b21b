package server_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/sqlite"
)

// claimSettings returns the settings of a new database with a policy that keeps claims, with the file of the officer.
func claimSettings(t *testing.T) (cfg config.Server, officer string) {
	t.Helper()
	cfg = settings(t)
	document := strings.Replace(readExample(t), "\npolicy:\n", "\npolicy:\n  claims_period: P3Y\n", 1)
	if !strings.Contains(document, "claims_period") {
		t.Fatal("the example has no policy")
	}
	cfg.Catalog = filepath.Join(t.TempDir(), "catalog.yaml")
	if err := os.WriteFile(cfg.Catalog, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Create(cfg.Keys); err != nil {
		t.Fatal(err)
	}
	return cfg, filepath.Join(t.TempDir(), "officer.json")
}

func readClaims(t *testing.T, cfg config.Server, officer string) []server.Claim {
	t.Helper()
	var all []server.Claim
	err := server.ReadClaims(t.Context(), cfg, officer, func(c server.Claim) error {
		all = append(all, c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestClaims_OfficerReadsWhatAnErasureTook_AndNobodyElse(t *testing.T) {
	cfg, officer := claimSettings(t)
	if _, err := seal.CreateClaims(cfg.Keys, officer); err != nil {
		t.Fatal(err)
	}
	r := run(t, cfg)
	r.says(http.MethodPost, "/v1/consent:withdraw", `{"address": "anna@example.com", "channels": ["newsletter"], "occurredTime": "2026-10-02T08:00:00Z"}`, 200)
	r.consentOf("anna@example.com", "")
	r.says(http.MethodPost, "/v1/recipients:erase", `{"address": "Anna@Example.com", "occurredTime": "2026-10-31T08:00:00Z"}`, 200)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	all := readClaims(t, cfg, officer)
	if len(all) != 1 || !all[0].Opened || all[0].Address != "anna@example.com" {
		t.Fatalf("got %+v", all)
	}
	if want := start.AddDate(3, 0, 0); all[0].Until.Sub(want).Abs().Hours() > 1 {
		t.Errorf("kept until %s, want %s", all[0].Until, want)
	}
	if got := all[0].Erased.Format("2006-01-02"); got != "2026-10-31" {
		t.Errorf("erased on %s", got)
	}
	byPosition := func(a, b *assentv1.Event) int { return int(a.GetPosition() - b.GetPosition()) }
	if n := len(all[0].Events); n != 2 || !slices.IsSortedFunc(all[0].Events, byPosition) {
		t.Errorf("%d events, or not by position", n)
	}
	var addresses []string
	for _, e := range all[0].Events {
		if e.GetEvidenceState() == assentv1.EvidenceState_EVIDENCE_STATE_HELD && e.GetGrant() != nil {
			addresses = append(addresses, e.GetGrant().GetAddress())
		}
	}
	if diff := cmp.Diff([]string{"anna@example.com"}, addresses); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}

	// A second pair does not open what was sealed for the first.
	second := filepath.Join(t.TempDir(), "second.json")
	if _, err := seal.CreateClaims(cfg.Keys, second); err != nil {
		t.Fatal(err)
	}
	if all := readClaims(t, cfg, second); len(all) != 1 || all[0].Opened || all[0].Address != "" || all[0].Events != nil {
		t.Errorf("another key: %+v", all)
	}
	if err := server.ReadClaims(t.Context(), cfg, officer, func(server.Claim) error { return errAsked }); !errors.Is(err, errAsked) {
		t.Errorf("the error of the reader is lost: %v", err)
	}
}

// The next run of the retention destroys it: until then no way leads to it either.
func TestClaims_ThatHaveEnded_AreNotOpened(t *testing.T) {
	cfg, officer := claimSettings(t)
	if _, err := seal.CreateClaims(cfg.Keys, officer); err != nil {
		t.Fatal(err)
	}
	r := run(t, cfg)
	for _, address := range []string{"anna@example.com", "ben@example.com"} {
		r.consentOf(address, "")
		r.says(http.MethodPost, "/v1/recipients:erase", `{"address": "`+address+`"}`, 200)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	all := readClaims(t, cfg, officer)
	if len(all) != 2 {
		t.Fatalf("%d claims", len(all))
	}
	endClaim(t, cfg, all[0].ID)
	left := readClaims(t, cfg, officer)
	if len(left) != 1 || left[0].ID != all[1].ID {
		t.Errorf("left are %+v, want the one that has not ended, %s", left, all[1].ID)
	}
}

// endClaim has a claim end now.
func endClaim(t *testing.T, cfg config.Server, id string) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), pathOf(t, cfg), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := hex.DecodeString(id)
	if err == nil {
		err = store.WriteTables(t.Context(), storage.Statement{
			Doing: "end a claim", SQL: `UPDATE claims SET until_time = $1 WHERE id = $2`, Args: []any{time.Now().UnixMicro(), bytes},
		})
	}
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
}

var errAsked = errors.New("as asked for")

func TestClaims_WithoutOfficersKey_NothingIsErased(t *testing.T) {
	cfg, _ := claimSettings(t)
	r := run(t, cfg)
	r.consentOf("anna@example.com", "")
	r.says(http.MethodPost, "/v1/recipients:erase", `{"address": "anna@example.com"}`, 400, "NO_CLAIMS_KEY")
	r.says(http.MethodPost, "/v1/consent:check", `{"address": "anna@example.com", "channel": "newsletter"}`, 200, "ALLOW_CONSENT")
}

func TestClaims_KeyOfAnotherDatabase_IsRefused(t *testing.T) {
	cfg, officer := claimSettings(t)
	other := filepath.Join(t.TempDir(), "other.keys")
	if _, err := seal.Create(other); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.CreateClaims(other, officer); err != nil {
		t.Fatal(err)
	}
	never := func(server.Claim) error { return errAsked }
	if err := server.ReadClaims(t.Context(), cfg, officer, never); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("without a database: %v", err)
	}
	r := run(t, cfg)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if err := server.ReadClaims(t.Context(), cfg, officer, never); err == nil || !strings.Contains(err.Error(), "another database") {
		t.Errorf("got %v", err)
	}
}

func TestPurge_LeavesNothingOfWhatWasErasedInTheFile(t *testing.T) {
	cfg := settings(t)
	if err := server.Purge(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("without a database: %v", err)
	}
	r := run(t, cfg)
	for i := range 50 {
		r.says(http.MethodPost, "/v1/consent:grant", fmt.Sprintf(`{"address": "anna@example.com", "channels": ["newsletter"],
			"legalBasis": "LEGAL_BASIS_CONSENT", "declaration": {"id": "newsletter-signup", "version": "2026-01"},
			"evidence": {"source": "phone", "note": "%d %s", "url": "https://acme.example/%s"}}`,
			i, strings.Repeat("long ", 800), strings.Repeat("u", 2000)), 200)
	}
	r.says(http.MethodPost, "/v1/recipients:erase", `{"address": "anna@example.com"}`, 200)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	before := freePages(t, pathOf(t, cfg))
	if before == 0 {
		t.Fatal("the erasure left no free pages, so that this shows nothing")
	}
	if err := server.Purge(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if after := freePages(t, pathOf(t, cfg)); after != 0 {
		t.Errorf("%d free pages, before the purge %d", after, before)
	}
	if info, err := os.Stat(pathOf(t, cfg) + "-wal"); err == nil && info.Size() != 0 {
		t.Errorf("the log has %d bytes", info.Size())
	}
}

// freePages returns what the header of a SQLite file says.
func freePages(t *testing.T, path string) uint32 {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(data[36])<<24 | uint32(data[37])<<16 | uint32(data[38])<<8 | uint32(data[39])
}
