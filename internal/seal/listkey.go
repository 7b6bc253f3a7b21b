package seal

import (
	"fmt"

	"github.com/assent-io/assent/internal/consent"
)

// listKeyPrefix sets the list key apart from everything else that is made with the event key.
const listKeyPrefix = "assent/1/list\x00"

// listKey is the list key of a store: HMAC-SHA-256 of [listKeyPrefix] and the store id under the event key. It is as permanent as that key is: the hashes
// that an erasure keeps are made with it when the address is known for the last time.
type listKey struct {
	bytes [32]byte
	mac   *mac
}

func newListKey(event *mac, storeID [16]byte) *listKey {
	k := &listKey{bytes: event.sum(listKeyPrefix, storeID[:])}
	k.mac = newMAC(0, k.bytes[:])
	return k
}

// ListKey returns the list key of the store. Each keyed consumer of the change feed has it beside a key of its own, and can hash addresses
// with both. It reveals no other key.
func (k *Keys) ListKey() [32]byte { return k.list.bytes }

// ListHash returns the inner hash of a canonical form of an address on the lists of keyed consumers: HMAC-SHA-256 of "assent/1/email/FORM",
// a zero byte and the text under the list key, with the form exact, folded or domain. What a consumer is given is the HMAC-SHA-256 of it
// under the consumer's own key.
func (k *Keys) ListHash(form consent.Form, canonical string) ([32]byte, error) {
	if form == consent.FormMail {
		return [32]byte{}, fmt.Errorf("list hash: unknown form %d", form)
	}
	prefix, err := prefixOf(form)
	if err != nil {
		return [32]byte{}, err
	}
	return k.list.mac.sum(prefix, []byte(canonical)), nil
}
