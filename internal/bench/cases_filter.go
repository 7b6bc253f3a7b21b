package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/bench/persons"
	"github.com/assent-io/assent/suppressionfilter"
)

// probes is how many different hashes a filter is asked for: more than a cache of the processor has the places of.
const probes = 1 << 20

// madeUp is a suppression filter of made-up entries, and a map of the same.
type madeUp struct {
	key    suppressionfilter.Key
	filter *suppressionfilter.Filter
	held   map[uint64]struct{}
}

// filter measures look-ups in a suppression filter. It does not depend on the database.
func (e *env) filter(ctx context.Context) ([]Figure, error) {
	random := rand.New(rand.NewPCG(1, 2))
	list, err := makeUp(e.opts.Filter, random)
	if err != nil {
		return nil, err
	}
	size := float64(list.filter.Info().Size) / 1e6
	figures := []Figure{
		figure("filter: size", size, megabytes).against("hashes of 32 bytes", float64(32*e.opts.Filter)/1e6).atMost(12),
	}
	ofHashes, err := e.lookUpHashes(ctx, list, random)
	if err != nil {
		return nil, err
	}
	ofAddresses, err := e.lookUpAddresses(ctx, list)
	return slices.Concat(figures, ofHashes, ofAddresses), err
}

// makeUp makes a list of so many entries, of all matches.
func makeUp(entries int, random *rand.Rand) (*madeUp, error) {
	key, err := suppressionfilter.NewKey(0, [32]byte{1}, [32]byte{2})
	if err != nil {
		return nil, err
	}
	list, builder := &madeUp{key: key, held: make(map[uint64]struct{}, entries)}, suppressionfilter.NewBuilder(key)
	builder.Grow(entries)
	for i := range entries {
		h, match := random.Uint64(), suppressionfilter.MatchExact+suppressionfilter.Match(i%3)
		list.held[h] = struct{}{}
		if err := builder.AddHash(match, address.FoldVersion, hashOf(h)); err != nil {
			return nil, err
		}
	}
	var file bytes.Buffer
	if _, err := builder.WriteFilter(&file, suppressionfilter.Header{StoreID: [16]byte{1}, Channel: persons.Newsletter, Made: persons.Epoch()}); err != nil {
		return nil, err
	}
	list.filter, err = suppressionfilter.Read(&file, key, suppressionfilter.Expect{})
	return list, err
}

func hashOf(n uint64) (h suppressionfilter.Hash) {
	binary.BigEndian.PutUint64(h[:], n)
	return h
}

// lookUpHashes measures look-ups of single entries that the list lacks.
func (e *env) lookUpHashes(ctx context.Context, list *madeUp, random *rand.Rand) ([]Figure, error) {
	hashes, hits := make([]uint64, probes), 0
	for i := range hashes {
		hashes[i] = random.Uint64()
	}
	t, err := alternate(ctx, e.opts.Duration, looking("hash", probes, func(n int) error {
		if list.filter.MayContainHash(hashOf(hashes[n])) {
			hits++
		}
		return nil
	}), looking("map", probes, func(n int) error {
		if _, ok := list.held[hashes[n]]; ok {
			return errors.New("a hash that the list should lack is in it")
		}
		return nil
	}))
	if err != nil {
		return nil, err
	}
	return []Figure{
		figure("filter: look-up of a hash", inNanos(&t[0]), nanoseconds).against("map look-up", inNanos(&t[1])).atMost(100),
	}, nil
}

// lookUpAddresses measures look-ups of addresses, with hashes that are there and as people type them.
func (e *env) lookUpAddresses(ctx context.Context, list *madeUp) (figures []Figure, err error) {
	people, prepared, hits := e.anybody(asked), make([][]suppressionfilter.Hash, asked), 0
	for i := range people {
		if prepared[i], err = list.key.Hashes(people[i]); err != nil {
			return nil, err
		}
	}
	t, err := alternate(ctx, e.opts.Duration, looking("address", asked, func(n int) error {
		_, err := list.filter.MayContain(people[n])
		return err
	}), looking("address, hashed before", asked, func(n int) error {
		if slices.ContainsFunc(prepared[n], list.filter.MayContainHash) {
			hits++
		}
		return nil
	}), macking())
	if err != nil {
		return nil, err
	}
	const baseline = "bare HMAC"
	return []Figure{
		figure("filter: look-up of an address, hashed before", inNanos(&t[1]), nanoseconds).against(baseline, inNanos(&t[2])).atMost(100),
		figure("filter: look-up of an address", inNanos(&t[0]), nanoseconds).against(baseline, inNanos(&t[2])),
	}, nil
}
