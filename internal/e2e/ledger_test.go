package e2e

import (
	"crypto/ed25519"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// get asks the REST API, and reads the answer where it is not nil.
func get(t *testing.T, r *running, path string, into any) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.HTTP+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatalf("%s: %v: %s", path, err, text)
		}
	}
	return response.StatusCode
}

// restCheckpoint is a checkpoint as REST clients see it.
type restCheckpoint struct {
	Note, Origin, Size, VerifierKey string
	Root                            []byte
}

// rootOf opens a signed note as any program does that reads them, with a key learnt from the key file.
func rootOf(t *testing.T, signed, key string) (root tlog.Hash, origin string) {
	t.Helper()
	verifier, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(opened.Text, "\n")
	if root, err = tlog.ParseHash(lines[2]); err != nil {
		t.Fatal(err)
	}
	return root, lines[0]
}

func logHashes(hashes [][]byte) []tlog.Hash {
	out := make([]tlog.Hash, len(hashes))
	for i, h := range hashes {
		out[i] = tlog.Hash(h)
	}
	return out
}

func TestLedger_ThroughGRPCRESTAndTheCommandLine(t *testing.T) {
	eachStore(t, func(t *testing.T, db *database) {
		r := db.serve(nil)
		events := filepath.Join(db.dir, "events.csv")
		const rows = "occurred_time,event,address,channels,source\n" +
			"2026-01-01T10:00:00Z,refuse,anna@example.com,newsletter,phone\n" +
			"2026-01-02T10:00:00Z,refuse,ben@example.com,newsletter,phone\n" +
			"2026-01-03T10:00:00Z,refuse,cleo@example.com,newsletter,phone\n"
		if err := os.WriteFile(events, []byte(rows), 0o600); err != nil {
			t.Fatal(err)
		}
		importFile(t, r.GRPC, r.key, events)
		kept := filepath.Join(db.dir, "kept.checkpoint")
		if code, _, stderr := command(t, r.GRPC, r.key, "ledger", "checkpoint", "--out", kept); code != 0 {
			t.Fatalf("checkpoint: exit %d: %s", code, stderr)
		}
		if code, _, _ := command(t, r.GRPC, r.key, "ledger", "checkpoint", "--out", kept); code != 1 {
			t.Error("a checkpoint that is kept was replaced")
		}
		code, stdout, _ := command(t, "", "", "keys", "show", "--keys", db.keys, "--format", "json")
		var shown struct{ VerifierKey string }
		if err := json.Unmarshal([]byte(stdout), &shown); code != 0 || err != nil {
			t.Fatalf("keys show: exit %d, %v", code, err)
		}
		proveOverGRPC(t, r, shown.VerifierKey)
		proveOverREST(t, r, shown.VerifierKey)
		proveOnTheCommandLine(t, r, shown.VerifierKey)
		r.stop()
		verifyOnTheCommandLine(t, db, kept)
	})
}

func proveOverGRPC(t *testing.T, r *running, key string) {
	t.Helper()
	prover := assentv1.NewLedgerServiceClient(dial(t, r.GRPC, r.key))
	now, err := prover.GetCheckpoint(t.Context(), &assentv1.GetCheckpointRequest{})
	if err != nil {
		t.Fatal(err)
	}
	c := now.GetCheckpoint()
	root, origin := rootOf(t, c.GetNote(), key)
	if root != tlog.Hash(c.GetRootHash()) || origin != c.GetOrigin() || c.GetSize() != 4 || c.GetVerifierKey() != key {
		t.Errorf("the checkpoint %v", c)
	}
	entry, err := prover.ProveEntry(t.Context(), &assentv1.ProveEntryRequest{Position: 2, Size: 3})
	if err != nil {
		t.Fatal(err)
	}
	of3, _ := rootOf(t, entry.GetCheckpoint().GetNote(), key)
	leaf := tlog.RecordHash(entry.GetHeader())
	if err := tlog.CheckRecord(logHashes(entry.GetHashes()), 3, of3, 1, leaf); err != nil || leaf != tlog.Hash(entry.GetLeafHash()) {
		t.Errorf("the proof of position 2: %v", err)
	}
	grown, err := prover.ProveConsistency(t.Context(), &assentv1.ProveConsistencyRequest{FromSize: 3})
	if err != nil {
		t.Fatal(err)
	}
	of4, _ := rootOf(t, grown.GetCheckpoint().GetNote(), key)
	if err := tlog.CheckTree(logHashes(grown.GetHashes()), 4, of4, 3, of3); err != nil {
		t.Errorf("the proof that 4 events begin with 3: %v", err)
	}
}

