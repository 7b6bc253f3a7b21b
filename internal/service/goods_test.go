package service

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
)

// articles is a consent that names goods as a shop does that takes its articles for kinds of goods.
func articles(address string, from, to int) statement.Statement {
	st := consentOn("newsletter", address, start.Add(-time.Hour))
	for n := from; n < to; n++ {
		st.Goods = append(st.Goods, fmt.Sprintf("article-%d", n))
	}
	return st
}

func refsOf(ctx context.Context, t *testing.T, s *Service) int32 {
	t.Helper()
	head, err := s.Store.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return head.Refs
}

func TestRecord_MoreGoodsThanALedgerTakes_RefusesNewOnesAndNoNo(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const each = 32
		var all []record.BatchItem
		for n := 0; n < txn.MaxGoods; n += each {
			st := articles(fmt.Sprintf("person%d@example.at", n), n, min(n+each, txn.MaxGoods))
			all = append(all, record.BatchItem{Statement: st})
		}
		results, err := s.BatchRecord(ctx, record.Batch{Items: all})
		if err != nil {
			t.Fatal(err)
		}
		for i := range results {
			if results[i].Err != nil {
				t.Fatalf("event %d: %v", i, results[i].Err)
			}
		}
		refs := refsOf(ctx, t, s)

		_, err = s.Record(ctx, articles(anna, txn.MaxGoods, txn.MaxGoods+1), txn.Idempotency{})
		wantFault(t, err, fault.InvalidEvidence)
		results, err = s.BatchRecord(ctx, record.Batch{Items: []record.BatchItem{
			{Statement: articles(anna, txn.MaxGoods-1, txn.MaxGoods+1)}, {Statement: articles(anna, 0, each)},
		}})
		if err != nil || !fault.Is(results[0].Err, fault.InvalidEvidence) || results[1].Err != nil {
			t.Errorf("a batch with new goods and with old ones: %+v, %v", results, err)
		}
		w.wantCheck(ctx, s, "newsletter", anna, consent.CodeAllowConsent)

		confirmed := statement.Statement{Kind: consent.KindConfirm, Address: anna, Channels: []string{"newsletter"}, Goods: []string{"article-new"}}
		w.mustRecord(ctx, s, confirmed) // No state names the goods of a confirmation.
		no := withdrawal("newsletter", anna)
		no.Goods = []string{"article-new"}
		w.mustRecord(ctx, s, no)
		w.wantCheck(ctx, s, "newsletter", anna, consent.CodeWithdrawn)
		if got := refsOf(ctx, t, s); got != refs {
			t.Errorf("the ledger has %d references, want %d", got, refs)
		}
		if report := mustVerify(t, w, s.Store); report.Found != 0 {
			t.Errorf("%+v", report.Findings)
		}
	})
}
