package follower_test

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // The form of external lists.
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/client/follower"
	"github.com/assent-io/assent/examples"
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/extlists"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/txn"
)

// story is a random life of a database with its servers.
type story struct {
	*world
	dice     *rand.Rand
	accepted map[string]int // steps by name
	log      []line
	erased   map[string]bool   // folded forms of which an address was ever erased
	times    []consent.Instant // at which something began to count or ended
	bounced  map[string]bool   // domains
	backup   []byte
	batches  uint8

	suppressed []statement.Statement
	quiet      bool // only rules come and go, one by one
}

// line is what was done, for a person who looks for a fault.
type line struct {
	text   string
	folded []string // forms of those whom it is about; none: of all
}

// did notes a step.
func (o *story) did(name string, err error, about ...string) {
	l := line{text: fmt.Sprintf("%s %d %s %v", o.clock.Now().Format(time.RFC3339), o.position(), name, about)}
	for _, address := range about {
		if forms, err := follower.FormsOf(address); err == nil {
			l.folded = append(l.folded, forms.Folded)
		}
	}
	if err != nil {
		l.text += " refused: " + err.Error()
	}
	o.log = append(o.log, l)
}

// about returns the log about an address.
func (o *story) about(address string) string {
	var lines []string
	folded := must(follower.FormsOf(address))(o.t).Folded
	for i := range o.log {
		if l := &o.log[i]; len(l.folded) == 0 || slices.Contains(l.folded, folded) {
			lines = append(lines, l.text)
		}
	}
	return strings.Join(lines, "\n")
}

// erase notes that an address may have been erased.
func (o *story) erase(address string) {
	o.erased[must(follower.FormsOf(address))(o.t).Folded] = true
}

// mailboxes are names with all their spellings; those of a line are one mailbox each. The last ones are never written to.
func spellings() []string {
	return []string{
		"anna@gmail.com", "an.na@gmail.com", "Anna+shop@gmail.com", "anna@googlemail.com",
		"berta@example.at", "Berta@Example.AT", "berta+news@example.at",
		"carla@mail.firma.example", "dora@firma.example", "dora+x@outlook.com", "dora@outlook.com",
		"noreply@firma.example", "abuse+x@example.at", "jürgen@müller.at", "juergen@xn--mller-kva.at",
		"emil@sub.mail.firma.example", "frieda@proton.me", "fr.ieda@proton.me",
	}
}

func strangers() []string {
	return []string{"a.n.n.a+z@gmail.com", "zoe@example.at", "zoe@firma.example", "postmaster@gmail.com", "zoe+1@mail.firma.example", "zoe@other.example", "still@plain.example"}
}

func domains() []string {
	return []string{"firma.example", "mail.firma.example", "example.at", "other.example"}
}

// catalogs are versions of the acme catalog that decide otherwise on some channel.
func catalogs() []string {
	data, err := examples.Files.ReadFile("catalogs/acme.yaml")
	if err != nil {
		panic(err)
	}
	edit := func(text string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(text) }
	base := edit(string(data), `reference_pattern: "order-[0-9]+"`, "reference_pattern: \"order-[0-9]+\"\n    refusable: true")
	return []string{
		base,
		edit(base, "double_opt_in: required", "double_opt_in: optional"),
		edit(base, "consent_lapses_after: P24M", "consent_lapses_after: P1M"),
		edit(base, "    honours: [newsletter] ", "    #"),
		edit(base, "    legal_bases: [consent, existing_customer, terms]", "    legal_bases: [consent, existing_customer]"),
		edit(base, "    sender_identities: [acme-marketing]", "    retired: true\n    sender_identities: [acme-marketing]"),
		edit(base, "\npolicy:\n", "\npolicy:\n  retention: {evidence: P2D, requests: P2D, hard_bounces: P3D}\n"),
		edit(base, "name: Acme GmbH", "name: Acme AG"), // Decides nothing.
		base + "quiet_hours:\n  - {zone: Europe/Vienna, from: 20:00, until: 15:00}\n",
	}
}

func (o *story) pick(from []string) string { return from[o.dice.IntN(len(from))] }

func (o *story) service() *service.Service { return o.nodes[o.dice.IntN(len(o.nodes))].service }

