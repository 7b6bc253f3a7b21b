package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/assent-io/assent/internal/dossier"
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
	if report.NoArchive && !a.json() {
		if path == stdinName {
			path = "standard input"
		}
		return fmt.Errorf("%s is not an archive that `assent history --format zip` made", path)
	}
	if err := a.writeArchive(&report); err != nil {
		return err
	}
	if report.Found > 0 {
		return exitCode(exitFailed)
	}
	return nil
}

// readWhole reads a file as it is: not a byte may be left out that is to be verified.
func (a *app) readWhole(path string) ([]byte, error) {
	from, name := io.NopCloser(a.stdin), "standard input"
	if path != stdinName {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		// Reading a pipe or a device may wait for ever.
		from, name = interruptibleFile{a.interruptible(file), file}, path
	}
	data, err := io.ReadAll(io.LimitReader(from, maxArchive))
	if err = errors.Join(err, from.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, readError(err))
	}
	return data, nil
}

func (a *app) writeArchive(r *dossier.Report) error {
	if r.KeyFromFile && r.VerifierKey != "" {
		a.notef("The key is that of the archive itself, so compare it with the one that you were told: %s", oneLine(r.VerifierKey))
	}
	if a.json() {
		return a.writeJSON(r)
	}
	for i := range r.Findings {
		if err := a.write(printable(r.Findings[i].Line()) + "\n"); err != nil {
			return err
		}
	}
	if more := r.Found - len(r.Findings); more > 0 {
		if err := a.write(fmt.Sprintf("and %s more\n", count(more, "finding"))); err != nil {
			return err
		}
	}
	deleted := ""
	if r.EvidenceDeleted > 0 {
		deleted = fmt.Sprintf(", the evidence of %d deleted", r.EvidenceDeleted)
	}
	if r.Found > 0 {
		return a.write(fmt.Sprintf("%s: the archive does not hold\n", count(r.Found, "finding")))
	}
	return a.write(fmt.Sprintf("%s, %s%s, proven to be in the ledger of %s at position %d; made %s; 0 findings\n",
		count(r.Files, "file"), entries(r.Events), deleted, printable(r.Ledger), r.Position, r.MadeTime))
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}
