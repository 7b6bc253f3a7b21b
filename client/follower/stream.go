package follower

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc/codes"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/client"
	"github.com/assent-io/assent/internal/address"
)

// silence is how long a watched server may send nothing: three of its heartbeats.
const silence = 45 * time.Second

// What ends a stream, or all.
var (
	// errSilent ends a stream on which nothing came.
	errSilent = errors.New("the server sent nothing for too long")
	// errStopped says that OnChange failed.
	errStopped = errors.New("OnChange")
)

// Run follows the feed until the context ends, and then writes the set to File. It takes a snapshot where it has to, and connects again where
// the server or the connection goes away, for as long as it takes. The error is that of the context, or says why no other try would help:
// the server refuses the client or the consumer, ErrForm, ErrVersion, or OnChange failed. Run is called once.
func (f *Follower) Run(ctx context.Context) error {
	pauses := f.client.Pauses()
	for {
		came, err := f.round(ctx)
		if came {
			pauses = f.client.Pauses()
		}
		if err = f.rest(ctx, err, pauses()); err != nil {
			return errors.Join(err, f.lastSave())
		}
	}
}

// round follows until an error.
func (f *Follower) round(ctx context.Context) (came bool, err error) {
	if !f.checked {
		if err := f.checkConsumer(ctx); err != nil {
			return false, err
		}
		f.checked = true
	}
	return f.follow(ctx)
}

// rest waits before the next try; or it returns why there is none.
func (f *Follower) rest(ctx context.Context, err error, pause time.Duration) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if final := f.remedy(err); final != nil {
		return final
	}
	f.upToDate = false
	f.note(func(s *Status) { s.FeedError = err })
	f.tell(Event{Kind: EventInterrupted, Err: err, Pause: pause})
	return f.client.Wait(ctx, pause)
}

// checkConsumer refuses a consumer that is not told of what is needed to answer.
func (f *Follower) checkConsumer(ctx context.Context) error {
	if f.options.Consumer == "" {
		return nil
	}
	answer, err := assentv1.NewConsumerServiceClient(f.client).GetConsumer(ctx, &assentv1.GetConsumerRequest{Id: f.options.Consumer})
	if err != nil {
		return err
	}
	return f.fits(answer.GetConsumer())
}

func (f *Follower) fits(c *assentv1.Consumer) error {
	want := "plain"
	if !f.options.Key.IsZero() {
		want = "keyed"
	}
	switch {
	case len(c.GetKinds()) > 0:
		return fmt.Errorf("%w: the consumer %s is told only of rules of the kinds %q; one that is told of all is right", ErrForm, c.GetId(), c.GetKinds())
	case c.GetForm() == want:
		return nil
	case c.GetForm() == "keyed":
		return fmt.Errorf("%w: the consumer %s is of the form keyed, and no Key was given", ErrForm, c.GetId())
	default:
		return fmt.Errorf("%w: the consumer %s is of the form %s; one of the form plain without a Key, or keyed with it, is right", ErrForm,
			c.GetId(), c.GetForm())
	}
}

// remedy decides what to do after an error: go on by the token, or with a new snapshot; or it returns why neither helps.
func (f *Follower) remedy(err error) error {
	switch {
	case errors.Is(err, errStopped):
		return err // Whatever the error of the program is: it may be one of a call of its own.
	case errors.Is(err, errRenew):
		f.drop(err)
		return nil
	}
	failed, ok := errors.AsType[*client.Error](err)
	switch {
	case errors.Is(err, errSilent), errors.Is(err, errLate), errors.Is(err, io.EOF):
		return nil
	case !ok:
		return err
	}
	switch failed.Reason {
	case "POSITION_COMPACTED", "OTHER_HISTORY", "INVALID_TOKEN":
		if f.set == nil {
			return err // A snapshot has no token.
		}
		f.drop(err)
		return nil
	}
	switch failed.Code {
	case codes.Unauthenticated, codes.PermissionDenied, codes.InvalidArgument, codes.NotFound, codes.Unimplemented, codes.FailedPrecondition:
		return err
	default:
		return nil
	}
}

// drop drops the set, so that a new one is made. The one that was published answers on until it is stale.
func (f *Follower) drop(why error) { f.set, f.renew, f.batch = nil, why, Batch{} }

