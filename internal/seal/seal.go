// Package seal keeps what is private: it finds addresses by keyed digests, seals personal data, and signs. Its keys are Tink keysets
// in one file (see [Create] and [Open]); docs/storage-format.md says what is digested and sealed under which of them.
package seal

import (
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/key"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/assent-io/assent/internal/consent"
)

// The errors of what cannot be opened.
var (
	// ErrOpen: it was not sealed under these keys, or not as what it is opened as, or was altered.
	ErrOpen = errors.New("it was not encrypted with these keys, or was altered")
	// ErrKeyMissing: it names a master key that these keys are without. It is an [ErrOpen], too.
	ErrKeyMissing = fmt.Errorf("the key file lacks the master key that it was encrypted with: %w", ErrOpen)
)

// Purpose says what is sealed. One cannot be opened as another.
type Purpose string

// The purposes. They are stored implicitly and never change.
const (
	PurposeEvidence Purpose = "assent/1/evidence/" // of an event key
	PurposeAddress  Purpose = "assent/1/address/"  // of a subject id
	PurposeAnswer   Purpose = "assent/1/answer/"   // of a request's id
	PurposeToken    Purpose = "assent/1/token/"    // of nothing
	PurposePage     Purpose = "assent/1/page/"     // of a method and filter
	PurposeFeed     Purpose = "assent/1/feed/"     // of nothing

	PurposeListHash    Purpose = "assent/1/listhash/"    // of a folded subject's id and a spelling, or of a digest of a kept erasure
	PurposeConsumerKey Purpose = "assent/1/consumerkey/" // of a consumer's id
	PurposeFeedRemoval Purpose = "assent/1/feedremoval/" // of a removal's id

	PurposeWebhookURL    Purpose = "assent/1/webhookurl/"    // of a webhook's id
	PurposeWebhookSecret Purpose = "assent/1/webhooksecret/" // of a webhook's id
	PurposeDelivery      Purpose = "assent/1/delivery/"      // of the id of a message

	PurposeImport Purpose = "assent/1/import/" // of the id of an import
	PurposeHint   Purpose = "assent/1/hint/"   // of the id of a hint
	PurposeSource Purpose = "assent/1/source/" // of the id of a source
	PurposeSend   Purpose = "assent/1/send/"   // of the id of a send, and of a comment of it the number

	PurposeCase      Purpose = "assent/1/case/"      // of the id of a case, 8 bytes, the highest first
	PurposeCaseEntry Purpose = "assent/1/caseentry/" // of the id of a case and 4 bytes of the entry's number
)

// Keys are the keys of one store. They are safe for concurrent use, also while [Keys.Take] takes up those of a changed
// file. Each method uses the keys of one file. A caller that needs the same keys for several calls takes a
// [Keys.Snapshot].
type Keys struct {
	storeID [16]byte
	unused  bool
	event   *mac // never rotated
	list    *listKey
	links   *linkKey
	held    atomic.Pointer[keysets]
}

// keysets are the keys of a file that can be rotated. They are never changed.
type keysets struct {
	master    tink.AEAD
	masterIDs []uint32
	digests   []*mac       // the one for new rows first
	hashers   sync.Pool    // of digests
	signing   []signingKey // the one that signs first
	claims    *claimsKey   // nil: none
	infos     []KeyInfo
	keys      []key.Key // of infos
}

// Snapshot returns the keys as they are now, which no Take changes.
func (k *Keys) Snapshot() *Keys {
	same := &Keys{storeID: k.storeID, event: k.event, list: k.list, links: k.links}
	same.held.Store(k.held.Load())
	return same
}

// Same reports whether both have the same keys, taken up from the same file at the same time.
func (k *Keys) Same(other *Keys) bool { return k.held.Load() == other.held.Load() }

// Take takes up the keys of a changed file. Those of another store are refused, and those that lack one that is held: something may
// have been found, sealed or signed with it. It reports whether anything is new.
func (k *Keys) Take(changed *Keys) (bool, error) {
	check, err := changed.Check()
	if err != nil {
		return false, err
	}
	if err := k.Verify(changed.storeID, check); err != nil {
		return false, err
	}
	before, after := k.held.Load(), changed.held.Load()
	if err := after.holdAll(before); err != nil {
		return false, err
	}
	k.held.Store(after)
	return !slices.Equal(before.infos, after.infos), nil
}

