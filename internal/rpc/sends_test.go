package rpc_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/service/administration"
)

func TestPreviewSend_OnlyTheFirstMessageNamesTheSend(t *testing.T) {
	w := newWorld(t)
	desk := with(t, w.client(administration.NewClient{ID: "desk", Department: "newsletter-desk", Role: "sender"}))
	sends := assentv1.NewSendServiceClient(w.conn)
	_, err := sends.CreateSend(desk, &assentv1.CreateSendRequest{
		Id: "spring", Channel: "newsletter", Subject: "Spring", FromTime: timestamppb.New(start.Add(time.Hour)),
		UntilTime: timestamppb.New(start.Add(2 * time.Hour)),
	})
	if err != nil {
		t.Fatal(err)
	}
	one := []string{"anna@example.com"}
	for name, c := range map[string]struct {
		messages []*assentv1.PreviewSendRequest
		want     string // in the error; empty: there is none
	}{
		"in two messages": {[]*assentv1.PreviewSendRequest{{Id: "spring"}, {Addresses: one}, {Addresses: []string{"bert@example.com", "no address"}}}, ""},
		"no message":      {nil, "the first message names the send"},
		"no send":         {[]*assentv1.PreviewSendRequest{{Addresses: one}}, "the first message names the send"},
		"named twice":     {[]*assentv1.PreviewSendRequest{{Id: "spring", Addresses: one}, {Id: "spring", Addresses: one}}, "only the first message names the send"},
		"kept late":       {[]*assentv1.PreviewSendRequest{{Id: "spring", Addresses: one}, {Keep: true, Addresses: one}}, "only the first message names the send"},
		"no address":      {[]*assentv1.PreviewSendRequest{{Id: "spring"}}, "no valid address"},
		"an unknown send": {[]*assentv1.PreviewSendRequest{{Id: "autumn", Addresses: one}}, "there is no send with this id"},
	} {
		stream, err := sends.PreviewSend(desk)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range c.messages {
			if err := stream.Send(m); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
		}
		answer, err := stream.CloseAndRecv()
		switch {
		case c.want != "":
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			p := answer.GetSend().GetPreview()
			if p.GetRecipients() != 2 || p.GetInvalid() != 1 || p.GetNeverAsked() != 2 {
				t.Errorf("%s: counted %v", name, p)
			}
		}
	}
}
