package contract_test

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/rpc/contract"
)

func TestMethods_AreThoseOfTheGeneratedCode(t *testing.T) {
	var got []string
	for _, method := range contract.Methods() {
		got = append(got, contract.FullName(method))
	}
	for _, want := range []string{
		assentv1.ConsentService_CheckConsent_FullMethodName, assentv1.ConsentService_StreamCheckConsent_FullMethodName,
		assentv1.ClientService_RevokeClient_FullMethodName, assentv1.RetentionService_RunRetention_FullMethodName,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is missing in %v", want, got)
		}
	}
	if !slices.IsSorted(got) {
		t.Errorf("not in order: %v", got)
	}
}

func TestIncoming_HoldsWhatMessagesHold_AndNoAnswers(t *testing.T) {
	names := map[protoreflect.FullName]int{}
	for _, message := range contract.Incoming() {
		names[message.FullName()]++
	}
	for name, want := range map[protoreflect.FullName]int{
		"assent.v1.CheckConsentRequest": 1, "assent.v1.EventInput": 1, "assent.v1.Grant": 1, "assent.v1.Erasure": 1, "assent.v1.Evidence": 1,
		"assent.v1.CheckConsentResponse": 0,
	} {
		if names[name] != want {
			t.Errorf("%s is there %d times, want %d", name, names[name], want)
		}
	}
}
