// Package config reads the settings of a server: flags over ASSENT_* variables
// of the environment over a YAML file over defaults.
//
// One table, in settings.go, is the only place that knows the settings; flags,
// variables, the keys of the file and docs/config.md all follow from it.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/period"
)

// LogFormat is how log lines are written.
type LogFormat string

// The formats of log lines.
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// Server is what a server is told from outside. Load returns one that is valid.
// It may be logged as it is: what is secret in it redacts itself.
type Server struct {
	// DatabaseURL is sqlite:FILE or the URL of a PostgreSQL.
	DatabaseURL Secret
	// GRPCAddress and HTTPAddress are host:port; port 0 is any free one.
	GRPCAddress string
	HTTPAddress string
	// AllowedHosts are the host names for which HTTP is answered, besides
	// loopback names, IP addresses and the host of HTTPAddress.
	AllowedHosts []string
	// PublicURL is the address of the server as recipients reach it, a scheme and a host without a slash at the end; empty for none, and for an
	// open server where it listens.
	PublicURL string
	// TextsDir is where the texts of the pages of recipients are in other languages; empty for nowhere.
	TextsDir string
	// BounceLocal and BounceDomain are the parts of the address that return paths are made of; both empty for none.
	BounceLocal  string
	BounceDomain string
	// PprofAddress is where profiles of the process are served; empty for
	// nowhere.
	PprofAddress string
	// LMTPAddress is where mail that comes back is taken; empty for nowhere.
	LMTPAddress string
	// UnsubscribeAddresses are those to which a mail leaves a channel. The first is that of the mailto: in List-Unsubscribe.
	UnsubscribeAddresses []string
	// SMTP takes mails of the program itself, such as notices, which are from SMTPFrom. SMTPOfficers is where those to the officers go; empty for
	// nowhere.
	SMTP         SMTP
	SMTPPassword Secret
	SMTPFrom     string
	SMTPOfficers string
	// Catalog is a file that is applied at start; empty for none.
	Catalog string
	// Keys is the path of the key file. Beside a SQLite file it has a default;
	// for PostgreSQL it may be empty, and what needs it asks KeyFile.
	Keys string
	// AdoptKeys lets an empty database take the keys of another one.
	AdoptKeys bool
	// AcceptLedgerAhead goes on recording consents while the ledger is ahead of
	// the clock.
	AcceptLedgerAhead bool
	// AllowPrivateWebhooks lets webhooks reach private addresses.
	AllowPrivateWebhooks bool
	// Migrate applies missing migrations at start. SQLite always does.
	Migrate bool
	// TLSCert and TLSKey are paths of PEM files; both are given or neither.
	TLSCert string
	TLSKey  string
	// InsecureListen permits to listen on other than loopback without TLS.
	InsecureListen bool
	// MaxConnections is how many connections of clients there may be; 0 for as
	// many as the limit of open files allows.
	MaxConnections int
	// ImportMaxBytes is how many bytes a list that is imported may have after
	// unpacking; 0 for 4 GiB.
	ImportMaxBytes int64
	// CheckpointDir is where checkpoints and erasures are kept; empty for
	// nowhere. CheckpointInterval is how often a checkpoint is taken.
	CheckpointDir      string
	CheckpointInterval time.Duration
	// NoIndex has every check read the database. IndexMaxBytes is how large the
	// index may become before it is given up; 0 for no limit. VerifySample is
	// the share of checks by the index that are decided again from the ledger.
	NoIndex       bool
	IndexMaxBytes int64
	VerifySample  float64
	// FeedKeeps is how old a token of the change feed may be.
	FeedKeeps period.Period
	// WitnessKeys are the public keys of witnesses, as notes have them.
	WitnessKeys []string
	LogLevel    slog.Level
	LogFormat   LogFormat
	// Open disables authentication and authorisation: every caller may do everything without a key. Only the demo sets it,
	// in code. There is no flag, variable or key for it.
	Open bool
}

const sqliteScheme = "sqlite:"

