package machine

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent/timeline"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/locale"
)

// node is an object of JSON-LD. Its keys are written in order, so the same dossier always gives the same bytes.
type node = map[string]any

// The names of this program's own terms and of what a ledger holds.
const (
	ownTerms  = "https://assent.io/ns#"
	ledgerIRI = "https://"
	personID  = "_:person"
)

// JSONLD returns a record for each channel that the dossier tells something of: what the consent or other legal basis is for, and what
// held when, as the courses of the channels say. The context is in the document; nothing has to be fetched to read it.
func JSONLD(d *dossier.Dossier, courses []timeline.Course) ([]byte, error) {
	graph := []any{node{
		"@id": personID, "@type": "dpv:DataSubject", "dct:identifier": d.Subject.ExactForm,
	}}
	for i := range d.Controllers {
		graph = append(graph, party(d, &d.Controllers[i]))
	}
	for i := range d.Declarations {
		graph = append(graph, notice(d, &d.Declarations[i]))
	}
	sorted := slices.SortedFunc(slices.Values(courses), func(a, b timeline.Course) int { return cmp.Compare(a.Channel, b.Channel) })
	for i := range sorted {
		r := record{dossier: d, course: &sorted[i], events: eventsOn(d, sorted[i].Channel)}
		if r.saysAnything() {
			graph = append(graph, r.node())
		}
	}
	return indented(node{"@context": context(), "@graph": graph})
}

func indented(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("write a dossier as JSON-LD: %w", err)
	}
	return b.Bytes(), nil
}

// context gives the prefixes their meaning.
func context() node {
	return node{
		"dpv": "https://w3id.org/dpv#", "pd": "https://w3id.org/dpv/pd#", "loc": "https://w3id.org/dpv/loc#",
		"legal-eu": "https://w3id.org/dpv/legal/eu#", "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
		"dpv-27560": "https://w3id.org/dpv/schema/dpv-27560#", "dct": "http://purl.org/dc/terms/",
		"rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "xsd": "http://www.w3.org/2001/XMLSchema#", "assent": ownTerms,
	}
}

func iri(d *dossier.Dossier, rest string) string { return ledgerIRI + d.Made.Ledger + "/" + rest }

func ref(id string) node { return node{"@id": id} }

func refs(ids ...string) []any {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = ref(id)
	}
	return list
}

func dateTime(t dossier.Time) node { return node{"@type": "xsd:dateTime", "@value": t.String()} }

// localised returns a text as the literals of both languages.
func localised(t locale.Text) []any {
	return []any{node{"@language": "en", "@value": t.EN}, node{"@language": "de", "@value": t.DE}}
}

// party is the node of the controller: id, name, address, contact, type and role.
func party(d *dossier.Dossier, c *dossier.Controller) node {
	n := node{
		"@id": iri(d, "controllers/"+c.ID), "@type": []any{"dpv:DataController", "dpv:Organisation"}, "dct:identifier": c.ID,
		"dpv:hasName": c.Name, "dpv:hasAddress": c.PostalAddress, "dpv:hasContact": c.PrivacyContact, "dpv:hasRole": ref("dpv:DataController"),
	}
	if c.ImprintURL != "" {
		n["dct:source"] = ref(c.ImprintURL)
	}
	return n
}

// notice is what the person was told: the wording of a declaration.
func notice(d *dossier.Dossier, v *dossier.Declaration) node {
	kind := "dpv:ConsentNotice"
	if v.Kind == string(catalog.KindNotice) {
		kind = "dpv:PrivacyNotice"
	}
	n := node{"@id": noticeID(d, v.ID+"@"+v.Version), "@type": kind, "dct:identifier": v.ID + "@" + v.Version}
	if v.Text != "" {
		n["dct:language"], n["dct:description"] = v.Language, node{"@language": v.Language, "@value": v.Text}
	}
	return n
}

func noticeID(d *dossier.Dossier, name string) string { return iri(d, "declarations/"+name) }

func eventID(d *dossier.Dossier, position int64) string {
	return iri(d, "events/"+strconv.FormatInt(position, 10))
}

// record is what is told of one channel.
type record struct {
	dossier *dossier.Dossier
	course  *timeline.Course
	events  []*dossier.Event // that name the channel
}

