package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/examples"
)

// imported is the summary in JSON.
type imported struct {
	Complete                                                     bool
	Rows, Recorded, Duplicates, Rejected, ErasedBefore, Erasures int64
	DryRun                                                       bool
	BatchID                                                      string `json:"batchId"`
	RejectedFile                                                 string
}

func (f *fake) importJSON(t *testing.T, code int, args ...string) imported {
	t.Helper()
	return decode[imported](t, f.run(t, append([]string{"import", "consents", "--format", "json"}, args...)...).must(t, code).stdout)
}

const everyColumn = `occurred_time,event,address,domain,channels,legal_basis,declaration,source,url,ip,user_agent,confirmed_time,transaction_ref,notice_given,goods,document_ref,expires_time,reason,scope,until,binds,list,justification,operator,note
2026-10-01T08:00:00Z,grant,anna@firma.example,,newsletter;product-marketing,existing_customer,all-news@3,web_form,https://acme.example/,192.0.2.1,"Mozilla, 5",2026-10-02T08:00:00Z,order-1,true,coffee; beans,scan-1,2026-10-09T08:00:00Z,,,,,,,olga,by phone
2026-10-01T08:00:00Z,request,anna@firma.example,,newsletter,,all-news@3,web_form,,,,,,,,,,,,,,,,,
2026-10-01T08:00:00Z,confirm,anna@firma.example,,newsletter,,,,,,,,,,,,,,,,,,,,
2026-10-01T08:00:00Z,withdraw,anna@firma.example,,*,,,,,,,,,,,,,,,,,,,,
2026-10-01T08:00:00Z,refuse,anna@firma.example,,newsletter,,,,,,,,,false,,,,,,,,,,,
2026-10-01T08:00:00Z,suppress,,firma.example,,,,,,,,,,,,,,EXTERNAL_LIST,marketing,2026-10-09T08:00:00Z,existing_customer,ecg,listed,,
2026-10-01T08:00:00Z,suppress,anna@firma.example,,,,,,,,,,,,,,,HARD_BOUNCE,,,,,,,
2026-10-01T08:00:00Z,lift,anna@firma.example,,,,,,,,,,,,,,,MANUAL,all,,,,asked for,,
2026-10-01T08:00:00Z,lift,,firma.example,,,,,,,,,,,,,,EXTERNAL_LIST,,,,ecg,gone,,
2026-10-01T08:00:00Z,erase,anna@firma.example,,,,,,,,,,,,,,,,,,,,wanted,,
`

// everyEvent is what everyColumn says.
func everyEvent() []*assentv1.EventInput {
	const anna = "anna@firma.example"
	ref := &assentv1.DeclarationRef{Id: "all-news", Version: "3"}
	events := []*assentv1.EventInput{
		{Fact: &assentv1.EventInput_Grant{Grant: &assentv1.Grant{
			Address: anna, Channels: []string{"newsletter", "product-marketing"}, Declaration: ref, ExpiresTime: day(9),
			LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_EXISTING_CUSTOMER,
			Evidence: &assentv1.Evidence{
				Source: "web_form", Url: "https://acme.example/", Ip: "192.0.2.1", UserAgent: "Mozilla, 5", ConfirmedTime: day(2),
				TransactionRef: "order-1", NoticeGiven: true, Goods: []string{"coffee", "beans"}, DocumentRef: "scan-1", Operator: "olga", Note: "by phone",
			},
		}}},
		{Fact: &assentv1.EventInput_Request{Request: &assentv1.Request{
			Address: anna, Channel: "newsletter", Declaration: ref, Evidence: &assentv1.Evidence{Source: "web_form"},
		}}},
		{Fact: &assentv1.EventInput_Confirm{Confirm: &assentv1.Confirmation{Address: anna, Channel: "newsletter"}}},
		{Fact: &assentv1.EventInput_Withdraw{Withdraw: &assentv1.Refusal{Address: anna, AllMarketing: true}}},
		{Fact: &assentv1.EventInput_Refuse{Refuse: &assentv1.Refusal{Address: anna, Channels: []string{"newsletter"}}}},
		{Fact: &assentv1.EventInput_Suppress{Suppress: &assentv1.Suppression{
			Target: &assentv1.Suppression_Domain{Domain: "firma.example"}, Reason: "EXTERNAL_LIST", Scope: "marketing", UntilTime: day(9),
			Binds: "existing_customer", List: "ecg", Justification: "listed",
		}}},
		{Fact: &assentv1.EventInput_Suppress{Suppress: &assentv1.Suppression{
			Target: &assentv1.Suppression_Address{Address: anna}, Reason: "HARD_BOUNCE",
		}}},
		{Fact: &assentv1.EventInput_Lift{Lift: &assentv1.Lift{
			Target: &assentv1.Lift_Address{Address: anna}, Reason: "MANUAL", Scope: "all", Justification: "asked for",
		}}},
		{Fact: &assentv1.EventInput_Lift{Lift: &assentv1.Lift{
			Target: &assentv1.Lift_Domain{Domain: "firma.example"}, Reason: "EXTERNAL_LIST", List: "ecg", Justification: "gone",
		}}},
		{Fact: &assentv1.EventInput_Erase{Erase: &assentv1.Erasure{Address: anna, Justification: "wanted"}}},
	}
	for _, e := range events {
		e.OccurredTime = day(1)
	}
	return events
}

