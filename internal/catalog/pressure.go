package catalog

import (
	"slices"
	"time"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/catalog/yamlread"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/yamltext"
)

const (
	// maxCap is how many contacts a cap allows at most: it is a bound, and not a way to have none.
	maxCap = 1000
	// contactDays is for how many days contacts are kept at least: those of the last thirty tell why a person complains.
	contactDays = 30
)

// pressureCap reads a cap on what one person gets.
func pressureCap(entry yamlread.Item) campaign.Cap {
	o := entry.Object("id", "max", "per", "channels", "classes", "observe")
	o.Require("id", "max", "per")
	c := campaign.Cap{
		ID: o.Token("id"), Max: o.Count("max", maxCap, 0), Per: o.Period("per", period.Period{}), Channels: o.Tokens("channels"),
		Observe: o.Flag("observe"),
	}
	if c.Per.EndsWithYear() {
		o.Fail("per", "%s ends with a year, and the window of a cap rolls; write a period such as P7D", yamltext.Quote(c.Per.String()))
	}
	for _, class := range o.Tokens("classes") {
		if class != string(ClassMarketing) {
			o.Fail("classes", "messages of the class %s neither count nor wait; the class of a cap is marketing", yamltext.Quote(class))
		}
	}
	if o.Has("channels") && o.Has("classes") {
		o.Fail("classes", "a cap has channels or classes; leave one of them out")
	}
	return c
}

// pressure holds the caps against the channels and one another, and finds for how long contacts are kept.
func pressure(d *yamlread.Reader, c *Catalog) {
	distinct(d, "pressure", "id", c.Pressure, func(x *campaign.Cap) string { return x.ID })
	days := contactDays
	for i := range c.Pressure {
		one := &c.Pressure[i]
		for _, id := range one.Channels {
			path := at("pressure", i) + ".channels"
			if refer(d, path, "channel", id, c.channels) && c.channels[id].Class != ClassMarketing {
				d.Fail(path, "the channel %s is not marketing, and its messages neither count nor wait; name channels of marketing only", yamltext.Quote(id))
			}
		}
		if !one.Per.IsZero() && !one.Per.EndsWithYear() {
			_, most := lengthInDays(one.Per)
			days = max(days, most)
		}
		for j := range c.Pressure {
			if j != i && impliesCap(&c.Pressure[j], one) && (j < i || !impliesCap(one, &c.Pressure[j])) {
				d.Warn(at("pressure", i), "the cap has no effect: who is within %s is within this one, too", yamltext.Quote(c.Pressure[j].ID))
				break
			}
		}
	}
	kept := &c.Policy.Retention.Contacts
	if kept.IsZero() {
		*kept = period.Days(int64(max(days, daysOfContactLapses(c))))
		return
	}
	if least, _ := lengthInDays(*kept); least < days {
		d.Fail("policy.retention.contacts", "contacts are kept for at least P%dD: for as long caps of the catalog count them, and the last thirty days tell why "+
			"a person complains", days)
	}
}

// impliesCap reports whether a person within one cap is within another one, whatever happens.
func impliesCap(one, other *campaign.Cap) bool {
	if one.Observe && !other.Observe || one.Max > other.Max || one.Max == 0 || one.Per.IsZero() || other.Per.IsZero() {
		return false
	}
	least, _ := lengthInDays(one.Per)
	_, most := lengthInDays(other.Per)
	if one.Per != other.Per && least < most {
		return false
	}
	reached := func(channel string) bool { return slices.Contains(one.Channels, channel) }
	return len(one.Channels) == 0 || len(other.Channels) > 0 && !slices.ContainsFunc(other.Channels, func(id string) bool { return !reached(id) })
}

// lengthInDays returns how many whole days a period has at least, and by how many days it has ended at the latest, whichever day it begins on.
func lengthInDays(p period.Period) (least, most int) {
	const day = 24 * time.Hour
	for from := time.Date(2003, time.January, 1, 0, 0, 0, 0, time.UTC); from.Year() < 2005; from = from.Add(day) {
		long := p.AddTo(from).Sub(from)
		if n := int(long / day); least == 0 || n < least {
			least = n
		}
		most = max(most, int((long+day-1)/day))
	}
	return least, most
}
