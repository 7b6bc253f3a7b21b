package service

import (
	"testing"

	"pgregory.net/rapid"
)

// eachLife tries a property on random lives, which it counts from 1. On PostgreSQL it takes the first few, until one fails: each takes a while
// there, and what is not the same code as on SQLite is below the service and has tests of its own.
func (w *world) eachLife(t *testing.T, onPostgres int, property func(rt *rapid.T, number int)) {
	t.Helper()
	if w.url == "" {
		onPostgres = 0
	}
	firstLives(t, onPostgres, property)
}

// firstLives tries a property on so many random lives, until one fails; 0: on as many as rapid is told to try.
func firstLives(t *testing.T, most int, property func(rt *rapid.T, number int)) {
	t.Helper()
	tried, failed := 0, false
	rapid.Check(t, func(rt *rapid.T) {
		if tried++; most > 0 && tried > most && !failed {
			return
		}
		defer func() { failed = failed || rt.Failed() }()
		property(rt, tried)
	})
}
