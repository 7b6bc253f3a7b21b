package sends

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/wallclock"
)

const calendarHelp = `Write the sends of all departments as a calendar of one week or one month: with their state, what they meet, and the quiet hours and freezes
of the catalog. Without --week and --month it is this week. Times are those of --zone, or else of the zone of the first quiet hours of the
catalog, or else UTC.`

func (c *Commands) calendar() *cobra.Command {
	var week, month, zoneName string
	cmd := &cobra.Command{
		Use: "calendar", Short: "Write the sends as a calendar of a week or a month", Long: calendarHelp, Args: c.NoArguments,
		Example: "  assent sends calendar --week 2027-W09\n  assent sends calendar --month 2027-03 --zone Europe/Vienna",
	}
	cmd.RunE = c.Asking(func(ctx context.Context, _ []string, s *connect.Server) error {
		if week != "" && month != "" {
			return terminal.Usagef("give --week or --month, not both")
		}
		limits, err := limitsOf(ctx, s)
		if err != nil {
			return err
		}
		zone, err := zoneOf(zoneName, &limits)
		if err != nil {
			return terminal.Usagef("--zone: %s", err)
		}
		a, err := newAgenda(week, month, zone, time.Now())
		if err != nil {
			return terminal.Usagef("%s", err)
		}
		a.limits = limits
		in := &assentv1.ListSendsRequest{PageSize: 1000, FromTime: timestamppb.New(a.from), UntilTime: timestamppb.New(a.until)}
		all, err := connect.All(ctx, s, assentv1.NewSendServiceClient(s).ListSends, in, &in.PageToken)
		if err != nil {
			return err
		}
		if c.JSON() {
			return c.PrintMessage(all)
		}
		a.sends = all.GetSends()
		return c.Print(a.text())
	})
	flags := cmd.Flags()
	flags.StringVar(&week, "week", "", "week of ISO 8601, such as 2027-W09")
	flags.StringVar(&month, "month", "", "month, such as 2027-03")
	flags.StringVar(&zoneName, "zone", "", "time zone of the times, such as Europe/Vienna")
	return cmd
}

// limitsOf returns the quiet hours and freezes of the latest catalog; none where there is no catalog.
func limitsOf(ctx context.Context, s *connect.Server) (campaign.Limits, error) {
	answer, err := connect.CallAgain(ctx, s, assentv1.NewCatalogServiceClient(s).GetCatalog, &assentv1.GetCatalogRequest{})
	if failed, ok := errors.AsType[*connect.Error](err); ok && failed.Call().Code == codes.NotFound {
		return campaign.Limits{}, nil
	}
	if err != nil {
		return campaign.Limits{}, err
	}
	cat, _, err := catalog.ParseStored("catalog", []byte(answer.GetDocument()))
	if err != nil {
		return campaign.Limits{}, fmt.Errorf("the catalog of the server: %w", err)
	}
	return campaign.Limits{QuietHours: cat.QuietHours, Freezes: cat.Freezes}, nil
}

// zoneOf returns the zone of the calendar.
func zoneOf(name string, limits *campaign.Limits) (*time.Location, error) {
	switch {
	case name != "":
		return wallclock.Zone(name)
	case len(limits.QuietHours) > 0:
		return wallclock.Zone(limits.QuietHours[0].Zone)
	default:
		return time.UTC, nil
	}
}

// newAgenda returns the empty calendar of a week or of a month; of neither: of the week of now.
func newAgenda(week, month string, zone *time.Location, now time.Time) (*agenda, error) {
	a := &agenda{zone: zone}
	switch {
	case month != "":
		first, err := time.Parse("2006-01", month)
		if err != nil {
			return nil, fmt.Errorf("--month: %q is no month; write one such as 2027-03", month)
		}
		a.month = true
		a.from = wallclock.StartOfDay(zone, first).In(zone)
		a.until = wallclock.StartOfDay(zone, first.AddDate(0, 1, 0)).In(zone)
		a.title = first.Format("January 2006")
		return a, nil
	case week == "":
		year, number := now.In(zone).ISOWeek()
		week = fmt.Sprintf("%04d-W%02d", year, number)
	}
	monday, err := mondayOf(week)
	if err != nil {
		return nil, err
	}
	a.from, a.until = wallclock.StartOfDay(zone, monday).In(zone), wallclock.StartOfDay(zone, monday.AddDate(0, 0, 7)).In(zone)
	a.title = fmt.Sprintf("Week %s (%s to %s)", week, monday.Format("2 January 2006"), monday.AddDate(0, 0, 6).Format("2 January 2006"))
	return a, nil
}

// mondayOf returns the first day of a week of ISO 8601.
func mondayOf(week string) (time.Time, error) {
	wrong := fmt.Errorf("--week: %q is no week of ISO 8601; write one such as 2027-W09", week)
	if !regexp.MustCompile(`^\d{4}-W\d{2}$`).MatchString(week) {
		return time.Time{}, wrong
	}
	var year, number int
	if _, err := fmt.Sscanf(week, "%d-W%d", &year, &number); err != nil || year < 1 {
		return time.Time{}, wrong
	}
	fourth := time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC) // It lies in the first week.
	monday := fourth.AddDate(0, 0, -(int(fourth.Weekday())+6)%7+7*(number-1))
	if y, n := monday.ISOWeek(); y != year || n != number {
		return time.Time{}, wrong
	}
	return monday, nil
}
