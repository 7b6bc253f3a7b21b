package cli_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli"
)

// answerMail answers calls about what comes back, by what stands in the mail.
func answerMail(in proto.Message) (proto.Message, error) {
	switch in := in.(type) {
	case *assentv1.SubmitMailRequest:
		text := string(in.GetMail())
		switch {
		case strings.Contains(text, "refused"):
			return nil, failure(codes.InvalidArgument, "INVALID_REQUEST", "the mail is refused")
		case strings.Contains(text, "away"):
			return nil, failure(codes.Internal, "", "the server is away")
		case strings.Contains(text, "letter"):
			return &assentv1.SubmitMailResponse{Kind: "inquiry", Why: "letter", Case: &assentv1.MailCase{
				Id: "2026-000001", Outcome: "opened", Kind: "complaint", Department: "marketing",
			}}, nil
		}
		return &assentv1.SubmitMailResponse{Kind: "bounce", Why: "delivery-status", Reports: []*assentv1.MailReport{
			{
				Address: "anna@example.com", Kind: "bounce", Class: "hard", Status: "5.1.1", Rule: "code-unknown-user", Outcome: "recorded",
				Records: []*assentv1.IntakeRecord{{Verb: "suppress", Reason: "HARD_BOUNCE", Scope: "all", Channel: "newsletter", Time: day(1)}},
			},
			{
				Address: "<b>&@example.com", Kind: "bounce", Class: "soft", Status: "4.2.2", Rule: "code-full", Outcome: "hint", Why: "a\x1b reason",
				Records: []*assentv1.IntakeRecord{{Verb: "hint", Hint: uuidOfTest}},
			},
		}}, nil
	case *assentv1.ListHintsRequest:
		return &assentv1.ListHintsResponse{Hints: []*assentv1.Hint{
			{
				Id: uuidOfTest, Address: "anna@example.com", Kind: "bounce", Class: "hard", Status: "5.1.1", Cause: "no_token", ReceivedTime: day(1), State: "open",
				Text: "no such\x1b user", Source: "lmtp",
			},
			{Id: uuidOfTest, Address: "otto@example.com", Kind: "complaint", Cause: "no_channel", ReceivedTime: day(2), State: "open", Source: "api"},
		}}, nil
	case *assentv1.AcceptHintRequest:
		return &assentv1.AcceptHintResponse{
			Hint:    &assentv1.Hint{Id: in.GetId(), State: "accepted"},
			Records: []*assentv1.IntakeRecord{{Verb: "suppress", Reason: "COMPLAINT", Scope: "department:marketing", Channel: in.GetChannel(), Time: day(1)}},
		}, nil
	case *assentv1.DismissHintRequest:
		return &assentv1.DismissHintResponse{Hint: &assentv1.Hint{Id: in.GetId(), State: "dismissed"}}, nil
	default:
		return nil, nil
	}
}

// submitted returns the mails that were handed in.
func (f *fake) submitted() (mails []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, call := range f.calls {
		if in, ok := call.(*assentv1.SubmitMailRequest); ok {
			mails = append(mails, string(in.GetMail()))
		}
	}
	return mails
}

