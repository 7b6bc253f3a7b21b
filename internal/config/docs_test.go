package config

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//go:generate go test -run ^TestDocumentation_IsFresh$ . -update

var update = flag.Bool("update", false, "write docs/config.md anew")

const documentation = "../../docs/config.md"

// document writes what docs/config.md has to be.
func document() string {
	var b strings.Builder
	b.WriteString(`<!-- Made by "make generate" from internal/config/settings.go: change that instead. -->

# Settings of a server

` + "`assent serve`" + ` and the other commands that open the database themselves take each setting from the first of these
places that has it:

1. the flag;
2. the environment variable (an empty one counts as not set);
3. the key of the YAML file that ` + "`--config`" + ` or ` + "`ASSENT_CONFIG`" + ` names;
4. the default.

A key of the file that is not in this table, or is set twice, is an error. Instead of a variable with a secret you can set the one with the
suffix ` + "`_FILE`" + `, which names a file that contains the value. A newline at the end of that file is ignored. Other variables that begin
with ` + "`ASSENT_`" + ` are ignored, because orchestrators set some of their own.

| flag | variable | key of the file | default | meaning |
|---|---|---|---|---|
`)
	for _, s := range settings() {
		fallback := s.fallbackNote
		if s.fallback != "" {
			fallback = "`" + s.fallback + "`"
		}
		variable := "`" + s.env() + "`"
		if s.secret {
			variable += " or `" + s.env() + fileSuffix + "`"
		}
		fmt.Fprintf(&b, "| `--%s` | %s | `%s` | %s | %s |\n", s.flag(), variable, s.key, fallback, s.usage)
	}
	b.WriteString(`
` + "`allowed_hosts`" + ` protects against web pages that reach the server by DNS rebinding ([Listening](operations.md#listening)).

A file looks like this:

` + "```yaml" + `
database_url: postgres://assent@db.example/assent?sslmode=verify-full
keys: /etc/assent/assent.keys
grpc_address: 0.0.0.0:50051
http_address: 0.0.0.0:8080
tls_cert: /etc/assent/tls.crt
tls_key: /etc/assent/tls.key
log_format: json
` + "```" + `

The URL of the database may contain a password. It is never logged or printed. Newlines and spaces at the end of a variable, or of a file with a secret,
are ignored.

` + "`assent config check`" + ` reports mistakes in the settings and in the files that they name. It does not open the database and changes nothing.

Traces are configured by the variables of OpenTelemetry, which have no flags and no keys in the file: see [operations.md](operations.md#monitoring).
`)
	return b.String()
}

func TestDocumentation_IsFresh(t *testing.T) {
	want := document()
	if *update {
		if err := os.WriteFile(documentation, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/config.md is not fresh, run `make generate`:\n%s", diff)
	}
}

func TestDocumentation_ItsExampleIsRight(t *testing.T) {
	_, rest, _ := strings.Cut(document(), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	entries, err := parseFile("example", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != strings.Count(example, "\n") {
		t.Errorf("%d entries in %s", len(entries), example)
	}
	var s Server
	for _, row := range settings() {
		if e, ok := entries[row.key]; ok {
			if err := row.set(&s, e.value); err != nil {
				t.Errorf("%s: %v", row.key, err)
			}
		}
	}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
}

func TestDeploy_EveryVariable_IsOneOfTheSettings(t *testing.T) {
	known := map[string]bool{FileEnv: true}
	for _, s := range settings() {
		known[s.env()] = true
		if s.secret {
			known[s.env()+fileSuffix] = true
		}
	}
	for _, name := range []string{"docker-compose.yml", "deploy/systemd/assent.service"} {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`\bASSENT_[A-Z_]*[A-Z]\b`).FindAllString(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s sets no variable", name)
		}
		for _, variable := range found {
			if !known[variable] {
				t.Errorf("%s sets %s, which is none of the settings", name, variable)
			}
		}
	}
}
