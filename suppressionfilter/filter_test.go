package suppressionfilter_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/suppressionfilter"
)

// addresses draws addresses of few names and domains, so that entries and questions meet.
func addresses() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		local := rapid.StringMatching(`[a-c](\.?[a-c]){0,3}\.?(\+[a-c]{0,2})?`).Filter(func(s string) bool { return !strings.HasSuffix(s, ".") }).Draw(t, "local")
		domain := rapid.SampledFrom([]string{
			"gmail.com", "googlemail.com", "pm.me", "outlook.com", "example.at", "mail.example.at", "a.b.mail.example.at", "straße.de", "strasse.de",
			"co.uk", "shop.müller.at",
		}).Draw(t, "domain")
		return local + "@" + domain
	})
}

// An address is on a list if an entry of it, of its mailbox, or of a domain that it is at or below was added: it must never be missed,
// however it is written. A false hit is not held against it.
func TestMayContain_NothingOnTheListIsEverMissed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := suppressionfilter.NewBuilder(testKey(t))
		exact, folded, domains := map[string]bool{}, map[string]bool{}, map[string]bool{}
		for _, typed := range rapid.SliceOfN(addresses(), 0, 60).Draw(rt, "list") {
			a, err := address.Parse(typed)
			if err != nil {
				rt.Fatalf("%q: %v", typed, err)
			}
			switch rapid.IntRange(0, 5).Draw(rt, "how") {
			case 0:
				err = b.AddExact(typed)
				exact[a.Exact()] = true
			case 1:
				err = b.AddFolded(typed)
				folded[a.Folded()] = true
			case 2:
				err = b.AddCanonical(suppressionfilter.MatchDomain, a.Domain())
				domains[a.Domain()] = true
			case 3:
				err = b.AddCanonical(suppressionfilter.MatchFolded, a.Folded())
				folded[a.Folded()] = true
			case 4:
				list, _ := testKeys()
				err = b.AddInner(suppressionfilter.MatchFolded, address.FoldVersion, suppressionfilter.HashInner(list, suppressionfilter.MatchFolded, a.Folded()))
				folded[a.Folded()] = true
			default:
				err = b.AddHash(suppressionfilter.MatchExact, address.FoldVersion, testKey(t).Hash(suppressionfilter.MatchExact, a.Exact()))
				exact[a.Exact()] = true
			}
			if err != nil {
				rt.Fatalf("%q: %v", typed, err)
			}
		}
		file, info := write(t, b)
		if want := len(exact) + len(folded) + len(domains); info.Entries != int64(want) {
			rt.Fatalf("%d entries, and %d were added", info.Entries, want)
		}
		filter := read(t, file)
		for _, typed := range rapid.SliceOfN(addresses(), 1, 60).Draw(rt, "asked") {
			a, err := address.Parse(typed)
			if err != nil {
				rt.Fatalf("%q: %v", typed, err)
			}
			listed := exact[a.Exact()] || folded[a.Folded()] || slices.ContainsFunc(a.Domains(), func(d string) bool { return domains[d] })
			for _, spelling := range []string{typed, " " + strings.ToUpper(a.Exact()) + "\n", a.Exact()} {
				if listed && !ask(t, filter, spelling) {
					rt.Fatalf("%q is on the list, and is missed", spelling)
				}
			}
		}
	})
}

// All sizes up to some hundreds, where the filter is built with other parameters for each, and some large ones.
func TestMayContainHash_EverySizeOfAList_FindsEveryEntry(t *testing.T) {
	key := testKey(t)
	for _, size := range append(seq(0, 260), 1_000, 4_097, 70_000) {
		b := suppressionfilter.NewBuilder(key)
		b.Grow(size)
		hashes := make([]suppressionfilter.Hash, size)
		for i := range hashes {
			hashes[i] = key.Hash(suppressionfilter.MatchFolded, fmt.Sprint("p", i, "@example.at"))
			must(t, b.AddHash(suppressionfilter.MatchFolded, address.FoldVersion, hashes[i]))
		}
		file, info := write(t, b)
		filter := read(t, file)
		if info.Entries != int64(size) || info.Size != int64(len(file)) {
			t.Fatalf("%d entries in %d bytes: it says %d in %d", size, len(file), info.Entries, info.Size)
		}
		for _, h := range hashes {
			if !filter.MayContainHash(h) {
				t.Fatalf("of %d entries one is missed", size)
			}
		}
	}
}

