package kept

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/ledger"
)

const (
	checkpointPrefix = "checkpoint-"
	checkpointSuffix = ".txt"
	sizeDigits       = 20
	maxCheckpoint    = 64 << 10
	// settled is the age at which a file that is cut off is no longer one that another server is just writing.
	settled = time.Minute
)

// ErrConflict is wrapped by the error for a checkpoint of a size of which another one is kept: there are two histories.
var ErrConflict = errors.New("another checkpoint of this size is kept")

// ErrUnsettled is wrapped by the error for a checkpoint whose file is cut off, but so young that another server may be writing it.
var ErrUnsettled = errors.New("the file of this checkpoint is being written")

// Name is that of a checkpoint's file. Run tells the ledgers apart that were restored from a backup: each begins a run of its own,
// for its checkpoints are others than those of the ledger that was lost. The first run is 0.
type Name struct {
	Size int64
	Run  int
}

// String returns the file name. Names of a run sort by size.
func (n Name) String() string {
	run := ""
	if n.Run > 0 {
		run = ".r" + strconv.Itoa(n.Run)
	}
	return fmt.Sprintf("%s%0*d%s%s", checkpointPrefix, sizeDigits, n.Size, run, checkpointSuffix)
}

// parseName reads a file name; ok is false for files of others.
func parseName(text string) (n Name, ok bool) {
	digits, found := strings.CutPrefix(text, checkpointPrefix)
	digits, suffixed := strings.CutSuffix(digits, checkpointSuffix)
	if !found || !suffixed {
		return Name{}, false
	}
	digits, run, restored := strings.Cut(digits, ".r")
	var err error
	if n.Size, err = strconv.ParseInt(digits, 10, 64); err != nil {
		return Name{}, false
	}
	if restored {
		if n.Run, err = strconv.Atoi(run); err != nil {
			return Name{}, false
		}
	}
	return n, n.Size >= 0 && n.Run >= 0 && n.String() == text
}

// Checkpoints returns the names of the checkpoints that are kept, the newest first: those of a later run before those of an earlier
// one, and of one run the larger before the smaller.
func (d *Dir) Checkpoints() ([]Name, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, fmt.Errorf("list the checkpoints: %w", err)
	}
	var names []Name
	for _, entry := range entries {
		if name, ok := parseName(entry.Name()); ok {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b Name) int {
		return cmp.Or(cmp.Compare(b.Run, a.Run), cmp.Compare(b.Size, a.Size))
	})
	return names, nil
}

// Checkpoint returns a signed note that is kept. It is whole where the error is nil, but no signature is verified. That a crash cut
// it off is an error that wraps [ErrUnsettled] while the file is young.
func (d *Dir) Checkpoint(name Name) ([]byte, ledger.Checkpoint, error) {
	text, info, err := d.read(name.String(), maxCheckpoint)
	if err != nil {
		return nil, ledger.Checkpoint{}, fmt.Errorf("read a checkpoint: %w", err)
	}
	c, err := ledger.ParseNote(text)
	switch {
	case err == nil && c.Size != name.Size:
		err = fmt.Errorf("its size is %d", c.Size)
	case err != nil && time.Since(info.ModTime()) < settled:
		err = ErrUnsettled
	}
	if err != nil {
		return nil, ledger.Checkpoint{}, fmt.Errorf("read the checkpoint %s: %w", name, err)
	}
	return text, c, nil
}

// Keep writes a signed checkpoint to a file of its own, durably. One that is kept already stays as it is: if it commits to the same,
// that is no error; else the error wraps [ErrConflict]. A file that a crash cut off is completed once it has settled; until then
// the error wraps [ErrUnsettled].
func (d *Dir) Keep(name Name, signed []byte) error {
	file, err := os.OpenFile(d.file(name.String()), os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return d.keepAgain(name, signed)
	}
	if err == nil {
		err = errors.Join(appendTo(file, signed), file.Close())
	}
	if err == nil {
		err = d.sync()
	}
	if err != nil {
		return fmt.Errorf("keep a checkpoint: %w", err)
	}
	return nil
}

// keepAgain compares a checkpoint with the one that is kept, and completes that if it was cut off.
func (d *Dir) keepAgain(name Name, signed []byte) error {
	want, err := ledger.ParseNote(signed)
	if err != nil {
		return fmt.Errorf("keep a checkpoint: %w", err)
	}
	text, info, err := d.read(name.String(), maxCheckpoint)
	if err != nil {
		return fmt.Errorf("keep a checkpoint: %w", err)
	}
	if there, err := ledger.ParseNote(text); err == nil {
		if there != want {
			return fmt.Errorf("keep the checkpoint %s: %w", name, ErrConflict)
		}
		return nil
	}
	rest, cut := bytes.CutPrefix(signed, text)
	if time.Since(info.ModTime()) < settled {
		return fmt.Errorf("keep the checkpoint %s: %w", name, ErrUnsettled)
	}
	if !cut {
		return fmt.Errorf("keep the checkpoint %s: the file of this name is not a checkpoint", name)
	}
	file, err := os.OpenFile(d.file(name.String()), os.O_WRONLY|os.O_APPEND, 0)
	if err == nil {
		err = errors.Join(appendTo(file, rest), file.Close())
	}
	if err != nil {
		return fmt.Errorf("keep a checkpoint: %w", err)
	}
	return nil
}
