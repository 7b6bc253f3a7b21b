package codec_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
)

func TestVariants_HaveTheDocumentedForm(t *testing.T) {
	s, n := linkedState()
	empty := &consent.State{Last: 5}
	now, then := mustPack(t, s, n), mustPack(t, empty, n)
	packed, err := codec.AppendVariants(nil, &codec.Variants{Now: s, Undo: 300, Then: empty}, n)
	if err != nil {
		t.Fatal(err)
	}
	want := append(append([]byte{5, 0xac, 0x02, byte(len(now))}, now...), then...)
	if !bytes.Equal(packed, want) {
		t.Errorf("packed as % x, want % x", packed, want)
	}
	for undone, part := range map[int64][]byte{0: now, 299: now, 300: then, 301: then} {
		if got := codec.InForce(packed, undone); !bytes.Equal(got, part) {
			t.Errorf("as of undo %d it is % x", undone, got)
		}
	}
	if _, err := codec.UnpackState(packed, n); !errors.Is(err, codec.ErrEncoding) {
		t.Errorf("two variants are taken for one state: %v", err)
	}
}

func TestVariants_CutShort_AreRefused(t *testing.T) {
	s, n := linkedState()
	packed, err := codec.AppendVariants(nil, &codec.Variants{Now: s, Undo: 1, Then: s}, n)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range packed {
		if state, err := codec.UnpackState(codec.InForce(packed[:cut], 1), n); !errors.Is(err, codec.ErrEncoding) {
			t.Errorf("the first %d bytes are %+v, %v", cut, state, err)
		}
	}
}

func FuzzVariants(f *testing.F) {
	s, n := linkedState()
	packed, err := codec.AppendVariants(nil, &codec.Variants{Now: s, Undo: 2, Then: &consent.State{}}, n)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed, int64(1))
	f.Add(packed, int64(2))
	f.Add([]byte{5, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0x7f}, int64(0))
	f.Add([]byte{5}, int64(9))
	f.Fuzz(func(t *testing.T, b []byte, undone int64) {
		part := codec.InForce(b, undone)
		if len(part) > len(b) || codec.WaitsFor(b, undone) < 0 {
			t.Fatalf("% x has the part % x and waits for %d", b, part, codec.WaitsFor(b, undone))
		}
		settled := codec.Settled(b, undone)
		if again := codec.InForce(settled, undone); codec.WaitsFor(b, undone) != 0 && !bytes.Equal(again, part) {
			t.Fatalf("% x settled is % x", b, settled)
		}
		one, err := codec.UnpackState(part, n)
		if err != nil {
			return
		}
		other, err := codec.UnpackState(codec.InForce(settled, undone), n)
		if diff := cmp.Diff(one, other, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatalf("settled it says something else: %v\n%s", err, diff)
		}
	})
}
