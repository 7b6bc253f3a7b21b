package server

import (
	"context"
	"errors"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
)

// forget deletes what is remembered of expired requests.
func (s *server) forget(ctx context.Context) error {
	_, err := s.local.DeleteExpiredRequests(ctx)
	return err
}

// forgetRemovals deletes erased addresses that the consumers of the change feed need not be told of any more.
func (s *server) forgetRemovals(ctx context.Context) error { return s.local.ForgetRemovals(ctx) }

// fillMailboxes notes which addresses of mailboxes are held in a database of an older program.
func (s *server) fillMailboxes(ctx context.Context) error {
	return s.local.FillMailboxes(access.WithCaller(ctx, access.Process("mailboxes")))
}

// measure notes how large the database is, for the metrics.
func (s *server) measure(ctx context.Context) error {
	size, err := s.local.store.Size(ctx)
	if err == nil {
		s.local.bytes.Store(size)
	}
	return err
}

// retain removes what the policy does not keep.
func (s *server) retain(ctx context.Context) error {
	_, err := s.local.RunRetention(access.WithCaller(ctx, access.Process("retention")), false)
	return unlessNoCatalog(err)
}

// unlessNoCatalog returns an error, unless it is that there is no catalog yet: then nothing says how long anything is kept.
func unlessNoCatalog(err error) error {
	if told, is := errors.AsType[*fault.Error](err); is && told.Code == fault.NoCatalog {
		return nil
	}
	return err
}
