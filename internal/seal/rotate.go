package seal

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/signature"
)

// Rotatable returns the keysets that can be rotated. That of event keys cannot: they must be the same for the same fact forever.
func Rotatable() []Keyset { return []Keyset{KeysetMaster, KeysetDigest, KeysetSigning} }

// AddKey is the first step of a rotation: it adds a new key to a keyset of the file, which makes nothing yet. The second, [PromoteKey],
// follows when every server has the file, so that none ever meets what it has no key for. A keyset that already has a key
// of which that is due is refused.
func AddKey(path string, of Keyset) (KeyInfo, error) {
	return rotate(path, of, func(m *keyset.Manager, infos []KeyInfo) (uint32, error) {
		if due := next(infos); len(due) > 0 {
			return 0, fmt.Errorf("the keyset %s already has a key that waits for its promotion: %d", of, due[0].ID)
		}
		template, err := templateOf(of)
		if err != nil {
			return 0, err
		}
		return m.Add(template)
	})
}

// PromoteKey is the second step of a rotation: it makes the key that [AddKey] added the primary one. The old ones stay: what was made with
// them must still be found, opened and verified.
func PromoteKey(path string, of Keyset) (KeyInfo, error) {
	return rotate(path, of, func(m *keyset.Manager, infos []KeyInfo) (uint32, error) {
		due := next(infos)
		if len(due) == 0 {
			return 0, fmt.Errorf("the keyset %s has no key to promote: add one first, and give the file to every server", of)
		}
		id := due[len(due)-1].ID
		return id, m.SetPrimary(id)
	})
}

func templateOf(of Keyset) (*tinkpb.KeyTemplate, error) {
	switch of {
	case KeysetMaster:
		return aead.AES256GCMKeyTemplate(), nil
	case KeysetDigest:
		return prf.HMACSHA256PRFKeyTemplate(), nil
	case KeysetSigning:
		return signature.ED25519KeyWithoutPrefixTemplate(), nil
	default:
		return nil, fmt.Errorf("the keyset %s cannot be rotated", of)
	}
}

func next(infos []KeyInfo) []KeyInfo {
	return slices.DeleteFunc(slices.Clone(infos), func(i KeyInfo) bool { return i.Use != UseNext })
}

// rotate replaces the file by one in which a keyset was changed, and tells the key that step returned the id of.
func rotate(path string, of Keyset, step func(*keyset.Manager, []KeyInfo) (uint32, error)) (KeyInfo, error) {
	if !slices.Contains(Rotatable(), of) {
		return KeyInfo{}, fmt.Errorf("the keyset %s cannot be rotated", of)
	}
	var id uint32
	keys, err := update(path, func(file *keyFile) (err error) {
		part := map[Keyset]*json.RawMessage{KeysetMaster: &file.Master, KeysetDigest: &file.Digest, KeysetSigning: &file.Signing}[of]
		handle, err := readKeyset(*part)
		if err != nil {
			return err
		}
		infos, _, err := infosOf(of, handle)
		if err != nil {
			return err
		}
		manager := keyset.NewManagerFromHandle(handle)
		if id, err = step(manager, infos); err != nil {
			return err
		}
		if handle, err = manager.Handle(); err != nil {
			return err
		}
		*part, err = writeKeyset(handle)
		return err
	})
	if err != nil {
		return KeyInfo{}, err
	}
	infos := keys.List()
	at := slices.IndexFunc(infos, func(i KeyInfo) bool { return i.Keyset == of && i.ID == id })
	if at < 0 {
		return KeyInfo{}, errors.New("the new key is not in the key file")
	}
	return infos[at], nil
}

// update replaces a key file by a changed one, which must still have all keys of the old one. It returns an error for a
// file that is not valid. Concurrent updates wait for each other.
func update(path string, change func(*keyFile) error) (_ *Keys, err error) {
	resolved, err := filepath.EvalSymlinks(path) // A link stays one.
	if err != nil {
		return nil, fmt.Errorf("change key file: %w", err)
	}
	unlock, err := lockFolder(filepath.Dir(resolved))
	if err != nil {
		return nil, fmt.Errorf("change key file %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	before, err := readPrivate(resolved)
	if err != nil {
		return nil, fmt.Errorf("change key file: %w", err)
	}
	keys, data, err := changed(before, change)
	if err != nil {
		return nil, fmt.Errorf("change key file %s: %w; nothing was changed", path, err)
	}
	if err := replace(resolved, data); err != nil {
		return nil, fmt.Errorf("change key file: %w", err)
	}
	return keys, nil
}

// changed returns the changed file and its keys, which are read from it as a server will read them.
func changed(before []byte, change func(*keyFile) error) (*Keys, []byte, error) {
	old, err := parse(before)
	if err != nil {
		return nil, nil, err
	}
	file, _, err := decodeFile(before)
	if err != nil {
		return nil, nil, err
	}
	if err := change(file); err != nil {
		return nil, nil, err
	}
	data, err := file.encode()
	if err != nil {
		return nil, nil, err
	}
	keys, err := parse(data)
	if err != nil {
		return nil, nil, err
	}
	_, err = old.Take(keys)
	return keys, data, err
}
