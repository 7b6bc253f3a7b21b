package service

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/rights"
)

// linkedData is what a reader of the JSON-LD sees of it.
type linkedData struct {
	Graph []struct {
		Type       any `json:"@type"`
		HasProcess []struct {
			Identifier string `json:"dct:identifier"`
		} `json:"dpv:hasProcess"`
		Statuses     []linkedStatus `json:"dpv:hasConsentStatus"`
		Permissions  []linkedStatus `json:"dpv:hasPermission"`
		Prohibitions []linkedStatus `json:"dpv:hasProhibition"`
	} `json:"@graph"`
}

type linkedStatus struct {
	Type any `json:"@type"`
	From struct {
		Value time.Time `json:"@value"`
	} `json:"dpv:isIndicatedAtTime"`
	Duration struct {
		Value any `json:"rdf:value"`
	} `json:"dpv:hasDuration"`
}

// end returns when the status ends; false where it lasts until something else is recorded.
func (s *linkedStatus) end() (time.Time, bool) {
	end, _ := s.Duration.Value.(map[string]any)
	text, ends := end["@value"].(string)
	if !ends {
		return time.Time{}, false
	}
	to, err := time.Parse(time.RFC3339Nano, text)
	return to, err == nil
}

// isInForce reports whether the status holds at an instant.
func (s *linkedStatus) isInForce(at time.Time) bool {
	to, ends := s.end()
	return !at.Before(s.From.Value) && (!ends || at.Before(to))
}

func linkedDataOf(ctx context.Context, t testing.TB, s *Service, in export.Input) (linkedData, string) {
	t.Helper()
	in.Format, in.Language = export.JSONLD, locale.English
	data, _ := exported(t, func(send func(export.Chunk) error) error { return s.Export(ctx, in, send) })
	var d linkedData
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return d, string(data)
}

// permits reports whether the consent on a channel has a status at an instant that permits messages.
func (d *linkedData) permits(channel string, at time.Time) bool {
	status := ""
	for i := range d.Graph {
		if n := &d.Graph[i]; len(n.HasProcess) == 0 || n.HasProcess[0].Identifier != channel {
			continue
		}
		for k := range d.Graph[i].Statuses {
			if s := &d.Graph[i].Statuses[k]; s.isInForce(at) {
				types, _ := s.Type.([]any)
				status, _ = types[0].(string)
			}
		}
	}
	return status == "dpv:ConsentGiven" || status == "dpv:RenewedConsentGiven"
}

// instants returns the instants at which something begins or ends, and those beside them.
func (d *linkedData) instants() []time.Time {
	var list []time.Time
	add := func(at time.Time) {
		list = append(list, at.Add(-time.Microsecond), at, at.Add(time.Microsecond))
	}
	for i := range d.Graph {
		n := &d.Graph[i]
		for _, s := range slices.Concat(n.Statuses, n.Permissions, n.Prohibitions) {
			add(s.From.Value)
			if to, ends := s.end(); ends {
				add(to)
			}
		}
	}
	return list
}

// agreesWithChecks compares the statuses of consents with the answers of checks as of the time of each event and each end, just before and
// just after it. It returns how many of them were an ALLOW.
func (w *world) agreesWithChecks(ctx context.Context, s *Service, address string, channels ...string) (allowed int) {
	w.t.Helper()
	told, _ := linkedDataOf(ctx, w.t, s, export.Input{Address: address})
	d := dossierOf(ctx, w.t, s, address)
	instants := told.instants()
	for i := range d.Events {
		for _, at := range []consent.Instant{consent.Instant(d.Events[i].OccurredTime), consent.Instant(d.Events[i].ExpiresTime)} {
			if at != 0 {
				instants = append(instants, (at - 1).Time(), at.Time(), (at + 1).Time())
			}
		}
	}
	for _, at := range instants {
		if !at.Before(w.clock.Now()) {
			continue
		}
		for _, channel := range channels {
			got, err := s.Check(ctx, check.Input{
				Address: address, Request: consent.Request{Channel: channel}, Moment: asof.Moment{AsOf: consent.InstantOf(at)},
			})
			if err != nil {
				w.t.Fatal(err)
			}
			want := got.Verdict == consent.Allow && got.Basis == catalog.BasisConsent
			if want {
				allowed++
			}
			if told.permits(channel, at) != want {
				w.t.Fatalf("%s on %s at %s: the record permits: %t, the check says %s", address, channel, at, !want, got.Reason)
			}
		}
	}
	return allowed
}

