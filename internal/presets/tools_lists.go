package presets

import (
	"strings"
)

// listTools are the tools that keep lists of subscribers, whose exports hold people who said yes as well as people who said no.
func listTools() []*Preset {
	return []*Preset{listmonk(), mailchimp(), klaviyo(), braze(), cleverreach(), mailup(), mautic(), activecampaign(), kit()}
}

// listmonk: blocklisted says not why, so the person may have asked for it. There is no status of lists: a person who left every list is
// enabled. The times are those of the contact, not of the refusal.
func listmonk() *Preset {
	return &Preset{
		Name: "listmonk", Tool: "listmonk", address: []string{"email"},
		marks: [][]string{{"uuid", "email", "name", "attributes", "status"}, {"email", "name", "attributes"}},
		statuses: []status{
			{columns: []string{"status"}, usual: true, says: words("status", map[string]what{
				"blocklisted": mayHaveRefused, "blacklisted": mayHaveRefused, "disabled": blocked, "enabled": saysNothing,
			})},
			{name: "blocklisted", aka: []string{"blocklist"}, asked: true, not: []string{"status"}, says: always(mayHaveRefused)},
		},
	}
}

// mailchimp makes files of one shape; which status they have is in their names only. An unsubscribe holds for one audience.
func mailchimp() *Preset {
	unsubscribed, cleaned := []string{"UNSUB_TIME"}, []string{"CLEAN_TIME"}
	both := []string{"UNSUB_TIME", "CLEAN_TIME"}
	return &Preset{
		Name: "mailchimp", Tool: "Mailchimp",
		address: []string{"Email Address", "Email", "E-Mail-Adresse", "E-Mail", "Adresse e-mail", "Dirección de correo electrónico", "Indirizzo email", "Emailadres"},
		marks:   [][]string{{"MEMBER_RATING", "OPTIN_TIME", "CONFIRM_TIME", "LEID", "EUID"}, {"LEID", "EUID"}, {"OPTIN_TIME", "CONFIRM_TIME", "LAST_CHANGED"}},
		statuses: []status{
			{name: "unsubscribed", not: cleaned, channel: true, says: always(left, "UNSUB_TIME")},
			{name: "cleaned", not: unsubscribed, says: always(bouncedHard, "CLEAN_TIME")},
			{name: "subscribed", not: both, channel: true, declaration: true, says: func(*reading) []meaning {
				return []meaning{{
					what: subscribed, optIn: "OPTIN_TIME", ip: "OPTIN_IP", confirmed: "CONFIRM_TIME", confirmedIP: "CONFIRM_IP",
				}}
			}},
			{name: "nonsubscribed", aka: []string{"non_subscribed"}, not: both, says: always(saysNothing)},
			{name: "archived", says: func(*reading) []meaning {
				return []meaning{{what: unclear, why: "an archived contact may have left before; the file does not say so"}}
			}},
		},
	}
}

// klaviyo: an unsubscribe is a state of consent, and the list of suppressions does not have it. A profile may have several suppressions.
func klaviyo() *Preset {
	profile := []string{
		"attributes.subscriptions.email.marketing.consent", "subscriptions.email.marketing.consent", "consent", "Email Marketing Consent",
		"attributes.subscriptions.email.marketing.suppression.0.reason", "subscriptions.email.marketing.suppression.0.reason", "reason",
	}
	return &Preset{
		Name: "klaviyo", Tool: "Klaviyo", address: []string{"attributes.email", "email"},
		Lists: []string{"data"},
		marks: [][]string{{"attributes.subscriptions.email.marketing.consent"}, {"subscriptions.email.marketing.consent"}, {"Email Marketing Consent"}},
		statuses: []status{
			{
				columns: profile,
				says:    klaviyoProfile,
			},
			{name: "suppressed", asked: true, not: profile, says: always(blocked)},
		},
	}
}

func braze() *Preset {
	return &Preset{
		Name: "braze", Tool: "Braze", address: []string{"email"}, Lists: []string{"emails", "users"},
		marks: [][]string{{"email", "unsubscribed_at"}, {"email", "hard_bounced_at"}, {"email_subscribe"}},
		statuses: []status{
			{columns: []string{"unsubscribed_at", "hard_bounced_at"}, says: func(r *reading) []meaning {
				var says []meaning
				if r.has("unsubscribed_at") {
					says = append(says, meaning{what: leftAll, at: []string{"unsubscribed_at"}})
				}
				if r.has("hard_bounced_at") {
					says = append(says, meaning{what: bouncedHard, at: []string{"hard_bounced_at"}})
				}
				if says == nil {
					return []meaning{{what: unclear, column: "unsubscribed_at"}}
				}
				return says
			}},
			// The state subscribed is neither in nor out.
			{columns: []string{"email_subscribe"}, says: words("email_subscribe", map[string]what{
				"unsubscribed": leftAll, "subscribed": saysNothing, "optedin": subscribed,
			}, "email_unsubscribed_at")},
		},
	}
}

