package index

const (
	shardBits  = 10
	shardCount = 1 << shardBits

	digestSize = 32
	// idSize is how many bytes of a digest tell two subjects apart. The digests are keyed: 128 bits of two collide by
	// chance only, and an attacker cannot produce a collision.
	idSize = 16

	// maxArena is how many bytes an arena may have: a slot has 24 bits for the place of a record.
	maxArena = 1 << 24
	// maxPacked is the longest state that the index keeps. Only the state of an address under attack becomes longer.
	maxPacked = 1 << 16
)

// table maps digests to packed states. It is made of byte and word slices only, some two thousand of them however many states it
// holds, so that the garbage collector has nothing to walk. It is not safe for concurrent use.
type table struct {
	shards [shardCount]shard
	length int
	size   int64 // of all slots and arenas, by capacity
	limit  int   // of an arena
}

func newTable() *table { return &table{limit: maxArena} }

// Len returns how many digests have a record.
func (t *table) Len() int { return t.length }

// Bytes returns the memory that is taken, by capacity.
func (t *table) Bytes() int64 { return t.size }

// find returns the state of the digest. One that is there without bytes has to be asked for elsewhere. The bytes are valid until the next
// change of the table.
func (t *table) find(digest *[digestSize]byte) (packed []byte, ok bool) {
	return t.shard(digest).get(digest)
}

// put stores a copy of the state. What does not fit is not forgotten: find says that it has to be asked for elsewhere.
func (t *table) put(digest *[digestSize]byte, packed []byte) {
	if len(packed) > maxPacked {
		packed = nil
	}
	t.change(digest, func(s *shard) { s.put(digest, packed, t.limit) })
}

// remove forgets the digest.
func (t *table) remove(digest *[digestSize]byte) {
	t.change(digest, func(s *shard) { s.remove(digest) })
}

func (t *table) change(digest *[digestSize]byte, do func(s *shard)) {
	s := t.shard(digest)
	length, size := s.length, s.bytes()
	do(s)
	t.length += s.length - length
	t.size += int64(s.bytes() - size)
}

// shard returns the shard of the digest: that of its first ten bits.
func (t *table) shard(digest *[digestSize]byte) *shard {
	return &t.shards[uint(digest[0])<<2|uint(digest[1])>>6]
}
