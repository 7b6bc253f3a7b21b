package webhook

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter is the longest wait that a receiver can ask for.
const maxRetryAfter = 24 * time.Hour

// jitter is the part of a wait that is added to it at most, at random, so that many messages do not come back at once.
const jitter = 0.1

// Schedule returns how long after an attempt that failed the next one is made, by the number of attempts so far: the first is made at once.
// It is the example of Standard Webhooks ("Deliverability and reliability"): ten attempts in three days and a few hours.
func Schedule() []time.Duration {
	return []time.Duration{
		0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour,
		20 * time.Hour, 24 * time.Hour,
	}
}

// State is what becomes of a delivery after an attempt.
type State string

// The states.
const (
	// StateDelivered is a message that the receiver took.
	StateDelivered State = "DELIVERED"
	// StateWaiting is a message that is sent again.
	StateWaiting State = "WAITING"
	// StateDead is a message that is not sent again by itself: it goes to the list of dead letters.
	StateDead State = "DEAD"
	// StateDisabled is a message whose endpoint wants no more: nothing is sent there until a client enables it.
	StateDisabled State = "DISABLED"
)

// Next says what becomes of a message whose attempt ended at now with the answer, and when the next attempt is due if it is [StateWaiting];
// the time is zero otherwise. Attempts counts those so far, this one included. Random is a number from 0 up to but not including 1.
//
// A wait is that of [Schedule], or what the receiver asked for if that is longer, and up to a tenth more. A cancelled attempt is due again at
// once, and the caller does not count it.
func Next(attempts int, answer Answer, now time.Time, random float64) (time.Time, State) {
	switch answer.Outcome {
	case Delivered:
		return time.Time{}, StateDelivered
	case Gone:
		return time.Time{}, StateDisabled
	case Cancelled:
		return now, StateWaiting
	default:
	}
	schedule := Schedule()
	if attempts >= len(schedule) {
		return time.Time{}, StateDead
	}
	wait := max(schedule[max(attempts, 1)], min(answer.RetryAfter, maxRetryAfter))
	return now.Add(wait + time.Duration(float64(wait)*jitter*random)), StateWaiting
}

// retryAfter reads the header Retry-After (RFC 9110, 10.2.3): seconds, or a date of HTTP. It returns at most 24 hours, and 0 for what is
// neither or not in the future.
func retryAfter(text string, now time.Time) time.Duration {
	text = strings.TrimSpace(text)
	if text != "" && strings.Trim(text, "0123456789") == "" {
		seconds, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return maxRetryAfter // more digits than fit
		}
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), maxRetryAfter)
}
