package service

import (
	"errors"
	"slices"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/storage"
)

// holds returns an error unless there is a digest key for every version that the head names: who probes fewer versions than rows were
// made under misses a no.
func holds(keys *seal.Keys, head *storage.Head) error {
	version, lacks := keys.LacksDigest(head.DigestKeys)
	if !lacks {
		return nil
	}
	return fault.Errorf(fault.KeyMissing, "", "this server's key file lacks the digest key %d that the database uses; give it "+
		"the key file that the other servers have", version)
}

// errStaleKeys ends a transaction of a member whose places were made before the server took up a key that the head names. It is no
// refusal of the member, for that may have changed the work by then.
var errStaleKeys = errors.New("a member's places lack a digest key that the head names")

// staleKeys is what errStaleKeys is to a caller.
func staleKeys() *fault.Error {
	return fault.Errorf(fault.Unavailable, "", "the server took up a new key meanwhile; try again")
}

// nameDigest makes the head name a version of the digest key, for new rows. The head is stored with the row that is the first of it at the
// latest, so from that transaction on every server that lacks the key refuses to answer.
func nameDigest(head *storage.Head, version uint32) {
	if !slices.Contains(head.DigestKeys, version) {
		head.DigestKeys = append([]uint32{version}, head.DigestKeys...)
	}
}

// TakeKeys takes up the keys of a changed key file, and reports whether anything in it is new. Those of another store are refused,
// and those that lack one that is in use; the old ones stay then.
func (s *Service) TakeKeys(changed *seal.Keys) (bool, error) { return s.keys.Take(changed) }
