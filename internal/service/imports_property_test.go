package service

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/imports"
	"github.com/assent-io/assent/internal/service/record"
)

// listChannels are the marketing channels of the example catalog.
func listChannels() []string { return []string{"newsletter", "product-marketing"} }

// listRow is a row of a list, but for its address.
type listRow struct {
	who     int
	reason  string
	channel string
	hour    int // since the beginning of the history; of a subscriber that of the opt-in
}

// people is how many people a history is about.
const people = 4

func listRows(t *rapid.T) []listRow {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) listRow {
		return listRow{
			who:     rapid.IntRange(0, people-1).Draw(t, "who"),
			reason:  rapid.SampledFrom([]string{"hard_bounce", "soft_bounce", "complaint", "objection", "unsubscribed_all", "unsubscribed", "manual", "subscribed", "allowlist", "?"}).Draw(t, "reason"),
			channel: rapid.SampledFrom(listChannels()).Draw(t, "channel"),
			hour:    rapid.IntRange(0, 100).Draw(t, "hour"),
		}
	}), 1, 12).Draw(t, "rows")
}

func historyBegin() time.Time { return start.Add(-200 * time.Hour) }

// listFile writes a list about the people with the prefix.
func listFile(prefix string, rows []listRow) string {
	var b strings.Builder
	b.WriteString("address,reason,time,channel,opt_in,confirmed,ip\n")
	for _, r := range rows {
		at := historyBegin().Add(time.Duration(r.hour) * time.Hour).Format(time.RFC3339)
		optIn, confirmed, ip, occurred := "", "", "", at
		if r.reason == "subscribed" {
			optIn, ip, occurred = at, "192.0.2.1", ""
			confirmed = historyBegin().Add(time.Duration(r.hour)*time.Hour + time.Minute).Format(time.RFC3339)
		}
		fmt.Fprintf(&b, "%s-%d@firma.example,%s,%s,%s,%s,%s,%s\n", prefix, r.who, r.reason, occurred, r.channel, optIn, confirmed, ip)
	}
	return b.String()
}

func listOptions() imports.Options {
	columns, err := presets.ParseColumns("address=address,reason=reason,time=time,channel=channel,opt_in=opt_in,confirmed=confirmed,ip=ip")
	if err != nil {
		panic(err)
	}
	return imports.Options{Preset: presets.ByColumns, Columns: columns, Declaration: consent.Declaration{ID: "all-news", Version: "3"}}
}

// answersOf returns the decision about each person on each channel.
func answersOf(ctx context.Context, t *rapid.T, w *world, s *Service, prefix string) map[string]consent.Code {
	all := map[string]consent.Code{}
	in := check.BatchInput{Consistency: w.latest(ctx, s)}
	for who := range people {
		in.Addresses = append(in.Addresses, fmt.Sprintf("%s-%d@firma.example", prefix, who))
	}
	for _, channel := range listChannels() {
		in.Channel = channel
		got, err := s.BatchCheck(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		for who := range people {
			decision, refused := got.Item(who)
			if refused != nil {
				t.Fatal(refused)
			}
			all[fmt.Sprintf("%d %s", who, channel)] = decision.Reason
		}
	}
	return all
}

// historyEvent is something that was recorded before an import.
type historyEvent struct {
	who, hour int
	kind      string
	channel   string
}

func (e *historyEvent) statement(prefix string) statement.Statement {
	at := historyBegin().Add(time.Duration(e.hour) * time.Hour)
	address := fmt.Sprintf("%s-%d@firma.example", prefix, e.who)
	st := statement.Statement{Address: address, Occurred: consent.InstantOf(at)}
	switch e.kind {
	case "grant":
		return consentOn(e.channel, address, at)
	case "withdraw":
		st.Kind, st.Channels = consent.KindWithdraw, []string{e.channel}
	case "all":
		st.Kind, st.AllMarketing = consent.KindRefuse, true
	default:
		st.Kind, st.Reason = consent.KindSuppress, consent.Reason(e.kind)
		if st.Reason == consent.ReasonManual {
			st.Scope = consent.ScopeMarketing
		}
	}
	return st
}

func history(t *rapid.T) []historyEvent {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) historyEvent {
		return historyEvent{
			who: rapid.IntRange(0, people-1).Draw(t, "who"), hour: rapid.IntRange(0, 100).Draw(t, "hour"),
			kind:    rapid.SampledFrom([]string{"grant", "withdraw", "all", "COMPLAINT", "OBJECTION", "HARD_BOUNCE", "MANUAL"}).Draw(t, "kind"),
			channel: rapid.SampledFrom(listChannels()).Draw(t, "channel"),
		}
	}), 0, 10).Draw(t, "history")
}

