// Package telemetry makes what a server reports itself by: its log and its metrics. Nothing here is global; who needs a logger
// or a counter is given it.
//
// Labels of metrics come from closed sets only: the channels of the catalog, verdicts, reasons, and the names of methods that
// exist. No address and nothing that a caller chose becomes one.
package telemetry