// follow goes on by the token, after a snapshot if there is none, until that ends with an error. It reports whether anything came.
func (f *Follower) follow(ctx context.Context) (came bool, err error) {
	if f.set == nil {
		if err := f.snapshot(ctx); err != nil {
			return false, err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	asked := f.wall()
	stream, err := f.feed.WatchChanges(ctx, &assentv1.WatchChangesRequest{
		From: f.set.token, Channels: f.options.Channels, Consumer: f.options.Consumer,
	})
	if err != nil {
		return false, err
	}
	silent := time.AfterFunc(silence, func() { cancel(errSilent) })
	defer silent.Stop()
	f.parts, f.clock = nil, clock{}
	for {
		m, err := stream.Recv()
		silent.Stop()
		if errors.Is(context.Cause(ctx), errSilent) {
			return came, errSilent
		}
		if err != nil {
			return came, err
		}
		if beat := m.GetHeartbeat(); beat != nil && f.clock.asked.IsZero() {
			f.clock = clock{server: beat.GetTime().AsTime(), asked: asked}
		}
		if err := f.take(ctx, m); err != nil {
			return came, err
		}
		came = true
		silent.Reset(silence)
	}
}

// snapshot makes a new set of all that holds. It is of one moment once what came meanwhile was applied, too.
func (f *Follower) snapshot(ctx context.Context) error {
	f.tell(Event{Kind: EventSnapshot, Err: f.renew})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := f.feed.ExportSuppressions(ctx, &assentv1.ExportSuppressionsRequest{
		Channels: f.options.Channels, Consumer: f.options.Consumer,
	})
	if err != nil {
		return err
	}
	f.batch.All = true
	var s *set
	for {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		if s == nil {
			if err := f.understands(m); err != nil {
				return err
			}
			if s, err = newSet(!f.options.Key.IsZero(), m.GetChannels(), nil); err != nil {
				return err
			}
		}
		if err := s.apply(m.GetChanges(), &f.batch); err != nil {
			return err
		}
		if err := f.forget(ctx); err != nil {
			return err
		}
		if m.GetComplete() {
			if err := s.moveTo(m.GetHeartbeat()); err != nil {
				return err
			}
			f.set, f.renew = s, nil
			f.note(func(s *Status) { s.Snapshots++ })
			return nil
		}
	}
}

// understands returns an error unless the first message of a snapshot says that the hashes and folded forms in it are those that this program
// makes of an address: else it would find nothing of what blocks.
func (f *Follower) understands(m *assentv1.ExportSuppressionsResponse) error {
	if got := m.GetFoldVersion(); got != address.FoldVersion {
		return fmt.Errorf("%w: the server folds addresses by the version %d of the rules, and this program by %d", ErrVersion, got, address.FoldVersion)
	}
	if want := f.identity().Key; m.GetKeyId() != want {
		return fmt.Errorf("%w: the consumer's hashes are made with the key %q, and the Key of the Options is %q; the one that was given when the consumer "+
			"was created is right", ErrForm, m.GetKeyId(), want)
	}
	return nil
}

// forget tells at once who was erased, while what was told is not complete: the next token says that this is known.
func (f *Follower) forget(ctx context.Context) error {
	gone := Batch{Erased: f.batch.Erased}
	f.batch.Erased, f.saver.erased = nil, f.saver.erased || len(gone.Erased) > 0
	return f.changed(ctx, &gone)
}

// take applies what came as a whole. Checks answer by it, and OnChange is told, once the server says that there is no more.
func (f *Follower) take(ctx context.Context, m *assentv1.WatchChangesResponse) error {
	f.parts = append(f.parts, m.GetChanges()...)
	beat := m.GetHeartbeat()
	if beat == nil {
		return nil // More of what belongs together follows.
	}
	parts := f.parts
	f.parts = nil
	f.batch.All = f.batch.All || !f.set.caughtUp
	switch err := f.set.apply(parts, &f.batch); {
	case errors.Is(err, errRenew):
		return errors.Join(err, f.forget(ctx))
	case err != nil:
		return err
	}
	if err := f.set.moveTo(beat); err != nil {
		return err
	}
	f.note(func(s *Status) { s.Applied += len(parts) })
	if beat.GetMore() {
		return f.forget(ctx)
	}
	late := f.clock.hear(beat.GetTime().AsTime(), f.wall(), f.options.MaxStaleness/2)
	f.set.caughtUp, f.set.asOf, f.set.clock = true, beat.GetTime().AsTime(), f.clock
	f.publish()
	if !f.upToDate {
		f.upToDate = true
		f.note(func(s *Status) { s.FeedError = nil })
		f.tell(Event{Kind: EventUpToDate})
	}
	batch := f.batch
	f.batch = Batch{}
	if err := f.changed(ctx, &batch); err != nil {
		return err
	}
	f.saver.told = f.published.Load()
	f.saver.changed = f.saver.changed || !batch.empty()
	f.saver.erased = f.saver.erased || len(batch.Erased) > 0
	f.saveIfDue()
	return late
}

// changed calls OnChange.
func (f *Follower) changed(ctx context.Context, batch *Batch) error {
	if f.options.OnChange == nil || batch.empty() {
		return nil
	}
	if err := f.options.OnChange(ctx, *batch); err != nil {
		return fmt.Errorf("%w: %w", errStopped, err)
	}
	return nil
}
