package webhook

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/fault"
)

func TestParseURL_WhatIsRight_IsWrittenAsItIsSent(t *testing.T) {
	for text, want := range map[string]string{
		"https://hooks.example.com":                         "https://hooks.example.com",
		"HTTPS://Hooks.Example.com:443/a%20b?token=x%2Fy&z": "https://hooks.example.com/a%20b?token=x%2Fy&z",
		"https://hooks.example.com.:8443/":                  "https://hooks.example.com:8443/",
		"https://münchen.example/":                          "https://xn--mnchen-3ya.example/",
		"https://8.8.8.8/":                                  "https://8.8.8.8/",
		"https://[2606:4700:0:0::1111]:8443/":               "https://[2606:4700::1111]:8443/",
		"https://[64:ff9b::8.8.8.8]/":                       "https://[64:ff9b::808:808]/",
		"https://a.example/" + strings.Repeat("a", 2_030):   "https://a.example/" + strings.Repeat("a", 2_030),
	} {
		u, err := ParseURL(text, false)
		if err != nil || u.Reveal() != want {
			t.Errorf("ParseURL(%.60s) = %.60s, %v; want %.60s", text, u.Reveal(), err, want)
		}
	}
	for text, want := range map[string]string{
		"http://127.0.0.1:8080/a": "http://127.0.0.1:8080/a", "http://crm:80": "http://crm", "https://localhost/": "https://localhost/", "http://[::1]/": "http://[::1]/",
	} {
		u, err := ParseURL(text, true)
		if err != nil || u.Reveal() != want {
			t.Errorf("ParseURL(%s) with private addresses = %s, %v; want %s", text, u.Reveal(), err, want)
		}
		if _, err := ParseURL(text, false); err == nil {
			t.Errorf("ParseURL(%s) is taken without private addresses", text)
		}
	}
}

func TestParseURL_WhatIsWrong_IsRefusedWithWhatWouldBeRight(t *testing.T) {
	for text, want := range map[string]string{
		"": "https://host/path", "hooks.example.com/x": "https://host/path", "https:hooks.example.com": "https://host/path", "https://": "https://host/path",
		"https://hooks.example.com:port/": "https://host/path", "https://%31.example/": "https://host/path", "mailto:anna@example.com": "https://host/path",
		"http://hooks.example.com": "use https", "ftp://hooks.example.com": "use https", "javascript://hooks.example.com/": "use https",
		"https://anna:secret@hooks.example.com/": "leave them out", "https://@hooks.example.com/": "leave them out", "https://h.example/#": "fragment",
		"https://h.example/a b": "%20", "https://h.example/\n": "%20", " https://h.example/": "%20",
		"https://h.example/" + strings.Repeat("a", 2_031): "2048",
		"https://h.example:25/":                           "mail servers", "https://h.example:587/": "mail servers", "https://h.example:0/": "1 to 65535",
		"https://h.example:65536/": "1 to 65535", "https://h.example:/": "no port",
		"https://h_x.example/": "name of DNS", "https://-h.example/": "name of DNS", "https://h..example/": "name of DNS", "https://.../": "name of DNS",
		"https://" + strings.Repeat("a", 64) + ".example/": "name of DNS",
		"https://127.1/": "four decimal numbers", "https://2130706433/": "four decimal numbers", "https://0x7f000001/": "four decimal numbers",
		"https://0177.0.0.1/": "four decimal numbers", "https://１２７.0.0.1/": "four decimal numbers", "https://127.0.0.1./": "four decimal numbers",
		"https://127.0.0.1/": "loopback", "https://[::1]/": "loopback", "https://[::ffff:127.0.0.1]/": "loopback", "https://[64:ff9b::7f00:1]/": "loopback",
		"https://localhost/": "this machine", "https://LOCALHOST./": "this machine", "https://a.localhost/": "this machine", "https://localhost。/": "this machine",
		"https://169.254.169.254/latest": "link-local", "https://[fe80::1%25eth0]/": "zone", "https://10.0.0.1/": "private",
	} {
		u, err := ParseURL(text, false)
		if err == nil || !u.IsZero() || !fault.Is(err, fault.InvalidRequest) || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseURL(%.60q): %v; want %s", text, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "anna") || strings.Contains(err.Error(), "secret")) {
			t.Errorf("the error tells the user: %v", err)
		}
	}
}