// SQLitePath returns the path of the SQLite file, and whether the database is
// one.
func (s Server) SQLitePath() (string, bool) {
	path, ok := strings.CutPrefix(s.DatabaseURL.Reveal(), sqliteScheme)
	return strings.TrimPrefix(path, "//"), ok
}

// KeyFile returns the path of the key file, or an error that says what to do
// when there is none.
func (s Server) KeyFile() (string, error) {
	if s.Keys == "" {
		return "", errors.New("PostgreSQL needs a key file: create one with `assent keys create --keys FILE` and set it with " +
			"--keys, ASSENT_KEYS or the setting keys")
	}
	return s.Keys, nil
}

// finish fills in what follows from other settings.
func (s Server) finish() Server {
	if path, ok := s.SQLitePath(); ok && s.Keys == "" {
		s.Keys = path + ".keys"
	}
	return s
}

// Validate returns an error for the first setting that does not fit the others. Load calls it. A caller that sets
// fields in code must call it again.
func (s Server) Validate() error {
	if (s.TLSCert == "") != (s.TLSKey == "") {
		return errors.New("tls_cert and tls_key must be set together: one of them is missing")
	}
	if s.CheckpointDir != "" && s.CheckpointInterval < time.Second {
		return errors.New("checkpoint_interval must be a second or more")
	}
	if s.PprofAddress != "" && !isLoopback(s.PprofAddress) {
		return errors.New("pprof_address must be on loopback, such as 127.0.0.1:6060: profiles are served without a key, and " +
			"show the contents of memory")
	}
	if s.LMTPAddress != "" && !isLoopback(s.LMTPAddress) && (!s.InsecureListen || s.Open) {
		return errors.New("lmtp_address must be on loopback, such as 127.0.0.1:2424, unless insecure_listen is set: mail is taken without a login")
	}
	if err := s.checkSMTP(); err != nil {
		return err
	}
	for _, listen := range []struct{ key, address string }{
		{"grpc_address", s.GRPCAddress},
		{"http_address", s.HTTPAddress},
	} {
		if isLoopback(listen.address) {
			continue
		}
		if s.Open {
			return fmt.Errorf("%s: a server without authentication may listen on loopback only", listen.key)
		}
		if s.TLSCert == "" && !s.InsecureListen {
			return fmt.Errorf("%s is not on loopback, and without TLS addresses and keys can be read on the network: "+
				"set tls_cert and tls_key, or insecure_listen if a proxy encrypts the traffic", listen.key)
		}
	}
	return nil
}

// isLoopback reports whether only this machine reaches the address. A host
// name other than localhost may lead anywhere.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// checkDatabaseURL says what is wrong with a URL without repeating it, for it
// may hold a password.
func checkDatabaseURL(text string) error {
	if path, ok := strings.CutPrefix(text, sqliteScheme); ok {
		path = strings.TrimPrefix(path, "//")
		switch {
		case path == "":
			return errors.New("sqlite: needs the path of a file")
		case strings.ContainsAny(path, "?#"):
			return errors.New("sqlite: takes no parameters")
		}
		return nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return errors.New("it is not a valid URL; a password in it must be percent-encoded")
	}
	// What follows such a sign would be taken for the host, and printed.
	authority := strings.TrimPrefix(text, u.Scheme+"://")
	if end := strings.IndexAny(authority, "/?#"); end >= 0 {
		authority = authority[:end]
	}
	if strings.Count(text, "@") > 1 || strings.Contains(text, "@") && !strings.Contains(authority, "@") || strings.Contains(text, "#") {
		return errors.New("a password or user name in the URL has a character that must be percent-encoded: @ as %40, # as %23, / as %2F, " +
			"? as %3F, : as %3A, % as %25")
	}
	if (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Opaque != "" {
		return errors.New("it must be sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE")
	}
	return nil
}

// UnsubscribeAddress returns the address of the mailto: in List-Unsubscribe; empty if there is none.
func (s *Server) UnsubscribeAddress() string {
	if len(s.UnsubscribeAddresses) == 0 {
		return ""
	}
	return s.UnsubscribeAddresses[0]
}
