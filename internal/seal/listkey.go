package seal

import (
	"fmt"

	"github.com/assent-io/assent/internal/consent"
)

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
