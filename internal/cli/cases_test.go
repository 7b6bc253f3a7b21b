package cli_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// fakeCases are the services of desks of a fake server.
type fakeCases struct {
	assentv1.UnimplementedCaseServiceServer
	assentv1.UnimplementedNoticeServiceServer
}

// registerDesks registers what comes back, and what desks do about it.
func (f *fake) registerDesks(server *grpc.Server) {
	assentv1.RegisterSourceServiceServer(server, f)
	assentv1.RegisterIntakeServiceServer(server, f)
	assentv1.RegisterCaseServiceServer(server, f)
	assentv1.RegisterNoticeServiceServer(server, f)
}

func oneCase() *assentv1.Case {
	return &assentv1.Case{
		Id: "2026-000123", Kind: "complaint", State: "open", Origin: "mail", Department: "marketing", Assignee: "mara", Deputy: "max",
		Address: "anna@example.com", Subject: "Your\x1b[31m mail", Text: "I left you\nlong ago.", Channel: "product-marketing", ReceivedTime: day(1), DueTime: day(2),
		DueRule: "answer_within:P1D", Etag: "1",
		Candidates: []*assentv1.CaseCandidate{{Department: "marketing", Channel: "product-marketing", Evidence: "contact", Time: day(1)}},
	}
}

// answerCases answers calls about cases.
func answerCases(in proto.Message) (proto.Message, error) {
	one := oneCase()
	switch in := in.(type) {
	case *assentv1.OpenCaseRequest:
		return &assentv1.OpenCaseResponse{Case: one}, nil
	case *assentv1.ListCasesRequest:
		if in.GetPageToken() == "" {
			return &assentv1.ListCasesResponse{Cases: []*assentv1.Case{one}, NextPageToken: "next"}, nil
		}
		return &assentv1.ListCasesResponse{Cases: []*assentv1.Case{{Id: "2026-000124", Kind: "inquiry", State: "waiting", DueTime: day(3)}}}, nil
	case *assentv1.GetCaseRequest:
		return &assentv1.GetCaseResponse{
			Case: one, OffersObjection: true,
			Entries: []*assentv1.CaseEntry{{Number: 1, Time: day(1), Author: "intake", Kind: "opened"}, {Number: 2, Time: day(2), Author: "desk", Kind: "comment", Text: "a\nnote"}},
			Channels: []*assentv1.ChannelState{{
				Channel: "product-marketing", Decision: &assentv1.Decision{Verdict: assentv1.Verdict_VERDICT_ALLOW, Reason: "ALLOW_CONSENT", GrantPosition: 7},
				Grants: []*assentv1.ActiveGrant{{Position: 7, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT, OccurredTime: day(1)}},
			}},
		}, nil
	case *assentv1.AssignCaseRequest:
		one.Assignee, one.Deputy = in.GetAssignee(), ""
		return &assentv1.AssignCaseResponse{Case: one}, nil
	case *assentv1.ResubmitCaseRequest:
		one.ResubmitTime = in.GetResubmitTime()
		return &assentv1.ResubmitCaseResponse{Case: one}, nil
	case *assentv1.ExtendCaseRequest:
		one.LawDueTime = day(3)
		return &assentv1.ExtendCaseResponse{Case: one}, nil
	case *assentv1.CommentCaseRequest:
		return &assentv1.CommentCaseResponse{Case: one}, nil
	case *assentv1.HandOverCaseRequest:
		return &assentv1.HandOverCaseResponse{Case: &assentv1.Case{Id: one.GetId(), Department: in.GetDepartment()}}, nil
	case *assentv1.CloseCaseRequest:
		one.State, one.Outcome = "closed", in.GetOutcome()
		return &assentv1.CloseCaseResponse{Case: one, ObjectionPosition: 9}, nil
	case *assentv1.ReopenCaseRequest:
		return &assentv1.ReopenCaseResponse{Case: one}, nil
	case *assentv1.DraftAnswerRequest:
		return &assentv1.DraftAnswerResponse{Subject: "Re: Your mail [Case 2026-000123]", Text: "Guten Tag,\n\n…\n", From: "service@acme.example"}, nil
	case *assentv1.GetCaseFiguresRequest:
		return &assentv1.GetCaseFiguresResponse{
			Desks:     []*assentv1.CaseFigures{{Department: "marketing", Cases: 3, Answered: 2, MedianAnswerTime: durationpb.New(90 * time.Minute)}},
			Senders:   []*assentv1.CaseFigures{{SenderIdentity: "acme-marketing", Cases: 3, Complaints: 3, Contacts: 1000, ComplaintsPerThousand: 3, Level: "above_0_3_percent"}},
			SinceTime: day(1), BeforeTime: day(2),
		}, nil
	default:
		return answerDesks(in)
	}
}

