package presets

import "strings"

// deliveryTools are the services that deliver mail, whose files are lists of addresses that they no longer deliver to.
func deliveryTools() []*Preset {
	return []*Preset{ses(), sendgrid(), mailgun(), postmark(), mandrill(), sparkpost(), resend()}
}

// ses: the lists of an account and of a tenant have the same form. A file for its import job has no header.
func ses() *Preset {
	return &Preset{
		Name: "ses", Tool: "Amazon SES", address: []string{"EmailAddress"}, Headless: []string{"EmailAddress", "Reason"},
		Lists: []string{"SuppressedDestinationSummaries"},
		marks: [][]string{{"EmailAddress", "Reason", "LastUpdateTime"}, {"EmailAddress", "Reason"}},
		statuses: []status{{columns: []string{"Reason"}, says: words("Reason", map[string]what{
			"bounce": bouncedHard, "complaint": complained,
		}, "LastUpdateTime")}},
	}
}

// sendgrid: bounces and blocks have one shape.
func sendgrid() *Preset {
	group := []string{"group_id", "group_name"}
	shared := []string{"reason", "status"}
	created := []string{"created", "created_at"}
	return &Preset{
		Name: "sendgrid", Tool: "SendGrid", address: []string{"email", "recipient_email"},
		marks: [][]string{{"status", "reason", "email", "created"}, {"email", "group_id", "group_name", "created_at"}, {"email", "created", "ip"}, {"email", "created"}},
		statuses: []status{
			{name: "bounces", aka: []string{"bounce"}, columns: shared, not: group, says: func(r *reading) []meaning {
				if r.has("status") && softCode(r.text("status")) {
					return []meaning{{what: bouncedSoft}}
				}
				return []meaning{{what: bouncedHard, at: created}}
			}},
			{name: "blocks", aka: []string{"block"}, columns: shared, not: group, says: always(bouncedSoft)},
			{name: "spam_reports", aka: []string{"spam_report", "spam", "spamreports"}, columns: []string{"created", "ip", "reason", "status"}, not: group, says: always(complained, created...)},
			{name: "invalid_emails", aka: []string{"invalid"}, columns: []string{"reason"}, not: append([]string{"status"}, group...), says: always(bouncedHard, created...)},
			{
				name: "global_unsubscribes", aka: []string{"global_unsubscribe", "unsubscribes", "global"},
				not: append([]string{"ip"}, append(shared, group...)...), says: always(leftAll, created...),
			},
			{name: "group_unsubscribes", aka: []string{"group"}, not: append([]string{"ip"}, shared...), channel: true, channelUnless: group, says: sendgridGroup},
		},
	}
}

// sendgridGroup: a group is mapped by its number or by its name.
func sendgridGroup(r *reading) []meaning {
	m := leftOne("group", []string{"group_id", "group_name"}, "created_at", "created")(r)
	if name := r.text("group_name"); name != "" && m[0].kind != "" && r.of.options.Map[mapKey("group", m[0].key)] == "" &&
		r.of.options.Map[mapKey("group", name)] != "" {
		m[0].key = name
	}
	return m
}

// softCode reports whether a code of SMTP, plain or enhanced, speaks of a full mailbox, of a policy or of a failure that passes. A mailbox
// that has a new owner or is disabled (5.7.13, 5.7.17, 5.7.18) is gone.
func softCode(code string) bool {
	switch code, _, _ = strings.Cut(code, " "); {
	case strings.HasPrefix(code, "4"), code == "552", code == "5.2.2":
		return true
	case code == "5.7.13", code == "5.7.17", code == "5.7.18":
		return false
	}
	return strings.HasPrefix(code, "5.7.")
}

// mailgun has files for each sending domain. An entry of the allowlist keeps bounces off the list, and is no consent.
func mailgun() *Preset {
	return &Preset{
		Name: "mailgun", Tool: "Mailgun", address: []string{"address", "value"}, Lists: []string{"items"}, domains: true,
		marks: [][]string{{"address", "code", "error", "created_at"}, {"address", "tags", "created_at"}, {"address", "created_at"}, {"type", "value", "reason"}},
		statuses: []status{
			{name: "bounces", aka: []string{"bounce"}, columns: []string{"code", "error"}, says: func(r *reading) []meaning {
				if softCode(r.text("code")) {
					return []meaning{{what: bouncedSoft}}
				}
				return []meaning{{what: bouncedHard, at: []string{"created_at"}}}
			}},
			{name: "unsubscribes", aka: []string{"unsubscribe"}, not: []string{"code", "error", "value"}, says: mailgunUnsubscribe},
			{name: "complaints", aka: []string{"complaint"}, not: []string{"code", "error", "tags", "tags.0", "tag", "value"}, says: always(complained, "created_at")},
			{name: "whitelists", aka: []string{"whitelist", "allowlist"}, says: always(isAllowed), columns: []string{"value", "type", "reason"}, not: []string{"tags", "code"}},
		},
	}
}

