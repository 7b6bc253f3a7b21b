package leaving

import "github.com/assent-io/assent/internal/consent"

// Left calls left with the scope of each no of the person since an instant that is about a channel, a sender or a department: a refusal or a
// withdrawal, an objection, a complaint. After one to a channel the person did not come back there. A scope may come more than once.
func Left(known *consent.Known, since, t consent.Instant, left func(scope consent.Scope)) {
	leftBy(known, known.Folded, known.Spelling, since, t, left)
	for i := range known.Linked {
		leftBy(known, known.Linked[i].State, known.Linked[i].Spelling, since, t, left)
	}
}

func leftBy(known *consent.Known, s *consent.State, spelling [16]byte, since, t consent.Instant, left func(scope consent.Scope)) {
	if s == nil {
		return
	}
	for i := range s.Refusals {
		r := &s.Refusals[i]
		if r.At <= since || r.At > t || r.Only != ([16]byte{}) && r.Only != spelling {
			continue
		}
		cameBack := known.GrantExists(func(g *consent.Grant) bool { return g.On(r.Channel) && g.Begin() > r.At })
		if !cameBack {
			left(consent.Scope(consent.ScopeChannel + ":" + r.Channel))
		}
	}
	inForce(s, t, func(p *consent.Suppression) bool {
		switch kind, _ := p.Scope.Split(); {
		case p.At <= since || p.Reason != consent.ReasonObjection && p.Reason != consent.ReasonComplaint:
		case kind == consent.ScopeChannel, kind == consent.ScopeSender, kind == consent.ScopeDepartment:
			left(p.Scope)
		}
		return false
	})
}
