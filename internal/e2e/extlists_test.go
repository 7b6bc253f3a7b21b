package e2e

import (
	"crypto/sha1" //nolint:gosec // The form of the list.
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// checkCode asks the command line about messages to an address, and returns its exit code: 0 for ALLOW, 3 for DENY; and what it printed.
func checkCode(t *testing.T, r *running, address string) (int, string) {
	t.Helper()
	code, out, errs := command(t, r.GRPC, r.key, "check", address, "--channel", "product-marketing")
	return code, out + errs
}

func mustCommand(t *testing.T, r *running, args ...string) string {
	t.Helper()
	code, out, errs := command(t, r.GRPC, r.key, args...)
	if code != 0 {
		t.Fatalf("assent %s: exit code %d: %s", strings.Join(args, " "), code, errs)
	}
	return out
}

func grantCustomer(t *testing.T, r *running, addresses ...string) {
	t.Helper()
	for _, address := range addresses {
		mustCommand(t, r, "grant", address, "--channel", "product-marketing", "--legal-basis", "existing_customer", "--source", "in_person",
			"--transaction-ref", "order-7", "--notice-given", "--goods", "coffee")
	}
}

func TestLists_AsAFileAndFromTheService_StopMessages(t *testing.T) {
	eachStore(t, func(t *testing.T, db *database) {
		r := db.serve(time.Now)
		grantCustomer(t, r, "hans@firma.example", "anna@gast.example", "dora@dritte.example")
		file := filepath.Join(t.TempDir(), "ecg-liste.hash")
		var list []byte
		for _, entry := range []string{"hans@firma.example", "@gast.example"} {
			sum := sha1.Sum([]byte(entry)) //nolint:gosec // As above.
			list = append(list, sum[:]...)
		}
		if err := os.WriteFile(file, list, 0o600); err != nil {
			t.Fatal(err)
		}
		mustCommand(t, r, "lists", "create", "ecg", "--name", "ECG-Liste", "--binds", "existing_customer", "--form", "ecg_file", "--freshness", "P7D")
		mustCommand(t, r, "lists", "upload", "ecg", file, "--activate")
		for address, want := range map[string]int{"hans@firma.example": 3, "anna@gast.example": 3, "dora@dritte.example": 0} {
			if code, out := checkCode(t, r, address); code != want || want == 3 && !strings.Contains(out, "EXTERNAL_LIST") {
				t.Errorf("%s: exit code %d, want %d: %s", address, code, want, out)
			}
		}
		if err := os.WriteFile(file, list[:30], 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, errs := command(t, r.GRPC, r.key, "lists", "upload", "ecg", file); code != 1 || !strings.Contains(errs, "in the middle of a digest") {
			t.Errorf("a file that was cut off: exit code %d: %s", code, errs)
		}
		if out := mustCommand(t, r, "lists", "activate", "ecg"); !strings.Contains(out, "was in force already") {
			t.Errorf("activated twice: %s", out)
		}
		if out := mustCommand(t, r, "lists", "show", "ecg") + mustCommand(t, r, "lists", "list"); !strings.Contains(out, "ECG-Liste") {
			t.Errorf("the lists are %s", out)
		}
		syncFromService(t, r)
	})
}

// syncFromService has the list asked from a service, of which a part of the answers is none.
func syncFromService(t *testing.T, r *running) {
	t.Helper()
	listed := []string{fmt.Sprintf("%x", sha512.Sum512([]byte("dritte.example")))}
	var broken atomic.Bool
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		var in struct{ Emails []string }
		if err := json.NewDecoder(q.Body).Decode(&in); err != nil || q.Header.Get("X-Api-Key") != "secret" {
			t.Errorf("asked with %v", err)
		}
		if broken.Load() {
			_, _ = w.Write([]byte(`{"message": "wrong-authentication-key"}`))
			return
		}
		hits := []string{}
		for _, digest := range in.Emails {
			if slices.Contains(listed, digest) {
				hits = append(hits, digest)
			}
		}
		_ = json.NewEncoder(w).Encode(map[string][]string{"emails": hits})
	}))
	defer service.Close()
	key := filepath.Join(t.TempDir(), "ecg.key")
	if err := os.WriteFile(key, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustCommand(t, r, "lists", "create", "rtr", "--name", "ECG service", "--binds", "existing_customer", "--form", "ecg_service", "--freshness", "P7D")
	grantCustomer(t, r, "frei@vierte.example")
	broken.Store(true)
	if code, _, errs := command(t, r.GRPC, r.key, "lists", "sync", "rtr", "--service-key-file", key, "--url", service.URL); code != 1 || !strings.Contains(errs, "nothing was changed") {
		t.Errorf("a service that answers nothing: exit code %d: %s", code, errs)
	}
	broken.Store(false)
	mustCommand(t, r, "lists", "sync", "rtr", "--service-key-file", key, "--url", service.URL)
	grantCustomer(t, r, "neu@vierte.example")
	for address, want := range map[string]string{
		"dora@dritte.example": "EXTERNAL_LIST", "frei@vierte.example": "ALLOW_EXISTING_CUSTOMER", "neu@vierte.example": "EXTERNAL_LIST_STALE",
	} {
		if _, out := checkCode(t, r, address); !strings.Contains(out, want) {
			t.Errorf("%s: want %s: %s", address, want, out)
		}
	}
	mustCommand(t, r, "lists", "sync", "rtr", "--service-key-file", key, "--url", service.URL)
	if _, out := checkCode(t, r, "neu@vierte.example"); !strings.Contains(out, "ALLOW_EXISTING_CUSTOMER") {
		t.Errorf("after the next sync: %s", out)
	}
}