// cleverreach: entries of the blacklist may be complaints, which the feedback loops of mailbox providers put there; they may be domains.
func cleverreach() *Preset {
	receivers := []string{"registered", "activated", "deactivated", "bounced"}
	return &Preset{
		Name: "cleverreach", Tool: "CleverReach", address: []string{"email", "mail"}, Lists: []string{"items", "data"}, domains: true,
		Headless: []string{"email"},
		marks:    [][]string{{"email", "registered", "activated", "deactivated"}},
		statuses: []status{
			{name: "receivers", aka: []string{"recipients", "empfaenger", "empfänger"}, columns: receivers, says: cleverreachReceiver},
			{name: "blacklist", aka: []string{"blocklist", "sperrliste"}, not: receivers, says: always(mayHaveRefused)},
		},
	}
}

// cleverreachReceiver: 0 stands for never. A receiver who was activated again still left once.
func cleverreachReceiver(r *reading) []meaning {
	isSet := func(column string) bool { return strings.Trim(r.text(column), "0") != "" }
	var says []meaning
	if isSet("bounced") {
		says = append(says, meaning{what: bouncedHard, at: []string{"bounced"}})
	}
	if isSet("deactivated") {
		says = append(says, meaning{what: left, at: []string{"deactivated"}})
	}
	switch {
	case says != nil:
		return says
	case isSet("activated"):
		return []meaning{{what: subscribed}}
	default:
		return []meaning{{what: saysNothing}}
	}
}

// mailup: the codes are those of its page on the export of unsubscribed recipients.
func mailup() *Preset {
	lists := []string{"idList", "listId", "List ID"}
	codes := map[string]what{"0": blocked, "1": blocked, "01": blocked, "2": left, "4": left, "8": bouncedHard, "16": complained}
	return &Preset{
		Name: "mailup", Tool: "MailUp", address: []string{"email", "E-mail address", "e-mail"},
		marks: [][]string{{"OptOut_Date"}, {"optout_type"}},
		statuses: []status{{says: func(r *reading) []meaning {
			w := left
			if r.row.Columns.has("optout_type") {
				w = wordOf(r, "optout_type", codes)
			}
			if w == left {
				return leftOne("list", lists, "OptOut_Date")(r)
			}
			return []meaning{{what: w, column: "optout_type", at: []string{"OptOut_Date"}}}
		}}},
	}
}

// mautic has an entry of do-not-contact for each medium, in a row of its own or nested in the contact.
func mautic() *Preset {
	reasons := map[string]what{
		"1": leftAll, "unsubscribed": leftAll, "2": bouncedHard, "bounced": bouncedHard, "3": blocked, "manual": blocked, "0": saysNothing, "contactable": saysNothing,
	}
	entry := func(r *reading, path string) meaning {
		if medium := r.text(path + "channel"); medium != "" && plainName(medium) != "email" {
			return meaning{what: isOtherMedium}
		}
		return meaning{what: wordOf(r, path+"reason", reasons), column: path + "reason", at: []string{path + "dateAdded"}}
	}
	return &Preset{
		Name: "mautic", Tool: "Mautic", address: []string{"email", "fields.all.email", "fields.core.email.value"}, Lists: []string{"contacts"},
		marks: [][]string{{"email", "channel", "reason", "date_added"}, {"doNotContact.0.reason"}},
		statuses: []status{{says: func(r *reading) []meaning {
			if r.row.Columns.has("reason") {
				return []meaning{entry(r, "")}
			}
			if says := each(r, "doNotContact", []string{"reason", "channel", "dateAdded"}, entry); says != nil {
				return says
			}
			return []meaning{{what: saysNothing}}
		}}},
	}
}

// activecampaign: the date is that of the contact, not of the refusal.
func activecampaign() *Preset {
	return &Preset{
		Name: "activecampaign", Tool: "ActiveCampaign", address: []string{"Email", "Email Address"},
		marks: [][]string{{"Email", "Date Created", "IP", "Status"}},
		statuses: []status{{columns: []string{"Status"}, says: words("Status", map[string]what{
			"active": subscribed, "unsubscribed": left, "unconfirmed": saysNothing, "bounced": bouncedHard,
		})}},
	}
}

// kit: who cancelled left the account and not one list. The date is that of the contact.
func kit() *Preset {
	return &Preset{
		Name: "kit", Tool: "Kit", address: []string{"email", "email_address"}, Lists: []string{"subscribers"},
		marks: [][]string{{"first_name", "email", "created_at", "status"}},
		statuses: []status{{columns: []string{"status", "state"}, says: func(r *reading) []meaning {
			column := "status"
			if !r.row.Columns.has(column) {
				column = "state"
			}
			return words(column, map[string]what{
				"active": subscribed, "confirmed": subscribed, "cancelled": leftAll, "canceled": leftAll, "bounced": bouncedHard, "complained": complained,
				"inactive": saysNothing, "unconfirmed": saysNothing,
			})(r)
		}}},
	}
}
