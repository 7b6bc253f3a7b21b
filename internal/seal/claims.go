package seal

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/tink-crypto/tink-go/v2/hybrid"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// claimsFormat is what an officer's file says it is, and purposeClaim what is sealed for its key.
const (
	claimsFormat         = "assent-claims-key/1"
	purposeClaim Purpose = "assent/1/claim/" // of a claim's id
)

// claimsFile is the officer's file: JSON, one Tink keyset in clear, the private key to what is kept for the defence of claims.
type claimsFile struct {
	Format  string          `json:"format"`
	StoreID string          `json:"storeId"`
	Keyset  json.RawMessage `json:"keyset"`
}

// claimsKey is the public key that seals for the officer.
type claimsKey struct {
	id      uint32
	encrypt tink.HybridEncrypt
}

// Claims is the officer's key. It is safe for concurrent use.
type Claims struct {
	storeID [16]byte
	id      uint32
	decrypt tink.HybridDecrypt
}

// CreateClaims makes a key pair for what is kept for the defence of claims: the private key goes to the officer's file, which must not
// exist yet, the public one into the key file, in place of that of an earlier pair. What was sealed for the earlier pair opens with the
// earlier officer's file only.
func CreateClaims(path, officer string) (KeyInfo, error) {
	handle, err := keyset.NewHandle(hybrid.DHKEM_X25519_HKDF_SHA256_HKDF_SHA256_AES_256_GCM_Key_Template())
	if err != nil {
		return KeyInfo{}, fmt.Errorf("create claims key: %w", err)
	}
	keys, err := Open(path)
	if err != nil {
		return KeyInfo{}, err
	}
	// Write the officer's file first: there must never be data that no key can decrypt.
	if err := writeClaims(officer, keys.storeID, handle); err != nil {
		return KeyInfo{}, err
	}
	keys, err = update(path, func(file *keyFile) error {
		public, err := handle.Public()
		if err != nil {
			return err
		}
		file.Claims, err = writeKeyset(public)
		return err
	})
	if err != nil {
		return KeyInfo{}, fmt.Errorf("%w; %s was written, but is of no use unless the key file has its public key", err, officer)
	}
	return KeyInfo{Keyset: KeysetClaims, ID: keys.held.Load().claims.id, Use: UsePrimary}, nil
}

func writeClaims(path string, store [16]byte, handle *keyset.Handle) error {
	file := claimsFile{Format: claimsFormat, StoreID: hex.EncodeToString(store[:])}
	var err error
	if file.Keyset, err = writeKeyset(handle); err != nil {
		return fmt.Errorf("create claims key: %w", err)
	}
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return fmt.Errorf("create claims key: %w", err)
	}
	switch err := writeNew(path, append(data, '\n')); {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("the file %s already exists; nothing was changed", path)
	case err != nil:
		return fmt.Errorf("create claims key: %w", err)
	}
	return nil
}

// readClaims reads the keyset of the public key. A private one has no place in a server's file.
func readClaims(handle *keyset.Handle) (*claimsKey, error) {
	primary, err := handle.Primary()
	if err != nil || handle.Len() != 1 {
		return nil, errors.New("it is damaged")
	}
	encrypt, err := hybrid.NewHybridEncrypt(handle)
	if err != nil {
		return nil, errors.New("it is not a public key for encryption")
	}
	return &claimsKey{id: primary.KeyID(), encrypt: encrypt}, nil
}

// HasClaimsKey reports whether anything can be sealed for the officer.
func (k *Keys) HasClaimsKey() bool { return k.held.Load().claims != nil }

// SealClaim seals what is kept for the defence of claims, for the officer alone: these keys cannot open it. The id is of the claim.
func (k *Keys) SealClaim(id [16]byte, plain []byte) ([]byte, error) {
	claims := k.held.Load().claims
	if claims == nil {
		return nil, errors.New("the key file has no claims key: create one with `assent keys claims --out FILE`")
	}
	sealed, err := claims.encrypt.Encrypt(plain, append([]byte(purposeClaim), id[:]...))
	if err != nil {
		return nil, fmt.Errorf("encrypt a claim: %w", err)
	}
	return sealed, nil
}

// OpenClaims reads an officer's file. One that others than its owner may read is refused.
func OpenClaims(path string) (*Claims, error) {
	data, err := readPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("open claims key: %w", err)
	}
	claims, err := parseClaims(data)
	if err != nil {
		return nil, fmt.Errorf("open claims key %s: %w", path, err)
	}
	return claims, nil
}

func parseClaims(data []byte) (*Claims, error) {
	var file claimsFile
	if err := decodeOne(data, &file); err != nil {
		return nil, errors.New("it is not an officer's claims key, or is damaged") // The decoder's text could repeat key material.
	}
	id, err := hex.DecodeString(file.StoreID)
	if file.Format != claimsFormat || err != nil || len(id) != 16 {
		return nil, fmt.Errorf("it is not a claims key of the format %s", claimsFormat)
	}
	handle, err := readKeyset(file.Keyset)
	if err != nil {
		return nil, fmt.Errorf("keyset: %w", err)
	}
	primary, err := handle.Primary()
	if err != nil {
		return nil, errors.New("keyset: it is damaged")
	}
	c := &Claims{storeID: [16]byte(id), id: primary.KeyID()}
	if c.decrypt, err = hybrid.NewHybridDecrypt(handle); err != nil {
		return nil, errors.New("keyset: it is not a private key for claims")
	}
	return c, nil
}

// StoreID returns the id of the store that the key was made for.
func (c *Claims) StoreID() [16]byte { return c.storeID }

// Open returns what was sealed for the claim with the id. The error is an [ErrOpen]; it says so if another pair's key is needed.
func (c *Claims) Open(id [16]byte, sealed []byte) ([]byte, error) {
	if under, ok := sealedUnder(sealed); ok && under != c.id {
		return nil, fmt.Errorf("it was encrypted for the claims key %d, but this file has the key %d: %w", under, c.id, ErrOpen)
	}
	plain, err := c.decrypt.Decrypt(sealed, append([]byte(purposeClaim), id[:]...))
	if err != nil {
		return nil, ErrOpen
	}
	return plain, nil
}