func seq(from, to int) []int {
	all := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		all = append(all, i)
	}
	return all
}

// The keys are fixed, so the same addresses are false hits in each run.
func TestMayContain_OfOtherAddresses_OneIn256IsHitForEachEntryLookedFor(t *testing.T) {
	const asked = 50_000
	for _, c := range []struct {
		entries string
		looks   float64
		add     func(b *suppressionfilter.Builder, i int) error
	}{
		{"folded", 1, func(b *suppressionfilter.Builder, i int) error { return b.AddFolded(fmt.Sprint("p", i, "@example.at")) }},
		{"all", 4, func(b *suppressionfilter.Builder, i int) error {
			return errors.Join(b.AddExact(fmt.Sprint("p", i, "@example.at")), b.AddFolded(fmt.Sprint("p", i, "@example.at")), b.AddDomain(fmt.Sprint("p", i, ".at")))
		}},
	} {
		b := suppressionfilter.NewBuilder(testKey(t))
		for i := range 2_000 {
			must(t, c.add(b, i))
		}
		filter, hits := read(t, first(write(t, b))), 0
		for i := range asked {
			if ask(t, filter, fmt.Sprint("q", i, "@mail.other", i, ".de")) {
				hits++
			}
		}
		if want := c.looks * asked / 256; float64(hits) < 0.75*want || float64(hits) > 1.25*want {
			t.Errorf("%s: %d of %d are hit, and about %.0f would be right", c.entries, hits, asked, want)
		}
	}
}

// With the keys of the tests none of these addresses is a false hit, so that a miss can be expected.
func TestMayContain_AnswersByMatch(t *testing.T) {
	filter := read(t, first(write(t, vectors(t))))
	for _, c := range []struct {
		address string
		hit     bool
	}{
		{"bernd+news@gmx.at", true},
		{"Bernd+News@GMX.at", true},
		{"bernd@gmx.at", false}, // A refusal by a tagged address holds for that spelling only.
		{"bernd+other@gmx.at", false},
		{"annahuber@gmail.com", true},
		{"a.n.n.a.huber+x@googlemail.com", true},
		{"anna.huber@gmx.at", false},
		{"x@example.org", true},
		{"x@a.b.example.org", true},
		{"x@example.com", false},
		{"x@notexample.org", false},
	} {
		if hit := ask(t, filter, c.address); hit != c.hit {
			t.Errorf("%s: %v, want %v", c.address, hit, c.hit)
		}
	}
}

func TestMayContain_TextThatIsNoAddress_IsAnErrorAndNeverAMiss(t *testing.T) {
	for name, b := range map[string]*suppressionfilter.Builder{"entries": vectors(t), "no entries": suppressionfilter.NewBuilder(testKey(t))} {
		filter := read(t, first(write(t, b)))
		for _, typed := range []string{"", "hanna", "hanna@", "@example.org", "hanna@example", "Hanna <hanna@example.org>", "hanna\x00@example.org", "hanna@[10.0.0.1]", "\xff@example.org"} {
			hit, err := filter.MayContain(typed)
			if !errors.Is(err, suppressionfilter.ErrAddress) || !hit {
				t.Errorf("%s: %q: %v, %v", name, typed, hit, err)
			}
			if err != nil && strings.Contains(err.Error(), "hanna") {
				t.Errorf("the error holds what was typed: %v", err)
			}
		}
	}
}