func TestParseURL_PrivateAllowed_SomeAddressesStayRefused(t *testing.T) {
	for _, text := range []string{
		"http://169.254.169.254/", "http://[fe80::1]/", "http://0.0.0.0/", "http://[::]/", "http://224.0.0.1/", "http://255.255.255.255/", "http://[::1%25lo]/",
	} {
		if _, err := ParseURL(text, true); err == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

func TestURL_PrintedLoggedOrEncoded_ShowsSchemeAndHostOnly(t *testing.T) {
	u := mustURL(t, "https://hooks.example.com:8443/services/T0KEN?key=T0KEN")
	text := shown(t, u) + shown(t, Delivery{URL: u})
	if strings.Contains(text, "T0KEN") || !strings.Contains(text, "https://hooks.example.com:8443") {
		t.Errorf("the URL is shown as %s", text)
	}
}

// TestRefusal_Registries has addresses inside of each block of the IANA registries, at its ends, and just outside of it.
func TestRefusal_Registries(t *testing.T) {
	refused := `0.0.0.0 0.255.255.255 10.0.0.0 10.255.255.255 100.64.0.0 100.127.255.255 127.0.0.1 127.255.255.255 169.254.0.0 169.254.169.254
		172.16.0.0 172.31.255.255 192.0.0.0 192.0.0.255 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.0 192.168.255.255 192.175.48.1 198.18.0.0 198.19.255.255 198.51.100.1
		203.0.113.255 224.0.0.0 239.255.255.255 240.0.0.0 255.255.255.255
		:: ::1 ::2 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:0:127.0.0.1 64:ff9b::127.0.0.1 64:ff9b::a00:1 64:ff9b:1::8.8.8.8
		100::1 100:0:0:1::1 2001::1 2001:1ff:ffff::1 2001:2::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:808:808::1 2620:4f:8000::1 3fff::1 3fff:fff:ffff::1 5f00::1
		fc00::1 fdff::1 fd00:ec2::254 fe80::1 fe80::1%eth0 febf::1 fec0::1 ff02::1 ff0e::1 4000::1 1fff::1 ::1%lo 2001:db8::1%x 2606:4700::1111%x`
	public := `1.0.0.0 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255
		172.32.0.0 192.0.1.0 192.0.3.0 192.88.98.255 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.255 223.255.255.255
		::ffff:8.8.8.8 64:ff9b::8.8.8.8 2001:200::1 2001:db7:ffff::1 2001:db9::1 2003::1 2606:4700::1111 2a00::1 3ffe::1 3fff:1000::1`
	for _, text := range strings.Fields(refused) {
		if refusal(netip.MustParseAddr(text), false) == "" {
			t.Errorf("%s is taken for public", text)
		}
	}
	for _, text := range strings.Fields(public) {
		if why := refusal(netip.MustParseAddr(text), false); why != "" {
			t.Errorf("%s is taken for %s", text, why)
		}
		if isPrivate(netip.MustParseAddr(text)) {
			t.Errorf("%s is taken for private", text)
		}
	}
	private := "10.1.1.1 100.64.0.1 127.0.0.1 172.16.0.1 192.168.1.1 ::1 fd00::1 ::ffff:10.0.0.1 64:ff9b::a00:1"
	for _, text := range strings.Fields(refused) {
		ip := netip.MustParseAddr(text)
		if allowed := refusal(ip, true) == ""; allowed != isPrivate(ip) {
			t.Errorf("%s: allowed %t, private %t", text, allowed, isPrivate(ip))
		}
	}
	for _, text := range strings.Fields(private) {
		if ip := netip.MustParseAddr(text); !isPrivate(ip) || refusal(ip, true) != "" {
			t.Errorf("%s is not taken for private", text)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	for _, seed := range []string{
		"https://hooks.example.com/a?b=c", "http://127.0.0.1:80/", "https://[::1%25lo]:443", "https://１２７.0.0.1", "https://a@b#c", "https://0x7f.1/", "https://[64:ff9b::1.2.3.4]",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURL(text, false)
		if err != nil {
			if !fault.Is(err, fault.InvalidRequest) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		again, err := ParseURL(u.Reveal(), false)
		if err != nil || again.Reveal() != u.Reveal() {
			t.Fatalf("%q is %q, which is read as %q (%v)", text, u.Reveal(), again.Reveal(), err)
		}
		parsed, err := url.Parse(u.Reveal())
		if err != nil || u.isPlain() || parsed.User != nil || parsed.Fragment != "" || parsed.Host != u.host {
			t.Fatalf("%q is taken as %q", text, u.Reveal())
		}
		if ip, err := netip.ParseAddr(parsed.Hostname()); err == nil && refusal(ip, false) != "" {
			t.Fatalf("%q leads to %s", text, ip)
		}
	})
}
