// Package changejson has the JSON of one change of the feed. The lines of `assent watch` and the messages of webhooks are made of it, so
// both have the same members. docs/webhooks.md describes them.
package changejson

// Change is one change. A member that the change does not have is left out.
type Change struct {
	Change        string `json:"change"` // ADDED, REMOVED, RESET or KEPT
	Match         string `json:"match,omitempty"`
	Address       string `json:"address,omitempty"`
	Hash          string `json:"hash,omitempty"`
	Channel       string `json:"channel,omitempty"`
	Scope         string `json:"scope,omitempty"`
	Kind          string `json:"kind,omitempty"`
	Reason        string `json:"reason,omitempty"`
	Since         string `json:"since,omitempty"` // this and the other times are in UTC (RFC 3339)
	Until         string `json:"until,omitempty"`
	Order         uint64 `json:"order,omitempty,string"` // digits in a string: it may be larger than JavaScript's numbers are exact
	CountsFrom    string `json:"countsFrom,omitempty"`
	List          string `json:"list,omitempty"`
	Binds         string `json:"binds,omitempty"`
	EndsRefusal   bool   `json:"endsRefusal,omitempty"`
	EndsHonoured  bool   `json:"endsHonoured,omitempty"`
	EndsObjection bool   `json:"endsObjection,omitempty"`
	Imported      bool   `json:"imported,omitempty"`
	EndedBy       string `json:"endedBy,omitempty"`
	Stops         string `json:"stops,omitempty"`
	Position      int64  `json:"position,omitempty"`    // in the ledger; keyed consumers get none
	FoldVersion   int    `json:"foldVersion,omitempty"` // of a kept hash that was made by other rules of folding than the server has
}