// holdAll returns an error if the keysets lack a key of others. The public key of claims may be replaced: nothing is opened with it.
func (s *keysets) holdAll(others *keysets) error {
	for i, other := range others.infos {
		if other.Keyset == KeysetClaims {
			continue
		}
		at := slices.IndexFunc(s.infos, func(own KeyInfo) bool { return own.Keyset == other.Keyset && own.ID == other.ID })
		if at < 0 || !s.keys[at].Equal(others.keys[i]) {
			return fmt.Errorf("the new key file lacks the key %d of the keyset %s, which the old file has", other.ID, other.Keyset)
		}
	}
	return nil
}

// Digest is a keyed digest of a form of an address.
type Digest struct {
	Version uint32
	Sum     [32]byte
}

// StoreID returns the id of the store that the keys belong to.
func (k *Keys) StoreID() [16]byte { return k.storeID }

// DigestVersions returns the versions of the digest keys, the one for new rows first.
func (k *Keys) DigestVersions() []uint32 {
	digests := k.held.Load().digests
	versions := make([]uint32, len(digests))
	for i, d := range digests {
		versions[i] = d.id
	}
	return versions
}

// LacksDigest returns the first of the versions of which there is no digest key, and whether there is one.
func (k *Keys) LacksDigest(versions []uint32) (uint32, bool) {
	digests := k.held.Load().digests
	for _, v := range versions {
		if !slices.ContainsFunc(digests, func(d *mac) bool { return d.id == v }) {
			return v, true
		}
	}
	return 0, false
}

// Check returns what a store keeps to know its keys again.
func (k *Keys) Check() ([]byte, error) {
	sum := k.event.sum("assent/1/store\x00", k.storeID[:])
	return sum[:], nil
}

// Verify returns an error unless the keys are those of the store with the id and check.
func (k *Keys) Verify(storeID [16]byte, check []byte) error {
	own, err := k.Check()
	if err != nil {
		return err
	}
	if storeID != k.storeID || !hmac.Equal(own, check) {
		return errors.New("the key file belongs to another database; give the key file that was made for this one " +
			"(without it no data in the database can be found or decrypted)")
	}
	return nil
}

// EventKey returns the key of the event with the facts in input, as made by codec.EventKeyInput.
func (k *Keys) EventKey(input []byte) (consent.EventKey, error) {
	sum := k.event.sum("", input)
	return consent.EventKey(sum[:16]), nil
}

// Mailbox returns what stands for a folded subject where its exact ones are listed: without the key nothing leads from one to the other. It is
// made of the digest that the folded subject is found by.
func (k *Keys) Mailbox(folded [32]byte) [16]byte {
	sum := k.event.sum("assent/1/mailbox\x00", folded[:])
	return [16]byte(sum[:16])
}

// BodyMAC returns the digest of a request's body, by which a repetition is known.
func (k *Keys) BodyMAC(body []byte) ([]byte, error) {
	sum := k.event.sum("assent/1/request\x00", body)
	return sum[:], nil
}

// Seal seals plain for a purpose; of is what it belongs to.
func (k *Keys) Seal(purpose Purpose, of, plain []byte) ([]byte, error) {
	sealed, err := k.held.Load().master.Encrypt(plain, append([]byte(purpose), of...))
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return sealed, nil
}

// Open returns what was sealed for the purpose and for what it belongs to. The error is [ErrOpen] or [ErrKeyMissing].
func (k *Keys) Open(purpose Purpose, of, sealed []byte) ([]byte, error) {
	held := k.held.Load()
	plain, err := held.master.Decrypt(sealed, append([]byte(purpose), of...))
	if err == nil {
		return plain, nil
	}
	if id, ok := sealedUnder(sealed); ok && !slices.Contains(held.masterIDs, id) {
		return nil, ErrKeyMissing
	}
	return nil, ErrOpen
}

// sealedUnder returns the id of the key that sealed bytes name: Tink puts the byte 1 and the id before them.
func sealedUnder(sealed []byte) (uint32, bool) {
	if len(sealed) < 5 || sealed[0] != 1 {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:5]), true
}
