package cli

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// patience is how long nothing is shown: what ends within it needs no bar.
const patience = time.Second

// progress shows how far a long piece of work has come, on a terminal only.
// Its methods are called by one goroutine.
type progress struct {
	to      io.Writer
	what    string
	total   int64
	shown   bool
	started time.Time
	bar     *progressbar.ProgressBar
}

// newProgress starts to count towards a total; with total -1, which nobody
// knows.
func (a *app) newProgress(what string, total int64) *progress {
	return &progress{to: a.stderr, what: what, total: total, shown: a.bars, started: time.Now()}
}

// set says how much of the total is done.
func (p *progress) set(done int64) {
	if !p.shown || time.Since(p.started) < patience {
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions64(p.total,
			progressbar.OptionSetWriter(p.to),
			progressbar.OptionSetDescription(p.what),
			progressbar.OptionSetWidth(30),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetElapsedTime(p.total >= 0),
			progressbar.OptionClearOnFinish(),
		)
	}
	// A bar that cannot be drawn must not stop the work.
	_ = p.bar.Set64(done)
}

// end takes the bar off the terminal.
func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
