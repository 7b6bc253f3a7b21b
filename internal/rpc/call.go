package rpc

import (
	"time"
)

// call is one call under way: what the layers around it tell each other.
type call struct {
	method    string // its full name
	row       method
	known     bool // there is such a row
	streaming bool
	began     time.Time

	id        string // the request id
	client    string // id of the client; empty until it is known
	share     *share // of the client, which the call counts to; nil: none
	inStreams bool   // it counts to the streams of the share
	reason    string // of the error it failed with
}