func TestHashes_AskedOneByOne_AnswerAsTheAddress(t *testing.T) {
	key, filter := testKey(t), func() *suppressionfilter.Filter {
		file, _ := write(t, vectors(t)) // Entries of all matches.
		return read(t, file)
	}()
	for typed, listed := range map[string]bool{
		"Anna.Huber@GoogleMail.com": true, "bernd+news@gmx.at": true, "carla@mail.example.org": true, "bernd@gmx.at": false, "dora@example.at": false,
	} {
		hashes, err := key.Hashes(typed)
		must(t, err)
		hit := slices.ContainsFunc(hashes, filter.MayContainHash)
		if hit != ask(t, filter, typed) || hit != listed {
			t.Errorf("%s: %v", typed, hit)
		}
	}
	for i := range 3_000 {
		typed := fmt.Sprintf("p%d@mail%d.example.at", i, i)
		hashes, err := key.Hashes(typed)
		must(t, err)
		if slices.ContainsFunc(hashes, filter.MayContainHash) != ask(t, filter, typed) {
			t.Errorf("%s: otherwise than the address", typed)
		}
	}
	if hashes, err := key.Hashes("hanna"); !errors.Is(err, suppressionfilter.ErrAddress) || hashes != nil || strings.Contains(err.Error(), "hanna") {
		t.Errorf("%d hashes, %v", len(hashes), err)
	}
}

func TestEmptyList_IsAFileThatHitsNothing(t *testing.T) {
	file, info := write(t, suppressionfilter.NewBuilder(testKey(t)))
	filter := read(t, file)
	if info.Entries != 0 || len(info.Matches) != 0 || len(file) != 112+len("newsletter")+32 {
		t.Errorf("%d bytes, %+v", len(file), info)
	}
	for i := range 3_000 {
		typed := fmt.Sprint("p", i, "@example.at")
		if ask(t, filter, typed) || filter.MayContainHash(testKey(t).Hash(suppressionfilter.MatchExact, typed)) {
			t.Fatal("an empty list has an entry")
		}
	}
}

func TestWriteFilter_OrderAndRepetition_DoNotMatter(t *testing.T) {
	b := vectors(t)
	want, info := write(t, b)
	if again, _ := write(t, b); !bytes.Equal(again, want) {
		t.Error("written again it is another file")
	}
	other := suppressionfilter.NewBuilder(testKey(t))
	list, _ := testKeys()
	must(t,
		other.AddDomain("EXAMPLE.org."), other.AddCanonical(suppressionfilter.MatchDomain, "example.org"),
		other.AddInner(suppressionfilter.MatchFolded, address.FoldVersion, suppressionfilter.HashInner(list, suppressionfilter.MatchFolded, "annahuber@gmail.com")),
		other.AddFolded("annahuber@googlemail.com"), other.AddExact(" BERND+news@gmx.at"), other.AddExact("bernd+news@gmx.at"),
	)
	if again, _ := write(t, other); !bytes.Equal(again, want) {
		t.Error("the same entries in another order make another file")
	}
	if got := read(t, want).Info(); !cmp.Equal(got, info) {
		t.Errorf("what is read is not what was written:\n%s", cmp.Diff(info, got))
	}
	header := testHeader()
	if !cmp.Equal(info.Header, header) || info.KeyID != testKey(t).ID() || info.OldestFold != address.FoldVersion || info.NewestFold != address.FoldVersion || info.ListNumber != 0 || info.Missing != 7 || len(info.Matches) != 3 {
		t.Errorf("it says %+v", info)
	}
	must(t, b.AddExact("carla@example.at"))
	if after, _ := write(t, b); bytes.Equal(after, want) || !ask(t, read(t, after), "carla@example.at") || !ask(t, read(t, after), "x@example.org") {
		t.Error("a builder cannot be used on after it has written")
	}
}

