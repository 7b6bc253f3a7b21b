package consent

// Listing is what the version in force of an external list says of an address. A decision gets it as it gets states.
type Listing struct {
	List    string
	Binds   Binds
	Since   Instant // when the version came into force
	Listed  bool    // the address or its domain stands on the list
	Unasked bool    // the keeper of the list was never asked about the address, so that the list does not say whether it stands on it
	Stale   Instant // from when on the version is too old to be relied on; zero: it never is
}

// StaleFrom returns from when on the version of an external list denies because it is too old; zero: it never does.
func (f *Facts) StaleFrom() Instant {
	if !f.StaleDenies || f.Freshness.IsZero() {
		return 0
	}
	return f.Obtained.Plus(f.Freshness)
}

// listed adds EXTERNAL_LIST where the address stands on a list that binds this, and EXTERNAL_LIST_STALE where one on which it does not stand
// cannot be relied on. It reports whether it added any.
func (e *evaluation) listed(binds Binds, found *findings) (bars bool) {
	stale := false
	for i := range e.known.Lists {
		switch l := &e.known.Lists[i]; {
		case l.Binds != binds:
		case l.Listed:
			found.Add(CodeExternalList)
			bars = true
		case l.Unasked || EndedBy(l.Stale, e.at):
			stale = true
		}
	}
	if stale {
		found.Add(CodeListStale)
	}
	return bars || stale
}

// listsEnd returns when the first of the lists that a basis has to mind becomes stale; zero: none does.
func (k *Known) listsEnd(consent bool) (ends Instant) {
	for i := range k.Lists {
		if l := &k.Lists[i]; !l.Listed && (l.Binds == BindsAll || !consent) {
			ends = Earliest(ends, l.Stale)
		}
	}
	return ends
}
