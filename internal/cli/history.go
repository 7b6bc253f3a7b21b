package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/phrase"
)

// historyPage is how many events are asked for at once.
const historyPage = 500

// historyFlags narrow a history down.
type historyFlags struct {
	since, until value.Time
	kinds        []string
	channel      string
	actor        string
}

func (f *historyFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Var(&f.since, "since", "only what occurred at or after this time")
	flags.Var(&f.until, "until", "only what occurred before this time")
	flags.StringSliceVar(&f.kinds, "kind", nil, "only events of this kind: "+strings.Join(kinds(), ", ")+" (may be given several times)")
	flags.StringVar(&f.channel, "channel", "", "only events that name this channel, also as their scope")
	flags.StringVar(&f.actor, "actor", "", "only what the client with this id recorded")
	complete(cmd, "kind", kinds()...)
}

// kinds returns the words for what happened to an address.
func kinds() []string {
	var names []string
	for _, kind := range consent.Kinds() {
		if kind.HasSubject() {
			names = append(names, kind.String())
		}
	}
	return names
}

// request returns the call for the first page, and whether it asks for some events only.
func (f *historyFlags) request(address string) (in *assentv1.SearchHistoryRequest, some bool) {
	in = &assentv1.SearchHistoryRequest{
		Address: address, PageSize: historyPage, OccurredSinceTime: f.since.At, OccurredUntilTime: f.until.At, Kinds: f.kinds,
		Channel: f.channel, Actor: f.actor,
	}
	return in, f.since.At != nil || f.until.At != nil || len(f.kinds) > 0 || f.channel != "" || f.actor != ""
}

// history shows what was recorded about an address.
func (a *app) history() *cobra.Command {
	var f historyFlags
	var x exportFlags
	cmd := &cobra.Command{
		Use:   "history [ADDRESS]",
		Short: "Show or export what was recorded about an address",
		Long: "Show the events of an address by their position: its own, those of its other spellings that hold for it,\n" +
			"and those of its domain. With several filters, an event must match all of them. With --format json the events\n" +
			"are written as {\"events\": [...]}. text=withheld says that operator, note or justification were left out: a client of one\n" +
			"department reads such text only if a client of that department wrote it.\n\n" +
			"--format dossier (JSON), csv, html, jsonld or zip, without filters, writes an access report (GDPR Art. 15):\n" +
			"everything that is recorded about the address, in the language of --language (en or de). The zip has all forms and\n" +
			"the proofs of the ledger; ledger verify --file verifies it without a server or a database.\n\n" +
			"With --all it exports the events of the whole ledger, one line of JSON each, and the checkpoint last. --since and\n" +
			"--until select events by the time of occurrence.",
		Example: "  assent history anna@example.com --kind grant,withdraw --channel newsletter --since 2026-01-01T00:00:00Z\n" +
			"  assent history anna@example.com --format zip --language de --out auskunft.zip\n" +
			"  assent history --all --recorded-since 2026-01-01T00:00:00Z --out ledger.ndjson.gz",
		Args: cobra.MaximumNArgs(1),
	}
	f.add(cmd)
	x.add(cmd)
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		if err := x.check(cmd, args, &f, a.connection.Language); err != nil {
			return err
		}
		if x.all {
			return a.export(ctx, x.request("", &f), x.out)
		}
		address, err := a.Argument(args[0])
		if err != nil {
			return err
		}
		in, some := f.request(address)
		if x.searches() {
			a.Format.Value = x.format.Value
			return a.search(ctx, in, some)
		}
		return a.export(ctx, x.request(address, &f), x.out)
	})
	cmd.AddCommand(a.disclosures(), a.readers())
	return cmd
}

// search lists events.
func (a *app) search(ctx context.Context, in *assentv1.SearchHistoryRequest, some bool) error {
	return a.withServer(ctx, func(ctx context.Context, s *connect.Server) error {
		all := &assentv1.SearchHistoryResponse{}
		for more := true; more; more = in.GetPageToken() != "" {
			page, err := connect.CallAgain(ctx, s, assentv1.NewHistoryServiceClient(s).SearchHistory, in)
			if err != nil {
				return err
			}
			all.Events = append(all.Events, page.GetEvents()...)
			in.PageToken = page.GetNextPageToken()
		}
		return a.writeHistory(all, some)
	})
}

