package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// The formats of log lines.
const (
	FormatText = "text"
	FormatJSON = "json"
)

// NewLogger returns a logger that writes lines of the format to w, from the level on. A duration is written as a number of milliseconds,
// under its key with the suffix _ms.
func NewLogger(w io.Writer, format string, level slog.Leveler) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: durationInMilliseconds}
	switch format {
	case FormatText:
		return slog.New(slog.NewTextHandler(w, options)), nil
	case FormatJSON:
		return slog.New(slog.NewJSONHandler(w, options)), nil
	default:
		return nil, fmt.Errorf("the format of log lines is %s or %s", FormatText, FormatJSON)
	}
}

// durationInMilliseconds gives every duration the same unit in both formats and names it in the key: slog itself writes 1.5ms as text and
// 1500000 as JSON.
func durationInMilliseconds(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() != slog.KindDuration {
		return a
	}
	return slog.Float64(a.Key+"_ms", float64(a.Value.Duration().Microseconds())/float64(time.Millisecond/time.Microsecond))
}
