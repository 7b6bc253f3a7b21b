package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/testkit"
)

// house is a company whose departments act by the command line, each with its own key, while the clock of the server stands still between what they do.
type house struct {
	*running
	t     *testing.T
	db    *database
	clock *testkit.Clock
	keys  map[string]string // by client
}

// newHouse runs a server of the example company in which every send has to be cleared and a person gets one message of marketing a week.
func newHouse(t *testing.T, kind string, begin time.Time) *house {
	t.Helper()
	s := &house{t: t, db: newDatabase(t, kind), clock: testkit.NewClock(begin), keys: map[string]string{}}
	s.db.clock = s.clock.Now
	s.db.catalog = s.file("catalog.yaml", s.catalog())
	s.running = s.db.serve(s.clock.Now)
	s.keys["admin"] = s.key
	for _, c := range [][]string{
		{"marketing", "--department", "marketing", "--role", "sender"},
		{"newsletter-desk", "--department", "newsletter-desk", "--role", "sender"},
		{"officer", "--all-departments", "--role", "officer"},
		{"max", "--department", "marketing", "--scope", "cases,check"},
		{"nora", "--department", "newsletter-desk", "--scope", "cases"},
	} {
		s.keys[c[0]] = strings.Fields(s.does("admin", append([]string{"clients", "create", "--id"}, c...)...))[0]
	}
	return s
}

// catalog returns the catalog of the house.
func (s *house) catalog() string {
	s.t.Helper()
	acme, err := os.ReadFile(acmeCatalog)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(acme) + "\nsends: {clearing: required, comment_within: P1D}\npressure: [{id: weekly, max: 1, per: P7D}]\n"
}

// file writes a file into the folder of the house and returns its path.
func (s *house) file(name, text string) string {
	s.t.Helper()
	return write(s.t, filepath.Join(s.db.dir, name), text)
}

// at moves the clock.
func (s *house) at(moment string) {
	s.t.Helper()
	when, err := time.Parse(time.RFC3339, moment)
	if err != nil || !when.After(s.clock.Now()) {
		s.t.Fatalf("the time %s is none, or not later than %s: %v", moment, s.clock.Now(), err)
	}
	s.clock.Set(when)
}

// does runs a command as a client and returns what it wrote. The command must succeed.
func (s *house) does(client string, args ...string) string {
	s.t.Helper()
	return s.ends(client, 0, args...)
}

// ends runs a command as a client, which ends with a code, and returns what it wrote: standard output, then standard error.
func (s *house) ends(client string, want int, args ...string) string {
	s.t.Helper()
	code, stdout, stderr := command(s.t, s.GRPC, s.keys[client], args...)
	s.clock.Advance(time.Second)
	if code != want {
		s.t.Fatalf("%s: %v: exit %d, want %d\n%s%s", client, args, code, want, stdout, stderr)
	}
	return stdout + stderr
}

// says holds a text to what must stand in it.
func (s *house) says(text string, wants ...string) {
	s.t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			s.t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
}

// The case that Assent is made for, and how it ends with it. Marketing's sender looks like the newsletter's: the catalog is refused. Its mailing
// would reach those who left the newsletter: the preview counts them, the newsletter desk objects, the officer decides, and a check stops those
// with no consent of their own. One with such a consent complains to the newsletter's mailbox, over a weekend with a holiday on which the clock is
// put forward, while the member it falls to is away: it is answered in time by the deputy of the desk that sent, and the objection holds.
func TestNewsletterLeavers_FromTwoSendsToTheFiguresOfTheDesk(t *testing.T) {
	eachStore(t, func(t *testing.T, _ *database) {
		s := newHouse(t, filepath.Base(t.Name()), time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC))
		s.lookAlikes()
		s.people()
		s.plans()
		s.goesOut()
		number := s.complains()
		s.isAnswered(number)
		s.figures()
	})
}

// lookAlikes tries to name marketing's sender like the newsletter's.
func (s *house) lookAlikes() {
	s.t.Helper()
	own := `from: {name: "Products at Acme GmbH", address: products@offers.acme.example}`
	twin := `from: {name: "Acme Weekly News", address: products@offers.acme.example}`
	if !strings.Contains(s.catalog(), own) {
		s.t.Fatal("the example's sender of marketing is another one")
	}
	looksAlike := strings.Replace(s.catalog(), own, twin, 1)
	refused := s.ends("admin", 1, "catalog", "apply", s.file("alike.yaml", looksAlike))
	s.says(refused, "acme-newsletter", "acme-marketing", "lookalike_accepted")
	accepted := strings.Replace(looksAlike, twin, twin+"\n    lookalike_accepted: {with: acme-newsletter, justification: both are read as one house}", 1)
	s.does("admin", "catalog", "apply", s.file("accepted.yaml", accepted))
	s.does("admin", "catalog", "apply", s.file("mended.yaml", s.catalog()))
}

