package extlist_test

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // The form of the list.
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/extlist"
)

// fails is what these tests need of a test or a property.
type fails interface {
	Helper()
	Fatalf(format string, args ...any)
}

func parse(tb fails, typed string) address.Address {
	tb.Helper()
	a, err := address.Parse(typed)
	if err != nil {
		tb.Fatalf("parsing an address: %v", err)
	}
	return a
}

func version(tb fails, form extlist.Form, file []byte) *extlist.Version {
	tb.Helper()
	body, err := extlist.Read(form, bytes.NewReader(file))
	if err != nil {
		tb.Fatalf("reading a list: %v", err)
	}
	v, err := extlist.Parse(form, body)
	if err != nil {
		tb.Fatalf("parsing what was read: %v", err)
	}
	return v
}

// testList is the list that the Austrian regulator gives for tests.
func testList(tb testing.TB) []byte {
	tb.Helper()
	file, err := hex.DecodeString("ba72d6793be4cdd14256bbb5662033e3ee5e1951" + "37fbe81ddddcb86b17d5afb55b8a10ba8d4ebd16" +
		"471807096c1fbbece51ed10a4257f90385954ca9" + "4813659c74cf5419c8173cd409bd20b1720709c1")
	if err != nil {
		tb.Fatal(err)
	}
	return file
}

func TestECGFile_TheRegulatorsTestList_ListsWhatItSays(t *testing.T) {
	file := testList(t)
	v := version(t, extlist.ECGFile, slices.Concat(file, file[:40])) // unsorted, and with doubles
	if v.Entries() != 4 || v.Asked() != 0 {
		t.Errorf("the list has %d entries", v.Entries())
	}
	for typed, want := range map[string]bool{
		"karl.testinger@firma.at": true, "Max.Mustermann@HOME.at": true, "a@home.lan": true, "b@firma.lan": true,
		"maxmustermann@home.at": false, "mix.mustermann@home.at": false, "a@sub.home.lan": false,
	} {
		if listed, unasked := v.Says(parse(t, typed)); listed != want || unasked {
			t.Errorf("%s is listed: %t, never asked about: %t", typed, listed, unasked)
		}
	}
}

// The vectors are those that clients of the service agree on.
func TestQuestions_OfTheService_AreTheDigestsThatClientsAgreeOn(t *testing.T) {
	all := extlist.ECGService.Questions(parse(t, "Max.Mustermann@home.at"))
	for i, want := range map[int][2]string{
		0: {"af8b8ca6", "fda78db6"}, 1: {"e85fb493", "d4d5f053"}, 4: {"7a7b21e9", "734be272"},
	} {
		if got := hex.EncodeToString(all[i][:]); !strings.HasPrefix(got, want[0]) || !strings.HasSuffix(got, want[1]) {
			t.Errorf("question %d is %s", i, got)
		}
	}
}

func TestECGService_AnAddressThatWasNotAsked_IsSaidToBe(t *testing.T) {
	questions := func(typed string) [][64]byte { return extlist.ECGService.Questions(parse(t, typed)) }
	listed, free, domain := questions("max.mustermann@home.at"), questions("karl@home.at"), questions("a@firma.lan")
	file := fmt.Sprintf("asked %x\nasked %x\nlisted %x\nlisted %x\n", listed[0], free[0], listed[1], domain[4])
	v := version(t, extlist.ECGService, []byte(file))
	if v.Entries() != 2 || v.Asked() != 2 {
		t.Errorf("it has %d entries, and %d addresses were asked about", v.Entries(), v.Asked())
	}
	for typed, want := range map[string][2]bool{
		"max.mustermann@home.at": {true, false}, "karl@home.at": {false, false}, "b@firma.lan": {true, false}, "otto@home.at": {false, true},
	} {
		if listed, unasked := v.Says(parse(t, typed)); listed != want[0] || unasked != want[1] {
			t.Errorf("%s is listed: %t, never asked about: %t", typed, listed, unasked)
		}
	}
}

func TestRead_ListOfAPartner_HasOneDigestALine(t *testing.T) {
	one, other := sha256.Sum256([]byte("a.b@gmail.com")), sha256.Sum256([]byte("ab@gmail.com"))
	file := fmt.Sprintf("\ufeffsha256_email\r\n\"%x\"\r\n\r\n%X", one, other)
	if v := version(t, extlist.SHA256, []byte(file)); v.Entries() != 2 {
		t.Errorf("it has %d entries", v.Entries())
	}
	folded := version(t, extlist.SHA256, []byte(fmt.Sprintf("%x", other)))
	if listed, _ := folded.Says(parse(t, "A.B+news@googlemail.com")); !listed {
		t.Error("another spelling of a mailbox on the list is not listed")
	}
}

