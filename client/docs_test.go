package client_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// flat returns the lines of a text without their indentation.
func flat(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}

func TestDocs_TheirGoIsThatOfTheExamples(t *testing.T) {
	page := string(must(os.ReadFile("../docs/client.md"))(t))
	examples := flat(string(must(os.ReadFile("example_test.go"))(t))) + flat(string(must(os.ReadFile("follower/example_test.go"))(t)))
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(page, -1)
	for _, block := range blocks {
		if !strings.Contains(examples, flat(block[1])) {
			t.Errorf("no example has these lines:\n%s", block[1])
		}
	}
	if len(blocks) < 7 {
		t.Errorf("%d blocks were compared", len(blocks))
	}
}
