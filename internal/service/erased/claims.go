package erased

import (
	"context"
	"encoding/hex"
	"slices"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/token"
)

const (
	// claimsBytes is how much a page of claims holds at most, unless one alone holds more.
	claimsBytes = 1 << 20
	// claimsPerPage is how many claims are read at once at most: each holds all that was kept of a person.
	claimsPerPage = 16
)

// ClaimsInput asks for a page of what is kept for the defence of claims.
type ClaimsInput struct {
	ID    string // 32 hexadecimal digits: only this one; empty: all
	Size  int
	Token string
}

// ClaimsPage is a page of what is kept, sealed for the officer.
type ClaimsPage struct {
	Claims []tables.Claim
	Next   string
}

// Claims lists what is kept of erased persons. It is for officers of all departments; only the officer's key opens it, which this service
// does not have. Errors: INVALID_REQUEST, INVALID_PAGE_TOKEN.
func (s *Lists) Claims(ctx context.Context, in ClaimsInput) (ClaimsPage, error) {
	head, err := s.Store.Head(ctx)
	if err != nil {
		return ClaimsPage{}, env.StoreFault(err)
	}
	who, err := s.guard.Admit(ctx, &head)
	if err != nil {
		return ClaimsPage{}, err
	}
	if err := who.NeedOfficer(); err != nil {
		return ClaimsPage{}, err
	}
	if in.ID != "" {
		return s.claimByID(ctx, in.ID)
	}
	const list = "claims"
	page, err := token.ReadPage(s.Keys, list, in.Token)
	if err != nil {
		return ClaimsPage{}, env.InvalidPage()
	}
	var after [16]byte
	if page != (token.Page{}) && !readClaimID(page.AfterKey, &after) {
		return ClaimsPage{}, env.InvalidPage()
	}
	in.Size = min(in.Size, claimsPerPage)
	rows, err := tables.Claims(ctx, s.Store, after, in.Size+1)
	if err != nil {
		return ClaimsPage{}, env.StoreFault(err)
	}
	n, size := 0, 0
	for n < min(len(rows), in.Size) && (n == 0 || size+len(rows[n].Sealed) <= claimsBytes) {
		size += len(rows[n].Sealed)
		n++
	}
	var next string
	if n < len(rows) {
		next, err = token.NewPage(s.Keys, list, token.Page{AfterKey: hex.EncodeToString(rows[n-1].ID[:])})
	}
	return ClaimsPage{Claims: s.withoutEnded(rows[:n]), Next: next}, err
}

// claimByID returns the one claim that has the id, if there is one.
func (s *Lists) claimByID(ctx context.Context, digits string) (ClaimsPage, error) {
	var id [16]byte
	if !readClaimID(digits, &id) {
		return ClaimsPage{}, fault.Errorf(fault.InvalidRequest, "claimId", "the id must be 32 hexadecimal digits")
	}
	found, err := tables.ClaimsOf(ctx, s.Store, id)
	return ClaimsPage{Claims: s.withoutEnded(found)}, env.StoreFault(err)
}

// withoutEnded leaves out the claims that are to be destroyed, which the next run of the retention does.
func (s *Lists) withoutEnded(claims []tables.Claim) []tables.Claim {
	now := s.Instant()
	return slices.DeleteFunc(claims, func(c tables.Claim) bool { return c.HasEnded(now) })
}

func readClaimID(digits string, id *[16]byte) bool {
	if len(digits) != 2*len(id) {
		return false
	}
	_, err := hex.Decode(id[:], []byte(digits))
	return err == nil
}
