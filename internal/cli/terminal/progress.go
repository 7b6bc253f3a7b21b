package terminal

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// patience is how long nothing is shown: what ends within it needs no bar.
const patience = time.Second

// Progress shows how far a long piece of work has come, on a terminal only.
// Its methods are called by one goroutine.
type Progress struct {
	to      io.Writer
	what    string
	total   int64
	shown   bool
	started time.Time
	bar     *progressbar.ProgressBar
}

// NewProgress starts to count towards a total, or with -1 towards one that is not known.
func (t *Terminal) NewProgress(what string, total int64) *Progress {
	return &Progress{to: t.Stderr, what: what, total: total, shown: t.Bars, started: time.Now()}
}

// Set says how much of the total is done.
func (p *Progress) Set(done int64) {
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

// End takes the bar off the terminal.
func (p *Progress) End() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
