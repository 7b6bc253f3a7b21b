package bench

import (
	"context"
	"errors"
	"path/filepath"

	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/config"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/server"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/telemetry"
)

// chain is an API without use cases: a gRPC server that sends its calls through everything that is around a call of the API, but for the
// count of connections. Its clients are in a database of its own, for the server that is measured holds the lock of the other one.
type chain struct {
	local   *server.Local
	metrics *telemetry.Metrics
	key     string
	grpc    *grpc.Server
}

// newChain makes the server, with a small database in the folder. What it made, close ends.
func newChain(ctx context.Context, folder string, e *echo, opts server.Options) (c *chain, err error) {
	path := filepath.Join(folder, "chain.db")
	c = &chain{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close(ctx))
			c = nil
		}
	}()
	c.local, err = server.OpenService(ctx, config.Server{
		DatabaseURL: config.NewSecret("sqlite:" + path), Keys: path + ".keys", Migrate: true,
	}, opts)
	if err != nil {
		return c, err
	}
	_, c.key, err = c.local.CreateClient(server.AsLocal(ctx), administration.NewClient{ID: clientPrefix + "chain", AllDepartments: true, Role: "admin"})
	if err != nil {
		return c, err
	}
	if c.metrics, err = telemetry.NewMetrics(ctx); err != nil {
		return c, err
	}
	api, err := rpc.New(rpc.Options{Service: c.local, Logger: opts.Logger, Life: context.WithoutCancel(ctx), Called: c.metrics.Called})
	if err != nil {
		return c, err
	}
	c.grpc = server.NewGRPC(api)
	assentv1.RegisterConsentServiceServer(api.Guarded(c.grpc), e)
	return c, nil
}

// close closes the database, after the server has been stopped.
func (c *chain) close(ctx context.Context) error {
	var errs []error
	if c.metrics != nil {
		errs = append(errs, c.metrics.Shutdown(ctx))
	}
	if c.local != nil {
		errs = append(errs, c.local.Close())
	}
	return errors.Join(errs...)
}
