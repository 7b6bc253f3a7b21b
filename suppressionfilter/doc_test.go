package suppressionfilter_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/suppressionfilter"
)

// page returns docs/suppression-filter.md, and the file that it shows.
func page(t testing.TB) (text string, file []byte) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "docs", "suppression-filter.md"))
	must(t, err)
	found := regexp.MustCompile("(?s)```hex\n(.*?)```").FindSubmatch(data)
	if found == nil {
		t.Fatal("the page shows no file")
	}
	file, err = hex.DecodeString(strings.Join(strings.Fields(string(found[1])), ""))
	must(t, err)
	return string(data), file
}

func TestPage_ItsVectorsAreWhatThePackageMakes(t *testing.T) {
	text, shown := page(t)
	key := testKey(t)
	if file, info := write(t, vectors(t)); !bytes.Equal(file, shown) || info.Size != int64(len(shown)) {
		t.Errorf("the file is %x", file)
	}
	for _, want := range []string{key.RevealText(), "`" + key.ID().String() + "`", "has 178 bytes"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not show %q", want)
		}
	}
	matches := map[string]suppressionfilter.Match{
		"exact": suppressionfilter.MatchExact, "folded": suppressionfilter.MatchFolded, "domain": suppressionfilter.MatchDomain,
	}
	list, consumer := testKeys()
	rows := regexp.MustCompile("(?m)^\\| (exact|folded|domain) \\| `(.*)` \\| `(.*)` \\| `([0-9a-f]{64})` \\| `([0-9a-f]{64})` \\|$").FindAllStringSubmatch(text, -1)
	for _, row := range rows {
		inner := suppressionfilter.HashInner(list, matches[row[1]], row[3])
		hash := suppressionfilter.HashOuter(consumer, inner)
		if hex.EncodeToString(inner[:]) != row[4] || hex.EncodeToString(hash[:]) != row[5] || key.Hash(matches[row[1]], row[3]) != hash {
			t.Errorf("%s: the hashes are %x and %x", row[2], inner, hash)
		}
		if !described(shown, hash[:]) {
			t.Errorf("%s is missed in the file of the page", row[2])
		}
		asked := row[2]
		if row[1] == "domain" {
			asked = "x@mail." + asked
		}
		if !ask(t, read(t, shown), asked) {
			t.Errorf("%s is missed by the package", row[2])
		}
	}
	if len(rows) != 3 {
		t.Errorf("the page has %d rows of hashes", len(rows))
	}
}

// The texts of the page are those that the package hashes, of each letter for which languages differ.
func TestPage_ItsCanonicalTextsAreThoseOfThePackage(t *testing.T) {
	text, _ := page(t)
	rows := regexp.MustCompile("(?m)^\\| `(.*)` \\| `(.*@.*)` \\| `(.*@.*)` \\|$").FindAllStringSubmatch(text, -1)
	for _, row := range rows {
		a, err := address.Parse(row[1])
		if err != nil || a.Exact() != row[2] || a.Folded() != row[3] {
			t.Errorf("%s: the exact text is %q and the folded one %q (%v)", row[1], a.Exact(), a.Folded(), err)
		}
	}
	for _, letter := range []string{"İ", "I\u0307", "Σ@", "Σ.", "ς", "ß", "ẞ", "E\u0301"} {
		if !slices.ContainsFunc(rows, func(row []string) bool { return strings.Contains(row[1], letter) }) {
			t.Errorf("no row has %q", letter)
		}
	}
	for _, version := range []string{unicode.Version, norm.Version, idna.UnicodeVersion} {
		if !strings.Contains(text, "Unicode "+version) {
			t.Errorf("the page does not name Unicode %s", version)
		}
	}
	if !strings.Contains(text, fmt.Sprintf("fold version is %d", address.FoldVersion)) {
		t.Errorf("the page does not name the fold version %d", address.FoldVersion)
	}
}

// described is the look-up as docs/suppression-filter.md describes it, and shares nothing with the package or its library.
func described(file, hash []byte) bool {
	number := func(at, size int) uint64 {
		return new(big.Int).SetBytes(file[at : at+size]).Uint64()
	}
	c, seed, length, segments, m := number(70, 2), number(88, 8), number(96, 4), number(100, 4), number(104, 8)
	fingerprint := file[112+c : 112+c+m]

	h := binary.BigEndian.Uint64(hash) + seed
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	h ^= h >> 33
	product := new(big.Int).Mul(new(big.Int).SetUint64(h), new(big.Int).SetUint64(segments*length))
	p0 := product.Rsh(product, 64).Uint64()
	p1 := (p0 + length) ^ (h >> 18 & (length - 1))
	p2 := (p0 + 2*length) ^ (h & (length - 1))
	return byte(h^h>>32) == fingerprint[p0]^fingerprint[p1]^fingerprint[p2]
}

// The description and the package agree on every hash, in files of many sizes, and the digest is that of all that is before it.
func TestPage_ItsDescriptionAnswersAsThePackageDoes(t *testing.T) {
	key := testKey(t)
	for _, size := range []int{1, 2, 5, 30, 700, 50_000} {
		b := suppressionfilter.NewBuilder(key)
		for i := range size {
			must(t, b.AddHash(suppressionfilter.MatchExact, address.FoldVersion, hashOf(uint64(i)*0x9e3779b97f4a7c15)))
		}
		file, _ := write(t, b)
		filter := read(t, file)
		for i := range 4_000 {
			h := hashOf(uint64(i) * 0x9e3779b97f4a7c15)
			if got, want := filter.MayContainHash(h), described(file, h[:]); got != want || !want && i < size {
				t.Fatalf("of %d entries, %x: %v, by the description %v", size, h[:8], got, want)
			}
		}
		if sum := sha256.Sum256(file[:len(file)-32]); !bytes.Equal(sum[:], file[len(file)-32:]) {
			t.Fatal("the digest is another one")
		}
	}
}
