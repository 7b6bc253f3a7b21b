package cli_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli"
)

// pack compresses a text as gzip does.
func pack(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestCheckAddress_VerdictIsTheExitCode(t *testing.T) {
	f := startFake(t)
	for _, c := range []struct {
		address string
		code    int
	}{{"anna@firma.example", 0}, {"deny@firma.example", 3}, {"defer@firma.example", 3}, {"nobody", 1}} {
		got := f.run(t, "check", c.address, "--channel", "newsletter").must(t, c.code)
		golden(t, "check-"+strings.ReplaceAll(c.address, "@firma.example", "")+".txt", got.stdout+got.stderr)
	}
}

func TestCheckAddress_JSON_IsTheAnswerOfTheAPI(t *testing.T) {
	f := startFake(t)
	golden(t, "check-anna.json", f.run(t, "check", "anna@firma.example", "--channel", "newsletter", "--format", "json").must(t, 0).stdout)
	f.run(t, "check", "deny@firma.example", "--channel", "newsletter", "--format", "json").must(t, 3)
}

func TestCheckAddress_EveryFlagReachesTheServer(t *testing.T) {
	f := startFake(t)
	got := f.runWith(t, "anna@firma.example\n", "check", "-", "--channel", "c", "--sender", "s", "--reference", "r", "--advertising",
		"--as-of", "2026-10-01T10:00:00+02:00").must(t, 0)
	want := &assentv1.CheckConsentRequest{
		Address: "anna@firma.example", Channel: "c", SenderIdentity: "s", Reference: "r", ContainsAdvertising: true, AsOf: day(1),
	}
	if diff := cmp.Diff(want, last[*assentv1.CheckConsentRequest](t, f), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(got.stdout, "not for sending") {
		t.Errorf("stdout %q", got.stdout)
	}
}

func TestCheck_KnownAsOf_IsAPositionOrATime(t *testing.T) {
	f := startFake(t)
	f.run(t, "check", "anna@firma.example", "--channel", "c", "--known-as-of", "42").must(t, 0)
	same(t, &assentv1.CheckConsentRequest{
		Address: "anna@firma.example", Channel: "c", KnownAsOf: knownAt(42),
	}, last[*assentv1.CheckConsentRequest](t, f))
	f.run(t, "check", "anna@firma.example", "--channel", "c", "--known-as-of", "2026-10-01T10:00:00+02:00", "--as-of", "2026-10-02T08:00:00Z").must(t, 0)
	same(t, &assentv1.CheckConsentRequest{
		Address: "anna@firma.example", Channel: "c", AsOf: day(2),
		KnownAsOf: &assentv1.KnownAsOf{Until: &assentv1.KnownAsOf_Time{Time: day(1)}},
	}, last[*assentv1.CheckConsentRequest](t, f))
	for _, wrong := range []string{"0", "-1", "soon", "2026-10-01", "9223372036854775808"} {
		got := f.run(t, "check", "anna@firma.example", "--channel", "c", "--known-as-of", wrong).must(t, 2)
		if !strings.Contains(got.stderr, "it must be a position from 1 on, or a time such as 2026-10-01T08:00:00Z") {
			t.Errorf("%s: %s", wrong, got.stderr)
		}
	}
}

func knownAt(position int64) *assentv1.KnownAsOf {
	return &assentv1.KnownAsOf{Until: &assentv1.KnownAsOf_Position{Position: position}}
}

func TestCheckFile_OfThePast_SaysWhichAndThatItIsNotForSending(t *testing.T) {
	f := startFake(t)
	out := filepath.Join(t.TempDir(), "out.csv")
	got := f.runWith(t, "address\nanna@firma.example\n", "check", "--file", "-", "--channel", "c", "--out", out, "--known-as-of", "42",
		"--as-of", "2026-10-01T08:00:00Z", "--format", "json").must(t, 0)
	in := last[*assentv1.BatchCheckConsentRequest](t, f)
	if in.GetKnownAsOf().GetPosition() != 42 || !in.GetAsOf().AsTime().Equal(day(1).AsTime()) {
		t.Errorf("%v", in)
	}
	if want := "Decided as of 2026-10-01T08:00:00Z, as known at 42: not for sending now.\n"; got.stderr != want {
		t.Errorf("stderr %q, want %q", got.stderr, want)
	}
	all := decode[map[string]any](t, got.stdout)
	if all["asOf"] != "2026-10-01T08:00:00Z" || all["knownAsOf"] != 42.0 {
		t.Errorf("%v", all)
	}
}

func TestCheckAddress_StandardInputWithoutOneLine_IsAWrongCall(t *testing.T) {
	for _, stdin := range []string{"", "\n", "a@b.example\nc@d.example\n"} {
		startFake(t).runWith(t, stdin, "check", "-", "--channel", "c").must(t, 2)
	}
}

const audienceCSV = "id,address,note\n1,anna@firma.example,\"one, two\"\n2,deny@firma.example,\n3,nobody,x\n4,defer@firma.example,y\n5,deny2@firma.example,z\n"

func TestCheckFile_SortsRowsAndCounts(t *testing.T) {
	f := startFake(t)
	folder := t.TempDir()
	in := write(t, filepath.Join(folder, "audience.csv"), audienceCSV)
	out, denied := filepath.Join(folder, "allowed.csv"), filepath.Join(folder, "denied.csv")
	got := f.run(t, "check", "--file", in, "--channel", "newsletter", "--sender", "s", "--reference", "r", "--advertising", "--out", out, "--denied", denied).must(t, 0)
	golden(t, "file-allowed.csv", read(t, out))
	golden(t, "file-denied.csv", read(t, denied))
	golden(t, "file-counts.txt", got.stderr)
	if got.stdout != "" {
		t.Errorf("stdout %q", got.stdout)
	}
	want := &assentv1.BatchCheckConsentRequest{
		Addresses: []string{"anna@firma.example", "deny@firma.example", "nobody", "defer@firma.example", "deny2@firma.example"},
		Channel:   "newsletter", SenderIdentity: "s", Reference: "r", ContainsAdvertising: true,
	}
	if diff := cmp.Diff(want, last[*assentv1.BatchCheckConsentRequest](t, f), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"allowed.csv", "audience.csv", "denied.csv"}, names(t, folder)); diff != "" {
		t.Errorf("left behind: %s", diff)
	}
}

func TestCheck_Links_AreAskedForAndShown(t *testing.T) {
	f := startFake(t)
	one := f.run(t, "check", "anna@firma.example", "--channel", "newsletter", "--links").must(t, 0)
	for _, want := range []string{"<https://consent.example/u/1abc>", "List-Unsubscribe=One-Click", "bounce+1.xyz@mail.example"} {
		if !strings.Contains(one.stdout, want) {
			t.Errorf("one address: %s lacks %s", one.stdout, want)
		}
	}
	if denied := f.run(t, "check", "deny@firma.example", "--channel", "newsletter", "--links").must(t, 3); strings.Contains(denied.stdout, "1abc") {
		t.Errorf("one that is denied: %s", denied.stdout)
	}
	out := filepath.Join(t.TempDir(), "allowed.csv")
	f.runWith(t, "address\nanna@firma.example\ndeny@firma.example\n", "check", "--file", "-", "--channel", "newsletter", "--links", "--out", out).must(t, 0)
	lines := strings.Split(strings.TrimSpace(read(t, out)), "\n")
	if len(lines) != 2 || !strings.HasSuffix(lines[0], ",list_unsubscribe,list_unsubscribe_post,page_url,return_path") ||
		!strings.HasSuffix(lines[1], ",<https://consent.example/u/1abc>,List-Unsubscribe=One-Click,https://consent.example/u/1abc,bounce+1.xyz@mail.example") {
		t.Errorf("the file is %q", lines)
	}
	f.runWith(t, "address\nnolinks@firma.example\n", "check", "--file", "-", "--channel", "newsletter", "--links", "--out", filepath.Join(t.TempDir(), "x.csv")).must(t, 1)
	if got := f.run(t, "check", "anna@firma.example", "--channel", "newsletter", "--links", "--as-of", "2026-10-01T10:00:00Z").must(t, 2); !strings.Contains(got.stderr, "--links") {
		t.Errorf("of the past: %s", got.stderr)
	}
}

func TestCheckFile_JSON_CountsOnStandardOutput(t *testing.T) {
	f := startFake(t)
	out := filepath.Join(t.TempDir(), "allowed.csv")
	got := f.runWith(t, audienceCSV, "check", "--file", "-", "--channel", "newsletter", "--out", out, "--format", "json", "--as-of", "2026-10-01T08:00:00Z").must(t, 0)
	golden(t, "file-counts.json", got.stdout)
	if got.stderr != "Decided as of 2026-10-01T08:00:00Z: not for sending now.\n" {
		t.Errorf("stderr %q", got.stderr)
	}
}

func TestCheckFile_InAndOutMayBePacked(t *testing.T) {
	f := startFake(t)
	folder := t.TempDir()
	in := write(t, filepath.Join(folder, "audience.csv.gz"), pack(t, "\ufeffmail\nanna@firma.example\n"))
	out := filepath.Join(folder, "allowed.csv.gz")
	f.run(t, "check", "--file", in, "--address-column", "mail", "--channel", "newsletter", "--out", out).must(t, 0)
	packed := read(t, out)
	unpacked, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(unpacked); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text.String(), "mail,reason,") || strings.Count(text.String(), "\n") != 2 {
		t.Errorf("out %q", text.String())
	}
}

