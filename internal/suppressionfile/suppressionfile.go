// Package suppressionfile writes the suppression list of a channel as files that sender tools import, with a manifest that says what is in
// them and what they cannot say. It is pure: entries, the folder of the files, the memory for sorting and the time are given by the caller.
//
// The forms are rows of one table (forms.go). An entry is read, checked, and routed to a list of the form, or left out with a cause
// (route.go). Lists are sorted by address, in constant memory (sort.go), entries that stand for the same row are merged, and rows are
// written to files that are split where the tool has a limit (output.go). docs/suppression-files.md describes each form and the manifest.
package suppressionfile

import (
	"errors"
	"fmt"
	"iter"
	"strings"
)

// Write writes the list in a form, and as the last file its manifest, BASE.manifest.json.
//
// The entries may come in any order: the files are the same, byte for byte. An entry that is none (an unknown match or kind, a domain
// entry without a domain, a hash of another length) ends the export, for a list that silently lacks somebody is worse than none. The
// error names the number of the entry, from 1, and no address. After an error the caller discards every file that was created.
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
	return made, made.writeTo(folder, options.Base)
}

// choose finds the form, and checks that the options have what it needs.
func choose(name string, o Options) (*form, error) {
	if o.Base == "" || strings.ContainsAny(o.Base, "/\\\x00") {
		return nil, fmt.Errorf("the base name of the files is %q; it must be a name without a folder", o.Base)
	}
	if o.Channel == "" {
		return nil, errors.New("the channel of the list is missing: tools are told what to block by it")
	}
	if o.Made.IsZero() {
		return nil, errors.New("the time of the list is missing: what has ended cannot be told without it")
	}
	if o.External != nil && o.External.Form == name {
		return externalForm(o.External), nil
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

// write writes all files but the manifest.
func write(f *form, o Options, folder Folder, t *tally, entries iter.Seq2[Entry, error]) ([]File, error) {
	if f.external != nil {
		return writeExternal(f, o, folder, t, entries)
	}
	s := &sorter{scratch: o.Scratch, limit: o.Memory}
	var record []byte
	for e, err := range entries {
		if err != nil {
			return nil, err
		}
		p := f.place(e, o)
		t.count(e, p)
		if p.cause != "" && p.list == nil {
			continue
		}
		record = appendRecord(record[:0], p, e)
		if err = s.add(record); err != nil {
			return nil, err
		}
	}
	outputs := newOutputs(f, o, folder)
	if err := merge(s, outputs, t); err != nil {
		return nil, err
	}
	return finish(outputs)
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

// writeExternal lets the other package write its file.
func writeExternal(f *form, o Options, folder Folder, t *tally, entries iter.Seq2[Entry, error]) ([]File, error) {
	out := newOutputs(f, o, folder)[0]
	if err := out.open(); err != nil {
		return nil, err
	}
	var offered int64
	rows, err := f.external.Write(out.sink(), func(yield func(Entry, error) bool) {
		for e, err := range entries {
			if err == nil {
				t.count(e, place{list: out.list})
				offered++
			}
			if !yield(e, err) {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	if rows < 0 || rows > offered {
		return nil, fmt.Errorf("the form %s wrote %d rows for %d entries", f.name, rows, offered)
	}
	out.current.Rows = rows
	t.merged = offered - rows
	return finish([]*output{out})
}
