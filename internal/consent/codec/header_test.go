package codec_test

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/period"
)

func fill[T ~[16]byte | ~[32]byte](first byte) (array T) {
	for i := range len(array) {
		array[i] = first + byte(i)
	}
	return array
}

// fullEvent has a value in every field that a header can have.
func fullEvent() consent.Event {
	return consent.Event{
		Position: 1, Recorded: 0x0102030405060708, Occurred: -2, Subject: fill[consent.SubjectID](0x10), Actor: "shop-app",
		Key: fill[consent.EventKey](0x20), Batch: fill[consent.BatchID](0x30), Evidence: fill[[32]byte](0x40),
		Facts: consent.Facts{
			Kind: consent.KindGrant, Channels: []string{"news", "shop"}, Basis: catalog.BasisConsent,
			Declaration: consent.Declaration{ID: "all", Version: "1"}, Expires: 3, Source: "web_form", Confirmed: 2, Transaction: true,
			Document: true, Notice: true, Goods: []string{"mugs", "tea"}, Reason: consent.ReasonManual, Scope: consent.ScopeAll,
			List: "ecg", Binds: consent.BindsAll, Spelling: consent.Spelling{Key: 7, Sum: fill[[16]byte](0x60)}, Tagged: true,
			CatalogVersion: 4, Effective: 5, Document256: fill[[32]byte](0x80),
		},
	}
}

// The stored form, byte by byte. Headers are leaves of the ledger's tree: a change of this breaks every ledger.
func TestAppendHeader_StoredForm_NeverChanges(t *testing.T) {
	want := strings.Join([]string{
		"01",                   // format version
		"01080000000000000001", // position
		"02080102030405060708", // recorded
		"0310101112131415161718191a1b1c1d1e1f",
		"040873686f702d617070", // actor
		"0510202122232425262728292a2b2c2d2e2f",
		"0610303132333435363738393a3b3c3d3e3f",
		"0720404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f",
		"081400000007606162636465666768696a6b6c6d6e6f", // spelling
		"0908fffffffffffffffe",         // occurred
		"100102",                       // kind
		"11046e657773", "110473686f70", // channels
		"1207636f6e73656e74",   // basis
		"1303616c6c", "140131", // declaration
		"15087765625f666f726d",       // source
		"16080000000000000002",       // confirmed
		"170101", "180101", "190101", // transaction, document, notice
		"1a046d756773", "1a03746561", // goods
		"1b080000000000000003",     // expires
		"1c064d414e55414c",         // reason
		"1d03616c6c",               // scope
		"1e03656367", "1f03616c6c", // list, binds
		"200101",               // tagged
		"21080000000000000004", // catalog version
		"22080000000000000005", // effective
		"2320808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
	}, "")
	e := fullEvent()
	if got := hex.EncodeToString(codec.AppendHeader(nil, &e)); got != want {
		t.Errorf("the stored form of headers changed:\n got %s\nwant %s", got, want)
	}
}

func TestAppendEvidence_StoredForm_NeverChanges(t *testing.T) {
	v := consent.Evidence{
		Address: "a", URL: "b", IP: "c", UserAgent: "d", TransactionRef: "e", DocumentRef: "f", Operator: "g", Note: "h", Justification: "i",
	}
	const want = "010161" + "020162" + "030163" + "040164" + "050165" + "060166" + "070167" + "080168" + "090169"
	if got := hex.EncodeToString(codec.AppendEvidence(nil, &v)); got != want {
		t.Errorf("the plain form of evidence changed:\n got %s\nwant %s", got, want)
	}
}

// Event keys are compared with those of years ago: what they are made of must not change either.
func TestEventKeyInput_Form_NeverChanges(t *testing.T) {
	f := consent.Facts{Kind: consent.KindSuppress, Reason: consent.ReasonManual, Scope: consent.ScopeAll, Tagged: true}
	v := consent.Evidence{Address: "A@b.cd", Note: "n"}
	want := "617373656e742f312f6576656e7400" + "0000000000000009" + // assent/1/event, a zero byte, occurred
		"10" + "100107" + "1c064d414e55414c" + "1d03616c6c" + // the facts, after their length; tagged is left out
		"06" + "6140622e6364" + // the exact address, after its length
		"08016e" // the evidence without the address
	if got := hex.EncodeToString(codec.EventKeyInput(9, &f, "a@b.cd", &v)); got != want {
		t.Errorf("what event keys are made of changed:\n got %s\nwant %s", got, want)
	}
}

func drawText(t *rapid.T, label string) string {
	return rapid.SampledFrom([]string{"", "a", "ab", "b", "\x01\x01", "news", strings.Repeat("x", 200)}).Draw(t, label)
}

func drawArray[T ~[16]byte | ~[32]byte](t *rapid.T, label string) (array T) {
	if rapid.Bool().Draw(t, label) {
		return fill[T](rapid.Byte().Draw(t, label))
	}
	return array
}

