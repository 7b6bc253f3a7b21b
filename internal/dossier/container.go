package dossier

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// The archive is a zip of one form only: files are stored, not packed, in the order of their names, with no times, no comments and
// no extra fields. So its bytes follow from its files, and a reader that makes them anew sees any byte that was changed, also between
// the files. What packs files does not always give the same bytes, so nothing is packed.

const (
	signLocal   = 0x04034b50
	signCentral = 0x02014b50
	signEnd     = 0x06054b50
	sizeLocal   = 30
	zipVersion  = 10
	zipDate     = 1<<5 | 1 // 1980-01-01, the first day there is
	maxFiles    = math.MaxUint16
	maxZip      = math.MaxInt32
)

// file is a file of an archive. The checksum is that which the archive names.
type file struct {
	name string
	data []byte
	crc  uint32
}

func newFile(name string, data []byte) file { return file{name, data, crc32.ChecksumIEEE(data)} }

// writeZip returns the archive of the files.
func writeZip(files []file) ([]byte, error) {
	var out, central []byte
	for i := range files {
		f := &files[i]
		if len(f.data)+len(out)+len(central) > maxZip || i == maxFiles {
			return nil, errors.New("an archive of more than 2 GiB or 65,535 files cannot be written")
		}
		head := f.head()
		central = binary.LittleEndian.AppendUint32(central, signCentral)
		central = binary.LittleEndian.AppendUint16(central, zipVersion) // made by
		central = append(central, head...)
		central = append(central, make([]byte, 2+2+2+4)...) // comment, disk, attributes
		central = binary.LittleEndian.AppendUint32(central, uint32(len(out)))
		central = append(central, f.name...)
		out = binary.LittleEndian.AppendUint32(out, signLocal)
		out = append(append(append(out, head...), f.name...), f.data...)
	}
	start := len(out)
	out = append(out, central...)
	out = binary.LittleEndian.AppendUint32(out, signEnd)
	out = append(out, make([]byte, 4)...) // disks
	out = binary.LittleEndian.AppendUint16(out, uint16(len(files)))
	out = binary.LittleEndian.AppendUint16(out, uint16(len(files)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(central)))
	out = binary.LittleEndian.AppendUint32(out, uint32(start))
	return append(out, 0, 0), nil // comment
}

// head is what the local header and the central directory both say of a file.
func (f *file) head() []byte {
	var b []byte
	b = binary.LittleEndian.AppendUint16(b, zipVersion)
	b = append(b, make([]byte, 2+2+2)...) // flags, method stored, time
	b = binary.LittleEndian.AppendUint16(b, zipDate)
	b = binary.LittleEndian.AppendUint32(b, f.crc)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(f.data)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(f.data)))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(f.name)))
	return append(b, 0, 0) // extra fields
}

// readZip returns the files of an archive that writeZip wrote. Any other byte is an error that names where it stands; the files that
// could be read are returned with it.
func readZip(data []byte) ([]file, error) {
	var files []file
	at := 0
	for {
		if len(data)-at < 4 {
			return files, fmt.Errorf("the archive is cut off at byte %d", len(data))
		}
		if binary.LittleEndian.Uint32(data[at:]) == signCentral {
			break
		}
		f, size, err := readLocal(data[at:])
		if err != nil {
			return files, fmt.Errorf("%w: byte %d and after", err, at)
		}
		files = append(files, f)
		at += size
	}
	again, err := writeZip(files)
	if err != nil {
		return files, err
	}
	if !bytes.Equal(again, data) {
		return files, fmt.Errorf("the archive differs at byte %d, %s, from the archive that its files result in",
			difference(again, data), region(files, difference(again, data)))
	}
	return files, nil
}

// readLocal reads a file with its header, and returns how long both are.
func readLocal(data []byte) (file, int, error) {
	if len(data) < sizeLocal || binary.LittleEndian.Uint32(data) != signLocal {
		return file{}, 0, errors.New("a file of the archive is missing at its place")
	}
	size := int(binary.LittleEndian.Uint32(data[18:]))
	name := int(binary.LittleEndian.Uint16(data[26:]))
	if size > len(data) || sizeLocal+name+size > len(data) {
		return file{}, 0, errors.New("a file of the archive is longer than the archive")
	}
	end := sizeLocal + name
	return file{string(data[sizeLocal:end]), data[end : end+size], binary.LittleEndian.Uint32(data[14:])}, end + size, nil
}

// difference returns the first byte at which a and b differ.
func difference(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// region says what stands at a byte of the archive of the files.
func region(files []file, at int) string {
	start := 0
	for i := range files {
		start += sizeLocal + len(files[i].name) + len(files[i].data)
		if at < start {
			return "in the header of " + shown(files[i].name)
		}
	}
	return "in the directory"
}

// shown returns the name of a file as messages write it.
func shown(name string) string {
	if len(name) > 60 {
		name = name[:60]
	}
	return fmt.Sprintf("%q", name)
}
