package cli_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/cli"
)

func TestFile_AddressesThatSomethingChanged_AreWarnedOf_WithoutRepeatingThem(t *testing.T) {
	f := startFake(t)
	audience := file(t, "a.csv", "address\nanna@secret.example\n'bert@secret.example\n%20carl@secret.example\nmailto:dora@secret.example\no'hara@secret.example\n")
	got := f.run(t, "check", "--file", audience, "--channel", "newsletter", "--out", filepath.Join(t.TempDir(), "out.csv")).must(t, 0)
	if want := "warning: 3 addresses look changed by a spreadsheet or a URL"; !strings.Contains(got.stderr, want) ||
		!strings.Contains(got.stderr, "the first on line 3;") || strings.Contains(got.stderr, "secret") {
		t.Errorf("stderr %q", got.stderr)
	}
	events := file(t, "e.csv", "occurred_time,event,address,channels\n2026-10-01T08:00:00Z,withdraw,'anna@secret.example,newsletter\n")
	got = f.run(t, "import", "consents", events).must(t, 0)
	if !strings.Contains(got.stderr, "warning: 1 address looks changed by a spreadsheet or a URL") || strings.Contains(got.stderr, "secret") {
		t.Errorf("stderr %q", got.stderr)
	}
	plain := file(t, "p.csv", "address\nanna@secret.example\n")
	got = f.run(t, "check", "--file", plain, "--channel", "newsletter", "--out", filepath.Join(t.TempDir(), "out.csv")).must(t, 0)
	if strings.Contains(got.stderr, "warning") {
		t.Errorf("stderr %q", got.stderr)
	}
}

func TestVariables_NewlineAtTheEnd_IsNoPartOfThem(t *testing.T) {
	f := startFake(t)
	runIn(t, cli.Surroundings{Env: map[string]string{
		"ASSENT_SERVER": f.address + "\n", "ASSENT_API_KEY": "key\r\n",
	}}, check()...).must(t, 0)
	if got := strings.Join(f.headers.Get("authorization"), ","); got != "Bearer key" {
		t.Errorf("sent %q", got)
	}
	runIn(t, cli.Surroundings{Env: map[string]string{
		"ASSENT_SERVER": f.address, "ASSENT_API_KEY_FILE": file(t, "key", "key") + "\n",
	}}, check()...).must(t, 0)
}
