package holiday

import (
	"slices"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/de"
)

// The dates come from rickar/cal. Which of them are holidays of a place does not: its lists lack 8 March in Mecklenburg-Vorpommern, 15 August
// in Bavaria, holidays of Geneva, Vaud and Ticino, and know one for all of Switzerland. What stands here is right from 2019 on.

// day is a holiday of a place.
type day struct {
	*cal.Holiday

	// partly says that it is none in some municipalities of the place.
	partly bool
}

// Bases returns the codes of all places that are known, sorted.
func Bases() []string {
	return []string{
		"AT", "CH-BE", "CH-BS", "CH-GE", "CH-SG", "CH-TG", "CH-TI", "CH-VD", "CH-ZH", "DE", "DE-BB", "DE-BE", "DE-BW", "DE-BY", "DE-HB", "DE-HE", "DE-HH",
		"DE-MV", "DE-NI", "DE-NW", "DE-RP", "DE-SH", "DE-SL", "DE-SN", "DE-ST", "DE-TH",
	}
}

// holidaysOf returns the holidays of a place; none if it is not known.
func holidaysOf(base string) []day {
	var of []*cal.Holiday
	country, region := base[:min(2, len(base))], base[min(3, len(base)):]
	switch {
	case !slices.Contains(Bases(), base):
		return nil
	case country == "AT":
		of = at.Holidays
	case country == "CH":
		of = canton(region)
	default:
		of = append(slices.Clone(de.Holidays), state(region)...)
	}
	days := make([]day, len(of))
	for i, h := range of {
		days[i] = day{Holiday: h, partly: base == "DE-BY" && h == de.MariaHimmelfahrt}
	}
	return days
}

// state returns the holidays that a state of Germany has besides those of all, by its code without DE-.
func state(code string) []*cal.Holiday {
	switch code {
	case "BB":
		return []*cal.Holiday{easterSunday(), pentecost(), de.Reformationstag}
	case "BE":
		return []*cal.Holiday{since(2019, de.Frauentag), liberation()}
	case "BW":
		return []*cal.Holiday{de.HeiligeDreiKoenige, de.Fronleichnam, de.Allerheiligen}
	case "BY":
		return []*cal.Holiday{de.HeiligeDreiKoenige, de.Fronleichnam, de.MariaHimmelfahrt, de.Allerheiligen}
	case "HB", "HH", "NI", "SH":
		return []*cal.Holiday{since(2018, de.Reformationstag)}
	case "HE":
		return []*cal.Holiday{easterSunday(), pentecost(), de.Fronleichnam}
	case "MV":
		return []*cal.Holiday{since(2023, de.Frauentag), de.Reformationstag}
	case "NW", "RP":
		return []*cal.Holiday{de.Fronleichnam, de.Allerheiligen}
	case "SL":
		return []*cal.Holiday{de.Fronleichnam, de.MariaHimmelfahrt, de.Allerheiligen}
	case "SN":
		return []*cal.Holiday{de.Reformationstag, de.BussUndBettag}
	case "ST":
		return []*cal.Holiday{de.HeiligeDreiKoenige, de.Reformationstag}
	case "TH":
		return []*cal.Holiday{de.Weltkindertag, de.Reformationstag}
	}
	return nil
}

// canton returns the holidays of a canton of Switzerland, by its code without CH-. The cantons whose holidays differ between their
// municipalities or districts are not known.
func canton(code string) []*cal.Holiday {
	all := []*cal.Holiday{ch.Neujahr, ch.Ostermontag, ch.Auffahrt, ch.Pfingstmontag, ch.Bundesfeiertag, ch.Weihnachtstag}
	switch code {
	case "BE":
		return append(all, ch.Berchtoldstag, ch.Karfreitag, ch.ZweiterWeihnachtsfeiertag)
	case "BS", "ZH":
		return append(all, ch.Karfreitag, ch.TagderArbeit, ch.ZweiterWeihnachtsfeiertag)
	case "GE":
		return append(all, ch.Karfreitag, sundayOfSeptember(1, 4, "Jeûne genevois"), fixed(time.December, 31, "Restauration de la République"))
	case "SG":
		return append(all, ch.Karfreitag, ch.Allerheiligen, ch.ZweiterWeihnachtsfeiertag)
	case "TG":
		return append(all, ch.Berchtoldstag, ch.Karfreitag, ch.TagderArbeit, ch.ZweiterWeihnachtsfeiertag)
	case "TI":
		return append(all, ch.HeiligeDreiKoenige, ch.Josefstag, ch.TagderArbeit, ch.Fronleichnam, fixed(time.June, 29, "Peter und Paul"),
			ch.MariaHimmelfahrt, ch.Allerheiligen, ch.MariaEmpfangnis, ch.ZweiterWeihnachtsfeiertag)
	case "VD":
		return append(all, ch.Berchtoldstag, ch.Karfreitag, sundayOfSeptember(3, 1, "Bettagsmontag"))
	}
	return nil
}

// since returns the holiday from a year on.
func since(year int, h *cal.Holiday) *cal.Holiday { return h.Clone(&cal.Holiday{StartYear: year}) }

// liberation is the day on which Berlin was free of work twice.
func liberation() *cal.Holiday {
	h := fixed(time.May, 8, "Tag der Befreiung")
	h.StartYear, h.EndYear, h.Except = 2020, 2025, []int{2021, 2022, 2023, 2024}
	return h
}

// easterSunday and pentecost are holidays by law in some states; for a desk that works on Sundays that matters.
func easterSunday() *cal.Holiday {
	return &cal.Holiday{Name: "Ostersonntag", Func: cal.CalcEasterOffset}
}

func pentecost() *cal.Holiday {
	return &cal.Holiday{Name: "Pfingstsonntag", Offset: 49, Func: cal.CalcEasterOffset}
}

func fixed(month time.Month, dayOfMonth int, name string) *cal.Holiday {
	return &cal.Holiday{Name: name, Month: month, Day: dayOfMonth, Func: cal.CalcDayOfMonth}
}

// sundayOfSeptember is some days after the n-th Sunday of September.
func sundayOfSeptember(n, after int, name string) *cal.Holiday {
	return &cal.Holiday{Name: name, Month: time.September, Weekday: time.Sunday, Offset: n, CalcOffset: after, Func: cal.CalcWeekdayOffset}
}
