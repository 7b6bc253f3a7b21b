package changes

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestHub_Rests_UntilItsServerCommits_OrOthersMayHave(t *testing.T) {
	for _, c := range []struct {
		name  string
		after time.Duration // the server commits; negative: it does not
		rests time.Duration
	}{
		{"nothing was committed", -1, lookEvery},
		{"at once", 0, lookAfter},
		{"before it may look again", lookAfter / 2, lookAfter},
		{"later", lookAfter + 2*time.Millisecond, lookAfter + 2*time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHub(nil)
				defer h.end()
				began := time.Now()
				if c.after >= 0 {
					time.AfterFunc(c.after, h.lookNow)
				}
				h.rest()
				if rested := time.Since(began); rested != c.rests {
					t.Errorf("it rested for %s, want %s", rested, c.rests)
				}
			})
		})
	}
}

func TestHub_Closed_DoesNotRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(nil)
		h.close()
		began := time.Now()
		if h.rest(); time.Since(began) != 0 {
			t.Errorf("it rested for %s", time.Since(began))
		}
	})
}
