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
// however it is written. What the filter takes for an entry by chance is not held against it.
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
				err = b.AddCanonical(suppressionfilter.FormDomain, a.Domain())
				domains[a.Domain()] = true
			case 3:
				err = b.AddCanonical(suppressionfilter.FormFolded, a.Folded())
				folded[a.Folded()] = true
			case 4:
				list, _ := testKeys()
				err = b.AddInner(suppressionfilter.FormFolded, suppressionfilter.HashInner(list, suppressionfilter.FormFolded, a.Folded()))
				folded[a.Folded()] = true
			default:
				err = b.AddHash(suppressionfilter.FormExact, testKey(t).Hash(suppressionfilter.FormExact, a.Exact()))
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
			hashes[i] = key.Hash(suppressionfilter.FormFolded, fmt.Sprint("p", i, "@example.at"))
			must(t, b.AddHash(suppressionfilter.FormFolded, hashes[i]))
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

// The keys are fixed, so that which addresses are hit by chance is, too.
func TestMayContain_OfOtherAddresses_OneIn256IsHitForEachEntryLookedFor(t *testing.T) {
	const asked = 50_000
	for _, c := range []struct {
		forms string
		looks float64
		add   func(b *suppressionfilter.Builder, i int) error
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
			t.Errorf("%s: %d of %d are hit, and about %.0f would be right", c.forms, hits, asked, want)
		}
	}
}

// With the keys of the tests none of these addresses is hit by chance, so that a miss can be expected.
func TestMayContain_AnswersByForm(t *testing.T) {
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

func TestEmptyList_IsAFileThatHitsNothing(t *testing.T) {
	file, info := write(t, suppressionfilter.NewBuilder(testKey(t)))
	filter := read(t, file)
	if info.Entries != 0 || len(info.Forms) != 0 || len(file) != 96+len("newsletter")+32 {
		t.Errorf("%d bytes, %+v", len(file), info)
	}
	for i := range 3_000 {
		typed := fmt.Sprint("p", i, "@example.at")
		if ask(t, filter, typed) || filter.MayContainHash(testKey(t).Hash(suppressionfilter.FormExact, typed)) {
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
		other.AddDomain("EXAMPLE.org."), other.AddCanonical(suppressionfilter.FormDomain, "example.org"),
		other.AddInner(suppressionfilter.FormFolded, suppressionfilter.HashInner(list, suppressionfilter.FormFolded, "annahuber@gmail.com")),
		other.AddFolded("annahuber@googlemail.com"), other.AddExact(" BERND+news@gmx.at"), other.AddExact("bernd+news@gmx.at"),
	)
	if again, _ := write(t, other); !bytes.Equal(again, want) {
		t.Error("the same entries in another order make another file")
	}
	if got := read(t, want).Info(); !cmp.Equal(got, info) {
		t.Errorf("what is read is not what was written:\n%s", cmp.Diff(info, got))
	}
	header := testHeader()
	if !cmp.Equal(info.Header, header) || info.KeyID != testKey(t).ID() || info.FoldVersion != address.FoldVersion || len(info.Forms) != 3 {
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
		"capital":            b.AddCanonical(suppressionfilter.FormExact, "Anna@example.at"),
		"white space":        b.AddCanonical(suppressionfilter.FormExact, "anna@example.at "),
		"folded with dots":   b.AddCanonical(suppressionfilter.FormFolded, "an.na@gmail.com"),
		"folded, final dot":  b.AddCanonical(suppressionfilter.FormFolded, "anna.@gmail.com"),
		"folded, two dots":   b.AddCanonical(suppressionfilter.FormFolded, "an..na@outlook.com"),
		"folded, no name":    b.AddCanonical(suppressionfilter.FormFolded, "@outlook.com"),
		"folded, no @":       b.AddCanonical(suppressionfilter.FormFolded, "outlook.com"),
		"domain, capital":    b.AddCanonical(suppressionfilter.FormDomain, "Example.at"),
		"domain, U-label":    b.AddCanonical(suppressionfilter.FormDomain, "müller.at"),
		"domain without dot": b.AddCanonical(suppressionfilter.FormDomain, "at"),
		"domain with @":      b.AddCanonical(suppressionfilter.FormDomain, "a@example.at"),
		"domain, final dot":  b.AddCanonical(suppressionfilter.FormDomain, "example.at."),
		"domain, empty":      b.AddCanonical(suppressionfilter.FormDomain, ""),
	} {
		if !errors.Is(err, suppressionfilter.ErrAddress) || strings.Contains(err.Error(), "anna") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, info := write(t, b); info.Entries != 0 {
		t.Error("what was refused is in the file")
	}
	must(t, b.AddCanonical(suppressionfilter.FormFolded, "a.@outlook.com"), b.AddCanonical(suppressionfilter.FormDomain, "co.uk"))
	if filter := read(t, first(write(t, b))); !ask(t, filter, "a.+x@outlook.com") || !ask(t, filter, "x@example.co.uk") {
		t.Error("a canonical text is not found")
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
		for form, text := range map[suppressionfilter.Form]string{
			suppressionfilter.FormExact: a.Exact(), suppressionfilter.FormFolded: a.Folded(), suppressionfilter.FormDomain: a.Domain(),
		} {
			if err := b.AddCanonical(form, text); err != nil {
				rt.Fatalf("%s %q: %v", form, text, err)
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

// The race detector and the garbage collector take from the pool of a key at times, so one look-up of many has to find what it needs.
func TestMayContain_CanonicalAddress_TakesNoMemory(t *testing.T) {
	filter, least := read(t, first(write(t, vectors(t)))), 1000.0
	for range 100 {
		least = min(least, testing.AllocsPerRun(1, func() {
			if ask(t, filter, "carla.maier@mail.example.at") {
				t.Error("it is hit")
			}
		}))
	}
	if least != 0 {
		t.Errorf("a look-up takes %v pieces of memory", least)
	}
}
