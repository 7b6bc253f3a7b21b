package campaign

// Load is what is known of the cases that a send would bring to the desk that answers them.
type Load struct {
	Recipients int64 // of the send: those who may be written to, or those that are expected; 0: it is not known
	Contacts   int64 // messages of the sender identity that were reported as sent within a time that has passed
	Cases      int64 // that came about the sender identity within the same time
	Waiting    int64 // cases at the desk that are not closed
	Capacity   int64 // cases that the desk can answer on a working day, at least 1
	Days       int64 // working days of the desk within the window of the send, at least 1
}

// LeastContacts is on how many messages figures for 1,000 rest at least: what fewer say of many is chance.
const LeastContacts = 1000

// Expected returns how many cases the recipients bring if as many for 1,000 messages come as so far, rounded up. It is known only where enough was sent, and
// where the number of recipients is known.
func (l *Load) Expected() (cases int64, known bool) {
	if l.Contacts < LeastContacts || l.Recipients == 0 {
		return 0, false
	}
	return (l.Recipients*l.Cases + l.Contacts - 1) / l.Contacts, true
}

// Over reports whether the cases that wait and those that are expected are more than the desk can answer within the window. Where none are expected for want
// of figures, those that wait decide.
func (l *Load) Over() bool {
	expected, _ := l.Expected()
	return l.Waiting+expected > l.Capacity*l.Days
}
