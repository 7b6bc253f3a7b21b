package consent

import "github.com/assent-io/assent/internal/catalog"

// Coverage says which scopes of suppressions reach a channel: all, marketing if it is of that class, and the controller, department, channel
// and sender identity of these ids. Sender is empty where a scope of a sender identity does not count.
type Coverage struct {
	Class                                   catalog.Class
	Controller, Department, Channel, Sender string
}

// CoverageOf returns which scopes reach messages on a channel under a sender identity; empty: one that no scope names.
func CoverageOf(ch *catalog.Channel, sender string) Coverage {
	return Coverage{Class: ch.Class, Controller: ch.Controller, Department: ch.Department, Channel: ch.ID, Sender: sender}
}

// Covers reports whether a suppression of the scope reaches the channel.
func (c *Coverage) Covers(s Scope) bool {
	switch s {
	case ScopeAll:
		return true
	case ScopeMarketing:
		return c.Class == catalog.ClassMarketing
	}
	kind, id := s.Split()
	switch kind {
	case ScopeController:
		return id == c.Controller
	case ScopeDepartment:
		return id == c.Department
	case ScopeChannel:
		return id == c.Channel
	case ScopeSender:
		return c.Sender != "" && id == c.Sender
	default:
		return false
	}
}
