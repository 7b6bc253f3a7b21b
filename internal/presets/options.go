package presets

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
)

// Options are what a file cannot say itself.
type Options struct {
	// FileName is the name of the file, by which some tools say what is in it; empty: it came through a pipe.
	FileName string
	// Status is given by --status, and beats the name of the file.
	Status string
	// Channel is the channel of the list that the file is of.
	Channel string
	// Map gives channels to keys such as group:12. See [ParseMapping].
	Map map[string]string
	// Declaration is id@version, the text to which the subscribers of the file agreed.
	Declaration string
	// Zone is that of times without one; nil: UTC.
	Zone *time.Location
	// Order is that of day and month in times such as 03/04/2025.
	Order DayOrder
	// Scope is that of what an administrator blocked; empty: marketing.
	Scope consent.Scope
	// Occurred is the time of rows that have none; zero: the time of the import.
	Occurred time.Time
	// Imported is the time of the import. What is later is in the future.
	Imported time.Time
	// Columns are those of the preset [ByColumns]. See [ParseColumns].
	Columns map[string]string
}

// DayOrder is the order of day and month in dates such as 03/04/2025.
type DayOrder int

// The orders.
const (
	OrderOfPreset DayOrder = iota // as the preset has it; such dates are rejected where it has none
	DayFirst
	MonthFirst
)

// The kinds of keys that --map knows.
//
//nolint:gochecknoglobals // A list that nothing changes.
var mapKinds = []string{"group", "list", "topic", "stream", "tag"}

// ParseMapping reads KIND:KEY=CHANNEL, such as group:12=newsletter, into the key and the channel of [Options.Map]. KIND is group, list,
// topic, stream or tag. Keys are compared as names of columns are. The channel ends the text, so a key may have an equals sign.
func ParseMapping(text string) (key, channel string, err error) {
	const example = "it must be such as group:12=newsletter"
	at := strings.LastIndexByte(text, '=')
	if at < 0 {
		return "", "", errors.New("the channel is missing; " + example)
	}
	kind, name, found := strings.Cut(text[:at], ":")
	channel = text[at+1:]
	switch {
	case !found || !slices.Contains(mapKinds, kind):
		return "", "", fmt.Errorf("it must begin with one of %s and a colon; %s", strings.Join(mapKinds, ", "), example)
	case plainName(name) == "":
		return "", "", fmt.Errorf("the %s is missing; %s", kind, example)
	case !catalog.IsID(channel):
		return "", "", errors.New("what stands behind the equals sign is no id of a channel; " + example)
	}
	return mapKey(kind, name), channel, nil
}

func mapKey(kind, name string) string { return kind + ":" + plainName(name) }

// Fields are what --columns can give columns to.
func Fields() []string {
	return []string{fieldAddress, fieldReason, fieldTime, fieldChannel, fieldList, fieldOptIn, fieldConfirmed, fieldIP}
}

// The fields of --columns.
const (
	fieldAddress   = "address"
	fieldReason    = "reason"    // a word of [Words]
	fieldTime      = "time"      // of the refusal
	fieldChannel   = "channel"   // the id of a channel in the catalog
	fieldList      = "list"      // the key of --map list:KEY=CHANNEL
	fieldOptIn     = "opt_in"    // when the person subscribed
	fieldConfirmed = "confirmed" // when the person confirmed it
	fieldIP        = "ip"        // from where the person subscribed
)

// ParseColumns reads address=Email,reason=Status,… into [Options.Columns]. The address is needed; all others are optional.
func ParseColumns(text string) (map[string]string, error) {
	columns := map[string]string{}
	for part := range strings.SplitSeq(text, ",") {
		field, column, found := strings.Cut(strings.TrimSpace(part), "=")
		switch {
		case !found || strings.TrimSpace(column) == "":
			return nil, errors.New("each part must be FIELD=COLUMN, such as address=Email")
		case columns[field] != "":
			return nil, fmt.Errorf("the field %s has two columns", field)
		}
		columns[field] = column
	}
	if err := CheckColumns(columns); err != nil {
		return nil, err
	}
	return columns, nil
}

// CheckColumns refuses columns by which no list can be read: of a field that is not known, or without that of the address.
func CheckColumns(columns map[string]string) error {
	for _, field := range slices.Sorted(maps.Keys(columns)) {
		if !slices.Contains(Fields(), field) {
			return fmt.Errorf("the field %q is not known; it must be one of %s", field, strings.Join(Fields(), ", "))
		}
	}
	if strings.TrimSpace(columns[fieldAddress]) == "" {
		return errors.New("the column of the address is missing: address=COLUMN")
	}
	return nil
}

// check holds options to their shape.
func (o *Options) check() error {
	switch {
	case o.Imported.IsZero():
		return errors.New("the time of the import is missing")
	case o.Occurred.After(o.Imported):
		return errors.New("--occurred-time is in the future")
	case o.Channel != "" && !catalog.IsID(o.Channel):
		return errors.New("--channel is no id of a channel")
	case o.Order < OrderOfPreset || o.Order > MonthFirst:
		return errors.New("the order of day and month is not known")
	case o.Scope != "" && !knownScope(o.Scope):
		return errors.New("--scope must be all, marketing, or controller:, department:, channel: or sender: and an id of the catalog")
	}
	if o.Declaration != "" {
		if id, version, found := strings.Cut(o.Declaration, "@"); !found || id == "" || version == "" || strings.Contains(version, "@") {
			return errors.New("--declaration must be id@version, such as newsletter-signup@2026-01")
		}
	}
	return nil
}

func knownScope(s consent.Scope) bool {
	if s == consent.ScopeAll || s == consent.ScopeMarketing {
		return true
	}
	kind, id := s.Split()
	return slices.Contains([]string{consent.ScopeController, consent.ScopeDepartment, consent.ScopeChannel, consent.ScopeSender}, kind) && catalog.IsID(id)
}
