// Package telemetry makes the log, the metrics and the traces of a server. Nothing here is global: loggers, counters
// and spans are passed as parameters.
//
// Labels of metrics and attributes of spans come from closed sets only: the channels of the catalog, verdicts, reasons, outcomes,
// numbers, and the names of methods that exist. No address and nothing that a caller chose becomes one; exit.go holds back what
// a library adds. The one thing that a caller gives a trace is its parent.
package telemetry
