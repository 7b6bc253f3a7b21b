package telemetry

import "github.com/prometheus/client_golang/prometheus"

// LinkUsed counts a click or an act of a person by the link of a message: the action, such as one_click or pause, and what it came to.
func (m *Metrics) LinkUsed(action, outcome string) { m.linkUses.WithLabelValues(action, outcome).Inc() }

func newLinkUses() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "assent_link_uses_total", Help: "Clicks and acts by the links in messages, by action and by what they came to.",
	}, []string{"action", "outcome"})
}
