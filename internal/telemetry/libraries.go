package telemetry

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"strings"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"google.golang.org/grpc/grpclog"
)

// libraryMessage is the message of each line that a library logs. What the library says is its attribute text.
const libraryMessage = "a library reports"

// RouteLibraries sends what libraries log by themselves to the logger: gRPC and its gateway, OpenTelemetry, and everything that uses the
// standard packages log and log/slog. Without it their lines are plain text on standard error, whatever the format of the log is.
//
// It sets variables of those packages, which belong to the whole process, and gRPC's without a lock. Call it once in a process, before gRPC
// is used.
func RouteLibraries(to *slog.Logger) {
	slog.SetLogLoggerLevel(slog.LevelWarn)
	slog.SetDefault(to) //nolint:forbidigo // It is what gives lines of the standard loggers to the injected one.
	grpclog.SetLoggerV2(grpcLog{to})
	otel.SetLogger(logr.FromSlogHandler(to.With(slog.String("library", "opentelemetry")).Handler()))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		logLibrary(to, slog.LevelWarn, "opentelemetry", err.Error())
	}))
}

// NewHTTPErrorLog returns the ErrorLog of an HTTP server. A handler that panicked is an error of this program. Everything else that net/http
// reports, such as a failed handshake, any caller can cause: it is logged at debug.
func NewHTTPErrorLog(to *slog.Logger) *log.Logger { return log.New(httpLog{to}, "", 0) }

type httpLog struct{ to *slog.Logger }

func (h httpLog) Write(line []byte) (int, error) {
	text, level := strings.TrimSuffix(string(line), "\n"), slog.LevelDebug
	if strings.HasPrefix(text, "http: panic serving") || strings.HasPrefix(text, "http2: panic serving") {
		level = slog.LevelError
	}
	logLibrary(h.to, level, "net/http", text)
	return len(line), nil
}

func logLibrary(to *slog.Logger, level slog.Level, library, text string) {
	to.LogAttrs(context.Background(), level, libraryMessage, slog.String("library", library), slog.String("text", text))
}

// grpcLog is gRPC's logger. What gRPC calls an error is most often a client that went away, so it is a warning here. All below is logged at
// debug, and nothing of what gRPC logs at a higher verbosity.
type grpcLog struct{ to *slog.Logger }

func (g grpcLog) log(level slog.Level, text func() string) {
	if g.to.Enabled(context.Background(), level) {
		logLibrary(g.to, level, "grpc", strings.TrimSuffix(text(), "\n"))
	}
}

func (g grpcLog) debug(args []any) {
	g.log(slog.LevelDebug, func() string { return fmt.Sprint(args...) })
}

func (g grpcLog) warn(args []any) {
	g.log(slog.LevelWarn, func() string { return fmt.Sprint(args...) })
}

func (g grpcLog) debugf(format string, args []any) {
	g.log(slog.LevelDebug, func() string { return fmt.Sprintf(format, args...) })
}

func (g grpcLog) warnf(format string, args []any) {
	g.log(slog.LevelWarn, func() string { return fmt.Sprintf(format, args...) })
}

func (g grpcLog) Info(args ...any)                    { g.debug(args) }
func (g grpcLog) Infoln(args ...any)                  { g.debug(spaced(args)) }
func (g grpcLog) Infof(format string, args ...any)    { g.debugf(format, args) }
func (g grpcLog) Warning(args ...any)                 { g.debug(args) }
func (g grpcLog) Warningln(args ...any)               { g.debug(spaced(args)) }
func (g grpcLog) Warningf(format string, args ...any) { g.debugf(format, args) }
func (g grpcLog) Error(args ...any)                   { g.warn(args) }
func (g grpcLog) Errorln(args ...any)                 { g.warn(spaced(args)) }
func (g grpcLog) Errorf(format string, args ...any)   { g.warnf(format, args) }
func (g grpcLog) V(level int) bool                    { return level <= 0 }

// The functions Fatal end the process after them: gRPC does that itself.

func (g grpcLog) Fatal(args ...any)                 { g.warn(args) }
func (g grpcLog) Fatalln(args ...any)               { g.warn(spaced(args)) }
func (g grpcLog) Fatalf(format string, args ...any) { g.warnf(format, args) }

// spaced returns one argument, with the spaces that Println puts between them.
func spaced(args []any) []any { return []any{strings.TrimSuffix(fmt.Sprintln(args...), "\n")} }
