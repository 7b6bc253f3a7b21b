package service

import (
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/consent"
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
		_, key, err := s.CreateClient(admin, NewClient{ID: "shop", AllDepartments: true, Role: "sender"})
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
				wantFault(t, err, consent.FaultUnauthenticated)
			}
		}
	})
}

// The hash of a secret is compared as a whole, of a client that is cached and of one that is read anew.
func TestAuthenticate_HashThatDiffersInOneByte_IsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		_, key, err := s.CreateClient(admin, NewClient{ID: "shop", AllDepartments: true, Role: "sender"})
		if err != nil {
			t.Fatal(err)
		}
		who, err := s.Authenticate(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		known, version, ok := s.clients.get("shop")
		if !ok {
			t.Fatal("the client is not cached")
		}
		for i := range known.KeyHash {
			forged := known
			forged.KeyHash[i] ^= 1
			s.clients.mu.Lock()
			s.clients.byID["shop"] = forged
			s.clients.mu.Unlock()
			_, err := s.Authenticate(t.Context(), key)
			wantFault(t, err, consent.FaultUnauthenticated)
			_, err = who.as(&forged, version)
			wantFault(t, err, consent.FaultUnauthenticated)
		}
		s.clients.mu.Lock()
		s.clients.byID["shop"] = known
		s.clients.mu.Unlock()
		if _, err := s.Authenticate(t.Context(), key); err != nil {
			t.Error(err)
		}
	})
}

func TestAuthenticate_KeyOfAnotherClient_IsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		keys := map[string]string{}
		for _, id := range []string{"shop", "desk"} {
			_, key, err := s.CreateClient(admin, NewClient{ID: id, AllDepartments: true, Role: "sender"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Authenticate(t.Context(), key); err != nil {
				t.Fatal(err)
			}
			keys[id] = key
		}
		_, err := s.Authenticate(t.Context(), strings.Replace(keys["desk"], "desk", "shop", 1))
		wantFault(t, err, consent.FaultUnauthenticated)
		_, err = s.ListClients(WithCaller(t.Context(), Caller{Client: Client{ID: "nobody", AllDepartments: true, Scopes: AllScopes()}, version: 1}), 1, "")
		wantFault(t, err, consent.FaultUnauthenticated)
	})
}

func TestAdmit_WithoutACaller_IsUnauthenticated(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, _ := w.acme()
		_, err := s.Check(t.Context(), CheckInput{Address: "a@b.at", Request: consent.Request{Channel: "newsletter"}})
		wantFault(t, err, consent.FaultUnauthenticated)
		_, err = s.Record(t.Context(), withdrawal("newsletter", "a@b.at"), Idempotency{})
		wantFault(t, err, consent.FaultUnauthenticated)
	})
}

func TestCreateClient_RolesHaveTheScopesOfTheDocumentation(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		for role, want := range map[string]string{
			"sender": "check record suppress", "sync": "check read suppress feed", "officer": "check read suppress lift export erase",
			"admin": "check record suppress lift read export erase feed catalog clients",
		} {
			c, _, err := s.CreateClient(admin, NewClient{ID: role, AllDepartments: true, Role: role})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(textOf(c.Scopes), " "); got != want {
				t.Errorf("%s is %s, want %s", role, got, want)
			}
		}
	})
}
