package rpc

import (
	"testing"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

func TestReceive_Panic_IsHandedToTheHandler(t *testing.T) {
	arrivals := make(chan arrival, 1)
	receive(t.Context(), func() (*assentv1.StreamCheckConsentRequest, error) { panic("thrown") }, arrivals)
	if got := <-arrivals; got.thrown != "thrown" {
		t.Errorf("got %v", got)
	}
}
