package casework

import (
	"cmp"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/period"
)

// Clues are what is known of a letter before the desk reads it.
type Clues struct {
	Kind     Kind
	Received time.Time
	// Token is what our token in the letter says, or that of the message that it answers; nil: there is none, or it is not ours.
	Token *Candidate
	// Owners are the departments of the mailbox that the letter came to; several may share one.
	Owners []string
	// Sent are the messages that went to the address, and the answers that they may; older ones than [Lookback] do not count. Their Evidence is ByContact
	// or ByAllow.
	Sent []Candidate
	// Quoted are the ids of sender identities whose name or address the letter mentions or quotes.
	Quoted []string
}

// Lookback returns how far back messages are looked at to find who sent what a person complains about: thirty days.
func Lookback() period.Period { return period.Days(30) }

// Route is the desk that a case goes to.
type Route struct {
	// Department is the likeliest; empty: nothing says which, and the case is the officer's.
	Department string
	// Certain says that a token of ours names the department, or that the candidates and the mailbox name no other one. If not, who reads the case is
	// asked.
	Certain bool
	// Candidates are all departments that may have sent, the likeliest first, each message of a department, channel, sender identity and send once.
	Candidates []Candidate
}

// Find returns the desk that a case goes to. A complaint or an objection goes to the department that sent: by our token, else by the messages of
// the last thirty days, else to the owner of the mailbox that it came to. All else goes to the mailbox's owner before the likeliest sender, because who
// asks something chose whom to ask; but our token goes before both.
func Find(c *Clues) Route {
	var r Route
	if c.Token != nil {
		token := *c.Token
		token.Evidence = ByToken
		r.Candidates = append(r.Candidates, token)
	}
	var owners []Candidate
	for _, department := range c.Owners {
		owners = append(owners, Candidate{Department: department, Evidence: ByMailbox})
	}
	senders := c.senders()
	if c.Kind == Complaint || c.Kind == Objection {
		r.Candidates = append(append(r.Candidates, senders...), owners...)
	} else {
		r.Candidates = append(append(r.Candidates, owners...), senders...)
	}
	r.Candidates = distinct(r.Candidates)
	if len(r.Candidates) == 0 {
		return r
	}
	r.Department = r.Candidates[0].Department
	r.Certain = c.Token != nil || !slices.ContainsFunc(r.Candidates, func(o Candidate) bool { return o.Department != r.Department })
	return r
}

// senders returns what was sent within the last thirty days, the likeliest first: what the letter mentions, then messages before answers that allowed
// one, then the latest.
func (c *Clues) senders() []Candidate {
	var list []Candidate
	for _, s := range c.Sent {
		if !s.Time.After(c.Received) && Lookback().AddTo(s.Time).After(c.Received) {
			list = append(list, s)
		}
	}
	rank := func(s *Candidate) int {
		rank := 0
		if !slices.Contains(c.Quoted, s.SenderIdentity) || s.SenderIdentity == "" {
			rank += 2
		}
		if s.Evidence != ByContact {
			rank++
		}
		return rank
	}
	slices.SortStableFunc(list, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(rank(&a), rank(&b)), b.Time.Compare(a.Time), cmp.Compare(a.Department, b.Department),
			cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.SenderIdentity, b.SenderIdentity), cmp.Compare(a.Send, b.Send))
	})
	return list
}

// distinct keeps the first of the candidates that are the same but for time and evidence. What is only known as a department says nothing beside a
// message of it.
func distinct(list []Candidate) []Candidate {
	type key struct{ department, channel, sender, send string }
	seen, known := map[key]bool{}, map[string]bool{}
	return slices.DeleteFunc(list, func(c Candidate) bool {
		k := key{c.Department, c.Channel, c.SenderIdentity, c.Send}
		again := seen[k] || c.Evidence == ByMailbox && known[c.Department]
		seen[k], known[c.Department] = true, true
		return again
	})
}
