package consent_test

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // The form of the list.
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/period"
)

// listVersion is a version of an external list in plain words, with the day on which it came into force.
type listVersion struct {
	list      string
	binds     consent.Binds
	from      consent.Instant
	obtained  consent.Instant
	freshDays int64 // 0: it never becomes stale
	denies    bool
	entries   []string // addresses, and domains after an @
	asked     []string // nil: the list is about all addresses
}

func drawListVersions(t *rapid.T, addresses []address.Address) []listVersion {
	var names, exact []string
	for _, a := range addresses {
		exact = append(exact, a.Exact())
		names = append(names, a.Exact(), a.Exact(), a.Folded(), "@"+a.Domain(), "@"+a.Domains()[len(a.Domains())-1])
	}
	var all []listVersion
	for range roll(t, "versions", 5) {
		v := listVersion{
			list: pick(t, "list", "ecg", "robinson"), binds: pick(t, "binds", consent.BindsAll, consent.BindsExistingCustomer),
			from: drawDay(t, "from"), freshDays: int64(pick(t, "fresh", 0, 1, 3, 9)), denies: roll(t, "denies", 2) == 1,
		}
		v.obtained = v.from - consent.Instant(roll(t, "older", 3))*day
		v.entries = []string{"@elsewhere.example", "one@elsewhere.example"}
		if roll(t, "of these", 3) > 0 {
			v.entries = append(v.entries, someOf(t, names...)...)
		}
		if roll(t, "asked?", 3) == 1 {
			v.asked = append([]string{"one@elsewhere.example"}, someOf(t, exact...)...)
		}
		all = append(all, v)
	}
	return all
}

// consulted is what the program makes of the versions: events, stored bytes and sets of digests.
func consulted(t *rapid.T, versions []listVersion, at consent.Instant) *extlist.Consulted {
	events, bodies := make([]consent.Event, 0, len(versions)), map[[32]byte][]byte{}
	for i := range versions {
		v := &versions[i]
		form, file := extlist.SHA256, &bytes.Buffer{}
		switch {
		case v.asked != nil:
			form = extlist.ECGService
			for _, text := range v.asked {
				fmt.Fprintf(file, "asked %x\n", sha512.Sum512([]byte(text)))
			}
			for _, text := range v.entries {
				fmt.Fprintf(file, "listed %x\n", sha512.Sum512([]byte(strings.TrimPrefix(text, "@"))))
			}
		case slices.ContainsFunc(v.entries, func(e string) bool { return e[0] == '@' }):
			form = extlist.ECGFile
			writeECGFile(file, v.entries)
		default:
			for _, text := range v.entries {
				fmt.Fprintf(file, "%x\r\n", sha256.Sum256([]byte(text)))
			}
		}
		body, err := extlist.Read(form, file)
		if err != nil {
			t.Fatalf("reading a list: %v", err)
		}
		e := consent.Event{Position: int64(i + 1), Occurred: v.from, Facts: consent.Facts{
			Kind: consent.KindList, List: v.list, Binds: v.binds, ListForm: string(form), Obtained: v.obtained,
			Freshness: period.Days(v.freshDays), StaleDenies: v.denies, Document256: sha256.Sum256(body),
		}}
		bodies[e.Document256] = body
		events = append(events, e)
	}
	c, err := extlist.Consult(extlist.InForce(events, at), func(e *consent.Event) (*extlist.Version, error) {
		return extlist.Parse(extlist.Form(e.ListForm), bodies[e.Document256])
	})
	if err != nil {
		t.Fatalf("reading the stored bytes: %v", err)
	}
	return c
}

// listFindings is the second opinion about lists that bind: what the last version of each that was in force says.
func (o *opinion) listFindings(binds consent.Binds) (codes []consent.Code) {
	var on, stale bool
	for name, v := range o.listsInForce() {
		if v.list != name || v.binds != binds {
			continue
		}
		switch {
		case o.standsOn(&v):
			on = true
		case v.asked != nil && !slices.Contains(v.asked, o.address.Exact()), v.denies && v.freshDays > 0 && o.now >= v.obtained+consent.Instant(v.freshDays)*day:
			stale = true
		}
	}
	if on {
		codes = append(codes, consent.CodeExternalList)
	}
	if stale {
		codes = append(codes, consent.CodeListStale)
	}
	return codes
}

