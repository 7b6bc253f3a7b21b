package cli

import (
	"fmt"

	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/phrase"
)

// maxArchive is more than an archive may be large.
const maxArchive = 2<<30 + 1

// verifyArchive verifies an archive that history --format zip made.
func (a *app) verifyArchive(path, key string) error {
	data, err := a.readWhole(path)
	if err != nil {
		return err
	}
	report := dossier.Verify(data, key)
	if report.NoArchive && !a.JSON() {
		if path == listfile.Standard {
			path = "standard input"
		}
		return fmt.Errorf("%s is not an archive that `assent history --format zip` made", path)
	}
	if err := a.writeArchive(&report); err != nil {
		return err
	}
	if report.Found > 0 {
		return terminal.ExitCode(terminal.ExitFailed)
	}
	return nil
}

// readWhole reads a file as it is: not a byte may be left out that is to be verified.
func (a *app) readWhole(path string) ([]byte, error) {
	in, err := a.Streams().OpenRaw(path)
	if err != nil {
		return nil, err
	}
	return in.ReadAll(maxArchive)
}

func (a *app) writeArchive(r *dossier.Report) error {
	if r.KeyFromFile && r.VerifierKey != "" {
		a.Notef("The key comes from the archive itself; compare it with the key that the administrator gives you: %s", phrase.OneLine(r.VerifierKey))
	}
	if a.JSON() {
		return a.PrintJSON(r)
	}
	for i := range r.Findings {
		if err := a.Print(phrase.Printable(r.Findings[i].Line()) + "\n"); err != nil {
			return err
		}
	}
	if more := r.Found - len(r.Findings); more > 0 {
		if err := a.Print(fmt.Sprintf("and %s more\n", phrase.Count(more, "finding"))); err != nil {
			return err
		}
	}
	deleted := ""
	if r.EvidenceDeleted > 0 {
		deleted = fmt.Sprintf(", the evidence of %d deleted", r.EvidenceDeleted)
	}
	if r.Found > 0 {
		return a.Print(fmt.Sprintf("%s: the archive does not hold\n", phrase.Count(r.Found, "finding")))
	}
	return a.Print(fmt.Sprintf("%s, %s%s, proven to be in the ledger of %s at position %d; made %s; 0 findings\n",
		phrase.Count(r.Files, "file"), entries(r.Events), deleted, phrase.Printable(r.Ledger), r.Position, r.MadeTime))
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
