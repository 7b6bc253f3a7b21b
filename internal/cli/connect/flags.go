package connect

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/assent-io/assent/client"
)

// AddFlags gives a command, and those below it, the flags of a client.
func (c *Options) AddFlags(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&c.Server, "server", client.DefaultServer, "gRPC address of the server, host:port (ASSENT_SERVER)")
	flags.StringVar(&c.KeyFile, "api-key-file", "",
		"file with the API key (ASSENT_API_KEY_FILE; ASSENT_API_KEY holds the key itself)")
	flags.BoolVar(&c.TLS, "tls", false, "use TLS on loopback as well; to other hosts it is used anyway")
	flags.StringVar(&c.CAFile, "tls-ca", "", "PEM file with the certificates to trust instead of the system's; uses TLS (ASSENT_TLS_CA)")
	flags.BoolVar(&c.Insecure, "insecure", false, "no TLS to other hosts either: addresses and key go in clear")
	flags.DurationVar(&c.Timeout, "timeout", client.DefaultTimeout, "how long to wait for an answer; 0: as long as it takes")
	flags.StringVar(&c.Language, "language", "", "language of explanations, such as de")
	cmd.MarkFlagsMutuallyExclusive("tls", "insecure")
	cmd.MarkFlagsMutuallyExclusive("tls-ca", "insecure")
}

// ReadEnv takes from the environment what no flag says.
func (c *Options) ReadEnv(flags *pflag.FlagSet, env func(string) (string, bool)) {
	set := client.FromEnv(env)
	for _, v := range []struct {
		flag, set string
		value     *string
	}{
		{"server", set.Server, &c.Server},
		{"api-key-file", set.KeyFile, &c.KeyFile},
		{"tls-ca", set.CAFile, &c.CAFile},
	} {
		if v.set != "" && !flags.Changed(v.flag) {
			*v.value = v.set
		}
	}
	if !flags.Changed("api-key-file") {
		c.Key = set.Key
	}
}
