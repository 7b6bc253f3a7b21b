// Package column says how the values of the storage port stand in columns, for both adapters: the lists of columns, how
// small lists are packed into one, and how rows become values. A value that is "none" is NULL, and a column without bytes
// is read as nil, whatever the driver makes of it.
package column

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// The columns of the tables in the order of the migrations, the key first; of the head without its id, which is always 1.
const (
	Head = `store_id, keys_check, position, recorded_time, tree, catalog_version, clients_version, refs, digest_keys,
		fold_version, revision, refs_sum, catalogs_sum, undone, lists_sum`
	Events = `position, subject, event_key, kind, recorded_time, occurred_time, actor, batch, header, evidence, leaf_hash,
		tree_hashes`
	Subjects = `form, digest, subject, key_version, fold_version, address, erased_time`
	States   = `subject, position, state`
	Catalogs = `version, position, effective_time, recorded_time, sha256, document`
	Refs     = `number, kind, name`
	Requests = `id, body_mac, answer, expires_time, first_position, last_position`

	RequestPositions = `request, position, expires_time`

	Disclosures    = DisclosuresKey + `, count`
	DisclosuresKey = `subject, day, client, channel`
)

// What reads select: the columns that [ScanRecord], [ScanHashes] and [SubjectStates] expect, of the tables e (events), k (subjects)
// and s (states).
const (
	Record       = `e.position, e.recorded_time, e.header, e.evidence, e.leaf_hash, e.tree_hashes`
	Outline      = `e.position, e.subject, e.kind, e.occurred_time, e.evidence IS NOT NULL`
	Hashes       = `e.position, e.leaf_hash, e.tree_hashes`
	SubjectState = subject + `, s.position, s.state`
	// SubjectAlone leaves out the state.
	SubjectAlone = subject + `, NULL, NULL`
	subject      = `k.form, k.digest, k.subject, k.key_version, k.fold_version, k.address, k.erased_time`
)

// KindVoid is the number of the kind of events that count whenever they occurred.
const KindVoid = `11`

// In a compound select of one head and many subjects, NoHead stands for the columns of the head, NoSubjectState for the
// others.
const (
	NoHead         = `NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL`
	NoSubjectState = `NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL`

	headWidth         = 15
	subjectStateWidth = 9
)

// UniquePositions returns the positions in order, each once, in a slice of its own.
func UniquePositions(positions []int64) []int64 {
	unique := slices.Clone(positions)
	slices.Sort(unique)
	return slices.Compact(unique)
}

// UniqueIDs returns the ids in order, each once, in a slice of its own.
func UniqueIDs(ids []consent.SubjectID) []consent.SubjectID {
	unique := slices.Clone(ids)
	slices.SortFunc(unique, func(a, b consent.SubjectID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(unique)
}

// Histories puts the subjects together with what was read about them.
func Histories(ids []consent.SubjectID, states []storage.State, headers map[consent.SubjectID][][]byte) []storage.SubjectHistory {
	byID := make(map[consent.SubjectID]storage.State, len(states))
	for _, state := range states {
		byID[state.Subject] = state
	}
	histories := make([]storage.SubjectHistory, len(ids))
	for i, id := range ids {
		histories[i] = storage.SubjectHistory{ID: id, State: byID[id], Headers: headers[id]}
	}
	return histories
}

// NotNull returns b, or an empty slice for nil, for columns that must not be NULL.
func NotNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// OrNull returns b, or nil for no bytes, for columns in which NULL is none.
func OrNull(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return b
}

// HashOrNull returns the bytes of a hash, or nil for the zero hash.
func HashOrNull(hash [32]byte) []byte {
	if hash == ([32]byte{}) {
		return nil
	}
	return hash[:]
}

// IDOrNull returns the bytes of an id, or nil for the zero id.
func IDOrNull[ID ~[16]byte](id ID) []byte {
	if id == (ID{}) {
		return nil
	}
	return bytes.Clone(id[:])
}

// InstantOrNull returns the number of an instant, or nil for none.
func InstantOrNull(i consent.Instant) *int64 {
	if i == 0 {
		return nil
	}
	n := int64(i)
	return &n
}

// PositionOrNull returns a position, or nil for none.
func PositionOrNull(p int64) *int64 {
	if p == 0 {
		return nil
	}
	return &p
}

// PackKeys packs versions of keys, four bytes big endian each.
func PackKeys(versions []uint32) []byte {
	b := make([]byte, 0, 4*len(versions))
	for _, v := range versions {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

func unpackKeys(b []byte) ([]uint32, error) {
	if len(b)%4 != 0 {
		return nil, fmt.Errorf("digest_keys has %d bytes, which is not a multiple of 4", len(b))
	}
	var versions []uint32
	for ; len(b) > 0; b = b[4:] {
		versions = append(versions, binary.BigEndian.Uint32(b))
	}
	return versions, nil
}

// PackWords packs words, which have no spaces, into a text with a space between them.
func PackWords(words []string) string { return strings.Join(words, " ") }

// UnpackWords returns the words of a text that [PackWords] made.
func UnpackWords(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, " ")
}

// UniqueKeys returns the keys, each once, in the order of the table's key, in a slice of its own.
func UniqueKeys(keys []storage.SubjectKey) []storage.SubjectKey {
	unique := slices.Clone(keys)
	slices.SortFunc(unique, func(a, b storage.SubjectKey) int {
		if a.Form != b.Form {
			return int(a.Form) - int(b.Form)
		}
		return bytes.Compare(a.Digest[:], b.Digest[:])
	})
	return slices.Compact(unique)
}

// Last returns the rows without those that have a later row with the same key: the last counts, as if the rows were stored one by one.
// The slice given is not changed.
func Last[Row any, Key comparable](rows []Row, key func(*Row) Key) []Row {
	last := make(map[Key]int, len(rows))
	for i := range rows {
		last[key(&rows[i])] = i
	}
	if len(last) == len(rows) {
		return rows
	}
	kept := make([]Row, 0, len(last))
	for i := range rows {
		if last[key(&rows[i])] == i {
			kept = append(kept, rows[i])
		}
	}
	return kept
}

// Sum returns a sum of the head as it is stored: one that is not known is NULL.
func Sum(sum [32]byte) []byte {
	if sum == [32]byte{} {
		return nil
	}
	return sum[:]
}
