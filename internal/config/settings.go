package config

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/period"
)

// A setting is a row of the table that everything else follows from.
type setting struct {
	// key is the name in the file. The flag has hyphens for underscores, the
	// variable is in upper case after ASSENT_.
	key string
	// fallback is the default, as it would be written in the file; empty for
	// none.
	fallback string
	// fallbackNote describes a default that depends on other settings.
	fallbackNote string
	// usage describes the setting in the flag's help and the documentation.
	usage string
	// secret lets the value come from the file that the variable with the suffix
	// _FILE names, as orchestrators hand out secrets.
	secret bool
	// boolean makes a flag without a value.
	boolean bool
	// list makes a flag that may be given several times; elsewhere commas
	// separate the values, and there they may, too.
	list bool
	// set reads the value. Its error does not repeat the value, which may be
	// secret.
	set func(*Server, string) error
}

// flag returns the name of the flag, without hyphens before it.
func (s setting) flag() string { return strings.ReplaceAll(s.key, "_", "-") }

// env returns the name of the variable.
func (s setting) env() string { return "ASSENT_" + strings.ToUpper(s.key) }

// settings returns the table.
func settings() []setting {
	return slices.Concat(serverSettings(), databaseSettings(), tlsSettings(), connectionSettings(), importSettings(), indexSettings(), feedSettings(), linkSettings(), smtpSettings(), keepingSettings(), logSettings())
}

// serverSettings returns the rows about what is served where.
func serverSettings() []setting {
	return []setting{
		{
			key: "database_url", fallback: "sqlite:assent.db", secret: true,
			usage: "the database: sqlite:FILE, or postgres://USER:PASSWORD@HOST/DATABASE",
			set: func(s *Server, text string) error {
				s.DatabaseURL = NewSecret(text)
				return checkDatabaseURL(text)
			},
		},
		{
			key: "grpc_address", fallback: "127.0.0.1:50051",
			usage: "host:port to listen on for gRPC",
			set:   address(func(s *Server) *string { return &s.GRPCAddress }),
		},
		{
			key: "http_address", fallback: "127.0.0.1:8080",
			usage: "host:port to listen on for HTTP: REST, its OpenAPI document, health and metrics",
			set:   address(func(s *Server) *string { return &s.HTTPAddress }),
		},
		{
			key: "allowed_hosts", list: true,
			usage: "host names that HTTP answers for, such as assent.example, besides localhost, IP addresses and the host of " +
				"http_address; behind a proxy, the name in its Host header. Give several as several flags, or separated by commas",
			set: setAllowedHosts,
		},
		{
			key: "pprof_address", fallbackNote: "off",
			usage: "host:port on loopback to serve profiles of the process on, for \"go tool pprof\"; without a key",
			set:   address(func(s *Server) *string { return &s.PprofAddress }),
		},
		{
			key: "lmtp_address", fallbackNote: "off",
			usage: "host:port to take mail on that comes back, by LMTP: bounces, complaints and mails to unsubscribe. There is no login: on " +
				"another address than loopback only with insecure_listen",
			set: address(func(s *Server) *string { return &s.LMTPAddress }),
		},
		{
			key: "unsubscribe_address", list: true,
			usage: "address to which a mail with the token of a link leaves the channel of the token. Links have a mailto: to the first in " +
				"List-Unsubscribe. Give several as several flags, or separated by commas",
			set: setUnsubscribeAddresses,
		},
		{
			key:   "catalog",
			usage: "catalog file to apply at start if it differs from the latest version",
			set:   text(func(s *Server) *string { return &s.Catalog }),
		},
	}
}

