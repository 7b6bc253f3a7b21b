package suppressionfile

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Format is the form of the manifest. New keys may be added to it; a key never changes its meaning.
const Format = "assent-suppressions/1"

// Manifest says what is in the files and what they cannot say. It holds no address and no hash of one.
type Manifest struct {
	Format string `json:"format"`
	// Base is what the names of all files begin with.
	Base     string `json:"base"`
	Form     string `json:"form"`
	Tool     string `json:"tool"`
	StoreID  string `json:"storeId"` // 32 hexadecimal digits
	Channel  string `json:"channel"`
	MadeTime string `json:"madeTime"` // RFC 3339, UTC
	Position int64  `json:"position"`
	// Token is where the feed of changes goes on from this list.
	Token string `json:"token"`
	// Order is how the rows are ordered.
	Order                  string        `json:"order"`
	Normalisation          Normalisation `json:"normalisation"`
	IncludingTransactional bool          `json:"includingTransactional"`
	Files                  []File        `json:"files"`
	Counts                 Counts        `json:"counts"`
	LeftOut                []Count       `json:"leftOut"`
	NotForImport           []Count       `json:"notForImport"`
	CannotExpress          []Count       `json:"cannotExpress"`
}

// Normalisation says how addresses are written, and how hashes were made of them.
type Normalisation struct {
	Address string   `json:"address"`
	Hash    *Hashing `json:"hash,omitempty"`
	// Encoding is how a hash is written.
	Encoding string `json:"encoding,omitempty"`
}

// File is a file that was written.
type File struct {
	Name string `json:"name"`
	// List is the list of the tool that the file is for; empty of a form that has one list.
	List string `json:"list,omitempty"`
	// NotForImport is set of a file that the tool does not import.
	NotForImport bool   `json:"notForImport,omitempty"`
	Rows         int64  `json:"rows"` // without the header; of calls, addresses
	Bytes        int64  `json:"bytes"`
	SHA256       string `json:"sha256"` // hexadecimal digits
	// Import is how the file is imported, in one sentence.
	Import string `json:"import"`
}

// Counts are sums. Each entry that is neither merged nor left out has one row: EntriesRead = RowsWritten + RowsNotForImport + EntriesMerged +
// EntriesLeftOut.
type Counts struct {
	EntriesRead int64 `json:"entriesRead"`
	// RowsWritten are the rows of the files that the tool imports: addresses, hashes, or keys of a filter.
	RowsWritten int64 `json:"rowsWritten"`
	// RowsNotForImport are the rows of the other files.
	RowsNotForImport int64 `json:"rowsNotForImport"`
	// EntriesMerged are the entries that the row of another entry stands for.
	EntriesMerged  int64 `json:"entriesMerged"`
	EntriesLeftOut int64 `json:"entriesLeftOut"`
}

// Count is a number of entries with what they have in common.
type Count struct {
	What    string `json:"what"`
	Entries int64  `json:"entries"`
	Why     string `json:"why"`
}

// aspect is something that an entry says, and a form may be unable to.
type aspect uint8

const (
	sayScope aspect = 1 << iota
	sayDomain
	sayVariants
	saySince
	sayUntil
	sayReason
	sayAll = sayScope | sayDomain | sayVariants | saySince | sayUntil | sayReason
)

// limit is what a form cannot say.
type limit struct {
	aspect aspect
	what   string
	of     func(e *Entry) bool // which entries say it
	why    string
}

// limits are what tools cannot say, in the order of the manifest.
func limits() []limit {
	return []limit{
		{
			sayScope, "SCOPE", func(e *Entry) bool { return e.Scope != scopeAll },
			"The row does not say what the entry covers: the tool blocks all that the list covers on which the row stands.",
		},
		{
			sayDomain, "DOMAIN", func(e *Entry) bool { return e.Match == Domain },
			"The tool imports addresses only: a file of its own lists the domains, and addresses of them that are not known here stay unblocked.",
		},
		{
			sayVariants, "VARIANTS", func(e *Entry) bool { return e.Match == Folded },
			"The entry blocks every spelling of the mailbox, the row only the spelling that is known.",
		},
		{saySince, "SINCE", func(e *Entry) bool { return !e.Since.IsZero() }, "The row does not say since when the entry holds."},
		{
			sayUntil, "UNTIL", func(e *Entry) bool { return !e.Until.IsZero() },
			"The entry ends by itself, the row does not: it has to be taken off the list of the tool.",
		},
		{sayReason, "REASON", func(e *Entry) bool { return e.Reason != "" }, "The row does not say why."},
	}
}

// removals is what no form can say.
const removals = "None of these files takes an address off a list: what has ended since an earlier export has to be taken off in the tool, " +
	"by its own call (at Amazon SES an import job with the action DELETE) or by hand. The feed of changes names it."

