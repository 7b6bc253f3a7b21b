package e2e

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/scenario"
	"github.com/assent-io/assent/internal/testkit"
)

// Every scenario is played in time order on each store and asked strictly through gRPC at its times where the clock can follow;
// then, with everything recorded, as of its times through gRPC and REST.
func TestScenarios_ThroughEverySurface(t *testing.T) {
	files, err := scenario.Find([]string{"../../examples/scenarios", "../scenario/testdata"})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	eachStore(t, func(t *testing.T, _ *database) {
		kind := filepath.Base(t.Name())
		strict := 0
		for _, file := range files {
			scenarios, err := scenario.Load(file)
			if err != nil {
				t.Fatal(err)
			}
			for i := range scenarios {
				s := &scenarios[i]
				t.Run(fmt.Sprintf("%s:%d", filepath.Base(file), s.Line), func(t *testing.T) { strict += play(t, kind, s) })
			}
		}
		if strict == 0 {
			t.Error("no check was asked strictly")
		}
		t.Logf("%d checks were asked strictly", strict)
	})
}

// step is an event to record, or a check to ask, when the clock shows its time.
type step struct {
	at    consent.Instant
	event *scenario.Event
	check *scenario.Check

	report *scenario.Report
	wish   *scenario.Cap
	kase   *scenario.Case
	moment *scenario.Moment // of the case

	list    *scenario.List // with the version that comes into force
	version *scenario.ListVersion
}

// steps puts a scenario into the order in which it can be played. A fact that names a later confirmation can only be recorded
// then; what is asked in between is left out and asked as of its time.
func steps(s *scenario.Scenario) []step {
	var list []step
	for i := range s.Lists {
		for k := range s.Lists[i].Versions {
			v := &s.Lists[i].Versions[k]
			list = append(list, step{at: v.At, list: &s.Lists[i], version: v})
		}
	}
	for i := range s.Events {
		st := &s.Events[i].Statement
		list = append(list, step{at: max(st.Occurred, st.Confirmed), event: &s.Events[i]})
	}
	for i := range s.Reports {
		list = append(list, step{at: s.Reports[i].At, report: &s.Reports[i]})
	}
	for i := range s.Caps {
		list = append(list, step{at: s.Caps[i].At, wish: &s.Caps[i]})
	}
	for i := range s.Cases {
		c := &s.Cases[i]
		list = append(list, step{at: c.At, kase: c})
		for k := range c.Expect.Moments {
			list = append(list, step{at: c.Expect.Moments[k].At, kase: c, moment: &c.Expect.Moments[k]})
		}
	}
	for i := range s.Checks {
		check := &s.Checks[i]
		// A check of now is for sending, with the limits of that.
		limits := s.Catalog.Limits(check.Request.Channel)
		if (check.Operational || limits.IsZero() && s.Catalog.Sends.Clearing != campaign.ClearingRequired) && !slices.ContainsFunc(s.Events, func(e scenario.Event) bool {
			return e.Statement.Occurred <= check.At && e.Statement.Confirmed > check.At
		}) {
			list = append(list, step{at: check.At, check: check})
		}
	}
	kind := func(s step) int { // Of one instant, what happened before what is asked, and cases after that.
		switch {
		case s.moment != nil:
			return 3
		case s.kase != nil:
			return 2
		case s.check != nil:
			return 1
		default:
			return 0
		}
	}
	slices.SortStableFunc(list, func(a, b step) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(kind(a), kind(b))) })
	return list
}

