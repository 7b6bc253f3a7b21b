package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/phrase"
)

const eraseHelp = `Erase an address physically and at once: its grants, its requests, the evidence and the address itself are
deleted. Refusals and suppressions stay under a keyed digest, so that the address is not written to again, and the ledger
stays provable. Events that occurred after --at stay, too, with their evidence. The erasure is of one spelling: other
spellings of the mailbox keep their data. It cannot be undone.

The answer lists which clients and controllers learnt something of the address and may have to be told (GDPR Art. 19); a
client of one department sees those of its department and channels.

Afterwards, run assent ledger purge on the server: it removes the erased data from the free pages and the log of the database.`

// erase erases an address.
func (a *app) erase() *cobra.Command {
	var operator, justification string
	var at value.Time
	var write writeFlags
	var yes bool
	cmd := &cobra.Command{
		Use:     "erase ADDRESS",
		Short:   "Erase an address for ever, or list who sent data of erased persons again",
		Long:    eraseHelp,
		Example: "  assent erase - --operator dpo --justification \"case 4711\" --yes <address.txt\n  assent erase returns --since 2026-12-01T00:00:00Z",
		Args:    cobra.ExactArgs(1),
		RunE: oneCall(a, assentv1.NewHistoryServiceClient, assentv1.HistoryServiceClient.EraseRecipient,
			func(a *app, answer *assentv1.EraseRecipientResponse) error { return a.writeErased(answer, at.At) },
			func(args []string) (*assentv1.EraseRecipientRequest, error) {
				address, err := a.Argument(args[0])
				if err != nil {
					return nil, err
				}
				if err := a.Ask("Erase the address for ever, with its grants, requests and evidence?", yes); err != nil {
					return nil, err
				}
				return &assentv1.EraseRecipientRequest{
					Address: address, OccurredTime: at.At, Operator: operator, Justification: justification, RequestId: write.id(),
				}, nil
			}),
	}
	cmd.Flags().StringVar(&operator, "operator", "", "who carries it out; it is kept, so it must not be an address")
	cmd.Flags().StringVar(&justification, "justification", "", "the reason; it is kept, so it must not have an address")
	cmd.Flags().Var(&at, "at", "when the person asked for it (default: now)")
	write.addRequestID(cmd)
	addYes(cmd, &yes)
	cmd.AddCommand(a.eraseReturns())
	return cmd
}

// writeErased says what an erasure took. Until is the time that was given, if one was.
func (a *app) writeErased(answer *assentv1.EraseRecipientResponse, until *timestamppb.Timestamp) error {
	a.noteWarnings(answer)
	if a.JSON() {
		return a.PrintMessage(answer)
	}
	text := "erased: grants, requests, evidence and the address are deleted; refusals and suppressions stay under a digest\n"
	switch {
	case answer.EventsErased == nil: // A client of one department does not learn whether there was anything.
		text = "erased: of this address no grant, request or evidence up to then is held any more, nor the address unless something later needs it; " +
			"refusals and suppressions stay under a digest\n"
	case answer.GetEventsErased() == 0:
		text = "there was no data of this address to erase; the erasure is recorded\n"
	case until != nil:
		text = "erased: grants, requests and evidence of events at or before " + value.Stamp(until) + " are deleted; refusals and suppressions " +
			"stay under a digest, and later events stay with the address\n"
	}
	verb := "recorded "
	if answer.GetDuplicate() {
		verb = "the erasure itself was known already: recorded "
	}
	if err := a.Print(text + verb + positions(answer.GetPositions()) + "\n"); err != nil {
		return err
	}
	if err := a.writeToTell(answer.GetRecipients()); err != nil {
		return err
	}
	a.Notef("Next, on the server: `assent ledger purge` removes the data from the free pages and the log of the database. Backups " +
		"follow when their retention ends.")
	return nil
}

