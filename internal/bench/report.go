package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
)

// Figure is one thing that was measured.
type Figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Baseline says what was measured beside it, in the same run; empty: nothing was.
	Baseline      string  `json:"baseline,omitempty"`
	BaselineValue float64 `json:"baselineValue,omitempty"`
	// Ratio is the value by that of the baseline.
	Ratio float64 `json:"ratio,omitempty"`
	// Goal says what is to be reached; empty: there is no goal. Holds says whether it was.
	Goal  string `json:"goal,omitempty"`
	Holds *bool  `json:"holds,omitempty"`
}

// The units of figures.
const (
	perSecond    = "/s"
	milliseconds = "ms"
	seconds      = "s"
	nanoseconds  = "ns"
	megabytes    = "MB"
)

// figure returns a figure without a baseline or a goal.
func figure(name string, value float64, unit string) Figure {
	return Figure{Name: name, Value: rounded(value), Unit: unit}
}

// against names the baseline and what it reached.
func (f Figure) against(baseline string, value float64) Figure {
	f.Baseline, f.BaselineValue = baseline, rounded(value)
	if value != 0 {
		f.Ratio = rounded(f.Value / value)
	}
	return f
}

// ratioAtLeast sets the goal that the ratio has to reach.
func (f Figure) ratioAtLeast(goal float64) Figure {
	return f.aim(fmt.Sprintf("ratio ≥ %g", goal), f.Ratio >= goal)
}

func (f Figure) ratioAtMost(goal float64) Figure {
	return f.aim(fmt.Sprintf("ratio ≤ %g", goal), f.Ratio <= goal)
}

func (f Figure) atLeast(goal float64) Figure {
	return f.aim(fmt.Sprintf("≥ %.0f %s", goal, f.Unit), f.Value >= goal)
}

func (f Figure) atMost(goal float64) Figure {
	return f.aim(fmt.Sprintf("≤ %g %s", goal, f.Unit), f.Value <= goal)
}

// aim adds a goal to those that a figure has; all of them have to hold.
func (f Figure) aim(goal string, holds bool) Figure {
	if f.Holds != nil {
		goal, holds = f.Goal+", "+goal, *f.Holds && holds
	}
	f.Goal, f.Holds = goal, &holds
	return f
}

// rounded keeps four digits: no more of them are ever the same twice.
func rounded(value float64) float64 {
	if value == 0 || math.IsInf(value, 0) || math.IsNaN(value) {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(value))))
	return math.Round(value*scale) / scale
}

// Report is what a run measured, and on what.
type Report struct {
	Database   string   `json:"database"`
	Processors int      `json:"processors"`
	Go         string   `json:"go"`
	Recipients int      `json:"recipients"`
	Figures    []Figure `json:"figures"`
}

// WriteJSON writes the report as one JSON document.
func (r *Report) WriteJSON(to io.Writer) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(r)
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(to io.Writer) error {
	if _, err := fmt.Fprintf(to, "%s, %d processors, %s, %d recipients\n\n", r.Database, r.Processors, r.Go, r.Recipients); err != nil {
		return err
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	goals := slices.ContainsFunc(r.Figures, func(f Figure) bool { return f.Goal != "" })
	rows := "FIGURE\tVALUE\tBASELINE\tRATIO"
	if goals {
		rows += "\tGOAL\tHOLDS"
	}
	rows += "\n"
	for i := range r.Figures {
		rows += r.Figures[i].row(goals)
	}
	if _, err := io.WriteString(table, rows); err != nil {
		return err
	}
	return table.Flush()
}

// WithoutGoals leaves the goals out: a figure that misses one on this machine is not a test that failed.
func (r *Report) WithoutGoals() {
	for i := range r.Figures {
		r.Figures[i].Goal, r.Figures[i].Holds = "", nil
	}
}

func (f *Figure) row(goals bool) string {
	baseline, ratio, holds := "", "", ""
	if f.Baseline != "" {
		baseline, ratio = fmt.Sprintf("%s: %s", f.Baseline, readable(f.BaselineValue, f.Unit)), fmt.Sprintf("%.2f", f.Ratio)
	}
	if f.Holds != nil {
		holds = map[bool]string{true: "yes", false: "NO"}[*f.Holds]
	}
	row := fmt.Sprintf("%s\t%s\t%s\t%s", f.Name, readable(f.Value, f.Unit), baseline, ratio)
	if goals {
		row += "\t" + f.Goal + "\t" + holds
	}
	return row + "\n"
}

func readable(value float64, unit string) string {
	if value >= 1000 {
		return fmt.Sprintf("%.0f %s", value, unit)
	}
	return fmt.Sprintf("%.4g %s", value, unit)
}
