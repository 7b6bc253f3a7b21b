package service

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/storage"
)

// RotateClient gives a client a new key, and returns it. The key before holds beside it, until its own end, for the overlap, or until it is
// ended; the one before that ends. Who rotates holds the key, so a client rotates those only whose rights it could give. Errors: CLIENT_NOT_FOUND,
// INVALID_CLIENT, SCOPE_MISSING, OTHER_DEPARTMENT.
func (s *Admin) RotateClient(ctx context.Context, in RotateClient) (Client, string, error) {
	if err := Need(ctx, ScopeClients); err != nil {
		return Client{}, "", err
	}
	key, hash, err := newKey(in.ID)
	if err != nil {
		return Client{}, "", err
	}
	rotated, err := s.changeClient(ctx, in.ID, func(w *adminTx, c *storage.Client) error {
		if err := w.who.needGiven(c); err != nil {
			return err
		}
		if c.Revoked != 0 {
			return fault.Errorf(fault.InvalidClient, "id", "the client was revoked, which is for ever; create another one")
		}
		if err := w.keyMayExpire(in.KeyExpires); err != nil {
			return err
		}
		c.PriorHash, c.PriorExpires = c.KeyHash, c.KeyExpires
		if in.Overlap != nil {
			end := consent.InstantOf(w.recorded.Time().Add(*in.Overlap))
			if c.PriorExpires == 0 || end < c.PriorExpires {
				c.PriorExpires = end
			}
			if *in.Overlap <= 0 {
				c.PriorHash, c.PriorExpires = [32]byte{}, 0
			}
		}
		c.KeyHash, c.KeyExpires = hash, in.KeyExpires
		return nil
	})
	if err != nil {
		return Client{}, "", err
	}
	return rotated, key, nil
}

// EndPriorKey ends the key that a client had before its present one; without one nothing changes. Errors: CLIENT_NOT_FOUND, OTHER_DEPARTMENT.
func (s *Admin) EndPriorKey(ctx context.Context, id string) (Client, error) {
	if err := Need(ctx, ScopeClients); err != nil {
		return Client{}, err
	}
	return s.changeClient(ctx, id, func(w *adminTx, c *storage.Client) error {
		c.PriorHash, c.PriorExpires = [32]byte{}, 0
		return w.who.needDepartmentOf(c)
	})
}

// changeClient stores a client as the change leaves it, for a caller with the scope clients.
func (s *Admin) changeClient(ctx context.Context, id string, change func(w *adminTx, c *storage.Client) error) (Client, error) {
	var changed storage.Client
	err := s.engine.do(ctx, &member{
		load: storage.Load{Clients: true},
		run: func(tx *work) error {
			w := s.in(tx)
			if err := w.who.need(ScopeClients); err != nil {
				return err
			}
			at := slices.IndexFunc(w.loaded.Clients, func(c storage.Client) bool { return c.ID == id })
			if at < 0 {
				return fault.Errorf(fault.ClientMissing, "id", "there is no such client")
			}
			changed = w.loaded.Clients[at]
			if err := change(w, &changed); err != nil {
				return err
			}
			w.putClient(changed)
			return nil
		},
	})
	if err != nil {
		return Client{}, err
	}
	return clientOf(&changed), nil
}

// keyMayExpire refuses a time for the end of a key that has passed.
func (w *adminTx) keyMayExpire(at consent.Instant) error {
	if at != 0 && at <= w.recorded {
		return fault.Errorf(fault.InvalidClient, "keyExpiresTime", "the key would have expired already; name a later time, or none")
	}
	return nil
}
