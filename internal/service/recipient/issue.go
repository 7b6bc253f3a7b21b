package recipient

import (
	"context"
	"net/url"
	"strings"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/recipient/concerns"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/token"
)

// Options say under which addresses links lead here.
type Options struct {
	// PublicURL is the address of the server as persons reach it, without a slash at its end; empty: no links are made.
	PublicURL string
	// BounceLocal and BounceDomain are the parts of the address of return paths; empty: none are made.
	BounceLocal, BounceDomain string
	// UnsubscribeAddress is the mailbox to which a mail leaves a channel; empty: there is none, and links have no mailto:.
	UnsubscribeAddress string
	// Concerns keep what persons say beside yes and no. The zero value offers nothing of it.
	Concerns concerns.Concerns
}

// Headers are the links of one message.
type Headers struct {
	ListUnsubscribe     string // value of the header List-Unsubscribe (RFC 2369): the address for one click, and a mailto:
	ListUnsubscribePost string // value of the header List-Unsubscribe-Post (RFC 8058)
	PageURL             string // the page of the person, for the text of the message
	Token               string // what both end with; value of the header Assent-Token
	ReturnPath          string // the envelope sender; empty where the server has no bounce address
}

// listUnsubscribePost is the only value of the header that there is.
const listUnsubscribePost = "List-Unsubscribe=One-Click"

// Wanted is a message that links are made for: what was decided about it.
type Wanted struct {
	Address string
	Verdict consent.Verdict
	Decided consent.Instant
}

// MayIssue refuses what Issue would refuse of any message on the channel, before its message is decided about. A client of another department
// gets OTHER_DEPARTMENT, and learns nothing of the channel. Of a channel that there is not it says nothing.
func (l *Links) MayIssue(ctx context.Context, channel string) error {
	if l.opts.PublicURL == "" {
		return fault.Errorf(fault.NoPublicURL, "links",
			"the server does not know its own address; start it with --public-url https://…, or ask without links")
	}
	_, cat, err := l.subjectsOf(ctx, nil)
	if err != nil {
		return err
	}
	who := access.CallerOf(ctx)
	if err := who.NeedChannel(channel, cat); err != nil {
		return err
	}
	if ch, ok := cat.Channel(channel); ok && !ch.Refusable {
		return notRefusable()
	}
	return nil
}

func notRefusable() error {
	return fault.Errorf(fault.NotRefusable, "links", "the channel cannot be refused, so there are no links to leave it; ask without links")
}

// Issue returns the links of messages on a channel, in the order of the messages: nil for one that is not allowed. It reads the store once;
// nothing is recorded. Errors: NOT_REFUSABLE for a channel that no link could leave; STORE_UNAVAILABLE where an address was erased since it was
// decided about, so that its ALLOW does not hold any more.
func (l *Links) Issue(ctx context.Context, channel string, wanted []Wanted) ([]*Headers, error) {
	locator := subjects.NewLocator(l.Keys, len(wanted))
	places := make([]subjects.Place, len(wanted))
	exact := make([]string, len(wanted))
	for i, w := range wanted {
		if w.Verdict != consent.Allow {
			continue
		}
		a, err := address.Parse(w.Address)
		if err != nil {
			continue
		}
		if places[i], err = locator.Place(consent.FormExact, a.Exact()); err != nil {
			return nil, err
		}
		exact[i] = strings.Clone(a.Exact())
	}
	ids, cat, err := l.subjectsOf(ctx, places)
	if err != nil {
		return nil, err
	}
	ch, ok := cat.Channel(channel)
	if !ok || !ch.Refusable {
		return nil, notRefusable()
	}
	made := make([]*Headers, len(wanted))
	for i := range wanted {
		if exact[i] == "" {
			continue
		}
		link := token.Link{Channel: channel, Decided: wanted[i].Decided.Time().Unix()}
		for _, key := range places[i].Keys {
			if id, ok := ids[key]; ok {
				link.Subject = id
			}
		}
		if link.Subject == (consent.SubjectID{}) {
			if ch.Class == catalog.ClassMarketing {
				return nil, fault.Errorf(fault.Unavailable, "", "what is known of an address has changed meanwhile; ask again")
			}
			link.Address = exact[i]
		}
		if made[i], err = l.headers(&link, exact[i]); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// subjectsOf returns the ids of the subjects at places, and the catalog in force.
func (l *Links) subjectsOf(ctx context.Context, places []subjects.Place) (map[storage.SubjectKey]consent.SubjectID, *catalog.Catalog, error) {
	var keys []storage.SubjectKey
	for i := range places {
		keys = append(keys, places[i].Keys...)
	}
	ids := make(map[storage.SubjectKey]consent.SubjectID, len(keys))
	head, rows, err := l.Store.States(ctx, keys)
	if err != nil {
		return nil, nil, env.StoreFault(err)
	}
	versions, err := l.reader.Catalogs.UpTo(ctx, &head)
	if err != nil {
		return nil, nil, err
	}
	if len(versions) == 0 {
		return nil, nil, fault.Errorf(fault.NoCatalog, "", "no catalog has been applied yet")
	}
	for i := range rows {
		if rows[i].ID != (consent.SubjectID{}) && rows[i].Address != nil {
			ids[rows[i].Key] = rows[i].ID
		}
	}
	return ids, reference.InForce(versions, max(l.Instant(), head.Recorded)).Parsed, nil
}

func (l *Links) headers(link *token.Link, exact string) (*Headers, error) {
	text, err := token.NewLink(l.Keys, link)
	if err != nil {
		return nil, err
	}
	h := &Headers{Token: text, ListUnsubscribePost: listUnsubscribePost, PageURL: l.opts.PublicURL + "/u/" + text}
	h.ListUnsubscribe = l.listUnsubscribe(h.PageURL, text)
	if l.opts.BounceDomain != "" {
		h.ReturnPath = l.opts.BounceLocal + "+" + token.NewReturnPath(l.Keys, exact) + "@" + l.opts.BounceDomain
	}
	return h, nil
}

// listUnsubscribe returns the value of the header List-Unsubscribe: the address for one click first, because mail clients take the first way that
// they know (RFC 2369, section 3.1), then a mailto: for those that only write mails. The intake reads the token in the subject of such a mail.
// RFC 5322 allows a line 998 bytes, and not every sender folds it: where both do not fit, the mailto: is left out, which RFC 8058 does not ask for.
func (l *Links) listUnsubscribe(page, text string) string {
	value := "<" + page + ">"
	if l.opts.UnsubscribeAddress == "" {
		return value
	}
	const longestLine = 998
	both := value + ", <mailto:" + mailtoAddress(l.opts.UnsubscribeAddress) + "?subject=unsubscribe%20" + text + ">"
	if len("List-Unsubscribe: ")+len(both) > longestLine {
		return value
	}
	return both
}

// mailtoAddress writes an address as a mailto: has it (RFC 6068, section 2): what a URI does not allow, and what means something in it, is encoded.
func mailtoAddress(address string) string {
	return strings.NewReplacer("&", "%26", "=", "%3D", "+", "%2B").Replace(url.PathEscape(address))
}
