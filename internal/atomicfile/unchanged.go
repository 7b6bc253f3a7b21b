package atomicfile

import (
	"io/fs"
	"os"
)

// Unchanged reports whether nothing has changed between two looks at a path; nil stands for a path that could not be looked at.
func Unchanged(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}