// people gives the company its readers and customers, of whom some leave the newsletter.
func (s *house) people() {
	s.t.Helper()
	consents := func(who string) {
		s.does("admin", "grant", who+"@example.com", "--channel", "newsletter", "--channel", "product-marketing", "--legal-basis", "consent",
			"--declaration", "all-news@3", "--source", "web_form", "--occurred-time", "2026-06-01T08:00:00Z", "--confirmed-time", "2026-06-01T08:00:00Z")
	}
	leaves := func(who, at string) {
		s.does("admin", "withdraw", who+"@example.com", "--channel", "newsletter", "--occurred-time", at)
	}
	for _, who := range []string{"anna", "clara", "dora"} {
		consents(who)
	}
	s.does("admin", "grant", "bert@example.com", "--channel", "newsletter", "--legal-basis", "consent", "--declaration", "newsletter-signup@2026-01",
		"--source", "web_form", "--occurred-time", "2026-06-01T08:00:00Z", "--confirmed-time", "2026-06-01T08:00:00Z")
	s.does("admin", "grant", "bert@example.com", "--channel", "product-marketing", "--legal-basis", "existing_customer", "--transaction-ref", "order-7",
		"--notice-given", "--goods", "coffee", "--source", "api", "--occurred-time", "2026-09-01T08:00:00Z")
	leaves("anna", "2027-02-20T08:00:00Z")
	leaves("bert", "2027-02-25T08:00:00Z")
	leaves("clara", "2026-12-01T08:00:00Z") // Not of late.
}

// plans plans the mailings of both departments for the same hours, and has them cleared.
func (s *house) plans() {
	s.t.Helper()
	window := []string{"--from", "2027-03-18T08:00:00Z", "--until", "2027-03-18T18:00:00Z"}
	s.at("2027-03-15T08:00:00Z")
	plan := func(client, id, channel, priority string) {
		s.does(client, append([]string{"sends", "plan", id, "--channel", channel, "--subject", id, "--priority", priority}, window...)...)
	}
	plan("newsletter-desk", "spring-issue", "newsletter", "60")
	plan("marketing", "spring-products", "product-marketing", "40")
	s.ends("marketing", 1, "sends", "plan", "theirs", "--channel", "newsletter", "--subject", "no", "--from", "2027-03-18T08:00:00Z", "--until", "2027-03-18T18:00:00Z")
	readers := s.file("readers.csv", "address\ndora@example.com\n")
	s.does("newsletter-desk", "sends", "preview", "spring-issue", "--file", readers, "--reserve")
	audience := s.file("audience.csv", "address\nanna@example.com\nbert@example.com\nclara@example.com\ndora@example.com\nemil@example.com\n")
	s.says(s.does("marketing", "sends", "preview", "spring-products", "--file", audience),
		"2 left a channel of another department within 30 days", "have until 2027-03-16T08:00Z to comment: newsletter-desk", "spring-issue")
	s.says(s.does("officer", "notices", "--department", "newsletter-desk"), "spring-products")
	s.does("newsletter-desk", "sends", "comment", "spring-products", "Two of them left us.", "--objection")
	s.says(s.ends("marketing", 1, "sends", "clear", "spring-products", "--reason", "Ours."), "SCOPE_MISSING")
	s.at("2027-03-18T08:30:00Z") // The time for comments has passed: silence clears the one, but not the other.
	s.says(s.ends("marketing", 3, "check", "clara@example.com", "--channel", "product-marketing", "--send", "spring-products"), "SEND_NOT_CLEARED")
	s.does("officer", "sends", "clear", "spring-products", "--reason", "Checks stop those who left and are mere customers.")
	s.says(s.does("officer", "sends", "show", "spring-products"), "cleared", "Two of them left us.")
}