func TestIntakeMail_JSON_IsALineForEachMail(t *testing.T) {
	f := startFake(t)
	f.answer = answerMail
	dir := t.TempDir()
	bounce, letter := write(t, filepath.Join(dir, "bounce.eml"), "Subject: x\n\n"), write(t, filepath.Join(dir, "letter.eml"), "Subject: letter\n\n")
	got := f.run(t, "intake", "mail", "--dry-run", "--format", "json", "--envelope-from", "<>", "--envelope-to", "a@acme.example,b@acme.example", bounce, letter).must(t, 0)
	same(t, &assentv1.SubmitMailRequest{
		Mail: []byte("Subject: letter\n\n"), EnvelopeFrom: "<>", EnvelopeTo: []string{"a@acme.example", "b@acme.example"}, ValidateOnly: true,
	}, last[*assentv1.SubmitMailRequest](t, f))
	file := func(name string) string {
		text, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	want := `{"file":` + file(bounce) + `,"kind":"bounce","recipients":[{"address":"anna@example.com","kind":"bounce","class":"hard","status":"5.1.1",` +
		`"rule":"code-unknown-user","outcome":"recorded","records":[{"verb":"suppress","reason":"HARD_BOUNCE","scope":"all","channel":"newsletter",` +
		`"time":"` + day(1).AsTime().Format("2006-01-02T15:04:05Z") + `"}],"why":""},` +
		`{"address":"<b>&@example.com","kind":"bounce","class":"soft","status":"4.2.2","rule":"code-full","outcome":"hint",` +
		`"records":[{"verb":"hint","hint":"` + uuidOfTest + `"}],"why":"a\u001b reason"}],"case":null,"why":"delivery-status"}` + "\n" +
		`{"file":` + file(letter) + `,"kind":"inquiry","recipients":[],"case":"2026-000001","case_kind":"complaint","desk":"marketing","why":"letter"}` + "\n"
	if diff := cmp.Diff(want, got.stdout); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestIntakeMail_Text_HasNoControlCharacters(t *testing.T) {
	f := startFake(t)
	f.answer = answerMail
	got := f.runWith(t, "Subject: x\n\n", "intake", "mail", "-").must(t, 0)
	for _, want := range []string{
		"-: mail of kind bounce (delivery-status)\n", "  anna@example.com hard 5.1.1 recorded\n", "    suppress HARD_BOUNCE all newsletter ", "  <b>&@example.com soft 4.2.2 hint: a",
	} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("stdout %q lacks %q", got.stdout, want)
		}
	}
	if strings.Contains(got.stdout, "\x1b") {
		t.Errorf("stdout %q", got.stdout)
	}
}

