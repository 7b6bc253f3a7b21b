package catalog

import (
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/catalog/yamlread"
	"github.com/assent-io/assent/internal/period"
)

// SendRules are what is asked of planned mailings before they go out.
type SendRules struct {
	Clearing campaign.Clearing // off unless the document says otherwise
	// CommentWithin is how long other departments may comment on a send before silence clears it; 24 hours unless the document says otherwise.
	CommentWithin period.Period
}

// sendRules reads what a document says of sends.
func sendRules(document *yamlread.Object) SendRules {
	rules := SendRules{Clearing: campaign.ClearingOff, CommentWithin: period.Seconds(24 * 60 * 60)}
	o := document.Child("sends", "clearing", "comment_within")
	if o == nil {
		return rules
	}
	o.Require("clearing")
	if o.Has("clearing") {
		rules.Clearing = yamlread.OneOf(o, "clearing", campaign.ClearingOff, campaign.ClearingAdvised, campaign.ClearingRequired)
	}
	rules.CommentWithin = o.Period("comment_within", rules.CommentWithin)
	switch {
	case rules.CommentWithin.EndsWithYear():
		o.Fail("comment_within", "the time for comments cannot end with a year; write a period such as PT24H or P2D")
	case rules.Clearing == campaign.ClearingOff && o.Has("comment_within"):
		o.Warn("comment_within", "the key has no effect: clearing is off")
	}
	return rules
}