const erasureRecorded = "1 erasure recorded, to be carried out by the next retention run: the daily one of the server, or `assent retention run`.\n"

func TestImport_EveryColumn_ReachesTheServer(t *testing.T) {
	f := startFake(t)
	got := f.runWith(t, everyColumn, "import", "consents", "-").must(t, 0)
	if diff := cmp.Diff(everyEvent(), last[*assentv1.BatchRecordEventsRequest](t, f).GetEvents(), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	if got.stdout != "10 rows: 10 recorded, 0 duplicates, 0 rejected\n" || got.stderr != erasureRecorded {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
}

func TestImport_NDJSON_MeansTheSameAsCSV(t *testing.T) {
	f := startFake(t)
	f.runWith(t, `{"occurred_time": "2026-10-01T08:00:00Z", "event": "grant", "address": "anna@firma.example", "channels": ["newsletter", "product-marketing"], "legal_basis": "existing_customer", "declaration": "all-news@3", "source": "web_form", "url": "https://acme.example/", "ip": "192.0.2.1", "user_agent": "Mozilla, 5", "confirmed_time": "2026-10-02T08:00:00Z", "transaction_ref": "order-1", "notice_given": true, "goods": "coffee;beans", "document_ref": "scan-1", "expires_time": "2026-10-09T08:00:00Z", "operator": "olga", "note": "by phone", "reason": null}

{"occurred_time":"2026-10-01T08:00:00Z","event":"request","address":"anna@firma.example","channels":"newsletter","declaration":"all-news@3","source":"web_form","notice_given":false}`,
		"import", "consents", "-").must(t, 0)
	if diff := cmp.Diff(everyEvent()[:2], last[*assentv1.BatchRecordEventsRequest](t, f).GetEvents(), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
}

func TestImport_ExampleHistory_ComesInSmallChunks_AndTwiceChangesNothing(t *testing.T) {
	f := startFake(t)
	data, err := examples.Files.ReadFile("acme/events.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	in := file(t, "events.csv.gz", string(data))
	f.away = 2
	first := f.importJSON(t, 0, in)
	if first.Rows != 50_552 || first.Recorded+first.Duplicates != 50_552 || first.Rejected != 0 {
		t.Errorf("first: %+v", first)
	}
	for _, c := range f.calls {
		batch, ok := c.(*assentv1.BatchRecordEventsRequest)
		if !ok || len(batch.GetEvents()) > 1000 || batch.GetBatchId() != first.BatchID || batch.GetValidateOnly() {
			t.Fatalf("call with %d events, batch %q", len(batch.GetEvents()), batch.GetBatchId())
		}
	}
	second := f.importJSON(t, 0, in)
	if second.Recorded != 0 || second.Duplicates != 50_552 || second.BatchID != first.BatchID {
		t.Errorf("second: %+v", second)
	}
	if !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(first.BatchID) {
		t.Errorf("batch id %q", first.BatchID)
	}
}

func TestImport_DryRun_RecordsNothing(t *testing.T) {
	f := startFake(t)
	in := file(t, "events.csv", everyColumn)
	got := f.run(t, "import", "consents", in, "--dry-run").must(t, 0)
	if got.stdout != "10 rows: 10 would be recorded, 0 duplicates, 0 rejected\n" || len(f.events) != 0 {
		t.Errorf("stdout %q, %d events", got.stdout, len(f.events))
	}
	if got.stderr != "" {
		t.Errorf("a dry run says %q", got.stderr)
	}
	if all := f.importJSON(t, 0, in); all.DryRun || all.Recorded != 10 || all.Erasures != 1 {
		t.Errorf("%+v", all)
	}
}

const untidyCSV = `occurred_time,event,address,domain,channels,legal_basis,source,notice_given,declaration,until,reason
2026-10-01T08:00:00Z,grant,anna@secret.example,,newsletter,consent,,,,,
2026-10-01T08:00:00Z,grant,anna@secret.example,,nowhere,consent,,,,,
2026-10-01T08:00:00Z,grant,anna@secret.example
2026-10-01T08:00:00Z,grant,an"na@secret.example,,newsletter,consent,,,,,
2026-10-01T08:00:00Z,grant,"anna@secret.example" x,,newsletter,consent,,,,,
2026-10-01T08:00:00Z,grant,j` + "\xfc" + `rgen@secret.example,,newsletter,consent,,,,,
übermorgen früh,grant,anna@secret.example,,newsletter,consent,,,,,
,grant,anna@secret.example,,newsletter,consent,,,,,
2026-10-01T08:00:00Z,gift,anna@secret.example,,newsletter,consent,,,,,
2026-10-01T08:00:00Z,grant,,,newsletter,consent,,,,,
2026-10-01T08:00:00Z,grant,anna@secret.example,secret.example,newsletter,consent,,,,,
2026-10-01T08:00:00Z,grant,anna@secret.example,,,consent,,,,,
2026-10-01T08:00:00Z,grant,anna@secret.example,,*,consent,,,,,
2026-10-01T08:00:00Z,grant,anna@secret.example,,newsletter;,consent,,,,,
2026-10-01T08:00:00Z,grant,anna@secret.example,,newsletter,hope,,,,,
2026-10-01T08:00:00Z,grant,anna@secret.example,,newsletter,consent,,perhaps,,,
2026-10-01T08:00:00Z,grant,anna@secret.example,,newsletter,consent,,,all-news,,
2026-10-01T08:00:00Z,grant,anna@secret.example,,newsletter,consent,,,,2026-10-01T08:00:00Z,
2026-10-01T08:00:00Z,request,anna@secret.example,,newsletter;other,,,,,,
2026-10-01T08:00:00Z,suppress,anna@secret.example,secret.example,,,,,,,MANUAL
0000-01-01T00:00:00Z,grant,anna@secret.example,,newsletter,consent,,,,,
2026-10-01T08:00:00Z,grant,erased@secret.example,,newsletter,consent,,,,,
2026-10-01T08:00:00Z,grant,bert@secret.example,,newsletter,consent,,,,,
2026-10-01T08:00:00Z,grant,"open@secret.example,,newsletter,consent,,,,,
`

func TestImport_BadRows_AreReportedAndStopNoOthers(t *testing.T) {
	f := startFake(t)
	folder := t.TempDir()
	in := write(t, filepath.Join(folder, "events.csv"), untidyCSV)
	got := f.run(t, "import", "consents", in).must(t, 1)
	report := read(t, in+".rejected.csv")
	golden(t, "rejected.csv", report)
	if want := "24 rows: 2 recorded, 0 duplicates, 21 rejected, 1 from before an erasure left out\n"; got.stdout != want {
		t.Errorf("stdout %q, want %q", got.stdout, want)
	}
	if got.stderr != "See "+in+".rejected.csv for the rejected rows and the reasons.\n" {
		t.Errorf("stderr %q", got.stderr)
	}
	if strings.Contains(report, "secret.example") || len(names(t, folder)) != 2 {
		t.Errorf("an address in %s, or more than it in %v", report, names(t, folder))
	}
	// The same rows mended: nothing is reported any more, and the old report goes.
	write(t, in, everyColumn)
	if all := f.importJSON(t, 0, in); all.RejectedFile != "" || len(names(t, folder)) != 1 {
		t.Errorf("%+v, %v", all, names(t, folder))
	}
}

func TestImport_NoWithEvidenceThatCannotBeRead_IsRecordedWithAWarning(t *testing.T) {
	f := startFake(t)
	const rows = "occurred_time,event,address,channels,legal_basis,reason,confirmed_time,notice_given,goods\n" +
		"2026-10-01T08:00:00Z,withdraw,a@firma.example,newsletter,,,yesterday,,\n" +
		"2026-10-01T08:00:00Z,refuse,b@firma.example,newsletter,,,,perhaps,a;;b\n" +
		"2026-10-01T08:00:00Z,suppress,c@firma.example,,,HARD_BOUNCE,2026-13-01,,\n" +
		"2026-10-01T08:00:00Z,erase,d@firma.example,,,,never,,\n" +
		"2026-10-01T08:00:00Z,grant,e@firma.example,newsletter,consent,,yesterday,,\n"
	file := write(t, filepath.Join(t.TempDir(), "rows.csv"), rows)
	got := f.run(t, "import", "consents", file).must(t, 1)
	if want := "5 rows: 4 recorded, 0 duplicates, 1 rejected\n"; got.stdout != want {
		t.Errorf("stdout %q, want %q", got.stdout, want)
	}
	if !strings.Contains(got.stderr, "warning: EVIDENCE_REMOVED: 5 fields of evidence recorded otherwise than given") {
		t.Errorf("stderr %q", got.stderr)
	}
}

func TestImport_ReportOfSomebodyElse_IsNotRemoved(t *testing.T) {
	f := startFake(t)
	in := file(t, "events.csv", everyColumn)
	write(t, in+".rejected.csv", "my,notes\n")
	f.run(t, "import", "consents", in).must(t, 0)
	if read(t, in+".rejected.csv") != "my,notes\n" {
		t.Error("it was changed")
	}
}

func TestImport_StandardInput_ReportsWhereAsked(t *testing.T) {
	f := startFake(t)
	got := f.runWith(t, untidyCSV, "import", "consents", "-").must(t, 1)
	if !strings.Contains(got.stderr, "line 3: UNKNOWN_CHANNEL: there is no channel nowhere\n") {
		t.Errorf("stderr %q", got.stderr)
	}
	report := filepath.Join(t.TempDir(), "report.csv")
	f.runWith(t, untidyCSV, "import", "consents", "-", "--rejected", report).must(t, 1)
	golden(t, "rejected.csv", read(t, report))
}

func TestImport_NDJSON_BadLines_AreReported(t *testing.T) {
	f := startFake(t)
	in := file(t, "events.ndjson", `{"occurred_time":"2026-10-01T08:00:00Z","event":"withdraw","address":"a@secret.example","channels":"*"}
{"event":"withdraw","even":"x"}
{"event":"withdraw","event":"x"}
{"event":1}
{"event":true}
{"channels":["a;b"]}
{"channels":[1]}
{"address":["a"]}
["event"]
{"event":"withdraw"
{"event":"withdraw"} {}
{"event":"`+"\xfc"+`"}
{"a@secret.example":"x"}
`)
	all := f.importJSON(t, 1, in)
	golden(t, "rejected-ndjson.csv", read(t, in+".rejected.csv"))
	if all.Recorded != 1 || all.Rejected != 12 {
		t.Errorf("%+v", all)
	}
}

func TestImport_RowFromBeforeAnErasure_IsCountedAndWrittenNowhere(t *testing.T) {
	f := startFake(t)
	in := file(t, "events.csv", `occurred_time,event,address,channels,legal_basis
2026-10-01T08:00:00Z,grant,erased@secret.example,newsletter,consent
2026-10-01T08:00:00Z,grant,anna@secret.example,newsletter,consent
`)
	got := f.run(t, "import", "consents", in).must(t, 0)
	want := "2 rows: 1 recorded, 0 duplicates, 0 rejected, 1 from before an erasure left out\n"
	if got.stdout != want || got.stderr != "" {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	if left := names(t, filepath.Dir(in)); len(left) != 1 {
		t.Errorf("the import left %v", left)
	}
	if all := f.importJSON(t, 0, in); all.ErasedBefore != 1 || all.Rejected != 0 || all.Erasures != 0 {
		t.Errorf("%+v", all)
	}
}

func TestImport_OtherEncodingsSeparatorsAndSpellings(t *testing.T) {
	for name, text := range map[string]string{
		"semicolons": "Occurred Time;EVENT;address;channels\n2026-10-01T08:00:00Z;refuse;jürgen@firma.example;newsletter\n",
		"latin 1":    "occurred_time,event,address,channels\n2026-10-01T08:00:00Z,refuse,j\xfcrgen@firma.example,newsletter\n",
		"UTF-16":     utf16LE("\ufeffoccurred_time\tevent\taddress\tchannels\n2026-10-01T08:00:00Z\trefuse\tjürgen@firma.example\tnewsletter\n"),
		"NDJSON":     utf16LE("\ufeff" + `{"occurred_time":"2026-10-01T08:00:00Z","event":"refuse","address":"jürgen@firma.example","channels":"newsletter"}`),
	} {
		f := startFake(t)
		if all := f.importJSON(t, 0, file(t, "in", text)); all.Recorded != 1 {
			t.Errorf("%s: %+v", name, all)
		}
		for _, event := range f.events {
			if got := event.GetRefuse().GetAddress(); got != "jürgen@firma.example" {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
}

func TestImport_UnreadableInput_SaysWhereAndKeepsWhatWasRead(t *testing.T) {
	f := startFake(t)
	many := func(local string) string {
		var b strings.Builder
		b.WriteString("occurred_time,event,address,channels\n")
		for n := range 5000 {
			fmt.Fprintf(&b, "2026-10-01T08:00:00Z,refuse,%s%d@firma.example,newsletter\n", local, n)
		}
		return b.String()
	}
	whole := pack(t, many("a"))
	for _, c := range []struct {
		name, text, want string
		recorded         bool
	}{
		{"empty", "", "it is empty: the header is missing", false},
		{"unknown column", "occurred_time,event,adress\n", `line 1: the column "adress" is unknown`, false},
		{"no header", "anna@firma.example,2026\n", "line 1: a column is unknown; the first line", false},
		{"no event", "occurred_time,address\n", `line 1: the column "event" is missing`, false},
		{"column twice", "occurred_time,event,event\n", `line 1: there are two columns "event"`, false},
		{"cut short", whole[:len(whole)*3/4], "the gzip file is cut short", true},
		{"too long", many("b") + "2026-10-01T08:00:00Z,refuse,\"" + strings.Repeat("a\n", 600_000), "lines 5002 to ", true},
		{"NDJSON too long", `{"event":"` + strings.Repeat("a", 1<<20), "line 1: it is longer than", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(f.events)
			in := file(t, "in", c.text)
			got := f.run(t, "import", "consents", in).must(t, 1)
			if !strings.Contains(got.stderr, "assent: "+in+": ") || !strings.Contains(got.stderr, c.want) || got.stdout != "" {
				t.Errorf("stderr %q, want %q", got.stderr, c.want)
			}
			if recorded := len(f.events) - before; (recorded >= 1000) != c.recorded {
				t.Errorf("%d events were recorded", recorded)
			}
			if strings.Contains(got.stderr, "run the import again to go on") != c.recorded {
				t.Errorf("stderr %q", got.stderr)
			}
		})
	}
	f.run(t, "import", "consents", filepath.Join(t.TempDir(), "none")).must(t, 1)
}

func TestImport_EndsEarly_WritesTheSummaryAsFarAsItCame(t *testing.T) {
	f := startFake(t)
	var rows strings.Builder
	rows.WriteString("occurred_time,event,address,channels\n")
	for n := range 5000 {
		fmt.Fprintf(&rows, "2026-10-01T08:00:00Z,refuse,a%d@firma.example,newsletter\n", n)
	}
	whole := pack(t, rows.String())
	in := file(t, "in.csv.gz", whole[:len(whole)*3/4])
	short := f.importJSON(t, 1, in)
	if short.Complete || short.Recorded < 1000 || int(short.Recorded) != len(f.events) || short.Rows != short.Recorded || short.BatchID == "" {
		t.Errorf("%d events, %+v", len(f.events), short)
	}
	if all := f.importJSON(t, 0, write(t, in, whole)); !all.Complete || all.Rows != 5000 || all.Duplicates != short.Recorded {
		t.Errorf("%+v", all)
	}
	if none := f.importJSON(t, 1, filepath.Join(t.TempDir(), "none")); none.Complete || none.Rows != 0 {
		t.Errorf("%+v", none)
	}
}

func TestImport_OneRow_IsInTheSingular(t *testing.T) {
	f := startFake(t)
	const row = "occurred_time,event,address,channels\n2026-10-01T08:00:00Z,refuse,anna@firma.example,newsletter\n"
	f.runWith(t, row, "import", "consents", "-").must(t, 0)
	if got := f.runWith(t, row, "import", "consents", "-").must(t, 0); got.stdout != "1 row: 0 recorded, 1 duplicate, 0 rejected\n" {
		t.Errorf("stdout %q", got.stdout)
	}
}

func TestImport_ServerRefusesTheCall_SaysWhichLines(t *testing.T) {
	f := startFake(t)
	f.answer = func(proto.Message) (proto.Message, error) {
		return nil, failure(codes.PermissionDenied, "SCOPE_MISSING", "the client may not record")
	}
	got := f.runWith(t, everyColumn, "import", "consents", "-").must(t, 1)
	if got.stderr != "assent: lines 2 to 11: SCOPE_MISSING: the client may not record\n" {
		t.Errorf("stderr %q", got.stderr)
	}
	f.answer = func(proto.Message) (proto.Message, error) { return &assentv1.BatchRecordEventsResponse{}, nil }
	f.runWith(t, everyColumn, "import", "consents", "-").must(t, 1)
}

func TestImport_LargeRows_GoInSmallerChunks(t *testing.T) {
	f := startFake(t)
	var in strings.Builder
	in.WriteString("occurred_time,event,address,channels,note\n")
	for n := range 900 {
		fmt.Fprintf(&in, "2026-10-01T08:00:00Z,refuse,a%d@firma.example,newsletter,%s\n", n, strings.Repeat("x", 4000))
	}
	f.runWith(t, in.String(), "import", "consents", "-").must(t, 0)
	for _, c := range f.calls {
		if size := proto.Size(c); size > 2<<20 {
			t.Errorf("a call of %d bytes", size)
		}
	}
	if len(f.events) != 900 {
		t.Errorf("%d events", len(f.events))
	}
}

func TestImport_InputIsNeverItsOwnReport(t *testing.T) {
	in := file(t, "events.csv", untidyCSV)
	startFake(t).run(t, "import", "consents", in, "--rejected", in).must(t, 2)
	if data, err := os.ReadFile(in); err != nil || string(data) != untidyCSV {
		t.Errorf("it was changed: %v", err)
	}
}
