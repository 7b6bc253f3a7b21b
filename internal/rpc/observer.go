package rpc

import (
	"context"
	"time"

	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/service/access"
)

// AdmitObserver is [API.Admit] for the figures of the whole server, which name the channels of every department: it lets in clients of all
// departments with the scope metrics only.
func (a *API) AdmitObserver(ctx context.Context, authorization, requestID []string) (client string, refusal *Refusal) {
	if client, refusal = a.Admit(ctx, authorization, requestID); refusal != nil {
		return "", refusal
	}
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	c := &call{method: httpMethod, id: idOf(requestID), began: time.Now()}
	caller, err := a.gate.authenticate(ctx, authorization)
	if err == nil {
		c.client = caller.ID
		err = a.service.MayObserve(access.WithCaller(ctx, caller))
	}
	if err == nil {
		return client, nil
	}
	refused := status.Convert(a.causes.mapped(ctx, c, err))
	a.logCall(ctx, c, refused.Code())
	return "", &Refusal{Status: refused, RequestID: c.id}
}
