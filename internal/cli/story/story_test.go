package story

import (
	"bytes"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/wish"
	"github.com/assent-io/assent/internal/intake/mail"
	"github.com/assent-io/assent/internal/message"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func TestLetter_IsAComplaintOfThePerson(t *testing.T) {
	reader := mail.New(mail.Settings{Limits: message.DefaultLimits()})
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	got, err := reader.Read(mail.Envelope{From: Complainer, To: []string{mailbox}}, bytes.NewReader(letter(at)))
	if err != nil || got.Letter == nil {
		t.Fatalf("got %+v (%v)", got, err)
	}
	if found := wish.Read(got.Subject, got.Letter.Text, false)[0].Kind; found != casework.Complaint {
		t.Errorf("it is read as %s", found)
	}
}
