package rpc_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/service/administration"
)

func TestGetCaller_AnyKey_LearnsWhatItIsUntilItEnds(t *testing.T) {
	w := newWorld(t)
	clients := assentv1.NewClientServiceClient(w.conn)
	first := w.client(administration.NewClient{ID: "desk", Department: "marketing", Scopes: []string{"metrics"}})
	ask := func(key string) (*assentv1.GetCallerResponse, error) {
		return clients.GetCaller(with(t, key), &assentv1.GetCallerRequest{})
	}
	expect := func(when, key string, ends time.Time, previous bool) {
		t.Helper()
		got, err := ask(key)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		c := got.GetClient()
		if c.GetId() != "desk" || c.GetDepartment() != "marketing" || c.GetAllDepartments() || len(c.GetScopes()) != 1 || c.GetScopes()[0] != "metrics" {
			t.Errorf("%s: the client is %v", when, c)
		}
		unset := got.GetSentKeyExpiresTime() == nil
		if unset != ends.IsZero() || !unset && !got.GetSentKeyExpiresTime().AsTime().Equal(ends) || got.GetSentPreviousKey() != previous {
			t.Errorf("%s: got %v, want the end %v and previous %v", when, got, ends, previous)
		}
	}
	expect("with the first key", first, time.Time{}, false)

	ends := w.clock.Now().Add(48 * time.Hour)
	rotated, err := clients.RotateClient(w.as(), &assentv1.RotateClientRequest{
		Id: "desk", KeyExpiresTime: timestamppb.New(ends), Overlap: durationpb.New(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	expect("with the new key", rotated.GetApiKey(), ends, false)
	expect("with the key before", first, rotated.GetClient().GetPreviousKeyExpiresTime().AsTime(), true)

	w.clock.Advance(time.Hour + time.Second)
	if got, err := ask(first); status.Code(err) != codes.Unauthenticated {
		t.Errorf("with a key that has ended: %v, %v", got, err)
	}
	if _, err := clients.RevokeClient(w.as(), &assentv1.RevokeClientRequest{Id: "desk"}); err != nil {
		t.Fatal(err)
	}
	if got, err := ask(rotated.GetApiKey()); status.Code(err) != codes.Unauthenticated {
		t.Errorf("with a key that was revoked: %v, %v", got, err)
	}
}
