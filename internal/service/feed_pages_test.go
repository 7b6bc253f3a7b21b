package service

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
)

// What was erased meanwhile is told in pages, whatever it is: an answer of gRPC has at most 4 MiB.
func TestListChanges_OfManyErasures_HasPages(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		tool := w.syncClient(ctx, s, "tool", "")
		const people = 520 // More than are read at once; each is told with two entries.
		var all []string
		for i := range people {
			all = append(all, fmt.Sprintf("person-%04d@example.com", i))
		}
		w.consumer(ctx, s, "list", "tool", consumers.FormPlain)
		r := &feedReader{s: s, ctx: tool, name: plainName, holds: held{}}
		r.in = changes.Request{From: changes.FromNow, Consumer: "list", Size: 50}
		r.next(t)
		begun := r.in.From
		var consents []statement.Statement
		for _, who := range all[:300] {
			consents = append(consents, consentOn("newsletter", who, start.AddDate(0, 0, -1)))
		}
		w.mustImport(ctx, s, consent.BatchID{}, consents...)
		for r.next(t) {
		}
		for some := range slices.Chunk(all, 40) {
			var erasures []statement.Statement
			for _, who := range some {
				erasures = append(erasures, erasure(who, time.Time{}))
			}
			w.mustImport(ctx, s, consent.BatchID{}, erasures...)
		}
		if _, err := s.ErasePending(ctx, false); err != nil {
			t.Fatal(err)
		}
		for name, from := range map[string]string{"its token": r.in.From, "an old token": begun, "now": changes.FromNow} {
			in := changes.Request{From: from, Consumer: "list", Size: 50}
			told := map[string]bool{}
			for pages, more := 1, true; more; pages++ {
				p, err := s.ListChanges(tool, in)
				if err != nil {
					t.Fatal(err)
				}
				if len(p.Entries) > 1000 || pages > 500 {
					t.Fatalf("%s: page %d has %d entries", name, pages, len(p.Entries))
				}
				for i := range p.Entries {
					if e := &p.Entries[i]; e.Kind == changes.KindAddress {
						told[e.Address] = true
					}
				}
				in.From, more = p.Token, p.More
			}
			if missing := slices.DeleteFunc(slices.Clone(all), func(who string) bool { return told[who] }); len(missing) > 0 {
				t.Errorf("%s: %d are not told, such as %s", name, len(missing), missing[0])
			}
		}
	})
}
