package service

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/txn"
)

// otherKey returns the key with one hexadecimal digit of its secret exchanged.
func otherKey(key string, digit int) string {
	at := len(key) - 64 + digit
	with := "0"
	if key[at] == '0' {
		with = "1"
	}
	return key[:at] + with + key[at+1:]
}

func TestAuthenticate_KeyThatDiffersAnywhere_IsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		_, key, err := s.CreateClient(admin, administration.NewClient{ID: "shop", AllDepartments: true, Role: "sender"})
		if err != nil {
			t.Fatal(err)
		}
		for _, cached := range []bool{false, true} {
			if cached {
				if _, err := s.Authenticate(t.Context(), key); err != nil {
					t.Fatal(err)
				}
			}
			for digit := range 64 {
				_, err := s.Authenticate(t.Context(), otherKey(key, digit))
				wantFault(t, err, fault.Unauthenticated)
			}
		}
	})
}

func TestAuthenticate_KeyOfAnotherClient_IsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		keys := map[string]string{}
		for _, id := range []string{"shop", "desk"} {
			_, key, err := s.CreateClient(admin, administration.NewClient{ID: id, AllDepartments: true, Role: "sender"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Authenticate(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			keys[id] = key
		}
		_, err := s.Authenticate(t.Context(), strings.Replace(keys["desk"], "desk", "shop", 1))
		wantFault(t, err, fault.Unauthenticated)
		who, err := s.Authenticate(t.Context(), keys["shop"])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.RevokeClient(admin, "desk"); err != nil { // From here on an admitted client is looked up again.
			t.Fatal(err)
		}
		who.ID, who.Scopes = "nobody", access.AllScopes()
		_, err = s.ListClients(access.WithCaller(t.Context(), who), 1, "")
		wantFault(t, err, fault.Unauthenticated)
	})
}

func TestAdmit_WithoutACaller_IsUnauthenticated(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, _ := w.acme()
		_, err := s.Check(t.Context(), check.Input{Address: "a@b.at", Request: consent.Request{Channel: "newsletter"}})
		wantFault(t, err, fault.Unauthenticated)
		_, err = s.Record(t.Context(), withdrawal("newsletter", "a@b.at"), txn.Idempotency{})
		wantFault(t, err, fault.Unauthenticated)
	})
}

func TestCreateClient_RolesHaveTheScopesOfTheDocumentation(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		for role, want := range map[string]string{
			"sender": "check record suppress sends", "sync": "check read suppress feed",
			"officer": "check read suppress lift export erase sends cases",
			"admin":   "check record suppress lift read export erase feed sends catalog clients metrics cases", "monitor": "metrics",
		} {
			c, _, err := s.CreateClient(admin, administration.NewClient{ID: role, AllDepartments: true, Role: role})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(access.ScopeNames(c.Scopes), " "); got != want {
				t.Errorf("%s is %s, want %s", role, got, want)
			}
		}
	})
}

func TestRotateClient_TwoKeysHoldAtATime(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		store := w.store()
		s, other := w.service(store, 0), w.service(store, 0)
		admin := access.WithCaller(t.Context(), access.Process("test"))
		_, first, err := s.CreateClient(admin, administration.NewClient{ID: "shop", AllDepartments: true, Scopes: []string{"check", "record", "metrics"}})
		if err != nil {
			t.Fatal(err)
		}
		rotate := func(overlap *time.Duration) string {
			t.Helper()
			c, key, err := s.RotateClient(admin, administration.RotateClient{ID: "shop", Overlap: overlap})
			if err != nil || c.ID != "shop" || len(c.Scopes) != 3 {
				t.Fatalf("%+v, %v", c, err)
			}
			return key
		}
		hold := func(what string, keys ...string) {
			t.Helper()
			for _, server := range []*Service{s, other} {
				for i, key := range []string{first, keys[0], keys[1]} {
					who, err := server.Authenticate(t.Context(), key)
					if err == nil {
						err = server.MayObserve(access.WithCaller(t.Context(), who))
					}
					if (err == nil) != (what[i] == 'y') {
						t.Errorf("%s: key %d: %v", what, i+1, err)
					}
				}
			}
		}
		hold("ynn", "", "")
		second := rotate(nil)
		hold("yyn", second, "")
		// A caller that was let in with the previous key stays so.
		who, err := other.Authenticate(t.Context(), first)
		if err != nil {
			t.Fatal(err)
		}
		day := 24 * time.Hour
		third := rotate(&day)
		hold("nyy", second, third)
		wantFault(t, other.MayObserve(access.WithCaller(t.Context(), who)), fault.Unauthenticated)
		let, err := other.Authenticate(t.Context(), second)
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(day - time.Second)
		hold("nyy", second, third)
		w.clock.Advance(2 * time.Second)
		hold("nny", second, third)
		wantFault(t, other.MayObserve(access.WithCaller(t.Context(), let)), fault.Unauthenticated)
		fourth := rotate(nil)
		hold("nyy", third, fourth)
		if c, err := s.EndPriorKey(admin, "shop"); err != nil || c.TwoKeys {
			t.Errorf("%+v, %v", c, err)
		}
		hold("nny", third, fourth)
		none := time.Duration(0)
		fifth := rotate(&none)
		hold("nny", fourth, fifth)
		sixth := rotate(nil)
		hold("nyy", fifth, sixth)
		if _, err := s.RevokeClient(admin, "shop"); err != nil {
			t.Fatal(err)
		}
		hold("nnn", fifth, sixth)
		_, _, err = s.RotateClient(admin, administration.RotateClient{ID: "shop"})
		wantFault(t, err, fault.InvalidClient)
		_, _, err = s.RotateClient(admin, administration.RotateClient{ID: "nobody"})
		wantFault(t, err, fault.ClientMissing)
		_, err = s.EndPriorKey(admin, "nobody")
		wantFault(t, err, fault.ClientMissing)
	})
}

