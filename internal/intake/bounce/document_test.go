package bounce

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

//go:generate go test -run ^TestDocument_IsFresh$ . -update

var update = flag.Bool("update", false, "write docs/bounce-classes.md anew")

const document = "../../../docs/bounce-classes.md"

func TestDocument_IsFresh(t *testing.T) {
	want := render()
	if *update {
		if err := os.WriteFile(document, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the table says: run go generate ./internal/intake/bounce", document)
	}
}

// render writes the table as a page.
func render() string {
	var out strings.Builder
	out.WriteString(`<!-- Made by "make generate" from internal/intake/bounce: change that instead. -->

# Classes of bounces

When a message comes back, Assent reads what the server said, and puts it into one of four classes ([why so](decisions/0070-what-comes-back-by-mail.md)):

| class | meaning | what is recorded |
|---|---|---|
| hard | the mailbox does not exist | a suppression with the reason HARD_BOUNCE |
| soft | it may work later | counted; several in a row become HARD_BOUNCE |
| block | the receiver does not want mail of this network, or this content | figures only |
| policy | the sender did something wrong, such as authentication, relaying, size or format | figures only |

The rows are tried from the first to the last, and the first that fits decides: at the beginning what the text says, then the code, then a careful
default. A row fits where the code is one of its codes (5.7 stands for all that begin so; none: no code is known) and the text has one of its
phrases. In a phrase, … stands for other words, @ for an address. Addresses, links and names of hosts in a text are left out before. A temporary failure (4.x.x) is never hard.

| row | codes | class | phrases | source |
|---|---|---|---|---|
`)
	for _, row := range Table() {
		class := string(row.Class)
		if row.Domain {
			class += ", the whole domain"
		}
		switch row.Then {
		case Nothing:
		case HardAtSecond:
			class += "; dead at the second, at least 24 hours later"
		case NewOwner:
			class += "; consents end, for the address has a new owner"
		}
		var phrases []string
		for _, p := range row.Phrases {
			phrases = append(phrases, strings.ReplaceAll(strings.ReplaceAll(p, "*", "…"), "|", `\|`))
		}
		fmt.Fprintf(&out, "| `%s` | %s | %s | %s | %s |\n", row.ID, orAny(strings.Join(row.Codes, ", ")), class, orAny(strings.Join(phrases, " · ")), row.Source)
	}
	return out.String()
}

func orAny(text string) string {
	if text == "" {
		return "any"
	}
	return text
}
