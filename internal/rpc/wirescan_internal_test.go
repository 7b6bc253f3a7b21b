package rpc

import (
	"bytes"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

func TestMethods_EveryMethodOfTheAPI_HasTheShapeOfItsMessage(t *testing.T) {
	for name, row := range methods() {
		if row.shape == nil || row.shape.fields == nil {
			t.Errorf("%s has none", name)
		}
	}
}

func TestWeigh_CountsWhatIsInMessages(t *testing.T) {
	batch := methods()[assentv1.ConsentService_BatchRecordEvents_FullMethodName].shape
	elements := bytes.Repeat([]byte{0x0a, 0x00}, 1000)
	if got, least := batch.weigh(elements), int64(1000*messageWeight); got < least {
		t.Errorf("1000 messages without content weigh %d, want %d or more", got, least)
	}
	if got := batch.weigh(bytes.Repeat([]byte{0x0a, 0x00}, 8<<20)); got <= maxWeight || got > maxWeight+1024 {
		t.Errorf("what weighs too much weighs %d", got)
	}
	answer := (&assentv1.BatchCheckConsentResponse{}).ProtoReflect().Descriptor()
	list := protowire.AppendTag(nil, answer.Fields().ByName("outcome_indexes").Number(), protowire.BytesType)
	list = protowire.AppendBytes(list, make([]byte, 1000))
	if got := (shapes{}).of(answer).weigh(list); got < 1000*packedWeight {
		t.Errorf("a packed list of 1000 values weighs %d", got)
	}
}

func TestWeigh_LargestBatch_FitsInTheLimit(t *testing.T) {
	row := &assentv1.EventInput{Fact: &assentv1.EventInput_Grant{Grant: &assentv1.Grant{
		Address: "anna@example.com", Channels: []string{"newsletter"}, Evidence: &assentv1.Evidence{},
	}}}
	in := &assentv1.BatchRecordEventsRequest{}
	for range 10_000 {
		in.Events = append(in.Events, row)
	}
	data, err := proto.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	batch := methods()[assentv1.ConsentService_BatchRecordEvents_FullMethodName].shape
	if got := batch.weigh(data); got > maxWeight/4 {
		t.Errorf("10,000 events weigh %d", got)
	}
}

// FuzzWeigh weighs bytes of any kind, and holds the weight of those that are a message against what it holds.
func FuzzWeigh(f *testing.F) {
	whole, err := proto.Marshal(&assentv1.BatchRecordEventsRequest{Events: []*assentv1.EventInput{{Fact: &assentv1.EventInput_Grant{
		Grant: &assentv1.Grant{Address: "anna@example.com", Channels: []string{"newsletter"}},
	}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte{0x0a, 0x00, 0x0a, 0x80})
	f.Add([]byte{0x0b, 0x0b, 0x0c})
	batch := methods()[assentv1.ConsentService_BatchRecordEvents_FullMethodName].shape
	f.Fuzz(func(t *testing.T, data []byte) {
		weight := batch.weigh(data)
		var in assentv1.BatchRecordEventsRequest
		if err := proto.Unmarshal(data, &in); err != nil {
			return
		}
		if least := int64(len(data)) + messageWeight*int64(len(in.GetEvents())); weight < min(least, maxWeight) {
			t.Errorf("%d bytes with %d events weigh %d", len(data), len(in.GetEvents()), weight)
		}
	})
}
