package presets

import (
	"time"

	"github.com/assent-io/assent/internal/listtime"
)

// Times counts the times of a file that were not exact, for its report.
type Times struct {
	// Naive had no zone, DateOnly no time of day, and Milliseconds were numbers of thirteen digits. Imported had none, and took that of the file.
	Naive, DateOnly, Milliseconds, Imported int64
}

// rules are how the times of a file are read.
func (o *Options) rules() listtime.Rules {
	formats := []listtime.Format{listtime.ISO, listtime.Epoch, listtime.Mail, listtime.Compact, listtime.Go}
	switch o.Order {
	case DayFirst:
		formats = append(formats, listtime.DayFirst)
	case MonthFirst:
		formats = append(formats, listtime.MonthFirst)
	default:
	}
	return listtime.Rules{Formats: formats, Zone: o.Zone, Now: o.Imported}
}

// first is the time in the first of the columns that has one, and that column; zero: there is none.
func (r *reading) first(columns []string, of listtime.Reading) (time.Time, string, error) {
	for _, column := range columns {
		if column == "" {
			continue
		}
		read, err := r.of.rules.Read(r.text(column), of)
		if err != nil {
			return time.Time{}, column, err
		}
		if read.At.IsZero() {
			continue
		}
		count := func(n *int64, is bool) {
			if is {
				*n++
			}
		}
		count(&r.of.times.Naive, read.Naive)
		count(&r.of.times.DateOnly, read.DateOnly)
		count(&r.of.times.Milliseconds, read.Milliseconds)
		return read.At, column, nil
	}
	return time.Time{}, "", nil
}
