package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/bench/persons"
)

const (
	perMessage = 1000 // addresses
	// batchWorkers is how many batches, or streams, are under way at once.
	batchWorkers = 4
	// perStream is how many messages a stream has before the next one is opened.
	perStream = 16
	// goalBatch is how many addresses a second are to be reached.
	goalBatch = 1_500_000
)

// mixed returns addresses as the audience of a campaign has them: one in ten is unknown to the database.
func (e *env) mixed(first, n int) []string {
	population := e.opts.population()
	list := make([]string, n)
	for i := range list {
		if (first+i)%10 == 9 {
			list[i] = fmt.Sprintf("nobody%d@mail.example.com", first+i)
		} else {
			list[i] = population.Address((first + i) % max(1, e.opts.Recipients))
		}
	}
	return list
}

// messages returns batches, and has the echoes answer as the server does.
func (e *env) messages(ctx context.Context) ([]*assentv1.BatchCheckConsentRequest, error) {
	list := make([]*assentv1.BatchCheckConsentRequest, 16)
	for i := range list {
		list[i] = &assentv1.BatchCheckConsentRequest{Addresses: e.mixed(i*perMessage, perMessage), Channel: persons.Newsletter}
	}
	answer := &assentv1.BatchCheckConsentResponse{}
	if err := e.api.call(ctx, 0, "BatchCheckConsent", list[0], answer); err != nil {
		return nil, err
	}
	e.echo.batch.Store(answer)
	return list, nil
}

// batches measures batches of a thousand addresses.
func (e *env) batches(ctx context.Context) ([]Figure, error) {
	messages, err := e.messages(ctx)
	if err != nil {
		return nil, err
	}
	batching := func(name string, t *target) side {
		return side{name: name, workers: batchWorkers, do: func(ctx context.Context, worker int) (int, error) {
			out := &assentv1.BatchCheckConsentResponse{}
			return perMessage, t.call(ctx, worker, "BatchCheckConsent", messages[worker%len(messages)], out)
		}}
	}
	t, err := alternate(ctx, e.opts.Duration, batching("assent", e.api), batching("echo behind the chain", e.chained),
		batching("bare echo", e.bare))
	if err != nil {
		return nil, err
	}
	return throughput("batch: addresses", t), nil
}

func throughput(name string, t []tally) []Figure {
	return []Figure{
		figure(name, t[0].rate(), perSecond).against("bare echo", t[2].rate()).ratioAtLeast(0.5).atLeast(goalBatch),
		figure(name, t[0].rate(), perSecond).against("echo behind the chain", t[1].rate()),
	}
}

// streams measures streams of such batches. Each is sent without waiting for the answers to those before.
func (e *env) streams(ctx context.Context) ([]Figure, error) {
	messages, err := e.messages(ctx)
	if err != nil {
		return nil, err
	}
	streaming := func(name string, t *target) side {
		return side{name: name, workers: batchWorkers, do: func(ctx context.Context, worker int) (int, error) {
			return perStream * perMessage, t.stream(ctx, worker, messages, perStream)
		}}
	}
	t, err := alternate(ctx, e.opts.Duration, streaming("assent", e.api), streaming("echo behind the chain", e.chained),
		streaming("bare echo", e.bare))
	if err != nil {
		return nil, err
	}
	return throughput("stream: addresses", t), nil
}

// stream sends so many messages on one stream and receives their answers.
func (t *target) stream(ctx context.Context, worker int, messages []*assentv1.BatchCheckConsentRequest, n int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	desc := &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	raw, err := t.conn(worker).NewStream(ctx, desc, methodPath+"StreamCheckConsent")
	if err != nil {
		return fmt.Errorf("open a stream: %w", err)
	}
	stream := &grpc.GenericClientStream[assentv1.StreamCheckConsentRequest, assentv1.StreamCheckConsentResponse]{ClientStream: raw}
	var group errgroup.Group
	group.Go(func() error {
		for i := range n {
			if err := stream.Send(&assentv1.StreamCheckConsentRequest{Check: messages[(worker+i)%len(messages)]}); err != nil {
				return nil //nolint:nilerr // What the stream ended with Recv tells.
			}
		}
		return stream.CloseSend()
	})
	group.Go(func() error {
		defer cancel()
		for range n {
			answer, err := stream.Recv()
			if err != nil {
				return fmt.Errorf("receive from a stream: %w", err)
			}
			if len(answer.GetChecked().GetOutcomeIndexes()) != perMessage {
				return errors.New("a batch was not answered")
			}
		}
		return nil
	})
	return group.Wait()
}

// audience measures what the command line needs for an audience file, from CSV to CSV.
func (e *env) audience(ctx context.Context) ([]Figure, error) {
	in := filepath.Join(e.folder, "audience.csv")
	if err := e.writeAudience(in); err != nil {
		return nil, err
	}
	began := time.Now()
	err := e.opts.CheckFile(ctx, e.address, e.key, persons.Newsletter, in,
		filepath.Join(e.folder, "allowed.csv"), filepath.Join(e.folder, "denied.csv"))
	if err != nil {
		return nil, err
	}
	took := time.Since(began).Seconds()
	name := fmt.Sprintf("audience: %d rows from CSV to CSV", e.opts.Audience)
	return []Figure{
		figure(name, took, seconds).atMost(float64(e.opts.Audience) / 1_000_000 * 5),
		figure("audience: rows", float64(e.opts.Audience)/took, perSecond),
	}, nil
}

func (e *env) writeAudience(path string) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	to := bufio.NewWriter(file)
	if _, err := to.WriteString("customer,address,city\n"); err != nil {
		return err
	}
	for i, address := range e.mixed(0, e.opts.Audience) {
		if _, err := fmt.Fprintf(to, "K-%07d,%s,Wien\n", i, address); err != nil {
			return err
		}
	}
	return to.Flush()
}
