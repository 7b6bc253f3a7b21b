package cli_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// answerSends answers calls about sends.
func answerSends(in proto.Message) (proto.Message, error) {
	spring := &assentv1.Send{
		Id: "spring", Channel: "newsletter", SenderIdentity: "acme-newsletter", Department: "newsletter-desk", Subject: "Spring,\x1b at last",
		FromTime: day(5), UntilTime: day(6), ExpectedSize: 12000, Priority: 40, State: "planned", CommentUntilTime: day(3), CreatedTime: day(1),
		CreatedBy: "desk", Etag: "1",
	}
	met := proto.CloneOf(spring)
	met.State, met.ClearedBy, met.ClearedTime, met.Cleared, met.Objections = "cleared", "override", day(2), true, 1
	met.Preview = &assentv1.SendPreview{
		PreviewTime: day(2), Recipients: 11000, Invalid: 3, NeverAsked: 20, OverCapIfAllGoOut: 4, Leavers: 7, Overlaps: []*assentv1.SendOverlap{
			{Department: "marketing", Leavers: 7}, {Department: "marketing", Send: "offers", Recipients: 312, OverCapIfAllGoOut: 4},
		},
	}
	objected := proto.CloneOf(spring)
	objected.Id, objected.Objections = "summer", 1
	silent := proto.CloneOf(spring)
	silent.Id, silent.Cleared, silent.ExpectedSize = "autumn", true, 0
	wall := &assentv1.SendCalendar{Id: "wall", CreatedTime: day(1), CreatedBy: "desk", RevokedTime: day(2)}
	switch in := in.(type) {
	case *assentv1.CreateSendRequest:
		return &assentv1.CreateSendResponse{Send: spring}, nil
	case *assentv1.UpdateSendRequest:
		return &assentv1.UpdateSendResponse{Send: spring, AskedAgain: in.Priority != nil}, nil
	case *assentv1.GetSendRequest:
		return &assentv1.GetSendResponse{Send: met, Comments: []*assentv1.SendComment{
			{Number: 1, Kind: "objection", Department: "marketing", Client: "sales", CreatedTime: day(1), Text: "Ours go out that day."},
			{Number: 2, Kind: "override", Client: "officer", CreatedTime: day(2), Text: "Agreed."},
		}}, nil
	case *assentv1.ListSendsRequest:
		return &assentv1.ListSendsResponse{Sends: []*assentv1.Send{met, objected, silent, spring}}, nil
	case *assentv1.CommentSendRequest:
		return &assentv1.CommentSendResponse{Send: objected}, nil
	case *assentv1.ClearSendRequest:
		return &assentv1.ClearSendResponse{Send: met}, nil
	case *assentv1.CancelSendRequest:
		return &assentv1.CancelSendResponse{Send: &assentv1.Send{Id: "spring", State: "cancelled"}}, nil
	case *assentv1.StartSendRequest:
		return &assentv1.StartSendResponse{Send: &assentv1.Send{Id: "spring", State: "sending"}}, nil
	case *assentv1.FinishSendRequest:
		return &assentv1.FinishSendResponse{Send: &assentv1.Send{Id: "spring", State: "sent"}}, nil
	case *assentv1.CreateSendCalendarRequest:
		return &assentv1.CreateSendCalendarResponse{Calendar: wall, Path: "/v1/sends.ics?token=secret"}, nil
	case *assentv1.ListSendCalendarsRequest:
		return &assentv1.ListSendCalendarsResponse{Calendars: []*assentv1.SendCalendar{wall}}, nil
	case *assentv1.RevokeSendCalendarRequest:
		return &assentv1.RevokeSendCalendarResponse{Calendar: wall}, nil
	default:
		return nil, nil
	}
}

