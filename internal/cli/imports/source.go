package imports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/listfile"
)

// source is a file that is read several times: to find out of which tool it is, for its digest, and to upload it. Standard input and pipes are
// kept in a temporary file meanwhile.
type source struct {
	name   string // to call it in messages
	base   string // its name without the folder; empty of standard input
	file   *os.File
	size   int64
	sha256 string
	spool  bool
}

// openSource opens a file and takes its digest.
func openSource(t *terminal.Terminal, path string) (_ *source, err error) {
	in, err := t.Streams().OpenRaw(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	s := &source{name: in.Name}
	if path != listfile.Standard {
		s.base = filepath.Base(path)
	}
	to := io.Discard
	if s.spool = in.Size < 0; s.spool {
		if s.file, err = os.CreateTemp("", "assent-import-*"); err != nil {
			return nil, err
		}
		to = s.file
	} else if s.file, err = os.Open(path); err != nil {
		return nil, err
	}
	sum := sha256.New()
	s.size, err = io.Copy(io.MultiWriter(sum, to), in.Text)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", s.name, err), s.close())
	}
	s.sha256 = hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

// rewind begins the file anew.
func (s *source) rewind() (io.Reader, error) {
	_, err := s.file.Seek(0, io.SeekStart)
	return s.file, err
}

func (s *source) close() error {
	err := s.file.Close()
	if s.spool {
		err = errors.Join(err, os.Remove(s.file.Name()))
	}
	return err
}

// contextReader is a reader that ends with a context.
type contextReader struct {
	ctx  context.Context
	from io.Reader
}

// Read reads.
func (r contextReader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.from.Read(p)
}
