// Package heapfloor keeps a program that has little in memory from collecting its garbage many times a second.
//
// Go collects when the heap has doubled (GOGC=100). With 10 MB in use that is after each 10 MB that calls leave behind, and a collection takes
// processors from the calls that are under way.
package heapfloor

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// Size is how many bytes of garbage the programs of this module let build up before they collect it, unless GOGC lets more.
	Size = 64 << 20
	// least is the percentage of Go itself.
	least = 100
	// smallestHeap is the heap with which Go begins at that percentage; a larger percentage makes it larger.
	smallestHeap = 4 << 20
)

// tuner sets the percentage anew after each collection. It is what the collector finds unused each time.
type tuner struct {
	floor   uint64
	percent int
	live    [1]metrics.Sample
}

// Set lets at least floor bytes of garbage build up between two collections, from now on. A GOGC in the environment counts instead, and a memory
// limit (GOMEMLIMIT) holds all the same.
func Set(floor uint64) {
	if os.Getenv("GOGC") != "" {
		return
	}
	t := &tuner{floor: floor}
	t.live[0].Name = "/gc/heap/live:bytes"
	t.tune()
	runtime.SetFinalizer(t, (*tuner).collected)
}

// collected is called after a collection.
func (t *tuner) collected() {
	t.tune()
	runtime.SetFinalizer(t, (*tuner).collected)
}

// tune sets the percentage for what is in use now. To set it stops the program for a moment, so that is left out where it changes little.
func (t *tuner) tune() {
	metrics.Read(t.live[:])
	percent := max(least, int(t.floor*100/max(t.live[0].Value.Uint64(), smallestHeap)))
	if change := percent - t.percent; change > t.percent/8 || -change > t.percent/8 {
		t.percent = percent
		debug.SetGCPercent(percent)
	}
}
