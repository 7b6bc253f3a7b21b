package codec_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/codec/codectest"
)

// fullState has at least one of everything that a state can hold.
func fullState() (*consent.State, *codectest.Names) {
	n := codectest.NewNames()
	for _, text := range []string{"news", "shop"} {
		n.Learn(consent.RefChannel, text)
	}
	n.Learn(consent.RefDeclaration, "all@1")
	n.Learn(consent.RefScope, "marketing")
	n.Learn(consent.RefGoods, "tea")
	n.Learn(consent.RefList, "ecg")
	s := &consent.State{
		Last: 100, Grants: []consent.Grant{{
			Position: 1, Channels: []string{"news", "shop"}, Basis: catalog.BasisTerms, Declaration: consent.Declaration{ID: "all", Version: "1"},
			Source: "phone", Origin: 1, At: 100, Confirmed: 101, Expires: -3, Transaction: true, Document: true, Notice: true, Goods: []string{"tea"},
		}, {Position: 1 << 40, Channels: []string{"shop"}, Basis: catalog.BasisLegalObligation, Origin: 2, At: 2}},
		Pending:  []consent.Pending{{Position: 2, Channel: "news", Declaration: consent.Declaration{}, Source: "import", At: 99, Expires: 1 << 50}},
		Refusals: []consent.Refusal{{Channel: "shop", At: 5, Withdrew: true, Only: fill[[16]byte](1)}, {Channel: "news", At: 6}},
		Suppressions: []consent.Suppression{
			{Position: 3, Reason: consent.ReasonExternalList, Scope: "marketing", At: 7, Until: 1000, List: "ecg", Binds: consent.BindsExistingCustomer},
			{Position: 4, Reason: consent.ReasonErased, Scope: "marketing", At: 8, Spelling: fill[[16]byte](2)},
		},
		Erasures: []consent.Erasure{{Spelling: fill[[16]byte](2), At: 8}},
		Mails:    []consent.Mail{{Channel: "news", At: 9}},
	}
	return s, n
}

// linkedState has what states have since their fourth form.
func linkedState() (*consent.State, *codectest.Names) {
	n := codectest.NewNames()
	n.Learn(consent.RefChannel, "shop")
	n.Learn(consent.RefDeclaration, "till@1")
	s := &consent.State{
		Last: 100, Grants: []consent.Grant{{
			Position: 1, Channels: []string{"shop"}, Basis: catalog.BasisExistingCustomer, Source: "web_form", Origin: 100, At: 100, Transaction: true,
			NoticeShown: consent.Declaration{ID: "till", Version: "1"}, Details: consent.DetailURL | consent.DetailOperator,
		}},
		Pending: []consent.Pending{{Position: 2, Channel: "shop", Source: "paper", Details: consent.DetailIP, Document: true, At: 99, Expires: 1000}},
		Links:   []consent.Link{{Position: 3, With: consent.Linked{Folded: fill[[32]byte](1), Spelling: fill[[16]byte](2)}, At: 98}},
	}
	return s, n
}

func TestState_WithLinksAndNotices_PackedAndUnpacked_IsTheSame(t *testing.T) {
	s, n := linkedState()
	packed := mustPack(t, s, n)
	unpacked, err := codec.UnpackState(packed, n)
	if err != nil {
		t.Fatalf("unpacking: %v", err)
	}
	if diff := cmp.Diff(s, unpacked); diff != "" {
		t.Errorf("the packed form says something else (-before +after):\n%s", diff)
	}
	for cut := range packed {
		if state, err := codec.UnpackState(packed[:cut], n); !errors.Is(err, codec.ErrEncoding) || state != nil {
			t.Errorf("cut after %d bytes: got %v, %v", cut, state, err)
		}
	}
}

func TestState_PackedAndUnpacked_IsTheSame(t *testing.T) {
	s, n := fullState()
	packed, err := codec.AppendState([]byte("before"), s, n)
	if err != nil {
		t.Fatalf("packing: %v", err)
	}
	unpacked, err := codec.UnpackState(packed[len("before"):], n)
	if err != nil {
		t.Fatalf("unpacking: %v", err)
	}
	if diff := cmp.Diff(s, unpacked); diff != "" {
		t.Errorf("the packed form says something else (-before +after):\n%s", diff)
	}
}

