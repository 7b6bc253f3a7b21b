package webhook

import (
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/assent-io/assent/internal/fault"
)

// maxURLLength is the most bytes of the URL of an endpoint.
const maxURLLength = 2_048

// URL is where an endpoint is reached. Its path and query often hold a token of the receiver, so String, logs and JSON show only its scheme
// and host; Reveal gives it out. The zero value is no URL.
type URL struct {
	scheme, host string  // the host with its port
	whole        *string // a pointer to a text, as in [Secret]
}

// ParseURL reads the URL of an endpoint. It has to be https; with allowPrivate it may be http, too, which [Client] then sends to private
// addresses only. It has no user, no password and no fragment, and at most 2,048 bytes. Its host is a name, or a public address unless
// allowPrivate; a name in Unicode becomes its form for DNS. Where a name leads to is checked with each connection and not here. The ports
// of mail (25, 465, 587) are refused: broken dialogues with mail servers can put the sender on block lists, which its mail depends on.
//
// The error is a [*fault.Error] that holds nothing of the URL but its scheme, host and port. A URL that was stored is read with allowPrivate, because
// the client applies its own rule to it.
func ParseURL(text string, allowPrivate bool) (URL, error) {
	if len(text) > maxURLLength {
		return URL{}, urlFault("the URL has %d bytes; at most %d are allowed", len(text), maxURLLength)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return URL{}, urlFault("the URL contains a space or a control character: write it as %%20 or leave it out")
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Host == "" {
		return URL{}, urlFault("this is no URL: write it in the form https://host/path")
	}
	u.Scheme = strings.ToLower(u.Scheme)
	switch {
	case u.Scheme == "http" && !allowPrivate:
		return URL{}, urlFault("the scheme is http: use https, so that the addresses in a message cannot be read on their way")
	case u.Scheme != "https" && u.Scheme != "http":
		return URL{}, urlFault("the scheme is neither https nor http: use https")
	case u.User != nil:
		return URL{}, urlFault("the URL contains a user or a password: leave them out and check the signature of each message instead")
	case strings.Contains(text, "#"):
		return URL{}, urlFault("the URL contains a fragment (#): leave it out, because it is never sent")
	}
	if u.Host, err = checkHost(u, allowPrivate); err != nil {
		return URL{}, err
	}
	whole := u.String()
	return URL{scheme: u.Scheme, host: u.Host, whole: &whole}, nil
}

func urlFault(format string, args ...any) error {
	return fault.Errorf(fault.InvalidRequest, "url", format, args...)
}

// checkHost returns the host and the port of a URL in the form in which they are sent.
func checkHost(u *url.URL, allowPrivate bool) (string, error) {
	host := u.Hostname()
	port, err := checkPort(u)
	if err != nil {
		return "", err
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip.Zone() != "" {
			return "", urlFault("the host is an address with a zone, which only one machine understands: use a name or an address without one")
		}
		if why := refusal(ip, allowPrivate); why != "" {
			return "", urlFault("the host %s is %s; %s", host, why, publicOnly)
		}
		if ip.Is6() {
			return "[" + ip.String() + "]" + port, nil
		}
		return ip.String() + port, nil
	}
	name, err := idnaProfile().ToASCII(host)
	// Some texts, such as bytes that are not UTF-8, become a name that is none when it is read again.
	if again, twice := idnaProfile().ToASCII(name); err != nil || twice != nil || again != name {
		return "", urlFault("the host is not a name of DNS, such as hooks.example.com")
	}
	name = strings.TrimSuffix(name, ".")
	labels := strings.Split(name, ".")
	last := labels[len(labels)-1]
	switch {
	case regexp.MustCompile(`^([0-9]+|0x[0-9a-f]*)$`).MatchString(last):
		return "", urlFault("the host %s is an unusual form of an IP address: write it as four decimal numbers", name)
	case last == "localhost" && !allowPrivate:
		return "", urlFault("the host %s is this machine; %s", name, publicOnly)
	}
	return name + port, nil
}

// publicOnly says what would be right instead of an address that is refused.
const publicOnly = "webhooks go to public addresses only, unless the server allows private ones"

// checkPort returns the port with a colon before it, and nothing for the one that the scheme has anyway.
func checkPort(u *url.URL) (string, error) {
	text := u.Port()
	if text == "" {
		if strings.HasSuffix(u.Host, ":") {
			return "", urlFault("the URL has a colon after its host, but no port")
		}
		return "", nil
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil || port == 0 {
		return "", urlFault("the port is not a number from 1 to 65535")
	}
	if slices.Contains([]uint64{25, 465, 587}, port) {
		return "", urlFault("the port %d is one of mail servers: use one of HTTP", port)
	}
	if u.Scheme == "https" && port == 443 || u.Scheme == "http" && port == 80 {
		return "", nil
	}
	return ":" + strconv.FormatUint(port, 10), nil
}

// idnaProfile turns names as people write them into names as DNS has them.
func idnaProfile() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(true), idna.BidiRule(), idna.VerifyDNSLength(true))
}

// IsZero reports whether there is no URL.
func (u URL) IsZero() bool { return u.whole == nil }

// Reveal returns the whole URL, and nothing for the zero value. It is for what is sealed and stored, and for the request itself.
func (u URL) Reveal() string {
	if u.IsZero() {
		return ""
	}
	return *u.whole
}

// String returns the scheme, the host and the port, and nothing for the zero value.
func (u URL) String() string {
	if u.IsZero() {
		return ""
	}
	return u.scheme + "://" + u.host
}

// GoString returns what String does.
func (u URL) GoString() string { return u.String() }

// LogValue returns what String does.
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// MarshalText returns what String does; encoding/json uses it, too.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// isPlain reports whether what is sent there is not encrypted.
func (u URL) isPlain() bool { return u.scheme == "http" }