func TestBuilder_TextThatIsNotCanonical_IsRefused(t *testing.T) {
	b := suppressionfilter.NewBuilder(testKey(t))
	for name, err := range map[string]error{
		"no address":         b.AddExact("anna"),
		"no mailbox":         b.AddFolded("anna@"),
		"public suffix":      b.AddDomain("co.uk"),
		"address as domain":  b.AddDomain("anna@example.at"),
		"capital":            b.AddCanonical(suppressionfilter.MatchExact, "Anna@example.at"),
		"white space":        b.AddCanonical(suppressionfilter.MatchExact, "anna@example.at "),
		"folded with dots":   b.AddCanonical(suppressionfilter.MatchFolded, "an.na@gmail.com"),
		"folded, final dot":  b.AddCanonical(suppressionfilter.MatchFolded, "anna.@gmail.com"),
		"folded, two dots":   b.AddCanonical(suppressionfilter.MatchFolded, "an..na@outlook.com"),
		"folded, no name":    b.AddCanonical(suppressionfilter.MatchFolded, "@outlook.com"),
		"folded, no @":       b.AddCanonical(suppressionfilter.MatchFolded, "outlook.com"),
		"domain, capital":    b.AddCanonical(suppressionfilter.MatchDomain, "Example.at"),
		"domain, U-label":    b.AddCanonical(suppressionfilter.MatchDomain, "müller.at"),
		"domain without dot": b.AddCanonical(suppressionfilter.MatchDomain, "at"),
		"domain with @":      b.AddCanonical(suppressionfilter.MatchDomain, "a@example.at"),
		"domain, final dot":  b.AddCanonical(suppressionfilter.MatchDomain, "example.at."),
		"domain, empty":      b.AddCanonical(suppressionfilter.MatchDomain, ""),
	} {
		if !errors.Is(err, suppressionfilter.ErrAddress) || strings.Contains(err.Error(), "anna") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, info := write(t, b); info.Entries != 0 {
		t.Error("what was refused is in the file")
	}
	must(t, b.AddCanonical(suppressionfilter.MatchFolded, "a.@outlook.com"), b.AddCanonical(suppressionfilter.MatchDomain, "co.uk"))
	if filter := read(t, first(write(t, b))); !ask(t, filter, "a.+x@outlook.com") || !ask(t, filter, "x@example.co.uk") {
		t.Error("a canonical text is not found")
	}
}

// 253 octets are the longest domain, with which an address is longer than allowed. It may have addresses at a time when that changes.
func TestBuilder_LongestDomain_IsTakenTypedAndCanonical(t *testing.T) {
	label := strings.Repeat("d", 61)
	domain := strings.Join([]string{label, label, label, label, "exmpl"}, ".")
	b := suppressionfilter.NewBuilder(testKey(t))
	must(t, b.AddDomain(domain), b.AddCanonical(suppressionfilter.MatchDomain, domain))
	if _, info := write(t, b); len(domain) != 253 || info.Entries != 1 {
		t.Errorf("a domain of %d octets makes %d entries", len(domain), info.Entries)
	}
	if err := b.AddCanonical(suppressionfilter.MatchDomain, "d"+domain); !errors.Is(err, suppressionfilter.ErrAddress) {
		t.Errorf("a longer domain: %v", err)
	}
}

func TestBuilder_EntryOfAnotherFoldVersion_IsRefused(t *testing.T) {
	b := suppressionfilter.NewBuilder(testKey(t))
	for _, version := range []int{-1, 0, address.OldestFoldVersion - 1, address.FoldVersion + 1} {
		for _, err := range []error{
			b.AddHash(suppressionfilter.MatchExact, version, hashOf(1)), b.AddInner(suppressionfilter.MatchFolded, version, suppressionfilter.InnerHash{1}),
		} {
			if !errors.Is(err, suppressionfilter.ErrOtherFolding) {
				t.Errorf("version %d: %v", version, err)
			}
		}
	}
	if _, info := write(t, b); info.Entries != 0 || info.OldestFold != 0 || info.NewestFold != 0 {
		t.Errorf("what was refused is in the file: %+v", info)
	}
}

func TestMayContain_OfTheZeroFilter_Panics(t *testing.T) {
	for name, look := range map[string]func(*suppressionfilter.Filter){
		"address": func(f *suppressionfilter.Filter) { _, _ = f.MayContain("anna@example.at") },
		"hash":    func(f *suppressionfilter.Filter) { f.MayContainHash(suppressionfilter.Hash{}) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("the zero Filter answers")
				}
			}()
			look(new(suppressionfilter.Filter))
		})
	}
}

