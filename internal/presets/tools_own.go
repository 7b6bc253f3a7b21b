package presets

// genericWords are the words that --status of the preset plain and the column of --columns reason=… have. They are compared as names of
// columns are: hard_bounce is Hard Bounce.
func genericWords() map[string]what {
	all := map[string]what{}
	for w, words := range map[what][]string{
		bouncedHard:    {"hard_bounce", "hardbounced", "bounce", "bounced", "cleaned", "invalid", "invalid_email"},
		bouncedSoft:    {"soft_bounce", "softbounced", "deferred", "greylisted"},
		complained:     {"complaint", "complained", "spam", "spam_report", "spam_complaint", "abuse"},
		left:           {"unsubscribed", "unsubscribe", "unsub", "withdrawn", "refused", "opted_out", "abgemeldet", "ausgetragen"},
		leftAll:        {"unsubscribed_all", "unsubscribed_from_all", "global_unsubscribe", "left_all"},
		mayHaveRefused: {"objection", "do_not_contact", "werbewiderspruch", "widerspruch"},
		blocked:        {"manual", "blocked", "suppressed", "blocklisted", "blacklisted", "custom", "gesperrt"},
		subscribed:     {"subscribed", "active", "confirmed", "opted_in"},
		saysNothing:    {"unconfirmed", "pending", "never_subscribed", "nonsubscribed"},
		isAllowed:      {"allowlisted", "whitelisted", "resubscribed", "reactivated"},
	} {
		for _, word := range words {
			all[plainName(word)] = w
		}
	}
	return all
}

// plainPreset is a file of addresses or domains. Without --status nothing is known of the reason.
func plainPreset() *Preset {
	return &Preset{
		Name: Plain, Tool: "addresses, one a line", Headless: []string{"address"}, domains: true, byOption: true,
		address: []string{"address", "email", "e-mail", "email address", "e-mail address", "mail", "e-mail-adresse", "adresse", "domain"},
		statuses: []status{
			{name: "manual", aka: []string{"blocked"}, usual: true, says: always(blocked)},
			{name: "hard_bounce", aka: []string{"bounce", "bounces", "bounced"}, says: always(bouncedHard)},
			{name: "complaint", aka: []string{"complaints", "spam", "spam_reports"}, says: always(complained)},
			{name: "objection", aka: []string{"objections"}, says: always(mayHaveRefused)},
			{name: "unsubscribed_all", says: always(leftAll)},
			{name: "unsubscribed", aka: []string{"unsubscribes", "unsubscribe"}, channel: true, says: always(left)},
			{name: "subscribed", channel: true, declaration: true, says: always(subscribed)},
		},
	}
}

// byColumns is the preset of --columns. Without a column of the reason nothing is known of it, or --status gives it for all rows.
func byColumns(columns map[string]string) *Preset {
	p := plainPreset()
	p.Name, p.Tool, p.Headless, p.address = ByColumns, "these columns", nil, []string{columns[fieldAddress]}
	meaningOf := func(r *reading, w what) []meaning {
		m := meaning{
			what: w, column: columns[fieldReason], optIn: columns[fieldOptIn], confirmed: columns[fieldConfirmed], ip: columns[fieldIP],
		}
		if columns[fieldTime] != "" {
			m.at = []string{columns[fieldTime]}
		}
		if column := columns[fieldList]; column != "" && r.has(column) {
			m.kind, m.key, m.column = "list", r.text(column), column
		}
		if column := columns[fieldChannel]; column != "" && r.has(column) {
			m.direct, m.column = r.text(column), column
		}
		return []meaning{m}
	}
	if column := columns[fieldReason]; column != "" {
		known := genericWords()
		p.statuses = []status{{says: func(r *reading) []meaning { return meaningOf(r, wordOf(r, column, known)) }}}
		return p
	}
	known := genericWords()
	for i := range p.statuses {
		s := &p.statuses[i]
		w := known[plainName(s.name)]
		s.says = func(r *reading) []meaning { return meaningOf(r, w) }
		for _, field := range []string{fieldList, fieldChannel} {
			if columns[field] != "" {
				s.channelUnless = append(s.channelUnless, columns[field])
			}
		}
	}
	return p
}
