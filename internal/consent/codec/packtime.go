package codec

import (
	"encoding/binary"
	"fmt"

	"github.com/assent-io/assent/internal/consent"
)

// The units in which packed distances count, each a multiple of the one before. A distance is given in the longest that divides it.
//
//nolint:gochecknoglobals // A table that nothing changes.
var packedUnits = [4]int64{1, 1_000, 1_000_000, 86_400_000_000}

// beyondTime bounds the instants that a packed state has, so that no distance overflows: some time after the end of the year 9999.
const beyondTime = 1 << 58

// time appends an instant as its distance from another one, which mostly is short: none as 0, else one more than the distance in its
// unit, with its sign, times the four units, plus the unit.
func (p *packer) time(t, from consent.Instant) {
	if t == 0 {
		p.b = append(p.b, 0)
		return
	}
	if t <= -beyondTime || t >= beyondTime {
		p.err = fmt.Errorf("%w: a time that no packed state can hold", ErrEncoding)
		return
	}
	d, unit := int64(t-from), len(packedUnits)-1
	for d%packedUnits[unit] != 0 {
		unit--
	}
	d /= packedUnits[unit]
	p.b = binary.AppendUvarint(p.b, (uint64(d)<<1^uint64(d>>63))*4+uint64(unit)+1)
}

// time reads an instant. What has a second form is refused.
func (u *unpacker) time(from consent.Instant) consent.Instant {
	v := u.uvarint()
	if v == 0 {
		return 0
	}
	v--
	unit, z := v%4, v/4
	d := int64(z>>1) ^ -int64(z&1)
	scale := packedUnits[unit]
	if d <= -2*beyondTime/scale || d >= 2*beyondTime/scale {
		u.fail()
		return 0
	}
	d *= scale
	t := from + consent.Instant(d)
	if t == 0 || t <= -beyondTime || t >= beyondTime || unit < 3 && d%packedUnits[unit+1] == 0 {
		u.fail()
		return 0
	}
	return t
}
