package lists

import (
	"fmt"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/suppressionfile"
)

// report says what was written, and what the files do not say.
func (x *export) report(made *suppressionfile.Manifest, end *assentv1.BlockListEnd, removed []string) error {
	for _, name := range removed {
		x.terminal.Notef("removed %s of an earlier export", name)
	}
	if n := end.GetReopened(); n > 0 && !x.flags.isForTool() {
		x.terminal.Notef("note: %s may be written to because of a consent although their mailbox is blocked: a program that compares folded forms "+
			"blocks them, too", count(n, "address", "addresses"))
	}
	if x.terminal.JSON() {
		return x.terminal.PrintJSON(made)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "The block list of %s for %s, of %s:\n", made.Channel, made.Tool, made.MadeTime)
	for _, file := range made.Files {
		fmt.Fprintf(&b, "  %s: %s. %s\n", file.Name, count(file.Rows, "row", "rows"), file.Import)
	}
	fmt.Fprintf(&b, "  %s.%s.manifest.json: what is in the files.\n", made.Base, made.Form)
	section(&b, "Not in the files:", made.LeftOut)
	section(&b, "In files that are not for import:", made.NotForImport)
	section(&b, "What the files cannot say:", made.CannotExpress)
	return x.terminal.Print(b.String())
}

// section writes what is counted, but for what no entry says.
func section(b *strings.Builder, title string, counts []suppressionfile.Count) {
	var lines []string
	for _, c := range counts {
		switch {
		case c.Entries > 0:
			lines = append(lines, fmt.Sprintf("  %s (%s): %s\n", c.What, count(c.Entries, "entry", "entries"), c.Why))
		case c.What == "REMOVALS" || c.What == "FALSE_HITS":
			lines = append(lines, fmt.Sprintf("  %s: %s\n", c.What, c.Why))
		}
	}
	if len(lines) > 0 {
		b.WriteString(title + "\n" + strings.Join(lines, ""))
	}
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return message.NewPrinter(language.English).Sprintf("%d %s", n, many)
}
