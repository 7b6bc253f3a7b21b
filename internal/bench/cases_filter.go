package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	mathrand "math/rand/v2"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/suppressionfilter"
)

// probes is how many different entries a filter is asked for: more than a cache of the processor has the places of.
const probes = 1 << 20

// filter measures look-ups in a suppression filter of made-up entries, which does not depend on the database.
func (e *env) filter(ctx context.Context) ([]Figure, error) {
	entries, random := e.opts.Filter, mathrand.New(mathrand.NewPCG(1, 2))
	key, err := suppressionfilter.NewKey(0, [32]byte{1}, [32]byte{2})
	if err != nil {
		return nil, err
	}
	builder, held := suppressionfilter.NewBuilder(key), make(map[uint64]struct{}, entries)
	builder.Grow(entries)
	for i := range entries {
		h, match := random.Uint64(), suppressionfilter.MatchExact+suppressionfilter.Match(i%3)
		held[h] = struct{}{}
		if err := builder.AddHash(match, address.FoldVersion, hashOf(h)); err != nil {
			return nil, err
		}
	}
	var file bytes.Buffer
	info, err := builder.WriteFilter(&file, suppressionfilter.Header{StoreID: [16]byte{1}, Channel: channelNewsletter, Made: epoch()})
	if err != nil {
		return nil, err
	}
	f, err := suppressionfilter.Read(&file, key, suppressionfilter.Expect{})
	if err != nil {
		return nil, err
	}
	hashes := make([]uint64, probes)
	for i := range hashes {
		hashes[i] = random.Uint64()
	}
	return e.filtered(ctx, f, info.Size, held, hashes)
}

// filtered measures look-ups: of hashes that are made, beside a map of the same entries, and of addresses.
func (e *env) filtered(ctx context.Context, f *suppressionfilter.Filter, size int64, held map[uint64]struct{}, hashes []uint64) ([]Figure, error) {
	hits := 0
	t, err := alternate(ctx, e.opts.Duration, looking("hash", probes, func(n int) error {
		if f.MayContainHash(hashOf(hashes[n])) {
			hits++
		}
		return nil
	}), looking("map", probes, func(n int) error {
		if _, ok := held[hashes[n]]; ok {
			return errors.New("an entry was drawn twice: take another seed")
		}
		return nil
	}))
	if err != nil {
		return nil, err
	}
	people := e.anybody(asked)
	whole, err := alternate(ctx, e.opts.Duration, looking("address", asked, func(n int) error {
		_, err := f.MayContain(people[n])
		return err
	}), macking())
	if err != nil {
		return nil, err
	}
	return []Figure{
		figure("filter: hits in a thousand hashes that it lacks", 1000*float64(hits)/float64(t[0].units), "").against("one in 256", 1000./256),
		figure("filter: size", float64(size)/1e6, megabytes).against("hashes of 32 bytes", float64(len(held))*32/1e6).atMost(12),
		figure("filter: look-up of a hash", inNanos(&t[0]), nanoseconds).against("map look-up", inNanos(&t[1])).atMost(100),
		figure("filter: look-up of an address", inNanos(&whole[0]), nanoseconds).against("bare HMAC", inNanos(&whole[1])),
	}, nil
}

func hashOf(n uint64) (h suppressionfilter.Hash) {
	binary.BigEndian.PutUint64(h[:], n)
	return h
}
