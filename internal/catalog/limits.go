package catalog

import (
	"strings"
	"time"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/timetext"
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

func (d *decoder) quietHours(entry item) campaign.QuietHours {
	o := d.object(entry.node, entry.path, "zone", "from", "until", "days", "channels", "observe")
	o.require("zone", "from", "until")
	q := campaign.QuietHours{
		From: o.clock("from"), Until: o.clock("until"), Days: o.days("days"), Channels: o.tokens("channels"), Observe: o.flag("observe"),
	}
	if zone := o.zone("zone"); zone != nil {
		q.Zone = zone.String()
	}
	switch {
	case q.From == campaign.EndOfDay:
		o.fail("from", "24:00 is the end of a day; write 00:00, and the next day in days")
	case o.has("from") && o.has("until") && q.From == q.Until:
		o.fail("until", "from and until are the same time; write two different ones, and for whole days 00:00 and 24:00")
	}
	return q
}

func (d *decoder) freeze(entry item) campaign.Freeze {
	o := d.object(entry.node, entry.path, "zone", "from", "until", "reason", "except", "observe")
	o.require("from", "reason")
	zone := o.zone("zone")
	f := campaign.Freeze{Reason: o.line("reason", maxLine), Observe: o.flag("observe")}
	from, date := o.bound("from", zone, campaign.StartOfDay)
	until, alsoDate := o.bound("until", zone, campaign.EndOfDate)
	f.From, f.Until = from, until
	if except := o.child("except", "channels", "departments"); except != nil {
		f.Except, f.ExceptDepartments = except.tokens("channels"), except.tokens("departments")
	}
	switch {
	case from.IsZero():
	case from.Year() < 1 || until.Year() > 9999:
		o.fail("until", "the freeze is not within the years 1 to 9999; omit until if it has no end")
	case o.has("zone") && !date && !alsoDate:
		d.warn(o.at("zone"), "the key has no effect: from and until are no dates")
	case !o.has("until"):
		d.warn(entry.path, "the freeze has no end; add until, such as 2026-12-26, unless a later version of the catalog is to end it")
	case !until.IsZero() && !from.Before(until):
		o.fail("until", "the freeze ends before it begins; write an end that is later than from")
	case until.After(from.AddDate(1, 0, 0)):
		d.warn(o.at("until"), "the freeze is longer than a year; is the year right?")
	}
	return f
}

// clock reads a time of day.
func (o *object) clock(key string) campaign.Clock {
	s, ok := o.text(key, maxLine)
	if !ok {
		return 0
	}
	c, err := campaign.ParseClock(s)
	if err != nil {
		o.fail(key, "%s is not a time of day: %s", yamltext.Quote(s), err)
	}
	return c
}

// days reads a list of days of the week; every day when the key is missing.
func (o *object) days(key string) campaign.Days {
	if !o.has(key) {
		return campaign.EveryDay
	}
	var days campaign.Days
	var names []string
	for _, entry := range o.items(key, maxList) {
		name, _ := yamltext.Of(entry.node)
		day, ok := campaign.ParseDay(name)
		if !ok {
			o.d.fail(entry.path, "%s is not a day of the week; use %s", shown(entry.node), alternatives(campaign.DayNames()))
			continue
		}
		days, names = days|day, append(names, name)
	}
	o.unique(key, names)
	return days
}

// zone reads the name of a time zone; nil when it is missing or wrong.
func (o *object) zone(key string) *time.Location {
	s, ok := o.text(key, maxLine)
	if !ok {
		return nil
	}
	zone, err := campaign.Zone(s)
	if err != nil {
		o.fail(key, "%s is not a time zone; write the name of the IANA time zone database, such as Europe/Vienna", yamltext.Quote(s))
		return nil
	}
	return zone
}

// bound reads where a freeze begins or ends: a time of RFC 3339, or a date in the zone, of which ofDate gives the time. It is zero when missing or
// wrong.
func (o *object) bound(key string, zone *time.Location, ofDate func(*time.Location, time.Time) time.Time) (at time.Time, date bool) {
	s, ok := o.text(key, maxLine)
	if !ok {
		return time.Time{}, false
	}
	if day, err := time.Parse(time.DateOnly, s); err == nil {
		switch {
		case zone != nil:
			return ofDate(zone, day), true
		case !o.has("zone"):
			o.fail(key, "%s is a date, and the key zone is missing; add it, such as zone: Europe/Vienna, or write a time such as 2026-12-24T00:00:00+01:00", yamltext.Quote(s))
		}
		return time.Time{}, true
	}
	t, err := timetext.Parse(s)
	if err != nil || t.Nanosecond()%1000 != 0 {
		o.fail(key, "%s is neither a date nor a time; write 2026-12-24, or 2026-12-24T00:00:00+01:00 with at most six decimals", yamltext.Quote(s))
		return time.Time{}, false
	}
	return t.UTC(), false
}

// limits holds quiet hours and freezes against the channels, and makes the calendars of those that are right.
func (d *decoder) limits(c *Catalog) {
	for i, q := range c.QuietHours {
		for _, id := range q.Channels {
			path := at("quiet_hours", i) + ".channels"
			if refer(d, path, "channel", id, c.channels) && c.channels[id].Class != ClassMarketing {
				d.fail(path, "the channel %s is not marketing, and its messages do not wait; name channels of marketing only", yamltext.Quote(id))
			}
		}
	}
	for i, f := range c.Freezes {
		path := at("freezes", i) + ".except"
		for _, id := range f.Except {
			if refer(d, path+".channels", "channel", id, c.channels) && c.channels[id].Class != ClassMarketing {
				d.warn(path+".channels", "the key has no effect for %s: its messages are no marketing and do not wait", yamltext.Quote(id))
			}
		}
		for _, id := range f.ExceptDepartments {
			refer(d, path+".departments", "department", id, c.departments)
		}
	}
	if len(d.problems) > 0 {
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
			d.fail("quiet_hours", "%s", err)
			return
		}
		c.calendars[c.Channels[i].ID] = calendar
		if !limits.LeaveTime() {
			full = append(full, yamltext.Quote(c.Channels[i].ID))
		}
	}
	if len(full) > 0 {
		d.fail("quiet_hours", "the quiet hours leave no time in any week to send on %s; shorten one of them, or name its channels", strings.Join(full, ", "))
	}
}
