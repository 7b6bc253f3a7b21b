package reference

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// ref returns reference n, a kind of goods.
func ref(n int) storage.Ref {
	return storage.Ref{Number: int32(n), Kind: consent.RefGoods, Name: fmt.Sprintf("goods-%d", n)}
}

func TestLearn_NamesOneByOne_CostTheSameHoweverManyThereAre(t *testing.T) {
	const names = 5_000
	learn := newNameCache(nil)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for n := 1; n <= names; n++ {
		if _, err := learn.Learn([]storage.Ref{ref(n)}); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if took := (after.TotalAlloc - before.TotalAlloc) / names; took > 10_000 {
		t.Errorf("each of %d names took %d bytes", names, took)
	}
	if number, ok := learn.table.Load().Number(consent.RefGoods, "goods-4321"); !ok || number != 4321 {
		t.Errorf("the number of a name is %d, %v", number, ok)
	}
}

func TestLearn_TablesFromBefore_StayWhatTheyWere(t *testing.T) {
	names := newNameCache(nil)
	var tables []*Table
	for n := range 20 {
		tables = append(tables, names.table.Load())
		if _, err := names.Learn([]storage.Ref{ref(n + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	for n, table := range tables {
		more := table.Extend()
		if more.Goods() != n {
			t.Errorf("a table of %d names has %d", n, more.Goods())
		}
		for number := 1; number <= 21; number++ {
			name, known := table.Name(consent.RefGoods, int32(number))
			if want := number <= n; known != want || known && name != ref(number).Name {
				t.Errorf("in a table of %d names number %d is %q, %v", n, number, name, known)
			}
			if got, known := table.Number(consent.RefGoods, ref(number).Name); known != (number <= n) || known && int(got) != number {
				t.Errorf("in a table of %d names name %d has number %d, %v", n, number, got, known)
			}
		}
		if !more.Add(consent.RefGoods, "tea") || more.Goods() != n+1 {
			t.Errorf("a table of %d names with one more has %d", n, more.Goods())
		}
	}
	if _, err := names.Learn([]storage.Ref{ref(22)}); err == nil {
		t.Error("a gap was not noticed")
	}
	// Names of another history do not change the numbers that tables from before have.
	old := names.table.Load()
	other := storage.Ref{Number: 21, Kind: consent.RefGoods, Name: ref(3).Name}
	if _, err := names.Learn([]storage.Ref{other}); err != nil {
		t.Fatal(err)
	}
	if got, known := old.Number(consent.RefGoods, ref(3).Name); !known || got != 3 {
		t.Errorf("the number of a name became %d, %v", got, known)
	}
}
