package dossier

import (
	"slices"

	"github.com/assent-io/assent/internal/catalog"
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

// JSONLD returns the consents and other legal bases as consent records after ISO/IEC TS 27560:2023 in terms of the Data Privacy
// Vocabulary: a record for each event that asked for one or gave one, with what became of it. The context is in the document; nothing
// has to be fetched to read it.
func JSONLD(d *Dossier) ([]byte, error) {
	graph := []any{node{
		"@id": personID, "@type": "dpv:DataSubject", "dct:identifier": d.Subject.ExactForm,
	}}
	for i := range d.Controllers {
		graph = append(graph, party(d, &d.Controllers[i]))
	}
	for i := range d.Declarations {
		graph = append(graph, notice(d, &d.Declarations[i]))
	}
	for i := range d.Events {
		if e := &d.Events[i]; e.VoidedBy == 0 && (e.Kind == "grant" || e.Kind == "request") {
			graph = append(graph, record(d, e))
		}
	}
	return indented(node{"@context": context(), "@graph": graph})
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

func iri(d *Dossier, rest string) string { return ledgerIRI + d.Made.Ledger + "/" + rest }

func ref(id string) node { return node{"@id": id} }

func refs(ids ...string) []any {
	list := make([]any, len(ids))
	for i, id := range ids {
		list[i] = ref(id)
	}
	return list
}

func dateTime(t Time) node { return node{"@type": "xsd:dateTime", "@value": t.String()} }

// localised returns a text as the literals of both languages.
func localised(t locale.Text) []any {
	return []any{node{"@language": "en", "@value": t.EN}, node{"@language": "de", "@value": t.DE}}
}

// party is the node of the controller: id, name, address, contact, type and role.
func party(d *Dossier, c *Controller) node {
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
func notice(d *Dossier, v *Declaration) node {
	n := node{"@id": noticeID(d, v.ID+"@"+v.Version), "@type": "dpv:ConsentNotice", "dct:identifier": v.ID + "@" + v.Version}
	if v.Text != "" {
		n["dct:language"], n["dct:description"] = v.Language, node{"@language": v.Language, "@value": v.Text}
	}
	return n
}

func noticeID(d *Dossier, name string) string { return iri(d, "declarations/"+name) }

// record is the record of a consent, or of another legal basis, with the mandatory fields of the specification.
func record(d *Dossier, e *Event) node {
	kind := "dpv:DataProcessingRecord"
	if isConsent(e) {
		kind = "dpv:ConsentRecord"
	}
	language := "und"
	n := node{
		"@id": eventID(d, e.Position), "@type": kind, "dct:conformsTo": ref("dpv-27560:record-eu-gdpr"),
		"dct:identifier": eventID(d, e.Position), "dct:created": dateTime(e.RecordedTime), "dpv:hasDataSubject": ref(personID),
		"dpv:hasProcess": processes(d, e),
	}
	for i := range d.Declarations {
		if v := &d.Declarations[i]; v.ID+"@"+v.Version == e.Declaration {
			n["dpv:hasNotice"] = ref(noticeID(d, e.Declaration))
			if v.Language != "" {
				language = v.Language
			}
		}
	}
	if n["dpv:hasNotice"] == nil {
		n["dpv:hasNotice"] = node{"@type": "dpv:Notice", "dct:description": "none recorded"}
	}
	n["dct:language"] = language
	if isConsent(e) {
		n["dpv:hasConsentStatus"] = statuses(d, e)
	} else {
		n["assent:hasStatus"] = statuses(d, e)
	}
	return n
}

func eventID(d *Dossier, position int64) string { return iri(d, "events/"+itoa(position)) }

func isConsent(e *Event) bool {
	return e.Kind == "request" || e.LegalBasis == string(catalog.BasisConsent)
}

// processes is what the consent is for: a process for each channel.
func processes(d *Dossier, e *Event) []any {
	var list []any
	for i := range e.Channels {
		list = append(list, process(d, e, &e.Channels[i]))
	}
	return list
}

func process(d *Dossier, e *Event, on *Named) node {
	purpose, controllers := "dpv:DirectMarketing", []any{}
	for i := range d.Channels {
		c := &d.Channels[i]
		if c.ID != on.ID {
			continue
		}
		purpose = purposeOf(c.Class)
		controllers = append(controllers, ref(iri(d, "controllers/"+c.Controller)))
	}
	return node{
		"@type":             "dpv:Process",
		"dct:identifier":    on.ID,
		"dpv:hasPurpose":    node{"@type": purpose, "dct:title": localised(on.Name)},
		"dpv:hasLegalBasis": ref(legalBasis(e)), "dpv:hasDataController": controllers,
		"dpv:hasPersonalData": node{
			"@type": "pd:EmailAddress", "dct:identifier": "email-address", "assent:optional": true, "assent:sensitive": false,
		},
		"dpv:hasProcessing": refs("dpv:Collect", "dpv:Store", "dpv:Use"), "dpv:hasDataSource": ref(personID),
		"dpv:hasStorageCondition": node{
			"@type": "dpv:StorageCondition", "dpv:hasLocation": node{"@type": "dpv:Location", "dct:title": "the controller's database"},
			"dpv:hasDuration": retentionDuration(d),
		},
		"dpv:hasJurisdiction": ref("loc:EU"), "dpv:hasApplicableLaw": ref("legal-eu:law-GDPR"),
		"dpv:hasRecipient": recipientNodes(d, on.ID), "dpv:hasRecipientThirdParty": []any{},
		"dpv:hasConsentControl": node{
			"@type":           "dpv:WithdrawConsent",
			"dct:description": localised(locale.Get("page.rightNo")),
		},
		"dpv:hasRight": refs("eu-gdpr:A7-3", "eu-gdpr:A15", "eu-gdpr:A16", "eu-gdpr:A17", "eu-gdpr:A18", "eu-gdpr:A20",
			"eu-gdpr:A21", "eu-gdpr:A77"),
	}
}

func purposeOf(class string) string {
	switch catalog.Class(class) {
	case catalog.ClassTransactional:
		return "dpv:CommunicationForCustomerCare"
	case catalog.ClassLegalNotice:
		return "dpv:LegalCompliance"
	default:
		return "dpv:DirectMarketing"
	}
}

// legalBasis returns the legal basis of the GDPR. The soft opt-in of the ePrivacy Directive has no term of its own there.
func legalBasis(e *Event) string {
	switch catalog.Basis(e.LegalBasis) {
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

func retentionDuration(d *Dossier) node {
	at := slices.IndexFunc(d.Retention, func(r Retention) bool { return r.Of == "evidence" })
	if at >= 0 && d.Retention[at].Period != "" {
		return node{"@type": "dpv:TemporalDuration", "rdf:value": d.Retention[at].Period}
	}
	return node{"@type": "dpv:UntilEventDuration", "rdf:value": "until it is of no more use"}
}

func recipientNodes(d *Dossier, channel string) []any {
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
