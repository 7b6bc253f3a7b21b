// Package story gives the example company of a demo what happens there: consumers, a person who subscribes, and the case that Assent is made
// for, which is a mailing to people who left the newsletter of another department, and the complaint of one of them.
package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/kit"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/phrase"
)

// The channels, wordings and sends of the story, by the catalog of the example company.
const (
	Newsletter    = "newsletter"
	Products      = "product-marketing"
	signup        = "newsletter-signup"
	signupWording = "2026-01"
	// Issue is the send of the newsletter desk, and Mailing that of marketing.
	Issue   = "weekly-issue"
	Mailing = "new-machines"
	// Complainer is who gets the message, and complains to the mailbox that messages of the newsletter desk are answered to.
	Complainer = "anna@example.at"
	mailbox    = "redaktion@acme.example"
)

// Story is the case as it is played.
type Story struct {
	Server *connect.Server
	// Audience is whom marketing wants to write to, beside those who left.
	Audience *listfile.Audience
	Now      time.Time

	text strings.Builder // what happened, for people
}

// leaver is a person who left the newsletter, and why marketing would write to them.
type leaver struct {
	address, who string
	grants       []*assentv1.Grant
}

func leavers(given time.Time) []leaver {
	consent := func(declaration, version string, channels ...string) *assentv1.Grant {
		return &assentv1.Grant{
			Channels: channels, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT, Declaration: &assentv1.DeclarationRef{Id: declaration, Version: version},
			Evidence: &assentv1.Evidence{Source: "web_form", ConfirmedTime: timestamppb.New(given)},
		}
	}
	bought := &assentv1.Grant{
		Channels: []string{Products}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_EXISTING_CUSTOMER,
		Evidence: &assentv1.Evidence{Source: "api", TransactionRef: "order-7", NoticeGiven: true, Goods: []string{"coffee"}},
	}
	return []leaver{
		{"bert@example.at", "a customer", []*assentv1.Grant{consent(signup, signupWording, Newsletter), bought}},
		{"clara@example.at", "who agreed to nothing else", []*assentv1.Grant{consent(signup, signupWording, Newsletter)}},
		{Complainer, "who agreed to product mail, too", []*assentv1.Grant{consent("all-news", "3", Newsletter, Products)}},
	}
}

// Play plays the case and returns what happened, and the number of the case that the complaint opened.
func (s *Story) Play(ctx context.Context) (text, number string, err error) {
	people := leavers(s.Now.AddDate(0, -3, 0))
	if err := s.leave(ctx, people); err != nil {
		return "", "", err
	}
	if err := s.plans(ctx); err != nil {
		return "", "", err
	}
	if err := s.preview(ctx, people); err != nil {
		return "", "", err
	}
	for i := range people {
		if err := s.check(ctx, &people[i]); err != nil {
			return "", "", err
		}
	}
	number, err = s.complain(ctx)
	return s.text.String(), number, err
}

// note adds a line to what happened: what it is about, empty to go on with what stands above it, and what is said.
func (s *Story) note(about, format string, args ...any) {
	fmt.Fprintf(&s.text, "  %-9s  "+format+"\n", append([]any{about}, args...)...)
}

// leave records what people gave, and that they left the newsletter.
func (s *Story) leave(ctx context.Context, people []leaver) error {
	given := s.Now.AddDate(0, -3, 0)
	in := &assentv1.BatchRecordEventsRequest{RequestId: kit.RequestID("")}
	for _, one := range people {
		for _, grant := range one.grants {
			grant.Address = one.address
			in.Events = append(in.Events, &assentv1.EventInput{OccurredTime: timestamppb.New(given), Fact: &assentv1.EventInput_Grant{Grant: grant}})
		}
		in.Events = append(in.Events, &assentv1.EventInput{Fact: &assentv1.EventInput_Withdraw{Withdraw: &assentv1.Refusal{
			Address: one.address, Channels: []string{Newsletter},
		}}})
	}
	answer, err := connect.CallAgain(ctx, s.Server, assentv1.NewConsentServiceClient(s.Server).BatchRecordEvents, in)
	if err != nil {
		return err
	}
	for _, result := range answer.GetResults() {
		if wrong := result.GetError(); wrong != nil {
			return fmt.Errorf("%s: %s", wrong.GetReason(), wrong.GetMessage())
		}
	}
	s.text.WriteString("The case that Assent is made for: three people leave the newsletter today, and marketing wants to write to them.\n\n")
	return nil
}

// plans plans the mailings of both departments.
func (s *Story) plans(ctx context.Context) error {
	issuer, err := s.plan(ctx, Issue, Newsletter, "The issue of the week")
	if err != nil {
		return err
	}
	owner, err := s.plan(ctx, Mailing, Products, "Our new machines")
	if err != nil {
		return err
	}
	s.note("plans", "%s of %s and %s of %s, for the same hours; all departments see both", Issue, issuer, Mailing, owner)
	return nil
}