// writeToTell lists whom an erasure has to be told.
func (a *app) writeToTell(to *assentv1.ErasureRecipients) error {
	if len(to.GetClients())+len(to.GetControllers()) == 0 {
		return nil
	}
	if err := a.Print("\nThese learnt something of the address: tell recipients of the erasure (GDPR Art. 19), and have your own systems delete it.\n"); err != nil {
		return err
	}
	rows := [][]string{{"WHO", "ID", "NAME", "ROLE", "COUNTRY", "CONTACT"}}
	for _, c := range to.GetControllers() {
		rows = append(rows, []string{
			"controller", c.GetController(), terminal.OrDash(c.GetName()), "controller", "-", terminal.OrDash(c.GetPrivacyContact()),
		})
	}
	for _, c := range to.GetClients() {
		if c.GetName() == "" {
			rows = append(rows, []string{"client", c.GetClient(), "(the catalog's recipients have no entry for it)", "-", "-", "-"})
			continue
		}
		rows = append(rows, []string{"client", c.GetClient(), c.GetName(), c.GetRole(), c.GetCountry(), terminal.OrDash(c.GetPostalAddress())})
	}
	return a.PrintTable(rows)
}

func (a *app) eraseReturns() *cobra.Command {
	var since value.Time
	cmd := &cobra.Command{
		Use:   "returns",
		Short: "List which clients sent data of erased persons from before the erasure",
		Long: "List which clients sent grants, requests or confirmations of erased persons from before the erasure, by day. The\n" +
			"server refused them, but these clients still hold data that they had to erase, too. PERSON is the same for all rows\n" +
			"of one person, and has no other meaning.",
		Args: noArguments,
		RunE: a.does(func(ctx context.Context, _ []string) error {
			return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
				in := &assentv1.ListErasedReturnsRequest{SinceTime: since.At, PageSize: 1000}
				all, err := connect.All(ctx, s, assentv1.NewHistoryServiceClient(s).ListErasedReturns, in, &in.PageToken)
				if err != nil {
					return err
				}
				return a.writeReturns(all)
			})
		}),
	}
	cmd.Flags().Var(&since, "since", "only those of the day of this time, in UTC, and later")
	return cmd
}

func (a *app) writeReturns(all *assentv1.ListErasedReturnsResponse) error {
	if a.JSON() {
		return a.PrintMessage(all)
	}
	if len(all.GetReturns()) == 0 {
		a.Notef("No client sent data of erased persons.")
		return nil
	}
	rows := [][]string{{"DAY", "CLIENT", "DEPARTMENT", "PERSON", "EVENTS"}}
	for _, r := range all.GetReturns() {
		department := r.GetDepartment()
		if department == "" {
			department = "(all)"
		}
		rows = append(rows, []string{r.GetDay(), r.GetClient(), department, r.GetPerson(), fmt.Sprint(r.GetCount())})
	}
	return a.PrintTable(rows)
}

// addWhy gives a command the flag --justification, which it requires.
func addWhy(cmd *cobra.Command, why *string) {
	cmd.Flags().StringVar(why, "justification", "", "why; it is kept when the person is erased, so no address")
	require(cmd, "justification")
}

// placed is the answer to a write that is never a duplicate.
type placed interface {
	proto.Message
	GetPositions() []int64
}

// writePlaced writes the answer to such a write.
func writePlaced[Out placed](a *app, answer Out) error {
	if a.JSON() {
		return a.PrintMessage(answer)
	}
	return a.Print("recorded " + positions(answer.GetPositions()) + "\n")
}

// move records a change of address.
func (a *app) move() *cobra.Command {
	var why string
	var write writeFlags
	cmd := &cobra.Command{
		Use:   "move ADDRESS NEW_ADDRESS --justification TEXT",
		Short: "Record that a person is reached at another address now",
		Long: "Record that a person is reached at another address now. Refusals and suppressions move along. Grants do not,\n" +
			"because a consent is for the address that it was given for. A hard bounce stays, because it is about the mailbox.\n" +
			"Links do not move: link the new address with the others of the person, too.",
		Args: cobra.ExactArgs(2),
		RunE: oneCall(a, assentv1.NewHistoryServiceClient, assentv1.HistoryServiceClient.MoveRecipient, writePlaced,
			func(args []string) (*assentv1.MoveRecipientRequest, error) {
				from, to, err := a.twoAddresses(args)
				return &assentv1.MoveRecipientRequest{Address: from, NewAddress: to, Justification: why, RequestId: write.id()}, err
			}),
	}
	addWhy(cmd, &why)
	write.addRequestID(cmd)
	return cmd
}

