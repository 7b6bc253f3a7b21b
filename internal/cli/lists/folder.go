package lists

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/atomicfile"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/suppressionfile"
	"github.com/assent-io/assent/suppressionfilter"
)

// maxKey is how long a file with a key may be.
const maxKey = 4096

// readKey reads the key of a consumer from a file.
func readKey(path string) (suppressionfilter.Key, error) {
	file, err := os.Open(path)
	if err != nil {
		return suppressionfilter.Key{}, fmt.Errorf("--key-file: %w", err)
	}
	defer file.Close() //nolint:errcheck // It was only read.
	text := make([]byte, maxKey+1)
	n, err := file.Read(text)
	if err != nil || n > maxKey {
		return suppressionfilter.Key{}, fmt.Errorf("--key-file: %s has no key of a consumer", path)
	}
	key, err := suppressionfilter.ParseKey(string(text[:n]))
	if err != nil {
		return key, fmt.Errorf("--key-file: %s: %w", path, err)
	}
	return key, nil
}

// place is where files go.
type place struct {
	folder, base string
	force        bool
}

// place returns where --out says that the files go.
func (f *Flags) place() (place, error) {
	p := place{folder: filepath.Dir(f.out), base: filepath.Base(f.out), force: f.force}
	if info, err := os.Stat(f.out); strings.HasSuffix(f.out, string(filepath.Separator)) || err == nil && info.IsDir() {
		p.folder, p.base = f.out, f.channel
	}
	info, err := os.Stat(p.folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return p, terminal.Usagef("--out: there is no folder %s; create it first", p.folder)
	case err != nil:
		return p, fmt.Errorf("--out: %w", err)
	case !info.IsDir():
		return p, terminal.Usagef("--out: %s is not a folder", p.folder)
	case strings.Contains(p.base, "."):
		return p, terminal.Usagef("--out is the base name of the files, without an extension: %s would be right; the form and the extension are added",
			filepath.Join(p.folder, p.base[:strings.Index(p.base, ".")]))
	}
	return p, nil
}

// earlier returns the names of the files of an earlier export in the form.
func (p *place) earlier(form string) ([]string, error) {
	all, err := os.ReadDir(p.folder)
	if err != nil {
		return nil, fmt.Errorf("--out: %w", err)
	}
	var names []string
	for _, entry := range all {
		if strings.HasPrefix(entry.Name(), p.base+"."+form+".") {
			if entry.IsDir() {
				return nil, terminal.Usagef("--out: %s is a folder where a file of this export may go: give another name, or move it away",
					filepath.Join(p.folder, entry.Name()))
			}
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// folder is where one export writes. It is the folder of package suppressionfile.
type folder struct {
	place

	form    string
	before  []string // names of the files of an earlier export
	files   []*target
	scratch *os.File
}

// open prepares the folder for an export.
func (p *place) open(form string) (*folder, error) {
	f := &folder{place: *p, form: form}
	var err error
	if f.before, err = p.earlier(form); err != nil {
		return nil, err
	}
	if len(f.before) > 0 && !p.force {
		return nil, terminal.Usagef("--out: files of an earlier export are in %s: %s; --force replaces them, and removes those that the new one does not have",
			p.folder, strings.Join(f.before, ", "))
	}
	if f.scratch, err = os.CreateTemp(p.folder, "."+p.base+".*.tmp"); err != nil { // Readable by its owner only.
		return nil, fmt.Errorf("--out: %w", pathless(err, p.folder))
	}
	return f, nil
}

// pathless returns an error about a temporary file as one about its folder.
func pathless(err error, folder string) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: "write to", Path: folder, Err: failed.Err}
	}
	return err
}

// target is a file of the export.
type target struct {
	*atomicfile.File

	name string
}

// Close completes the file, which is not in its place yet.
func (t *target) Close() error { return t.Finish() }

// Abort gives the file up.
func (t *target) Abort() {
	_ = t.Discard() // Discarding the folder tries again.
}

// Create starts a file.
func (f *folder) Create(name string) (suppressionfile.Target, error) {
	file, err := atomicfile.Create(filepath.Join(f.folder, name), "."+name+".*.tmp", 0o600)
	if err != nil {
		return nil, err
	}
	t := &target{file, name}
	f.files = append(f.files, t)
	return t, nil
}

// publish puts the files in their places, the manifest last, and returns the names of those of an earlier export that it removed.
func (f *folder) publish(made *suppressionfile.Manifest) (removed []string, err error) {
	manifest := f.files[len(f.files)-1]
	if slices.Contains(f.before, manifest.name) {
		if err := os.Remove(filepath.Join(f.folder, manifest.name)); err != nil { // From here on it would say what is not so.
			return nil, err
		}
	}
	for _, name := range made.Leftovers(f.before) {
		if err := os.Remove(filepath.Join(f.folder, name)); err != nil {
			return removed, err
		}
		removed = append(removed, name)
	}
	if err := f.put(); err != nil {
		return removed, err
	}
	return removed, atomicfile.SyncFolder(filepath.Join(f.folder, manifest.name))
}

// put puts all files in their places. Where one has no place because of a file that came there meanwhile, those before it are taken away
// again: without the manifest they would be files of no export.
func (f *folder) put() error {
	for i, file := range f.files {
		if f.force {
			if err := file.Replace(); err != nil {
				return err
			}
			continue
		}
		err := file.Place()
		if err == nil {
			continue
		}
		for _, before := range f.files[:i] {
			err = errors.Join(err, os.Remove(filepath.Join(f.folder, before.name)))
		}
		return err
	}
	return nil
}

// discard removes what is not in its place.
func (f *folder) discard() {
	// The error of removing the rest would hide the one that matters.
	_ = f.scratch.Close()
	_ = os.Remove(f.scratch.Name())
	for _, file := range f.files {
		_ = file.Discard()
	}
}