// plan plans a send and returns the department whose it is.
func (s *Story) plan(ctx context.Context, id, channel, subject string) (department string, err error) {
	begin := s.Now.Truncate(time.Hour)
	answer, err := connect.CallAgain(ctx, s.Server, assentv1.NewSendServiceClient(s.Server).CreateSend, &assentv1.CreateSendRequest{
		Id: id, Channel: channel, Subject: subject, FromTime: timestamppb.New(begin), UntilTime: timestamppb.New(begin.Add(10 * time.Hour)),
		RequestId: kit.RequestID(""),
	})
	return phrase.Printable(answer.GetSend().GetDepartment()), err
}

// batchLimits are those of one message of an audience.
func batchLimits() listfile.BatchLimits {
	return listfile.BatchLimits{Rows: 10_000, AddressBytes: 3 << 20, Bytes: 8 << 20}
}

// preview counts whom the mailing would meet: the audience, and those who left.
func (s *Story) preview(ctx context.Context, people []leaver) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // If the audience cannot be read to its end.
	stream, err := assentv1.NewSendServiceClient(s.Server).PreviewSend(ctx)
	if err != nil {
		return s.Server.Failed(err)
	}
	message := &assentv1.PreviewSendRequest{Id: Mailing}
	for _, one := range people {
		message.Addresses = append(message.Addresses, one.address)
	}
	for len(message.GetAddresses()) > 0 {
		if err := stream.Send(message); errors.Is(err, io.EOF) {
			break // The answer says why.
		} else if err != nil {
			return s.Server.Failed(err)
		}
		rows, err := s.Audience.Batch(batchLimits())
		if err != nil {
			return err
		}
		message = &assentv1.PreviewSendRequest{}
		for _, row := range rows {
			message.Addresses = append(message.Addresses, row[s.Audience.Column])
		}
	}
	answer, err := stream.CloseAndRecv()
	if err != nil {
		return s.Server.Failed(err)
	}
	p := answer.GetSend().GetPreview()
	said := ""
	for _, o := range p.GetOverlaps() {
		if o.GetSend() == "" {
			said += fmt.Sprintf("; %d of them left %s not long ago", o.GetLeavers(), phrase.Printable(o.GetDepartment()))
		}
	}
	s.note("preview", "%s meets %d recipients%s", Mailing, p.GetRecipients(), said)
	if named := answer.GetNamed(); len(named) > 0 {
		s.note("notice", "to %s, before anything goes out", phrase.Printable(phrase.SomeOf(named)))
	}
	return nil
}

// check asks about a person for the mailing, and reports as sent what is allowed.
func (s *Story) check(ctx context.Context, one *leaver) error {
	answer, err := connect.Call(ctx, s.Server, assentv1.NewConsentServiceClient(s.Server).CheckConsent, &assentv1.CheckConsentRequest{
		Address: one.address, Channel: Products, Send: Mailing,
	})
	if err != nil {
		return err
	}
	d := answer.GetDecision()
	s.note("check", "%-16s  %-5s  %-16s  %s", one.address, value.VerdictName(d.GetVerdict()), d.GetReason(), one.who)
	if d.GetVerdict() != assentv1.Verdict_VERDICT_ALLOW {
		return nil
	}
	_, err = connect.CallAgain(ctx, s.Server, assentv1.NewContactServiceClient(s.Server).ReportSent, &assentv1.ReportSentRequest{
		Send: Mailing, Report: &assentv1.ContactReport{Address: one.address},
	})
	return err
}

// complain hands in the complaint of who got the message, and says whose case it is.
func (s *Story) complain(ctx context.Context) (number string, err error) {
	answer, err := connect.CallAgain(ctx, s.Server, assentv1.NewIntakeServiceClient(s.Server).SubmitMail, &assentv1.SubmitMailRequest{
		Mail: letter(s.Now), EnvelopeFrom: Complainer, EnvelopeTo: []string{mailbox},
	})
	if err != nil {
		return "", err
	}
	number = answer.GetCase().GetId()
	if number == "" {
		return "", errors.New("the complaint opened no case")
	}
	shown, err := connect.Call(ctx, s.Server, assentv1.NewCaseServiceClient(s.Server).GetCase, &assentv1.GetCaseRequest{Id: number})
	if err != nil {
		return "", err
	}
	c := shown.GetCase()
	s.note("complaint", "of %s, who got it, to %s, the mailbox of the newsletter", Complainer, mailbox)
	s.note("case", "%s at the desk of %s, which sent; the answer is due at %s (%s)", phrase.Printable(number), phrase.Printable(c.GetDepartment()),
		value.Stamp(c.GetDueTime()), phrase.Printable(c.GetDueRule()))
	return number, nil
}

// letter is the complaint, as it comes in at a time.
func letter(at time.Time) []byte {
	return fmt.Appendf(nil, "From: Anna <%s>\r\nTo: %s\r\nDate: %s\r\nSubject: Why do I get this?\r\nMessage-ID: <%d@example.at>\r\n"+
		"Content-Type: text/plain; charset=utf-8\r\n\r\nI left you today, and you still write to me. This is a complaint.\r\n",
		Complainer, mailbox, at.Format(time.RFC1123Z), at.UnixNano())
}
