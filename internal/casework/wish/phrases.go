package wish

import (
	"slices"

	"github.com/assent-io/assent/internal/casework"
)

// phrases returns the phrases of a kind: a phrase a line, its steps with a space between. Most of them are found with some other words between their
// steps.
func phrases(kind casework.Kind) []phrase {
	switch kind {
	case casework.Access:
		return access()
	case casework.Erasure:
		return erasure()
	case casework.Complaint:
		return complaint()
	case casework.Objection:
		return objection()
	case casework.Inquiry, casework.Other:
	}
	return nil
}

func access() []phrase {
	return slices.Concat(parse(4, `
what|which data|information|details have|hold|store|keep|process|stored|held|saved about|on|of me|my
what do you have|know|hold|store about|on me
copy of my data|information
where|how did|have you get|got|obtain|obtained|find|found my address|data|details|email
welche daten|informationen|angaben mich|mir|person
welche meiner daten gespeichert|speichern|verarbeiten|haben
auskunft daten|dsgvo|gespeichert*|person
woher haben|hast|habt|kennen|stammt|stammen|kommt|kommen meine|meinen adresse|mailadresse|emailadresse|email|daten|namen
kopie meiner daten
`), parse(0, `
subject access request
right of access
data portability
article|art|artikel 15
auskunftsersuchen|datenauskunft|selbstauskunft|auskunftsrecht|auskunftsbegehren
recht auf auskunft
auskunft nach|gemaess art|artikel|dsgvo|datenschutz*
datenuebertragbarkeit
dsar
`))
}

func erasure() []phrase {
	return slices.Concat(parse(4, `
delete|erase|remove|destroy|deletion|erasure|removal my|all|any|every data|address|email|account|information|details|record|records|profile
delete|erase|remove everything|anything about|on me
delete|erase|remove me your|the|this database|databases|system|systems|records
want|like|have my data|address|email|account|information|details|profile deleted|erased|removed
correct|rectify|update my data|address|name|details|information
restrict processing data
loeschen|loesche|loescht|entfernen|entfernt|vernichten meine|meinen|meiner|alle|saemtliche|meines daten|adresse|mailadresse|emailadresse|email|account|konto|kundenkonto|angaben|informationen|profil|datensatz|datensaetze
meine|meinen|alle|saemtliche daten|adresse|mailadresse|emailadresse|account|konto|kundenkonto|angaben|profil loeschen|entfernen|geloescht|entfernt|vernichten
loeschung meiner|aller|saemtlicher|meines daten|adresse|mailadresse|emailadresse|kontos|kundenkontos|accounts|profils|angaben
loeschen|loescht|entfernen mich datenbank|system|systemen|kartei
berichtigen|korrigieren meine|meinen daten|namen|adresse|angaben
berichtigung meiner daten|angaben|adresse
einschraenkung verarbeitung
`), parse(0, `
right to erasure
right to be forgotten
right to rectification
article|art|artikel 16|17|18
recht auf loeschung|berichtigung|vergessenwerden
`))
}

