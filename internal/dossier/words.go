package dossier

import "github.com/assent-io/assent/internal/locale"

// PeriodWords writes a period of ISO 8601, such as P3Y/EOY, in words; one that it cannot read as it is.
func PeriodWords(iso string) locale.Text { return periodWords(iso) }
