package telemetry

import "github.com/prometheus/client_golang/prometheus"

// counters count what happens on one server. Every label is from a closed set, or an id that an administrator or the catalog gave.
type counters struct {
	webhookAttempts *prometheus.CounterVec
	importRows      *prometheus.CounterVec
	listFailures    *prometheus.CounterVec
	linkUses        *prometheus.CounterVec
	returned        *prometheus.CounterVec
	sourceEvents    *prometheus.CounterVec
	sourceRefusals  *prometheus.CounterVec
	noticeMails     *prometheus.CounterVec
}

func newCounters() counters {
	return counters{
		webhookAttempts: newCounter("assent_webhook_attempts_total",
			"Attempts of this server to send messages to webhooks, by what came of them.", "webhook", "outcome"),
		importRows: newCounter("assent_import_rows_total",
			"Rows of lists of other tools that this server imported, by what became of them.", "outcome"),
		listFailures: newCounter("assent_external_list_failures_total",
			"Steps of bringing an external list up to date that failed on this server: questions, upload, activate.", "list", "step"),
		linkUses: newCounter("assent_link_uses_total",
			"Clicks and acts by the links in messages, by action and by what they came to.", "action", "outcome"),
		returned: newCounter("assent_reports_total",
			"Reports of bounces, complaints and the like that this server took: by the way they came, by kind and class, by what they came to, and by "+
				"the sender identity of the channel.", "source", "kind", "class", "outcome", "sender"),
		sourceEvents: newCounter("assent_source_events_total",
			"Events that providers told this server, by what became of them.", "kind", "event", "outcome"),
		sourceRefusals: newCounter("assent_source_refusals_total",
			"Webhooks of providers that this server did not take in, by why.", "kind", "reason"),
		noticeMails: newCounter("assent_notice_mail_attempts_total",
			"Attempts of this server to send mails with notices, by what came of them.", "outcome"),
	}
}

func newCounter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

// allCounters returns the counters, for the page that Prometheus reads.
func (c *counters) allCounters() []prometheus.Collector {
	return []prometheus.Collector{c.webhookAttempts, c.importRows, c.listFailures, c.linkUses, c.returned, c.sourceEvents, c.sourceRefusals, c.noticeMails}
}
