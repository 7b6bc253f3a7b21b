package duty

import (
	_ "embed" // For the page.
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/period"
)

//go:embed records.html
var recordsPage string

// Records is the record of processing activities of the controllers of a catalog (GDPR Art. 30(1)).
type Records struct {
	Language    string             `json:"language"`
	Title       string             `json:"title"`
	Subtitle    string             `json:"subtitle"`
	MadeTime    time.Time          `json:"madeTime"`
	Rules       Rules              `json:"rules"`
	Controllers []ControllerRecord `json:"controllers"`
}

// Rules names the catalog that a document was made from: a version of a server, or a file.
type Rules struct {
	Version int64  `json:"version,omitempty"`
	Etag    string `json:"etag,omitempty"`
	File    string `json:"file,omitempty"`
}

// ControllerRecord is the part of the record that is about one controller.
type ControllerRecord struct {
	ID                   string            `json:"id"`
	Name                 string            `json:"name"`
	PostalAddress        string            `json:"postalAddress"`
	PrivacyContact       string            `json:"privacyContact"`
	ImprintURL           string            `json:"imprintUrl,omitempty"`
	SupervisoryAuthority string            `json:"supervisoryAuthority,omitempty"`
	Activities           []Activity        `json:"activities"`
	Recipients           []RecipientRecord `json:"recipients"`
	Measures             []string          `json:"measures"`
}

// Activity is one processing activity, with what Art. 30(1)(b) to (f) asks for.
type Activity struct {
	Number         int      `json:"number"`
	Channel        string   `json:"channel,omitempty"` // empty for what the service does itself
	Name           string   `json:"name"`
	Purpose        string   `json:"purpose"`
	Department     string   `json:"department,omitempty"`
	LegalBases     []string `json:"legalBases"`
	Persons        []string `json:"persons"`
	Data           []string `json:"data"`
	Recipients     []string `json:"recipients"`
	ThirdCountries []string `json:"thirdCountries"`
	Retention      []string `json:"retention"`
}

// RecipientRecord is a recipient with its address.
type RecipientRecord struct {
	Client        string `json:"client"`
	Name          string `json:"name"`
	PostalAddress string `json:"postalAddress"`
	Role          string `json:"role"`
	Country       string `json:"country"`
	ThirdCountry  bool   `json:"thirdCountry"`
}

// recorder writes the record of one catalog.
type recorder struct {
	cat  *catalog.Catalog
	lang locale.Language
}

// NewRecords writes the record of a catalog in a language, as of a time.
func NewRecords(cat *catalog.Catalog, rules Rules, lang locale.Language, now time.Time) *Records {
	r := &recorder{cat, lang}
	from := locale.Fill("records.fromFile", locale.Values{"file": locale.Same(rules.File), "day": dayOf(now)})
	if rules.File == "" {
		from = locale.Fill("records.fromServer", locale.Values{"version": locale.Same(fmt.Sprint(rules.Version)), "day": dayOf(now)})
	}
	all := &Records{
		Language: lang.Tag(), Title: r.get("records.title"), Subtitle: from.In(lang), MadeTime: now.UTC().Truncate(time.Second), Rules: rules,
	}
	for i := range cat.Controllers {
		all.Controllers = append(all.Controllers, r.controller(&cat.Controllers[i]))
	}
	return all
}

// HTML returns the record as one page to read and print.
func (r *Records) HTML() ([]byte, error) { return writePage(languageOf(r.Language), recordsPage, r) }

func languageOf(tag string) locale.Language {
	if tag == locale.German.Tag() {
		return locale.German
	}
	return locale.English
}

func (r *recorder) get(key string) string { return locale.Get(key).In(r.lang) }

func (r *recorder) controller(c *catalog.Controller) ControllerRecord {
	record := ControllerRecord{
		ID: c.ID, Name: c.Name, PostalAddress: c.PostalAddress, PrivacyContact: c.PrivacyContact, ImprintURL: c.ImprintURL,
		SupervisoryAuthority: c.SupervisoryAuthority, Recipients: r.recipients(), Measures: inLanguage(r.lang, measures()...),
	}
	for i := range r.cat.Channels {
		if channel := &r.cat.Channels[i]; channel.Controller == c.ID {
			record.Activities = append(record.Activities, r.messages(channel, c))
		}
	}
	record.Activities = append(record.Activities, r.own()...)
	for i := range record.Activities {
		a := &record.Activities[i]
		a.Number = i + 1
		a.Recipients, a.ThirdCountries = r.recipientNames(), r.thirdCountries()
	}
	return record
}

