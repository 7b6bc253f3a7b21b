package consumers

import (
	"context"
	"strings"

	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables"
)

// Lag is how far a registered consumer is behind the ledger.
type Lag struct {
	Consumer string // id
	Events   int64  // that were recorded since what it is known to have
}

// FeedLags returns how far the registered consumers are behind that were not revoked.
func (s *Consumers) FeedLags(ctx context.Context) ([]Lag, error) {
	head, active, err := tables.ActiveConsumers(ctx, s.Store)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	var lags []Lag
	for i := range active {
		if !strings.Contains(active[i].ID, "/") { // That of a client that reads without a consumer.
			lags = append(lags, Lag{Consumer: active[i].ID, Events: max(head.Position-active[i].Acknowledged.Position, 0)})
		}
	}
	return lags, nil
}