func TestSends_PlanAndChange(t *testing.T) {
	f := startFake(t)
	f.answer = answerSends
	window := []string{"--from", "2026-10-05T08:00:00Z", "--until", "2026-10-06T08:00:00Z"}
	got := f.run(t, append([]string{
		"sends", "plan", "spring", "--channel", "newsletter", "--subject", "Spring", "--size", "12000", "--priority", "40", "--link", "https://acme.example/s",
		"--digest", "sha256:0", "--sender", "acme-newsletter", "--request-id", uuidOfTest,
	}, window...)...).must(t, 0)
	same(t, &assentv1.CreateSendRequest{
		Id: "spring", Channel: "newsletter", SenderIdentity: "acme-newsletter", Subject: "Spring", ContentLink: "https://acme.example/s",
		ContentDigest: "sha256:0", FromTime: day(5), UntilTime: day(6), ExpectedSize: 12000, Priority: 40, RequestId: uuidOfTest,
	}, last[*assentv1.CreateSendRequest](t, f))
	if want := "planned spring: it is planned; silence clears it at 2026-10-03T08:00:00Z\n"; got.stdout != want {
		t.Errorf("stdout %q, want %q", got.stdout, want)
	}
	f.run(t, "sends", "plan", "spring", "--channel", "newsletter").must(t, 2)
	f.run(t, "sends", "update", "spring", "--etag", "1").must(t, 2)
	got = f.run(t, "sends", "update", "spring", "--priority", "0", "--request-id", uuidOfTest).must(t, 0)
	same(t, &assentv1.UpdateSendRequest{Id: "spring", Priority: proto.Int32(0), RequestId: uuidOfTest}, last[*assentv1.UpdateSendRequest](t, f))
	if !strings.Contains(got.stderr, "asked again") {
		t.Errorf("stderr %q", got.stderr)
	}
	f.run(t, append([]string{"sends", "update", "spring"}, window...)...).must(t, 0)
	if in := last[*assentv1.UpdateSendRequest](t, f); in.Priority != nil || in.GetFromTime() == nil || in.GetUntilTime() == nil {
		t.Errorf("asked %v", in)
	}
}

func TestSends_ListShowAndAct(t *testing.T) {
	f := startFake(t)
	f.answer = answerSends
	golden(t, "sends.txt", f.run(t, "sends", "list", "--state", "planned", "--channel", "newsletter").must(t, 0).stdout)
	if in := last[*assentv1.ListSendsRequest](t, f); in.GetState() != "planned" || in.GetChannel() != "newsletter" {
		t.Errorf("asked %v", in)
	}
	golden(t, "send.txt", f.run(t, "sends", "show", "spring").must(t, 0).stdout)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"comment", "spring", "Nice."}, "commented on summer: it is planned, and held back by 1 objection\n"},
		{[]string{"comment", "spring", "No.", "--objection"}, "objected to summer: it is planned, and held back by 1 objection\n"},
		{[]string{"comment", "spring", "Yes.", "--withdraw"}, "withdrew the objection to summer: it is planned, and held back by 1 objection\n"},
		{[]string{"clear", "spring", "--reason", "Agreed."}, "cleared spring: it is cleared by override\n"},
		{[]string{"start", "spring"}, "started spring: it is sending\n"},
		{[]string{"finish", "spring"}, "finished spring: it is sent\n"},
		{[]string{"cancel", "spring"}, "cancelled spring: it is cancelled\n"},
		{[]string{"calendars", "create", "wall"}, "/v1/sends.ics?token=secret\n"},
		{[]string{"calendars", "revoke", "wall"}, "revoked wall\n"},
	} {
		args := append([]string{"sends"}, c.args...)
		if got := f.run(t, args...).must(t, 0); got.stdout != c.want {
			t.Errorf("%q: %q, want %q", c.args, got.stdout, c.want)
		}
		if got := f.run(t, append(args, "--format", "json")...).must(t, 0); !strings.HasPrefix(got.stdout, "{") {
			t.Errorf("%q as JSON: %q", c.args, got.stdout)
		}
	}
	f.run(t, "sends", "comment", "spring", "x", "--objection", "--withdraw").must(t, 2)
	f.run(t, "sends", "clear", "spring").must(t, 2)
	if got := f.run(t, "sends", "calendars", "list").must(t, 0); !strings.Contains(got.stdout, "wall") || !strings.Contains(got.stdout, "(all)") {
		t.Errorf("stdout %q", got.stdout)
	}
}

