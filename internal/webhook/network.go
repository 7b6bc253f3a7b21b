package webhook

import "net/netip"

// block is a range of addresses that are not reached over the internet.
type block struct {
	prefix  string
	name    string
	private bool // a network of one's own: allowed where private addresses are
}

// blocks lists what the IANA special-purpose address registries for IPv4 and IPv6 (RFC 6890; as of 2025) call not globally reachable, with
// multicast, and with the old forms of IPv4 addresses in IPv6. Link-local addresses are not private here: no receiver has one, but the
// metadata services of clouds do (169.254.169.254).
func blocks() []block {
	return []block{
		{"0.0.0.0/8", "an address of this host", false},
		{"10.0.0.0/8", "a private address", true},
		{"100.64.0.0/10", "an address of a provider's inner network", true},
		{"127.0.0.0/8", "a loopback address", true},
		{"169.254.0.0/16", "a link-local address", false},
		{"172.16.0.0/12", "a private address", true},
		{"192.0.0.0/24", "an address of IETF protocols", false},
		{"192.0.2.0/24", "an address for documentation", false},
		{"192.88.99.0/24", "an address of 6to4 relays", false},
		{"192.168.0.0/16", "a private address", true},
		{"198.18.0.0/15", "an address for benchmarks", false},
		{"198.51.100.0/24", "an address for documentation", false},
		{"203.0.113.0/24", "an address for documentation", false},
		{"224.0.0.0/4", "a multicast address", false},
		{"240.0.0.0/4", "a reserved or broadcast address", false},

		{"::/128", "an address of this host", false},
		{"::1/128", "a loopback address", true},
		{"fc00::/7", "a private address", true},
		{"fe80::/10", "a link-local address", false},
		{"ff00::/8", "a multicast address", false},
		{"2001::/23", "an address of IETF protocols", false}, // Teredo, benchmarks and ORCHID among them
		{"2001:db8::/32", "an address for documentation", false},
		{"2002::/16", "a 6to4 address", false},
		{"3fff::/20", "an address for documentation", false},
	}
}

const (
	// nat64 starts the addresses by which networks with IPv6 alone reach IPv4 (RFC 6052); the IPv4 address is in the last four bytes.
	nat64 = "64:ff9b::/96"
	// globalUnicast holds every address of IPv6 that is assigned for use on the internet.
	globalUnicast = "2000::/3"
)

// refusal says why nothing is sent to an address, in words that follow "the address is", and nothing where it may be sent. The address may be
// an IPv4 one in a form of IPv6.
func refusal(ip netip.Addr, allowPrivate bool) string {
	ip = plain(ip)
	if b, found := findBlock(ip); found {
		if b.private && allowPrivate {
			return ""
		}
		return b.name
	}
	if !ip.Is4() && !netip.MustParsePrefix(globalUnicast).Contains(ip) {
		return "not an address of the internet"
	}
	return ""
}

// isPrivate reports whether an address is one of a network of one's own.
func isPrivate(ip netip.Addr) bool {
	b, found := findBlock(plain(ip))
	return found && b.private
}

// plain removes the zone, with which no prefix would contain the address, and returns the IPv4 address of the forms that carry one.
func plain(ip netip.Addr) netip.Addr {
	ip = ip.WithZone("").Unmap()
	if netip.MustParsePrefix(nat64).Contains(ip) {
		bytes := ip.As16()
		return netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return ip
}

func findBlock(ip netip.Addr) (block, bool) {
	for _, b := range blocks() {
		if netip.MustParsePrefix(b.prefix).Contains(ip) {
			return b, true
		}
	}
	return block{}, false
}
