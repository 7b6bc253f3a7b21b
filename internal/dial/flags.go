package dial

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/assent-io/assent/internal/config"
)

const (
	// DefaultServer is where a server listens whose settings do not say where.
	DefaultServer = "127.0.0.1:50051"
	// defaultTimeout is how long is waited for the answer to a call that ends soon.
	defaultTimeout = 30 * time.Second
)

// Flags are what a command line and its environment say about the way to the server.
type Flags struct {
	Server     string // host:port
	APIKeyFile string
	TLS        bool
	TLSCA      string
	Insecure   bool
	Timeout    time.Duration // of a call; 0: none
	Language   string        // of explanations; empty: that of the server
	// APIKey is the key itself, where the environment holds it.
	APIKey config.Secret
}

// Add gives a command, and those below it, the flags of a client.
func (f *Flags) Add(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.Server, "server", DefaultServer, "gRPC address of the server, host:port (ASSENT_SERVER)")
	flags.StringVar(&f.APIKeyFile, "api-key-file", "",
		"file with the API key (ASSENT_API_KEY_FILE; ASSENT_API_KEY holds the key itself)")
	flags.BoolVar(&f.TLS, "tls", false, "use TLS on loopback as well; to other hosts it is used anyway")
	flags.StringVar(&f.TLSCA, "tls-ca", "", "PEM file with the certificates to trust instead of the system's; uses TLS (ASSENT_TLS_CA)")
	flags.BoolVar(&f.Insecure, "insecure", false, "no TLS to other hosts either: addresses and key go in clear")
	flags.DurationVar(&f.Timeout, "timeout", defaultTimeout, "how long to wait for an answer")
	flags.StringVar(&f.Language, "language", "", "language of explanations, such as de")
	cmd.MarkFlagsMutuallyExclusive("tls", "insecure")
	cmd.MarkFlagsMutuallyExclusive("tls-ca", "insecure")
}

// ReadEnv takes from the environment what no flag says.
func (f *Flags) ReadEnv(flags *pflag.FlagSet, env func(string) (string, bool)) {
	for _, v := range []struct {
		flag, name string
		value      *string
	}{
		{"server", "ASSENT_SERVER", &f.Server},
		{"api-key-file", "ASSENT_API_KEY_FILE", &f.APIKeyFile},
		{"tls-ca", "ASSENT_TLS_CA", &f.TLSCA},
	} {
		// A variable that a file was read into ends with a newline, which no error would show.
		if set, ok := env(v.name); ok && strings.TrimSpace(set) != "" && !flags.Changed(v.flag) {
			*v.value = strings.TrimSpace(set)
		}
	}
	if key, ok := env("ASSENT_API_KEY"); ok && strings.TrimSpace(key) != "" && !flags.Changed("api-key-file") {
		f.APIKey = config.NewSecret(strings.TrimSpace(key))
	}
}

// transport chooses between plain text and TLS: plain text only to this
// machine, or where --insecure says so.
func (f *Flags) transport(host string) (credentials.TransportCredentials, error) {
	if f.Insecure || (isLoopback(host) && !f.TLS && f.TLSCA == "") {
		return insecure.NewCredentials(), nil
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.TLSCA != "" {
		pem, err := os.ReadFile(f.TLSCA)
		if err != nil {
			return nil, fmt.Errorf("--tls-ca: %w", err)
		}
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--tls-ca: %s holds no PEM certificate", f.TLSCA)
		}
	}
	return credentials.NewTLS(settings), nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// key returns the API key of --api-key-file, ASSENT_API_KEY or
// ASSENT_API_KEY_FILE, the first that is given; empty without any.
func (f *Flags) key() (string, error) {
	if key := f.APIKey.Reveal(); key != "" {
		return checkKey(key, "ASSENT_API_KEY")
	}
	if f.APIKeyFile == "" {
		return "", nil
	}
	data, err := os.ReadFile(f.APIKeyFile)
	if err != nil {
		return "", fmt.Errorf("API key: %w", err)
	}
	return checkKey(strings.TrimSpace(string(data)), f.APIKeyFile)
}

// checkKey refuses what cannot be sent in a header, without repeating it.
func checkKey(key, from string) (string, error) {
	wrong := func(r rune) bool { return r <= ' ' || r > '~' }
	if key == "" || len(key) > 4096 || strings.ContainsFunc(key, wrong) {
		return "", fmt.Errorf("API key: %s does not hold one", from)
	}
	return key, nil
}
