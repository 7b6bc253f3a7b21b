// Package gather asks a server for what a document of the company needs, and returns it as the plain types that the documents are made of.
package gather

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/duty"
)

// pageSize is how much of a list is asked for at once.
const pageSize = 500

// Catalog returns the catalog in force, and what names it.
func Catalog(ctx context.Context, s *connect.Server) (*catalog.Catalog, duty.Rules, error) {
	answer, err := connect.CallAgain(ctx, s, assentv1.NewCatalogServiceClient(s).GetCatalog, &assentv1.GetCatalogRequest{})
	if err != nil {
		return nil, duty.Rules{}, err
	}
	cat, _, err := catalog.ParseStored("catalog", []byte(answer.GetDocument()))
	return cat, duty.Rules{Version: answer.GetVersion(), Etag: answer.GetEtag()}, err
}

// Proof returns what the documentation of a channel for an address needs. The uses are read before the check, which counts as one.
func Proof(ctx context.Context, s *connect.Server, address, channel string) (*duty.Known, error) {
	known := &duty.Known{Address: address, Channel: channel}
	var err error
	if known.Catalog, known.Rules, err = Catalog(ctx, s); err != nil {
		return nil, err
	}
	if err := uses(ctx, s, known); err != nil {
		return nil, err
	}
	check, err := connect.CallAgain(ctx, s, assentv1.NewConsentServiceClient(s).CheckConsent,
		&assentv1.CheckConsentRequest{Address: address, Channel: channel})
	if err != nil {
		return nil, err
	}
	d := check.GetDecision()
	known.Standing = duty.Standing{
		Verdict: d.GetVerdict().String()[len("VERDICT_"):], Reason: d.GetReason(), Explanation: d.GetExplanation(),
		GrantPosition: d.GetGrantPosition(), DecidedTime: d.GetDecidedTime().AsTime(),
	}
	if err := history(ctx, s, known); err != nil {
		return nil, err
	}
	return known, inclusions(ctx, s, known)
}

// uses reads how often the channel was asked about. Histories and exports, which are of all channels, use no consent.
func uses(ctx context.Context, s *connect.Server, known *duty.Known) error {
	in := &assentv1.ListDisclosuresRequest{Address: known.Address, PageSize: pageSize}
	known.Uses = []duty.Use{}
	for page, err := range connect.Pages(ctx, s, assentv1.NewHistoryServiceClient(s).ListDisclosures, in, &in.PageToken) {
		if err != nil {
			return err
		}
		for _, d := range page.GetDisclosures() {
			if d.GetChannel() != known.Channel {
				continue
			}
			day, err := time.Parse(time.DateOnly, d.GetDay())
			if err != nil {
				return fmt.Errorf("the server gave a day that is none: %w", err)
			}
			known.Uses = append(known.Uses, duty.Use{Day: day, Client: d.GetClient(), Department: d.GetDepartment(), Count: d.GetCount()})
		}
	}
	return nil
}

func history(ctx context.Context, s *connect.Server, known *duty.Known) error {
	in := &assentv1.SearchHistoryRequest{Address: known.Address, PageSize: pageSize}
	for page, err := range connect.Pages(ctx, s, assentv1.NewHistoryServiceClient(s).SearchHistory, in, &in.PageToken) {
		if err != nil {
			return err
		}
		for _, e := range page.GetEvents() {
			known.Events = append(known.Events, eventOf(e))
		}
	}
	return nil
}

// errAhead says that an event was read that the checkpoint does not commit to.
var errAhead = errors.New("the checkpoint of the server is older than the history that it gave; try again")

// inclusions reads a checkpoint, and the proof of each event that the documentation shows for that size.
func inclusions(ctx context.Context, s *connect.Server, known *duty.Known) error {
	ledger := assentv1.NewLedgerServiceClient(s)
	answer, err := connect.CallAgain(ctx, s, ledger.GetCheckpoint, &assentv1.GetCheckpointRequest{})
	if err != nil {
		return err
	}
	c := answer.GetCheckpoint()
	known.Checkpoint = duty.Checkpoint{Size: c.GetSize(), Note: c.GetNote(), VerifierKey: c.GetVerifierKey()}
	known.Proofs = map[int64]duty.Inclusion{}
	for i := range known.Events {
		e := &known.Events[i]
		if !duty.IsDocumented(e, known.Channel) {
			continue
		}
		if e.Position > c.GetSize() {
			return errAhead
		}
		proof, err := connect.CallAgain(ctx, s, ledger.ProveEntry, &assentv1.ProveEntryRequest{Position: e.Position, Size: c.GetSize()})
		if err != nil {
			return err
		}
		hashes := make([]string, len(proof.GetHashes()))
		for j, hash := range proof.GetHashes() {
			hashes[j] = base64.StdEncoding.EncodeToString(hash)
		}
		known.Proofs[e.Position] = duty.Inclusion{
			Size: c.GetSize(), LeafHash: base64.StdEncoding.EncodeToString(proof.GetLeafHash()), Hashes: hashes,
		}
	}
	return nil
}
