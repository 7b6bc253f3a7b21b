package env

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/storage"
)

// MaxBatch is how many addresses or events one call may have.
const MaxBatch = 10_000

// Env is what every use case is given.
type Env struct {
	Store storage.Store
	Keys  *seal.Keys
	Clock func() time.Time // in UTC
	Log   *slog.Logger
	// BeginSpan is told of what traces show.
	BeginSpan BeginSpan
}

// StoreFault turns an error of the store into one that the caller is told. What the store said of an outage stays its cause, for the
// log. An error that is the caller's already keeps what it is.
func StoreFault(err error) error {
	var told *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &told):
		return err
	case errors.Is(err, storage.ErrUnavailable):
		return fault.Errorf(fault.Unavailable, "", "the database is not available; try again").Because(err)
	case errors.Is(err, storage.ErrCommitUnknown):
		return fault.Errorf(fault.Unavailable, "", "the connection to the database was lost during the write; it is not known "+
			"whether the request was recorded: repeat it with the same request id").Because(err)
	case errors.Is(err, seal.ErrKeyMissing):
		return fault.Errorf(fault.KeyMissing, "", "the key file of this server lacks a master key that the database uses; give the server "+
			"the key file of the other servers").Because(err)
	case errors.Is(err, ErrStaleKeys):
		return StaleKeys()
	case errors.Is(err, storage.ErrClosed):
		return &fault.Error{Code: fault.ServerStopping, Message: "the server is stopping; use another one"}
	default:
		return err
	}
}

// Instant returns the service's time.
func (e *Env) Instant() consent.Instant { return consent.InstantOf(e.Clock()) }

// Refusal distinguishes an error about one item from one that ends the whole call.
func Refusal(err error) (*fault.Error, error) {
	refused, ok := err.(*fault.Error) //nolint:errorlint // A wrapped one is a fault of its wrapper.
	if !ok {
		return nil, err
	}
	switch refused.Code {
	case fault.Unavailable, fault.ServerStopping, fault.ClockSkew, fault.KeyMissing, fault.NoCatalog:
		return nil, err
	default:
		return refused, nil
	}
}

// InvalidPage is the refusal of a page token that is not one of the list that is asked for.
func InvalidPage() error {
	return fault.Errorf(fault.InvalidPageToken, "pageToken", "the page token does not belong to this list; start at the first page")
}

// CheckKeys returns an error unless there is a digest key for every version that the head names. A server that looks
// under fewer versions than rows were made with misses a no.
func CheckKeys(keys *seal.Keys, head *storage.Head) error {
	version, lacks := keys.LacksDigest(head.DigestKeys)
	if !lacks {
		return nil
	}
	return fault.Errorf(fault.KeyMissing, "", "the key file of this server lacks the digest key %d that the database uses; give the server "+
		"the key file of the other servers", version)
}

// ErrStaleKeys ends a transaction of a write with subject keys that were made before the server took up a key that the head names. It is no
// refusal of the write, for that may have changed the transaction by then.
var ErrStaleKeys = errors.New("a write's places lack a digest key that the head names")

// StaleKeys is what a caller is told where [ErrStaleKeys] ends its write, and of a check that meets the same.
func StaleKeys() *fault.Error {
	return fault.Errorf(fault.Unavailable, "", "the server has loaded a new key meanwhile; try again")
}

// OpenEvidence opens the sealed evidence of an event.
func (e *Env) OpenEvidence(event *consent.Event, sealed []byte) (consent.Evidence, error) {
	plain, err := e.Keys.Open(seal.PurposeEvidence, event.Key[:], sealed)
	if err != nil {
		return consent.Evidence{}, fmt.Errorf("evidence of position %d: %w", event.Position, err)
	}
	return codec.DecodeEvidence(plain)
}

// OtherHistory is what a call is told that met two histories: that of a head, and that of the database since.
func OtherHistory() *fault.Error {
	return fault.Errorf(fault.Unavailable, "", "the database was replaced meanwhile; try again")
}

// EventKey returns the key of an entry that occurred at the instant, as stated. Department is that of the client that states it, empty for
// one of all departments. An erasure that one department states is its own: as a duplicate of another department's erasure, it would tell
// the client that the other department had erased the person.
func (e *Env) EventKey(occurred consent.Instant, entry *statement.Entry, department string) (consent.EventKey, error) {
	exact := entry.Exact()
	if entry.Facts.Kind == consent.KindErase && department != "" {
		exact += "\x00" + department
	}
	return e.Keys.EventKey(codec.EventKeyInput(occurred, &entry.Facts, exact, &entry.Evidence))
}

// Unsafe switches off what keeps promises, so that a test can show that the promise is broken without it and that it would notice.
// No setting leads here: a program that is run as such never has any of it.
type Unsafe struct {
	// DecideByOwnClock decides checks at this server's clock alone, even where it lags behind the ledger.
	DecideByOwnClock bool
	// RecordByOwnClock records at this server's clock alone, even where it lags behind the ledger.
	RecordByOwnClock bool
	// NoFence answers by the index as it is, whatever was acknowledged since.
	NoFence bool
	// ReserveUnlocked judges what a person got, and reserves, without the lock of the head.
	ReserveUnlocked bool
}
