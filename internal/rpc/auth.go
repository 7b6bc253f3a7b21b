package rpc

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
)

// openCaller is the actor of what is done in the open demo.
const openCaller = "demo"

// gate authenticates and authorises callers.
type gate struct {
	clients Authenticator
	open    bool
	// admitted is told of calls with a known caller; nil: there is no such function.
	admitted func(ctx context.Context) error
}

// admit authenticates the caller, and refuses one that may not call the method. The context that it returns names the caller.
func (g *gate) admit(ctx context.Context, c *call) (context.Context, error) {
	if !c.known {
		return ctx, fmt.Errorf("the method %s has no row in the table of methods", c.method)
	}
	if c.row.open {
		return ctx, nil
	}
	caller, err := g.authenticate(ctx, metadata.ValueFromIncomingContext(ctx, "authorization"))
	if err != nil {
		return ctx, err
	}
	c.client = caller.ID
	if err := c.row.allows(&caller, c.method); err != nil {
		return ctx, err
	}
	return access.WithCaller(ctx, caller), nil
}

func (g *gate) authenticate(ctx context.Context, header []string) (access.Caller, error) {
	if g.open {
		return access.Process(openCaller), nil
	}
	key, err := bearer(header)
	if err != nil {
		return access.Caller{}, err
	}
	caller, err := g.clients.Authenticate(ctx, key)
	if err == nil && g.admitted != nil {
		err = g.admitted(ctx)
	}
	return caller, err
}

// httpMethod is logged as the method of requests that are refused before their call is known.
const httpMethod = "http"

// Refusal is what a request by HTTP is refused with.
type Refusal struct {
	Status    *status.Status
	RequestID string // under which it is logged
}

// Admit refuses callers without a valid key, by the values of the headers Authorization and X-Request-Id, so that nothing of what
// they send is read. A nil refusal lets them in, and client is the one with that key. A call that follows is
// authenticated again, which alone decides on its caller. A refusal is logged as that of a call is.
func (a *API) Admit(ctx context.Context, authorization, requestID []string) (client string, refusal *Refusal) {
	ctx, cancel := context.WithTimeout(ctx, defaultTimeout)
	defer cancel()
	c := &call{method: httpMethod, id: idOf(requestID), began: time.Now()}
	caller, err := a.gate.authenticate(ctx, authorization)
	if err == nil {
		return caller.ID, nil
	}
	refused := status.Convert(a.causes.mapped(ctx, c, err))
	a.logCall(ctx, c, refused.Code())
	return "", &Refusal{Status: refused, RequestID: c.id}
}

// bearer returns the API key in the header Authorization.
func bearer(header []string) (string, error) {
	if len(header) == 0 {
		return "", fault.Errorf(fault.Unauthenticated, "",
			"the header Authorization is missing; send `Authorization: Bearer KEY` with the API key of a client")
	}
	scheme, key, found := strings.Cut(header[0], " ")
	if key = strings.TrimSpace(key); len(header) > 1 || !found || !strings.EqualFold(scheme, "bearer") || key == "" {
		return "", fault.Errorf(fault.Unauthenticated, "",
			"the header Authorization is malformed; send it once, as `Bearer KEY` with the API key of a client")
	}
	return key, nil
}