func (o *opinion) listsInForce() map[string]listVersion {
	inForce := map[string]listVersion{}
	for _, v := range o.lists {
		if v.from <= o.now {
			inForce[v.list] = v
		}
	}
	return inForce
}

// standsOn is whether a spelling of the address or its domain is on the list; where the keeper was asked, also without dots.
func (o *opinion) standsOn(v *listVersion) bool {
	looked := []string{o.address.Exact(), o.address.Folded()}
	if v.asked != nil {
		for _, text := range looked {
			local, domain, _ := strings.Cut(text, "@")
			looked = append(looked, strings.ReplaceAll(local, ".", "")+"@"+domain)
		}
	}
	looked = append(looked, "@"+o.address.Domain())
	return slices.ContainsFunc(v.entries, func(e string) bool { return slices.Contains(looked, e) })
}

// listsExpire is the soonest that a list which a basis minds becomes stale.
func (o *opinion) listsExpire(ofConsent bool) (ends []consent.Instant) {
	for _, v := range o.listsInForce() {
		if v.denies && v.freshDays > 0 && !o.standsOn(&v) && (v.binds == consent.BindsAll || !ofConsent) {
			ends = append(ends, v.obtained+consent.Instant(v.freshDays)*day)
		}
	}
	return ends
}

func TestDecide_AnyHistoryWithExternalLists_AgreesWithTheSecondOpinion(t *testing.T) {
	l := newLaboratory(t)
	seen := map[consent.Code]int{}
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, l.catalog, 10)
		lists, at := drawListVersions(t, h.addresses), drawTime(t, "now")
		events, program := h.ledger(), consulted(t, lists, at)
		for _, a := range h.addresses {
			o, known := opinionOn(l.catalog, h.facts, a, at), events.known(a, at)
			o.lists, known.Lists = lists, program.Append(nil, a)
			for _, r := range labRequests() {
				d := l.rules[r].Decide(a, known, at)
				if diff := cmp.Diff(o.check(r), verdictOf(&d), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("%s asks %+v with %+v (-opinion +decision):\n%s", a.Exact(), r, lists, diff)
				}
				seen[d.Reason]++
			}
		}
	})
	for _, code := range []consent.Code{consent.CodeExternalList, consent.CodeListStale, consent.CodeAllowConsent} {
		if seen[code] == 0 {
			t.Errorf("no history led to %s", code)
		}
	}
}

func TestInvariant1_ExternalLists_NeverTurnDenyIntoAllow(t *testing.T) {
	l := newLaboratory(t)
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, l.catalog, 10)
		lists, at := drawListVersions(t, h.addresses), drawTime(t, "now")
		events, program := h.ledger(), consulted(t, lists, at)
		for _, a := range h.addresses {
			without := events.known(a, at)
			with := *without
			with.Lists = program.Append(nil, a)
			for r, rules := range l.rules {
				before, after := rules.Decide(a, without, at), rules.Decide(a, &with, at)
				if after.Verdict == consent.Allow && (before.Verdict != consent.Allow || after.ValidUntil > before.ValidUntil) {
					t.Fatalf("%+v: lists turned %+v into %+v", r, before, after)
				}
				if !l.isMarketing(r) && !cmp.Equal(verdictOf(&before), verdictOf(&after)) {
					t.Fatalf("%+v: lists changed an answer on a channel that is no marketing", r)
				}
			}
		}
	})
}

func writeECGFile(file *bytes.Buffer, entries []string) {
	for _, text := range entries {
		sum := sha1.Sum([]byte(text)) //nolint:gosec // The form of the list.
		file.Write(sum[:])
	}
}
