package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/signature"
)

// fileFormat is what a key file says it is.
const fileFormat = "assent-keys/1"

// keyFile is a key file: JSON, four Tink keysets in clear, readable by its owner only.
type keyFile struct {
	Format  string          `json:"format"`
	StoreID string          `json:"storeId"`
	Master  json.RawMessage `json:"master"`  // AEAD: seals evidence, addresses, answers, tokens
	Digest  json.RawMessage `json:"digest"`  // PRF: finds subjects
	Event   json.RawMessage `json:"event"`   // PRF: event keys; never rotated
	Signing json.RawMessage `json:"signing"` // Ed25519: signs checkpoints
}

// Create makes a key file for a new store. It never replaces a file.
func Create(path string) (*Keys, error) {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	file := keyFile{Format: fileFormat, StoreID: hex.EncodeToString(id[:])}
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
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	switch err := writeNew(path, append(data, '\n')); {
	case errors.Is(err, fs.ErrExist):
		return nil, fmt.Errorf("there is already a key file %s; nothing was changed", path)
	case err != nil:
		return nil, fmt.Errorf("create key file: %w", err)
	}
	return Open(path)
}

func newKeyset(template *tinkpb.KeyTemplate) (json.RawMessage, error) {
	handle, err := keyset.NewHandle(template)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&b)); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writeNew writes a file that must not exist yet, whole or not at all, and makes it durable: with it everything that it sealed
// would be lost.
func writeNew(path string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil { // Unlike a renaming it replaces nothing.
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
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
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("open key file: others may read %s (mode %04o); make it 0600", path, info.Mode().Perm())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open key file: %w", err)
	}
	keys, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("open key file %s: %w", path, err)
	}
	return keys, nil
}

func parse(data []byte) (*Keys, error) {
	var file keyFile
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, errors.New("it is not a key file, or is damaged") // The decoder's text could repeat key material.
	}
	id, err := hex.DecodeString(file.StoreID)
	if file.Format != fileFormat || err != nil || len(id) != 16 {
		return nil, fmt.Errorf("it is not a key file of the format %s", fileFormat)
	}
	k := &Keys{storeID: [16]byte(id)}
	handle, err := readKeyset(file.Master)
	if err != nil {
		return nil, fmt.Errorf("master keyset: %w", err)
	}
	if k.master, err = aead.New(handle); err != nil {
		return nil, errors.New("master keyset: it is not one for sealing")
	}
	digest, err := readPRFs(file.Digest)
	if err != nil {
		return nil, fmt.Errorf("digest keyset: %w", err)
	}
	for version, p := range digest.PRFs {
		k.digests = append(k.digests, digestKey{version: version, prf: p})
	}
	slices.SortFunc(k.digests, func(a, b digestKey) int {
		if (a.version == digest.PrimaryID) != (b.version == digest.PrimaryID) {
			if a.version == digest.PrimaryID {
				return -1
			}
			return 1
		}
		return int(int64(a.version) - int64(b.version))
	})
	event, err := readPRFs(file.Event)
	if err != nil {
		return nil, fmt.Errorf("event keyset: %w", err)
	}
	k.event = event.PRFs[event.PrimaryID]
	if k.signing, err = readSigning(file.Signing); err != nil {
		return nil, fmt.Errorf("signing keyset: %w", err)
	}
	return k, nil
}

func readPRFs(data json.RawMessage) (*prf.Set, error) {
	handle, err := readKeyset(data)
	if err != nil {
		return nil, err
	}
	set, err := prf.NewPRFSet(handle)
	if err != nil {
		return nil, errors.New("it is not one for keyed digests")
	}
	return set, nil
}

func readKeyset(data json.RawMessage) (*keyset.Handle, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(data)))
	if err != nil {
		return nil, errors.New("it is missing or damaged")
	}
	return handle, nil
}
