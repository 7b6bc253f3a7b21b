package rest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/api/openapi"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/web/home"
)

// newPages returns the pages for people.
func newPages(opts Options) (*home.Pages, error) {
	options := home.Options{Version: opts.Version, Document: openapi.Document}
	if opts.Demo {
		options.Desk = desk{opts.Conn}
	}
	pages, err := home.New(options)
	if err != nil {
		return nil, fmt.Errorf("make the pages: %w", err)
	}
	return pages, nil
}

// desk asks the API what the form of a demo asks. Its calls go the way of all others, so that they have the same limits and rules.
type desk struct{ conn *grpc.ClientConn }

var _ home.Desk = desk{}

// Channels returns those of the catalog that is in force, with their names in English.
func (d desk) Channels(ctx context.Context) ([]home.Channel, error) {
	got, err := assentv1.NewCatalogServiceClient(d.conn).GetCatalog(ctx, &assentv1.GetCatalogRequest{})
	if err != nil {
		return nil, textOf(err)
	}
	parsed, _, err := catalog.ParseStored("catalog", []byte(got.GetDocument()))
	if err != nil {
		return nil, errors.New("the catalog could not be read")
	}
	channels := make([]home.Channel, 0, len(parsed.Channels))
	for i := range parsed.Channels {
		c := &parsed.Channels[i]
		channels = append(channels, home.Channel{ID: c.ID, Name: c.Name.EN})
	}
	return channels, nil
}

// Ask checks the address.
func (d desk) Ask(ctx context.Context, address, channel string) (home.Answer, error) {
	got, err := assentv1.NewConsentServiceClient(d.conn).CheckConsent(ctx, &assentv1.CheckConsentRequest{
		Address: strings.TrimSpace(address), Channel: channel,
	})
	if err != nil {
		return home.Answer{}, textOf(err)
	}
	decision := got.GetDecision()
	return home.Answer{
		Verdict: strings.ToLower(strings.TrimPrefix(decision.GetVerdict().String(), "VERDICT_")), Reason: decision.GetReason(),
		Explanation: decision.GetExplanation(), Remedy: decision.GetRemedy(),
	}, nil
}

// textOf returns an error with the text of a call that failed, which holds no address.
func textOf(err error) error { return errors.New(status.Convert(err).Message()) }