// eventsOn returns the events of the dossier that name a channel, by position.
func eventsOn(d *dossier.Dossier, channel string) []*dossier.Event {
	var list []*dossier.Event
	for i := range d.Events {
		e := &d.Events[i]
		if slices.ContainsFunc(e.Channels, func(on dossier.Named) bool { return on.ID == channel }) {
			list = append(list, e)
		}
	}
	return list
}

// saysAnything reports whether an event names the channel, or an answer about it ever rested on something else that was recorded.
func (r *record) saysAnything() bool {
	return len(r.events) > 0 || slices.ContainsFunc(r.course.Spans, func(s timeline.Span) bool { return saysSomething(&s) })
}

// isOfConsent reports whether a consent was asked for, given, refused or withdrawn on the channel.
func (r *record) isOfConsent() bool { return r.consentBegins() != 0 }

// isAboutConsent reports whether an event asks for a consent, gives one, or says no to one.
func isAboutConsent(e *dossier.Event) bool {
	switch e.Kind {
	case "request", "confirm", "withdraw", "refuse":
		return true
	default:
		return e.LegalBasis == string(catalog.BasisConsent)
	}
}

// node returns the record with the mandatory fields of the specification.
func (r *record) node() node {
	d := r.dossier
	name, kind := "records/"+r.course.Channel, "dpv:DataProcessingRecord"
	if r.isOfConsent() {
		kind = "dpv:ConsentRecord"
	}
	n := node{
		"@id": "_:record-" + r.course.Channel, "@type": kind, "dct:conformsTo": ref("dpv-27560:record-eu-gdpr"),
		"dct:created": dateTime(d.Made.Time), "dpv:hasDataSubject": ref(personID), "dpv:hasProcess": []any{r.process()},
	}
	// An event of the address is of this person alone, so that its position makes the name of the record one that no other record has.
	if own := slices.IndexFunc(r.events, func(e *dossier.Event) bool { return e.Of == "" }); own >= 0 {
		n["@id"] = eventID(d, r.events[own].Position) + "/" + name
		n["dct:source"] = r.sources()
	}
	n["dct:identifier"] = n["@id"]
	n["dpv:hasNotice"], n["dct:language"] = r.notices()
	if list := r.consentStatuses(); len(list) > 0 {
		n["dpv:hasConsentStatus"] = list
	}
	permissions, prohibitions := r.rules()
	if len(permissions) > 0 {
		n["dpv:hasPermission"] = permissions
	}
	if len(prohibitions) > 0 {
		n["dpv:hasProhibition"] = prohibitions
	}
	return n
}

// sources returns the events that name the channel.
func (r *record) sources() []any {
	var list []any
	for _, e := range r.events {
		list = append(list, ref(eventID(r.dossier, e.Position)))
	}
	return list
}

// notices returns the declarations that the events on the channel name, and the language of the last.
func (r *record) notices() (list []any, language string) {
	language = "und"
	var named []string
	for _, e := range r.events {
		if e.Declaration == "" || slices.Contains(named, e.Declaration) {
			continue
		}
		named = append(named, e.Declaration)
		list = append(list, ref(noticeID(r.dossier, e.Declaration)))
		for i := range r.dossier.Declarations {
			if v := &r.dossier.Declarations[i]; v.ID+"@"+v.Version == e.Declaration && v.Language != "" {
				language = v.Language
			}
		}
	}
	if list == nil {
		list = []any{node{"@type": "dpv:Notice", "dct:description": "none recorded"}}
	}
	return list, language
}

// named returns the channel with its name in both languages; its id where the dossier has no name for it.
func (r *record) named() (name locale.Text, controllers []any) {
	name, controllers = locale.Same(r.course.Channel), []any{}
	for _, e := range r.events {
		for i := range e.Channels {
			if e.Channels[i].ID == r.course.Channel {
				name = e.Channels[i].Name
			}
		}
	}
	for i := range r.dossier.Channels {
		if c := &r.dossier.Channels[i]; c.ID == r.course.Channel {
			name, controllers = c.Name, append(controllers, ref(iri(r.dossier, "controllers/"+c.Controller)))
		}
	}
	return name, controllers
}

