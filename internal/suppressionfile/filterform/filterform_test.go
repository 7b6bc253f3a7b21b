package filterform_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/suppressionfile"
	"github.com/assent-io/assent/internal/suppressionfile/filterform"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/suppressionfilter"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// folder keeps the files in memory; those that were given up are taken away.
type folder map[string]*file

type file struct {
	bytes.Buffer
	in   folder
	name string
}

func (f folder) Create(name string) (suppressionfile.Target, error) {
	f[name] = &file{in: f, name: name}
	return f[name], nil
}

func (f *file) Close() error { return nil }

func (f *file) Abort() { delete(f.in, f.name) }

func testKey(t *testing.T) suppressionfilter.Key {
	t.Helper()
	key, err := suppressionfilter.NewKey(0, [32]byte{1}, [32]byte{2})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func options(hashing *suppressionfile.Hashing) suppressionfile.Options {
	return suppressionfile.Options{
		Base: "newsletter", StoreID: [16]byte{7}, Channel: "newsletter", Position: 4711, Hashing: hashing,
		Made: time.Date(2026, 12, 1, 8, 30, 0, 0, time.UTC),
	}
}

func entry(match suppressionfile.Match, typed, domain string) suppressionfile.Entry {
	return suppressionfile.Entry{Match: match, Address: typed, Domain: domain, Scope: "all", Kind: suppressionfile.Suppression, Reason: "MANUAL"}
}

// hashed is an entry of which a hash is all that is left.
func hashed(match suppressionfile.Match, h suppressionfilter.Hash, version int) suppressionfile.Entry {
	e := entry(match, "", "")
	e.Hash, e.FoldVersion = h[:], version
	return e
}

func write(t *testing.T, key suppressionfilter.Key, o suppressionfile.Options, entries ...suppressionfile.Entry) (suppressionfile.Manifest, *suppressionfilter.Filter) {
	t.Helper()
	o.External = filterform.New(key, o)
	to := folder{}
	m, err := suppressionfile.Write(filterform.Name, o, func(yield func(suppressionfile.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}, to)
	if err != nil {
		t.Fatal(err)
	}
	filter, err := suppressionfilter.Read(to["newsletter.filter.filter"], key, suppressionfilter.Expect{StoreID: o.StoreID, Channel: o.Channel, MinPosition: o.Position})
	if err != nil {
		t.Fatal(err)
	}
	return m, filter
}

func TestNew_EntriesByAddressDomainAndHash_AreFound(t *testing.T) {
	key := testKey(t)
	erased := key.Hash(suppressionfilter.MatchFolded, "annahuber@gmail.com")
	gone := key.Hash(suppressionfilter.MatchDomain, "gone.example")
	ended := entry(suppressionfile.Exact, "old@firma.example", "")
	ended.Until = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	m, filter := write(t, key, options(&suppressionfile.Hashing{Algorithm: suppressionfile.AlgorithmList, Key: key.ID().String()}),
		entry(suppressionfile.Exact, "bernd+news@gmx.at", ""), entry(suppressionfile.Folded, "carla.maier@gmail.com", ""), entry(suppressionfile.Folded, "carlamaier@gmail.com", ""),
		entry(suppressionfile.Domain, "", "spam.example"), hashed(suppressionfile.Folded, erased, address.FoldVersion),
		hashed(suppressionfile.Domain, gone, address.FoldVersion), hashed(suppressionfile.Exact, erased, address.FoldVersion+1), entry(suppressionfile.Folded, "", ""),
		entry(suppressionfile.Exact, "no address", ""), ended)
	for typed, want := range map[string]bool{
		"bernd+news@gmx.at": true, "bernd@gmx.at": false, "carlamaier+x@googlemail.com": true, "x@mail.spam.example": true, "Anna.Huber@gmail.com": true,
		"x@gone.example": true, "old@firma.example": false,
	} {
		if hit, err := filter.MayContain(typed); err != nil || hit != want {
			t.Errorf("%s: %v, %v", typed, hit, err)
		}
	}
	if info := filter.Info(); info.Missing != 3 || info.Entries != 5 {
		t.Errorf("%d entries, %d are missing", info.Entries, info.Missing)
	}
	if want := (suppressionfile.Counts{EntriesRead: 10, RowsWritten: 5, EntriesMerged: 1, EntriesLeftOut: 4}); m.Counts != want {
		t.Error(cmp.Diff(want, m.Counts))
	}
}

// A hash under another key, or of another algorithm with as many bytes, would never be found.
func TestNew_HashesOfAnotherKey_AreMissing(t *testing.T) {
	key := testKey(t)
	h := key.Hash(suppressionfilter.MatchExact, "anna@example.at")
	for _, hashing := range []*suppressionfile.Hashing{
		nil, {Algorithm: "SHA-256", Key: key.ID().String()}, {Algorithm: suppressionfile.AlgorithmList, Key: "1c7113268b102e9f"},
	} {
		m, filter := write(t, key, options(hashing), hashed(suppressionfile.Exact, h, address.FoldVersion))
		if info := filter.Info(); info.Missing != 1 || info.Entries != 0 || m.Counts.EntriesLeftOut != 1 || m.LeftOut[0].What != "NO_HASH" {
			t.Errorf("%+v: %+v, %+v", hashing, info, m.LeftOut)
		}
	}
}

func TestNew_EntriesBreakOff_GivesNoFile(t *testing.T) {
	o, broken, to := options(nil), errors.New("the connection is gone"), folder{}
	o.External = filterform.New(testKey(t), o)
	_, err := suppressionfile.Write(filterform.Name, o, func(yield func(suppressionfile.Entry, error) bool) {
		_ = yield(entry(suppressionfile.Exact, "anna@example.at", ""), nil) && yield(suppressionfile.Entry{}, broken)
	}, to)
	if !errors.Is(err, broken) || len(to) != 0 {
		t.Errorf("%v, and %d files", err, len(to))
	}
}
