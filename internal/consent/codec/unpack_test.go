package codec_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/codec/codectest"
)

func mustPack(tb testing.TB, s *consent.State, n codec.Names) []byte {
	tb.Helper()
	packed, err := codec.AppendState(nil, s, n)
	if err != nil {
		tb.Fatalf("packing: %v", err)
	}
	return packed
}

// subscriber is what is known of most recipients: consents given through a form and confirmed within the hour. The instants are in
// microseconds, or in whole seconds.
func subscriber(grants int, unit consent.Instant) (*consent.State, *codectest.Names) {
	n := codectest.NewNames()
	n.Learn(consent.RefChannel, "newsletter")
	n.Learn(consent.RefDeclaration, "signup@2026-01")
	s := &consent.State{}
	for i := range grants {
		at := consent.Instant(1_780_000_000_123_457-int64(grants-1-i)*9_000_000_000_021) / unit * unit
		s.Grants = append(s.Grants, consent.Grant{
			Position: 10_000_001 + int64(i), Channels: []string{"newsletter"}, Basis: catalog.BasisConsent,
			Declaration: consent.Declaration{ID: "signup", Version: "2026-01"}, Source: consent.SourceWebForm,
			Origin: at, At: at, Confirmed: (at + 1_234_567_891) / unit * unit,
		})
		s.Last = at
	}
	return s, n
}

