package cli_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
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

func TestClientsWhoami_SaysWhoseKeyItIsAndWhenItEnds(t *testing.T) {
	f := startFake(t)
	got := f.run(t, "clients", "whoami").must(t, 0)
	if strings.Join(strings.Fields(got.stdout), " ") != "ID DEPARTMENT SCOPES LISTS KEY KEY ENDS shop marketing check,record - present never" {
		t.Errorf("stdout %q", got.stdout)
	}
	f.run(t, "clients", "rotate", "shop").must(t, 1)
	f.run(t, "clients", "create", "--id", "shop", "--role", "sender", "--all-departments").must(t, 0)
	f.run(t, "clients", "rotate", "shop", "--expires", "2027-01-01T00:00:00Z").must(t, 0)
	got = f.run(t, "clients", "whoami").must(t, 0)
	if !strings.Contains(got.stdout, "(all)") || !strings.Contains(got.stdout, "previous") || !strings.Contains(got.stdout, "2027-01-01T00:00:00Z") {
		t.Errorf("stdout %q", got.stdout)
	}
	if got = f.run(t, "clients", "whoami", "--format", "json").must(t, 0); !strings.Contains(got.stdout, `"sentPreviousKey": true`) {
		t.Errorf("stdout %q", got.stdout)
	}
}

// GetCaller is of a client of one department, until there is another one.
func (f *fake) GetCaller(context.Context, *assentv1.GetCallerRequest) (*assentv1.GetCallerResponse, error) {
	for _, c := range f.clients {
		return &assentv1.GetCallerResponse{Client: c, SentKeyExpiresTime: c.GetKeyExpiresTime(), SentPreviousKey: c.GetPreviousKey()}, nil
	}
	return &assentv1.GetCallerResponse{Client: &assentv1.Client{Id: "shop", Department: "marketing", Scopes: []string{"check", "record"}}}, nil
}

func (f *fake) CreateClient(_ context.Context, in *assentv1.CreateClientRequest) (*assentv1.CreateClientResponse, error) {
	if slices.ContainsFunc(f.clients, func(c *assentv1.Client) bool { return c.GetId() == in.GetId() }) {
		return nil, failure(codes.AlreadyExists, "CLIENT_EXISTS", "there is a client of this id")
	}
	client := &assentv1.Client{
		Id: in.GetId(), Department: in.GetDepartment(), AllDepartments: in.GetAllDepartments(), Scopes: in.GetScopes(), Lists: in.GetLists(),
		CreatedTime: day(1), KeyExpiresTime: in.GetKeyExpiresTime(),
	}
	f.clients = append(f.clients, client)
	return &assentv1.CreateClientResponse{Client: client, ApiKey: "key-of-" + in.GetId()}, nil
}

func (f *fake) ListClients(_ context.Context, in *assentv1.ListClientsRequest) (*assentv1.ListClientsResponse, error) {
	from := len(in.GetPageToken())
	out := &assentv1.ListClientsResponse{}
	if from < len(f.clients) {
		out.Clients = f.clients[from : from+1]
	}
	if from+1 < len(f.clients) {
		out.NextPageToken = strings.Repeat("x", from+1)
	}
	return out, nil
}

func (f *fake) RotateClient(_ context.Context, in *assentv1.RotateClientRequest) (*assentv1.RotateClientResponse, error) {
	for _, c := range f.clients {
		if c.GetId() == in.GetId() {
			c.PreviousKey, c.KeyExpiresTime, c.PreviousKeyExpiresTime = true, in.GetKeyExpiresTime(), nil
			if in.GetOverlap() != nil {
				c.PreviousKeyExpiresTime = day(3)
			}
			return &assentv1.RotateClientResponse{Client: c, ApiKey: "next-key-of-" + in.GetId()}, nil
		}
	}
	return nil, failure(codes.NotFound, "CLIENT_NOT_FOUND", "the client does not exist")
}

func (f *fake) RevokeClient(_ context.Context, in *assentv1.RevokeClientRequest) (*assentv1.RevokeClientResponse, error) {
	for _, c := range f.clients {
		if c.GetId() == in.GetId() {
			if in.GetPreviousKeyOnly() {
				c.PreviousKey, c.PreviousKeyExpiresTime = false, nil
				return &assentv1.RevokeClientResponse{Client: c}, nil
			}
			c.RevokedTime = day(2)
			return &assentv1.RevokeClientResponse{Client: c}, nil
		}
	}
	return nil, failure(codes.NotFound, "CLIENT_NOT_FOUND", "the client does not exist")
}
