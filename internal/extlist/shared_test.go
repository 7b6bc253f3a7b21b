package extlist_test

import (
	"bytes"
	"crypto/sha512"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/extlist"
)

// stored returns the stored bytes of a version of the ECG service that lists some numbers and was asked about others.
func stored(tb fails, listed, asked []int) []byte {
	tb.Helper()
	var file strings.Builder
	for _, n := range asked {
		fmt.Fprintf(&file, "asked %x\n", sha512.Sum512(fmt.Append(nil, n)))
	}
	for _, n := range listed {
		fmt.Fprintf(&file, "listed %x\n", sha512.Sum512(fmt.Append(nil, n)))
	}
	body, err := extlist.Read(extlist.ECGService, strings.NewReader(file.String()))
	if err != nil {
		tb.Fatalf("reading a list: %v", err)
	}
	return body
}

func TestShared_AnyTwoVersions_IsWhatBothList(t *testing.T) {
	numbers := rapid.SliceOfDistinct(rapid.IntRange(0, 60), rapid.ID[int])
	rapid.Check(t, func(t *rapid.T) {
		a, b := numbers.Draw(t, "a"), numbers.Draw(t, "b")
		want := int64(0)
		for _, n := range a {
			if slices.Contains(b, n) {
				want++
			}
		}
		one, other := stored(t, a, append(numbers.Draw(t, "asked"), 99)), stored(t, b, append(numbers.Draw(t, "asked"), 99))
		got, err := extlist.Shared(extlist.ECGService, bytes.NewReader(one), iotest.OneByteReader(bytes.NewReader(other)))
		if err != nil || got != want {
			t.Fatalf("they share %d digests, want %d: %v", got, want, err)
		}
	})
}

func TestShared_BytesCutShort_AreAnError(t *testing.T) {
	body := stored(t, []int{1, 2}, []int{3})
	for _, n := range []int{0, 5, 8, 30, 41, len(body) - 1} {
		if _, err := extlist.Shared(extlist.ECGService, bytes.NewReader(body), bytes.NewReader(body[:n])); !errors.Is(err, extlist.ErrBody) {
			t.Errorf("cut after %d bytes: %v", n, err)
		}
	}
	broken := errors.New("the connection broke")
	if _, err := extlist.Shared(extlist.SHA1, bytes.NewReader(body), iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a broken connection: %v", err)
	}
	if _, err := extlist.Shared("crc32", bytes.NewReader(body), bytes.NewReader(body)); !errors.Is(err, extlist.ErrBody) {
		t.Errorf("an unknown form: %v", err)
	}
}
