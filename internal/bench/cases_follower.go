package bench

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/client/follower"
	"github.com/assent-io/assent/internal/bench/persons"
	"github.com/assent-io/assent/suppressionfilter"
)

const (
	// lookUps is how many look-ups count as one piece: each alone takes less than to read the time.
	lookUps = 1024
	// asked is how many different people a Follower is asked about.
	asked = 1 << 16
)

// looking returns a side of one goroutine that looks up one number after the other, below a power of two.
func looking(name string, below int, look func(n int) error) side {
	next := 0
	return side{name, 1, func(context.Context, int) (int, error) {
		for range lookUps {
			if err := look(next & (below - 1)); err != nil {
				return 0, err
			}
			next++
		}
		return lookUps, nil
	}}
}

// inNanos returns how long one unit took.
func inNanos(t *tally) float64 { return 1e9 / t.rate() }

// macking returns a side that makes HMAC-SHA-256 of an address, under one key.
func macking() side {
	mac := hmac.New(sha256.New, make([]byte, sha256.Size))
	text, sum := []byte("assent/1/email/exact\x00anna.huber1@mail.example.com"), [sha256.Size]byte{}
	return looking("bare HMAC", 1, func(int) error {
		mac.Reset()
		mac.Write(text)
		mac.Sum(sum[:0])
		return nil
	})
}

// follower measures checks from memory, of everybody: by a consumer in clear, and by one that has keyed hashes.
func (e *env) follower(ctx context.Context) (figures []Figure, err error) {
	key, err := client.ParseKey(e.key)
	if err != nil {
		return nil, err
	}
	c, err := client.New(e.address, client.WithKey(key))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	options := follower.Options{Channels: []string{persons.Newsletter}}
	if figures, err = e.followed(ctx, c, options); err != nil {
		return nil, err
	}
	figures[0] = figures[0].atMost(1000)
	consumer, hashKey, err := e.keyedConsumer(ctx, e.client) // Now the client may read only as the consumer.
	if err != nil {
		return nil, err
	}
	options.Consumer = consumer
	if options.Key, err = suppressionfilter.ParseKey(hashKey); err != nil {
		return nil, err
	}
	keyed, err := e.followed(ctx, c, options)
	return append(figures, keyed...), err
}

// keyedConsumer makes a consumer that sees hashes only, which a client reads as, and returns its key as it is written.
func (e *env) keyedConsumer(ctx context.Context, reader string) (id, key string, err error) {
	id = clientPrefix + strings.ToLower(rand.Text())
	made, err := assentv1.NewConsumerServiceClient(e.api.conn(0)).CreateConsumer(ctx, &assentv1.CreateConsumerRequest{
		Id: id, Client: reader, Channels: []string{persons.Newsletter}, Form: "keyed",
	})
	if err != nil {
		return "", "", fmt.Errorf("create a consumer: %w", err)
	}
	return id, made.GetKey(), nil
}

// followed measures checks by one Follower, after what is there has come to it.
func (e *env) followed(ctx context.Context, c *client.Client, options follower.Options) ([]Figure, error) {
	f, err := follower.New(c, options)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	began := time.Now()
	go func() { ended <- f.Run(ctx) }()
	select {
	case <-f.Ready():
	case err := <-ended:
		return nil, err
	}
	ready := time.Since(began)
	name, baseline := "follower in clear", "map look-up"
	beside := e.mapped
	if options.Consumer != "" {
		name, baseline, beside = "follower, keyed", "bare HMAC", macking
	}
	people := e.anybody(asked)
	t, err := alternate(ctx, e.opts.Duration, looking(name, asked, func(n int) error {
		_, err := f.Check(people[n], persons.Newsletter)
		return err
	}), beside())
	if err != nil {
		return nil, err
	}
	status := f.Status()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		return nil, err
	}
	return []Figure{
		figure(name+": check", inNanos(&t[0]), nanoseconds).against(baseline, inNanos(&t[1])),
		figure(name+": first answer", ready.Seconds(), seconds),
		figure(name+": bytes of a form of an address", float64(status.Bytes)/float64(max(status.Recipients, 1)), "B"),
	}, nil
}

// anybody returns addresses of so many people, from all over the population.
func (e *env) anybody(n int) []string {
	list, population := make([]string, n), e.opts.population()
	for i := range list {
		list[i] = population.Address(mathrand.IntN(e.opts.Recipients))
	}
	return list
}

// mapped returns a side that looks up people in a map of everybody.
func (e *env) mapped() side {
	population, everybody := e.opts.population(), make(map[string]int, e.opts.Recipients)
	for i := range e.opts.Recipients {
		everybody[population.Address(i)] = i
	}
	people := e.anybody(asked)
	return looking("map look-up", asked, func(n int) error {
		if _, ok := everybody[people[n]]; !ok {
			return errors.New("the map lacks a person")
		}
		return nil
	})
}
