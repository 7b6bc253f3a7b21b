package story

import (
	"context"
	"os"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/kit"
)

// What the demo gives the company besides its history.
const (
	// Tool and Agency are consumers that read the newsletter, as Client, which an open server takes its callers for.
	Tool   = "newsletter-tool"
	Agency = "newsletter-agency"
	Client = "demo"
	// Mailbox is of a person who subscribes while the demo starts.
	Mailbox = "mailbox@example.at"
)

// Link subscribes [Mailbox] to the newsletter and returns the token of the links in its next message.
func Link(ctx context.Context, s *connect.Server) (token string, err error) {
	service := assentv1.NewConsentServiceClient(s)
	_, err = connect.CallAgain(ctx, s, service.GrantConsent, &assentv1.GrantConsentRequest{
		Address: Mailbox, Channels: []string{Newsletter}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT,
		Declaration: &assentv1.DeclarationRef{Id: signup, Version: signupWording},
		Evidence:    &assentv1.Evidence{Source: "web_form", ConfirmedTime: timestamppb.Now()}, RequestId: kit.RequestID(""),
	})
	if err != nil {
		return "", err
	}
	answer, err := connect.Call(ctx, s, service.CheckConsent, &assentv1.CheckConsentRequest{Address: Mailbox, Channel: Newsletter, Links: true})
	return answer.GetLinks().GetToken(), err
}

// Consumers creates the consumers, each once however often a call is repeated, and writes the key of the keyed one to a file.
func Consumers(ctx context.Context, s *connect.Server, keyFile string) error {
	for _, in := range []*assentv1.CreateConsumerRequest{{Id: Tool, Form: "plain"}, {Id: Agency, Form: "keyed"}} {
		in.Client, in.Channels, in.RequestId = Client, []string{Newsletter}, kit.RequestID("")
		answer, err := connect.CallAgain(ctx, s, assentv1.NewConsumerServiceClient(s).CreateConsumer, in)
		if err != nil {
			return err
		}
		if answer.GetKey() == "" {
			continue
		}
		if err := os.WriteFile(keyFile, []byte(answer.GetKey()+"\n"), 0o600); err != nil {
			return err
		}
	}
	return nil
}
