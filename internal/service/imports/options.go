package imports

import (
	"context"
	"slices"
	"time"
	_ "time/tzdata" // For a zone that the machine lacks.

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/textfile"
	"github.com/assent-io/assent/internal/toolfile"
)

// Options are how a file is read, and what it cannot say itself. See [presets.Options] for what each means.
type Options struct {
	Preset string
	// FileName may name a person, so it is not stored: NameSays stands in its place, the status that it says.
	FileName    string              `json:"-"`
	NameSays    string              `json:",omitempty"`
	Columns     map[string]string   `json:",omitempty"`
	Channel     string              `json:",omitempty"`
	ChannelMap  map[string]string   `json:",omitempty"`
	Declaration consent.Declaration `json:",omitzero"`
	Timezone    string              `json:",omitempty"` // empty: UTC
	DateOrder   string              `json:",omitempty"` // DayFirst, MonthFirst or empty
	Status      string              `json:",omitempty"`
	Scope       consent.Scope       `json:",omitempty"`
	Occurred    consent.Instant     `json:",omitempty"` // zero: the time of the import
	Encoding    string              `json:",omitempty"`
}

// The orders of day and month.
const (
	DayFirst   = "day_first"
	MonthFirst = "month_first"
)

// takeName keeps of the name of the file what it says of the meaning of the file. Errors: INVALID_IMPORT for a name that says two things.
func (o *Options) takeName() error {
	o.NameSays = ""
	preset, err := presets.Named(o.Preset)
	if err != nil || o.Status != "" {
		return nil //nolint:nilerr // The preset is judged where the file is read; a status that is given beats the name.
	}
	if o.NameSays, err = preset.StatusOfFile(o.FileName); err != nil {
		return invalid("options.fileName", "%s", err.Error())
	}
	return nil
}

// reading returns how a file of an import of that time is read. Errors: INVALID_IMPORT.
func (o *Options) reading(imported consent.Instant) (toolfile.Options, error) {
	r := toolfile.Options{Options: presets.Options{
		FileName: o.NameSays, Status: o.Status, Channel: o.Channel, Scope: o.Scope, Imported: imported.Time(), Columns: o.Columns,
	}}
	if o.Occurred != 0 {
		r.Occurred = o.Occurred.Time()
	}
	if !o.Declaration.IsZero() {
		r.Declaration = o.Declaration.ID + "@" + o.Declaration.Version
	}
	var err error
	if r.Preset, err = presets.Named(o.Preset); err != nil {
		return r, invalid("options.preset", "%s", err.Error())
	}
	if o.Preset == presets.ByColumns {
		if err := presets.CheckColumns(o.Columns); err != nil {
			return r, invalid("options.columns", "%s", err.Error())
		}
	}
	if o.Timezone != "" {
		if r.Zone, err = time.LoadLocation(o.Timezone); err != nil || o.Timezone == "Local" {
			return r, invalid("options.timezone", "there is no such zone; give a name of the IANA database, such as Europe/Vienna")
		}
	}
	switch o.DateOrder {
	case "":
	case DayFirst:
		r.Order = presets.DayFirst
	case MonthFirst:
		r.Order = presets.MonthFirst
	default:
		return r, invalid("options.dateOrder", "the order of day and month is %s or %s", DayFirst, MonthFirst)
	}
	if o.Encoding != "" {
		if r.Encoding, err = textfile.ParseEncoding(o.Encoding); err != nil {
			return r, invalid("options.encoding", "%s", err.Error())
		}
	}
	r.Map = make(map[string]string, len(o.ChannelMap))
	for key, channel := range o.ChannelMap {
		folded, _, err := presets.ParseMapping(key + "=" + channel)
		if err != nil {
			return r, invalid("options.channelMap", "%s", err.Error())
		}
		if _, twice := r.Map[folded]; twice {
			return r, invalid("options.channelMap", "the key %s is there twice", folded)
		}
		r.Map[folded] = channel
	}
	return r, nil
}

// check refuses options with which no file could be read rightly, and takes from the name of the file what it says. Errors: INVALID_IMPORT,
// UNKNOWN_CHANNEL, NO_CATALOG, OTHER_DEPARTMENT.
func (s *Imports) check(ctx context.Context, o *Options, who *access.Caller) error {
	now := s.Instant()
	if err := o.takeName(); err != nil {
		return err
	}
	if _, err := o.reading(now); err != nil {
		return err
	}
	if o.Occurred > now {
		return invalid("options.occurredTime", "it is in the future")
	}
	cat, err := s.catalog(ctx, now)
	if err != nil {
		return err
	}
	return checkChannels(o, cat, who)
}

// checkChannels refuses channels that the catalog lacks. A refusal may be stated for any channel; a consent only for one of the client's own.
func checkChannels(o *Options, cat *catalog.Catalog, who *access.Caller) error {
	channels := []string{}
	if o.Channel != "" {
		channels = append(channels, o.Channel)
	}
	for _, channel := range o.ChannelMap {
		channels = append(channels, channel)
	}
	slices.Sort(channels)
	for _, id := range slices.Compact(channels) {
		if _, ok := cat.Channel(id); !ok {
			return fault.Errorf(fault.UnknownChannel, "options.channel", "the catalog has no channel %q", id)
		}
		if o.Declaration.IsZero() {
			continue
		}
		if err := who.NeedChannel(id, cat); err != nil {
			return err
		}
	}
	return nil
}

// catalog returns the catalog in force.
func (s *Imports) catalog(ctx context.Context, now consent.Instant) (*catalog.Catalog, error) {
	head, err := s.Store.Head(ctx)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	versions, err := s.Catalogs.UpTo(ctx, &head)
	if err != nil {
		return nil, err
	}
	return reference.InForce(versions, max(now, head.Recorded)).Parsed, nil
}

func invalid(field, format string, args ...any) error {
	return fault.Errorf(fault.InvalidImport, field, format, args...)
}