func TestCheckFile_OutToStandardOutput(t *testing.T) {
	got := startFake(t).runWith(t, audienceCSV, "check", "--file", "-", "--channel", "c", "--out", "-").must(t, 0)
	golden(t, "file-allowed.csv", got.stdout)
}

func TestCheckFile_ManyBatches_KeepTheOrder(t *testing.T) {
	const rows = 65_432
	f := startFake(t)
	var in strings.Builder
	in.WriteString("n,address\n")
	for n := range rows {
		fmt.Fprintf(&in, "%d,a%d@firma.example\n", n, n)
	}
	f.away = 3
	out := filepath.Join(t.TempDir(), "out.csv")
	got := f.run(t, "check", "--file", file(t, "in.csv", in.String()), "--channel", "c", "--out", out).must(t, 0)
	lines := strings.Split(strings.TrimSpace(read(t, out)), "\n")
	if len(lines) != rows+1 {
		t.Fatalf("%d lines, want %d", len(lines), rows+1)
	}
	for n, line := range lines[1:] {
		if !strings.HasPrefix(line, fmt.Sprintf("%d,a%d@", n, n)) {
			t.Fatalf("line %d is %q", n, line)
		}
	}
	if strings.Count(got.stderr, "trying again") != 1 {
		t.Errorf("stderr %q", got.stderr)
	}
	if batches := len(f.calls) - 3; batches != 7 {
		t.Errorf("%d batches, want 7", batches)
	}
}

