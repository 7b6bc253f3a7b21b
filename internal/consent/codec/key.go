package codec

import (
	"encoding/binary"

	"github.com/assent-io/assent/internal/consent"
)

// EventKeyInput returns the bytes that an event's key is a keyed digest of: what was given, as it was given. The exact
// address is part of it only where the event stays after an erasure, for every spelling of a folded subject may state the
// same fact; of all else only the subject links it to a person, so that after an erasure not even a holder of all keys can
// find it by the address.
func EventKeyInput(occurred consent.Instant, f *consent.Facts, exact string, v *consent.Evidence) []byte {
	b := []byte("assent/1/event\x00")
	b = binary.BigEndian.AppendUint64(b, uint64(occurred))
	given := *f
	given.Tagged = false // follows from the exact address and the version of the fold table
	if f.Kind == consent.KindRequest {
		given.Expires = 0 // Comes from the policy, not from the caller that states the fact.
	}
	b = appendLengthPrefixed(b, consent.AppendFacts(nil, &given))
	if !f.Kind.OutlivesErasure() {
		exact = ""
	}
	b = appendLengthPrefixed(b, []byte(exact))
	without := *v
	without.Address = ""
	return AppendEvidence(b, &without)
}

func appendLengthPrefixed(b, part []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(part)))
	return append(b, part...)
}
