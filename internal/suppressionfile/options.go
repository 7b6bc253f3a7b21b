package suppressionfile

import (
	"io"
	"iter"
	"time"
)

// Folder is where the files go. Names have no folder in them.
type Folder interface {
	// Create starts a file, which is complete when its Close has returned nil.
	Create(name string) (io.WriteCloser, error)
}

// Options say what to write.
type Options struct {
	// Base is what the names of all files begin with.
	Base    string
	StoreID string
	// Channel is the id of the channel. At Mailgun it is the tag of its mails, so it must not be empty: no tag means all mail there.
	Channel string
	// Made is the time of the list: what ended before it is left out.
	Made     time.Time
	Position uint64
	// Token is where the feed of changes goes on from this list.
	Token string
	// Hashing says how the hashes of the entries were made. The form `hashes` needs it.
	Hashing *Hashing
	// IncludingTransactional puts entries with a narrower scope than all on lists that stop transactional mail, too.
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
	Form      string
	Extension string
	// Importing is how the file is used, in one sentence.
	Importing string
	// Write gets the entries in the order in which they are read, and returns how many rows or keys it wrote for them. It reads all of
	// them, or returns an error.
	Write func(w io.Writer, entries iter.Seq2[Entry, error]) (rows int64, err error)
}