// The fourth of what must always hold: no fault of a packed state passes for a state that knows less.
func TestInvariant4_PackedStateThatIsBroken_IsAnError(t *testing.T) {
	s, n := fullState()
	packed, err := codec.AppendState(nil, s, n)
	if err != nil {
		t.Fatalf("packing: %v", err)
	}
	for cut := range packed {
		if state, err := codec.UnpackState(packed[:cut], n); !errors.Is(err, codec.ErrEncoding) || state != nil {
			t.Errorf("cut after %d bytes: got %v, %v", cut, state, err)
		}
	}
	if _, err := codec.UnpackState(append(slices.Clone(packed), 0), n); !errors.Is(err, codec.ErrEncoding) {
		t.Errorf("with a byte too many: got %v", err)
	}
	if _, err := codec.UnpackState(append([]byte{99}, packed[1:]...), n); !errors.Is(err, codec.ErrEncoding) {
		t.Errorf("of another version: got %v", err)
	}
	for _, kind := range n.Kinds() {
		fewer := n.Without(kind)
		if _, err := codec.UnpackState(packed, fewer); !errors.Is(err, codec.ErrUnknownName) {
			t.Errorf("without the names of kind %d: unpacking gives %v", kind, err)
		}
		if _, err := codec.AppendState(nil, s, fewer); !errors.Is(err, codec.ErrUnknownName) {
			t.Errorf("without the names of kind %d: packing gives %v", kind, err)
		}
	}
}

func TestInvariant4_ValueThatNoPackedStateHas_IsNotPackedAsNothing(t *testing.T) {
	for name, change := range map[string]func(s *consent.State){
		"reason": func(s *consent.State) { s.Suppressions[1].Reason = "OF_TOMORROW" },
		"binds":  func(s *consent.State) { s.Suppressions[0].Binds = "half" },
		"basis":  func(s *consent.State) { s.Grants[0].Basis = "whim" },
		"source": func(s *consent.State) { s.Grants[0].Source = "telex" },
		"of one": func(s *consent.State) { s.Pending[0].Source = "telex" },
	} {
		s, n := fullState()
		change(s)
		if _, err := codec.AppendState(nil, s, n); !errors.Is(err, codec.ErrEncoding) {
			t.Errorf("%s: got %v, want %v", name, err, codec.ErrEncoding)
		}
	}
}

func FuzzUnpackState(f *testing.F) {
	s, n := fullState()
	packed, err := codec.AppendState(nil, s, n)
	if err != nil {
		f.Fatalf("packing: %v", err)
	}
	f.Add(packed)
	linked, names := linkedState()
	f.Add(mustPack(f, linked, names))
	f.Add([]byte{4, 4, 0})
	scratch := &consent.State{}
	f.Fuzz(func(t *testing.T, b []byte) { codectest.CheckCanonical(t, b, n, scratch) })
}

func FuzzDecodeHeader(f *testing.F) {
	e := fullEvent()
	f.Add(codec.AppendHeader(nil, &e))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, b []byte) {
		decoded, err := codec.DecodeHeader(b)
		if err == nil && !slices.Equal(codec.AppendHeader(nil, &decoded), b) {
			t.Fatalf("a header has a second form: % x", b)
		}
	})
}

func FuzzDecodeEvidence(f *testing.F) {
	v := consent.Evidence{Address: "a@b.cd", Note: "n"}
	f.Add(codec.AppendEvidence(nil, &v))
	f.Fuzz(func(t *testing.T, b []byte) {
		decoded, err := codec.DecodeEvidence(b)
		if err != nil {
			return
		}
		if again, err := codec.DecodeEvidence(codec.AppendEvidence(nil, &decoded)); err != nil || again != decoded {
			t.Fatalf("the evidence changed: %+v, %v", again, err)
		}
	})
}
