package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/bench/persons"
)

// goalExported is within how many seconds a million entries are to be exported.
const goalExported = 10

func (e *env) listCases() []benchCase {
	return []benchCase{{"export", e.exports}}
}

// exports measures what the command line needs for the block list of a channel that many people left, as a CSV file and as a filter.
func (e *env) exports(ctx context.Context) ([]Figure, error) {
	if err := e.refuse(ctx); err != nil {
		return nil, err
	}
	if err := e.settle(ctx); err != nil {
		return nil, err
	}
	key, arguments, err := e.keyed(ctx)
	if err != nil {
		return nil, err
	}
	var figures []Figure
	for _, one := range []struct {
		form, key string
		arguments []string
	}{{"csv", e.key, nil}, {"filter", key, arguments}} {
		took, err := e.export(ctx, one.form, one.key, one.arguments...)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("export: %d refusals to a %s file", e.opts.Refusals, one.form)
		figures = append(figures,
			figure(name, took, seconds).atMost(float64(e.opts.Refusals)/1_000_000*goalExported),
			figure("export: entries of a "+one.form+" file", float64(e.opts.Refusals)/took, perSecond))
		if err := e.settle(ctx); err != nil {
			return nil, err
		}
	}
	return figures, nil
}

// export exports the list, and returns how many seconds that took.
func (e *env) export(ctx context.Context, form, key string, more ...string) (float64, error) {
	began := time.Now()
	arguments := append([]string{
		"suppressions", "export", "--channel", persons.Newsletter, "--as", form, "--out", filepath.Join(e.folder, "list"), "--force",
	}, more...)
	if err := e.opts.Command(ctx, e.address, key, arguments...); err != nil {
		return 0, err
	}
	return time.Since(began).Seconds(), nil
}

// refuse records that people of another population leave the channel. What an earlier run with the same seed recorded is recognised.
func (e *env) refuse(ctx context.Context) error {
	e.opts.tell("recording %d refusals", e.opts.Refusals)
	people := persons.Population{Seed: ^e.opts.Seed}
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(persons.DefaultInFlight)
	for from := 0; from < e.opts.Refusals && running.Err() == nil; from += persons.DefaultBatch {
		group.Go(func() error {
			in := &assentv1.BatchRecordEventsRequest{BatchId: people.Batch().String()}
			for n := from; n < min(from+persons.DefaultBatch, e.opts.Refusals); n++ {
				in.Events = append(in.Events, people.Refusal(n))
			}
			_, err := persons.RecordAll(running, e.api.record, in)
			return err
		})
	}
	return group.Wait()
}

// settle returns when the server has stored what it counted before: asking for disclosures has it do that.
func (e *env) settle(ctx context.Context) error {
	_, err := assentv1.NewHistoryServiceClient(e.api.conn(0)).ListDisclosures(ctx, &assentv1.ListDisclosuresRequest{
		Address: persons.Population{Seed: ^e.opts.Seed}.Address(0),
	})
	return err
}

// keyed makes a client with a consumer of the form keyed, and returns the key of the client, and the arguments of an export that reads as
// the consumer.
func (e *env) keyed(ctx context.Context) (key string, arguments []string, err error) {
	id := clientPrefix + strings.ToLower(rand.Text())
	client, err := assentv1.NewClientServiceClient(e.api.conn(0)).CreateClient(ctx, &assentv1.CreateClientRequest{
		Id: id, AllDepartments: true, Scopes: []string{"feed"},
	})
	if err != nil {
		return "", nil, fmt.Errorf("create a client: %w", err)
	}
	consumer, hashKey, err := e.keyedConsumer(ctx, id)
	if err != nil {
		return "", nil, err
	}
	file := filepath.Join(e.folder, "consumer.key")
	return client.GetApiKey(), []string{"--consumer", consumer, "--key-file", file}, os.WriteFile(file, []byte(hashKey), 0o600)
}
