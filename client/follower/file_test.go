package follower_test

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/assent-io/assent/client/follower"
)

// savedSet runs a Follower that holds something and ends, and returns its options with the file.
func savedSet(t *testing.T, w *world, form string) follower.Options {
	t.Helper()
	options := w.consumer("saved", form)
	options.File = w.path("set")
	must(w.nodes[0].client().Grant(t.Context(), newsletterConsent(w, "anna@example.com")))(t)
	must(w.nodes[0].client().Withdraw(t.Context(), withdrawal("berta@example.com")))(t)
	r := run(t, w.nodes[0].client(), options)
	r.waitReady()
	r.eventually("anna@example.com", "newsletter", "ALLOW_CONSENT")
	r.stop()
	return options
}

// kinds returns the kinds of what happened.
func (r *running) kinds() (all []follower.EventKind) {
	for _, e := range r.happened() {
		all = append(all, e.Kind)
	}
	return all
}

func TestFile_AfterARestart_TheSetGoesOnWithoutASnapshot(t *testing.T) {
	for _, form := range []string{"plain", "keyed"} {
		w := newWorld(t, "sqlite")
		options := savedSet(t, w, form)
		info := must(os.Stat(options.File))(t)
		if info.Mode() != 0o600 {
			t.Errorf("the mode of the file is %o", info.Mode())
		}
		content := must(os.ReadFile(options.File))(t)
		if has := bytes.Contains(content, []byte("anna@example.com")); has != (form == "plain") {
			t.Errorf("%s: the file has the address: %t", form, has)
		}
		must(w.nodes[0].client().Grant(t.Context(), newsletterConsent(w, "carla@example.com")))(t)
		w.clock.Advance(time.Second)
		f := must(follower.New(w.nodes[0].client(), options))(t)
		if answer, err := f.Check("anna@example.com", "newsletter"); !errors.Is(err, follower.ErrNotReady) {
			t.Errorf("%s: before the server said what is missing: %+v, %v", form, answer, err)
		}
		r := run(t, w.nodes[0].client(), options)
		r.eventually("carla@example.com", "newsletter", "ALLOW_CONSENT")
		r.eventually("anna@example.com", "newsletter", "ALLOW_CONSENT")
		r.eventually("berta@example.com", "newsletter", "WITHDRAWN")
		if got := r.Status(); got.Snapshots != 0 || got.Unknown != 0 {
			t.Errorf("%s: %+v", form, got)
		}
		r.stop()
	}
}

// Whatever becomes of the file: the Follower says so and takes a snapshot, and never answers from it.
func TestFile_CutOrAlteredOrOfAnother_IsNotUsed(t *testing.T) {
	w := newWorld(t, "sqlite")
	options := savedSet(t, w, "plain")
	w.clock.Advance(time.Hour)
	good := must(os.ReadFile(options.File))(t)
	refused := func(name string, options follower.Options) {
		t.Helper()
		var events []follower.Event
		options.OnEvent = func(e follower.Event) { events = append(events, e) }
		f := must(follower.New(w.nodes[0].client(), options))(t)
		if len(events) != 1 || events[0].Kind != follower.EventFileRefused || events[0].Err == nil {
			t.Errorf("%s: %+v", name, events)
		}
		if _, err := f.Check("anna@example.com", "newsletter"); !errors.Is(err, follower.ErrNotReady) {
			t.Errorf("%s: %v", name, err)
		}
	}
	write := func(data []byte) {
		t.Helper()
		if err := os.WriteFile(options.File, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for at := range good {
		if at%5 == 0 {
			write(good[:at])
			refused("cut", options)
		}
		altered := bytes.Clone(good)
		altered[at] ^= 1 << (at % 8)
		write(altered)
		refused("altered", options)
	}
	write(append(bytes.Clone(good), 0))
	refused("longer", options)
	write(good)
	other := options
	other.Channels = []string{"newsletter"}
	refused("of other channels", other)
	other = options
	other.Consumer = "another"
	refused("of another consumer", other)
	keyed := w.consumer("keyed", "keyed")
	keyed.File = options.File
	refused("of another form", keyed)
	r := run(t, w.nodes[0].clientOf(w.unregistered), follower.Options{Now: w.clock.Now, File: options.File})
	r.waitReady()
	r.eventually("anna@example.com", "newsletter", "ALLOW_CONSENT")
	if got := r.kinds(); got[0] != follower.EventFileRefused || got[1] != follower.EventSnapshot {
		t.Errorf("%v", got)
	}
}

// A file from before an erasure that is put back, and one of events that a restored database does not have.
func TestFile_OfAHistoryThatIsNotTheServers_GivesWayToASnapshot(t *testing.T) {
	w := newWorld(t, "sqlite")
	before := w.consumer("saved-before", "plain")
	w.nodes[0].stop()
	backup := must(os.ReadFile(w.path("test.db")))(t)
	w.nodes[0].start()
	r := run(t, w.nodes[0].client(), before)
	r.waitReady()
	must(w.nodes[0].client().Grant(t.Context(), newsletterConsent(w, "anna@example.com")))(t)
	r.eventually("anna@example.com", "newsletter", "ALLOW_CONSENT")
	w.nodes[0].stop()
	for _, name := range []string{"test.db-wal", "test.db-shm"} {
		_ = os.Remove(w.path(name))
	}
	if err := os.WriteFile(w.path("test.db"), backup, 0o600); err != nil {
		t.Fatal(err)
	}
	w.nodes[0].start()
	r.eventually("anna@example.com", "newsletter", "NO_LEGAL_BASIS")
	if got := r.Status(); got.Snapshots != 2 {
		t.Errorf("%+v", got)
	}
}
