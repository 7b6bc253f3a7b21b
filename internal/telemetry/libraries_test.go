package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"google.golang.org/grpc/grpclog"

	"github.com/assent-io/assent/internal/telemetry"
)

// childVariable is set in the process that logs through libraries. Their loggers belong to a whole process, and gRPC's is set without a lock.
const childVariable = "ASSENT_TEST_LOGS_THROUGH_LIBRARIES"

// logThroughLibraries logs what the test below expects to standard error, as a server's process does.
func logThroughLibraries(t *testing.T) {
	to, err := telemetry.NewLogger(os.Stderr, telemetry.FormatJSON, slog.LevelInfo)
	if err != nil {
		t.Fatal(err)
	}
	telemetry.RouteLibraries(to)
	grpclog.Errorf("one %d", 1)
	grpclog.Component("test").Errorln("two", 2)
	grpclog.Info("left out: information")
	grpclog.Warning("left out: warning")
	log.Print("three\nand its second line") //nolint:forbidigo // What a library does.
	slog.Error("four")                      //nolint:sloglint,forbidigo // What a library does.
	otel.Handle(errors.New("five"))
	telemetry.NewHTTPErrorLog(to).Print("http: panic serving 127.0.0.1:1: six")
	telemetry.NewHTTPErrorLog(to).Print("http: TLS handshake error: left out")
}

func TestRouteLibraries_WhatLibrariesLog_IsInTheFormatOfTheLog(t *testing.T) {
	if os.Getenv(childVariable) != "" {
		logThroughLibraries(t)
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), childVariable+"=1")
	var stderr bytes.Buffer
	child.Stderr = &stderr
	if err := child.Run(); err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	type entry struct{ Level, Library, Text string }
	want := []entry{
		{"WARN", "grpc", "one 1"},
		{"WARN", "grpc", "[test] two 2"},
		{"WARN", "", "three\nand its second line"},
		{"ERROR", "", "four"},
		{"WARN", "opentelemetry", "five"},
		{"ERROR", "net/http", "http: panic serving 127.0.0.1:1: six"},
	}
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), &stderr)
	}
	for i, line := range lines {
		var got struct {
			entry
			Msg string
		}
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Errorf("%v: %s", err, line)
			continue
		}
		if got.Text == "" {
			got.Text = got.Msg
		}
		if got.entry != want[i] {
			t.Errorf("got %s, want %+v", line, want[i])
		}
	}
}

func TestNewLogger_Durations_AreMillisecondsInBothFormats(t *testing.T) {
	for format, want := range map[string]string{telemetry.FormatText: " took_ms=1.234\n", telemetry.FormatJSON: `"took_ms":1.234}`} {
		var out strings.Builder
		to, err := telemetry.NewLogger(&out, format, slog.LevelInfo)
		if err != nil {
			t.Fatal(err)
		}
		to.LogAttrs(t.Context(), slog.LevelInfo, "call", slog.Duration("took", 1234567*time.Nanosecond))
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s: got %s, want %s", format, out.String(), want)
		}
	}
}
