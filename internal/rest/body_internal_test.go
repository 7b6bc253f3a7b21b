package rest

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/rpc"
)

// body is a body of so many bytes; hidden is one without a length.
func body(size int, hidden bool) io.Reader {
	text := `{"document": "` + strings.Repeat("x", size) + `"}`
	if hidden {
		return struct{ io.Reader }{strings.NewReader(text)}
	}
	return strings.NewReader(text)
}

func TestBody_OfAClientWhoseMemoryIsTaken_Waits(t *testing.T) {
	for name, hidden := range map[string]bool{"of known length": false, "of unknown length": true} {
		t.Run(name, func(t *testing.T) {
			entered, leave := make(chan struct{}, 3), make(chan struct{})
			s := serveLimited(t, rpc.Limits{Memory: 2 << 20}, func(w http.ResponseWriter, _ *http.Request) {
				entered <- struct{}{}
				<-leave
				w.WriteHeader(http.StatusNoContent)
			})
			codes := make(chan int, 3)
			put := func(size int) {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, s.URL+"/v1/catalog", body(size, hidden))
				if err != nil {
					t.Error(err)
					return
				}
				answer, err := s.Client().Do(request)
				if err != nil {
					t.Error(err)
					return
				}
				codes <- answer.StatusCode
				_ = answer.Body.Close()
			}
			// A body takes its length twice, with what is decoded from it: two of 400 KB do not go into the 1 MiB of one client.
			go put(400 << 10)
			<-entered
			go put(400 << 10)
			go put(10 << 10)
			<-entered // The small one is not counted.
			select {
			case <-entered:
				t.Error("the second large body was taken beside the first")
			case code := <-codes:
				t.Errorf("a call was answered with %d", code)
			case <-time.After(300 * time.Millisecond):
			}
			close(leave)
			for range 3 {
				if code := <-codes; code != http.StatusNoContent {
					t.Errorf("got %d", code)
				}
			}
		})
	}
}

func TestBody_OfVeryManyElements_IsRefusedBeforeItIsDecoded(t *testing.T) {
	s := serveLimited(t, rpc.Limits{}, func(http.ResponseWriter, *http.Request) { t.Error("the call was made") })
	many := `{"events": [` + strings.Repeat("{},", 1<<20) + `{}]}`
	answer, err := s.Client().Post(s.URL+"/v1/events:batchRecord", "application/json", strings.NewReader(many)) //nolint:noctx // The test ends it.
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(text), "TOO_LARGE") {
		t.Errorf("got %d %s, %v", answer.StatusCode, text, err)
	}
}
