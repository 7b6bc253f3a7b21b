package connect

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/assent-io/assent/internal/config"
)

// AddFlags gives a command, and those below it, the flags of a client.
func (c *Options) AddFlags(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&c.Server, "server", DefaultServer, "gRPC address of the server, host:port (ASSENT_SERVER)")
	flags.StringVar(&c.APIKeyFile, "api-key-file", "",
		"file with the API key (ASSENT_API_KEY_FILE; ASSENT_API_KEY holds the key itself)")
	flags.BoolVar(&c.TLS, "tls", false, "use TLS on loopback as well; to other hosts it is used anyway")
	flags.StringVar(&c.TLSCA, "tls-ca", "", "PEM file with the certificates to trust instead of the system's; uses TLS (ASSENT_TLS_CA)")
	flags.BoolVar(&c.Insecure, "insecure", false, "no TLS to other hosts either: addresses and key go in clear")
	flags.DurationVar(&c.Timeout, "timeout", DefaultTimeout, "how long to wait for an answer; 0: as long as it takes")
	flags.StringVar(&c.Language, "language", "", "language of explanations, such as de")
	cmd.MarkFlagsMutuallyExclusive("tls", "insecure")
	cmd.MarkFlagsMutuallyExclusive("tls-ca", "insecure")
}

// ReadEnv takes from the environment what no flag says.
func (c *Options) ReadEnv(flags *pflag.FlagSet, env func(string) (string, bool)) {
	for _, v := range []struct {
		flag, name string
		value      *string
	}{
		{"server", "ASSENT_SERVER", &c.Server},
		{"api-key-file", "ASSENT_API_KEY_FILE", &c.APIKeyFile},
		{"tls-ca", "ASSENT_TLS_CA", &c.TLSCA},
	} {
		// A variable that a file was read into ends with a newline, which no error would show.
		if set, ok := env(v.name); ok && strings.TrimSpace(set) != "" && !flags.Changed(v.flag) {
			*v.value = strings.TrimSpace(set)
		}
	}
	if key, ok := env("ASSENT_API_KEY"); ok && strings.TrimSpace(key) != "" && !flags.Changed("api-key-file") {
		c.APIKey = config.NewSecret(strings.TrimSpace(key))
	}
}
