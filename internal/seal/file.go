package seal

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/signature"
)

// fileFormat is what a key file says it is.
const fileFormat = "assent-keys/1"

// keyFile is a key file: JSON, Tink keysets in clear, readable by its owner only. A keyset has its keys in the order in which they
// were added.
type keyFile struct {
	Format  string          `json:"format"`
	StoreID string          `json:"storeId"`
	Master  json.RawMessage `json:"master"`           // AEAD: seals evidence, addresses, answers, tokens
	Digest  json.RawMessage `json:"digest"`           // PRF: finds subjects
	Event   json.RawMessage `json:"event"`            // PRF: event keys; never rotated
	Signing json.RawMessage `json:"signing"`          // Ed25519: signs checkpoints
	Claims  json.RawMessage `json:"claims,omitempty"` // HPKE, public: seals for the officer
	// Unused says that no database has taken the keys yet: an empty one may.
	Unused bool `json:"unused,omitempty"`
	// Checksum is the SHA-256 of the rest in hex. Under a key with one wrong bit no refusal would be found. The first files have none.
	Checksum string `json:"checksum,omitempty"`
}

// Create makes a key file for a new store. It never replaces a file.
func Create(path string) (*Keys, error) {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	file := keyFile{Format: fileFormat, StoreID: hex.EncodeToString(id[:]), Unused: true}
	for _, part := range []struct {
		into     *json.RawMessage
		template *tinkpb.KeyTemplate
	}{
		{&file.Master, aead.AES256GCMKeyTemplate()},
		{&file.Digest, prf.HMACSHA256PRFKeyTemplate()},
		{&file.Event, prf.HMACSHA256PRFKeyTemplate()},
		{&file.Signing, signature.ED25519KeyWithoutPrefixTemplate()},
	} {
		var err error
		if *part.into, err = newKeyset(part.template); err != nil {
			return nil, fmt.Errorf("create key file: %w", err)
		}
	}
	data, err := file.encode()
	if err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	switch err := writeNew(path, data); {
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("the key file %s already exists; nothing was changed", path)
	case err != nil:
		return nil, fmt.Errorf("create key file: %w", err)
	}
	return Open(path)
}

// MarkUsed notes in the key file that a database has taken the keys. Of a file that says so already nothing changes.
func MarkUsed(path string) error {
	keys, err := Open(path)
	if err != nil || !keys.unused {
		return err
	}
	_, err = update(path, func(file *keyFile) error {
		file.Unused = false
		return nil
	})
	return err
}

// Unused reports whether no database had taken the keys when the file was read.
func (k *Keys) Unused() bool { return k.unused }

// encode returns the bytes of the file with its checksum.
func (f *keyFile) encode() ([]byte, error) {
	var err error
	if f.Checksum, err = f.sum(); err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(f, "", "  ")
	return append(data, '\n'), err
}

// sum returns the checksum of the file, however it is indented.
func (f *keyFile) sum() (string, error) {
	rest := *f
	rest.Checksum = ""
	data, err := json.Marshal(rest)
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), err
}

func newKeyset(template *tinkpb.KeyTemplate) (json.RawMessage, error) {
	handle, err := keyset.NewHandle(template)
	if err != nil {
		return nil, err
	}
	return writeKeyset(handle)
}

func writeKeyset(handle *keyset.Handle) (json.RawMessage, error) {
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&b)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Exists reports whether there is a file at the path.
func Exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Open reads a key file. A file that others than its owner may read is refused.
func Open(path string) (*Keys, error) {
	data, err := readPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	keys, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("open key file %s: %w", path, err)
	}
	return keys, nil
}

// readPrivate reads a file. It refuses one that other users than its owner may read.
func readPrivate(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("other users may read %s (mode %04o); change its mode to 0600", path, info.Mode().Perm())
	}
	return os.ReadFile(path)
}