// writeHistory writes events; some says that they are those that fit the flags.
func (a *app) writeHistory(all *assentv1.SearchHistoryResponse, some bool) error {
	if a.JSON() {
		return a.PrintMessage(all)
	}
	if len(all.GetEvents()) == 0 && some {
		a.Notef("No event of this address matches.")
		return nil
	}
	if len(all.GetEvents()) == 0 {
		a.Notef("Nothing is recorded about this address.")
		return nil
	}
	return a.PrintTable(eventRows(all.GetEvents()))
}

// eventRows are the rows of a table of events.
func eventRows(events []*assentv1.Event) [][]string {
	rows := [][]string{{"POSITION", "OCCURRED", "RECORDED", "ACTOR", "EVENT", "FACTS"}}
	for _, e := range events {
		kind, facts := describeEvent(e)
		name := kind.String()
		if !kind.Known() {
			name = "unknown to this version of assent"
		}
		if e.GetEvidenceState() == assentv1.EvidenceState_EVIDENCE_STATE_DELETED {
			facts.add("evidence", "deleted")
		}
		if e.GetTextWithheld() {
			facts.add("text", "withheld")
		}
		facts.add("stands-for", strings.Join(texts(e.GetStandsFor()), ","))
		rows = append(rows, []string{
			fmt.Sprint(e.GetPosition()), value.Stamp(e.GetOccurredTime()), value.Stamp(e.GetRecordedTime()), e.GetActor(), name,
			strings.Join(facts, " "),
		})
	}
	return rows
}

// facts are the parts of an event that are set, as name=value.
type facts []string

func (f *facts) add(name, value string) {
	switch {
	case value == "":
	case strings.ContainsAny(value, " \t\n\"="):
		*f = append(*f, fmt.Sprintf("%s=%q", name, value))
	default:
		*f = append(*f, name+"="+value)
	}
}

func (f *facts) channels(ids ...string) { f.add("channels", strings.Join(ids, ",")) }

// evidence adds what is known about how the fact came about.
func (f *facts) evidence(e *assentv1.Evidence) {
	f.add("source", e.GetSource())
	f.add("confirmed", value.Stamp(e.GetConfirmedTime()))
	f.add("transaction", e.GetTransactionRef())
	if e.GetNoticeGiven() {
		f.add("notice", "given")
	}
	f.add("goods", strings.Join(e.GetGoods(), ","))
	f.add("document", e.GetDocumentRef())
	f.add("url", e.GetUrl())
	f.add("ip", e.GetIp())
	f.add("user-agent", e.GetUserAgent())
	f.add("operator", e.GetOperator())
	f.add("note", e.GetNote())
}

