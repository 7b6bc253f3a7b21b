package catalog

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	document := []byte(example(b, "acme.yaml"))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Parse("acme.yaml", document); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParse_ManySenders shows what the look-alike rule costs where every
// pair of the most sender identities that a catalog may have is compared.
func BenchmarkParse_ManySenders(b *testing.B) {
	document := twoSenders(Mailbox{"Red Kettle", "x@red.example"}, Mailbox{"Blue Saucepan", "y@blue.example"}, "")
	var more strings.Builder
	for i := range maxSenders - 2 {
		fmt.Fprintf(&more, "  - {id: s%d, department: %s, from: {name: \"Acme %s\", address: s@%s.example}}\n",
			i, []string{"one", "two"}[i%2], scrambled(i), scrambled(i))
	}
	whole := []byte(document + more.String())
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Parse("many.yaml", whole); err != nil {
			b.Fatal(err)
		}
	}
}

// scrambled returns a word for a number, unlike that of any other.
func scrambled(i int) string {
	const letters = "bcdfghjkpqstvxyz"
	word := make([]byte, 0, 12)
	for range 4 {
		word = append(word, strings.Repeat(letters[i%len(letters):i%len(letters)+1], 3)...)
		i /= len(letters)
	}
	return string(word)
}
