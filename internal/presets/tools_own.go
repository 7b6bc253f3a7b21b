package presets

import (
	"strings"

	"github.com/assent-io/assent/internal/consent"
)

// own is the suppression list of this program, as `assent suppressions export` writes it in the forms csv and ndjson. Each row has its scope. What
// no list of a tool can say, such as a legal block, is blocked in the same scope; so is a domain, whatever the reason.
func own() *Preset {
	return &Preset{
		Name: "assent", Tool: "Assent", address: []string{"address", "domain"}, domains: true,
		marks: [][]string{{"match", "address", "scope", "kind", "reason"}, {"match", "domain", "scope", "kind", "reason"}},
		statuses: []status{{columns: []string{"match"}, says: func(r *reading) []meaning {
			m := ownMeaning(r)
			if m.column == "" {
				m.column = "reason"
			}
			return []meaning{m}
		}}},
	}
}

func ownMeaning(r *reading) meaning {
	scope := consent.Scope(r.text("scope"))
	kind, id := scope.Split()
	m := meaning{at: []string{"since"}, scope: scope, until: "until"}
	isDomain := r.text("match") == "domain"
	switch {
	case !isDomain && r.text("match") != "exact" && r.text("match") != "folded":
		return meaning{what: unclear, column: "match", why: "it is neither exact nor folded nor domain"}
	case isDomain == strings.Contains(r.text("address"), "@"):
		return meaning{what: contradicts, column: "match", why: "an entry is of an address, or of a domain if its match is domain"}
	case !knownScope(scope):
		return meaning{what: unclear, column: "scope", why: "it is no scope"}
	case r.text("kind") == "suppression":
		m.what = ownReason(r.text("reason"), isDomain)
		return m
	case r.text("kind") != "refusal":
		return meaning{what: unclear, column: "kind", why: "it is neither refusal nor suppression"}
	case isDomain || kind != consent.ScopeChannel:
		return meaning{what: contradicts, column: "scope", why: "a refusal is one of an address, from one channel"}
	default:
		m.what, m.direct = left, id
		return m
	}
}

// ownReason is what a suppression of a reason is. SUPPRESSED stands for one that the consumer of the list may not know.
func ownReason(reason string, isDomain bool) what {
	switch known := consent.Reason(reason); {
	case !known.Known() && reason != "SUPPRESSED":
		return unclear
	case isDomain:
		return blocked
	case known == consent.ReasonHardBounce:
		return bouncedHard
	case known == consent.ReasonComplaint:
		return complained
	case known == consent.ReasonObjection:
		return mayHaveRefused
	default:
		return blocked
	}
}

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