// mailgunUnsubscribe: the tag * is everything, and so is none, which is the default of Mailgun.
func mailgunUnsubscribe(r *reading) []meaning {
	tags := strings.Split(r.text("tags")+","+r.text("tag"), ",")
	for i := 0; r.row.Columns.has(element("tags", i)); i++ {
		tags = append(tags, r.text(element("tags", i)))
	}
	at := []string{"created_at"}
	var says []meaning
	for _, tag := range tags {
		switch tag = strings.Trim(tag, " []\"'"); tag {
		case "":
		case "*":
			return []meaning{{what: leftAll, at: at}}
		default:
			if len(says) <= maxMeanings { // A star may stand behind them all.
				says = append(says, meaning{what: left, kind: "tag", key: tag, column: "tags", at: at})
			}
		}
	}
	if says == nil {
		return []meaning{{what: leftAll, at: at}}
	}
	return says
}

// postmark has a list for each stream. What a person caused is an unsubscribe from that stream; Customer is also what an export from here
// comes back as, so it is worth no more than a block.
func postmark() *Preset {
	return &Preset{
		Name: "postmark", Tool: "Postmark", address: []string{"EmailAddress"}, Lists: []string{"Suppressions"},
		marks: [][]string{{"EmailAddress", "SuppressionReason", "Origin", "CreatedAt"}, {"EmailAddress", "SuppressionReason"}},
		statuses: []status{
			{columns: []string{"SuppressionReason"}, usual: true, says: func(r *reading) []meaning {
				m := words("SuppressionReason", map[string]what{
					"hardbounce": bouncedHard, "spamcomplaint": complained, "manualsuppression": blocked,
				}, "CreatedAt")(r)
				if m[0].what == blocked && plainName(r.text("Origin")) == "recipient" {
					m = leftOne("stream", []string{"MessageStream", "Stream"}, "CreatedAt")(r)
				}
				return m
			}},
			{name: "suppressed", asked: true, not: []string{"SuppressionReason"}, says: always(blocked)},
		},
	}
}

// mandrill: entries expire there; a mailbox that bounced, or a person who said no, is not the better for it. Its exports have one column twice.
func mandrill() *Preset {
	return &Preset{
		Name: "mandrill", Tool: "Mandrill", address: []string{"email"},
		marks: [][]string{{"email", "reason", "detail", "created_at", "last_event_at"}, {"email", "reason", "expires_at", "subaccount"}},
		statuses: []status{{columns: []string{"reason"}, says: words("reason", map[string]what{
			"hardbounce": bouncedHard, "softbounce": bouncedSoft, "spam": complained, "unsub": leftAll, "custom": blocked,
		}, "created_at")}},
	}
}

// sparkpost has a row for transactional and one for all other mail. Both say the same of a person here: no more marketing.
func sparkpost() *Preset {
	return &Preset{
		Name: "sparkpost", Tool: "SparkPost", address: []string{"recipient", "email"}, Lists: []string{"results", "recipients"},
		marks: [][]string{{"recipient", "type", "source"}, {"recipient", "source"}},
		statuses: []status{{columns: []string{"source"}, says: words("source", map[string]what{
			"spamcomplaint": complained, "listunsubscribe": leftAll, "unsubscribelink": leftAll, "bouncerule": bouncedHard,
			"manuallyadded": blocked, "compliance": blocked,
		}, "updated", "created")}},
	}
}

func resend() *Preset {
	return &Preset{
		Name: "resend", Tool: "Resend", address: []string{"email"}, Lists: []string{"data"},
		marks: [][]string{{"email", "reason", "created_at"}, {"email", "origin", "created_at"}},
		statuses: []status{{columns: []string{"reason", "origin"}, says: func(r *reading) []meaning {
			column := "reason"
			if !r.row.Columns.has(column) {
				column = "origin"
			}
			return words(column, map[string]what{"bounce": bouncedHard, "bounced": bouncedHard, "complaint": complained, "complained": complained, "manual": blocked}, "created_at")(r)
		}}},
	}
}
