package presets

import (
	"slices"
	"strconv"
	"strings"
)

// marketingTools are the tools whose files are contacts with several marks, or lists of a kind of their own.
func marketingTools() []*Preset {
	return []*Preset{brevo(), hubspot(), rapidmail(), promio()}
}

// brevo: the blocklist says not why. The time of the last change of a contact is no earlier than the refusal; the time it was added says
// nothing of it. Entries about text messages are about another medium.
func brevo() *Preset {
	codes := map[string]what{
		"unsubscribedviama": leftAll, "unsubscribedviaemail": leftAll, "unsubscribedviaapi": leftAll, "adminblocked": blocked, "hardbounce": bouncedHard,
		"contactflaggedasspam": complained,
	}
	marked := []string{"EMAIL_BLACKLISTED", "EMAIL_BLOCKLISTED", "emailBlacklisted", "BLACKLISTED"}
	coded := []string{"reason.code", "code"}
	return &Preset{
		Name: "brevo", Tool: "Brevo", address: []string{"EMAIL", "E-MAIL", "Email Address"}, Lists: []string{"contacts"}, dayFirst: true,
		marks: [][]string{{"EMAIL", "EMAIL_BLACKLISTED", "SMS_BLACKLISTED"}, {"EMAIL", "EMAIL_BLACKLISTED"}, {"email", "reason.code", "blockedAt"}},
		statuses: []status{
			{columns: marked, usual: true, says: func(r *reading) []meaning {
				column := r.firstOf(marked)
				switch isYes, known := yesOrNo(r.text(column)); {
				case !known:
					return []meaning{{what: unclear, column: marked[0]}}
				case isYes:
					return []meaning{{what: mayHaveRefused, at: []string{"MODIFIED_TIME", "modifiedAt"}}}
				default:
					return []meaning{{what: saysNothing}}
				}
			}},
			{columns: coded, usual: true, says: func(r *reading) []meaning {
				return words(r.firstOf(coded), codes, "blockedAt")(r)
			}},
			{name: "blacklisted", aka: []string{"blocklisted", "blacklist", "blocklist"}, asked: true, not: append(slices.Clone(marked), coded...), says: always(mayHaveRefused)},
		},
	}
}

// firstOf is the first of the columns that has a text; none: the first.
func (r *reading) firstOf(columns []string) string {
	for _, column := range columns {
		if r.has(column) {
			return column
		}
	}
	return columns[0]
}

// yesOrNo reads a mark in the languages of the tools. An empty cell is no.
func yesOrNo(text string) (yes, known bool) {
	switch plainName(text) {
	case "yes", "true", "1", "ja", "oui", "si", "sí", "sì", "sim", "y", "x":
		return true, true
	case "", "no", "false", "0", "nein", "non", "não", "nao", "nee", "n":
		return false, true
	}
	return false, false
}

// hubspot has several facts in a row: the marks of the account, and a column for each type of subscription that can be left.
func hubspot() *Preset {
	account := []string{"Portal Bounce", "Portal Unsubscribe", "Portal Spam Report"}
	return &Preset{
		Name: "hubspot", Tool: "HubSpot", address: []string{"Email", "Email Address"},
		marks: [][]string{{"Email", "Portal Bounce", "Portal Unsubscribe", "Portal Spam Report"}},
		statuses: []status{
			{columns: account, says: hubspotRow},
			{name: "opted_out", aka: []string{"opt_out", "optout"}, asked: true, not: account, says: always(leftAll)},
		},
	}
}

func hubspotRow(r *reading) []meaning {
	var says []meaning
	mark := func(column string, w what) {
		switch yes, known := yesOrNo(r.text(column)); {
		case yes:
			says = append(says, meaning{what: w, column: column})
		case !known:
			says = append(says, meaning{what: unclear, column: column})
		}
	}
	if yes, known := yesOrNo(r.text("Portal Bounce")); yes || !known {
		says = append(says, meaning{what: hubspotBounce(r.text("Portal Bounce"), yes), column: "Portal Bounce"})
	}
	mark("Portal Unsubscribe", leftAll)
	mark("Portal Spam Report", complained)
	known := []string{"email", "emailaddress", "portalbounce", "portalunsubscribe", "portalspamreport", "globalbounce", "firstname", "lastname", "recordid", "contactid"}
	for i, name := range r.row.Columns.Names {
		if slices.Contains(known, plainName(name)) || i >= len(r.row.Cells) {
			continue
		}
		if yes, _ := yesOrNo(r.row.Cells[i]); yes {
			says = append(says, meaning{what: left, kind: "topic", key: strings.TrimSpace(name), column: "a type of subscription"})
		}
	}
	if yes, known := yesOrNo(r.text("Global Bounce")); says == nil && (yes || !known) {
		return []meaning{{what: isHint}}
	}
	if says == nil {
		return []meaning{{what: saysNothing}}
	}
	return says
}

