package watch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/changejson"
	"github.com/assent-io/assent/internal/cli/value"
)

// line is a change as `assent watch` prints it, with the token to go on with after it, if there is one already.
type line struct {
	changejson.Change

	Token string `json:"token,omitempty"`
}

// heartbeat is written where all up to a position was.
type heartbeat struct {
	Heartbeat struct {
		Position int64  `json:"position"`
		Token    string `json:"token"`
	} `json:"heartbeat"`
}

// lineOf returns the line of a change; token is that to go on with after it.
func lineOf(c *assentv1.Change, token string) line {
	return line{Token: token, Change: changejson.Change{
		Change: word(c.GetChange().String(), "CHANGE_TYPE_"), Match: strings.ToLower(word(c.GetMatch().String(), "ADDRESS_MATCH_")),
		Address: c.GetAddress(), Hash: c.GetHash(), Channel: c.GetChannel(), Scope: c.GetScope(),
		Kind: strings.ToLower(word(c.GetKind().String(), "RULE_KIND_")), Reason: c.GetReason(), Since: value.Stamp(c.GetSinceTime()),
		Until: value.Stamp(c.GetUntilTime()), Order: c.GetOrder(), CountsFrom: value.Stamp(c.GetCountsFromTime()), List: c.GetList(),
		Binds: c.GetBinds(), EndsRefusal: c.GetEndsRefusal(), EndsHonoured: c.GetEndsHonoured(), EndsObjection: c.GetEndsObjection(),
		Imported: c.GetImported(), EndedBy: word(c.GetEndedBy().String(), "ENDED_BY_"), Stops: word(c.GetStops().String(), "STOPS_"),
		Position: c.GetPosition(), FoldVersion: int(c.GetFoldVersion()),
	}}
}

// word returns the name of a value of an enum without that of the enum before it; nothing for the unspecified one.
func word(name, prefix string) string {
	if name = strings.TrimPrefix(name, prefix); name == "UNSPECIFIED" {
		return ""
	}
	return name
}

// appendJSON writes a value as one line.
func appendJSON(to *bytes.Buffer, value any) error {
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("the change cannot be written as JSON: %w", err)
	}
	return nil
}
