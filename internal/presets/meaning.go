package presets

import "github.com/assent-io/assent/internal/consent"

// what is what a row says of a person, whatever the tool calls it.
type what int

// What rows say. facts.go has what becomes of each.
const (
	saysNothing    what = iota // never asked, active in a tool that tells no opt-in, unconfirmed
	isAllowed                  // on an allowlist, reactivated
	isOtherMedium              // about another medium
	isHint                     // seen elsewhere
	isOwn                      // put there by an export from here
	bouncedSoft                // soft bounce, block, deferral
	bouncedHard                // hard bounce, cleaned, invalid
	complained                 // spam report
	left                       // left one list
	leftAll                    // left everything
	blocked                    // an administrator blocked it, or the reason is not known
	mayHaveRefused             // blocked, perhaps because the person said so
	subscribed                 // on a list
	unclear                    // the tool has a word that the preset does not know
	contradicts                // columns that cannot both be right
)

// meaning is one thing that a row says.
type meaning struct {
	what what
	// at are the columns with its time, the first that has one; none: the row has no time of it.
	at []string
	// kind and key say which list was left, as --map names it; no kind: the list that the file is of.
	kind, key string
	// direct is the channel where the row has its id.
	direct string
	// scope is the one that the row gives a block; empty: the usual one. Until is the column of its end; empty: it has none.
	scope consent.Scope
	until string
	// column is what the meaning was read from.
	column string
	// optIn, confirmed and ip are the columns of the proof of a subscriber.
	optIn, confirmed, ip, confirmedIP string
	// why is why nothing is recorded; empty: the usual sentence.
	why string
}

// rule reads the meanings of a row. What it returns is never empty.
type rule = func(r *reading) []meaning

// always is what each row says.
func always(w what, at ...string) rule {
	return func(*reading) []meaning { return []meaning{{what: w, at: at}} }
}

// words is what a row says by the word in a column. Words are compared as names of columns are; an unknown one, or none, is unclear.
func words(column string, says map[string]what, at ...string) rule {
	return func(r *reading) []meaning {
		return []meaning{{what: wordOf(r, column, says), column: column, at: at}}
	}
}

func wordOf(r *reading, column string, says map[string]what) what {
	if w, known := says[plainName(r.text(column))]; known {
		return w
	}
	return unclear
}

// leftOne is what a row says that names the list by the first of the columns that has one.
func leftOne(kind string, columns []string, at ...string) rule {
	return func(r *reading) []meaning {
		for _, column := range columns {
			if key := r.text(column); key != "" {
				return []meaning{{what: left, kind: kind, key: key, column: column, at: at}}
			}
		}
		return []meaning{{what: left, at: at}}
	}
}