func TestCheckFile_LongFields_GoInSmallerBatches(t *testing.T) {
	f := startFake(t)
	in := "address,text\n" + strings.Repeat("a@firma.example,"+strings.Repeat("x", 300_000)+"\n", 40)
	f.run(t, "check", "--file", file(t, "in.csv", in), "--channel", "c", "--out", filepath.Join(t.TempDir(), "out.csv")).must(t, 0)
	if len(f.calls) < 2 {
		t.Errorf("%d batches hold 12 MB of rows", len(f.calls))
	}
}

func TestCheckFile_BadInput_LeavesNoFile(t *testing.T) {
	f := startFake(t)
	whole := pack(t, audienceCSV+strings.Repeat("6,anna@firma.example,x\n", 1000))
	for _, c := range []struct{ name, file, text, want string }{
		{"empty", "a.csv", "", "it is empty: the header is missing"},
		{"no column", "a.csv", "id,mail\n", `line 1: there is no column "address"`},
		{"column twice", "a.csv", "address,address\n", `line 1: there are two columns "address"`},
		{"column of the result", "a.csv", "address,reason\n", `would have the column "reason" twice`},
		{"field count", "a.csv", "id,address\n1,a@b.example\n2\n", "line 3: it has 1 field, the header has 2"},
		{"quote", "a.csv", "id,address\n1,a\"b\n", `line 2: column "address": a quote is in a wrong place`},
		{"open quote", "a.csv", "id,address\n1,\"a\n2,b\n", `lines 2 to 3: column "address": a quote is in a wrong place or not closed`},
		{"UTF-8", "a.csv", "id,address\n1,jürgen@bücher.example\n2,j\xfcrgen@b.example\n", `line 3: column "address": it is not valid utf-8`},
		{"too long", "a.csv", "id,address\n1,a@b.example\n2,\"" + strings.Repeat("a\n", 600_000), "column \"address\": the row is longer than 1048576 bytes; perhaps a quote is not closed"},
		{"workbook", "a.csv", "PK\x03\x04", "it is a ZIP archive or a workbook"},
		{"cut short", "a.csv.gz", whole[:len(whole)-9], "the gzip file is cut short"},
		{"damaged", "a.csv.gz", whole[:len(whole)-8] + "12345678", "the gzip file is damaged"},
		{"no gzip", "a.csv.gz", audienceCSV, "it is not a gzip file"},
		{"no whole gzip", "a.csv", "\x1f\x8b\x08", "it is not a complete gzip file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			in := write(t, filepath.Join(folder, c.file), c.text)
			got := f.run(t, "check", "--file", in, "--channel", "c", "--out", filepath.Join(folder, "out.csv"), "--denied", filepath.Join(folder, "denied.csv")).must(t, 1)
			if !strings.HasPrefix(got.stderr, "assent: "+in+": ") || !strings.Contains(got.stderr, c.want) || strings.Count(got.stderr, "\n") != 1 {
				t.Errorf("stderr %q, want %q", got.stderr, c.want)
			}
			if diff := cmp.Diff([]string{c.file}, names(t, folder)); diff != "" {
				t.Errorf("left behind: %s", diff)
			}
		})
	}
}

