package txn

import (
	"sync/atomic"
	"time"
)

const (
	// Chunk is how many events of a batch are recorded in one transaction at most.
	Chunk = 1_000
	// SmallChunk is how many events of imports one transaction may have at least while other writes come.
	SmallChunk = 100
	// bulkTakes is how long a transaction of imports is to take while other writes come, which wait for it.
	bulkTakes = 10 * time.Millisecond
)

// pace is how fast transactions of imports are. The zero value knows nothing of it.
type pace struct{ more atomic.Int64 } // how many events beyond SmallChunk there is time for

func (p *pace) room() int { return SmallChunk + int(p.more.Load()) }

// note learns from a transaction. Slow ones count at once, as when the database moves its log; after fast ones there is more room by and by.
func (p *pace) note(events int, took time.Duration) {
	room := p.room()
	switch {
	case events == 0:
		return
	case took > bulkTakes:
		room = min(room, max(room/2, int(int64(events)*int64(bulkTakes)/int64(took))))
	case events > room/2: // Smaller ones say nothing of one that is full.
		room += room / 8
	}
	p.more.Store(int64(min(max(room, SmallChunk), Chunk) - SmallChunk))
}
