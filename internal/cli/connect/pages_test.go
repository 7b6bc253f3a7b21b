package connect_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/testing/protocmp"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func TestPages_AsksForEachPageOnce_UntilTheLastOrAnErrorOrTheCallerHasEnough(t *testing.T) {
	failed := errors.New("failed")
	for _, c := range []struct {
		name   string
		failOn string
		most   int
		asked  []string
		got    []string
	}{
		{"all", "none", 9, []string{"", "b", "c"}, []string{"client of ", "client of b", "client of c"}},
		{"an error", "b", 9, []string{"", "b"}, []string{"client of "}},
		{"enough", "none", 2, []string{"", "b"}, []string{"client of ", "client of b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			next := map[string]string{"": "b", "b": "c", "c": ""}
			var asked, got []string
			list := func(_ context.Context, in *assentv1.ListClientsRequest, _ ...grpc.CallOption) (*assentv1.ListClientsResponse, error) {
				asked = append(asked, in.GetPageToken())
				if in.GetPageToken() == c.failOn {
					return nil, failed
				}
				one := &assentv1.Client{Id: "client of " + in.GetPageToken()}
				return &assentv1.ListClientsResponse{Clients: []*assentv1.Client{one}, NextPageToken: next[in.GetPageToken()]}, nil
			}
			var told error
			in := &assentv1.ListClientsRequest{}
			for page, err := range connect.Pages(t.Context(), &connect.Server{}, list, in, &in.PageToken) {
				if told = err; err != nil {
					continue // It is the last.
				}
				got = append(got, page.GetClients()[0].GetId())
				if len(got) == c.most {
					break
				}
			}
			if errors.Is(told, failed) != (c.failOn == "b") {
				t.Errorf("the error: %v", told)
			}
			if diff := cmp.Diff([][]string{c.asked, c.got}, [][]string{asked, got}); diff != "" {
				t.Errorf("asked and got (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAll_IsOnePage_OrTheErrorOfAny(t *testing.T) {
	failed := errors.New("failed")
	next := map[string]string{"": "b", "b": "c", "c": ""}
	for _, failOn := range []string{"none", "", "c"} {
		list := func(_ context.Context, in *assentv1.ListClientsRequest, _ ...grpc.CallOption) (*assentv1.ListClientsResponse, error) {
			if in.GetPageToken() == failOn {
				return nil, failed
			}
			one := &assentv1.Client{Id: "client of " + in.GetPageToken()}
			return &assentv1.ListClientsResponse{Clients: []*assentv1.Client{one}, NextPageToken: next[in.GetPageToken()]}, nil
		}
		in := &assentv1.ListClientsRequest{}
		all, err := connect.All(t.Context(), &connect.Server{}, list, in, &in.PageToken)
		if failOn != "none" {
			if !errors.Is(err, failed) {
				t.Errorf("failing on %q: %v", failOn, err)
			}
			continue
		}
		want := &assentv1.ListClientsResponse{Clients: []*assentv1.Client{{Id: "client of "}, {Id: "client of b"}, {Id: "client of c"}}}
		if diff := cmp.Diff(want, all, protocmp.Transform()); err != nil || diff != "" {
			t.Errorf("%v (-want +got)\n%s", err, diff)
		}
	}
}
