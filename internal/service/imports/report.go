package imports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/phrase"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/textfile"
	"github.com/assent-io/assent/internal/toolfile"
)

// Report is what became of the rows of a file.
type Report struct {
	Counts  Counts
	Notices []Notice `json:",omitempty"`
	// Unmapped are the keys that rows lack a channel for. They come from cells, so they are told to the uploader and not stored.
	Unmapped []Unmapped `json:"-"`
	// Touched: something was recorded with the import, or may have been, so it stays until it is undone.
	Touched bool `json:",omitempty"`
}

// Counts are what became of rows. Each row is of exactly one of the four outcomes.
type Counts struct {
	Rows       int64
	Recorded   int64
	Duplicates int64
	Skipped    int64
	Rejected   int64
	// Causes counts the rows that were skipped or rejected. The causes are those of presets, of toolfile, and the codes of faults.
	Causes map[string]int64 `json:",omitempty"`
	// Facts is how many facts were recorded, or would be.
	Facts int64
}

// Notice is something to be known of a file as a whole.
type Notice struct {
	Code    string
	Message string
}

// Unmapped is a key that a channel is missing for, such as group:12.
type Unmapped struct {
	Key  string
	Rows int64
}

// maxUnmapped is how many keys are told; a column of something else can have any number.
const maxUnmapped = 100

// unmappedKeys counts the rows of keys: those of the first keys that it meets.
type unmappedKeys map[string]int64

func (u *unmappedKeys) add(keys []string) {
	for _, key := range keys {
		if *u == nil {
			*u = unmappedKeys{}
		}
		if _, known := (*u)[key]; known || len(*u) < maxUnmapped {
			(*u)[key]++
		}
	}
}

// list returns the keys, those of the most rows first.
func (u unmappedKeys) list() []Unmapped {
	var list []Unmapped
	for key, rows := range u {
		list = append(list, Unmapped{key, rows})
	}
	slices.SortFunc(list, func(a, b Unmapped) int { return cmp.Or(cmp.Compare(b.Rows, a.Rows), strings.Compare(a.Key, b.Key)) })
	return list
}

// Duplicate is the outcome of a row of which everything was known. The others are those of presets.
const Duplicate presets.Outcome = "duplicate"

// Row is what became of one row. It names no person.
type Row struct {
	Line, Item int
	Outcome    presets.Outcome
	Cause      string
	Column     string
	Why        string
	Facts      []Fact
}

// Fact is a fact of a row, and what became of it.
type Fact struct {
	presets.Record
	Position  int64
	Duplicate bool
	Error     string // a code; empty: it was recorded, or would be
	Warnings  []statement.Warning
	Still     []txn.StillAllowed
}

func (c *Counts) add(r *Row) {
	c.Rows++
	switch r.Outcome {
	case presets.Recorded:
		c.Recorded++
	case presets.Skipped:
		c.Skipped++
	case presets.Rejected:
		c.Rejected++
	default:
		c.Duplicates++
	}
	if r.Cause != "" {
		if c.Causes == nil {
			c.Causes = map[string]int64{}
		}
		c.Causes[r.Cause]++
	}
	for i := range r.Facts {
		if f := &r.Facts[i]; f.Error == "" && !f.Duplicate {
			c.Facts++
		}
	}
}

// noticesOf says what is to be known of a file that was read to its end.
func noticesOf(file *toolfile.Reader, counts *Counts, zone string) []Notice {
	var list []Notice
	note := func(code, format string, args ...any) {
		list = append(list, Notice{code, fmt.Sprintf(format, args...)})
	}
	if found := file.Detected(); found.Guessed {
		note("ENCODING_GUESSED", "nothing in the file proves its encoding, and it was read as %s; if letters came out wrong, state its encoding",
			encodingName(found.Encoding))
	}
	times := file.Times()
	if times.Naive > 0 {
		if zone == "" {
			zone = "UTC"
		}
		note("TIMES_WITHOUT_ZONE", "%s without a zone, read in %s; if the tool writes another one, state it", phrase.Count(times.Naive, "time"), zone)
	}
	if times.DateOnly > 0 {
		note("DATES_WITHOUT_TIME", "%s without a time of day: of a refusal the end of the day counts, of a consent its beginning",
			phrase.Count(times.DateOnly, "date"))
	}
	if times.Milliseconds > 0 {
		note("TIMES_IN_MILLISECONDS", "%s read as milliseconds", phrase.Count(times.Milliseconds, "time"))
	}
	if times.Imported > 0 {
		note("TIMES_OF_IMPORT", "%s without a time of its own: the one of the import counts, or the one that was given for all",
			phrase.Count(times.Imported, "fact"))
	}
	if file.HasMore() {
		note("ONE_PAGE_OF_SEVERAL", "the file says that it is one page of several; import the others, too")
	}
	if n := counts.Causes[string(presets.Unmapped)]; n > 0 {
		note("ROWS_UNMAPPED", "%s with a list, group, topic, stream or tag that has no channel; map it, and import the file again", phrase.Count(n, "row"))
	}
	return list
}

func encodingName(e textfile.Encoding) string {
	if e == textfile.Windows1252 {
		return string(e) + ", of which Latin-1 is a part"
	}
	return string(e)
}
