// Package obligation names what a sender must put into an allowed message.
package obligation

import "github.com/assent-io/assent/internal/catalog"

// The obligations.
const (
	OneClick      = "LIST_UNSUBSCRIBE_ONE_CLICK"
	Unsubscribe   = "UNSUBSCRIBE_LINK"
	Imprint       = "IMPRINT"
	PostalAddress = "POSTAL_ADDRESS"
	Identifiable  = "IDENTIFIABLE_AS_ADVERTISING"
	OptOutNotice  = "OPT_OUT_NOTICE"
	NoAdvertising = "NO_ADVERTISING" // of confirmation mails, as the next one
	NotMeLink     = "NOT_ME_LINK"
)

// Of returns what a marketing message on the channel must carry, on a consent or on another basis.
func Of(ch *catalog.Channel, byConsent bool) []string {
	var list []string
	if ch.Medium == catalog.MediumEmail {
		list = append(list, OneClick)
	}
	list = append(list, Unsubscribe, Imprint, PostalAddress, Identifiable)
	if !byConsent {
		list = append(list, OptOutNotice)
	}
	return list
}
