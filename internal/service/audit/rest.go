package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// verifyCatalogs holds the versions of the catalog against their events.
func (v *verifier) verifyCatalogs(ctx context.Context, s storage.Snapshot) error {
	stored, err := s.Catalogs(ctx)
	if err != nil {
		return err
	}
	for i := range stored {
		c := &stored[i]
		event, ok := v.versions[c.Version]
		delete(v.versions, c.Version)
		switch {
		case !ok:
			v.report.add(Finding{
				Kind: FindingInserted, From: c.Position, To: c.Position,
				Message: fmt.Sprintf("no event names version %d of the catalog", c.Version),
			})
		case !matchesDocument(c, &event):
			v.report.add(Finding{
				Kind: FindingAltered, From: event.Position, To: event.Position,
				Message: fmt.Sprintf("version %d of the catalog differs from what was recorded", c.Version),
			})
		}
	}
	for _, version := range slices.Sorted(maps.Keys(v.versions)) {
		event := v.versions[version]
		v.report.add(Finding{
			Kind: FindingMissing, From: event.Position, To: event.Position,
			Message: fmt.Sprintf("the document of version %d of the catalog is missing", version),
		})
	}
	var sum [32]byte
	for i := range stored {
		sum = reference.SumCatalog(sum, &stored[i])
	}
	if int64(len(stored)) == v.head.CatalogVersion && v.head.CatalogsSum != ([32]byte{}) && sum != v.head.CatalogsSum {
		v.addHeadFinding("the versions of the catalog differ from those that the head names")
	}
	if n := int64(len(stored)); n != v.head.CatalogVersion {
		v.addHeadFinding(fmt.Sprintf("the head names %d versions of the catalog, and %d are stored", v.head.CatalogVersion, n))
	}
	return nil
}

// verifyLists holds what is stored of external lists against the events by which their versions came into force: checks read the stored
// headers of these events, and the bytes that they name.
func (v *verifier) verifyLists(ctx context.Context, s storage.Snapshot) error {
	stored, err := tables.ListActivations(ctx, s, 0)
	if err != nil {
		return err
	}
	var sum [32]byte
	for i := range stored {
		a := &stored[i]
		if header, ok := v.activations[a.Position]; !ok || !bytes.Equal(header, a.Header) {
			v.report.add(Finding{
				Kind: FindingAltered, From: a.Position, To: a.Position, Message: "what is stored of the activation of an external list differs from its event",
			})
		}
		delete(v.activations, a.Position)
		sum = reference.SumActivation(sum, a.Header)
		event, err := codec.DecodeHeader(a.Header)
		if err != nil {
			continue // It differs from its event.
		}
		if _, err := reference.StoredList(ctx, s, event.Document256); err != nil {
			if !errors.Is(err, reference.ErrListBytes) {
				return err
			}
			v.report.add(Finding{
				Kind: FindingMissing, From: a.Position, To: a.Position,
				Message: fmt.Sprintf("the bytes of version %d of the external list %s are missing or were altered", event.ListVersion, event.List),
			})
		}
	}
	for _, position := range slices.Sorted(maps.Keys(v.activations)) {
		v.report.add(Finding{
			Kind: FindingMissing, From: position, To: position, Message: "what is stored of the activation of an external list is missing",
		})
	}
	if sum != v.head.ListsSum {
		v.addHeadFinding("the activations of external lists differ from those that the head names")
	}
	return nil
}

// matchesDocument reports whether a version of the catalog is the one of the event.
func matchesDocument(c *storage.Catalog, e *consent.Event) bool {
	return sha256.Sum256([]byte(c.Document)) == e.Document256 && c.SHA256 == e.Document256 && c.Position == e.Position &&
		c.Effective == e.Effective && c.Recorded == e.Recorded
}

// verifyStates holds every state against the fold of its subject's events.
func (v *verifier) verifyStates(ctx context.Context, s storage.Snapshot) error {
	refs, err := s.Refs(ctx)
	if err != nil {
		return err
	}
	if n := len(refs); n != int(v.head.Refs) {
		v.addHeadFinding(fmt.Sprintf("the head names %d references, and %d are stored", v.head.Refs, n))
	}
	table, err := reference.NewTable(refs)
	if err != nil {
		v.addHeadFinding("the references that packed states use have a gap")
		return nil //nolint:nilerr // The gap is a finding, and without it the states say nothing.
	}
	if n := int(v.head.Refs); n == len(refs) && !table.Fits(&v.head) {
		v.addHeadFinding("the references differ from those that the head names")
	}
	var after consent.SubjectID
	return stream(ctx, func(ctx context.Context) ([]storage.SubjectHistory, error) {
		page, err := s.Subjects(ctx, after, verifyPage/2)
		if len(page) > 0 {
			after = page[len(page)-1].ID
		}
		return page, err
	}, func(page []storage.SubjectHistory) error {
		for i := range page {
			v.verifyState(&page[i], table)
		}
		v.report.Subjects += int64(len(page))
		v.noteProgress(len(page))
		return nil
	})
}

func (v *verifier) verifyState(h *storage.SubjectHistory, table *reference.Table) {
	made, err := repack(h.ID, h.Headers, v.head.Undone, table)
	if errors.Is(err, codec.ErrEncoding) && v.report.Found > 0 {
		return // A header that cannot be read was found before, and says more than the state.
	}
	message := "the state differs from the events: run `assent ledger rebuild`"
	switch {
	case err != nil:
		message = "the state cannot be computed: a reference that it needs is not stored"
	case made.Position == h.State.Position && bytes.Equal(made.Packed, codec.Settled(h.State.Packed, v.head.Undone)):
		return
	case h.State.Packed == nil:
		message = "the state is missing: run `assent ledger rebuild`"
	}
	v.report.add(Finding{
		Kind: FindingStateDiffers, From: made.Position, To: made.Position, Subject: h.ID, Message: message,
	})
}