// databaseSettings returns the rows about keys and the database that a start finds.
func databaseSettings() []setting {
	return []setting{
		{
			key: "keys", fallbackNote: "`FILE.keys` beside a SQLite file",
			usage: "file with the keys for encryption and keyed hashes; required for PostgreSQL. It is read again when it changes",
			set:   text(func(s *Server) *string { return &s.Keys }),
		},
		{
			key: "adopt_keys", fallback: "false", boolean: true,
			usage: "allow an empty database to use a key file that belongs to another database",
			set:   boolean(func(s *Server) *bool { return &s.AdoptKeys }),
		},
		{
			key: "accept_ledger_ahead", fallback: "false", boolean: true,
			usage: "record consents although the last recorded time is ahead of the clock, after the clock was wrong",
			set:   boolean(func(s *Server) *bool { return &s.AcceptLedgerAhead }),
		},
		{
			key: "allow_private_webhooks", fallback: "false", boolean: true,
			usage: "let webhooks reach private, loopback and provider-internal addresses, also over http; link-local addresses stay refused",
			set:   boolean(func(s *Server) *bool { return &s.AllowPrivateWebhooks }),
		},
		{
			key: "migrate", fallback: "false", boolean: true,
			usage: "apply missing migrations to PostgreSQL at start; for SQLite this is always done",
			set:   boolean(func(s *Server) *bool { return &s.Migrate }),
		},
	}
}

// tlsSettings returns the rows about encryption.
func tlsSettings() []setting {
	return []setting{
		{
			key:   "tls_cert",
			usage: "PEM file with the certificate, for gRPC and HTTP; together with tls_key. Both are read again when they change",
			set:   text(func(s *Server) *string { return &s.TLSCert }),
		},
		{
			key:   "tls_key",
			usage: "PEM file with the private key of the certificate",
			set:   text(func(s *Server) *string { return &s.TLSKey }),
		},
		{
			key: "insecure_listen", fallback: "false", boolean: true,
			usage: "listen on other addresses than loopback without TLS, if a proxy encrypts the traffic",
			set:   boolean(func(s *Server) *bool { return &s.InsecureListen }),
		},
	}
}

// connectionSettings returns the rows about connections.
func connectionSettings() []setting {
	return []setting{{
		key: "max_connections", fallback: "0",
		usage: "maximum number of client connections, gRPC and HTTP together; 0: as many as the limit of open files allows, at most 10000",
		set: func(s *Server, value string) (err error) {
			if s.MaxConnections, err = strconv.Atoi(value); err != nil || s.MaxConnections < 0 {
				return errors.New("it must be a number of connections, such as 2000, or 0 for the limit of open files")
			}
			return nil
		},
	}}
}

// importSettings returns the rows about lists of other tools.
func importSettings() []setting {
	return []setting{{
		key: "import_max_bytes", fallback: "4294967296",
		usage: "maximum size of a list that is imported, in bytes after unpacking",
		set: func(s *Server, value string) (err error) {
			if s.ImportMaxBytes, err = strconv.ParseInt(value, 10, 64); err != nil || s.ImportMaxBytes <= 0 {
				return errors.New("it must be a number of bytes, such as 4294967296")
			}
			return nil
		},
	}}
}

// indexSettings returns the rows about what checks are answered from.
func indexSettings() []setting {
	return []setting{
		{
			key: "index", fallback: "on",
			usage: "on: checks are answered from an index in memory, which is loaded at start and follows the ledger; off: each check " +
				"reads the database",
			set: setIndex,
		},
		{
			key: "index_max_bytes", fallback: "0",
			usage: "maximum size of the index in bytes; above it the index is dropped, and each check reads the database. 0: no limit",
			set: func(s *Server, value string) (err error) {
				if s.IndexMaxBytes, err = strconv.ParseInt(value, 10, 64); err != nil || s.IndexMaxBytes < 0 {
					return errors.New("it must be a number of bytes, such as 1073741824, or 0 for no limit")
				}
				return nil
			},
		},
		{
			key: "verify_sample", fallback: "0",
			usage: "share of the checks answered by the index that are repeated in the background, from the events and from the " +
				"database, from 0 to 1; differences are logged and counted",
			set: func(s *Server, value string) (err error) {
				if s.VerifySample, err = strconv.ParseFloat(value, 64); err != nil || !(s.VerifySample >= 0 && s.VerifySample <= 1) {
					return errors.New("it must be a number from 0 to 1, such as 0.01")
				}
				return nil
			},
		},
	}
}