// step does something at random. What the rules refuse is no failure: most of what is made up is of some use.
func (o *story) step() {
	o.t.Helper()
	o.clock.Advance(time.Duration(o.dice.IntN(3000)) * time.Millisecond)
	s, ctx := o.service(), process(o.t.Context())
	var name string
	var about []string
	var err error
	defer func() { o.did(name, err, about...) }()
	n := o.dice.IntN(100)
	if o.quiet {
		n %= 62
	}
	switch {
	case n < 62:
		st := o.statement()
		name, about = describe(&st), addressesOf(&st)
		o.note(&st)
		_, err = s.Record(ctx, st, txn.Idempotency{})
	case n < 72:
		name = "import"
		o.batches++
		in := record.Batch{Batch: consent.BatchID{o.batches%5 + 1}}
		for range 1 + o.dice.IntN(8) {
			st := o.statement()
			o.note(&st)
			in.Items = append(in.Items, record.BatchItem{Statement: st})
			name, about = name+"; "+describe(&st), append(about, addressesOf(&st)...)
		}
		_, err = s.BatchRecord(ctx, in)
	case n < 77:
		name = "erase"
		about = []string{o.pick(spellings())}
		o.erase(about[0])
		_, err = s.Erase(ctx, record.Erasure{Address: about[0]})
	case n < 79:
		name = "carry out"
		_, err = s.ErasePending(ctx, false)
	case n < 84:
		name = "void"
		in := rights.Void{Justification: "a mistake", Position: 1 + o.dice.Int64N(max(1, o.position()))}
		if o.dice.IntN(4) == 0 {
			in.Position, in.Batch = 0, consent.BatchID{uint8(1 + o.dice.IntN(5))}
		}
		name = fmt.Sprintf("void %d %d", in.Position, in.Batch[0])
		_, err = s.Void(ctx, in)
	case n < 87:
		name = "move"
		about = []string{o.pick(spellings()), o.pick(spellings())}
		o.erase(about[0])
		_, err = s.Move(ctx, rights.Move{From: about[0], To: about[1], Justification: "moved"})
	case n < 91:
		name = "clock"
		o.clock.Advance(time.Duration(o.dice.IntN(72)) * time.Hour)
	case n < 92:
		name = "retention"
		_, err = s.RunRetention(ctx, false)
	case n < 95:
		name = "lists"
		err = o.activateList(s)
	case n < 96:
		name = "catalog"
		_, err = s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: o.pick(catalogs())})
	default:
		name = o.outage()
	}
	if err == nil {
		word, _, _ := strings.Cut(strings.TrimSuffix(name, ";"), " ")
		o.accepted[word]++
	}
}

// activateList brings a version of an external list into force, which lists some of the people, and perhaps becomes stale soon.
func (o *story) activateList(s *service.Service) error {
	ctx, now := process(o.t.Context()), consent.InstantOf(o.clock.Now())
	n := extlists.NewList{ID: o.pick([]string{"registry", "partner"}), Name: "list", Binds: consent.BindsExistingCustomer, Form: extlist.ECGFile, Freshness: "P2D"}
	if n.ID == "partner" {
		n.Binds, n.WhenStale = consent.BindsAll, extlists.WhenStaleIgnore
	}
	if _, err := s.CreateList(ctx, n); err != nil && !fault.Is(err, fault.ListExists) {
		return err
	}
	entries := []string{"@elsewhere.example"}
	for range o.dice.IntN(4) {
		entries = append(entries, must(address.Parse(o.pick(spellings())))(o.t).Exact(), "@"+o.pick(domains()))
	}
	var file []byte
	for _, entry := range entries {
		sum := sha1.Sum([]byte(entry)) //nolint:gosec // The form of the list.
		file = append(file, sum[:]...)
	}
	v, err := s.UploadVersion(ctx, extlists.Upload{List: n.ID, File: bytes.NewReader(file), Obtained: now})
	if err != nil {
		return err
	}
	o.times = append(o.times, now.Add(2*24*time.Hour))
	_, err = s.ActivateVersion(ctx, extlists.Activate{List: n.ID, Version: v.Version, Confirm: true})
	return err
}

func describe(st *statement.Statement) string {
	return fmt.Sprintf("%s %s%s with %s on %v basis %s reason %s scope %s occurred %s confirmed %s until %s source %s", st.Kind, st.Address, st.Domain, st.With,
		st.Channels, st.Basis, st.Reason, st.Scope, st.Occurred, st.Confirmed, st.Expires, st.Source)
}

func addressesOf(st *statement.Statement) []string {
	if st.Domain != "" {
		return nil
	}
	return []string{st.Address, st.With}
}

