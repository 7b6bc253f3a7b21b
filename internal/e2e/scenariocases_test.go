package e2e

import (
	"io"
	"log/slog"
	"net/http"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/scenario"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/service/contacts"
)

// locally does something with the database itself, while no server runs.
func (db *database) locally(do func(local *server.Local) error) {
	db.t.Helper()
	local, err := server.OpenService(db.t.Context(), db.config(), server.Options{Logger: slog.New(slog.DiscardHandler), Now: db.clock, DatabaseNow: db.clock})
	if err != nil {
		db.t.Fatal(err)
	}
	if err := do(local); err != nil {
		db.t.Error(err)
	}
	if err := local.Close(); err != nil {
		db.t.Fatal(err)
	}
}

// wish notes how much marketing a person wants, as the page of the person does.
func (db *database) wish(c *scenario.Cap) {
	db.t.Helper()
	db.locally(func(local *server.Local) error {
		a, err := address.Parse(c.Address)
		if err != nil {
			return err
		}
		return local.SetPersonalCap(server.AsLocal(db.t.Context()), a, &contacts.PersonalCap{Max: c.Max, Per: c.Per})
	})
}

// deskOf hands in the cases of a scenario, and looks at what became of them.
type deskOf struct {
	t       *testing.T
	of      *scenario.Scenario
	r       *running
	client  assentv1.CaseServiceClient
	mails   assentv1.IntakeServiceClient
	numbers map[*scenario.Case]string
}

// newDeskOf states the absences of a scenario to a server.
func newDeskOf(t *testing.T, s *scenario.Scenario, r *running) *deskOf {
	t.Helper()
	d := &deskOf{t: t, of: s, numbers: map[*scenario.Case]string{}}
	d.use(r)
	for i := range s.Absences {
		a := &s.Absences[i]
		_, err := d.client.CreateAbsence(t.Context(), &assentv1.CreateAbsenceRequest{
			Department: a.Department, Member: a.Member, FromTime: timestamppb.New(a.From), UntilTime: timestamppb.New(a.Until), Deputy: a.Deputy,
		})
		if err != nil {
			t.Fatalf("line %d: %v", a.Line, err)
		}
	}
	return d
}

// use takes a server for the one to ask.
func (d *deskOf) use(r *running) {
	conn := dial(d.t, r.GRPC, r.key)
	d.r, d.client, d.mails = r, assentv1.NewCaseServiceClient(conn), assentv1.NewIntakeServiceClient(conn)
}

// play hands in the case of a step, or looks at it at one of its moments, and returns how often it was compared.
func (d *deskOf) play(s *step) int {
	d.t.Helper()
	if s.moment != nil {
		d.tell(s.moment.Line, "at a moment", s.moment.Compare(d.inCharge(s.kase), nil))
		return 1
	}
	number := d.open(s.kase)
	d.numbers[s.kase] = number
	if s.kase.Assign != "" {
		if _, err := d.client.AssignCase(d.t.Context(), &assentv1.AssignCaseRequest{Id: number, Assignee: s.kase.Assign}); err != nil {
			d.t.Fatalf("line %d: %v", s.kase.Line, err)
		}
	}
	d.tell(s.kase.Line, "through gRPC", s.kase.Compare(gotCase(d.get(number))))
	d.tell(s.kase.Line, "through REST", s.kase.Compare(gotCase(d.getREST(number))))
	return 2
}

func (d *deskOf) tell(line int, how string, differences []scenario.Difference) {
	d.t.Helper()
	for _, one := range differences {
		d.t.Errorf("%s:%d: %s: %s", d.of.File, line, how, one)
	}
}

// open hands a case in and returns its number.
func (d *deskOf) open(c *scenario.Case) string {
	d.t.Helper()
	if c.Letter != nil {
		answer, err := d.mails.SubmitMail(d.t.Context(), &assentv1.SubmitMailRequest{Mail: c.Mail(), EnvelopeFrom: c.Letter.From, EnvelopeTo: c.Letter.To})
		if err != nil || answer.GetCase().GetOutcome() != "opened" {
			d.t.Fatalf("line %d: %v, %v", c.Line, answer, err)
		}
		return answer.GetCase().GetId()
	}
	o := &c.Opened
	answer, err := d.client.OpenCase(d.t.Context(), &assentv1.OpenCaseRequest{
		Kind: string(o.Kind), Address: o.Address, Text: o.Text, ReceivedTime: timestamppb.New(c.At.Time()), Channel: o.Channel, SenderIdentity: o.SenderIdentity,
		Department: o.Department, Assignee: o.Assignee,
	})
	if err != nil {
		d.t.Fatalf("line %d: %v", c.Line, err)
	}
	return answer.GetCase().GetId()
}

func (d *deskOf) get(number string) *assentv1.Case {
	d.t.Helper()
	answer, err := d.client.GetCase(d.t.Context(), &assentv1.GetCaseRequest{Id: number})
	if err != nil {
		d.t.Fatal(err)
	}
	return answer.GetCase()
}

func (d *deskOf) getREST(number string) *assentv1.Case {
	d.t.Helper()
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, "http://"+d.r.HTTP+"/v1/cases/"+number, http.NoBody)
	if err != nil {
		d.t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	var answer assentv1.GetCaseResponse
	if err := protojson.Unmarshal(body, &answer); response.StatusCode != http.StatusOK || err != nil {
		d.t.Fatalf("%d, %v: %s", response.StatusCode, err, body)
	}
	return answer.GetCase()
}

// inCharge returns who is to act on a case now, as the case and its desk show it.
func (d *deskOf) inCharge(c *scenario.Case) []string {
	d.t.Helper()
	one := d.get(d.numbers[c])
	if one.GetDeputy() != "" {
		return []string{one.GetDeputy()}
	}
	answer, err := d.client.ListDesks(d.t.Context(), &assentv1.ListDesksRequest{Department: one.GetDepartment()})
	if err != nil {
		d.t.Fatal(err)
	}
	present := []string{}
	for _, desk := range answer.GetDesks() {
		for _, m := range desk.GetMembers() {
			switch {
			case desk.GetDepartment() != one.GetDepartment() || m.GetAwayUntilTime() != nil:
			case m.GetId() == one.GetAssignee():
				return []string{m.GetId()}
			default:
				present = append(present, m.GetId())
			}
		}
	}
	return present
}

// gotCase returns a case in the words of scenario files.
func gotCase(c *assentv1.Case) *scenario.GotCase {
	instant := func(t *timestamppb.Timestamp) consent.Instant {
		if t == nil {
			return 0
		}
		return consent.InstantOf(t.AsTime())
	}
	got := &scenario.GotCase{
		Department: c.GetDepartment(), Kind: c.GetKind(), Channel: c.GetChannel(), SenderIdentity: c.GetSenderIdentity(), Assignee: c.GetAssignee(),
		Due: instant(c.GetDueTime()), DueRule: c.GetDueRule(), LawDue: instant(c.GetLawDueTime()), LawDueRule: c.GetLawDueRule(),
	}
	for i, one := range c.GetCandidates() {
		if i == 0 {
			got.Evidence = one.GetEvidence()
		}
		got.Candidates = append(got.Candidates, one.GetDepartment())
	}
	return got
}
