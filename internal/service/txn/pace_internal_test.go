package txn

import (
	"testing"
	"time"
)

func TestPace_HasTheRoomOfTenMilliseconds(t *testing.T) {
	// each: what an event costs, beside a fixed cost of each transaction of a millisecond.
	run := func(p *pace, n int, each time.Duration) {
		for range n {
			p.note(p.room(), time.Millisecond+time.Duration(p.room())*each)
		}
	}
	var p pace
	if p.room() != SmallChunk {
		t.Errorf("at first there is room for %d events", p.room())
	}
	run(&p, 100, 30*time.Microsecond)
	if got := p.room(); got < 250 || got > 345 {
		t.Errorf("where ten milliseconds are enough for 300 events there is room for %d", got)
	}
	before := p.room()
	p.note(before/2, time.Millisecond)
	p.note(0, time.Minute)
	if p.room() != before {
		t.Errorf("room for %d events became %d after transactions that say nothing of it", before, p.room())
	}
	p.note(before, time.Second)
	if got := p.room(); got != before/2 {
		t.Errorf("room for %d events became %d after one slow transaction", before, got)
	}
	run(&p, 100, time.Millisecond)
	if p.room() != SmallChunk {
		t.Errorf("where events are slow there is room for %d events", p.room())
	}
	run(&p, 100, 0)
	if p.room() != Chunk {
		t.Errorf("where events cost nothing there is room for %d events", p.room())
	}
}