func TestIntakeMail_Text_TellsTheKindOfTheMailFromThatOfTheCase(t *testing.T) {
	f := startFake(t)
	f.answer = answerMail
	got := f.runWith(t, "Subject: letter\n\n", "intake", "mail", "-").must(t, 0)
	want := "-: mail of kind inquiry (letter)\n  case 2026-000001 opened: case of kind complaint, desk of marketing\n"
	if diff := cmp.Diff(want, got.stdout); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestIntakeMail_OneThatCannotBeRead_KeepsNoneOfTheOthersBack(t *testing.T) {
	f := startFake(t)
	f.answer = answerMail
	dir := t.TempDir()
	good, empty, refused := write(t, filepath.Join(dir, "3"), "Subject: good\n\n"), write(t, filepath.Join(dir, "1"), ""), write(t, filepath.Join(dir, "2"), "refused")
	got := f.run(t, "intake", "mail", empty, filepath.Join(dir, "missing"), refused, good).must(t, 1)
	if !strings.Contains(got.stderr, "1 is empty") || !strings.Contains(got.stderr, "missing") || !strings.Contains(got.stderr, "the mail is refused") {
		t.Errorf("stderr %q", got.stderr)
	}
	if diff := cmp.Diff([]string{"refused", "Subject: good\n\n"}, f.submitted()); diff != "" {
		t.Errorf("handed in (-want +got)\n%s", diff)
	}
	f.run(t, "intake", "mail").must(t, 2)
	f.run(t, "intake", "mail", "--maildir", dir, good).must(t, 2)
}

func TestIntakeMail_PipeOfAMailServer_IsToldToComeAgain(t *testing.T) {
	f := startFake(t)
	f.answer = answerMail
	for text, want := range map[string]int{"away": 75, "refused": 1, "": 1, "Subject: x\n\n": 0} {
		f.runWith(t, text, "intake", "mail", "-").must(t, want)
	}
	got := runIn(t, cli.Surroundings{Stdin: strings.NewReader("Subject: x\n\n"), Env: map[string]string{"ASSENT_SERVER": "127.0.0.1:1"}},
		"intake", "mail", "-").must(t, 75)
	if !strings.Contains(got.stderr, "cannot be reached") {
		t.Errorf("stderr %q", got.stderr)
	}
	f.run(t, "intake", "mail", write(t, filepath.Join(t.TempDir(), "x"), "away")).must(t, 1)
}

func TestIntakeMail_LargeMailOfAPipe_IsReadToItsEnd(t *testing.T) {
	f := startFake(t)
	f.answer = answerMail
	mail := strings.NewReader("Subject: x\n\n" + strings.Repeat("0123456789abcde\n", 1<<20+1))
	runIn(t, cli.Surroundings{Env: map[string]string{"ASSENT_SERVER": f.address}, Stdin: mail}, "intake", "mail", "-").must(t, 0)
	if got := f.submitted(); len(got) != 1 || len(got[0]) != 15<<20 || mail.Len() != 0 {
		t.Errorf("%d mails; %d bytes were not read", len(got), mail.Len())
	}
}

// maildir makes a maildir with new mails.
func maildir(t *testing.T, mails map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"new", "cur", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range mails {
		write(t, filepath.Join(dir, "new", name), text)
	}
	return dir
}

func filesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestIntakeMail_Maildir_MovesWhatIsStored(t *testing.T) {
	f := startFake(t)
	f.answer = answerMail
	dir := maildir(t, map[string]string{"1.a": "Subject: a\n\n", "2.b": "", "3.c": "refused", "4.d": "Subject: d\n\n", "5.e": "away", "6.f": "Subject: f\n\n", ".hidden": "x"})
	if err := os.Mkdir(filepath.Join(dir, "new", "0.folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	f.run(t, "intake", "mail", "--dry-run", "--maildir", dir).must(t, 1)
	if moved := filesIn(t, filepath.Join(dir, "cur")); len(moved) != 0 {
		t.Errorf("a trial moved %q", moved)
	}
	f.run(t, "intake", "mail", "--maildir", dir).must(t, 1)
	if diff := cmp.Diff([]string{"1.a:2,S", "4.d:2,S"}, filesIn(t, filepath.Join(dir, "cur"))); diff != "" {
		t.Errorf("stored (-want +got)\n%s", diff)
	}
	// The next run takes what the one before has left.
	for _, name := range []string{"2.b", "3.c", "5.e"} {
		write(t, filepath.Join(dir, "new", name), "Subject: "+name+"\n\n")
	}
	got := f.run(t, "intake", "mail", "--format", "json", "--maildir", dir).must(t, 0)
	if diff := cmp.Diff([]string{".hidden", "0.folder"}, filesIn(t, filepath.Join(dir, "new"))); diff != "" || bytes.Count([]byte(got.stdout), []byte("\n")) != 4 {
		t.Errorf("stdout %q, left (-want +got)\n%s", got.stdout, diff)
	}
	f.run(t, "intake", "mail", "--maildir", filepath.Join(dir, "cur")).must(t, 1)
}

func TestIntakeMail_MaildirThatAnotherRunTakes_IsNoFailure(t *testing.T) {
	f := startFake(t)
	dir := maildir(t, map[string]string{"1.a": "Subject: a\n\n", "2.b": "Subject: b\n\n"})
	f.answer = func(in proto.Message) (proto.Message, error) {
		for _, name := range []string{"1.a", "2.b"} {
			_ = os.Rename(filepath.Join(dir, "new", name), filepath.Join(dir, "cur", name+":2,S")) // The second call finds none.
		}
		return answerMail(in)
	}
	f.run(t, "intake", "mail", "--maildir", dir).must(t, 0)
	if got := f.submitted(); len(got) != 1 {
		t.Errorf("handed in %q", got)
	}
}

func TestIntakeHints_ListAcceptDismiss(t *testing.T) {
	f := startFake(t)
	f.answer = answerMail
	golden(t, "hints.txt", f.run(t, "intake", "hints", "list").must(t, 0).stdout)
	if in := last[*assentv1.ListHintsRequest](t, f); in.GetState() != "open" {
		t.Errorf("asked for %q", in.GetState())
	}
	got := f.run(t, "intake", "hints", "list", "--state", "all", "--format", "json").must(t, 0)
	if in := last[*assentv1.ListHintsRequest](t, f); in.GetState() != "" || strings.Count(got.stdout, `"kind"`) != 2 {
		t.Errorf("asked for %q, stdout %q", in.GetState(), got.stdout)
	}
	got = f.run(t, "intake", "hints", "accept", uuidOfTest, "--channel", "newsletter").must(t, 0)
	same(t, &assentv1.AcceptHintRequest{Id: uuidOfTest, Channel: "newsletter"}, last[*assentv1.AcceptHintRequest](t, f))
	if !strings.HasPrefix(got.stdout, "accepted "+uuidOfTest+"\n  suppress COMPLAINT department:marketing newsletter ") {
		t.Errorf("stdout %q", got.stdout)
	}
	if got := f.run(t, "intake", "hints", "dismiss", uuidOfTest).must(t, 0); got.stdout != "dismissed "+uuidOfTest+"\n" {
		t.Errorf("stdout %q", got.stdout)
	}
	f.run(t, "intake", "hints", "accept").must(t, 2)
}
