package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// answerSources answers calls about sources.
func answerSources(in proto.Message) (proto.Message, error) {
	at := day(1)
	mailer := &assentv1.Source{Id: "mailer", Kind: "mailgun", Client: "mailer-sync", Path: "/hooks/mailer", HasSecret: true, CreatedTime: at, CreatedBy: "admin"}
	brevo := &assentv1.Source{
		Id: "brevo", Kind: "brevo", Client: "mailer-sync", Path: "/hooks/brevo.secret", User: "assent", HasSecret: true, CreatedTime: at, HeldTime: at,
		HeldReason: "SOURCE_HELD",
	}
	switch in := in.(type) {
	case *assentv1.CreateSourceRequest:
		if in.GetKind() == "brevo" {
			return &assentv1.CreateSourceResponse{Source: brevo, Secret: "password"}, nil
		}
		return &assentv1.CreateSourceResponse{Source: mailer}, nil
	case *assentv1.ListSourcesRequest:
		ses := &assentv1.Source{Id: "ses", Kind: "ses", Client: "mailer-sync", Path: "/hooks/ses", Topics: []string{"arn:a", "arn:b"}, CreatedTime: at}
		mandrill := &assentv1.Source{
			Id: "mandrill", Kind: "mandrill", Client: "mailer-sync", Path: "/hooks/mandrill", Url: "https://consent.example/hooks/mandrill", HasSecret: true,
			CreatedTime: at, PriorSecretUntilTime: day(8),
		}
		return &assentv1.ListSourcesResponse{Sources: []*assentv1.Source{brevo, mailer, mandrill, ses}}, nil
	case *assentv1.GetSourceRequest:
		return &assentv1.GetSourceResponse{Source: mailer}, nil
	case *assentv1.UpdateSourceRequest:
		return &assentv1.UpdateSourceResponse{Source: mailer}, nil
	case *assentv1.RotateSourceSecretRequest:
		if in.GetId() == "brevo" {
			return &assentv1.RotateSourceSecretResponse{Source: brevo, Secret: "renewed"}, nil
		}
		return &assentv1.RotateSourceSecretResponse{Source: mailer}, nil
	case *assentv1.HoldSourceRequest:
		return &assentv1.HoldSourceResponse{Source: mailer}, nil
	case *assentv1.ReleaseSourceRequest:
		return &assentv1.ReleaseSourceResponse{Source: mailer}, nil
	case *assentv1.DeleteSourceRequest:
		return &assentv1.DeleteSourceResponse{}, nil
	default:
		return nil, nil
	}
}

func TestSources_CreateListShowUpdateRotateHoldReleaseDelete(t *testing.T) {
	f := startFake(t)
	f.answer = answerSources
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("signing-key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := f.run(t, "sources", "create", "mailer", "--kind", "mailgun", "--client", "mailer-sync", "--secret-file", file, "--request-id", uuidOfTest).must(t, 0)
	same(t, &assentv1.CreateSourceRequest{Id: "mailer", Kind: "mailgun", Client: "mailer-sync", Secret: "signing-key", RequestId: uuidOfTest},
		last[*assentv1.CreateSourceRequest](t, f))
	if got.stdout != "/hooks/mailer\n" || strings.Contains(got.stdout+got.stderr, "signing-key") {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	got = f.run(t, "sources", "create", "brevo", "--kind", "brevo", "--client", "mailer-sync").must(t, 0)
	if got.stdout != "/hooks/brevo.secret\nassent:password\n" || !strings.Contains(got.stderr, "cannot be shown again") {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	f.run(t, "sources", "create", "ses", "--kind", "ses", "--client", "mailer-sync", "--topic", "arn:a", "--topic", "arn:b").must(t, 0)
	if topics := last[*assentv1.CreateSourceRequest](t, f).GetTopics(); len(topics) != 2 {
		t.Errorf("topics %q", topics)
	}
	f.run(t, "sources", "create", "x", "--kind", "mailgun", "--client", "c", "--secret-file", file+"-missing").must(t, 1)
	f.run(t, "sources", "create", "x", "--kind", "mailgun").must(t, 2)
	golden(t, "sources.txt", f.run(t, "sources", "list").must(t, 0).stdout)
	if got := f.run(t, "sources", "list", "--format", "json").must(t, 0); strings.Count(got.stdout, `"kind"`) != 4 {
		t.Errorf("stdout %q", got.stdout)
	}
	f.run(t, "sources", "show", "mailer").must(t, 0)
	f.run(t, "sources", "update", "mailer").must(t, 2)
	f.run(t, "sources", "update", "mailer", "--topic", "arn:c").must(t, 0)
	f.run(t, "sources", "rotate", "mailer", "--confirm", "--secret-file", file).must(t, 2)
	if got := f.run(t, "sources", "rotate", "mailer", "--secret-file", file).must(t, 0); got.stdout != "replaced the secret of mailer\n" {
		t.Errorf("stdout %q", got.stdout)
	}
	if got := f.run(t, "sources", "rotate", "mailer", "--confirm").must(t, 0); got.stdout != "ended the secret before of mailer\n" {
		t.Errorf("stdout %q", got.stdout)
	}
	if got := f.run(t, "sources", "rotate", "brevo").must(t, 0); got.stdout != "/hooks/brevo.secret\nassent:renewed\n" {
		t.Errorf("stdout %q", got.stdout)
	}
	f.run(t, "sources", "hold", "mailer").must(t, 0)
	if got := f.run(t, "sources", "release", "mailer").must(t, 0); got.stdout != "released mailer\n" {
		t.Errorf("stdout %q", got.stdout)
	}
	f.run(t, "sources", "delete", "mailer").must(t, 2)
	f.run(t, "sources", "delete", "mailer", "--yes").must(t, 0)
}
