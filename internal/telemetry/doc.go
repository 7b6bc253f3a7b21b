// Package telemetry makes what a server reports itself by: its log, its metrics and its traces. Nothing here is global; who
// needs a logger, a counter or a span is given it.
//
// Labels of metrics and attributes of spans come from closed sets only: the channels of the catalog, verdicts, reasons, outcomes,
// numbers, and the names of methods that exist. No address and nothing that a caller chose becomes one; exit.go holds back what
// a library adds. The one thing that a caller gives a trace is its parent.
package telemetry
