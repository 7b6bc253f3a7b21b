package versionmap_test

import (
	"fmt"
	"maps"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/versionmap"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// contents returns what a view has, and fails unless each way to read it says the same.
func contents(t interface {
	Helper()
	Fatalf(string, ...any)
}, v versionmap.View,
) map[string]string {
	t.Helper()
	all := map[string]string{}
	for key, value := range v.All() {
		if _, twice := all[string(key)]; twice {
			t.Fatalf("the key %q comes twice", key)
		}
		all[string(key)] = string(value)
		if got := v.Get(key); string(got) != string(value) {
			t.Fatalf("Get(%q) = %q, All has %q", key, got, value)
		}
		if got := v.GetText(string(key)); string(got) != string(value) {
			t.Fatalf("GetText(%q) = %q, All has %q", key, got, value)
		}
	}
	if v.Len() != len(all) {
		t.Fatalf("Len() = %d, All has %d", v.Len(), len(all))
	}
	return all
}

func TestViews_AnyWrites_StayWhatTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := versionmap.New()
		model := map[string]string{}
		var views []versionmap.View
		var models []map[string]string
		for range rapid.IntRange(0, 300).Draw(t, "writes") {
			switch rapid.IntRange(0, 20).Draw(t, "what") {
			case 0:
				views, models = append(views, m.Publish()), append(models, maps.Clone(model))
			case 1:
				m.Compact()
			default:
				key := fmt.Sprint("key", rapid.IntRange(0, 200).Draw(t, "key"))
				value := rapid.StringN(0, 40, -1).Draw(t, "value")
				m.Set([]byte(key), []byte(value))
				model[key] = value
				if value == "" {
					delete(model, key)
				}
				if got := m.Get([]byte(key)); string(got) != value {
					t.Fatalf("after Set the value of %q is %q, want %q", key, got, value)
				}
			}
		}
		views, models = append(views, m.Publish()), append(models, model)
		for i := range views {
			if diff := cmp.Diff(models[i], contents(t, views[i])); diff != "" {
				t.Fatalf("view %d of %d: %s", i, len(views), diff)
			}
		}
		if m.Len() != len(model) {
			t.Fatalf("Len() = %d, want %d", m.Len(), len(model))
		}
	})
}

func TestView_Zero_IsEmpty(t *testing.T) {
	if got := contents(t, versionmap.View{}); len(got) != 0 {
		t.Error(got)
	}
	if got := (versionmap.View{}).GetText("a"); got != nil {
		t.Error(got)
	}
}

func TestSet_LargeValues_AreKept(t *testing.T) {
	m := versionmap.New()
	want := map[string]string{}
	for i := range 20 {
		key, value := fmt.Sprint(i), string(make([]byte, 100_000*i+1))
		m.Set([]byte(key), []byte(value))
		want[key] = value
	}
	if got := contents(t, m.Publish()); !maps.Equal(got, want) {
		t.Error("a large value is another one")
	}
}

// One key is written again and again: the memory stays that of one entry, and of the versions that are allowed to wait.
func TestPublish_ManyVersions_AreDropped(t *testing.T) {
	m := versionmap.New()
	for i := range 400_000 {
		m.Set([]byte("key"), fmt.Append(nil, i))
		m.Publish()
	}
	if size := m.Size(); size > 4<<20 {
		t.Errorf("the map takes %d bytes", size)
	}
}

// Readers beside the writer see what one publication had: here, the same value under all keys.
func TestView_BesideTheWriter_IsOfOneMoment(t *testing.T) {
	const keys = 50
	m := versionmap.New()
	write := func(value string) versionmap.View {
		for key := range keys {
			m.Set([]byte{byte(key)}, []byte(value))
		}
		return m.Publish()
	}
	views := make(chan versionmap.View, 100)
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for v := range views {
				first := string(v.Get([]byte{0}))
				for key := range keys {
					if got := string(v.GetText(string([]byte{byte(key)}))); got != first {
						t.Errorf("key %d has %q, the first has %q", key, got, first)
					}
				}
				for key, value := range v.All() {
					if string(value) != first {
						t.Errorf("key %d has %q, the first has %q", key, value, first)
					}
				}
			}
		})
	}
	for i := range 20_000 {
		views <- write(fmt.Sprint(i))
		if i%3000 == 0 {
			m.Compact()
		}
	}
	close(views)
	readers.Wait()
}

func BenchmarkView_Get(b *testing.B) {
	m := versionmap.New()
	key := func(i int) string { return fmt.Sprintf("person%d@example.com", i) }
	const n = 1_000_000
	for i := range n {
		m.Set([]byte(key(i)), []byte("fifteen bytes.."))
	}
	v := m.Publish()
	b.ReportMetric(float64(m.Size())/n, "B/entry")
	keys := make([]string, 1<<16)
	for i := range keys {
		keys[i] = key(i * 15)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		v.GetText(keys[i&(1<<16-1)])
	}
}