func answerDesks(in proto.Message) (proto.Message, error) {
	away := &assentv1.Absence{Id: uuidOfTest, Department: "marketing", Member: "mara", FromTime: day(1), UntilTime: day(3), Deputy: "max"}
	switch in.(type) {
	case *assentv1.ListDesksRequest:
		return &assentv1.ListDesksResponse{Desks: []*assentv1.Desk{{
			Department: "marketing", Mailboxes: []string{"service@acme.example"}, Hours: "mon-fri 09:00-17:00 UTC", OpenCases: 4, OverdueCases: 1,
			Members: []*assentv1.DeskMember{{Id: "mara", AwayUntilTime: day(3), Deputy: "max"}, {Id: "max"}},
		}}}, nil
	case *assentv1.CreateAbsenceRequest:
		return &assentv1.CreateAbsenceResponse{Absence: away}, nil
	case *assentv1.ListAbsencesRequest:
		return &assentv1.ListAbsencesResponse{Absences: []*assentv1.Absence{away}}, nil
	case *assentv1.DeleteAbsenceRequest:
		return &assentv1.DeleteAbsenceResponse{}, nil
	case *assentv1.ListNoticesRequest:
		return &assentv1.ListNoticesResponse{Notices: []*assentv1.Notice{
			{Audience: "member", Recipient: "mara", Kind: "case_opened", Resource: "cases/2026-000123", CreatedTime: day(1)},
			{Audience: "officer", Kind: "case_escalated", Resource: "cases/2026-000123", CreatedTime: day(1), ToldTime: day(2)},
		}}, nil
	default:
		return nil, nil
	}
}

func TestCases_OpenListShow(t *testing.T) {
	f := startFake(t)
	f.answer = answerCases
	got := f.run(t, "cases", "open", "anna@example.com", "--kind", "complaint", "--text", "She called.", "--channel", "product-marketing", "--personal",
		"--received", "2026-03-01T10:00:00Z", "--request-id", uuidOfTest).must(t, 0)
	in := last[*assentv1.OpenCaseRequest](t, f)
	if got.stdout != "2026-000123\n" || in.GetAddress() != "anna@example.com" || in.GetReceivedTime() == nil || !in.GetPersonal() || in.GetRequestId() != uuidOfTest {
		t.Errorf("stdout %q, asked %v", got.stdout, in)
	}
	f.run(t, "cases", "open", "--text", "no kind").must(t, 2)
	got = f.run(t, "cases", "list", "--overdue", "--department", "marketing").must(t, 0)
	for _, text := range []string{"2026-000123", "2026-000124", "mara", "max", "the officers", "anna@example.com"} {
		if !strings.Contains(got.stdout, text) {
			t.Errorf("the list lacks %q:\n%s", text, got.stdout)
		}
	}
	if in := last[*assentv1.ListCasesRequest](t, f); !in.GetOverdue() || in.GetDepartment() != "marketing" || in.GetPageToken() != "next" {
		t.Errorf("asked %v", in)
	}
	got = f.run(t, "cases", "show", "2026-000123").must(t, 0)
	for _, text := range []string{
		"Case 2026-000123: complaint, open", "mara, away; max stands in", "| long ago.", "marketing, product-marketing, by contact", "ALLOW ALLOW_CONSENT, by consent of",
		"event 7", "--objection marketing", "comment by desk: a", "answer_within:P1D",
	} {
		if !strings.Contains(got.stdout, text) {
			t.Errorf("the case lacks %q:\n%s", text, got.stdout)
		}
	}
	if strings.Contains(got.stdout, "\x1b") {
		t.Error("a subject reaches the terminal with its control characters")
	}
	if got = f.run(t, "cases", "show", "2026-000123", "--format", "json").must(t, 0); !strings.Contains(got.stdout, `"dueRule"`) {
		t.Errorf("JSON:\n%s", got.stdout)
	}
}

