package suppressionfile

import (
	"encoding/hex"
	"strings"

	"github.com/assent-io/assent/internal/address"
)

// cause is why an entry has no row in a list that the tool imports.
type cause string

// The causes. Entries of the first ones are left out; those of the last three are in files that are not for import.
const (
	causeEnded         cause = "ENDED"
	causeNoAddress     cause = "NO_ADDRESS"
	causeNoHash        cause = "NO_HASH"
	causeTransactional cause = "STOPS_TRANSACTIONAL_MAIL"
	causeReason        cause = "REASON_UNKNOWN_TO_TOOL"

	causeDomain   cause = "DOMAIN"
	causeNotASCII cause = "LOCAL_PART_NOT_ASCII"
	causeInvalid  cause = "NOT_AN_ADDRESS"
)

// place is where an entry goes: to a list, or nowhere for a cause. Of an entry in a file that is not for import both are there.
type place struct {
	list  *list
	cause cause
	// key is what the row is about: an address in exact form, a domain, or a hash in hexadecimal digits.
	key string
	// precedence orders the entries of one key: the lowest gives the row.
	precedence byte
}

// place finds the list of an entry.
func (f *form) place(e Entry, o Options) place {
	if f.hashed {
		return f.placeHash(e)
	}
	if e.Match == Domain {
		if e.Domain == "" {
			return place{cause: causeNoAddress} // Only its hash is known.
		}
		if f.keepsAll {
			return place{list: &f.lists[0], key: e.Domain}
		}
		return place{list: f.named(listDomains), cause: causeDomain, key: e.Domain}
	}
	if e.Address == "" {
		return place{cause: causeNoAddress}
	}
	parsed, err := address.Parse(e.Address)
	if err != nil && f.keepsAll {
		return place{list: &f.lists[0], key: e.Address} // The file repeats what is known, and quotes it.
	}
	name, why := "", cause("")
	if f.route != nil {
		if name, why = f.route(e, o); why != "" {
			return place{cause: why}
		}
	}
	switch {
	case err != nil:
		return place{list: f.named(listNotImportable), cause: causeInvalid, key: e.Address}
	case f.asciiLocal && !isASCII(parsed.Exact()):
		return place{list: f.named(listNotImportable), cause: causeNotASCII, key: parsed.Exact()}
	}
	p := place{list: f.named(name), key: parsed.Exact(), precedence: strictness(e.Reason)}
	if f.precedence != nil {
		p.precedence = f.precedence(e, o)
	}
	return p
}

func (f *form) placeHash(e Entry) place {
	if len(e.Hash) == 0 {
		return place{cause: causeNoHash}
	}
	return place{list: f.named(string(e.Match)), key: hex.EncodeToString(e.Hash)}
}

// strictness orders reasons, the strictest first: what the law or the person said, or what is not known here; what others said; and a
// bounce last, because a mailbox that works again ends it.
func strictness(reason string) byte {
	switch reason {
	case reasonHardBounce:
		return 2
	case reasonExternal, reasonManual:
		return 1
	default:
		return 0
	}
}

// wide reports whether an entry may stand on a list that stops all mail, transactional mail as well.
func wide(e Entry, o Options) bool { return e.Scope == scopeAll || o.IncludingTransactional }

// routeSES: the suppression list of an account knows bounces and complaints, and stops all mail.
func routeSES(e Entry, o Options) (string, cause) {
	switch {
	case e.Reason != reasonHardBounce && e.Reason != reasonComplaint:
		return "", causeReason
	case !wide(e, o):
		return "", causeTransactional
	}
	return "", ""
}

// routeMailchimp: an import has one status for all its rows.
func routeMailchimp(e Entry, _ Options) (string, cause) {
	if e.Reason == reasonHardBounce {
		return "cleaned", ""
	}
	return "unsubscribed", ""
}

// routeSendGrid: global unsubscribes stop all mail, those of a group only what is sent with that group.
func routeSendGrid(e Entry, o Options) (string, cause) {
	if wide(e, o) {
		return "global", ""
	}
	return "group", ""
}

// routeMailgun: bounces and complaints stop all mail of the domain; an unsubscribe with a tag does not.
func routeMailgun(e Entry, o Options) (string, cause) {
	switch {
	case e.Reason == reasonHardBounce && wide(e, o):
		return "bounces", ""
	case e.Reason == reasonComplaint && wide(e, o):
		return "complaints", ""
	}
	return "unsubscribes", ""
}

// mailgunTag is what an unsubscribe is from: everything, or the mails that have the tag of the channel.
func mailgunTag(e Entry, o Options) string {
	if wide(e, o) {
		return "*"
	}
	return o.Channel
}

// precedenceMailgun: of two unsubscribes the one from everything.
func precedenceMailgun(e Entry, o Options) byte {
	if wide(e, o) {
		return 0
	}
	return 1
}

// isASCII reports whether an address is ASCII; the domain of an exact form always is.
func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool { return c > 0x7e })
}
