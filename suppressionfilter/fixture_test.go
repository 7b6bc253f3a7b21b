package suppressionfilter_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/assent-io/assent/suppressionfilter"
)

// testKeys are the keys of the test vectors: the bytes 00 to 1f, and 20 to 3f.
func testKeys() (list, consumer [suppressionfilter.KeySize]byte) {
	for i := range list {
		list[i], consumer[i] = byte(i), byte(suppressionfilter.KeySize+i)
	}
	return list, consumer
}

func newTestKey() (suppressionfilter.Key, error) {
	list, consumer := testKeys()
	return suppressionfilter.NewKey(0, list, consumer)
}

func testKey(t testing.TB) suppressionfilter.Key {
	t.Helper()
	key, err := newTestKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func testHeader() suppressionfilter.Header {
	return suppressionfilter.Header{
		StoreID: [16]byte{0xaa, 1, 2, 15: 0xff}, Channel: "newsletter", Position: 4711, Missing: 7, Made: time.Date(2026, 12, 1, 8, 30, 0, 123456000, time.UTC),
	}
}

// write returns the bytes of a file, and what was said of them.
func write(t testing.TB, b *suppressionfilter.Builder) ([]byte, suppressionfilter.Info) {
	t.Helper()
	var file bytes.Buffer
	info, err := b.WriteFilter(&file, testHeader())
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), info
}

func read(t testing.TB, file []byte) *suppressionfilter.Filter {
	t.Helper()
	filter, err := suppressionfilter.Read(bytes.NewReader(file), testKey(t), suppressionfilter.Expect{})
	if err != nil {
		t.Fatal(err)
	}
	return filter
}

// must is for calls of a builder that are right.
func must(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// vectors returns a builder with the entries of the test vectors.
func vectors(t testing.TB) *suppressionfilter.Builder {
	t.Helper()
	b := suppressionfilter.NewBuilder(testKey(t))
	must(t, b.AddExact("bernd+news@gmx.at"), b.AddFolded("Anna.Huber+news@gmail.com"), b.AddDomain("example.org"))
	return b
}

func ask(t testing.TB, f *suppressionfilter.Filter, address string) bool {
	t.Helper()
	hit, err := f.MayContain(address)
	if err != nil {
		t.Fatalf("%q: %v", address, err)
	}
	return hit
}