// What other programs write is read as they mean it, and the answer is written as UTF-8 with commas.
func TestCheckFile_OtherEncodingsAndSeparators(t *testing.T) {
	const want = "Nr,E-Mail,reason,"
	for _, c := range []struct{ name, text, encoding, note string }{
		{"semicolons", "Nr;E-Mail\r\n7;jürgen@firma.example\r\n", "", ""},
		{"Excel", "\ufeffsep=;\r\nNr;E-Mail\r\n7;jürgen@firma.example\r\n", "", ""},
		{"tabs", "Nr\tE-Mail\n7\tjürgen@firma.example", "", ""},
		{"old Mac", "Nr,E-Mail\r7,jürgen@firma.example\r", "", ""},
		{"Windows-1252", "Nr;E-Mail\n7;j\xfcrgen@firma.example\n", "", "is not UTF-8; read as windows-1252"},
		{"code page 850", "Nr;E-Mail\n7;j\x81rgen@firma.example\n", "cp850", ""},
		{"UTF-16", utf16LE("\ufeffNr\tE-Mail\r\n7\tjürgen@firma.example\r\n"), "", ""},
		{"UTF-16 without a mark", utf16LE("Nr\tE-Mail\r\n7\tjürgen@firma.example\r\n"), "", ""},
	} {
		out := filepath.Join(t.TempDir(), "out.csv")
		args := []string{"check", "--file", file(t, "in.csv", c.text), "--address-column", "email", "--channel", "newsletter", "--out", out}
		if c.encoding != "" {
			args = append(args, "--encoding", c.encoding)
		}
		got := startFake(t).run(t, args...).must(t, 0)
		if !strings.Contains(got.stderr, c.note) || strings.Contains(got.stderr, "read as") != (c.note != "") {
			t.Errorf("%s: stderr %q", c.name, got.stderr)
		}
		lines := strings.Split(read(t, out), "\n")
		if len(lines) != 3 || !strings.HasPrefix(lines[0], want) || !strings.HasPrefix(lines[1], "7,jürgen@firma.example,") {
			t.Errorf("%s: %q", c.name, lines)
		}
	}
	in := file(t, "in.csv", audienceCSV)
	got := startFake(t).run(t, "check", "--file", in, "--encoding", "klingon", "--channel", "c", "--out", "x").must(t, 2)
	if !strings.Contains(got.stderr, "the encoding must be one such as utf-8") {
		t.Errorf("stderr %q", got.stderr)
	}
}

func utf16LE(text string) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return string(b)
}

func TestCheckFile_ServerFails_KeepsTheOldFile(t *testing.T) {
	f := startFake(t)
	f.answer = func(proto.Message) (proto.Message, error) {
		return nil, failure(codes.InvalidArgument, "UNKNOWN_CHANNEL", "there is no channel c")
	}
	folder := t.TempDir()
	out := write(t, filepath.Join(folder, "out.csv"), "old\n")
	got := f.runWith(t, audienceCSV, "check", "--file", "-", "--channel", "c", "--out", out).must(t, 1)
	if got.stderr != "assent: UNKNOWN_CHANNEL: there is no channel c\n" || read(t, out) != "old\n" || len(names(t, folder)) != 1 {
		t.Errorf("stderr %q, file %q, folder %v", got.stderr, read(t, out), names(t, folder))
	}
}