// hubspotBounce reads the text that newer files have in the place of TRUE.
func hubspotBounce(text string, yes bool) what {
	if yes {
		return bouncedHard
	}
	text = strings.ToLower(text)
	for _, word := range []string{"soft", "full", "quota", "spam", "policy", "content", "block", "temporar", "timeout", "defer", "greylist", "dns", "throttl", "reputation"} {
		if strings.Contains(text, word) {
			return bouncedSoft
		}
	}
	for _, word := range []string{"hard", "unknown user", "user unknown", "unknown_user", "invalid", "not exist", "no such"} {
		if strings.Contains(text, word) {
			return bouncedHard
		}
	}
	return unclear
}

// rapidmail: its blacklist is of addresses and domains, one a line. Entries are also made for one mailing only, and deleted again.
func rapidmail() *Preset {
	return &Preset{
		Name: "rapidmail", Tool: "rapidmail", address: []string{"email", "pattern", "E-Mail", "entry"}, Headless: []string{"email"}, domains: true,
		statuses: []status{{says: always(blocked)}},
	}
}

// promio: the codes changed over the years; those of the blocklist and of its audit are numbers of different lists.
func promio() *Preset {
	at := []string{"ts", "timestamp"}
	return &Preset{
		Name: "promio", Tool: "promio.connect", address: []string{"mail", "email"},
		marks: [][]string{{"sender_id", "ts", "custID", "mail", "status"}, {"mail", "sourceType"}},
		statuses: []status{
			{columns: []string{"sourceType"}, says: words("sourceType", map[string]what{"9": bouncedHard, "11": complained, "17": leftAll}, at...)},
			{columns: []string{"status"}, not: []string{"sourceType"}, says: words("status", map[string]what{
				"0": blocked, "1": leftAll, "3": bouncedHard, "5": blocked,
			}, at...)},
		},
	}
}

// klaviyoProfile reads the consent and the suppressions of a profile; those of a file of suppressions are in columns of their own.
func klaviyoProfile(r *reading) []meaning {
	const consents, path = "email.marketing.consent", "email.marketing."
	reasons := map[string]what{
		"hardbounce": bouncedHard, "bounced": bouncedHard, "invalidemail": bouncedHard, "usersuppressed": blocked, "softbounce": bouncedSoft,
		"spamcomplaint": complained, "spam": complained, "unsubscribe": leftAll, "unsubscribed": leftAll,
	}
	states := map[string]what{"subscribed": subscribed, "unsubscribed": leftAll, "neversubscribed": saysNothing}
	var says []meaning
	entry := func(r *reading, path string) meaning {
		return meaning{what: wordOf(r, path+"reason", reasons), column: path + "reason", at: []string{path + "timestamp", path + "created"}}
	}
	for _, begin := range []string{"attributes.subscriptions.", "subscriptions."} {
		if r.has(begin + consents) {
			at := begin + consents + "_timestamp"
			says = append(says, meaning{what: wordOf(r, begin+consents, states), column: begin + consents, at: []string{at}, optIn: at})
		}
		says = append(says, each(r, begin+path+"suppression", []string{"reason", "timestamp", "created"}, entry)...)
	}
	for _, column := range []string{"Email Marketing Consent", "consent"} {
		if r.has(column) {
			at := column + " timestamp"
			says = append(says, meaning{what: wordOf(r, column, states), column: column, at: []string{at}, optIn: at})
		}
	}
	// A row of a list of suppressions is one also where its reason is left out; which one is not known then.
	if r.has("reason") || says == nil && r.row.Columns.has("reason") {
		says = append(says, entry(r, ""))
	}
	if says == nil {
		return []meaning{{what: saysNothing}}
	}
	return says
}

// each reads the elements of an array: those that are there as a whole, as null is, or have one of the members.
func each(r *reading, array string, members []string, read func(r *reading, path string) meaning) []meaning {
	var says []meaning
	for i := 0; i <= maxMeanings; i++ {
		at := element(array, i)
		hasMember := func(member string) bool { return r.row.Columns.has(at + "." + member) }
		if !r.row.Columns.has(at) && !slices.ContainsFunc(members, hasMember) {
			break
		}
		says = append(says, read(r, at+"."))
	}
	return says
}

// element is the name of an element of an array.
func element(array string, i int) string { return array + "." + strconv.Itoa(i) }
