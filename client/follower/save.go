package follower

import (
	"errors"
	"time"

	"github.com/assent-io/assent/internal/atomicfile"
)

// saver writes the set to its file, beside the goroutine that follows the feed.
type saver struct {
	told    *view      // the last that OnChange was told of
	changed bool       // since it was written last
	erased  bool       // a person was erased since then
	ended   time.Time  // when the last writing ended, or failed
	writing string     // the token that is being written
	written string     // that was written last
	running chan error // has the result; nil: nothing is being written

	// create makes the file; only tests replace it.
	create func(path string) (file, error)
}

// file is a file that is in its place only when it is complete.
type file interface {
	Write(p []byte) (int, error)
	Finish() error
	Replace() error
	Discard() error
}

func createFile(path string) (file, error) {
	return atomicfile.Create(path, ".assent-follower-*", 0o600)
}

// saveIfDue begins to write the set if that is due. The view that is written never changes, so the feed goes on meanwhile.
func (f *Follower) saveIfDue() {
	s := &f.saver
	if f.options.File == "" {
		return
	}
	if s.running != nil {
		select {
		case err := <-s.running:
			f.saved(err)
		default:
			return
		}
	}
	every := f.options.SaveEvery
	if s.erased {
		every = min(every, forgetEvery)
	}
	if !s.changed || since(s.ended, f.wall()) < every {
		return
	}
	s.changed, s.erased, s.writing, s.running = false, false, s.told.token, make(chan error, 1)
	v, create, done := s.told, s.create, s.running
	go func() { done <- writeFile(f.options.File, create, f.identity(), v) }()
}

// saved notes how a writing ended. After a failed one the next is tried after the usual time: a full disk is not filled again and again.
func (f *Follower) saved(err error) {
	s := &f.saver
	s.running, s.ended = nil, f.wall()
	f.note(func(status *Status) { status.SaveError = err })
	if err != nil {
		s.changed = true
		f.tell(Event{Kind: EventNotSaved, Err: err})
		return
	}
	s.written = s.writing
	f.tell(Event{Kind: EventSaved})
}

// lastSave writes the set as it is when Run ends.
func (f *Follower) lastSave() error {
	s := &f.saver
	if s.running != nil {
		f.saved(<-s.running)
	}
	if f.options.File == "" || s.told == nil || s.told.token == s.written {
		return nil
	}
	s.writing = s.told.token
	err := writeFile(f.options.File, s.create, f.identity(), s.told)
	f.saved(err)
	return err
}

// writeFile writes a set to a file: durably, and whole or not at all.
func writeFile(path string, create func(string) (file, error), as *identity, v *view) (err error) {
	to, err := create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Discard()) }()
	if err := encode(to, as, v); err != nil {
		return err
	}
	if err := to.Finish(); err != nil {
		return err
	}
	if err := to.Replace(); err != nil {
		return err
	}
	return atomicfile.SyncFolder(path)
}