// note notes of a statement what consumers of some forms see otherwise.
func (o *story) note(st *statement.Statement) {
	o.times = append(o.times, st.Expires, st.Confirmed, st.Occurred.Add(3*24*time.Hour)) // That is when retention ends a bounce.
	for _, lapse := range []int{1, 24} {
		o.times = append(o.times, consent.InstantOf(st.Occurred.Time().AddDate(0, lapse, 0)), consent.InstantOf(st.Confirmed.Time().AddDate(0, lapse, 0)))
	}
	if st.Reason == consent.ReasonHardBounce && st.Domain != "" {
		o.bounced[st.Domain] = true
	}
	if st.Kind == consent.KindErase {
		o.erase(st.Address)
	}
}

// outage does something to the servers, their keys and their connections.
func (o *story) outage() (name string) {
	n := o.nodes[o.dice.IntN(len(o.nodes))]
	switch o.dice.IntN(8) {
	case 0, 1:
		n.cut()
		return "cut"
	case 2:
		n.stop()
		n.start()
		return "restart"
	case 3:
		n.slow.Store(int64(o.dice.IntN(3)) * int64(3*time.Millisecond))
		return "slow"
	case 4:
		o.rotate()
		return "rotate"
	case 5:
		o.restore()
		return "restore"
	case 6:
		if err := n.store.Purge(o.t.Context()); err != nil {
			o.t.Fatal(err)
		}
		return "purge"
	default:
		if o.dice.IntN(4) == 0 {
			o.clock.Advance(40 * 24 * time.Hour)
		}
		return "long time"
	}
}

// rotate makes a new key of one kind the one that is used, in the two steps that operators take.
func (o *story) rotate() {
	of := []seal.Keyset{seal.KeysetDigest, seal.KeysetMaster}[o.dice.IntN(2)]
	for _, step := range []func(string, seal.Keyset) (seal.KeyInfo, error){seal.AddKey, seal.PromoteKey} {
		if _, err := step(o.path("test.keys"), of); err != nil {
			o.t.Fatal(err)
		}
		for _, n := range o.nodes {
			if _, err := n.service.TakeKeys(must(seal.Open(o.path("test.keys")))(o.t)); err != nil {
				o.t.Fatal(err)
			}
		}
	}
}

// restore puts a backup of the SQLite file back, or takes one.
func (o *story) restore() {
	if o.url != "" {
		return // There it is a matter of PostgreSQL, and the same to a reader.
	}
	for _, n := range o.nodes {
		n.stop()
	}
	if o.backup == nil {
		o.backup = must(os.ReadFile(o.path("test.db")))(o.t)
	} else {
		for _, name := range []string{"test.db", "test.db-wal", "test.db-shm"} {
			_ = os.Remove(o.path(name))
		}
		if err := os.WriteFile(o.path("test.db"), o.backup, 0o600); err != nil {
			o.t.Fatal(err)
		}
		o.backup = nil
	}
	for _, n := range o.nodes {
		n.start()
	}
}

func (w *world) position() int64 {
	w.t.Helper()
	return must(w.nodes[0].store.Head(w.t.Context()))(w.t).Position
}

// statement makes up a statement of now or of the last days.
func (o *story) statement() statement.Statement {
	ago := time.Duration(0)
	if o.dice.IntN(3) > 0 {
		ago = time.Duration(1+o.dice.IntN(100)) * time.Hour
	}
	now := o.clock.Now()
	st := statement.Statement{Address: o.pick(spellings()), Occurred: consent.InstantOf(now.Add(-ago)), Source: consent.SourceWebForm}
	kinds := 20
	if o.quiet {
		kinds = 16
	}
	switch o.dice.IntN(kinds) {
	case 0, 1, 2, 3, 4, 5, 6:
		o.grant(&st)
	case 7, 8, 9:
		st.Kind, st.Source = consent.KindWithdraw, ""
		st.Channels = []string{o.pick([]string{"newsletter", "product-marketing", "order-updates"})}
		if o.dice.IntN(6) == 0 {
			st.Channels, st.AllMarketing = nil, true
		}
		if o.dice.IntN(2) == 0 {
			st.Kind = consent.KindRefuse
		}
	case 10, 11, 12, 13:
		o.suppression(&st)
		o.suppressed = append(o.suppressed, st)
	case 14, 15:
		o.suppression(&st)
		if len(o.suppressed) > 0 && o.dice.IntN(4) > 0 {
			st = o.suppressed[o.dice.IntN(len(o.suppressed))] // So that there is something to lift.
			st.Occurred = consent.InstantOf(now)
		}
		st.Kind, st.Expires, st.Binds, st.Justification = consent.KindLift, 0, "", "it was a mistake"
	case 16:
		st.Kind, st.Source = consent.KindErase, ""
	case 17, 18:
		st.Kind, st.With, st.Justification, st.Source = consent.KindLink, o.pick(spellings()), "the same person", ""
	default:
		st.Kind, st.With, st.Justification, st.Source = consent.KindUnlink, o.pick(spellings()), "another person", ""
	}
	return st
}

