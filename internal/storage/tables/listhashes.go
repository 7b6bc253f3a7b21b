package tables

import (
	"context"
	"strconv"
	"strings"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
	"github.com/assent-io/assent/internal/storage/tables/portable"
)

// ListHash is what an erasure keeps of a form of an address, so that the person stays on the lists of keyed consumers: the hash of the form
// under the list key, sealed.
type ListHash struct {
	Subject  consent.SubjectID // the folded one
	Spelling [16]byte          // of the exact form there; zero: it is the hash of the folded form itself
	Sealed   []byte
}

const (
	listHashColumns = `subject, spelling, hash`
	// listHashSubjects is how many subjects one statement asks for, unless it asks for one.
	listHashSubjects = 100
)

// ListHashes returns the hashes that are kept of the subjects, by subject in the order given, and of a subject by spelling.
func ListHashes(ctx context.Context, from storage.TableReader, subjects []consent.SubjectID) ([]ListHash, error) {
	var rows []ListHash
	for len(subjects) > 0 {
		part := subjects[:min(len(subjects), listHashSubjects)]
		subjects = subjects[len(part):]
		_, found, err := portable.List(ctx, from, listHashesOf(part), scanListHash)
		if err != nil {
			return nil, err
		}
		bySubject := make(map[consent.SubjectID][]ListHash, len(part))
		for _, row := range found {
			bySubject[row.Subject] = append(bySubject[row.Subject], row)
		}
		for _, id := range part {
			rows = append(rows, bySubject[id]...)
		}
	}
	return rows, nil
}

// listHashesOf asks for the hashes of at most listHashSubjects subjects. There are two texts of the statement only, so that both stay prepared:
// the last subject stands for those that are missing.
func listHashesOf(subjects []consent.SubjectID) storage.Statement {
	n := 1
	if len(subjects) > 1 {
		n = listHashSubjects
	}
	places, args := make([]string, n), make([]any, n)
	for i := range n {
		id := subjects[min(i, len(subjects)-1)]
		places[i], args[i] = "$"+strconv.Itoa(i+1), id[:]
	}
	return storage.Statement{
		Doing: "read list hashes",
		SQL: `SELECT ` + listHashColumns + ` FROM list_hashes WHERE subject IN (` + strings.Join(places, ", ") +
			`) ORDER BY subject, spelling`,
		Args: args,
	}
}

// PutListHash keeps a hash, in the place of the one of the same subject and spelling.
func PutListHash(h *ListHash) storage.Statement {
	return storage.Statement{
		Doing: "keep a list hash", SQL: portable.ReplaceIn("list_hashes", "subject, spelling", listHashColumns),
		Args: []any{h.Subject[:], h.Spelling[:], column.NotNull(h.Sealed)},
	}
}

func scanListHash(scan storage.Scan) (ListHash, error) {
	var h ListHash
	var subject, spelling []byte
	if err := scan(&subject, &spelling, &h.Sealed); err != nil {
		return ListHash{}, err
	}
	if err := column.Fixed("list_hashes.spelling", h.Spelling[:], spelling); err != nil {
		return ListHash{}, err
	}
	return h, column.Fixed("list_hashes.subject", h.Subject[:], subject)
}
