package postgres

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"
)

// ownSettings is the parameter of the URL that leaves out the [sessionSettings] with the value off: some poolers refuse startup parameters
// that they do not know.
const ownSettings = "session_settings"

// takeOwnSettings reads the parameter of the URL that is not PostgreSQL's, and takes it away: true unless it is off.
func takeOwnSettings(parameters map[string]string) (bool, error) {
	value, given := parameters[ownSettings]
	delete(parameters, ownSettings)
	switch {
	case !given || value == "on":
		return true, nil
	case value == "off":
		return false, nil
	default:
		return false, errors.New("session_settings in the URL of the database must be on or off")
	}
}

// unreadable says what is wrong with a URL. What the driver says of it is told without the URL and without what is secret in it.
func unreadable(databaseURL string, err error) error {
	text := err.Error()
	if at := strings.LastIndex(text, "`: "); at >= 0 {
		text = text[at+len("`: "):]
	}
	return fmt.Errorf("the URL of the database cannot be read: %s; it should be like postgres://user@host:5432/database",
		Scrub(databaseURL, text))
}

// Scrub returns a text without the passwords of the URL, as they are and as they are encoded in it.
func Scrub(databaseURL, text string) string {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return text
	}
	var secrets []string
	if password, ok := u.User.Password(); ok {
		_, encoded, _ := strings.Cut(u.User.String(), ":")
		secrets = append(secrets, password, encoded)
	}
	for _, name := range []string{"password", "sslpassword"} {
		value := u.Query().Get(name)
		secrets = append(secrets, value, url.QueryEscape(value))
	}
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "[redacted]")
		}
	}
	return text
}

// advised adds to an error that a pooler or a standby causes, or a server that lets no connection in, what helps.
func advised(err error) error {
	var answer *pgconn.PgError
	switch {
	case errors.Is(err, pgconn.ErrReadOnlyConnection):
		return fmt.Errorf("%w: it is a standby, or its default_transaction_read_only is on; the URL has to lead to the primary, to write to "+
			"(target_session_attrs does not count)", err)
	case !errors.As(err, &answer):
		return err
	case isLostStatement(answer):
		return fmt.Errorf("%w: prepared statements do not survive a pooler in transaction mode: add default_query_exec_mode=cache_describe "+
			"to the URL of the database (docs/operations.md, Behind a pooler)", err)
	case strings.Contains(answer.Message, "unsupported startup parameter"):
		return fmt.Errorf("%w: the pooler refuses settings of sessions: add session_settings=off to the URL of the database "+
			"(docs/operations.md, Behind a pooler)", err)
	case answer.Code == pgerrcode.TooManyConnections:
		return fmt.Errorf("%w: PostgreSQL has no connection left for this program: end connections that are not needed, lower pool_max_conns "+
			"in the URL of the database, or raise max_connections of PostgreSQL", err)
	case answer.Code == pgerrcode.CannotConnectNow:
		return fmt.Errorf("%w: PostgreSQL is starting, stopping or recovering from a crash: try again when it accepts connections; "+
			"its log says how far it is", err)
	default:
		return err
	}
}

// isLostStatement reports whether a prepared statement is not there, or is there already: it was made on another connection.
func isLostStatement(answer *pgconn.PgError) bool {
	return answer.Code == pgerrcode.InvalidSQLStatementName || answer.Code == pgerrcode.DuplicatePreparedStatement
}
