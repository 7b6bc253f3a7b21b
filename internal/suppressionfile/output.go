package suppressionfile

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strconv"
)

// output writes the files of a list.
type output struct {
	list   *list
	folder Folder
	prefix string // of the names of all files
	rows   encoder

	file    Target // nil: none is open
	buffer  *bufio.Writer
	digest  hash.Hash
	current File
	files   []File
}

func newOutputs(f *form, o Options, folder Folder) []*output {
	all := make([]*output, len(f.lists))
	for i := range f.lists {
		all[i] = &output{list: &f.lists[i], folder: folder, prefix: o.Base + "." + f.name}
		if f.lists[i].encode != nil {
			all[i].rows = f.lists[i].encode(o)
		}
	}
	return all
}

// name is BASE.FORM[.LIST][.NUMBER].EXTENSION; the first file has no number.
func (o *output) name() string {
	name := o.prefix
	if o.list.name != "" {
		name += "." + o.list.name
	}
	if n := len(o.files) + 1; n > 1 {
		name += "." + strconv.Itoa(n)
	}
	return name + "." + o.list.extension
}

// open starts the next file.
func (o *output) open() error {
	o.current = File{Name: o.name(), List: o.list.name, NotForImport: o.list.notForImport, Import: o.list.importing}
	file, err := o.folder.Create(o.current.Name)
	if err != nil {
		return o.failed(err)
	}
	o.file = file
	o.buffer = bufio.NewWriterSize(o.file, runBuffer)
	o.digest = sha256.New()
	if o.rows == nil {
		return nil
	}
	head, err := o.rows.head()
	if err != nil {
		return o.failed(err)
	}
	return o.write(head)
}

func (o *output) failed(err error) error {
	return fmt.Errorf("%s cannot be written: %w", o.current.Name, err)
}

// sink is for writing to the open file.
func (o *output) sink() io.Writer { return sink{o} }

type sink struct{ to *output }

// Write writes to the open file.
func (s sink) Write(data []byte) (int, error) {
	if err := s.to.write(data); err != nil {
		return 0, err
	}
	return len(data), nil
}

func (o *output) write(data []byte) error {
	if _, err := o.buffer.Write(data); err != nil {
		return o.failed(err)
	}
	o.digest.Write(data)
	o.current.Bytes += int64(len(data))
	return nil
}

// add writes a row, to the next file where this one is full.
func (o *output) add(r row) error {
	data, err := o.rows.add(r)
	if err != nil {
		return o.failed(err)
	}
	if o.file != nil && o.full(int64(len(data))) {
		if err = o.close(); err != nil {
			return err
		}
	}
	if o.file == nil {
		// The header is written with the same memory as the row.
		data = append([]byte(nil), data...)
		if err = o.open(); err != nil {
			return err
		}
	}
	o.current.Rows++
	return o.write(data)
}

// full reports whether a row of so many bytes has no room in the open file.
func (o *output) full(more int64) bool {
	return o.list.maxRows > 0 && o.current.Rows >= o.list.maxRows || o.list.maxBytes > 0 && o.current.Bytes+more > o.list.maxBytes
}

func (o *output) close() error {
	if o.rows != nil {
		rest, err := o.rows.rest()
		if err != nil {
			return o.failed(err)
		}
		if err = o.write(rest); err != nil {
			return err
		}
	}
	if err := o.buffer.Flush(); err != nil {
		return o.failed(err)
	}
	file := o.file
	o.file = nil // It ends with Close, also where that fails.
	if err := file.Close(); err != nil {
		return o.failed(err)
	}
	o.current.SHA256 = hex.EncodeToString(o.digest.Sum(nil))
	o.files = append(o.files, o.current)
	return nil
}

// abort gives up the file that is open.
func (o *output) abort() {
	if o.file != nil {
		o.file.Abort()
		o.file = nil
	}
}

// closeAll completes all files.
func closeAll(outputs []*output) error {
	for _, o := range outputs {
		if o.file == nil && len(o.files) == 0 && o.list.always {
			if err := o.open(); err != nil {
				return err
			}
		}
		if o.file != nil {
			if err := o.close(); err != nil {
				return err
			}
		}
	}
	return nil
}
