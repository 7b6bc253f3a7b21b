package rest

import (
	"context"
	"net/http"

	"github.com/assent-io/assent/internal/rpc"
)

// admission lets in any client, whatever its scopes.
type admission struct {
	api    *rpc.API
	answer *answerer
	flow   flow
}

// let returns which client the request comes from; if it comes from none, it is answered.
func (a admission) let(w http.ResponseWriter, r *http.Request) (client string, ok bool) {
	return a.letBy(a.api.Admit, w, r)
}

// letObserve reports whether the request comes from a client that may see the figures of the server; if not, it is answered.
func (a admission) letObserve(w http.ResponseWriter, r *http.Request) bool {
	_, ok := a.letBy(a.api.AdmitObserver, w, r)
	return ok
}

func (a admission) letBy(
	admit func(ctx context.Context, authorization, requestID []string) (string, *rpc.Refusal), w http.ResponseWriter, r *http.Request,
) (client string, ok bool) {
	client, refusal := admit(r.Context(), r.Header.Values("Authorization"), r.Header.Values("X-Request-Id"))
	if refusal == nil {
		return client, true
	}
	w.Header().Set("X-Request-Id", refusal.RequestID)
	a.answer.json.writeStatus(w, httpStatus(refusal.Status), refusal.Status)
	return "", false
}
