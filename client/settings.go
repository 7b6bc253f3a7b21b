package client

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"

	"github.com/assent-io/assent/internal/secret"
)

// Settings say where a server is and with which key to call it, as the environment of a program has it.
type Settings struct {
	// Server is host:port; empty stands for DefaultServer.
	Server string
	// Key is the API key itself; it goes before KeyFile.
	Key Key
	// KeyFile is the path of a file with the API key.
	KeyFile string
	// CAFile is the path of a PEM file with the certificates to trust instead of the system's. It makes the connection one with TLS.
	CAFile string
}

// FromEnv reads the variables that the command line reads, too: ASSENT_SERVER, ASSENT_API_KEY, ASSENT_API_KEY_FILE and ASSENT_TLS_CA. It is
// called with os.LookupEnv. A variable that is empty or blank counts as unset. [Settings.Open] reads the files and refuses what is no key.
func FromEnv(lookup func(name string) (string, bool)) Settings {
	get := func(name string) string {
		text, _ := lookup(name)
		return strings.TrimSpace(text) // A variable that a file was read into ends with a newline, which no error would show.
	}
	s := Settings{Server: get("ASSENT_SERVER"), KeyFile: get("ASSENT_API_KEY_FILE"), CAFile: get("ASSENT_TLS_CA")}
	if text := get("ASSENT_API_KEY"); text != "" {
		s.Key = Key{secret.New(text)}
	}
	return s
}

// APIKey returns the key: Key, else that of KeyFile, else none, which is the zero Key.
func (s Settings) APIKey() (Key, error) {
	switch {
	case s.Key.Reveal() != "":
		key, err := ParseKey(s.Key.Reveal())
		if err != nil {
			return Key{}, fmt.Errorf("%w; it is what ASSENT_API_KEY says", err)
		}
		return key, nil
	case s.KeyFile != "":
		return ReadKeyFile(s.KeyFile)
	default:
		return Key{}, nil
	}
}

// Open makes a Client by the settings. The options are applied after them.
func (s Settings) Open(options ...Option) (*Client, error) {
	var all []Option
	key, err := s.APIKey()
	if err != nil {
		return nil, err
	}
	if key.Reveal() != "" {
		all = append(all, WithKey(key))
	}
	if s.CAFile != "" {
		roots, err := ReadCAFile(s.CAFile)
		if err != nil {
			return nil, err
		}
		all = append(all, WithTLS(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}))
	}
	server := s.Server
	if server == "" {
		server = DefaultServer
	}
	return New(server, append(all, options...)...)
}

// ReadCAFile returns the certificates of a PEM file.
func ReadCAFile(path string) (*x509.CertPool, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("certificates to trust: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("certificates to trust: %s does not contain a PEM certificate", path)
	}
	return pool, nil
}