func suppressing(address string, reason consent.Reason, at time.Time) statement.Statement {
	return statement.Statement{Kind: consent.KindSuppress, Address: address, Reason: reason, Occurred: consent.InstantOf(at)}
}

// linkedLives are statements about addresses, each of which ends or begins something in another way.
func linkedLives() map[string][]statement.Statement {
	day := func(n int) time.Time { return start.AddDate(0, 0, n-100) }
	at := func(n int, st statement.Statement) statement.Statement {
		st.Occurred = consent.InstantOf(day(n))
		return st
	}
	lift := func(reason consent.Reason, address string) statement.Statement {
		return statement.Statement{Kind: consent.KindLift, Address: address, Reason: reason, Justification: "a mistake"}
	}
	ending := suppressing("until@firma.example", consent.ReasonManual, day(10))
	ending.Scope, ending.Expires = consent.ScopeMarketing, consent.InstantOf(day(20))
	limited := consentOn("newsletter", "limited@firma.example", day(1))
	limited.Expires = consent.InstantOf(day(30))
	bounced := suppressing("bounced@firma.example", consent.ReasonHardBounce, day(10))
	bounced.Expires = consent.InstantOf(day(20))
	blocked := statement.Statement{
		Kind: consent.KindSuppress, Domain: "blocked.example", Reason: consent.ReasonLegalBlock, Scope: consent.ScopeAll, Note: "court of Wels", Justification: "case 8",
	}
	opened := statement.Statement{Kind: consent.KindLift, Domain: "blocked.example", Reason: consent.ReasonLegalBlock, Justification: "case 9"}
	anew := consentOn("newsletter", "anew@firma.example", day(30))
	return map[string][]statement.Statement{
		"complained@firma.example": {
			consentOn("newsletter", "complained@firma.example", day(1)), suppressing("complained@firma.example", consent.ReasonComplaint, day(10)),
			at(20, lift(consent.ReasonComplaint, "complained@firma.example")),
		},
		"until@firma.example":   {consentOn("newsletter", "until@firma.example", day(1)), ending},
		"limited@firma.example": {limited, consentOn("newsletter", "limited@firma.example", day(40))},
		"bounced@firma.example": {consentOn("newsletter", "bounced@firma.example", day(1)), bounced, consentOn("newsletter", "bounced@firma.example", day(40))},
		"one@blocked.example":   {consentOn("newsletter", "one@blocked.example", day(1)), at(10, blocked), at(20, opened)},
		"anew@firma.example": {
			consentOn("newsletter", "anew@firma.example", day(1)), suppressing("anew@firma.example", consent.ReasonObjection, day(10)),
			at(20, withdrawal("newsletter", "anew@firma.example")), anew,
		},
		"other@firma.example": {
			consentOn("newsletter", "other@firma.example", day(1)), at(5, withdrawal("newsletter", "same@home.example")),
			at(10, linking(consent.KindLink, "other@firma.example", "same@home.example")),
			at(20, linking(consent.KindUnlink, "other@firma.example", "same@home.example")),
		},
	}
}

func TestExport_LinkedData_AgreesWithTheCheckAtEveryEventAndEveryEnd(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		for address, statements := range linkedLives() {
			for i := range statements {
				w.mustRecord(ctx, s, statements[i])
			}
			if w.agreesWithChecks(ctx, s, address, "newsletter", "product-marketing") == 0 {
				t.Errorf("%s: no check says ALLOW, so nothing was compared", address)
			}
		}
	})
}