// play runs a scenario and returns how many of its checks were asked strictly.
func play(t *testing.T, kind string, s *scenario.Scenario) (strict int) {
	t.Helper()
	played := steps(s)
	clock := testkit.NewClock(played[0].at.Time().Add(-time.Hour))
	db := newDatabase(t, kind)
	// What is asked has nothing to do with clients, and to make one in PostgreSQL takes as long as a server.
	db.clock, db.catalog, db.open = clock.Now, filepath.Join(db.dir, "catalog.yaml"), true
	if err := os.WriteFile(db.catalog, s.CatalogDocument, 0o600); err != nil {
		t.Fatal(err)
	}
	r := db.serve(clock.Now)
	if len(s.Sends) > 0 {
		r.stop() // A SQLite file has one program.
		db.planSends(s)
		r = db.serve(clock.Now)
	}
	c := assentv1.NewConsentServiceClient(dial(t, r.GRPC, r.key))
	desk := newDeskOf(t, s, r)
	for _, step := range played {
		clock.Set(step.at.Time())
		if step.wish != nil {
			r.stop()
			db.wish(step.wish)
			r = db.serve(clock.Now)
			c = assentv1.NewConsentServiceClient(dial(t, r.GRPC, r.key))
			desk.use(r)
			continue
		}
		if step.kase != nil {
			strict += desk.play(&step)
			continue
		}
		if step.list != nil {
			activateList(t, assentv1.NewExternalListServiceClient(dial(t, r.GRPC, r.key)), &step)
			continue
		}
		if step.event != nil {
			recordEvent(t, c, step.event)
			continue
		}
		if step.report != nil {
			reportSent(t, assentv1.NewContactServiceClient(dial(t, r.GRPC, r.key)), step.report)
			continue
		}
		got, decided := askStrictly(t, c, step.check)
		if decided != nil && !decided.AsTime().Equal(step.at.Time()) {
			continue // Several events of one instant moved the ledger's time a few microseconds past it.
		}
		strict++
		report(t, "strictly through gRPC", s, step.check, got)
		if step.check.Send != "" {
			report(t, "strictly through REST, asked again", s, step.check, askREST(t, r, step.check, nil))
		}
	}
	last := played[len(played)-1].at
	for i := range s.Checks {
		last = max(last, s.Checks[i].At)
	}
	clock.Set(last.Time().Add(time.Hour))
	for i := range s.Checks {
		check := &s.Checks[i]
		if check.Send != "" {
			continue // What was reserved then may have been sent or released since.
		}
		asOf := timestamppb.New(check.At.Time())
		got, _ := askGRPC(t.Context(), c, check, asOf)
		report(t, "as of its time through gRPC", s, check, got)
		report(t, "as of its time through REST", s, check, askREST(t, r, check, asOf))
	}
	r.stop()
	return strict
}

func report(t *testing.T, how string, s *scenario.Scenario, check *scenario.Check, got scenario.Got) {
	t.Helper()
	for _, d := range check.Expect.Compare(got) {
		t.Errorf("%s:%d: %s: %s", s.File, check.Line, how, d)
	}
}

func recordEvent(t *testing.T, c assentv1.ConsentServiceClient, e *scenario.Event) {
	t.Helper()
	answer, err := c.BatchRecordEvents(t.Context(), &assentv1.BatchRecordEventsRequest{Events: []*assentv1.EventInput{input(&e.Statement)}})
	if err != nil {
		t.Fatalf("line %d: %v", e.Line, err)
	}
	if wrong := answer.GetResults()[0].GetError(); wrong != nil {
		t.Fatalf("line %d: %s: %s", e.Line, wrong.GetReason(), wrong.GetMessage())
	}
}

func checkRequest(check *scenario.Check, asOf *timestamppb.Timestamp) *assentv1.CheckConsentRequest {
	return &assentv1.CheckConsentRequest{
		Address: check.Address, Channel: check.Request.Channel, SenderIdentity: check.Request.Sender,
		Reference: check.Request.Reference, ContainsAdvertising: check.Request.Advertising, AsOf: asOf,
		Operational: check.Operational && asOf != nil, Send: check.Send,
	}
}

// askStrictly asks a check until its answer is for sending, and returns it with the time that it was decided for; nil where it was an error.
// A DENY that is not for sending, given while the database takes its time, may lack what was recorded last.
func askStrictly(t *testing.T, c assentv1.ConsentServiceClient, check *scenario.Check) (got scenario.Got, decided *timestamppb.Timestamp) {
	t.Helper()
	testkit.Eventually(t, 20*time.Second, "the answer is for sending", func() bool {
		var d *assentv1.Decision
		got, d = askGRPC(t.Context(), c, check, nil)
		decided = d.GetDecidedTime()
		return d == nil || d.GetForSending()
	})
	return got, decided
}

