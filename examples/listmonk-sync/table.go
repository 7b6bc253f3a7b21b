package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/assent-io/assent/client/follower"
)

// schema is what the program keeps beside the table: the forms of each address, to find by them whom a change is about, and whether it was this
// program that blocklisted the subscriber.
const schema = `
CREATE TABLE IF NOT EXISTS assent_sync (
	email TEXT PRIMARY KEY, exact TEXT NOT NULL, folded TEXT NOT NULL, domain TEXT NOT NULL, blocked BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX IF NOT EXISTS assent_sync_exact ON assent_sync (exact);
CREATE INDEX IF NOT EXISTS assent_sync_folded ON assent_sync (folded);
CREATE INDEX IF NOT EXISTS assent_sync_domain ON assent_sync (domain);`

// wholePass is how often all subscribers are judged anew: a suppression that ends by its time is no change, and nothing is sent of it.
const wholePass = time.Hour

// table is the table of subscribers.
type table struct {
	db       *sql.DB
	channel  string
	follower *follower.Follower

	// One writer at a time: what is written is what the Follower answers then.
	writing sync.Mutex
}

func openTable(ctx context.Context, db *sql.DB, channel string) (*table, error) {
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, fmt.Errorf("the table of the program: %w", err)
	}
	return &table{db: db, channel: channel}, nil
}

// change does what follows from what the Follower was told.
func (t *table) change(ctx context.Context, batch follower.Batch) error {
	return t.write(ctx, func(tx *sql.Tx) error {
		for _, gone := range batch.Erased {
			if gone.Match != follower.MatchExact {
				continue // Another spelling of the mailbox is another subscriber.
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM subscribers WHERE email IN (SELECT email FROM assent_sync WHERE exact = ?)`, gone.Address); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM assent_sync WHERE exact = ?`, gone.Address); err != nil {
				return err
			}
		}
		if batch.All {
			return t.judge(ctx, tx, `SELECT email FROM assent_sync`)
		}
		for _, who := range batch.Changed {
			query := map[follower.Match]string{
				follower.MatchExact:  `SELECT email FROM assent_sync WHERE exact = ?1`,
				follower.MatchFolded: `SELECT email FROM assent_sync WHERE folded = ?1`,
				follower.MatchDomain: `SELECT email FROM assent_sync WHERE domain = ?1 OR domain LIKE '%.' || ?1`,
			}[who.Match]
			if err := t.judge(ctx, tx, query, who.Address); err != nil {
				return err
			}
		}
		return nil
	})
}

// lookForNew judges subscribers that the tool added, and now and then all.
func (t *table) lookForNew(ctx context.Context, every time.Duration) error {
	select {
	case <-t.follower.Ready():
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for last := (time.Time{}); ; {
		whole := time.Since(last) >= wholePass
		err := t.write(ctx, func(tx *sql.Tx) error { return t.addNew(ctx, tx, whole) })
		switch {
		case errors.Is(err, follower.ErrStale):
			// The server is away. What is blocklisted stays so, and it is tried again.
		case err != nil:
			return err
		case whole:
			last = time.Now()
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (t *table) addNew(ctx context.Context, tx *sql.Tx, whole bool) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM assent_sync WHERE email NOT IN (SELECT email FROM subscribers)`); err != nil {
		return err
	}
	added, err := texts(ctx, tx, `SELECT email FROM subscribers WHERE email NOT IN (SELECT email FROM assent_sync)`)
	if err != nil {
		return err
	}
	for _, email := range added {
		forms, err := follower.FormsOf(email)
		if err != nil {
			forms = follower.Forms{Domains: []string{""}} // It is no address, and no change will be about it.
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO assent_sync (email, exact, folded, domain) VALUES (?, ?, ?, ?)`, email, forms.Exact, forms.Folded, forms.Domains[0])
		if err == nil && !whole {
			err = t.judgeOne(ctx, tx, email)
		}
		if err != nil {
			return err
		}
	}
	if whole {
		return t.judge(ctx, tx, `SELECT email FROM assent_sync`)
	}
	return nil
}

// judge judges the subscribers that a query finds.
func (t *table) judge(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	emails, err := texts(ctx, tx, query, args...)
	if err != nil {
		return err
	}
	for _, email := range emails {
		if err := t.judgeOne(ctx, tx, email); err != nil {
			return err
		}
	}
	return nil
}

// judgeOne blocklists a subscriber, or enables one that this program had blocklisted. What is no address is blocklisted.
func (t *table) judgeOne(ctx context.Context, tx *sql.Tx, email string) error {
	blocked, err := t.follower.Blocked(email, t.channel)
	if err != nil && !errors.Is(err, follower.ErrAddress) {
		return err
	}
	from, to := "enabled", "blocklisted"
	if !blocked {
		from, to = to, from
	}
	result, err := tx.ExecContext(ctx, `UPDATE subscribers SET status = ?1 WHERE email = ?2 AND status = ?3
		AND (?4 OR EXISTS (SELECT * FROM assent_sync WHERE email = ?2 AND blocked))`, to, email, from, blocked)
	if err != nil {
		return err
	}
	if changed, err := result.RowsAffected(); err != nil || changed == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE assent_sync SET blocked = ? WHERE email = ?`, blocked, email)
	return err
}

// write does something in a transaction.
func (t *table) write(ctx context.Context, do func(*sql.Tx) error) error {
	t.writing.Lock()
	defer t.writing.Unlock()
	tx, err := t.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// texts returns the first column of what a query finds.
func texts(ctx context.Context, tx *sql.Tx, query string, args ...any) (all []string, err error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}