// Ten million entries are to fit into 12 MB, which are 9.6 bits an entry.
func TestWriteFilter_LargeList_TakesAtMost9Point6BitsAnEntry(t *testing.T) {
	const entries = 500_000
	b := suppressionfilter.NewBuilder(testKey(t))
	b.Grow(entries)
	for i := range entries {
		must(t, b.AddHash(suppressionfilter.MatchFolded, address.FoldVersion, hashOf(uint64(i)*0x9e3779b97f4a7c15)))
	}
	if file, _ := write(t, b); len(file)*8*10 > entries*96 {
		t.Errorf("the file has %d bytes: %.2f bits an entry", len(file), float64(len(file))*8/entries)
	}
}

func TestBuilder_EveryFoldedFormOfAnAddress_IsCanonical(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		typed := rapid.StringMatching(`[a-z0-9.+_'-]{1,64}`).Draw(rt, "local") + "@" +
			rapid.SampledFrom([]string{"gmail.com", "proton.me", "outlook.com", "example.at", "xn--strae-oqa.de"}).Draw(rt, "domain")
		a, err := address.Parse(typed)
		if err != nil {
			return
		}
		b := suppressionfilter.NewBuilder(testKey(t))
		for match, text := range map[suppressionfilter.Match]string{
			suppressionfilter.MatchExact: a.Exact(), suppressionfilter.MatchFolded: a.Folded(), suppressionfilter.MatchDomain: a.Domain(),
		} {
			if err := b.AddCanonical(match, text); err != nil {
				rt.Fatalf("%s %q: %v", match, text, err)
			}
		}
	})
}

func TestWriteFilter_WrongHeader_SaysWhatWouldBeRight(t *testing.T) {
	for says, change := range map[string]func(*suppressionfilter.Header){
		"store id":   func(h *suppressionfilter.Header) { h.StoreID = [16]byte{} },
		"is empty":   func(h *suppressionfilter.Header) { h.Channel = "" },
		"256 bytes":  func(h *suppressionfilter.Header) { h.Channel = strings.Repeat("c", 256) },
		"not UTF-8":  func(h *suppressionfilter.Header) { h.Channel = "\xff" },
		"control":    func(h *suppressionfilter.Header) { h.Channel = "a\nb" },
		"missing":    func(h *suppressionfilter.Header) { h.Missing = -1 },
		"position":   func(h *suppressionfilter.Header) { h.Position = -1 },
		"after 1970": func(h *suppressionfilter.Header) { h.Made = h.Made.AddDate(-100, 0, 0) },
	} {
		header, file := testHeader(), bytes.Buffer{}
		change(&header)
		if _, err := vectors(t).WriteFilter(&file, header); err == nil || !strings.Contains(err.Error(), says) || file.Len() > 0 {
			t.Errorf("%s: %v, and %d bytes were written", says, err, file.Len())
		}
	}
}

// failing takes so many writes and refuses the next one.
type failing int

func (f *failing) Write(p []byte) (int, error) {
	if *f--; *f < 0 {
		return 0, errors.New("the disk is full")
	}
	return len(p), nil
}

func TestWriteFilter_DiskIsFull_IsAnError(t *testing.T) {
	for n := range 3 {
		w := failing(n)
		if _, err := vectors(t).WriteFilter(&w, testHeader()); err == nil || !strings.Contains(err.Error(), "disk is full") {
			t.Errorf("after %d writes: %v", n, err)
		}
	}
}

func TestMayContain_ManyAtOnce_AnswersEachAsAlone(t *testing.T) {
	filter := read(t, first(write(t, vectors(t))))
	asked := map[string]bool{"bernd+news@gmx.at": true, "anna.huber@gmail.com": true, "x@a.example.org": true, "bernd@gmx.at": false, "carla.maier@example.at": false}
	var group sync.WaitGroup
	for typed, want := range asked {
		group.Go(func() {
			for range 500 {
				if hit, err := filter.MayContain(typed); hit != want || err != nil {
					t.Errorf("%s: %v, %v", typed, hit, err)
					return
				}
			}
		})
	}
	group.Wait()
}