// causes are all causes in the order of the manifest.
func causes() []struct {
	cause cause
	other bool
	why   string
} {
	return []struct {
		cause cause
		other bool // its entries are in files that are not for import
		why   string
	}{
		{causeEnded, false, "The entry ended before the list was made."},
		{causeNoAddress, false, "The address or domain is not known, as after an erasure. Only a check, or hashes of a consumer with a key of its own, can tell."},
		{causeNoHash, false, "There is no hash of the entry, and none can be made, as after an erasure whose hashes were not kept."},
		{causeTransactional, false, "The list of the tool also stops transactional mail, and the entry does not. --including-transactional writes it all the same."},
		{causeReason, false, "The list of the tool knows hard bounces and complaints only."},
		{causeDomain, true, "The tool imports addresses only. The file of domains lists it."},
		{causeNotASCII, true, "The tool refuses characters other than ASCII before the @. The file of what cannot be imported lists it."},
		{causeInvalid, true, "The text that was recorded is no valid address. The file of what cannot be imported lists it."},
	}
}

// tally counts entries while they are read and written.
type tally struct {
	read, merged, leftOut int64
	byCause               map[cause]int64
	limits                []limit
	unsaid                []int64 // by limit
	external              []Count // what the form of another package cannot say
}

func newTally(f *form) *tally {
	t := &tally{byCause: map[cause]int64{}}
	for _, l := range limits() {
		if f.says&l.aspect == 0 {
			t.limits = append(t.limits, l)
		}
	}
	t.unsaid = make([]int64, len(t.limits))
	return t
}

// count counts an entry by where it goes. Of what is in a file that is not for import the form says nothing anyhow; but of domains it is worth saying.
func (t *tally) count(e Entry, p place) {
	if p.list == nil {
		t.leaveOut(p.cause)
		return
	}
	if p.cause != "" {
		t.byCause[p.cause]++
	}
	for i, l := range t.limits {
		if (p.cause == "" || l.aspect == sayDomain) && l.of(&e) {
			t.unsaid[i]++
		}
	}
}

func (t *tally) leaveOut(c cause) {
	t.leftOut++
	t.byCause[c]++
}

func newManifest(f *form, o Options, t *tally, files []File) Manifest {
	m := Manifest{
		Format: Format, Base: o.Base, Form: f.name, Tool: f.tool, StoreID: hex.EncodeToString(o.StoreID[:]), Channel: o.Channel, MadeTime: o.Made.UTC().Format(time.RFC3339Nano),
		Position: o.Position, Token: o.Token, Order: "by address, byte by byte", IncludingTransactional: o.IncludingTransactional, Files: files,
		Normalisation: Normalisation{Address: "exact form: lower case, NFC, the domain as A-label"},
		Counts:        Counts{EntriesRead: t.read, EntriesMerged: t.merged, EntriesLeftOut: t.leftOut},
		LeftOut:       []Count{}, NotForImport: []Count{}, CannotExpress: []Count{},
	}
	if f.hashed {
		m.Order = "by hash"
		m.Normalisation.Encoding = "lower-case hexadecimal digits, one hash a line"
	}
	if f.external != nil {
		m.Order = "as the form has it"
	}
	if f.hashed || f.external != nil {
		m.Normalisation.Hash = o.Hashing
	}
	for _, file := range files {
		if file.NotForImport {
			m.Counts.RowsNotForImport += file.Rows
		} else {
			m.Counts.RowsWritten += file.Rows
		}
	}
	m.explain(t)
	return m
}

// explain adds the causes and what the form cannot say.
func (m *Manifest) explain(t *tally) {
	for _, c := range causes() {
		n := t.byCause[c.cause]
		switch {
		case n == 0:
		case c.other:
			m.NotForImport = append(m.NotForImport, Count{string(c.cause), n, c.why})
		default:
			m.LeftOut = append(m.LeftOut, Count{string(c.cause), n, c.why})
		}
	}
	for i, l := range t.limits {
		m.CannotExpress = append(m.CannotExpress, Count{l.what, t.unsaid[i], l.why})
	}
	m.CannotExpress = append(append(m.CannotExpress, t.external...), Count{What: "REMOVALS", Why: removals})
}

// JSON is the manifest as a file: keys in the order of the documentation, indented by two spaces, with a line feed at its end.
func (m Manifest) JSON() ([]byte, error) {
	data, err := json.MarshalIndent(m, "", "  ")
	return append(data, '\n'), err
}

func (m Manifest) writeTo(folder Folder) error {
	name := m.Base + "." + m.Form + ".manifest.json"
	data, err := m.JSON()
	if err != nil {
		return err
	}
	file, err := folder.Create(name)
	if err == nil {
		if _, err = file.Write(data); err != nil {
			file.Abort()
		} else {
			err = file.Close()
		}
	}
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", name, err)
	}
	return nil
}