// A version of the catalog changes what checks answer from its effective time on; a void from the first event on.
func TestExport_LinkedData_LaterCatalogAndVoid_AgreesWithTheCheck(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const one, other = "one@firma.example", "other@firma.example"
		w.mustRecord(ctx, s, consentOn("newsletter", one, start.AddDate(0, 0, -40)))
		w.mustRecord(ctx, s, consentOn("newsletter", other, start.AddDate(0, 0, -40)))
		said := w.mustRecord(ctx, s, daysAgo(withdrawal("newsletter", other), 30))
		effective := start.AddDate(0, 0, 2)
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{
			Document: "effective_time: " + effective.Format(time.RFC3339) + "\n" +
				strings.Replace(acme(t), "consent_lapses_after: P24M", "consent_lapses_after: P1M", 1),
		}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(96 * time.Hour)
		w.agreesWithChecks(ctx, s, one, "newsletter", "product-marketing")
		told, _ := linkedDataOf(ctx, t, s, export.Input{Address: one})
		if !told.permits("newsletter", effective.Add(-time.Microsecond)) || told.permits("newsletter", effective) {
			t.Error("the consent does not lapse when the version of the catalog comes into force")
		}
		if _, err := s.Void(ctx, rights.Void{Position: said.Position, Justification: "a mistake"}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		if w.agreesWithChecks(ctx, s, other, "newsletter", "product-marketing") == 0 {
			t.Error("no check says ALLOW, so nothing was compared")
		}
	})
}

// Whatever arrives in whatever order, and whatever of it is erased, the file says of each spelling what checks say of what is left.
func TestProperty_LinkedData_AgreesWithChecksAlsoAfterErasures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	s, ctx := w.acme()
	w.clock.Advance(200 * time.Hour)
	stories, allowed := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		stories++
		life := drawLife(rt, w.clock.Now())
		l := lived{w: w, s: s, ctx: ctx, rt: rt, name: fmt.Sprint("told", stories)}
		l.arrive(&life)
		w.clock.Advance(time.Second)
		for _, spelling := range life.spellings {
			allowed += w.agreesWithChecks(ctx, s, fmt.Sprintf(spelling, l.name), "newsletter", "product-marketing")
		}
	})
	if allowed < 100 {
		t.Errorf("only %d answers were ALLOW", allowed)
	}
}

// The archive has the same file, and a file for one department nothing of another one's channels.
func TestExport_LinkedData_ArchiveAndDepartment(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const address = "anna@firma.example"
		w.mustRecord(ctx, s, consentOn("newsletter", address, start.AddDate(0, 0, -10)))
		w.mustRecord(ctx, s, consentOn("product-marketing", address, start.AddDate(0, 0, -9)))
		_, alone := linkedDataOf(ctx, t, s, export.Input{Address: address})
		zipped, _ := exported(t, func(send func(export.Chunk) error) error {
			return s.Export(ctx, export.Input{Address: address, Format: export.ZIP}, send)
		})
		if !bytes.Contains(zipped, []byte(alone)) {
			t.Error("the archive has another file") // It is stored without compression.
		}
		department := w.as(ctx, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"export"}})
		told, text := linkedDataOf(department, t, s, export.Input{Address: address})
		if !told.permits("newsletter", start) || strings.Contains(text, "product-marketing") {
			t.Errorf("the file of a department: %s", text)
		}
	})
}

// An address at the twin of the domain may be another person's: whom that person is linked with blocks nothing here, and is not told.
func TestExport_LinkOfAnAddressAtTheTwinOfTheDomain_TellsAndBlocksNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const asked, twin, third = "max@straße-twin.at", "max@strasse-twin.at", "third@firma.example"
		w.mustRecord(ctx, s, consentOn("newsletter", asked, start.AddDate(0, 0, -10)))
		w.mustRecord(ctx, s, linking(consent.KindLink, twin, third))
		w.mustRecord(ctx, s, suppressing(third, consent.ReasonObjection, start))
		w.wantCheck(ctx, s, "newsletter", asked, consent.CodeObjection)
		wantWithout(t, everyFormat(ctx, t, s, export.Input{Address: asked}), "OBJECTION", third)
		if d := dossierOf(ctx, t, s, asked); d.Channels[0].Verdict != "ALLOW" {
			t.Errorf("the file says %s", d.Channels[0].Reason)
		}
		if told, _ := linkedDataOf(ctx, t, s, export.Input{Address: asked}); !told.permits("newsletter", w.clock.Now()) {
			t.Error("the JSON-LD does not permit what the rest of the file does")
		}
	})
}
