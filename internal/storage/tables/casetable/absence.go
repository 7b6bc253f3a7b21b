package casetable

import (
	"context"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// Absence says that a member of a desk is away, and who stands in. It does not say why.
type Absence struct {
	ID         [16]byte
	Department string // of the desk
	Member     string
	From       consent.Instant
	Until      consent.Instant // the first instant at which the member is back
	Deputy     string          // empty: the whole desk
	Created    consent.Instant
	CreatedBy  string
}

const absenceColumns = `id, department, member, from_time, until_time, deputy, created_time, created_by`

// AddAbsence adds an absence.
func AddAbsence(a *Absence) storage.Statement {
	return storage.Statement{
		Doing: "store an absence", SQL: portable.InsertInto("desk_absences", absenceColumns),
		Args: []any{a.ID[:], a.Department, a.Member, int64(a.From), int64(a.Until), a.Deputy, int64(a.Created), a.CreatedBy},
	}
}

// Absences returns the absences of a department's desk, or of all desks if that is empty, by department, begin and id.
func Absences(ctx context.Context, from storage.TableReader, department string) ([]Absence, error) {
	_, rows, err := portable.List(ctx, from, storage.Statement{
		Doing: "read absences",
		SQL: `SELECT ` + absenceColumns + ` FROM desk_absences WHERE (department = $1 OR CAST($2 AS integer) = 1)
			ORDER BY department, from_time, id`,
		Args: []any{department, portable.OneIf(department == "")},
	}, scanAbsence)
	return rows, err
}

// DropAbsence deletes an absence.
func DropAbsence(id [16]byte) storage.Statement {
	return storage.Statement{Doing: "delete an absence", SQL: `DELETE FROM desk_absences WHERE id = $1`, Args: []any{id[:]}}
}

// DropOldAbsences deletes the absences that ended before an instant.
func DropOldAbsences(before consent.Instant) storage.Statement {
	return storage.Statement{
		Doing: "delete old absences", SQL: `DELETE FROM desk_absences WHERE until_time < $1`, Args: []any{int64(before)},
	}
}

func scanAbsence(scan storage.Scan) (Absence, error) {
	var a Absence
	var id []byte
	err := scan(&id, &a.Department, &a.Member, (*int64)(&a.From), (*int64)(&a.Until), &a.Deputy, (*int64)(&a.Created), &a.CreatedBy)
	if err != nil {
		return Absence{}, err
	}
	return a, column.Fixed("desk_absences.id", a.ID[:], id)
}
