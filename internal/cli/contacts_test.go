package cli_test

import (
	"encoding/json"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

func TestCheck_Send_IsAskedAboutOneAndAboutFiles(t *testing.T) {
	f := startFake(t)
	f.run(t, "check", "anna@firma.example", "--channel", "newsletter", "--send", "spring").must(t, 0)
	if in := last[*assentv1.CheckConsentRequest](t, f); in.GetSend() != "spring" || in.GetOperational() {
		t.Errorf("asked %v", in)
	}
	f.run(t, "check", "anna@firma.example", "--channel", "newsletter", "--send", "spring", "--as-of", "2026-10-01T10:00:00Z").must(t, 0)
	if in := last[*assentv1.CheckConsentRequest](t, f); in.GetSend() != "spring" || !in.GetOperational() {
		t.Errorf("asked %v", in)
	}
	f.runWith(t, "address\nanna@firma.example\n", "check", "--file", "-", "--channel", "newsletter", "--send", "spring", "--out", t.TempDir()+"/out.csv").must(t, 0)
	if in := last[*assentv1.BatchCheckConsentRequest](t, f); in.GetSend() != "spring" || in.GetOperational() {
		t.Errorf("asked %v", in)
	}
	got := f.run(t, "check", "anna@firma.example", "--channel", "newsletter", "--send", "spring", "--receipt", t.TempDir()+"/r").must(t, 2)
	if !strings.Contains(got.stderr, "--receipt") {
		t.Errorf("stderr %q", got.stderr)
	}
}

func TestSendsReport_RowsBecomeReports_AndWhatIsWrongIsTold(t *testing.T) {
	f := startFake(t)
	f.answer = func(in proto.Message) (proto.Message, error) {
		if _, ok := in.(*assentv1.BatchReportSentRequest); ok {
			return &assentv1.BatchReportSentResponse{ChangedCount: 2, Errors: []*assentv1.ContactReportError{
				{Index: 1, Reason: "CONTACT_SENT", Message: "it was reported as sent"},
			}}, nil
		}
		return nil, nil
	}
	const file = "Time;E-Mail;Outcome;name\n" +
		"2026-10-01T10:00:00+02:00;anna@firma.example;;Anna\n" +
		"yesterday;bert@firma.example;sent;Bert\n" +
		";carla@firma.example;released;Carla\n" +
		";dora@firma.example;lost;Dora\n" +
		";;sent;nobody\n" +
		";emil@firma.example;SENT;Emil\n"
	got := f.runWith(t, file, "sends", "report", "spring", "-", "--address-column", "e-mail").must(t, 1)
	same(t, &assentv1.BatchReportSentRequest{Send: "spring", Reports: []*assentv1.ContactReport{
		{
			Address: "anna@firma.example", Outcome: assentv1.ContactOutcome_CONTACT_OUTCOME_SENT,
			SentTime: &timestamppb.Timestamp{Seconds: 1790841600},
		},
		{Address: "carla@firma.example", Outcome: assentv1.ContactOutcome_CONTACT_OUTCOME_RELEASED},
		{Address: "emil@firma.example", Outcome: assentv1.ContactOutcome_CONTACT_OUTCOME_SENT},
	}}, last[*assentv1.BatchReportSentRequest](t, f))
	if got.stdout != "6 reports: 2 new\n" {
		t.Errorf("stdout %q", got.stdout)
	}
	for _, want := range []string{"row 2: time: ", "row 3: it was reported as sent", "row 4: outcome: ", "row 5: there is no address", "4 reports not taken"} {
		if !strings.Contains(got.stderr, want) {
			t.Errorf("stderr lacks %q: %q", want, got.stderr)
		}
	}
	if strings.Contains(got.stderr+got.stdout, "@firma") {
		t.Errorf("an address is told: %q", got.stderr)
	}
	got = f.runWith(t, file, "sends", "report", "spring", "-", "--address-column", "e-mail", "--format", "json").must(t, 1)
	var told struct {
		Send             string
		Reports, Changed int
		Rejected         []struct {
			Row    int
			Reason string
		}
	}
	if err := json.Unmarshal([]byte(got.stdout), &told); err != nil || told.Reports != 6 || told.Changed != 2 || len(told.Rejected) != 4 || told.Rejected[0].Row != 2 {
		t.Errorf("%v: %q", err, got.stdout)
	}
	f.runWith(t, "name\nx\n", "sends", "report", "spring", "-").must(t, 1)
}