func TestRead_WhatIsNoList_IsRefusedWithItsReason(t *testing.T) {
	page := []byte("<!DOCTYPE html>\n<html><body>Please sign in</body></html>\n")
	page = append(page, bytes.Repeat([]byte(" "), 20-len(page)%20)...)
	for name, test := range map[string]struct {
		form extlist.Form
		file []byte
		want string
	}{
		"an empty file":             {extlist.ECGFile, nil, "empty"},
		"a cut file":                {extlist.ECGFile, testList(t)[:79], "in the middle of a digest: after 3 digests of 20 bytes come 19 more"},
		"a page":                    {extlist.ECGFile, page, "page of the web"},
		"a compressed file":         {extlist.ECGFile, append([]byte{0x1f, 0x8b, 8, 0}, make([]byte, 36)...), "gzip"},
		"a digest of another size":  {extlist.SHA256, []byte("da39a3ee5e6b4b0d3255bfef95601890afd80709"), "line 1: this is no sha256 digest of 64"},
		"another thing on a line":   {extlist.MD5, []byte("d41d8cd98f00b204e9800998ecf8427e\nno digest\n"), "line 2"},
		"only a heading":            {extlist.MD5, []byte("md5\n"), "no digest"},
		"a line without end":        {extlist.MD5, bytes.Repeat([]byte("a"), 1<<20), "line 1: the line is longer"},
		"a page as text":            {extlist.MD5, page, "line 1"},
		"answers without what says": {extlist.ECGService, []byte("d41d8cd98f00b204e9800998ecf8427e"), "asked or listed"},
	} {
		_, err := extlist.Read(test.form, iotest.OneByteReader(bytes.NewReader(test.file)))
		var problem *extlist.Problem
		if !errors.As(err, &problem) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, test.want)
		}
	}
	broken := errors.New("the connection broke")
	if _, err := extlist.Read(extlist.ECGFile, iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("a broken connection: %v", err)
	}
}

func TestSays_AnyEntries_AreFoundAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 300).Draw(t, "entries")
		var file []byte
		for i := range n {
			sum := sha1.Sum(fmt.Appendf(nil, "%d@firma.at", i*2)) //nolint:gosec // As above.
			file = append(file, sum[:]...)
		}
		v := version(t, extlist.ECGFile, file)
		for i := range 2*n + 4 {
			if listed, _ := v.Says(parse(t, fmt.Sprintf("%d@firma.at", i))); listed != (i%2 == 0 && i < 2*n) {
				t.Fatalf("of %d entries %d is listed: %t", n, i, listed)
			}
		}
		if v.Entries() != n {
			t.Fatalf("it has %d entries, want %d", v.Entries(), n)
		}
	})
}

func FuzzRead(f *testing.F) {
	f.Add(uint8(0), testList(f))
	f.Add(uint8(1), []byte("asked 00\nlisted 11\n"))
	f.Add(uint8(2), []byte("md5\r\n\"d41d8cd98f00b204e9800998ecf8427e\"\r\n"))
	a := parse(f, "karl.testinger@firma.at")
	f.Fuzz(func(t *testing.T, of uint8, file []byte) {
		form := extlist.Forms()[int(of)%len(extlist.Forms())]
		body, err := extlist.Read(form, bytes.NewReader(file))
		var problem *extlist.Problem
		if err != nil {
			if !errors.As(err, &problem) || problem.Error() == "" {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		v, err := extlist.Parse(form, body)
		if err != nil {
			t.Fatalf("what was read cannot be parsed: %v", err)
		}
		if v.Entries()+v.Asked() == 0 {
			t.Fatal("a list without digests passes")
		}
		v.Says(a)
	})
}

func FuzzParse(f *testing.F) {
	f.Add(uint8(0), testList(f))
	f.Add(uint8(1), make([]byte, 8))
	f.Fuzz(func(t *testing.T, of uint8, body []byte) {
		form := extlist.Forms()[int(of)%len(extlist.Forms())]
		v, err := extlist.Parse(form, body)
		if err != nil {
			if !errors.Is(err, extlist.ErrBody) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		v.Says(parse(t, "karl.testinger@firma.at"))
	})
}

// BenchmarkSays looks addresses up that are not listed, in a list of 5 million: of each its digests are made and looked for.
func BenchmarkSays(b *testing.B) {
	const n = 5_000_000
	file := make([]byte, 0, n*20)
	for i := range n {
		sum := sha1.Sum(fmt.Appendf(nil, "%d@firma.at", i)) //nolint:gosec // As above.
		file = append(file, sum[:]...)
	}
	v := version(b, extlist.ECGFile, file)
	asked := make([]address.Address, 4096)
	for i := range asked {
		asked[i] = parse(b, fmt.Sprintf("person-%d@company-%d.example", i, i))
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if listed, _ := v.Says(asked[i%len(asked)]); listed {
			b.Fatal("an address that is not on the list is listed")
		}
		i++
	}
	b.ReportMetric(float64(v.Bytes())/n, "B/entry")
}
