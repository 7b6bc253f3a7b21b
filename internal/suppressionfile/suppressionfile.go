// Package suppressionfile writes the suppression list of a channel as files that sender tools import, with a manifest that says what is in
// them and what they cannot say. It is pure: entries, the folder of the files, the memory for sorting and the time are given by the caller.
//
// The forms are rows of one table (forms.go). An entry is read, checked, and routed to a list of the form, or left out with a cause
// (route.go). Lists are sorted by address, in constant memory (sort.go), entries that stand for the same row are merged, and rows are
// written to files that are split where the tool has a limit (output.go; leftover.go says what an earlier export left behind). docs/suppression-files.md describes each form and the manifest.
package suppressionfile

import (
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strings"

	"github.com/assent-io/assent/internal/catalog"
)

// Write writes the list in a form, and as the last file its manifest, BASE.FORM.manifest.json.
//
// The entries may come in any order: the files are the same, byte for byte. An entry that is none (an unknown match or kind, a domain
// entry without a domain, a hash of another length) ends the export, for a list that silently lacks a person is worse than none. The
// error names the number of the entry, from 1, and no address. After an error every file that was created has been closed or aborted, and
// the caller discards those that were closed.
func Write(form string, options Options, entries iter.Seq2[Entry, error], folder Folder) (Manifest, error) {
	chosen, err := choose(form, options)
	if err != nil {
		return Manifest{}, err
	}
	t := newTally(chosen)
	files, err := write(chosen, options, folder, t, checked(entries, options, t))
	if err != nil {
		return Manifest{}, err
	}
	made := newManifest(chosen, options, t, files)
	return made, made.writeTo(folder)
}

// choose finds the form, and checks that the options have what it needs.
func choose(name string, o Options) (*form, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.External != nil && o.External.Form == name {
		return externalForm(o.External)
	}
	all := forms()
	for i := range all {
		if all[i].name != name {
			continue
		}
		if all[i].hashed && (o.Hashing == nil || o.Hashing.size() == 0) {
			return nil, fmt.Errorf("the form %s needs the way in which hashes are made: HMAC-SHA-256, MD5, SHA-1, SHA-256 or SHA-512", name)
		}
		return &all[i], nil
	}
	return nil, fmt.Errorf("the form %q is not known; it must be one of %s", name, strings.Join(Forms(), ", "))
}

// check holds the options to what every form needs.
func (o *Options) check() error {
	switch {
	case !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$`).MatchString(o.Base):
		return fmt.Errorf("the base name of the files is %q; it must be up to 100 letters, digits, - and _, without dots and folders", o.Base)
	case o.StoreID == [16]byte{}:
		return errors.New("the id of the store is missing: 16 bytes that are not all zero")
	case !catalog.IsID(o.Channel):
		return fmt.Errorf("the channel of the list is %q; it must be the id of a channel in the catalog: tools are told what to block by it", o.Channel)
	case o.Made.IsZero():
		return errors.New("the time of the list is missing: what has ended cannot be told without it")
	case o.Position < 0:
		return fmt.Errorf("the position of the list is %d; it must be 0 or more", o.Position)
	}
	return nil
}

// write writes all files but the manifest.
func write(f *form, o Options, folder Folder, t *tally, entries iter.Seq2[Entry, error]) ([]File, error) {
	outputs := newOutputs(f, o, folder)
	fill := fillSorted
	if f.external != nil {
		fill = fillExternal
	}
	err := fill(f, o, outputs, t, entries)
	if err == nil {
		err = closeAll(outputs)
	}
	if err != nil {
		for _, out := range outputs {
			out.abort()
		}
		return nil, err
	}
	files := []File{}
	for _, out := range outputs {
		files = append(files, out.files...)
	}
	return files, nil
}

// fillSorted sorts the entries and writes their rows.
func fillSorted(f *form, o Options, outputs []*output, t *tally, entries iter.Seq2[Entry, error]) error {
	s := &sorter{scratch: o.Scratch, limit: o.Memory}
	var record []byte
	for e, err := range entries {
		if err != nil {
			return err
		}
		p := f.place(e, o)
		t.count(e, p)
		if p.cause != "" && p.list == nil {
			continue
		}
		record = appendRecord(record[:0], p, e)
		if err = s.add(record); err != nil {
			return err
		}
	}
	return merge(s, outputs, t)
}

// merge writes a row for each record, but for those that another row stands for.
func merge(s *sorter, outputs []*output, t *tally) error {
	var before []byte
	for record, err := range s.sorted() {
		if err != nil {
			return err
		}
		r := readRecord(record)
		if r.list >= len(outputs) {
			return errors.New("what was sorted has changed on the way: the temporary file is damaged")
		}
		to := outputs[r.list]
		if before != nil && to.list.sameRow(before, record, r) {
			t.merged++
			continue
		}
		before = append(before[:0], record...)
		if err := to.add(r); err != nil {
			return err
		}
	}
	return nil
}

// fillExternal lets the other package write its file.
func fillExternal(f *form, _ Options, outputs []*output, t *tally, entries iter.Seq2[Entry, error]) error {
	out := outputs[0]
	var added int64
	for e, err := range entries {
		if err != nil {
			return err
		}
		ok, err := f.external.Add(e)
		switch {
		case err != nil:
			return fmt.Errorf("entry %d: %w", t.read, err)
		case !ok:
			t.leaveOut(causeNoHash)
		default:
			t.count(e, place{list: out.list})
			added++
		}
	}
	if err := out.open(); err != nil {
		return err
	}
	rows, err := f.external.Write(out.sink())
	if err != nil {
		return out.failed(err)
	}
	if rows < 0 || rows > added || rows == 0 && added > 0 {
		return fmt.Errorf("the form %s wrote %d rows for %d entries", f.name, rows, added)
	}
	out.current.Rows = rows
	t.merged = added - rows
	for _, u := range f.external.CannotSay {
		count := Count{What: u.What, Why: u.Why}
		if u.OfEach {
			count.Entries = added
		}
		t.external = append(t.external, count)
	}
	return nil
}