// feedSettings returns the rows about the change feed.
func feedSettings() []setting {
	return []setting{{
		key: "feed_keeps", fallback: "P1Y",
		usage: "how old a token of the change feed may be, as an ISO 8601 duration, such as P90D; after that a consumer takes a new snapshot",
		set: func(s *Server, value string) (err error) {
			if s.FeedKeeps, err = period.Parse(value); err != nil || s.FeedKeeps.IsZero() || s.FeedKeeps.EndsWithYear() {
				return errors.New("it must be a duration of a second or more, such as P1Y or P90D")
			}
			return nil
		},
	}}
}

// linkSettings returns the rows about the links in messages.
func linkSettings() []setting {
	return []setting{
		{
			key: "public_url",
			usage: "address of this server as recipients of messages reach it, such as https://consent.example; without it no links are made " +
				"for messages",
			set: setPublicURL,
		},
		{
			key: "texts_dir",
			usage: "directory with the texts of the pages of recipients in other languages, a file for each, such as fr.yaml; \"assent texts\" prints " +
				"one to begin from",
			set: text(func(s *Server) *string { return &s.TextsDir }),
		},
		{
			key: "bounce_address",
			usage: "LOCAL@DOMAIN to which undeliverable mail comes back; return paths of messages are made of it, such as " +
				"LOCAL+1.TAG@DOMAIN",
			set: setBounceAddress,
		},
	}
}

// setPublicURL reads an address of a server: a scheme, a host and perhaps a port. Tokens in it are credentials, so that only a server on this
// machine may be reached without TLS.
func setPublicURL(s *Server, value string) error {
	wrong := errors.New("it must be https:// and a host, perhaps with a port, and nothing else, such as https://consent.example; " +
		"http:// only for localhost and loopback addresses")
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" || u.Opaque != "" {
		return wrong
	}
	host := strings.ToLower(u.Hostname())
	addr, err := netip.ParseAddr(host)
	local := host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && addr.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) || !isHost(host) && err != nil {
		return wrong
	}
	s.PublicURL = u.Scheme + "://" + strings.ToLower(u.Host)
	return nil
}

// setBounceAddress reads the address that return paths are made of. Its local part has room for the tag: 64 bytes are the most of both.
func setBounceAddress(s *Server, value string) error {
	local, domain, found := strings.Cut(value, "@")
	domain = strings.ToLower(domain)
	plain := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.'
	}
	const longest = 64 - 29
	if !found || local == "" || len(local) > longest || strings.ContainsFunc(strings.ToLower(local), plain) || !isHost(domain) || !strings.Contains(domain, ".") {
		return errors.New("it must be an address LOCAL@DOMAIN, LOCAL of at most 35 letters, digits, '-', '_' and '.', such as bounce@mail.example")
	}
	s.BounceLocal, s.BounceDomain = local, domain
	return nil
}

func setIndex(s *Server, value string) error {
	switch value {
	case "on":
		s.NoIndex = false
	case "off":
		s.NoIndex = true
	default:
		return errors.New("it must be on or off")
	}
	return nil
}

// keepingSettings returns the rows about what is kept apart from the database.
func keepingSettings() []setting {
	return []setting{
		{
			key: "checkpoint_dir",
			usage: "directory for signed checkpoints of the ledger and for the erasures, apart from the database; it must exist, " +
				"and servers of one database may share it",
			set: text(func(s *Server) *string { return &s.CheckpointDir }),
		},
		{
			key: "checkpoint_interval", fallback: "1h",
			usage: "how often a checkpoint is stored if the ledger has grown; one is also stored at start, at stop and on request",
			set:   setCheckpointInterval,
		},
		{
			key: "witness_key", list: true,
			usage: "public key of a witness, to accept its cosignatures, NAME+HASH+KEY; give several as several flags, or separated by commas",
			set: func(s *Server, value string) error {
				s.WitnessKeys = strings.Split(value, ",")
				return nil
			},
		},
	}
}

