package desks

import (
	"slices"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/fault"
)

// Lookup returns the desk of a department by a catalog, and false where it has no such department. [Of] is one.
type Lookup = func(cat *catalog.Catalog, department string) (casework.Desk, bool)

// Matter is what is known of a case when it comes.
type Matter struct {
	Kind           casework.Kind
	Received       time.Time
	Channel        string // id; empty: not said
	SenderIdentity string // id; empty: not said
	Department     string // whose desk is to have it; empty: the routing says
	// Officers says that the officers are to have it, and no desk.
	Officers bool
	// Asked says that a person said all of this: what is not in the catalog is refused.
	Asked   bool
	Mailbox string               // that it came to; empty: none
	Token   *casework.Candidate  // what our token says; nil: there was none
	Sent    []casework.Candidate // what went to the address lately
	// Candidates are who may have sent, as the routing says.
	Candidates []casework.Candidate
}

// Settle says by the catalog what the case is about, whose desk has it, and who may have sent. Errors: UNKNOWN_CHANNEL, INVALID_REQUEST.
func (m *Matter) Settle(cat *catalog.Catalog, of Lookup) error {
	ch, ok := cat.Channel(m.Channel)
	switch {
	case ok:
		if m.SenderIdentity == "" {
			m.SenderIdentity = ch.SenderIdentities[0]
		}
	case m.Channel != "" && m.Asked:
		return fault.Errorf(fault.UnknownChannel, "channel", "the catalog has no channel %q", m.Channel)
	default:
		m.Channel = ""
	}
	if _, ok := cat.SenderIdentity(m.SenderIdentity); !ok && m.SenderIdentity != "" {
		if m.Asked {
			return fault.Errorf(fault.InvalidRequest, "senderIdentity", "the catalog has no sender identity %q", m.SenderIdentity)
		}
		m.SenderIdentity = ""
	}
	if m.Officers {
		return nil
	}
	found := m.route(cat, of)
	m.Candidates = found.Candidates
	if m.Department == "" {
		m.Department = found.Department
	}
	if best := m.Candidates; m.Channel == "" && len(best) > 0 && best[0].Department == m.Department && (found.Certain || isOnlyChannel(best)) {
		m.Channel = best[0].Channel
		if m.SenderIdentity == "" {
			m.SenderIdentity = best[0].SenderIdentity
		}
	}
	return nil
}

// route finds the desk that the case goes to.
func (m *Matter) route(cat *catalog.Catalog, of Lookup) casework.Route {
	found := casework.Find(&casework.Clues{
		Kind: m.Kind, Received: m.Received, Token: m.Token, Sent: m.Sent, Owners: Owners(cat, m.Mailbox, of),
	})
	if ch, ok := cat.Channel(m.Channel); ok && m.Asked { // A person names the channel.
		found.Department = ch.Department
	}
	if _, ok := cat.Department(found.Department); !ok { // One that was sent by a department that is gone.
		found.Department = ""
	}
	return found
}

// isOnlyChannel reports whether all candidates that name a channel name that of the first: nothing else was sent that a letter could be about.
func isOnlyChannel(candidates []casework.Candidate) bool {
	return !slices.ContainsFunc(candidates[1:], func(c casework.Candidate) bool { return c.Channel != "" && c.Channel != candidates[0].Channel })
}

// MailboxOf returns to which of our addresses a letter came, and whether it was addressed to one person of the company.
func MailboxOf(cat *catalog.Catalog, to []string, of Lookup) (mailbox string, personal bool) {
	ours := func(address string) bool { return len(Owners(cat, address, of)) > 0 }
	for _, one := range to {
		if ours(one) {
			return one, false
		}
	}
	if one, is := casework.PersonalAddress(to, ours); is {
		return one, true
	}
	if len(to) > 0 {
		return to[0], false
	}
	return "", false
}

// FirstAssignee returns who works on a case that is new to a desk: the member that was named, else the only member, else the desk (empty).
func FirstAssignee(desk *casework.Desk, named string) string {
	if named == "" && len(desk.Members) == 1 {
		return desk.Members[0].ID
	}
	return named
}

// NeedMember refuses a member that a desk does not have. Errors: DESK_HAS_NO_MEMBER, about the field.
func NeedMember(desk *casework.Desk, field, member string) error {
	if _, is := desk.Member(member); is {
		return nil
	}
	if len(desk.Members) == 0 {
		return fault.Errorf(fault.DeskLacksMember, field, "the desk has no members in the catalog, so none can be named; the case is the whole desk's")
	}
	return fault.Errorf(fault.DeskLacksMember, field, "the desk has no member %q; its members are %s", member, MemberList(desk))
}

// Due returns until when a case is to be answered by the rules of the desk, and until when by law; zero: the law says nothing of its kind.
func Due(desk *casework.Desk, kind casework.Kind, received time.Time) (due, law casework.Deadline, err error) {
	calendar, err := desk.Calendar()
	if err != nil {
		return due, law, err
	}
	law, _ = calendar.LegalDue(kind, received, false)
	due, err = calendar.Due(kind, received)
	return due, law, err
}
