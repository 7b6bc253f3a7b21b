package eventtext_test

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/eventtext"
	"github.com/assent-io/assent/internal/cli/value"
)

// A field that is added to a fact must be shown too: a person reads the history here, and what is missing seems not to be recorded.
func TestRows_ShowEveryFieldOfEveryFact(t *testing.T) {
	var event assentv1.Event
	all := event.ProtoReflect().Descriptor().Oneofs().ByName("fact").Fields()
	if all.Len() < 17 {
		t.Fatalf("%d facts", all.Len())
	}
	for i := range all.Len() {
		fact := all.Get(i)
		for _, leaf := range leaves(fact.Message(), nil) {
			t.Run(string(fact.Name())+leaf.name(), func(t *testing.T) {
				e := &assentv1.Event{}
				want := leaf.set(t, e.ProtoReflect().Mutable(fact).Message())
				row := eventtext.Rows([]*assentv1.Event{e})[1]
				if kind, facts := row[4], row[5]; strings.Contains(kind, "unknown") || !strings.Contains(facts, want) {
					t.Errorf("event %q, facts %q; want %q among them", kind, facts, want)
				}
			})
		}
	}
}

func TestRows_ShowWhatHoldsForEveryEvent(t *testing.T) {
	for _, c := range []struct {
		event *assentv1.Event
		want  string
	}{
		{&assentv1.Event{BatchId: "batch-7"}, "batch=batch-7"},
		{&assentv1.Event{StandsFor: []int64{4, 9}}, "stands-for=4,9"},
		{&assentv1.Event{TextWithheld: true}, "text=withheld"},
		{&assentv1.Event{EvidenceState: assentv1.EvidenceState_EVIDENCE_STATE_DELETED}, "evidence=deleted"},
		{&assentv1.Event{EvidenceState: assentv1.EvidenceState_EVIDENCE_STATE_WITHHELD}, "evidence=withheld"},
		{&assentv1.Event{EvidenceState: assentv1.EvidenceState_EVIDENCE_STATE_HELD}, ""},
		{&assentv1.Event{EvidenceState: assentv1.EvidenceState_EVIDENCE_STATE_NONE}, ""},
	} {
		if got := eventtext.Rows([]*assentv1.Event{c.event})[1][5]; got != c.want {
			t.Errorf("%v: %q, want %q", c.event, got, c.want)
		}
	}
}

// path leads to a field of a message in a message.
type path []protoreflect.FieldDescriptor

func (p path) name() string {
	var name strings.Builder
	for _, f := range p {
		name.WriteString("/" + string(f.Name()))
	}
	return name.String()
}

// leaves returns the paths to all fields below m that are no messages of assent.
func leaves(m protoreflect.MessageDescriptor, above path) []path {
	var all []path
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		here := append(above[:len(above):len(above)], f)
		if f.Kind() == protoreflect.MessageKind && f.Message().FullName() != "google.protobuf.Timestamp" {
			all = append(all, leaves(f.Message(), here)...)
			continue
		}
		all = append(all, here)
	}
	return all
}

// set gives the field a value and returns the text that must stand for it.
func (p path) set(t *testing.T, m protoreflect.Message) string {
	t.Helper()
	for _, f := range p[:len(p)-1] {
		m = m.Mutable(f).Message()
	}
	f := p[len(p)-1]
	word := "some-" + strings.ReplaceAll(string(f.Name()), "_", "-")
	switch {
	case f.IsList():
		m.Mutable(f).List().Append(protoreflect.ValueOfString(word))
		return "=" + word
	case f.Kind() == protoreflect.MessageKind:
		at := timestamppb.New(time.Date(2026, 10, 4, 9, 30, 0, 0, time.UTC))
		m.Set(f, protoreflect.ValueOfMessage(proto.Message(at).ProtoReflect()))
		return "=2026-10-04T09:30:00Z"
	case f.FullName() == "assent.v1.Grant.legal_basis":
		m.Set(f, protoreflect.ValueOfEnum(assentv1.LegalBasis_LEGAL_BASIS_CONSENT.Number()))
		return "basis=" + value.BasisName(assentv1.LegalBasis_LEGAL_BASIS_CONSENT)
	case f.FullName() == "assent.v1.Move.side":
		m.Set(f, protoreflect.ValueOfEnum(assentv1.MoveSide_MOVE_SIDE_HERE.Number()))
		return `moved="to this address"`
	case f.FullName() == "assent.v1.Refusal.all_marketing":
		m.Set(f, protoreflect.ValueOfBool(true))
		return "channels=*"
	case f.FullName() == "assent.v1.Evidence.notice_given":
		m.Set(f, protoreflect.ValueOfBool(true))
		return "notice=given"
	case f.Kind() == protoreflect.StringKind:
		m.Set(f, protoreflect.ValueOfString(word))
		return word
	case f.Kind() == protoreflect.Int64Kind:
		m.Set(f, protoreflect.ValueOfInt64(4711))
		return "4711"
	case f.Kind() == protoreflect.BytesKind:
		m.Set(f, protoreflect.ValueOfBytes([]byte(word)))
		return "=" + hex.EncodeToString([]byte(word))
	}
	t.Fatalf("%s: this test does not know how to set it", f.FullName())
	return ""
}