func logSettings() []setting {
	return []setting{
		{
			key: "log_level", fallback: "info",
			usage: "lowest level to log: debug, info, warn or error",
			set:   setLogLevel,
		},
		{
			key: "log_format", fallback: "text",
			usage: "format of log lines on standard error: text or json",
			set:   setLogFormat,
		},
	}
}

// setAllowedHosts reads host names that are separated by commas.
func setAllowedHosts(s *Server, value string) error {
	hosts := strings.Split(value, ",")
	for i, host := range hosts {
		hosts[i] = strings.ToLower(strings.TrimSuffix(strings.TrimSpace(host), "."))
		if !isHost(hosts[i]) {
			return errors.New("each must be a host name in ASCII without scheme, port and path, such as assent.example; " +
				"wildcards are not supported")
		}
	}
	s.AllowedHosts = hosts
	return nil
}

// setUnsubscribeAddresses reads addresses that are separated by commas.
func setUnsubscribeAddresses(s *Server, value string) error {
	all := strings.Split(value, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
		if !isPlainAddress(all[i]) {
			return errors.New("each must be an address in ASCII without quotes, such as leave@acme.example")
		}
	}
	s.UnsubscribeAddresses = all
	return nil
}

// isPlainAddress reports whether the text is an address that can stand in a header between angle brackets as it is.
func isPlainAddress(text string) bool {
	local, domain, found := strings.Cut(text, "@")
	const longest = 64
	odd := func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune(`"(),:;<>@[\]`, c) }
	return found && local != "" && len(local) <= longest && !strings.ContainsFunc(local, odd) && isHost(strings.ToLower(domain))
}

// isHost reports whether the text is a DNS name of letters, digits, hyphens and
// underscores, or an IP address.
func isHost(text string) bool {
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	if len(text) > 253 {
		return false
	}
	for label := range strings.SplitSeq(text, ".") {
		other := func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' }
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, other) {
			return false
		}
	}
	return true
}

func text(field func(*Server) *string) func(*Server, string) error {
	return func(s *Server, value string) error {
		*field(s) = value
		return nil
	}
}

func address(field func(*Server) *string) func(*Server, string) error {
	return func(s *Server, value string) error {
		_, port, err := net.SplitHostPort(value)
		if err != nil {
			return errors.New("it must be host:port, such as 127.0.0.1:50051")
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
			return errors.New("the port must be a number from 0 to 65535")
		}
		*field(s) = value
		return nil
	}
}

func boolean(field func(*Server) *bool) func(*Server, string) error {
	return func(s *Server, value string) error {
		switch value {
		case "true", "1":
			*field(s) = true
		case "false", "0":
			*field(s) = false
		default:
			return errors.New("it must be true or false")
		}
		return nil
	}
}

func setCheckpointInterval(s *Server, value string) error {
	interval, err := time.ParseDuration(value)
	if err != nil || interval < time.Second {
		return errors.New("it must be a duration of a second or more, such as 15m or 1h")
	}
	s.CheckpointInterval = interval
	return nil
}

func setLogLevel(s *Server, value string) error {
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	level, ok := levels[value]
	if !ok {
		return errors.New("it must be debug, info, warn or error")
	}
	s.LogLevel = level
	return nil
}

func setLogFormat(s *Server, value string) error {
	switch format := LogFormat(value); format {
	case LogText, LogJSON:
		s.LogFormat = format
		return nil
	default:
		return errors.New("it must be text or json")
	}
}