// messages is the activity of sending the messages of a channel, as far as this service has a part in it.
func (r *recorder) messages(channel *catalog.Channel, c *catalog.Controller) Activity {
	name := nameIn(channel.Name, r.lang)
	if channel.Retired {
		name = locale.Fill("records.retired", locale.Values{"name": locale.Same(name)}).In(r.lang)
	}
	a := Activity{Channel: channel.ID, Name: name, Purpose: locale.Name("records.purpose", string(channel.Class)).In(r.lang)}
	if department, ok := r.cat.Department(channel.Department); ok {
		a.Department = nameIn(department.Name, r.lang)
	}
	persons, data := []locale.Text{}, []locale.Text{
		locale.Get("records.data.address"), locale.Get("records.data.events"), locale.Get("records.data.evidence"),
	}
	for _, basis := range channel.LegalBases {
		a.LegalBases = append(a.LegalBases, locale.Name("basis", string(basis)).In(r.lang))
		persons = append(persons, locale.Name("records.persons", string(basis)))
	}
	if channel.Accepts(catalog.BasisExistingCustomer) {
		data = append(data, locale.Get("records.data.sale"))
	}
	if channel.Refusable {
		persons = append(persons, locale.Get("records.persons.refused"))
		data = append(data, locale.Get("records.data.refusals"))
	}
	a.Persons, a.Data = inLanguage(r.lang, persons...), inLanguage(r.lang, data...)
	a.Retention = r.messagesKept(channel, c)
	return a
}

// messagesKept says how long what belongs to a channel is kept (Art. 30(1)(f)).
func (r *recorder) messagesKept(channel *catalog.Channel, c *catalog.Controller) []string {
	policy := &r.cat.Policy
	kept := []locale.Text{keptFor("records.kept.evidence", policy.Retention.Evidence)}
	if channel.Accepts(catalog.BasisConsent) {
		kept = append(kept, keptFor("records.kept.requests", policy.Retention.Requests))
	}
	if !channel.ConsentLapsesAfter.IsZero() {
		key := "records.kept.lapse"
		if channel.ConsentLapsesFrom == catalog.FromLastContact {
			key = "records.kept.lapseByContact"
		}
		kept = append(kept, keptFor(key, channel.ConsentLapsesAfter))
	}
	if channel.Accepts(catalog.BasisExistingCustomer) && !policy.ExistingCustomerLapsesAfter.IsZero() {
		kept = append(kept, keptFor("records.kept.customer", policy.ExistingCustomerLapsesAfter))
	}
	kept = append(kept, r.keptProof()...)
	if note := nameIn(c.RetentionNote, r.lang); note != "" {
		kept = append(kept, locale.Fill("records.kept.elsewhere", locale.Values{"note": locale.Same(note)}))
	}
	return inLanguage(r.lang, kept...)
}

// keptProof says how long what is kept for proof stays: the evidence for the defence of claims, and the entries of the ledger.
func (r *recorder) keptProof() []locale.Text {
	var kept []locale.Text
	if claims := r.cat.Policy.ClaimsPeriod; !claims.IsZero() {
		kept = append(kept, keptFor("records.kept.claims", claims))
	}
	return append(kept, locale.Get("records.kept.ledger"))
}

// keptFor fills the text under the key with a period; without one it says that no end is set.
func keptFor(key string, p period.Period) locale.Text {
	words := locale.Get("records.kept.noEnd")
	if !p.IsZero() {
		words = wording.Period(p.String())
	}
	return locale.Fill(key, locale.Values{"period": words})
}

func nameIn(name catalog.LocalName, lang locale.Language) string {
	return locale.Text{EN: name.EN, DE: name.DE}.In(lang)
}

func (r *recorder) recipients() []RecipientRecord {
	list := make([]RecipientRecord, 0, len(r.cat.Recipients))
	for i := range r.cat.Recipients {
		x := &r.cat.Recipients[i]
		list = append(list, RecipientRecord{
			Client: x.Client, Name: x.Name, PostalAddress: x.PostalAddress, Role: locale.Name("records.role", string(x.Role)).In(r.lang),
			Country: x.Country, ThirdCountry: !isInEEA(x.Country),
		})
	}
	return list
}

// recipientNames are the recipients as they stand at an activity, which the catalog does not tell apart by channel.
func (r *recorder) recipientNames() []string {
	if len(r.cat.Recipients) == 0 {
		return []string{r.get("records.noRecipients")}
	}
	var list []string
	for _, x := range r.recipients() {
		list = append(list, fmt.Sprintf("%s (%s, %s)", x.Name, x.Role, x.Country))
	}
	return list
}

func (r *recorder) thirdCountries() []string {
	var list []string
	for _, x := range r.recipients() {
		if x.ThirdCountry {
			list = append(list, locale.Fill("records.thirdCountry", locale.Values{
				"name": locale.Same(x.Name), "country": locale.Same(x.Country),
			}).In(r.lang))
		}
	}
	switch {
	case len(r.cat.Recipients) == 0:
		return []string{r.get("records.thirdCountryUnknown")}
	case len(list) == 0:
		return []string{r.get("records.thirdCountryNone")}
	}
	return list
}

// isInEEA reports whether a country, in two capitals of ISO 3166-1, is one of the European Economic Area, in which the GDPR holds.
func isInEEA(country string) bool {
	const members = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK"
	return slices.Contains(strings.Fields(members), country)
}
