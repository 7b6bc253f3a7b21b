package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// failed is an error as it is written with --format json.
type failed struct {
	Error struct {
		Code, Message string
		Violations    []struct{ Field, Message string }
		ExitCode      int
	}
}

func TestRun_JSON_WritesErrorsAsJSONToo(t *testing.T) {
	f := startFake(t)
	f.answer = func(in proto.Message) (proto.Message, error) {
		if in, ok := in.(*assentv1.CheckConsentRequest); ok && in.GetChannel() == "x" {
			return nil, failure(codes.InvalidArgument, "INVALID_REQUEST", "two things are wrong", "channel: no <id>", "asOf: not now")
		}
		return nil, nil
	}
	for _, c := range []struct {
		args                  []string
		exit                  int
		code, message, fields string
	}{
		{[]string{"check", "a@b.example", "--channel", "x", "--format", "json"}, 1, "INVALID_REQUEST", "two things are wrong", "channel=no <id>,asOf=not now"},
		{[]string{"check", "a@secret.example", "--channel", "c", "--format=json", "--as-of", "a@secret.example"}, 2, "USAGE", "--as-of", ""},
		{[]string{"check", "--as-of", "then", "--format", "json"}, 2, "USAGE", "invalid argument", ""},
		{[]string{"chekc", "--format", "json"}, 2, "USAGE", "did you mean check?", ""},
		{[]string{"check", "--channel", "c", "--file", "x", "--out", "-", "--format", "json"}, 2, "USAGE", "can go to standard output", ""},
		{[]string{"catalog", "lint", "no/such/file", "--format", "json"}, 1, "FAILED", "no such file", ""},
		{[]string{"check", "a@b.example", "--channel", "c", "--server", "127.0.0.1:1", "--format", "json"}, 1, "UNAVAILABLE", "cannot be reached", ""},
	} {
		got := f.run(t, c.args...).must(t, c.exit)
		lines := strings.Split(strings.TrimSuffix(got.stderr, "\n"), "\n")
		e := decode[failed](t, lines[len(lines)-1]).Error
		var fields []string
		for _, v := range e.Violations {
			fields = append(fields, v.Field+"="+v.Message)
		}
		if e.Code != c.code || !strings.Contains(e.Message, c.message) || strings.Join(fields, ",") != c.fields || e.ExitCode != c.exit ||
			got.stdout != "" || len(lines) != 1 || strings.Contains(got.stderr, "secret") {
			t.Errorf("%v: stdout %q, stderr %q", c.args, got.stdout, got.stderr)
		}
	}
	// A DENY is an answer and no error.
	if got := f.run(t, "check", "deny@b.example", "--channel", "c", "--format", "json").must(t, 3); got.stderr != "" {
		t.Errorf("stderr %q", got.stderr)
	}
}

func TestJSON_VerdictsAndPositions_AreWrittenAlikeByAllCommands(t *testing.T) {
	f := startFake(t)
	one := decode[struct{ Decision, Links map[string]any }](t, f.run(t, check("--format", "json")...).must(t, 0).stdout).Decision
	all := decode[struct {
		Channel                    string
		Addresses, Allowed, Denied int
		Counts                     []map[string]any
	}](t, f.runWith(t, "address\nanna@firma.example\n", "check", "--file", "-", "--channel", "newsletter", "--out", t.TempDir()+"/out.csv",
		"--format", "json").must(t, 0).stdout)
	if one["verdict"] != "ALLOW" || one["verdict"] != all.Counts[0]["verdict"] || one["legalBasis"] != "consent" {
		t.Errorf("one address: %v, a file: %v", one, all)
	}
	f.record(&assentv1.Event{OccurredTime: day(1), Actor: "<shop>", StandsFor: []int64{7, 9}, Fact: &assentv1.Event_Grant{Grant: &assentv1.Grant{
		Address: "1234567890", Channels: []string{"VERDICT_ALLOW"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_EXISTING_CUSTOMER,
	}}})
	want := map[string]any{
		"position": 1.0, "occurredTime": "2026-10-01T08:00:00Z", "recordedTime": nil, "actor": "<shop>", "batchId": "",
		"evidenceState": "", "standsFor": []any{7.0, 9.0}, "textWithheld": false, "grant": map[string]any{
			"address": "1234567890", "channels": []any{"VERDICT_ALLOW"}, "legalBasis": "existing_customer", "declaration": nil,
			"evidence": nil, "expiresTime": nil,
		},
	}
	// The same with and without filters.
	for _, args := range [][]string{{"history", "a@b.example"}, {"history", "a@b.example", "--kind", "grant"}} {
		var got struct{ Events []map[string]any }
		if err := json.Unmarshal([]byte(f.run(t, append(args, "--format", "json")...).must(t, 0).stdout), &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]map[string]any{want}, got.Events); diff != "" {
			t.Errorf("%v: %s", args, diff)
		}
	}
}
