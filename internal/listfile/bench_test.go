package listfile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/listfile"
)

func BenchmarkAudience(b *testing.B) {
	for name, row := range map[string]string{
		"plain": "%d,anna%d@firma.example,Anna Huber,Vienna\n", "quoted": "%d,anna%d@firma.example,\"Huber, Anna\",Vienna\n",
	} {
		var text strings.Builder
		text.WriteString("id,address,name,city\n")
		for n := range 100_000 {
			fmt.Fprintf(&text, row, n, n)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(text.Len()))
			for b.Loop() {
				audience, err := listfile.NewAudience(strings.NewReader(text.String()), "address", "")
				if err != nil {
					b.Fatal(err)
				}
				for {
					rows, err := audience.Batch(listfile.BatchLimits{Rows: 10_000, AddressBytes: 1 << 20, Bytes: 4 << 20})
					if err != nil {
						b.Fatal(err)
					}
					if len(rows) == 0 {
						break
					}
				}
			}
		})
	}
}
