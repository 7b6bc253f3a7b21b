package suppressionfile

import (
	"io"
	"time"
)

// Folder is where the files go. Names have no folder in them.
type Folder interface {
	// Create starts a file.
	Create(name string) (Target, error)
}

// Target is a file that is being written. It ends with one call of Close or Abort, whatever happens.
type Target interface {
	io.Writer
	// Close completes the file. After an error the file is given up.
	Close() error
	// Abort gives the file up.
	Abort()
}

// Options say what to write.
type Options struct {
	// Base is what the names of all files begin with: up to 100 of the characters A-Z, a-z, 0-9, - and _, of which the first is a letter
	// or digit. The form follows in each name, so that files of two forms can stand in one folder.
	Base    string
	StoreID [16]byte
	// Channel is the id of the channel in the catalog. At Mailgun it is the tag of its mails, so it must not be empty: no tag means all mail there.
	Channel string
	// Made is the time of the list: what ended before it is left out.
	Made     time.Time
	Position int64
	// Token is where the feed of changes goes on from this list.
	Token string
	// Hashing says how the hashes of the entries were made. The form `hashes` needs it.
	Hashing *Hashing
	// IncludingTransactional puts entries with a narrower scope than all on lists that also stop transactional mail.
	IncludingTransactional bool
	// Scratch may be nil for what fits into Memory.
	Scratch Scratch
	// Memory is how many bytes are sorted at a time; zero is 16 MiB.
	Memory int
	// External is a form of another package. It is written if Write is called with its name.
	External *External
}

// External is a form that another package writes into one file, such as a filter.
type External struct {
	// Form and Extension are words of a-z.
	Form, Extension string
	// Importing is how the file is used, in one sentence.
	Importing string
	// CannotSay is what the file cannot say besides scope, reason and times.
	CannotSay []Unsaid
	// Add takes an entry. It reports false for an entry of which it can write nothing, because neither the address nor a hash is known.
	Add func(e Entry) (bool, error)
	// Write is called once, behind the last Add, and returns how many rows or keys it wrote. An entry has one at most.
	Write func(w io.Writer) (rows int64, err error)
}

// Unsaid is something that a form cannot say.
type Unsaid struct {
	What string // upper case, such as MATCHED_ENTRY
	Why  string // a sentence
	// OfEach: every entry says it. Else no single entry does.
	OfEach bool
}
