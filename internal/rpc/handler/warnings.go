package handler

import (
	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/txn"
)

// Warnings returns warnings as messages.
func Warnings(list []statement.Warning) []*assentv1.Warning {
	warnings := make([]*assentv1.Warning, len(list))
	for i := range list {
		warnings[i] = &assentv1.Warning{Code: string(list[i].Code), Field: list[i].Field, Description: list[i].Message}
	}
	return warnings
}

// StillAllowed returns the channels that a no leaves allowed as messages.
func StillAllowed(list []txn.StillAllowed) []*assentv1.StillAllowed {
	channels := make([]*assentv1.StillAllowed, len(list))
	for i := range list {
		channels[i] = &assentv1.StillAllowed{
			Channel: list[i].Channel, Reason: string(list[i].Reason), Position: list[i].Position,
		}
	}
	return channels
}
