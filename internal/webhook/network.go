package webhook

import (
	"net/netip"

	"code.dny.dev/ssrf"
)

// privateNetworks lists the networks of one's own, which an administrator can allow: private (RFC 1918, RFC 4193), loopback, and a provider's
// inner network (RFC 6598). Link-local addresses are not among them: no receiver has one, but the metadata services of clouds do
// (169.254.169.254).
func privateNetworks() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
		netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
		netip.MustParsePrefix("100.64.0.0/10"),
	}
}

// refusal says why nothing is sent to an address, in words that follow "the address is", and nothing where it may be sent. Public is what the
// IANA special-purpose address registries (RFC 6890) do not list and what is not multicast; in IPv6 it is also inside of 2000::/3. An IPv4
// address in a form of IPv6 is judged as itself.
func refusal(ip netip.Addr, allowPrivate bool) string {
	ip = plain(ip)
	if allowPrivate && isPrivate(ip) || ssrf.New().SafeAddr(ip) == nil {
		return ""
	}
	switch {
	case ip.IsLoopback():
		return "a loopback address"
	case ip.IsLinkLocalUnicast():
		return "a link-local address"
	case isPrivate(ip):
		return "a private address"
	case ip.IsMulticast():
		return "a multicast address"
	}
	return "an address that is reserved for special purposes"
}

// isPrivate reports whether an address is one of [privateNetworks].
func isPrivate(ip netip.Addr) bool {
	ip = plain(ip)
	for _, network := range privateNetworks() {
		if network.Contains(ip) {
			return true
		}
	}
	return false
}

// plain returns the IPv4 address of the two forms of IPv6 that systems really connect to as IPv4: mapped (RFC 4291), and NAT64 (RFC 6052),
// where it is in the last four bytes. Any other address it returns as it is; no network contains one with a zone, so these are refused.
func plain(ip netip.Addr) netip.Addr {
	ip = ip.Unmap()
	if ssrf.IPv6NAT64Prefix.Contains(ip) {
		bytes := ip.As16()
		return netip.AddrFrom4([4]byte(bytes[12:]))
	}
	return ip
}
