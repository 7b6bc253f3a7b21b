package seal

import (
	"fmt"
	"slices"
)

// receiptPrefix sets the digests in receipts apart from those of subjects and spellings. Without the keys, a receipt
// and the database together do not tell which subject it is about.
const receiptPrefix = "assent/1/email/receipt\x00"

// ReceiptDigest returns the digest of the exact form of an address for a new receipt.
func (k *Keys) ReceiptDigest(exact string) (Digest, error) {
	return receiptDigest(k.held.Load().digests[0], exact), nil
}

// ReceiptDigestUnder returns the digest of the exact form of an address under the version of the digest key that a receipt names.
func (k *Keys) ReceiptDigestUnder(version uint32, exact string) (Digest, error) {
	digests := k.held.Load().digests
	i := slices.IndexFunc(digests, func(m *mac) bool { return m.id == version })
	if i < 0 {
		return Digest{}, fmt.Errorf("keyed digest: the key file lacks digest key %d", version)
	}
	return receiptDigest(digests[i], exact), nil
}

func receiptDigest(m *mac, exact string) Digest {
	return Digest{Version: m.id, Sum: m.sum(receiptPrefix, []byte(exact))}
}
