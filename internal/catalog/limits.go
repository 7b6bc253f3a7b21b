package catalog

import (
	"strings"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/catalog/yamlread"
	"github.com/assent-io/assent/internal/wallclock"
	"github.com/assent-io/assent/internal/yamltext"
)

// Limits returns the quiet hours and freezes of a channel: none unless it is marketing, for other messages do not wait.
func (c *Catalog) Limits(channel string) campaign.Limits {
	ch, ok := c.channels[channel]
	if !ok || ch.Class != ClassMarketing {
		return campaign.Limits{}
	}
	all := campaign.Limits{QuietHours: c.QuietHours, Freezes: c.Freezes}
	return all.Of(ch.ID, ch.Department)
}

// Calendar returns the calendar of the channel's limits; nil if it has none.
func (c *Catalog) Calendar(channel string) *campaign.Calendar { return c.calendars[channel] }

func (d *decoder) quietHours(entry yamlread.Item) campaign.QuietHours {
	o := entry.Object("zone", "from", "until", "days", "channels", "observe")
	o.Require("zone", "from", "until")
	q := campaign.QuietHours{
		From: o.Clock("from"), Until: o.Clock("until"), Days: o.Days("days"), Channels: o.Tokens("channels"), Observe: o.Flag("observe"),
	}
	if zone := o.Zone("zone"); zone != nil {
		q.Zone = zone.String()
	}
	switch {
	case q.From == wallclock.EndOfDay:
		o.Fail("from", "24:00 is the end of a day; write 00:00, and the next day in days")
	case o.Has("from") && o.Has("until") && q.From == q.Until:
		o.Fail("until", "from and until are the same time; write two different ones, and for whole days 00:00 and 24:00")
	}
	return q
}

func (d *decoder) freeze(entry yamlread.Item) campaign.Freeze {
	o := entry.Object("zone", "from", "until", "reason", "except", "observe")
	o.Require("from", "reason")
	zone := o.Zone("zone")
	f := campaign.Freeze{Reason: o.Line("reason", yamlread.MaxLine), Observe: o.Flag("observe")}
	from, date := o.Bound("from", zone, wallclock.StartOfDay)
	until, alsoDate := o.Bound("until", zone, wallclock.EndOfDate)
	f.From, f.Until = from, until
	if except := o.Child("except", "channels", "departments"); except != nil {
		f.Except, f.ExceptDepartments = except.Tokens("channels"), except.Tokens("departments")
	}
	switch {
	case from.IsZero():
	case from.Year() < 1 || until.Year() > 9999:
		o.Fail("until", "the freeze is not within the years 1 to 9999; omit until if it has no end")
	case o.Has("zone") && !date && !alsoDate:
		o.Warn("zone", "the key has no effect: from and until are no dates")
	case !o.Has("until"):
		entry.Warn("the freeze has no end; add until, such as 2026-12-26, unless a later version of the catalog is to end it")
	case !until.IsZero() && !from.Before(until):
		o.Fail("until", "the freeze ends before it begins; write an end that is later than from")
	case until.After(from.AddDate(1, 0, 0)):
		o.Warn("until", "the freeze is longer than a year; is the year right?")
	}
	return f
}

// limits holds quiet hours and freezes against the channels, and makes the calendars of those that are right.
func (d *decoder) limits(c *Catalog) {
	for i, q := range c.QuietHours {
		for _, id := range q.Channels {
			path := at("quiet_hours", i) + ".channels"
			if refer(d.Reader, path, "channel", id, c.channels) && c.channels[id].Class != ClassMarketing {
				d.Fail(path, "the channel %s is not marketing, and its messages do not wait; name channels of marketing only", yamltext.Quote(id))
			}
		}
	}
	for i, f := range c.Freezes {
		path := at("freezes", i) + ".except"
		for _, id := range f.Except {
			if refer(d.Reader, path+".channels", "channel", id, c.channels) && c.channels[id].Class != ClassMarketing {
				d.Warn(path+".channels", "the key has no effect for %s: its messages are no marketing and do not wait", yamltext.Quote(id))
			}
		}
		for _, id := range f.ExceptDepartments {
			refer(d.Reader, path+".departments", "department", id, c.departments)
		}
	}
	if d.Failed() {
		return
	}
	c.calendars = map[string]*campaign.Calendar{}
	var full []string
	for i := range c.Channels {
		limits := c.Limits(c.Channels[i].ID)
		if limits.IsZero() {
			continue
		}
		calendar, err := campaign.NewCalendar(limits)
		if err != nil {
			d.Fail("quiet_hours", "%s", err)
			return
		}
		c.calendars[c.Channels[i].ID] = calendar
		if !limits.LeaveTime() {
			full = append(full, yamltext.Quote(c.Channels[i].ID))
		}
	}
	if len(full) > 0 {
		d.Fail("quiet_hours", "the quiet hours leave no time in any week to send on %s; shorten one of them, or name its channels", strings.Join(full, ", "))
	}
}