func complaint() []phrase {
	return slices.Concat(parse(3, `
never|not|didnt signed|sign|subscribed|subscribe|registered|register|consented|consent|agreed|agree|opted|asked
never|not|didnt gave|give|given consent|permission
without|no my|any consent|permission|approval
already|repeatedly|twice|times unsubscribed|objected|asked|told
still|keep|again receiving|getting|receive|get|send|sending emails|email|mails|mail|newsletter|newsletters|messages|advertising|ads
despite|although|though unsubscribed|unsubscribing|objection|opt|opted
nie|niemals|nicht|weder angemeldet|abonniert|bestellt|zugestimmt|eingewilligt|registriert|eingetragen
nie|niemals|keine|keinerlei einwilligung|zustimmung|erlaubnis|genehmigung
ohne meine|meiner|jede|jegliche|mein einwilligung|zustimmung|erlaubnis|einverstaendnis|wissen
bereits|schon|mehrfach|mehrmals|laengst abgemeldet|abbestellt|widersprochen|widerrufen|gekuendigt
trotz|trotzdem abmeldung|abbestellung|widerspruch|widerspruchs|widerruf|widerrufs|kuendigung
obwohl|nachdem ich abgemeldet|abbestellt|widersprochen|widerrufen
`), parse(0, `
complaint|complaints|complain|complaining
unsolicited|spamming|spammer|spammers|harassment|harassing|harass
is|this|your|more|the|as|such spam
report|reported|reporting you
my lawyer|solicitor|attorney
data protection authority
supervisory authority
beschwerde|beschweren|beschwere|beschweren
unverlangt*|unaufgefordert*|unerwuenscht*
ist|dieser|diesen|ihr|ihren|ihrem|eurer|euren|als|solcher spam
spammen|zuspammen|zumuellen|zugemuellt|belaestigung|belaestigen|belaestigt
mein|meinem|meinen anwalt|rechtsanwalt
abmahnung|abmahnen|unterlassungserklaerung|strafanzeige
datenschutzbehoerde|aufsichtsbehoerde|datenschutzbeauftragte*
`, "folder", "ordner", "spamfolder", "spamordner", "filter"))
}

func objection() []phrase {
	return slices.Concat(parse(3, `
remove|delete|take me|my|us list|lists|newsletter|newsletters|distribution|off
stop|quit|cease sending|emailing|mailing|contacting|writing|spamming
dont|not|never send|contact|email|mail|write|message me|us
dont|not want|wish|like receive|get|receiving|getting emails|email|mails|mail|newsletter|newsletters|messages|advertising|ads|anything
dont|not want|need your|any|more|these|this emails|email|mails|mail|newsletter|newsletters|messages|advertising|ads
withdraw|revoke my consent
object to processing|marketing|advertising|use|direct
moechte|moechten|will|wollen|wuensche keine|keinen|keinerlei mails|emails|werbung|newsletter|nachrichten|werbemails
nicht mehr|weiter anschreiben|kontaktieren|schreiben|schicken|senden|zusenden|belaestigen
nehmen|nimm|nehmt|streichen|streich|streicht|loeschen|loesche|loescht|entfernen|tragen mich|uns verteiler|liste|mailingliste|newsletter|aus
melden|meldet|melde mich|uns ab
newsletter|werbung|mails abbestellen|abmelden|kuendigen|stornieren|beenden
widerspreche|widerspruch verwendung|nutzung|verarbeitung|werbung|zusendung|direktwerbung|gegen
widerrufe|widerruf meine|meiner|der einwilligung|zustimmung
`), parse(3, `
stop emails|mails|newsletter|newsletters|messages
no more|further emails|email|mails|mail|newsletters|newsletter|messages|advertising
keine|keinerlei weitere|weiteren|mehr mails|emails|werbung|newsletter|nachrichten
keine|keinen|keinerlei mails|emails|werbung|newsletter|nachrichten|werbemails mehr|schicken|senden|zusenden|zuschicken
`, "habe", "haben", "hatte", "bekomme", "erhalte", "kriege", "bekam", "kam", "kamen", "kommen", "vermisse", "have", "had", "arrived", "arrive", "received", "receive", "get", "got"),
		parse(0, `
unsubscribe|unsubscribing
opt out
abbestellen|abmelden|austragen|abbestellung
article|art|artikel 21
`))
}

// questions are how clauses ask without a question mark.
func questions() []phrase {
	return slices.Concat(parse(2, `
please|kindly tell|send|explain|answer|inform|advise|call
let me know
have|had a|one|some question|questions
would like|love to know
bitte um antwort|rueckmeldung|rueckruf|information|informationen|information|auskunft|info
bitte teilen|sagen|schicken|senden|erklaeren|beantworten|informieren|rufen
habe|haette eine|noch|einige|folgende frage|fragen
moechte|wuerde|will gerne|gern|auch wissen|erfahren
`), parse(0, `
wondering|wonder
wuesste gerne|gern
ich frage mich
`))
}
