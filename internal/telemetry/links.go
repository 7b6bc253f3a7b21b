package telemetry

// LinkUsed counts a click or an act of a person by the link of a message: the action, such as one_click or pause, and what it came to.
func (m *Metrics) LinkUsed(action, outcome string) { m.linkUses.WithLabelValues(action, outcome).Inc() }