// process is what the consent, or the other legal basis, is for.
func (r *record) process() node {
	name, controllers := r.named()
	return node{
		"@type":                 "dpv:Process",
		"dct:identifier":        r.course.Channel,
		"dpv:hasPurpose":        node{"@type": purposeOf(r.class()), "dct:title": localised(name)},
		"dpv:hasLegalBasis":     refs(r.bases()...),
		"dpv:hasDataController": controllers,
		"dpv:hasPersonalData": node{
			"@type": "pd:EmailAddress", "dct:identifier": "email-address", "assent:optional": true, "assent:sensitive": false,
		},
		"dpv:hasProcessing": refs("dpv:Collect", "dpv:Store", "dpv:Use"), "dpv:hasDataSource": ref(personID),
		"dpv:hasStorageCondition": node{
			"@type": "dpv:StorageCondition", "dpv:hasLocation": node{"@type": "dpv:Location", "dct:title": "the controller's database"},
			"dpv:hasDuration": retentionDuration(r.dossier),
		},
		"dpv:hasJurisdiction": ref("loc:EU"), "dpv:hasApplicableLaw": ref("legal-eu:law-GDPR"),
		"dpv:hasRecipient": recipientNodes(r.dossier, r.course.Channel), "dpv:hasRecipientThirdParty": []any{},
		"dpv:hasConsentControl": node{
			"@type":           "dpv:WithdrawConsent",
			"dct:description": localised(locale.Get("page.rightNo")),
		},
		"dpv:hasRight": refs("eu-gdpr:A7-3", "eu-gdpr:A15", "eu-gdpr:A16", "eu-gdpr:A17", "eu-gdpr:A18", "eu-gdpr:A20",
			"eu-gdpr:A21", "eu-gdpr:A77"),
	}
}

// class returns the class that the channel has, or had last.
func (r *record) class() catalog.Class { return r.course.Spans[len(r.course.Spans)-1].Class }

// bases returns the legal bases that were recorded for the channel; those that it accepts where none was.
func (r *record) bases() []string {
	var list []string
	add := func(basis string) {
		if term := legalBasis(catalog.Basis(basis)); !slices.Contains(list, term) {
			list = append(list, term)
		}
	}
	for _, e := range r.events {
		switch {
		case e.LegalBasis != "":
			add(e.LegalBasis)
		case e.Kind == "request":
			add(string(catalog.BasisConsent))
		}
	}
	for i := range r.dossier.Channels {
		c := &r.dossier.Channels[i]
		if list != nil || c.ID != r.course.Channel {
			continue
		}
		for _, basis := range c.LegalBases {
			add(basis)
		}
	}
	return list
}

func purposeOf(class catalog.Class) string {
	switch class {
	case catalog.ClassTransactional:
		return "dpv:CommunicationForCustomerCare"
	case catalog.ClassLegalNotice:
		return "dpv:LegalCompliance"
	default:
		return "dpv:DirectMarketing"
	}
}

// legalBasis returns the legal basis of the GDPR. The soft opt-in of the ePrivacy Directive has no term of its own there.
func legalBasis(basis catalog.Basis) string {
	switch basis {
	case catalog.BasisExistingCustomer:
		return ownTerms + "existing-customer"
	case catalog.BasisTerms:
		return ownTerms + "terms"
	case catalog.BasisContract:
		return "eu-gdpr:A6-1-b"
	case catalog.BasisLegalObligation:
		return "eu-gdpr:A6-1-c"
	default:
		return "eu-gdpr:A6-1-a"
	}
}

func retentionDuration(d *dossier.Dossier) node {
	at := slices.IndexFunc(d.Retention, func(r dossier.Retention) bool { return r.Of == "evidence" })
	if at >= 0 && d.Retention[at].Period != "" {
		return node{"@type": "dpv:TemporalDuration", "rdf:value": d.Retention[at].Period}
	}
	return node{"@type": "dpv:UntilEventDuration", "rdf:value": "until it is of no more use"}
}

func recipientNodes(d *dossier.Dossier, channel string) []any {
	var clients []string
	for i := range d.Disclosures {
		if c := d.Disclosures[i].Client; d.Disclosures[i].Channel.ID == channel && !slices.Contains(clients, c) {
			clients = append(clients, c)
		}
	}
	list := []any{}
	for _, c := range clients {
		list = append(list, node{"@type": "dpv:Recipient", "dct:identifier": c, "dpv:hasName": c})
	}
	return list
}
