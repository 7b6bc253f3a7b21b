package codec_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
)

func drawEvidence(t *rapid.T) consent.Evidence {
	return consent.Evidence{
		Address: drawText(t, "as typed"), URL: drawText(t, "url"), IP: drawText(t, "ip"), UserAgent: drawText(t, "agent"),
		TransactionRef: drawText(t, "transaction"), DocumentRef: drawText(t, "document"), Operator: drawText(t, "operator"),
		Note: drawText(t, "note"), Justification: drawText(t, "justification"), Other: drawText(t, "other"),
	}
}

func TestProperty_Evidence_DecodesToTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := drawEvidence(t)
		decoded, err := codec.DecodeEvidence(codec.AppendEvidence(nil, &v))
		if err != nil || decoded != v {
			t.Fatalf("got %+v (%v), want %+v", decoded, err, v)
		}
	})
}

func TestDecodeEvidence_WhatIsNoEvidence_IsRefused(t *testing.T) {
	for _, b := range [][]byte{{1}, {1, 5, 'x'}, {0x0b, 1, 'x'}, {0, 0}} {
		if _, err := codec.DecodeEvidence(b); !errors.Is(err, codec.ErrEncoding) {
			t.Errorf("% x: got %v, want %v", b, err, codec.ErrEncoding)
		}
	}
}

// stated is what an event's key is made of.
type stated struct {
	Occurred consent.Instant
	Facts    consent.Facts
	Exact    string
	Evidence consent.Evidence
}

// essence is the stated without what must not make a difference.
func (s stated) essence() stated {
	s.Facts.Tagged, s.Facts.Spelling, s.Evidence.Address = false, consent.Spelling{}, ""
	if s.Facts.Kind == consent.KindRequest {
		s.Facts.Expires = 0
	}
	switch s.Facts.Kind {
	case consent.KindWithdraw, consent.KindRefuse, consent.KindSuppress, consent.KindLift, consent.KindErase, consent.KindMove:
	default:
		s.Exact = ""
	}
	return s
}

func TestProperty_EventKeyInput_IsAlikeExactlyForWhatStatesTheSame(t *testing.T) {
	draw := func(t *rapid.T) stated {
		e := drawEvent(t)
		return stated{Occurred: e.Occurred, Facts: e.Facts, Exact: drawText(t, "exact"), Evidence: drawEvidence(t)}
	}
	rapid.Check(t, func(t *rapid.T) {
		a := draw(t)
		b := a
		other := draw(t)
		switch rapid.IntRange(0, 7).Draw(t, "what differs") { // one part at a time, for parts must not run into one another
		case 0:
			b = other
		case 1:
			b.Exact = other.Exact
		case 2:
			b.Exact, b.Evidence.URL = a.Evidence.URL, a.Exact
		case 3:
			b.Evidence = other.Evidence
		case 4:
			b.Evidence.Address, b.Facts.Tagged, b.Facts.Spelling = other.Evidence.Address, other.Facts.Tagged, other.Facts.Spelling
		case 5:
			b.Facts.Declaration.ID, b.Facts.Declaration.Version = a.Facts.Declaration.Version, a.Facts.Declaration.ID
		case 6:
			b.Facts.Channels, b.Facts.Goods = a.Facts.Goods, a.Facts.Channels
		case 7:
			b.Facts.Expires = other.Facts.Expires
		}
		same := cmp.Equal(a.essence(), b.essence(), cmpopts.EquateEmpty())
		inputs := bytes.Equal(
			codec.EventKeyInput(a.Occurred, &a.Facts, a.Exact, &a.Evidence),
			codec.EventKeyInput(b.Occurred, &b.Facts, b.Exact, &b.Evidence))
		if same != inputs {
			t.Fatalf("they state the same: %t, their keys are alike: %t\n%+v\n%+v", same, inputs, a, b)
		}
	})
}