func drawEvent(t *rapid.T) consent.Event {
	number := func(label string) int64 { return rapid.Int64().Draw(t, label) }
	texts := func(label string) []string { return rapid.SliceOfN(rapid.StringN(1, 4, 8), 0, 3).Draw(t, label) }
	e := consent.Event{
		Position: max(1, number("position")), Recorded: consent.Instant(max(1, number("recorded"))),
		Occurred: consent.Instant(max(1, number("occurred"))), Subject: drawArray[consent.SubjectID](t, "subject"),
		Actor: drawText(t, "actor"), Key: drawArray[consent.EventKey](t, "key"), Batch: drawArray[consent.BatchID](t, "batch"),
		Evidence: drawArray[[32]byte](t, "evidence"),
		Facts: consent.Facts{
			Kind: consent.Kind(1 + rapid.IntRange(0, int(consent.KindCatalog)-1).Draw(t, "kind")), Channels: texts("channels"),
			Basis: catalog.Basis(drawText(t, "basis")), Declaration: consent.Declaration{ID: drawText(t, "id"), Version: drawText(t, "version")},
			Expires: consent.Instant(number("expires")), Source: drawText(t, "source"), Confirmed: consent.Instant(number("confirmed")),
			Transaction: rapid.Bool().Draw(t, "transaction"), Document: rapid.Bool().Draw(t, "document"),
			Notice: rapid.Bool().Draw(t, "notice"), Goods: texts("goods"), Reason: consent.Reason(drawText(t, "reason")),
			Scope: consent.Scope(drawText(t, "scope")), List: drawText(t, "list"), Binds: consent.Binds(drawText(t, "binds")),
			Spelling: consent.Spelling{Key: rapid.Uint32().Draw(t, "digest key"), Sum: drawArray[[16]byte](t, "sum")},
			Tagged:   rapid.Bool().Draw(t, "tagged"), CatalogVersion: number("catalog"),
			Effective: consent.Instant(number("effective")), Document256: drawArray[[32]byte](t, "document digest"),
			ListVersion: number("list version"), ListForm: drawText(t, "form"), Obtained: consent.Instant(number("obtained")),
			Freshness: period.Days(rapid.Int64Range(0, 400).Draw(t, "fresh")), StaleDenies: rapid.Bool().Draw(t, "denies"),
			Resource: drawText(t, "resource"), Outcome: drawText(t, "outcome"),
		},
	}
	return e
}

func TestProperty_Header_DecodesToTheSameEvent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEvent(t)
		decoded, err := codec.DecodeHeader(codec.AppendHeader([]byte{}, &e))
		if err != nil {
			t.Fatalf("decoding a header: %v", err)
		}
		if diff := cmp.Diff(e, decoded, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("the header says something else (-before +after):\n%s", diff)
		}
	})
}

func TestProperty_AlteredHeader_IsRefusedOrAnotherEvent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEvent(t)
		header := codec.AppendHeader(nil, &e)
		altered := slices.Clone(header)
		altered[rapid.IntRange(0, len(altered)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		decoded, err := codec.DecodeHeader(altered)
		if err == nil && cmp.Equal(e, decoded, cmpopts.EquateEmpty()) {
			t.Fatal("two headers are one event")
		}
		if err != nil && !errors.Is(err, codec.ErrEncoding) {
			t.Fatalf("an error of another kind: %v", err)
		}
	})
}

func TestDecodeHeader_WhatIsNoHeader_IsRefused(t *testing.T) {
	e := consent.Event{Position: 1, Recorded: 2, Occurred: 3, Facts: consent.Facts{Kind: consent.KindErase}}
	good := codec.AppendHeader(nil, &e)
	for name, b := range map[string][]byte{
		"nothing":                   {},
		"another version":           append([]byte{2}, good[1:]...),
		"only the version":          good[:1],
		"no position":               slices.Concat(good[:1], good[11:]),
		"no kind":                   good[:len(good)-3],
		"a reserved kind":           append(slices.Clone(good[:len(good)-1]), byte(consent.KindRuling)+1),
		"an unknown kind":           append(slices.Clone(good[:len(good)-1]), 99),
		"a field of another tag":    append(slices.Clone(good), 0x7f, 1, 1),
		"a field twice":             append(slices.Clone(good), good[len(good)-3:]...),
		"a field that is empty":     append(slices.Clone(good), 0x1e, 0),
		"a truth that is false":     append(slices.Clone(good), 0x20, 1, 0),
		"a number cut short":        append(slices.Clone(good), 0x21, 2, 1, 1),
		"a length beyond the end":   append(slices.Clone(good), 0x1e, 200),
		"a length without end":      append(slices.Clone(good), 0x1e, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		"a length not at its least": append(slices.Clone(good), 0x1e, 0x81, 0x00, 'x'),
		"fields in another order":   append(slices.Clone(good), 0x1f, 1, 'x', 0x1e, 1, 'x'),
	} {
		if _, err := codec.DecodeHeader(b); !errors.Is(err, codec.ErrEncoding) {
			t.Errorf("%s: got %v, want %v", name, err, codec.ErrEncoding)
		}
	}
	if _, err := codec.DecodeHeader(good); err != nil {
		t.Errorf("the header that the cases are made from: %v", err)
	}
}
