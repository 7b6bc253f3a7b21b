package seal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// parse reads a key file. All of it must be right.
func parse(data []byte) (*Keys, error) {
	file, id, err := decodeFile(data)
	if err != nil {
		return nil, err
	}
	k, held := &Keys{storeID: id, unused: file.Unused}, &keysets{}
	for _, part := range []struct {
		name Keyset
		data json.RawMessage
		read func(*keyset.Handle) error
	}{
		{KeysetMaster, file.Master, held.readMaster},
		{KeysetDigest, file.Digest, held.readDigests},
		{KeysetEvent, file.Event, k.readEvent},
		{KeysetSigning, file.Signing, func(h *keyset.Handle) (err error) { held.signing, err = readSigning(h); return err }},
		{KeysetClaims, file.Claims, func(h *keyset.Handle) (err error) { held.claims, err = readClaims(h); return err }},
	} {
		if part.name == KeysetClaims && len(part.data) == 0 {
			continue
		}
		if err := held.read(part.name, part.data, part.read); err != nil {
			return nil, fmt.Errorf("%s keyset: %w", part.name, err)
		}
	}
	k.held.Store(held)
	return k, nil
}

// decodeFile reads the frame of a key file, with its keysets as they are.
func decodeFile(data []byte) (*keyFile, [16]byte, error) {
	var file keyFile
	if err := decodeOne(data, &file); err != nil {
		return nil, [16]byte{}, errors.New("it is not a key file, or is damaged") // The decoder's text could repeat key material.
	}
	id, err := hex.DecodeString(file.StoreID)
	if file.Format != fileFormat || err != nil || len(id) != 16 {
		return nil, [16]byte{}, fmt.Errorf("it is not a key file of the format %s", fileFormat)
	}
	if sum, err := file.sum(); err != nil || (file.Checksum != "" && file.Checksum != sum) {
		return nil, [16]byte{}, errors.New("it is damaged: the checksum does not match")
	}
	return &file, [16]byte(id), nil
}

// decodeOne decodes one value with nothing behind it: what is not read would be lost when the file is replaced.
func decodeOne(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more data after it")
	}
	return nil
}

// read reads a keyset, and notes its keys.
func (s *keysets) read(name Keyset, data json.RawMessage, use func(*keyset.Handle) error) error {
	if name == KeysetSigning && len(data) == 0 {
		return errors.New("it is missing: the file was made by a program older than the ledger's checkpoints; create a new one " +
			"with `assent keys create` for a new database")
	}
	handle, err := readKeyset(data)
	if err != nil {
		return err
	}
	if err := use(handle); err != nil {
		return err
	}
	infos, keys, err := infosOf(name, handle)
	s.infos, s.keys = append(s.infos, infos...), append(s.keys, keys...)
	return err
}

func (s *keysets) readMaster(handle *keyset.Handle) (err error) {
	if s.master, err = aead.New(handle); err != nil {
		return errors.New("it is not a key for encryption")
	}
	for _, key := range handle.KeysetInfo().GetKeyInfo() {
		s.masterIDs = append(s.masterIDs, key.GetKeyId())
	}
	return nil
}

func (s *keysets) readDigests(handle *keyset.Handle) (err error) {
	s.digests, err = readMACs(handle)
	return err
}

func (k *Keys) readEvent(handle *keyset.Handle) error {
	macs, err := readMACs(handle)
	if err != nil {
		return err
	}
	k.event, k.list = macs[0], newListKey(macs[0], k.storeID)
	k.links, err = newLinkKey(macs[0], k.storeID)
	return err
}

func readKeyset(data json.RawMessage) (*keyset.Handle, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(data)))
	if err != nil {
		return nil, errors.New("it is missing or damaged")
	}
	return handle, nil
}