func TestCheckFile_AnswerThatDoesNotFit_IsNeverWritten(t *testing.T) {
	allow := &assentv1.BatchOutcome{Outcome: &assentv1.BatchOutcome_Decision{Decision: &assentv1.Decision{Verdict: assentv1.Verdict_VERDICT_ALLOW}}}
	for name, answer := range map[string]*assentv1.BatchCheckConsentResponse{
		"empty":         {},
		"too few":       {Outcomes: []*assentv1.BatchOutcome{allow}, OutcomeIndexes: []uint32{0}, ValidUntilSeconds: []int64{1}},
		"index outside": {Outcomes: []*assentv1.BatchOutcome{allow}, OutcomeIndexes: []uint32{0, 1, 0, 0, 0}, ValidUntilSeconds: make([]int64, 5)},
		"not for sending": {
			Outcomes: []*assentv1.BatchOutcome{allow}, OutcomeIndexes: make([]uint32, 5), ValidUntilSeconds: make([]int64, 5),
		},
	} {
		f := startFake(t)
		f.answer = func(proto.Message) (proto.Message, error) { return answer, nil }
		out := filepath.Join(t.TempDir(), "out.csv")
		got := f.runWith(t, audienceCSV, "check", "--file", "-", "--channel", "c", "--out", out).must(t, 1)
		if _, err := os.Stat(out); !os.IsNotExist(err) || !strings.Contains(got.stderr, "the server's answer") {
			t.Errorf("%s: %v, stderr %q", name, err, got.stderr)
		}
	}
}

func TestCheckFile_NewFilesArePrivate_OldOnesKeepTheirMode(t *testing.T) {
	f := startFake(t)
	folder := t.TempDir()
	old := write(t, filepath.Join(folder, "old.csv"), "")
	if err := os.Chmod(old, 0o640); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, "link.csv")
	if err := os.Symlink(old, link); err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(folder, "fresh.csv")
	f.runWith(t, audienceCSV, "check", "--file", "-", "--channel", "c", "--out", link, "--denied", fresh).must(t, 0)
	for path, want := range map[string]os.FileMode{old: 0o640, fresh: 0o600} {
		if info, err := os.Lstat(path); err != nil || info.Mode() != want || info.Size() == 0 {
			t.Errorf("%s: %v, %v, want %v", path, info, err, want)
		}
	}
}

func TestCheckFile_OutputThatCannotBe_IsAnError(t *testing.T) {
	f := startFake(t)
	in := file(t, "in.csv", audienceCSV)
	f.run(t, "check", "--file", in, "--channel", "c", "--out", in).must(t, 2)
	f.run(t, "check", "--file", in, "--channel", "c", "--out", t.TempDir()).must(t, 1)
	f.run(t, "check", "--file", in, "--channel", "c", "--out", filepath.Join(t.TempDir(), "no", "such.csv")).must(t, 1)
	f.run(t, "check", "--file", filepath.Join(t.TempDir(), "none"), "--channel", "c", "--out", "x").must(t, 1)
	if read(t, in) != audienceCSV {
		t.Error("the input was overwritten")
	}
	f.run(t, "check", "--file", in, "--channel", "c", "--out", os.DevNull).must(t, 0)
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s is %v, %v", os.DevNull, info, err)
	}
}

func TestCheckFile_ServerStaysAway_GivesUp(t *testing.T) {
	f := startFake(t)
	f.away = 1000
	got := f.runWith(t, audienceCSV, "check", "--file", "-", "--channel", "c", "--out", filepath.Join(t.TempDir(), "out.csv")).must(t, 1)
	if !strings.Contains(got.stderr, "cannot be reached") || len(f.calls) != 11 {
		t.Errorf("stderr %q after %d calls", got.stderr, len(f.calls))
	}
}

func TestProgress_OnATerminalOnly(t *testing.T) {
	f := startFake(t)
	out := filepath.Join(t.TempDir(), "out.csv")
	got := runIn(t, cli.Surroundings{Terminal: true, Stdin: strings.NewReader(audienceCSV), Env: map[string]string{"ASSENT_SERVER": f.address}},
		"check", "--file", "-", "--channel", "c", "--out", out).must(t, 0)
	if strings.Contains(got.stderr, "checking") {
		t.Errorf("a bar for what takes less than a second: %q", got.stderr)
	}
}
