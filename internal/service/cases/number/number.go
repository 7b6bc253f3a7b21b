// Package number reads and writes the numbers of cases, such as 2026-000123, and the marks by which subjects of mails name them.
package number

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// Of returns an id as it is shown, such as 2026-000123.
func Of(id int64) string {
	return fmt.Sprintf("%04d-%06d", id/casetable.IDsOfYear, id%casetable.IDsOfYear)
}

// Parse reads what Of writes. The error is INVALID_REQUEST.
func Parse(text string) (int64, error) {
	year, number, ok := strings.Cut(text, "-")
	y, yearErr := strconv.ParseInt(year, 10, 32)
	n, numberErr := strconv.ParseInt(number, 10, 64)
	if id := y*casetable.IDsOfYear + n; ok && yearErr == nil && numberErr == nil && y > 0 && n > 0 && n < casetable.IDsOfYear && Of(id) == text {
		return id, nil
	}
	return 0, fault.Errorf(fault.InvalidRequest, "id", "the number of a case is its year and six digits or more, such as 2026-000123")
}

// Mark is how a subject names a case.
func Mark(number string) string { return "[Case " + number + "]" }

// marked finds the case that a subject names, in English and in German.
var marked = regexp.MustCompile(`(?i)\[\s*(?:case|fall|vorgang)\s*[:#]?\s*([0-9]{4}-[0-9]{6,9})\s*\]`)

// In returns the case that a subject names; 0: none.
func In(subject string) int64 {
	found := marked.FindStringSubmatch(subject)
	if found == nil {
		return 0
	}
	id, err := Parse(found[1])
	if err != nil {
		return 0
	}
	return id
}

// Without takes the marks from a subject.
func Without(subject string) string { return strings.TrimSpace(marked.ReplaceAllString(subject, "")) }

// numbers are the ids that one transaction has given, by year.
type numbers map[int]int64

// Next gives the next id of the year in which a write is recorded. It is given under the lock of the head, so that each is given once.
func Next(w *txn.Tx) (int64, error) {
	type key struct{}
	given := w.Shared(key{}, func() any { return numbers{} }).(numbers) //nolint:errcheck,forcetypeassert // Nothing else has this key.
	year := w.Recorded.Time().UTC().Year()
	last, known := given[year]
	if !known {
		rows, err := txn.RowsOf(w, year, casetable.LastCase)
		if err != nil {
			return 0, err
		}
		last = int64(year) * casetable.IDsOfYear
		if len(rows) > 0 {
			last = rows[0]
		}
	}
	given[year] = last + 1
	return last + 1, nil
}
