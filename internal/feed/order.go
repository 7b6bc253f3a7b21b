package feed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"github.com/assent-io/assent/internal/consent"
)

// PlainOrder returns the order of a rule for a consumer that gets times: the instant since when it counts.
func PlainOrder(r *Rule) uint64 { return uint64(max(r.Since, 0)) }

// KeyedOrder orders the rules of one person for a consumer that is not to get times. It maps instants to numbers that say which of two
// instants is later. It is made anew for each person and consumer, so that numbers of different ones say nothing together. A strictly
// increasing map into 64 bits cannot hide everything: a large difference means rather a long time. But the same difference may stand for times
// that differ by orders of magnitude, and the day of a rule, which such consumers are told, narrows a time down much more.
//
// A KeyedOrder never changes and is safe for concurrent use.
type KeyedOrder struct{ random cipher.Block }

// NewKeyedOrder returns the order of a consumer with a secret key for the person with the given keyed digest of the folded form. The error
// tells of an environment without the cipher.
func NewKeyedOrder(consumer, person [32]byte) (*KeyedOrder, error) {
	mac := hmac.New(sha256.New, consumer[:])
	mac.Write([]byte("assent/1/feed-order\x00"))
	mac.Write(person[:])
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("making the cipher of an order: %w", err)
	}
	return &KeyedOrder{random: block}, nil
}

// OfRule returns the order of a rule: that of since when it counts. A rule of a domain has none, for it is the same for many persons.
func (o *KeyedOrder) OfRule(r *Rule) uint64 {
	if r.Match == consent.FormDomain {
		return 0
	}
	return o.Of(r.Since)
}

const (
	instantBits = 58 // of consent.MaxInstant
	nearBits    = 52 // of the instants up to the year 2112
)

// Of returns the number of an instant: zero of none, else larger for every later microsecond.
//
// The instants are halved again and again, by their bits from the first on, until one is left; the numbers are divided along with them, at a
// random place that leaves each half at least as many numbers as it has instants. The share of a half is between 1/5 and 4/5: with that the
// numbers last for nearly all halvings. Where they do not, the distances below about a second are kept. The far future gets only the numbers that it needs.
func (o *KeyedOrder) Of(i consent.Instant) uint64 {
	if i <= 0 {
		return 0
	}
	instant := uint64(min(i, consent.MaxInstant))
	input := make([]byte, aes.BlockSize)
	first, count := uint64(1), uint64(math.MaxUint64)
	for n := instantBits; n > 0; n-- {
		half := uint64(1) << (n - 1)
		earlier := count - half
		if n <= nearBits {
			earlier = min(max(count/5+below(count-count/5*2, o.at(input, n, instant)), half), count-half)
		}
		if instant&half == 0 {
			count = earlier
		} else {
			first += earlier
			count -= earlier
		}
	}
	return first + below(count, o.at(input, 0, instant))
}

// at returns the random number of one halving: of the instants that are equal but for their last n bits. It uses input as memory.
func (o *KeyedOrder) at(input []byte, n int, instant uint64) uint64 {
	binary.BigEndian.PutUint64(input, uint64(n))
	binary.BigEndian.PutUint64(input[8:], instant>>n)
	o.random.Encrypt(input, input)
	return binary.BigEndian.Uint64(input)
}

// below scales a random number of 64 bits down to one below n.
func below(n, random uint64) uint64 {
	high, _ := bits.Mul64(n, random)
	return high
}

const day = 24 * 60 * 60 * 1_000_000

// ByDay returns the rule with its times rounded to days in UTC, so that it is never taken for more than it is: a grant ends at the
// beginning of its last day and counts from the end of its first; a block counts from the beginning of its first day and ends at the end of its
// last.
func (r *Rule) ByDay() Rule {
	rounded := *r
	rounded.Since = down(r.Since)
	rounded.From = up(r.From)
	if r.Kind == KindSuppression {
		rounded.From = down(r.From)
		rounded.Until = up(r.Until)
	} else {
		rounded.Until = down(r.Until)
	}
	return rounded
}

// down returns the beginning of the day of the instant. That of the first day is no instant; its first microsecond is taken.
func down(i consent.Instant) consent.Instant {
	if i <= 0 {
		return i
	}
	return max(i-i%day, 1)
}

func up(i consent.Instant) consent.Instant {
	if i <= 0 || i%day == 0 {
		return i
	}
	return min(i-i%day+day, consent.MaxInstant)
}