func TestSends_Calendar(t *testing.T) {
	f := startFake(t)
	f.answer = answerSends
	got := f.run(t, "sends", "calendar", "--week", "2026-W41", "--zone", "Europe/Vienna").must(t, 0) // Without a catalog.
	if in := last[*assentv1.ListSendsRequest](t, f); in.GetFromTime().AsTime().String() != "2026-10-04 22:00:00 +0000 UTC" ||
		in.GetUntilTime().AsTime().String() != "2026-10-11 22:00:00 +0000 UTC" {
		t.Errorf("asked %v", in)
	}
	if !strings.Contains(got.stdout, "from 10:00   spring") || !strings.Contains(got.stdout, "meets 7 recipients who left marketing") {
		t.Errorf("stdout %s", got.stdout)
	}
	f.run(t, "sends", "calendar", "--week", "2026-W41", "--month", "2026-10").must(t, 2)
	f.run(t, "sends", "calendar", "--zone", "Vienna").must(t, 2)
	f.run(t, "sends", "calendar", "--month", "October").must(t, 2)
	f.run(t, "sends", "calendar", "--format", "json").must(t, 0)
	f.answer = func(in proto.Message) (proto.Message, error) {
		return nil, failure(codes.PermissionDenied, "SCOPE_MISSING", "no")
	}
	f.run(t, "sends", "calendar").must(t, 1)
}

// PreviewSend counts what was sent.
func (f *fake) PreviewSend(stream grpc.ClientStreamingServer[assentv1.PreviewSendRequest, assentv1.PreviewSendResponse]) error {
	all := &assentv1.PreviewSendRequest{}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		proto.Merge(all, part)
	}
	f.mu.Lock()
	f.calls = append(f.calls, all)
	f.mu.Unlock()
	if all.GetId() == "none" {
		return failure(codes.NotFound, "SEND_NOT_FOUND", "there is no send with this id")
	}
	return stream.SendAndClose(&assentv1.PreviewSendResponse{Named: []string{"marketing"}, Send: &assentv1.Send{
		Id: all.GetId(), State: "planned", CommentUntilTime: day(3), Preview: &assentv1.SendPreview{
			Recipients: int64(len(all.GetAddresses())), Leavers: 7, Overlaps: []*assentv1.SendOverlap{
				{Department: "marketing", Leavers: 7}, {Department: "marketing", Send: "offers", Recipients: 3, OverCapNow: 1, OverCapIfAllGoOut: 2},
			},
		},
	}})
}

func TestSends_Preview(t *testing.T) {
	f := startFake(t)
	path := file(t, "audience.csv", "name,Mail\nAnna,anna@example.com\nBert,bert@example.com\n")
	got := f.run(t, "sends", "preview", "spring", "--file", path, "--address-column", "Mail", "--reserve").must(t, 0)
	same(t, &assentv1.PreviewSendRequest{Id: "spring", Keep: true, Addresses: []string{"anna@example.com", "bert@example.com"}},
		last[*assentv1.PreviewSendRequest](t, f))
	golden(t, "preview.txt", got.stdout)
	if !strings.Contains(got.stderr, "until 2026-10-03T08:00Z to comment: marketing") {
		t.Errorf("stderr %q", got.stderr)
	}
	if got := f.run(t, "sends", "preview", "spring", "--file", path, "--address-column", "Mail", "--format", "json").must(t, 0); !strings.HasPrefix(got.stdout, "{") {
		t.Errorf("stdout %q", got.stdout)
	}
	f.run(t, "sends", "preview", "spring", "--file", path).must(t, 1)
	f.run(t, "sends", "preview", "spring").must(t, 2)
	if got := f.run(t, "sends", "preview", "none", "--file", path, "--address-column", "Mail").must(t, 1); !strings.Contains(got.stderr, "there is no send") {
		t.Errorf("stderr %q", got.stderr)
	}
}