func TestCases_Changes(t *testing.T) {
	f := startFake(t)
	f.answer = answerCases
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"assign", "2026-000123", "max", "--etag", "1"}, "2026-000123 is assigned to max\n"},
		{[]string{"assign", "2026-000123"}, "2026-000123 is the whole desk's\n"},
		{[]string{"resubmit", "2026-000123", "--at", "2026-12-09T09:00:00+01:00"}, "2026-000123 comes back 2026-12-09T08:00:00Z\n"},
		{[]string{"comment", "2026-000123", "a note"}, "2026-000123 is open\n"},
		{[]string{"hand-over", "2026-000123", "newsletter-desk", "--sender-informed", "informed"}, "2026-000123 is at the desk of newsletter-desk\n"},
		{[]string{"close", "2026-000123", "--outcome", "sender_wrong", "--objection", "marketing"}, "2026-000123 is closed as sender_wrong; the objection is recorded: marketing\n"},
		{[]string{"reopen", "2026-000123", "--note", "by mistake"}, "2026-000123 is open\n"},
		{[]string{"draft", "2026-000123", "--language", "de"}, "From: service@acme.example\nSubject: Re: Your mail [Case 2026-000123]\n\nGuten Tag,\n\n…\n"},
	} {
		if got := f.run(t, append([]string{"cases"}, c.args...)...).must(t, 0); got.stdout != c.want {
			t.Errorf("%s: %q, want %q", c.args, got.stdout, c.want)
		}
	}
	if in := last[*assentv1.DraftAnswerRequest](t, f); in.GetLanguage() != "de" {
		t.Errorf("asked %v", in)
	}
	f.run(t, "cases", "close", "2026-000123").must(t, 2)
}

func TestDesks_AbsencesFiguresNotices(t *testing.T) {
	f := startFake(t)
	f.answer = answerCases
	for _, c := range []struct {
		args  []string
		wants []string
	}{
		{[]string{"desks", "list"}, []string{"service@acme.example", "mon-fri 09:00-17:00 UTC", "mara (away until", "max stands in"}},
		{[]string{"desks", "absences", "add", "--department", "marketing", "--member", "mara", "--until", "2026-03-03T00:00:00Z", "--deputy", "max"}, []string{uuidOfTest}},
		{[]string{"desks", "absences", "list"}, []string{"mara", "max", uuidOfTest}},
		{[]string{"desks", "absences", "remove", uuidOfTest}, []string{"removed " + uuidOfTest}},
		{[]string{"cases", "figures"}, []string{"desk of marketing", "1h30m0s", "sender acme-marketing", "3.00 (0.3 % or more)"}},
		{[]string{"notices"}, []string{"member mara", "case opened", "officer", "cases/2026-000123"}},
	} {
		got := f.run(t, c.args...).must(t, 0)
		for _, want := range c.wants {
			if !strings.Contains(got.stdout, want) {
				t.Errorf("%s lacks %q:\n%s", c.args, want, got.stdout)
			}
		}
	}
	f.run(t, "desks", "absences", "add", "--department", "marketing", "--member", "mara").must(t, 2)
}
