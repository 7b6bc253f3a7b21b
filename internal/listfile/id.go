package listfile

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"os"

	"github.com/google/uuid"
)

// ID makes a UUID from what a file holds, so that it is the same each time the file is read; what cannot be read twice gets a random
// one.
func ID(path string) (string, error) {
	if path == Standard {
		return uuid.NewString(), nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		// It is not opened either: the writer of a pipe would take that for its reader.
		return uuid.NewString(), nil
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() {
		// It was only read.
		_ = file.Close()
	}()
	hash := sha256.New()
	if _, err := io.Copy(hash, bufio.NewReader(file)); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return contentID(hash.Sum(nil)), nil
}

// contentID makes a UUID of version 8, which is for uses of one's own, from a
// SHA-256.
func contentID(sum []byte) string {
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// SameFile reports whether both paths lead to one regular file.
func SameFile(x, y string) bool {
	xInfo, xErr := os.Stat(x)
	yInfo, yErr := os.Stat(y)
	return xErr == nil && yErr == nil && xInfo.Mode().IsRegular() && os.SameFile(xInfo, yInfo)
}
