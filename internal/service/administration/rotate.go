package administration

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
)

// RotateClient gives a client a new key, and returns it. The previous key stays valid beside it for the overlap, unless
// its own end is earlier or it is ended; the one before that ends. The caller receives the new key, so it may rotate
// only clients with rights that it could grant. Errors: CLIENT_NOT_FOUND, INVALID_CLIENT, SCOPE_MISSING, OTHER_DEPARTMENT.
func (s *Admin) RotateClient(ctx context.Context, in RotateClient) (access.Client, string, error) {
	if err := access.Need(ctx, access.ScopeClients); err != nil {
		return access.Client{}, "", err
	}
	key, hash, err := access.NewKey(in.ID)
	if err != nil {
		return access.Client{}, "", err
	}
	rotated, err := s.changeClient(ctx, in.ID, func(w *transaction, c *tables.Client) (bool, error) {
		if err := w.Caller.NeedGiven(c); err != nil {
			return false, err
		}
		if c.Revoked != 0 {
			return false, fault.Errorf(fault.InvalidClient, "id", "the client was revoked, and this cannot be undone; create another client")
		}
		if err := w.keyMayExpire(in.KeyExpires); err != nil {
			return false, err
		}
		c.PriorHash, c.PriorExpires = c.KeyHash, c.KeyExpires
		if in.Overlap != nil {
			end := consent.InstantOf(w.Recorded.Time().Add(*in.Overlap))
			if c.PriorExpires == 0 || end < c.PriorExpires {
				c.PriorExpires = end
			}
			if *in.Overlap <= 0 {
				c.PriorHash, c.PriorExpires = [32]byte{}, 0
			}
		}
		c.KeyHash, c.KeyExpires = hash, in.KeyExpires
		return true, nil
	})
	if err != nil {
		return access.Client{}, "", err
	}
	return rotated, key, nil
}

// EndPriorKey ends the key that a client had before its present one; without one nothing changes. Errors: CLIENT_NOT_FOUND, OTHER_DEPARTMENT.
func (s *Admin) EndPriorKey(ctx context.Context, id string) (access.Client, error) {
	if err := access.Need(ctx, access.ScopeClients); err != nil {
		return access.Client{}, err
	}
	return s.changeClient(ctx, id, func(w *transaction, c *tables.Client) (bool, error) {
		if err := w.Caller.NeedDepartmentOf(c); err != nil || c.PriorHash == [32]byte{} {
			return false, err
		}
		c.PriorHash, c.PriorExpires = [32]byte{}, 0
		return true, nil
	})
}

// changeClient stores a client as the change leaves it, for a caller with the scope clients. Change reports whether it changed anything.
func (s *Admin) changeClient(
	ctx context.Context, id string, change func(w *transaction, c *tables.Client) (bool, error),
) (access.Client, error) {
	var changed tables.Client
	err := s.engine.Do(ctx, &txn.Write{
		Run: func(tx *txn.Tx) error {
			w := s.in(tx)
			if err := w.Caller.Need(access.ScopeClients); err != nil {
				return err
			}
			clients, err := w.StoredClients()
			if err != nil {
				return err
			}
			at := slices.IndexFunc(clients, func(c tables.Client) bool { return c.ID == id })
			if at < 0 {
				return fault.Errorf(fault.ClientMissing, "id", "the client does not exist")
			}
			changed = clients[at]
			if isChanged, err := change(w, &changed); err != nil || !isChanged {
				return err
			}
			w.PutClient(changed)
			return nil
		},
	})
	if err != nil {
		return access.Client{}, err
	}
	return access.NewClientOf(&changed), nil
}

// keyMayExpire refuses a time for the end of a key that has passed.
func (w *transaction) keyMayExpire(at consent.Instant) error {
	if at != 0 && at <= w.Recorded {
		return fault.Errorf(fault.InvalidClient, "keyExpiresTime", "the expiry time of the key is in the past; give a later time, or none")
	}
	return nil
}
