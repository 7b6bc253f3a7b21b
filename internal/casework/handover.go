package casework

import (
	"errors"
	"strings"
)

// Informed says whether the person who wrote knows that a letter to one person of the company is handed on to a desk. The strings are those of tables
// and the API.
type Informed string

// What is known of it.
const (
	NotInformed Informed = ""           // they were not told: the letter is not handed on
	Told        Informed = "informed"   // they were told to whom it goes
	Agreed      Informed = "asked"      // they were asked, and agreed
	NotNeeded   Informed = "not_needed" // with a reason, such as that they wrote to the desk as well
)

// ErrNotInformed says that a letter to one person of the company may not be handed on yet.
var ErrNotInformed = errors.New("the letter was written to a person, and its writer has not been told that it is handed on; tell them first, " +
	"and state told, agreed, or not_needed with a reason")

// MayHandOver reports whether a case may be given to another desk: one that came to a person only when who wrote was informed, or needs not be for
// a reason. The error is ErrNotInformed, or says what is missing.
func MayHandOver(personal bool, informed Informed, reason string) error {
	switch {
	case !personal:
		return nil
	case informed == Told || informed == Agreed:
		return nil
	case informed == NotNeeded && strings.TrimSpace(reason) != "":
		return nil
	case informed == NotNeeded:
		return errors.New("not_needed has no reason; write why the person needs not be told")
	default:
		return ErrNotInformed
	}
}

// PersonalAddress returns the first of the addresses that a letter was sent to that is of a person, in its exact form; false if none is. Ours
// reports whether an address is one of our mailboxes, such as that of a desk. An address is of a person if its local part is no name of a role
// (RFC 2142, and those that companies use besides) and has a letter. Where a desk got the letter as well, it is not personal: then who wrote
// meant the company.
func PersonalAddress(to []string, ours func(exact string) bool) (exact string, personal bool) {
	for _, address := range to {
		local, _, _ := strings.Cut(address, "@")
		if ours(address) || isRole(local) {
			return "", false
		}
	}
	for _, address := range to {
		if local, _, found := strings.Cut(address, "@"); found && strings.ContainsFunc(local, isLetter) {
			return address, true
		}
	}
	return "", false
}

func isLetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r >= 0x80 }

// isRole reports whether a local part names a role: as a whole, or up to its first dot, hyphen, underscore or plus, such as support-de.
func isRole(local string) bool {
	local = strings.ToLower(local)
	first := local
	if i := strings.IndexAny(local, ".-_+"); i > 0 {
		first = local[:i]
	}
	return roles(local) || roles(first)
}

func roles(name string) bool {
	switch name {
	// RFC 2142.
	case "info", "marketing", "sales", "support", "abuse", "noc", "security", "postmaster", "hostmaster", "usenet", "news", "webmaster", "www", "uucp", "ftp":
		return true
	// What companies use besides, in English and German.
	case "admin", "administration", "anfrage", "anfragen", "angebote", "auskunft", "bestellung", "bestellungen", "beschwerde", "beschwerden", "bewerbung",
		"billing", "bounce", "bounces", "buchhaltung", "careers", "complaints", "contact", "customer", "customercare", "customerservice", "datenschutz",
		"desk", "dpo", "dsb", "einkauf", "empfang", "events", "feedback", "gdpr", "hallo", "hello", "help", "helpdesk", "hilfe", "hr", "invoice", "invoices",
		"jobs", "kontakt", "kunden", "kundendienst", "kundenservice", "legal", "mail", "mailer", "media", "newsletter", "newsletters", "no-reply", "noreply",
		"notifications", "office", "offers", "orders", "personal", "post", "presse", "press", "privacy", "public", "recht", "rechnung", "rechnungen",
		"redaktion", "reply", "request", "requests", "returns", "sekretariat", "service", "services", "shop", "team", "technik", "unsubscribe", "verkauf",
		"vertrieb", "webshop", "werbung", "widerruf", "widerspruch", "zentrale", "donotreply", "do-not-reply", "listmaster", "owner", "root", "daemon",
		"mailerdaemon", "mailer-daemon":
		return true
	}
	return false
}
