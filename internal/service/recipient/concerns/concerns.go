// Package concerns is what a person can say on the page of a link beside yes and no: how seldom they want marketing, what they complain of, and
// that they ask what is held about them. It decides what the page offers of it and shows; the services that keep it are given to it.
package concerns

import "github.com/assent-io/assent/internal/fault"

// Concerns are the services that keep what persons say. The zero value offers nothing.
type Concerns struct {
	// Caps keeps how much marketing persons want; nil: it is not offered.
	Caps Caps
	// Cases keeps what persons complain of and ask for; nil: it is not offered.
	Cases Cases
}

// notOffered refuses what the page does not have.
func notOffered() error {
	return fault.Errorf(fault.InvalidRequest, "action", "the page does not offer this")
}
