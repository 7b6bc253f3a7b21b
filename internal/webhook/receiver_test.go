package webhook

import (
	"bytes"
	"io"
	"net/http"

	cloudevents "github.com/cloudevents/sdk-go/v2/protocol/http"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The receiver that docs/webhooks.md shows; a test holds both to the same text, and others deliver to it.

func receive(secret string, store func(id, kind string, data []byte) error) (http.HandlerFunc, error) {
	webhook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return nil, err
	}
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil || webhook.Verify(body, r.Header) != nil {
			http.Error(w, "not a genuine message", http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		event, err := cloudevents.NewEventFromHTTPRequest(r) // reads both modes
		if err != nil || event.Validate() != nil {
			http.Error(w, "not a CloudEvent", http.StatusBadRequest)
			return
		}
		if err := store(event.ID(), event.Type(), event.Data()); err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}, nil
}
