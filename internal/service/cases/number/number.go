// Package number reads and writes the numbers of cases, such as 2026-000123, and the marks by which subjects of mails name them.
package number

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/assent-io/assent/internal/fault"
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
