package service

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/erased"
	"github.com/assent-io/assent/internal/storage/tables"
)

func TestClaims_AreListedPageByPageForOfficersOfAllDepartments(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		large := make([]byte, 700_000)
		var want []tables.Claim
		for n := range byte(5) {
			c := tables.Claim{ID: [16]byte{n + 1}, Until: consent.InstantOf(start.AddDate(1, 0, 0)), Sealed: []byte{n}}
			if n > 1 {
				c.Sealed = large // Two of these are more than a page holds.
			}
			want = append(want, c)
			if err := s.Store.WriteTables(t.Context(), tables.AddClaim(&c)); err != nil {
				t.Fatal(err)
			}
		}
		ended := tables.Claim{ID: [16]byte{9}, Until: consent.InstantOf(start.AddDate(0, -1, 0)), Sealed: []byte{9}}
		if err := s.Store.WriteTables(t.Context(), tables.AddClaim(&ended)); err != nil {
			t.Fatal(err)
		}
		var got []tables.Claim
		var sizes []int
		in := erased.ClaimsInput{Size: 2}
		for more := true; more; more = in.Token != "" {
			page, err := s.Claims(admin, in)
			if err != nil {
				t.Fatal(err)
			}
			got, sizes, in.Token = append(got, page.Claims...), append(sizes, len(page.Claims)), page.Next
		}
		// What is sealed is compared as a whole: a difference of two large ones by the byte takes seconds.
		if diff := cmp.Diff(want, got, cmp.Comparer(bytes.Equal)); diff != "" || !slices.Equal(sizes, []int{2, 1, 1, 1}) {
			t.Errorf("pages of %v (-want +got):\n%.500s", sizes, diff)
		}
		one, err := s.Claims(admin, erased.ClaimsInput{ID: hex.EncodeToString(want[1].ID[:]), Size: 2})
		if err != nil || len(one.Claims) != 1 || one.Claims[0].ID != want[1].ID || one.Next != "" {
			t.Errorf("by its id: %d claims, %v", len(one.Claims), err)
		}
		none, err := s.Claims(admin, erased.ClaimsInput{ID: hex.EncodeToString(make([]byte, 16)), Size: 2})
		if err != nil || len(none.Claims) != 0 {
			t.Errorf("by an unknown id: %d claims, %v", len(none.Claims), err)
		}
		_, err = s.Claims(admin, erased.ClaimsInput{ID: "0g", Size: 2})
		wantFault(t, err, fault.InvalidRequest)
		_, err = s.Claims(admin, erased.ClaimsInput{Token: "x", Size: 2})
		wantFault(t, err, fault.InvalidPageToken)
		desk := w.as(admin, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Role: "officer"})
		_, err = s.Claims(desk, erased.ClaimsInput{Size: 2})
		wantFault(t, err, fault.OtherDepartment)
		reader := w.as(admin, s, administration.NewClient{ID: "reader", AllDepartments: true, Scopes: []string{"read", "export"}})
		_, err = s.Claims(reader, erased.ClaimsInput{Size: 2})
		wantFault(t, err, fault.ScopeMissing)
	})
}