// void leaves out what was recorded by mistake.
func (a *app) void() *cobra.Command {
	var position int64
	var batch, why string
	var yes bool
	cmd := &cobra.Command{
		Use:   "void {--position POSITION | --batch ID} --justification TEXT",
		Short: "Leave out an event or a batch that was recorded by mistake",
		Long: "Leave an event, or the events of a batch, out of every answer, because they were recorded by mistake. assent history\n" +
			"shows the positions of events, and an import shows the id of its batch. The events stay in the ledger, and\n" +
			"--known-as-of still shows the earlier state. A batch is left out all at once, however large it is; if the command is\n" +
			"interrupted, give it again. This cannot be undone; if an event was right after all, record it again.",
		Args: noArguments,
		RunE: oneCall(a, assentv1.NewHistoryServiceClient, assentv1.HistoryServiceClient.VoidEvents, (*app).writeVoided,
			func([]string) (*assentv1.VoidEventsRequest, error) {
				in := &assentv1.VoidEventsRequest{LeftOut: &assentv1.VoidEventsRequest_Position{Position: position}, Justification: why}
				question := fmt.Sprintf("Leave the event at position %d out of every answer?", position)
				if batch != "" {
					in.LeftOut = &assentv1.VoidEventsRequest_BatchId{BatchId: batch}
					question = "Leave all events of the batch out of every answer?"
				}
				return in, a.Ask(question, yes)
			}),
	}
	cmd.Flags().Int64Var(&position, "position", 0, "the event at this position")
	cmd.Flags().StringVar(&batch, "batch", "", "all events of the batch with this id")
	cmd.MarkFlagsOneRequired("position", "batch")
	cmd.MarkFlagsMutuallyExclusive("position", "batch")
	addWhy(cmd, &why)
	addYes(cmd, &yes)
	return cmd
}

func (a *app) writeVoided(answer *assentv1.VoidEventsResponse) error {
	if a.JSON() {
		return a.PrintMessage(answer)
	}
	if answer.GetEvents() == 0 {
		return a.Print("nothing to leave out: it was left out before\n")
	}
	return a.Print(fmt.Sprintf("left out: %s of %s\n", phrase.Count(answer.GetEvents(), "event"), phrase.Count(answer.GetSubjects(), "subject")))
}

// hold holds the commands about legal holds.
func (a *app) hold() *cobra.Command {
	return family("hold", "Keep an address from being erased, for a case at law: place or release", a.holdPlace(), a.holdRelease())
}

func (a *app) holdPlace() *cobra.Command {
	var why string
	var write writeFlags
	cmd := &cobra.Command{
		Use:   "place ADDRESS --justification TEXT",
		Short: "Place an address under a legal hold: its data is not erased or removed",
		Args:  cobra.ExactArgs(1),
		RunE: oneCall(a, assentv1.NewHistoryServiceClient, assentv1.HistoryServiceClient.PlaceLegalHold, writePlaced,
			func(args []string) (*assentv1.PlaceLegalHoldRequest, error) {
				address, err := a.Argument(args[0])
				return &assentv1.PlaceLegalHoldRequest{Address: address, Justification: why, RequestId: write.id()}, err
			}),
	}
	addWhy(cmd, &why)
	write.addRequestID(cmd)
	return cmd
}

func (a *app) holdRelease() *cobra.Command {
	var why string
	var write writeFlags
	cmd := &cobra.Command{
		Use:   "release ADDRESS --justification TEXT",
		Short: "Release the legal holds of an address",
		Args:  cobra.ExactArgs(1),
		RunE: oneCall(a, assentv1.NewHistoryServiceClient, assentv1.HistoryServiceClient.ReleaseLegalHold, writePlaced,
			func(args []string) (*assentv1.ReleaseLegalHoldRequest, error) {
				address, err := a.Argument(args[0])
				return &assentv1.ReleaseLegalHoldRequest{Address: address, Justification: why, RequestId: write.id()}, err
			}),
	}
	addWhy(cmd, &why)
	write.addRequestID(cmd)
	return cmd
}