// askGRPC asks a check and returns the answer, and the decision itself; nil where it was an error.
func askGRPC(
	ctx context.Context, c assentv1.ConsentServiceClient, check *scenario.Check, asOf *timestamppb.Timestamp,
) (scenario.Got, *assentv1.Decision) {
	answer, err := c.CheckConsent(ctx, checkRequest(check, asOf))
	if err != nil {
		for _, detail := range status.Convert(err).Details() {
			if info, ok := detail.(*errdetails.ErrorInfo); ok {
				return scenario.GotError(info.GetReason()), nil
			}
		}
		return scenario.GotError(err.Error()), nil
	}
	return gotOf(answer.GetDecision()), answer.GetDecision()
}

func askREST(t *testing.T, r *running, check *scenario.Check, asOf *timestamppb.Timestamp) scenario.Got {
	t.Helper()
	body, err := protojson.Marshal(checkRequest(check, asOf))
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.HTTP+"/v1/consent:check", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		return gotProblem(t, data)
	}
	var response assentv1.CheckConsentResponse
	if err := protojson.Unmarshal(data, &response); err != nil {
		t.Fatal(err)
	}
	return gotOf(response.GetDecision())
}

func gotProblem(t *testing.T, data []byte) scenario.Got {
	t.Helper()
	var problem rpcstatus.Status
	if err := protojson.Unmarshal(data, &problem); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	for _, detail := range problem.GetDetails() {
		var info errdetails.ErrorInfo
		if detail.MessageIs(&info) && detail.UnmarshalTo(&info) == nil {
			return scenario.GotError(info.GetReason())
		}
	}
	return scenario.GotError(string(data))
}

// gotOf returns a decision in the words of scenario files.
func gotOf(d *assentv1.Decision) scenario.Got {
	got := scenario.Got{
		Verdict: strings.TrimPrefix(d.GetVerdict().String(), "VERDICT_"), Reason: d.GetReason(), Reasons: d.GetReasons(),
		SenderIdentity: d.GetSenderIdentity().GetId(), SenderAddress: d.GetSenderIdentity().GetFromAddress(),
		Obligations: d.GetObligations(),
	}
	if d.GetRetryTime() != nil {
		got.Retry = consent.InstantOf(d.GetRetryTime().AsTime())
	}
	if d.GetLegalBasis() != assentv1.LegalBasis_LEGAL_BASIS_UNSPECIFIED {
		got.LegalBasis = strings.ToLower(strings.TrimPrefix(d.GetLegalBasis().String(), "LEGAL_BASIS_"))
	}
	if d.GetAbout() != assentv1.About_ABOUT_UNSPECIFIED {
		got.About = strings.ToLower(strings.TrimPrefix(d.GetAbout().String(), "ABOUT_"))
	}
	return got
}

