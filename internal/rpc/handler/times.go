package handler

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
)

// Instant reads the time of a field of a request, as the other calls do.
func Instant(ts *timestamppb.Timestamp, field string) (consent.Instant, error) {
	return instant(ts, field)
}

// instant reads a time. Whether one was given is decided by its presence alone: a time that is given never becomes none, for
// an end at or before 1970 would otherwise be no end at all.
func instant(ts *timestamppb.Timestamp, field string) (consent.Instant, error) {
	if ts == nil {
		return 0, nil
	}
	if !ts.IsValid() {
		return 0, fault.Errorf(fault.InvalidTime, field, "the time must be in the years 1 to 9999")
	}
	at := consent.Instant(ts.AsTime().UnixMicro())
	if at <= 0 {
		return 0, fault.Errorf(fault.InvalidTime, field, "the time must be later than 1970-01-01T00:00:00Z")
	}
	return at, nil
}

// moments is what the requests share that may ask about the past.
type moments interface {
	GetAsOf() *timestamppb.Timestamp
	GetKnownAsOf() *assentv1.KnownAsOf
}

// momentOf reads what moment a request asks about.
func momentOf(m moments) (asof.Moment, error) {
	asOf, err := instant(m.GetAsOf(), "asOf")
	if err != nil {
		return asof.Moment{}, err
	}
	known := m.GetKnownAsOf()
	at, err := instant(known.GetTime(), "knownAsOf.time")
	if err != nil {
		return asof.Moment{}, err
	}
	return asof.Moment{AsOf: asOf, KnownAsOf: asof.KnownAsOf{Position: known.GetPosition(), Time: at}}, nil
}

// fresh is what the requests share that may say how fresh the answer has to be.
type fresh interface {
	moments
	GetConsistency() *assentv1.Consistency
}

// consistencyOf reads how fresh an answer has to be. What asks about the past is as fresh as that.
func consistencyOf(m fresh) (check.Consistency, error) {
	asked := m.GetConsistency()
	if asked == nil {
		return check.Consistency{}, nil
	}
	if m.GetAsOf() != nil || m.GetKnownAsOf() != nil {
		return check.Consistency{}, fault.Errorf(fault.InvalidRequest, "consistency",
			"it can be used for the current answer only; omit it with asOf and knownAsOf")
	}
	c := check.Consistency{AtLeast: asked.GetAtLeast().GetPosition(), Bounded: asked.GetBounded().AsDuration()}
	if root := asked.GetAtLeast().GetRootHash(); len(root) > 0 {
		c.Root = (*[ledger.HashSize]byte)(root) // The rules of the message hold it to its length.
	}
	return c, nil
}

// Timestamp returns the time of an instant; nil for no instant.
func Timestamp(at consent.Instant) *timestamppb.Timestamp {
	if at.IsZero() {
		return nil
	}
	return timestamppb.New(at.Time())
}

// seconds returns the seconds since 1970, rounded down; 0 for no instant.
func seconds(at consent.Instant) int64 { return int64(at) / 1_000_000 }