// A write of clients moves the time of the head, and makes every server read the clients anew.
func TestEndPriorKey_ClientWithOneKey_WritesNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s := w.service(w.store(), 0)
		admin := access.WithCaller(t.Context(), access.Process("test"))
		if _, _, err := s.CreateClient(admin, administration.NewClient{ID: "shop", AllDepartments: true, Role: "sender"}); err != nil {
			t.Fatal(err)
		}
		before, err := s.Store.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		if c, err := s.EndPriorKey(admin, "shop"); err != nil || c.ID != "shop" || c.TwoKeys {
			t.Errorf("%+v, %v", c, err)
		}
		after, err := s.Store.Head(t.Context())
		if diff := cmp.Diff(before, after); err != nil || diff != "" {
			t.Errorf("the head: %v (-before +after):\n%s", err, diff)
		}
	})
}

func TestKey_EndsAtItsTime_WithOrWithoutRotation(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		end := consent.InstantOf(w.clock.Now().Add(time.Hour))
		_, first, err := s.CreateClient(admin, administration.NewClient{ID: "shop", AllDepartments: true, Role: "sender", KeyExpires: end})
		if err != nil {
			t.Fatal(err)
		}
		// An overlap does not lengthen what was to end before.
		day := 24 * time.Hour
		c, second, err := s.RotateClient(admin, administration.RotateClient{ID: "shop", Overlap: &day, KeyExpires: end + consent.InstantOf(time.Unix(3600, 0))})
		if err != nil || c.PriorExpires != end || !c.TwoKeys {
			t.Fatalf("%+v, %v", c, err)
		}
		for _, at := range []struct {
			after         time.Duration
			first, second bool
		}{{time.Hour - time.Second, true, true}, {time.Second, false, true}, {time.Hour, false, false}} {
			w.clock.Advance(at.after)
			for key, want := range map[string]bool{first: at.first, second: at.second} {
				_, err := s.Authenticate(t.Context(), key)
				if (err == nil) != want {
					t.Errorf("after %s more: %v, want %v", at.after, err, want)
				}
			}
		}
		past := consent.InstantOf(w.clock.Now())
		_, _, err = s.CreateClient(admin, administration.NewClient{ID: "late", AllDepartments: true, Role: "sender", KeyExpires: past})
		wantFault(t, err, fault.InvalidClient)
		_, _, err = s.RotateClient(admin, administration.RotateClient{ID: "shop", KeyExpires: past})
		wantFault(t, err, fault.InvalidClient)
	})
}

func TestRotateClient_TakesOnesThatTheCallerCouldMake(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		for _, n := range []administration.NewClient{
			{ID: "all", AllDepartments: true, Role: "sender"},
			{ID: "other", Department: "marketing", Role: "sender"},
			{ID: "own", Department: "newsletter-desk", Role: "sender"},
			{ID: "officer", Department: "newsletter-desk", Role: "officer"},
			{ID: "listed", Department: "newsletter-desk", Scopes: []string{"suppress"}, Lists: []string{"ecg"}},
		} {
			w.as(admin, s, n)
		}
		desk := w.as(admin, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"clients", "check", "record", "suppress", "sends"}})
		none := w.as(admin, s, administration.NewClient{ID: "none", AllDepartments: true, Scopes: []string{"check", "record", "suppress", "sends"}})
		for id, want := range map[string]fault.Code{
			"all": fault.OtherDepartment, "other": fault.OtherDepartment, "own": "", "officer": fault.ScopeMissing,
			"listed": fault.ScopeMissing,
		} {
			_, _, err := s.RotateClient(desk, administration.RotateClient{ID: id})
			if want == "" && err != nil {
				t.Errorf("%s: %v", id, err)
			} else if want != "" {
				wantFault(t, err, want)
			}
			_, _, err = s.RotateClient(none, administration.RotateClient{ID: id})
			wantFault(t, err, fault.ScopeMissing)
			_, err = s.EndPriorKey(none, id)
			wantFault(t, err, fault.ScopeMissing)
		}
		_, err := s.EndPriorKey(desk, "other")
		wantFault(t, err, fault.OtherDepartment)
		if _, err := s.EndPriorKey(desk, "officer"); err != nil {
			t.Error(err)
		}
	})
}