// describeEvent returns the kind of an event, zero for one that this version does not know, and its facts.
func describeEvent(e *assentv1.Event) (consent.Kind, facts) {
	var f facts
	switch fact := e.GetFact().(type) {
	case *assentv1.Event_Request:
		r := fact.Request
		f.add("address", r.GetAddress())
		f.channels(r.GetChannel())
		f.add("declaration", value.DeclarationName(r.GetDeclaration()))
		f.add("ends", value.Stamp(r.GetExpiresTime()))
		f.evidence(r.GetEvidence())
		return consent.KindRequest, f
	case *assentv1.Event_Grant:
		g := fact.Grant
		f.add("address", g.GetAddress())
		f.channels(g.GetChannels()...)
		f.add("basis", value.BasisName(g.GetLegalBasis()))
		f.add("declaration", value.DeclarationName(g.GetDeclaration()))
		f.add("expires", value.Stamp(g.GetExpiresTime()))
		f.evidence(g.GetEvidence())
		return consent.KindGrant, f
	case *assentv1.Event_Confirm:
		f.add("address", fact.Confirm.GetAddress())
		f.channels(fact.Confirm.GetChannel())
		f.evidence(fact.Confirm.GetEvidence())
		return consent.KindConfirm, f
	case *assentv1.Event_Mail:
		f.add("address", fact.Mail.GetAddress())
		f.channels(fact.Mail.GetChannel())
		return consent.KindMail, f
	case *assentv1.Event_Withdraw:
		return consent.KindWithdraw, refusalFacts(fact.Withdraw)
	case *assentv1.Event_Refuse:
		return consent.KindRefuse, refusalFacts(fact.Refuse)
	case *assentv1.Event_Suppress:
		return consent.KindSuppress, suppressionFacts(fact.Suppress)
	case *assentv1.Event_Lift:
		return consent.KindLift, liftFacts(fact.Lift)
	case *assentv1.Event_Erase:
		f.add("address", fact.Erase.GetAddress())
		f.add("why", fact.Erase.GetJustification())
		f.evidence(fact.Erase.GetEvidence())
		return consent.KindErase, f
	case *assentv1.Event_Catalog:
		f.add("version", fmt.Sprint(fact.Catalog.GetVersion()))
		return consent.KindCatalog, f
	default:
		return describeRights(e)
	}
}

// describeRights describes what is done for the rights of people.
func describeRights(e *assentv1.Event) (consent.Kind, facts) {
	var f facts
	switch fact := e.GetFact().(type) {
	case *assentv1.Event_Void:
		if position := fact.Void.GetPosition(); position != 0 {
			f.add("leaves-out-position", fmt.Sprint(position))
		}
		f.add("leaves-out-batch", fact.Void.GetBatchId())
		f.add("why", fact.Void.GetJustification())
		return consent.KindVoid, f
	case *assentv1.Event_Move:
		from, to := fact.Move.GetAddress(), fact.Move.GetOtherAddress()
		side := "away from this address"
		if fact.Move.GetSide() == assentv1.MoveSide_MOVE_SIDE_HERE {
			from, to, side = to, from, "to this address"
		}
		f.add("moved", side)
		f.add("from", from)
		f.add("to", to)
		f.add("why", fact.Move.GetJustification())
		return consent.KindMove, f
	case *assentv1.Event_Hold:
		f.add("why", fact.Hold.GetJustification())
		return consent.KindHold, f
	case *assentv1.Event_Release:
		f.add("why", fact.Release.GetJustification())
		return consent.KindRelease, f
	case *assentv1.Event_Removal:
		f.add("removed", fact.Removal.GetRemoved())
		f.add("until", value.Stamp(fact.Removal.GetUntilTime()))
		f.add("count", fmt.Sprint(fact.Removal.GetCount()))
		if n := fact.Removal.GetPositionCount(); n != 0 {
			f.add("evidence-of", phrase.Count(n, "event"))
		}
		return consent.KindRemoval, f
	default:
		return 0, f
	}
}

func refusalFacts(r *assentv1.Refusal) facts {
	var f facts
	f.add("address", r.GetAddress())
	f.channels(r.GetChannels()...)
	if r.GetAllMarketing() {
		f.channels("*")
	}
	f.evidence(r.GetEvidence())
	return f
}

func suppressionFacts(s *assentv1.Suppression) facts {
	var f facts
	f.add("address", s.GetAddress())
	f.add("domain", s.GetDomain())
	f.add("reason", s.GetReason())
	f.add("scope", s.GetScope())
	f.add("until", value.Stamp(s.GetUntilTime()))
	f.add("list", s.GetList())
	f.add("binds", s.GetBinds())
	f.add("why", s.GetJustification())
	f.evidence(s.GetEvidence())
	return f
}

func liftFacts(l *assentv1.Lift) facts {
	var f facts
	f.add("address", l.GetAddress())
	f.add("domain", l.GetDomain())
	f.add("reason", l.GetReason())
	f.add("scope", l.GetScope())
	f.add("list", l.GetList())
	f.add("why", l.GetJustification())
	f.evidence(l.GetEvidence())
	return f
}
