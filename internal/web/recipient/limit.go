package recipient

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/token"
)

// limiter bounds how often each of many keys may act, in bounded memory: once there are too many keys, those that were not seen for longest
// are forgotten, which lets them act as if they were new.
type limiter struct {
	now   func() time.Time
	rate  rate.Limit
	burst int
	most  int

	mu         sync.Mutex
	young, old map[string]*rate.Limiter
}

// maxKey is how much of a key is looked at, in bytes: more than a token has, and a network.
const maxKey = 512

func newLimiter(now func() time.Time, perSecond float64, burst, most int) *limiter {
	return &limiter{now: now, rate: rate.Limit(perSecond), burst: burst, most: most, young: map[string]*rate.Limiter{}}
}

// allows reports whether the key may act once more now.
func (l *limiter) allows(key string) bool {
	if key == "" {
		return true
	}
	key = key[:min(len(key), maxKey)]
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.young[key]
	if one == nil {
		if one = l.old[key]; one == nil {
			one = rate.NewLimiter(l.rate, l.burst)
		}
		if len(l.young) >= l.most/2 {
			l.young, l.old = map[string]*rate.Limiter{}, l.young
		}
		l.young[key] = one
	}
	return one.AllowN(l.now(), 1)
}

// peer returns the address that a request came from; the zero address if that is not the person's: one that is not of the internet, or where a
// proxy says that it stands between, for all persons have its address.
func peer(r *http.Request) netip.Addr {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "Via"} {
		if r.Header.Get(name) != "" {
			return netip.Addr{}
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	addr = addr.Unmap().WithZone("")
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return netip.Addr{}
	}
	return addr
}

// networkOf returns the network that a request came from: 24 bits of IPv4, 64 of IPv6; empty if it is not known.
func networkOf(r *http.Request) string {
	addr := peer(r)
	if !addr.IsValid() {
		return ""
	}
	bits := 64
	if addr.Is4() {
		bits = 24
	}
	network, err := addr.Prefix(bits)
	if err != nil {
		return ""
	}
	return network.String()
}

// byOf returns how a request reached the server, as it is kept as evidence.
func byOf(r *http.Request) recipient.By {
	by := recipient.By{UserAgent: r.UserAgent()}
	if addr := peer(r); addr.IsValid() {
		by.IP = addr.String()
	}
	return by
}

// admits reports whether the request is within the limits of its token and its network.
func (h *Handler) admits(r *http.Request) bool {
	network := h.networks.allows(networkOf(r))
	return h.tokens.allows(tokenOf(r)) && network
}

// tokenOf returns the token in the address of a request, without what mail clients did to it: however a link is written, it is one.
func tokenOf(r *http.Request) string { return token.WithoutMailDamage(r.PathValue("token")) }
