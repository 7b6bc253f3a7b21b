package concerns

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/wallclock"
)

// Cases keeps what persons complain of and ask for, at the desk that answers it. It is the Cases of package service/cases.
type Cases interface {
	// CasesOnPage returns the cases that a person opened on a page, the last one first: those that wait, and those of the last 90 days.
	CasesOnPage(ctx context.Context, a address.Address) ([]Case, error)
	// OpenOnPage opens a case as a part of a write. Where the person has opened one that is the same and is not closed, it returns that, and
	// opened is false: of a complaint with the same channel and text, of a request for access to the same controller. The error is
	// [ErrManyCases] where the person has opened [MaxCases] of the kind within a day.
	OpenOnPage(w *txn.Tx, n *NewCase) (c Case, opened bool, err error)
}

// Case is a case as its person sees it: no text of it, and no name of the desk's members.
type Case struct {
	Number  string // such as 2026-000123
	Kind    casework.Kind
	State   casework.State
	Channel string // that the person complained of, or by whose message they came
	// Controller is that of the channel; where the catalog has the channel no more, that of the department whose desk has the case. Empty: neither is there.
	Controller string
	Opened     consent.Instant
	Due        consent.Instant // the first moment that is too late for the answer
	DueDay     wallclock.Date  // the last day on which it is in time, where it is answered
	Answered   consent.Instant // zero: not yet
	Closed     consent.Instant // zero: it is not
}

// NewCase is a case that a person opens on the page.
type NewCase struct {
	Kind    casework.Kind // complaint or access
	Address address.Address
	Channel string // of the message that the link was in
	Subject string
	Text    string
}

// ErrManyCases is returned for a case of a person who has opened [MaxCases] of its kind within a day.
var ErrManyCases = errors.New("the person has opened as many cases as one can within a day")

const (
	// MaxComplaint is how many characters a complaint has at most. In UTF-8 that is what a case keeps.
	MaxComplaint = 1_000
	// MaxCases is how many cases of one kind a person opens within a day at most.
	MaxCases = 3
)

// complaintOf returns the text of a complaint as it is kept.
func complaintOf(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
}

// CheckCase refuses a case of a kind that the page does not offer, and a complaint without a text or with a long one. The error is INVALID_REQUEST, of
// the field text for a complaint; it has nothing of the text.
func (c *Concerns) CheckCase(kind casework.Kind, text string) error {
	if c.Cases == nil {
		return notOffered()
	}
	switch text = complaintOf(text); {
	case kind != casework.Complaint:
		return nil
	case text == "":
		return fault.Errorf(fault.InvalidRequest, "text", "a complaint says what it is about")
	case utf8.RuneCountInString(text) > MaxComplaint:
		return fault.Errorf(fault.InvalidRequest, "text", "a complaint has at most %d characters", MaxComplaint)
	default:
		return nil
	}
}

// OpenCase opens what a person complains of or asks for. The errors are those of OpenOnPage of [Cases].
func (c *Concerns) OpenCase(w *txn.Tx, n NewCase) (Case, bool, error) {
	if n.Text = complaintOf(n.Text); n.Kind != casework.Complaint {
		n.Text = "" // The form has no field for it.
	}
	return c.Cases.OpenOnPage(w, &n)
}

// CasesOf returns the cases that a person opened on a page of a controller, the last one first.
func (c *Concerns) CasesOf(ctx context.Context, a address.Address, controller string) ([]Case, error) {
	if c.Cases == nil {
		return nil, nil
	}
	all, err := c.Cases.CasesOnPage(ctx, a)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(one Case) bool { return !answersFor(controller, &one) }), nil
}

// answersFor reports whether a case is shown on the page of a controller: one of its own, and one of which nothing says any more whose it is, which a person would
// else see on no page.
func answersFor(controller string, c *Case) bool {
	return c.Controller == "" || c.Controller == controller
}
