package column_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

// row returns a Scan that sets the destinations to the values; others keep what they are.
func row(values ...any) column.Scan {
	return func(dest ...any) error {
		for i, value := range values {
			switch into := dest[i].(type) {
			case *[]byte:
				*into, _ = value.([]byte)
			case *int64:
				*into, _ = value.(int64)
			case **int64, *int32, *int16, *string, *bool, *any:
			default:
				return fmt.Errorf("column %d: a destination of type %T", i, into)
			}
		}
		return nil
	}
}

func TestScan_BytesOfAnotherLength_AreAnError(t *testing.T) {
	t.Parallel()
	short, long := make([]byte, 15), make([]byte, 33)
	for name, scan := range map[string]func() error{
		"store id": func() error { _, err := column.ScanHead(row(short)); return err },
		"digest keys": func() error {
			_, err := column.ScanHead(row(make([]byte, 16), 0, 0, 0, 0, 0, 0, 0, short, 0, 0))
			return err
		},
		"subject":    func() error { _, err := column.ScanSubjectID(row(short)); return err },
		"no subject": func() error { _, err := column.ScanSubjectID(row(nil)); return err },
		"digest":     func() error { return column.NewSubjectStates(false).Add(row(0, long)) },
		"its id":     func() error { return column.NewSubjectStates(false).Add(row(0, long[:32], short)) },
		"leaf hash":  func() error { _, err := column.ScanRecord(row(nil, nil, long)); return err },
		"header":     func() error { _, err := column.ScanRecord(row([]byte{9}, nil, long[:32])); return err },
		"state":      func() error { _, err := column.ScanState(row(short)); return err },
		"request":    func() error { _, err := column.ScanRequest(row(long)); return err },
		"sha256":     func() error { _, err := column.ScanCatalog(row(0, 0, nil, 0, long)); return err },
	} {
		if err := scan(); err == nil {
			t.Errorf("%s of a wrong length was read", name)
		}
	}
}

func TestUniqueKeys_SortedEachOnce_InASliceOfTheirOwn(t *testing.T) {
	t.Parallel()
	key := func(form consent.Form, first byte) storage.SubjectKey {
		return storage.SubjectKey{Form: form, Digest: [32]byte{first}}
	}
	given := []storage.SubjectKey{key(2, 1), key(1, 9), key(2, 1), key(1, 3)}
	got := column.UniqueKeys(given)
	if diff := cmp.Diff([]storage.SubjectKey{key(1, 3), key(1, 9), key(2, 1)}, got); diff != "" {
		t.Error(diff)
	}
	if given[0] != key(2, 1) || given[3] != key(1, 3) {
		t.Error("the keys given were changed")
	}
}

func TestLast_KeepsTheLastOfEachKey_InOrder(t *testing.T) {
	t.Parallel()
	first := func(s *string) byte { return (*s)[0] }
	given := []string{"a1", "b1", "a2", "c1", "b2"}
	if diff := cmp.Diff([]string{"a2", "c1", "b2"}, column.Last(given, first)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a1", "b1", "a2", "c1", "b2"}, given); diff != "" {
		t.Errorf("the rows given were changed: %s", diff)
	}
	if diff := cmp.Diff([]string{"a", "b"}, column.Last([]string{"a", "b"}, first)); diff != "" {
		t.Error(diff)
	}
}