// The bytes of docs/storage-format.md, "States".
func TestState_PackedBytes_AreTheDocumentedOnes(t *testing.T) {
	one, n := subscriber(1, 1_000_000)
	full, of := fullState()
	linked, withNotice := linkedState()
	for name, test := range map[string]struct {
		state *consent.State
		names codec.Names
		want  string
	}{
		"nothing": {&consent.State{}, n, "04" + "00" + "00"},
		"a consent of whole seconds": {one, n, "04" + "83d0948635" + "01" + // version, last event, lists
			"01" + "81ade204" + "10" + "01" + "11" + "01" + "04" + "934d"}, // one grant: position, flags, channel, basis and source, declaration, times
		"one of everything": {full, of, "04" + "a106" + "3f" +
			"02" + "01ff02010237010495" + "0609b5060101" + "80808080802000025000" + "8d06" +
			"02" + "02f505030102030405060708090a0b0c0d0e0f10" + "01ed0500" +
			"02" + "030801e50503893e0102" + "040701dd050402030405060708090a0b0c0d0e0f1011" +
			"01" + "0201000405e9f9ffffffffff0f" +
			"01" + "02030405060708090a0b0c0d0e0f1011dd05" +
			"01" + "01d505"},
		"a customer and a link": {linked, withNotice, "04" + "a106" + "8904" +
			"01" + "010101" + "a119" + "01" + "0004" + // one customer: position, flags, channel, basis and source, parts of the evidence, notice, declaration, time
			"01" + "020100" + "8522" + "05a938" + // one pending request, with parts of the evidence
			"01" + "03" + "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20" + "02030405060708090a0b0c0d0e0f1011" + "0d"}, // one link
	} {
		if got := hex.EncodeToString(mustPack(t, test.state, test.names)); got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}

func TestState_Packed_IsSmall(t *testing.T) {
	for _, test := range []struct {
		name         string
		unit         consent.Instant
		one, further int
	}{
		{"microseconds", 1, 25, 20},
		{"milliseconds", 1_000, 23, 18},
		{"seconds", 1_000_000, 19, 15},
	} {
		s, n := subscriber(1, test.unit)
		one := len(mustPack(t, s, n))
		s, _ = subscriber(5, test.unit)
		further := len(mustPack(t, s, n)) - one
		if one > test.one || further > 4*test.further {
			t.Errorf("%s: one grant takes %d bytes, four further ones %d; want %d, and %d each", test.name, one, further, test.one, test.further)
		}
	}
}

func TestUnpack_SecondFormOfAState_IsRefused(t *testing.T) {
	_, n := fullState()
	spelling := bytes.Repeat([]byte{7}, 16)
	for name, test := range map[string]struct{ refused, form []byte }{
		"a list that is there and empty":  {[]byte{4, 12, 1, 0}, []byte{4, 12, 0}},
		"a list that is not there":        {[]byte{4, 12, 0, 0}, []byte{4, 12, 0}},
		"a list that no state has":        {[]byte{4, 12, 0x80, 8, 1, 1}, append([]byte{4, 12, 0x80, 2, 1}, spelling...)},
		"a number longer than it must be": {[]byte{4, 12, 0x80, 0}, []byte{4, 12, 0}},
		"a distance in a shorter unit":    {[]byte{4, 0xc1, 0x3e, 0}, []byte{4, 10, 0}},
		"no distance in a shorter unit":   {[]byte{4, 12, 2, 1, 1, 1, 0}, []byte{4, 12, 2, 1, 1, 4, 0}},
		"no time as a distance":           {[]byte{4, 4, 0}, []byte{4, 0, 0}},
		"a time beyond all": {
			[]byte{4, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0}, []byte{4, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10, 0},
		},
		"one channel, counted":                {[]byte{4, 12, 1, 1, 1, 0x80, 1, 1, 0x11, 0, 4}, []byte{4, 12, 1, 1, 1, 0, 1, 0x11, 0, 4}},
		"an origin that is its own time":      {[]byte{4, 12, 1, 1, 1, 8, 1, 0x11, 0, 4, 4}, []byte{4, 12, 1, 1, 1, 8, 1, 0x11, 0, 4, 12}},
		"a confirmation that is none":         {[]byte{4, 12, 1, 1, 1, 16, 1, 0x11, 0, 4, 0}, []byte{4, 12, 1, 1, 1, 16, 1, 0x11, 0, 4, 4}},
		"an expiry that is none":              {[]byte{4, 12, 1, 1, 1, 32, 1, 0x11, 0, 4, 0}, []byte{4, 12, 1, 1, 1, 32, 1, 0x11, 0, 4, 4}},
		"goods that are none":                 {[]byte{4, 12, 1, 1, 1, 64, 1, 0x11, 0, 4, 0}, []byte{4, 12, 1, 1, 1, 64, 1, 0x11, 0, 4, 1, 1}},
		"parts of the evidence that are none": {[]byte{4, 12, 1, 1, 1, 0, 1, 0x91, 0, 0, 4}, []byte{4, 12, 1, 1, 1, 0, 1, 0x91, 1, 0, 4}},
		"parts of the evidence of tomorrow":   {[]byte{4, 12, 1, 1, 1, 0, 1, 0x91, 0x40, 0, 4}, []byte{4, 12, 1, 1, 1, 0, 1, 0x91, 2, 0, 4}},
		"a notice that is none":               {[]byte{4, 12, 1, 1, 1, 0, 1, 0x91, 0x10, 0, 0, 4}, []byte{4, 12, 1, 1, 1, 0, 1, 0x91, 0x10, 1, 0, 4}},
		"a basis of tomorrow":                 {[]byte{4, 12, 1, 1, 1, 0, 1, 0x61, 0, 4}, []byte{4, 12, 1, 1, 1, 0, 1, 0x51, 0, 4}},
		"a refusal with an unknown flag":      {[]byte{4, 12, 2, 1, 1, 4, 4}, []byte{4, 12, 2, 1, 1, 4, 1}},
		"a spelling that is none":             {append([]byte{4, 12, 2, 1, 1, 4, 2}, make([]byte, 16)...), append([]byte{4, 12, 2, 1, 1, 4, 2}, spelling...)},
		"a suppression with an odd flag":      {[]byte{4, 12, 4, 1, 1, 1, 1, 4, 8}, []byte{4, 12, 4, 1, 1, 1, 1, 4, 0}},
		"an until that is none":               {[]byte{4, 12, 4, 1, 1, 1, 1, 4, 1, 0}, []byte{4, 12, 4, 1, 1, 1, 1, 4, 1, 12}},
		"something behind the last list":      {[]byte{4, 12, 2, 1, 1, 4, 1, 0}, []byte{4, 12, 2, 1, 1, 4, 1}},
		"the form before":                     {[]byte{3, 12, 0, 0, 0, 0, 0, 0}, []byte{4, 12, 0}},
	} {
		if state, err := codec.UnpackState(test.refused, n); !errors.Is(err, codec.ErrEncoding) {
			t.Errorf("%s: got %v, %v", name, state, err)
		}
		state, err := codec.UnpackState(test.form, n)
		if err != nil {
			t.Errorf("%s: what should be instead is refused: %v", name, err)
			continue
		}
		if again := mustPack(t, state, n); !bytes.Equal(again, test.form) {
			t.Errorf("%s: instead % x is packed as % x", name, test.form, again)
		}
	}
}

func TestUnpack_IntoAStateThatHeldAsMuch_TakesNoMemory(t *testing.T) {
	full, n := fullState()
	one := &consent.State{Last: 1, Grants: full.Grants[1:]}
	a, b := mustPack(t, full, n), mustPack(t, one, n)
	scratch := &consent.State{}
	allocated := testing.AllocsPerRun(100, func() {
		if err := errors.Join(codec.UnpackInto(scratch, a, n), codec.UnpackInto(scratch, b, n)); err != nil {
			t.Fatal(err)
		}
	})
	if allocated != 0 {
		t.Errorf("it takes %v pieces of memory", allocated)
	}
}
