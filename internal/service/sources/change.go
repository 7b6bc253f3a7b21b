package sources

import (
	"context"
	"log/slog"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/intake/provider"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// change runs a write on a source that the caller may change.
func change[T any](
	ctx context.Context, s *Sources, id string, scope access.Scope, once txn.Idempotency, run func(*txn.Tx, *tables.Source) (T, error),
) (T, error) {
	var none T
	if err := access.Need(ctx, scope); err != nil {
		return none, err
	}
	return txn.Idempotent(ctx, s.engine, &txn.Write{}, once, nil, func(w *txn.Tx) (T, bool, error) {
		if err := w.Caller.Need(scope); err != nil {
			return none, false, err
		}
		rows, err := sourceOf(w, id)
		if err != nil {
			return none, false, err
		}
		if len(rows) == 0 || !reaches(&w.Caller, &rows[0]) {
			return none, false, missing()
		}
		answer, err := run(w, &rows[0])
		return answer, err == nil, err
	})
}

// sourceOf returns the source with an id as the transaction has left it so far, if there is one.
func sourceOf(w *txn.Tx, id string) ([]tables.Source, error) {
	return txn.RowsOf(w, id, tables.SourceOf)
}

// put has a statement run that leaves a source like this.
func put(w *txn.Tx, row *tables.Source, statement storage.Statement) {
	txn.PutRows(w, row.ID, []tables.Source{*row}, statement)
}

// Update is what to change of a source.
type Update struct {
	ID     string
	User   string   // empty: the same
	URL    string   // empty: the same
	Topics []string // none: the same
	txn.Idempotency
}

// UpdateSource changes what a source expects. Errors: INVALID_REQUEST, SOURCE_NOT_FOUND, SCOPE_MISSING.
func (s *Sources) UpdateSource(ctx context.Context, u Update) (Source, error) {
	return change(ctx, s, u.ID, access.ScopeClients, u.Idempotency, func(w *txn.Tx, row *tables.Source) (Source, error) {
		in, err := s.unseal(row, w.Recorded)
		if err != nil {
			return Source{}, err
		}
		if u.User != "" {
			in.User = u.User
		}
		if u.URL != "" {
			in.URL = u.URL
		}
		if len(u.Topics) > 0 {
			in.Topics = u.Topics
		}
		return s.save(w, row, in)
	})
}

// save checks and stores the settings of a source.
func (s *Sources) save(w *txn.Tx, row *tables.Source, in *settings) (Source, error) {
	if _, err := s.verifier(provider.Kind(row.Kind), in, true); err != nil {
		return Source{}, err
	}
	var err error
	if row.Settings, err = s.seal(row.ID, in); err != nil {
		return Source{}, err
	}
	put(w, row, tables.ChangeSource(row))
	return s.shown(row, &w.Caller)
}

// RotateSourceSecret gives a source a new secret, or ends the one before it if confirm is set. Errors: INVALID_REQUEST, ROTATION_UNDER_WAY,
// SOURCE_NOT_FOUND, SCOPE_MISSING.
func (s *Sources) RotateSourceSecret(ctx context.Context, id, secret string, confirm bool, once txn.Idempotency) (Created, error) {
	password := newPassword()
	rotated, err := change(ctx, s, id, access.ScopeClients, once, func(w *txn.Tx, row *tables.Source) (answer Created, err error) {
		in, err := s.unseal(row, w.Recorded)
		if err != nil {
			return answer, err
		}
		kind := provider.Kind(row.Kind)
		switch {
		case kind == provider.SES:
			return answer, fault.Errorf(fault.InvalidRequest, "id", "a source of the kind ses has no secret: SNS signs with a certificate")
		case confirm && secret != "":
			return answer, fault.Errorf(fault.InvalidRequest, "confirm", "give a new secret, or end the one before it: not both at once")
		case confirm:
			in.Prior, row.PriorUntil = "", 0
		case in.Prior != "":
			return answer, fault.Errorf(fault.RotationUnderWay, "id", "the secret before this one is still taken, until %s; confirm that the provider "+
				"has the new one before you give another", row.PriorUntil)
		case secret == "" && !showsPassword(kind):
			return answer, fault.Errorf(fault.InvalidRequest, "secret", "give the new secret as the console of the provider shows it")
		default:
			if in.Secret != "" {
				in.Prior, row.PriorUntil = in.Secret, w.Recorded.Add(priorLasts)
			}
			if in.Secret = secret; secret == "" {
				in.Secret, answer.SecretDigest = password, digest(password)
			}
		}
		answer.Source, err = s.save(w, row, in)
		return answer, err
	})
	if err != nil {
		return Created{}, err
	}
	rotated.Secret, err = s.secretOf(ctx, id, rotated.SecretDigest)
	return rotated, err
}

// HoldSource has the complaints of a source wait for a person. Errors: SOURCE_NOT_FOUND, SCOPE_MISSING.
func (s *Sources) HoldSource(ctx context.Context, id string) (Source, error) {
	held, err := change(ctx, s, id, access.ScopeLift, txn.Idempotency{}, func(w *txn.Tx, row *tables.Source) (Source, error) {
		if row.Held == 0 {
			row.Held, row.HeldBy = w.Recorded, w.Caller.ID
			put(w, row, tables.HoldSource(row.ID, row.Held, row.HeldBy))
		}
		return s.shown(row, &w.Caller)
	})
	s.logDecision(ctx, "held", id, err)
	return held, err
}

// ReleaseSource has the complaints of a source count again. Errors: SOURCE_NOT_FOUND, SCOPE_MISSING.
func (s *Sources) ReleaseSource(ctx context.Context, id string) (Source, error) {
	released, err := change(ctx, s, id, access.ScopeLift, txn.Idempotency{}, func(w *txn.Tx, row *tables.Source) (Source, error) {
		row.Held, row.HeldBy = 0, ""
		put(w, row, tables.ReleaseSource(row.ID))
		return s.shown(row, &w.Caller)
	})
	s.logDecision(ctx, "released", id, err)
	return released, err
}

// logDecision logs which client decided about the complaints of a source: a source that was released does not show it any more.
func (s *Sources) logDecision(ctx context.Context, decision, id string, err error) {
	if err == nil {
		s.Log.LogAttrs(ctx, slog.LevelWarn, "a client decided about the complaints of a source", slog.String("decision", decision),
			slog.String("source", id), slog.String("client", access.CallerOf(ctx).ID))
	}
}

// DeleteSource deletes a source. What it reported stays. Errors: SOURCE_NOT_FOUND, SCOPE_MISSING.
func (s *Sources) DeleteSource(ctx context.Context, id string, once txn.Idempotency) error {
	_, err := change(ctx, s, id, access.ScopeClients, once, func(w *txn.Tx, row *tables.Source) (struct{}, error) {
		txn.PutRows[string, tables.Source](w, row.ID, nil, tables.DropSource(row.ID)...)
		return struct{}{}, nil
	})
	return err
}
