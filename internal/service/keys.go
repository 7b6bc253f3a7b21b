package service

import (
	"github.com/assent-io/assent/internal/seal"
)

// TakeKeys takes up the keys of a changed key file, and reports whether anything in it is new. Those of another store are refused,
// and those that lack one that is in use; the old ones stay then.
func (s *Service) TakeKeys(changed *seal.Keys) (bool, error) { return s.keys.Take(changed) }