// recordHistory records events about the people with each prefix, all in one call.
func recordHistory(ctx context.Context, t *rapid.T, s *Service, events []historyEvent, prefixes ...string) {
	var in record.Batch
	for i := range events {
		for _, prefix := range prefixes {
			in.Items = append(in.Items, record.BatchItem{Statement: events[i].statement(prefix)})
		}
	}
	if len(in.Items) == 0 {
		return
	}
	if err := errorOf(s.BatchRecord(ctx, in)); err != nil {
		t.Fatal(err)
	}
}

// lastNo returns the hour of the last event that speaks against each person on each channel, and whether any of them is more than a bounce.
func lastNo(events []historyEvent, rows []listRow) (last map[string]int, firm map[string]bool) {
	last, firm = map[string]int{}, map[string]bool{}
	add := func(who, hour int, channel string, isFirm bool) {
		key := fmt.Sprintf("%d %s", who, channel)
		if before, ok := last[key]; !ok || hour > before {
			last[key] = hour
		}
		firm[key] = firm[key] || isFirm
	}
	for _, e := range events {
		for _, channel := range listChannels() {
			if e.kind != "grant" && (e.kind != "withdraw" || channel == e.channel) {
				add(e.who, e.hour, channel, e.kind != "HARD_BOUNCE")
			}
		}
	}
	for _, r := range rows {
		for _, channel := range listChannels() {
			switch r.reason {
			case "complaint", "objection", "unsubscribed_all", "manual", "hard_bounce":
				add(r.who, r.hour, channel, r.reason != "hard_bounce")
			case "unsubscribed":
				if channel == r.channel {
					add(r.who, r.hour, channel, true)
				}
			}
		}
	}
	return last, firm
}

// Whatever was recorded and whatever a list says, an import makes an ALLOW of a DENY only by a consent that is proved, where nothing but a bounce before it
// speaks against it.
func TestImport_NeverAllowsWhatWasDenied_ButByAProvedConsentLaterThanEveryNo(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.byStore = true
		s, ctx := w.acme()
		w.eachLife(t, 20, func(t *rapid.T, run int) {
			prefix := fmt.Sprintf("r%d", run)
			events, rows := history(t), listRows(t)
			recordHistory(ctx, t, s, events, prefix)
			before := answersOf(ctx, t, w, s, prefix)
			importText(ctx, t, s, listFile(prefix, rows))
			after := answersOf(ctx, t, w, s, prefix)
			last, firm := lastNo(events, rows)
			for key, reason := range after {
				if reason != consent.CodeAllowConsent || before[key] == consent.CodeAllowConsent {
					continue
				}
				proved := false
				for _, r := range rows {
					if no, found := last[key]; r.reason == "subscribed" && fmt.Sprintf("%d %s", r.who, r.channel) == key && (!found || r.hour >= no) {
						proved = true
					}
				}
				if !proved || firm[key] {
					t.Fatalf("%s: %s before and %s after; history %+v, rows %+v", key, before[key], reason, events, rows)
				}
			}
		})
	})
}

// Such an import there is: the property above says something.
func TestImport_ASubscriberWithProof_MayBeWrittenTo_UnlessThereWasARefusal(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, withdrawal("newsletter", "s-1@firma.example"))
		rows := []listRow{{who: 0, reason: "subscribed", channel: "newsletter", hour: 3}, {who: 1, reason: "subscribed", channel: "newsletter", hour: 3}}
		mustImport(ctx, t, s, listOptions(), listFile("s", rows))
		w.wantCheck(ctx, s, "newsletter", "s-0@firma.example", consent.CodeAllowConsent)
		w.wantCheck(ctx, s, "newsletter", "s-1@firma.example", consent.CodeWithdrawn)
	})
}

// importText imports a list.
func importText(ctx context.Context, t *rapid.T, s *Service, text string) {
	made, _, err := s.CreateImport(ctx, imports.NewImport{Options: listOptions(), SHA256: sha(text), Size: int64(len(text))})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := upload(ctx, s, imports.Upload{ID: made.ID}, text); err != nil {
		t.Fatal(err)
	}
}

// The rows of a list may come in any order.
func TestImport_TheOrderOfRows_DoesNotMatter(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.byStore = true
		s, ctx := w.acme()
		w.eachLife(t, 20, func(t *rapid.T, run int) {
			rows := listRows(t)
			other := rapid.Permutation(rows).Draw(t, "order")
			one, two := fmt.Sprintf("a%d", run), fmt.Sprintf("b%d", run)
			importText(ctx, t, s, listFile(one, rows))
			importText(ctx, t, s, listFile(two, other))
			first, second := answersOf(ctx, t, w, s, one), answersOf(ctx, t, w, s, two)
			for key := range first {
				if first[key] != second[key] {
					t.Fatalf("%s: %s in one order, %s in another: %+v, %+v", key, first[key], second[key], rows, other)
				}
			}
		})
	})
}