// goesOut asks about the audience, and sends to those who may be written to.
func (s *house) goesOut() {
	s.t.Helper()
	s.says(s.does("newsletter-desk", "check", "dora@example.com", "--channel", "newsletter", "--send", "spring-issue"), "ALLOW_CONSENT")
	allowed, denied := filepath.Join(s.db.dir, "allowed.csv"), filepath.Join(s.db.dir, "denied.csv")
	counts := s.does("marketing", "check", "--file", filepath.Join(s.db.dir, "audience.csv"), "--channel", "product-marketing", "--send", "spring-products",
		"--out", allowed, "--denied", denied)
	s.says(counts, "ALLOW_CONSENT", "HONOURED_REFUSAL", "CONTACT_PRESSURE", "NO_LEGAL_BASIS")
	rows, err := os.ReadFile(allowed)
	if err != nil || strings.Count(string(rows), "\n") != 3 {
		s.t.Fatalf("%v, allowed:\n%s", err, rows)
	}
	s.says(string(rows), "anna@example.com,ALLOW_CONSENT", "clara@example.com,ALLOW_CONSENT")
	s.does("marketing", "sends", "start", "spring-products")
	s.does("marketing", "sends", "report", "spring-products", s.file("sent.csv",
		"address,time\nanna@example.com,2027-03-18T08:30:00Z\nclara@example.com,2027-03-18T08:30:00Z\n"))
	s.does("marketing", "sends", "finish", "spring-products")
}

// complains hands in the complaint of a person who left the newsletter, sent to the newsletter's mailbox, and returns the number of the case.
func (s *house) complains() string {
	s.t.Helper()
	s.at("2027-03-24T08:00:00Z")
	s.does("max", "desks", "absences", "add", "--department", "marketing", "--member", "mara", "--until", "2027-04-05T00:00:00+02:00", "--deputy", "max")
	s.at("2027-03-26T14:00:00Z") // The Friday before Easter, three in the afternoon.
	taken := s.does("admin", "intake", "mail", s.file("letter.eml", "Return-Path: <anna@example.com>\nDelivered-To: redaktion@acme.example\n"+
		"From: Anna <anna@example.com>\nTo: redaktion@acme.example\nSubject: Why do I get this?\nMessage-ID: <1@example.com>\n"+
		"Content-Type: text/plain; charset=utf-8\n\nI left you in February, and you still write to me. This is a complaint.\n"))
	number := numberOf(s.t, s.does("max", "cases", "list"))
	s.says(taken, number, "marketing")
	s.ends("nora", 1, "cases", "show", number) // It is no longer the newsletter desk's.
	shown := s.does("max", "cases", "show", number)
	// From Friday 15:00 in winter time to Tuesday 15:00 in summer time: Monday is a holiday.
	s.says(shown, "complaint, open", "by contact 2027-03-18T08:30:00Z", "newsletter-desk, -, by mailbox", "answer_within:P1D", "2027-03-30T13:00:00Z")
	s.says(s.does("max", "cases", "assign", number, "mara"), "assigned to mara, who is away: max stands in")
	s.says(s.does("max", "notices", "--recipient", "max"), "case assigned", number)
	return number
}

// isAnswered has the deputy answer the case by a mail of which a copy comes in, and close it with the objection of the person.
func (s *house) isAnswered(number string) {
	s.t.Helper()
	s.at("2027-03-30T08:00:00Z")
	s.says(s.does("max", "cases", "draft", number, "--language", "en"), "[Case "+number+"]", "consent")
	s.does("admin", "intake", "mail", s.file("answer.eml", "Return-Path: <max.wolf@acme.example>\nDelivered-To: assent@acme.example\n"+
		"From: Max <max.wolf@acme.example>\nTo: anna@example.com\nSubject: Re: Why do I get this? [Case "+number+"]\nMessage-ID: <2@acme.example>\n"+
		"In-Reply-To: <1@example.com>\nContent-Type: text/plain; charset=utf-8\n\nYou had agreed to product mail, too. It has ended now.\n"))
	s.says(s.does("max", "cases", "show", number), "complaint, answered")
	check := []string{"check", "anna@example.com", "--channel", "product-marketing"}
	s.says(s.ends("marketing", 3, check...), "DEFER", "SEND_NOT_CLEARED") // It would be allowed in another send.
	s.does("officer", "cases", "close", number, "--outcome", "rule_wrong", "--objection", "marketing")
	s.says(s.does("max", "cases", "show", number), "complaint, closed")
	s.at("2027-03-30T08:10:00Z")
	s.says(s.ends("marketing", 3, check...), "DENY", "OBJECTION")
}

// figures looks at what the desk and the sender identity did.
func (s *house) figures() {
	s.t.Helper()
	text := s.does("officer", "cases", "figures", "--since", "2027-03-01T00:00:00Z", "--before", "2027-03-30T08:20:00Z")
	spaces := regexp.MustCompile(` {2,}`)
	// Columns: cases, answered, the same day, in time, overdue, times to the answer, complaints, for 1,000 messages.
	s.says(spaces.ReplaceAllString(text, " "), "desk of marketing 1 1 0 1 0 90h0m0s 90h0m0s 1 -\n",
		"sender acme-marketing 1 1 0 1 0 90h0m0s 90h0m0s 1 500.00 (0.3 % or more)\n")
}
