package cli_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

func TestClients_RotateAndEndThePreviousKey(t *testing.T) {
	f := startFake(t)
	f.run(t, "clients", "create", "--id", "shop", "--role", "sender", "--all-departments", "--expires", "2027-01-01T00:00:00Z").must(t, 0)
	expires := timestamppb.New(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC))
	same(t, &assentv1.CreateClientRequest{Id: "shop", Role: "sender", AllDepartments: true, KeyExpiresTime: expires},
		last[*assentv1.CreateClientRequest](t, f))
	got := f.run(t, "clients", "rotate", "shop", "--overlap", "24h", "--expires", "2027-01-01T00:00:00Z").must(t, 0)
	if got.stdout != "next-key-of-shop\n" || !strings.Contains(got.stderr, "cannot be shown again") {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	same(t, &assentv1.RotateClientRequest{Id: "shop", KeyExpiresTime: expires, Overlap: durationpb.New(24 * time.Hour)},
		last[*assentv1.RotateClientRequest](t, f))
	if list := f.run(t, "clients", "list").must(t, 0).stdout; !strings.Contains(list, "2027-01-01") || !strings.Contains(list, "until ") {
		t.Errorf("the list does not say when the keys end: %s", list)
	}
	f.run(t, "clients", "rotate", "shop").must(t, 0)
	same(t, &assentv1.RotateClientRequest{Id: "shop"}, last[*assentv1.RotateClientRequest](t, f))
	if list := f.run(t, "clients", "list").must(t, 0).stdout; !strings.Contains(list, "holds") {
		t.Errorf("the list does not say that the previous key holds: %s", list)
	}
	f.run(t, "clients", "revoke", "shop", "--previous-key", "--yes").must(t, 0)
	same(t, &assentv1.RevokeClientRequest{Id: "shop", PreviousKeyOnly: true}, last[*assentv1.RevokeClientRequest](t, f))
	f.run(t, "clients", "rotate", "nobody").must(t, 1)
}