func proveOverREST(t *testing.T, r *running, key string) {
	t.Helper()
	var now struct{ Checkpoint restCheckpoint }
	if status := get(t, r, "/v1/ledger/checkpoint", &now); status != http.StatusOK || now.Checkpoint.Size != "4" {
		t.Errorf("status %d, %+v", status, now)
	}
	root, _ := rootOf(t, now.Checkpoint.Note, key)
	var entry struct {
		Header []byte
		Hashes [][]byte
	}
	if status := get(t, r, "/v1/ledger/entries/4:prove", &entry); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	if err := tlog.CheckRecord(logHashes(entry.Hashes), 4, root, 3, tlog.RecordHash(entry.Header)); err != nil {
		t.Error(err)
	}
	var grown struct {
		Hashes   [][]byte
		FromSize string
	}
	if status := get(t, r, "/v1/ledger:proveConsistency?fromSize=2&toSize=4", &grown); status != http.StatusOK || grown.FromSize != "2" {
		t.Errorf("status %d, %+v", status, grown)
	}
	for path, reason := range map[string]string{
		"/v1/ledger/entries/5:prove":              "POSITION_UNKNOWN",
		"/v1/ledger/entries/4:prove?size=3":       "INVALID_REQUEST",
		"/v1/ledger/entries/4:prove?sise=4":       "INVALID_REQUEST",
		"/v1/ledger/entries/0:prove":              "INVALID_REQUEST",
		"/v1/ledger:proveConsistency":             "INVALID_REQUEST",
		"/v1/ledger:proveConsistency?fromSize=99": "POSITION_UNKNOWN",
	} {
		var refused struct{ Details []struct{ Reason string } }
		status := get(t, r, path, &refused)
		if status != http.StatusBadRequest || len(refused.Details) == 0 || refused.Details[0].Reason != reason {
			t.Errorf("%s: status %d, %+v", path, status, refused)
		}
	}
}

func proveOnTheCommandLine(t *testing.T, r *running, key string) {
	t.Helper()
	code, stdout, stderr := command(t, r.GRPC, r.key, "ledger", "prove", "3", "--verifier-key", key)
	if code != 0 || !strings.HasPrefix(stdout, "position 3 is in the ledger: leaf ") {
		t.Errorf("prove: exit %d: %s%s", code, stdout, stderr)
	}
	damaged := strings.Replace(key, key[len(key)-8:], "AAAAAAAA", 1)
	name, _, _ := strings.Cut(key, "+")
	other, err := note.NewEd25519VerifierKey(name, make(ed25519.PublicKey, ed25519.PublicKeySize))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"ledger", "prove", "9"}, 1},
		{[]string{"ledger", "prove", "zero"}, 2},
		{[]string{"ledger", "prove", "3", "--verifier-key", other}, 1},
		{[]string{"ledger", "checkpoint", "--verifier-key", other}, 1},
		{[]string{"ledger", "prove", "3", "--verifier-key", damaged}, 2},
		{[]string{"ledger", "checkpoint", "--verifier-key", damaged}, 2},
		{[]string{"ledger", "prove", "3", "--size", "3", "--format", "json"}, 0},
		{[]string{"ledger", "checkpoint", "--format", "json"}, 0},
	} {
		if code, stdout, stderr := command(t, r.GRPC, r.key, c.args...); code != c.code {
			t.Errorf("%v: exit %d: %s%s", c.args, code, stdout, stderr)
		}
	}
}

func verifyOnTheCommandLine(t *testing.T, db *database, kept string) {
	t.Helper()
	verify := []string{"ledger", "verify", "--database-url", db.url, "--keys", db.keys}
	code, stdout, stderr := command(t, "", "", append(verify, "--checkpoint", kept)...)
	if code != 0 || stdout != "4 events, 3 subjects, 0 findings\n" {
		t.Errorf("verify: exit %d: %s%s", code, stdout, stderr)
	}
	text, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(db.dir, "changed.checkpoint")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), "\n4\n", "\n5\n", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, _ = command(t, "", "", append(verify, "--checkpoint", kept, "--checkpoint", changed, "--format", "json")...)
	var report struct {
		Found    int
		Findings []struct{ Kind string }
	}
	if err := json.Unmarshal([]byte(stdout), &report); err != nil || code != 1 || report.Found != 1 || report.Findings[0].Kind != "CHECKPOINT" {
		t.Errorf("verify with a checkpoint that was altered: exit %d, %v: %s", code, err, stdout)
	}
}