func (o *story) grant(st *statement.Statement) {
	st.Kind, st.Basis, st.Channels = consent.KindGrant, catalog.BasisConsent, []string{o.pick([]string{"newsletter", "product-marketing"})}
	if o.dice.IntN(3) == 0 {
		st.Channels = []string{"newsletter", "product-marketing"}
	}
	st.Declaration = consent.Declaration{ID: "all-news", Version: "3"}
	switch o.dice.IntN(6) {
	case 0:
		st.Basis, st.Channels, st.Declaration = catalog.BasisExistingCustomer, []string{"product-marketing"}, consent.Declaration{}
		st.TransactionID, st.Notice, st.Goods = "order-1", true, []string{"coffee"}
	case 1:
		st.Basis, st.Channels = catalog.BasisTerms, []string{"product-marketing"}
		st.Declaration = consent.Declaration{ID: "terms", Version: "2026"}
		st.TransactionID, st.Notice, st.Goods = "order-1", true, []string{"coffee"}
	case 2: // It was not confirmed.
	case 3:
		st.Confirmed = min(st.Occurred.Add(time.Duration(o.dice.IntN(50))*time.Hour), consent.InstantOf(o.clock.Now()))
	case 4:
		st.Confirmed, st.Source = st.Occurred, consent.SourceImport
	default:
		st.Confirmed = st.Occurred
	}
	if o.dice.IntN(4) == 0 {
		st.Expires = consent.InstantOf(o.clock.Now().Add(time.Duration(o.dice.IntN(100)-20) * time.Hour))
	}
}

func (o *story) suppression(st *statement.Statement) {
	reasons := []consent.Reason{
		consent.ReasonHardBounce, consent.ReasonHardBounce, consent.ReasonObjection, consent.ReasonComplaint, consent.ReasonManual,
		consent.ReasonLegalBlock, consent.ReasonProcessingRestricted, consent.ReasonExternalList,
	}
	st.Kind, st.Source, st.Reason = consent.KindSuppress, "", reasons[o.dice.IntN(len(reasons))]
	if o.dice.IntN(2) == 0 || st.Reason == consent.ReasonManual {
		st.Scope = consent.Scope(o.pick([]string{
			"all", "marketing", "controller:acme", "department:marketing", "department:customer-service", "channel:newsletter",
			"channel:product-marketing", "channel:order-updates", "sender:acme-marketing", "sender:acme-newsletter",
		}))
	}
	if st.Reason == consent.ReasonExternalList {
		st.List = o.pick([]string{"ecg", "partner"})
		st.Binds = []consent.Binds{consent.BindsAll, consent.BindsExistingCustomer}[o.dice.IntN(2)]
	}
	if o.dice.IntN(3) == 0 {
		st.Expires = consent.InstantOf(o.clock.Now().Add(time.Duration(1+o.dice.IntN(100)) * time.Hour))
	}
	if o.dice.IntN(5) == 0 {
		st.Address, st.Domain = "", o.pick(domains())
	}
}

// comeAndGo records a suppression of a stranger, which is lifted once the Follower has it.
func (o *story) comeAndGo(r *running) {
	o.t.Helper()
	st := statement.Statement{
		Kind: consent.KindSuppress, Address: "still@plain.example", Reason: consent.ReasonManual, Scope: consent.ScopeAll,
		Occurred: consent.InstantOf(o.clock.Now()),
	}
	must(o.service().Record(process(o.t.Context()), st, txn.Idempotency{}))(o.t)
	r.eventually(st.Address, "order-updates", "MANUAL")
	o.clock.Advance(time.Second)
	st.Kind, st.Occurred, st.Justification = consent.KindLift, consent.InstantOf(o.clock.Now()), "it was a mistake"
	must(o.service().Record(process(o.t.Context()), st, txn.Idempotency{}))(o.t)
}

// evenDay moves the clock to a day on which nothing begins to count and nothing ends: a keyed consumer sees times by their days.
func (o *story) evenDay() {
	for slices.ContainsFunc(o.times, func(at consent.Instant) bool { return at.Day() == consent.InstantOf(o.clock.Now()).Day() }) {
		o.clock.Advance(24 * time.Hour)
	}
}

// summary says how often each step was accepted.
func (o *story) summary() string { return fmt.Sprint(o.accepted) }
