package rpc

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc/metadata"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service"
)

// openCaller is the actor of what is done in the open demo.
const openCaller = "demo"

// gate lets in who may call.
type gate struct {
	clients Authenticator
	open    bool
}

// admit finds out who calls and refuses who may not call the method.
func (g *gate) admit(ctx context.Context, c *call, next func(context.Context) error) error {
	if !c.known {
		return fmt.Errorf("the method %s has no row in the table of methods", c.method)
	}
	if c.row.open {
		return next(ctx)
	}
	caller, err := g.authenticate(ctx, metadata.ValueFromIncomingContext(ctx, "authorization"))
	if err != nil {
		return err
	}
	c.client = caller.ID
	if len(c.row.scopes) > 0 && !caller.Has(c.row.scopes...) {
		return consent.Faultf(consent.FaultScopeMissing, "", "%s needs %s, which the client %s does not have",
			c.method[strings.LastIndexByte(c.method, '/')+1:], scopeList(c.row.scopes), caller.ID)
	}
	return next(service.WithCaller(ctx, caller))
}

func (g *gate) authenticate(ctx context.Context, header []string) (service.Caller, error) {
	if g.open {
		return service.Process(openCaller), nil
	}
	key, err := bearer(header)
	if err != nil {
		return service.Caller{}, err
	}
	return g.clients.Authenticate(ctx, key)
}

// bearer returns the API key in the header Authorization.
func bearer(header []string) (string, error) {
	if len(header) == 0 {
		return "", consent.Faultf(consent.FaultUnauthenticated, "",
			"the header Authorization is missing; send `Authorization: Bearer KEY` with the API key of a client")
	}
	scheme, key, found := strings.Cut(header[0], " ")
	if key = strings.TrimSpace(key); len(header) > 1 || !found || !strings.EqualFold(scheme, "bearer") || key == "" {
		return "", consent.Faultf(consent.FaultUnauthenticated, "",
			"the header Authorization is malformed; it reads `Bearer KEY`, once, with the API key of a client")
	}
	return key, nil
}

func scopeList(scopes []service.Scope) string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = string(s)
	}
	if len(names) == 1 {
		return "the scope " + names[0]
	}
	return "one of the scopes " + strings.Join(names, ", ")
}