// input returns a statement as a call states it.
func input(s *statement.Statement) *assentv1.EventInput {
	in := &assentv1.EventInput{OccurredTime: timestamppb.New(s.Occurred.Time())}
	evidence := &assentv1.Evidence{
		Source: s.Source, Url: s.URL, Ip: s.IP, UserAgent: s.UserAgent, TransactionRef: s.TransactionID, NoticeGiven: s.Notice,
		Goods: s.Goods, DocumentRef: s.DocumentRef, Operator: s.Operator, Note: s.Note, ConfirmedTime: moment(s.Confirmed),
		Notice: declarationOf(s.NoticeShown),
	}
	declaration := declarationOf(s.Declaration)
	refusal := &assentv1.Refusal{
		Address: s.Address, Channels: s.Channels, AllMarketing: s.AllMarketing, Declaration: declaration, Evidence: evidence,
	}
	link := &assentv1.Link{Address: s.Address, OtherAddress: s.With, Justification: s.Justification, Evidence: evidence}
	switch s.Kind {
	case consent.KindRequest:
		in.Fact = &assentv1.EventInput_Request{Request: &assentv1.Request{
			Address: s.Address, Channel: s.Channels[0], Declaration: declaration, Evidence: evidence,
		}}
	case consent.KindConfirm:
		in.Fact = &assentv1.EventInput_Confirm{Confirm: &assentv1.Confirmation{Address: s.Address, Channel: s.Channels[0], Evidence: evidence}}
	case consent.KindGrant:
		in.Fact = &assentv1.EventInput_Grant{Grant: &assentv1.Grant{
			Address: s.Address, Channels: s.Channels, LegalBasis: basisOf(s.Basis), Declaration: declaration, Evidence: evidence,
			ExpiresTime: moment(s.Expires),
		}}
	case consent.KindWithdraw:
		in.Fact = &assentv1.EventInput_Withdraw{Withdraw: refusal}
	case consent.KindRefuse:
		in.Fact = &assentv1.EventInput_Refuse{Refuse: refusal}
	case consent.KindSuppress:
		suppression := &assentv1.Suppression{
			Reason: string(s.Reason), Scope: string(s.Scope), UntilTime: moment(s.Expires), List: s.List, Binds: string(s.Binds),
			Justification: s.Justification, Evidence: evidence, Target: &assentv1.Suppression_Address{Address: s.Address},
		}
		if s.Domain != "" {
			suppression.Target = &assentv1.Suppression_Domain{Domain: s.Domain}
		}
		in.Fact = &assentv1.EventInput_Suppress{Suppress: suppression}
	case consent.KindLift:
		lift := &assentv1.Lift{
			Reason: string(s.Reason), Scope: string(s.Scope), List: s.List, Justification: s.Justification, Evidence: evidence,
			InformedTime: moment(s.Informed), Target: &assentv1.Lift_Address{Address: s.Address},
		}
		if s.Domain != "" {
			lift.Target = &assentv1.Lift_Domain{Domain: s.Domain}
		}
		in.Fact = &assentv1.EventInput_Lift{Lift: lift}
	case consent.KindLink:
		in.Fact = &assentv1.EventInput_Link{Link: link}
	case consent.KindUnlink:
		in.Fact = &assentv1.EventInput_Unlink{Unlink: link}
	case consent.KindErase:
		in.Fact = &assentv1.EventInput_Erase{Erase: &assentv1.Erasure{Address: s.Address, Justification: s.Justification, Evidence: evidence}}
	default:
	}
	return in
}

func declarationOf(d consent.Declaration) *assentv1.DeclarationRef {
	if d.IsZero() {
		return nil
	}
	return &assentv1.DeclarationRef{Id: d.ID, Version: d.Version}
}

func moment(i consent.Instant) *timestamppb.Timestamp {
	if i == 0 {
		return nil
	}
	return timestamppb.New(i.Time())
}

func basisOf(b catalog.Basis) assentv1.LegalBasis {
	return assentv1.LegalBasis(assentv1.LegalBasis_value["LEGAL_BASIS_"+strings.ToUpper(string(b))])
}

// activateList uploads and activates a version of an external list, the first with the list.
func activateList(t *testing.T, c assentv1.ExternalListServiceClient, s *step) {
	t.Helper()
	form, file := s.version.Upload()
	in := &assentv1.CreateExternalListRequest{
		Id: s.list.ID, Name: s.list.ID, Binds: string(s.list.Binds), Form: string(form), WhenStale: "ignore",
	}
	if s.list.StaleDenies {
		in.WhenStale = "deny"
	}
	if !s.list.Freshness.IsZero() {
		in.Freshness = s.list.Freshness.String()
	}
	if s.version == &s.list.Versions[0] {
		if _, err := c.CreateExternalList(t.Context(), in); err != nil {
			t.Fatalf("create a list: %v", err)
		}
	}
	stream, err := c.UploadExternalListVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	first := &assentv1.UploadExternalListVersionRequest{List: s.list.ID, ObtainedTime: timestamppb.New(s.version.Obtained.Time()), Part: file[:1]}
	if err := stream.Send(first); err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&assentv1.UploadExternalListVersionRequest{Part: file[1:]}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.CloseAndRecv(); err != nil {
		t.Fatalf("upload a list: %v", err)
	}
	if _, err := c.ActivateExternalListVersion(t.Context(), &assentv1.ActivateExternalListVersionRequest{List: s.list.ID, Confirm: true}); err != nil {
		t.Fatalf("activate a list: %v", err)
	}
}
