package mail

import "strings"

// foldText makes a text comparable: in lower case, with one space between words.
func foldText(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(strings.ToLower(text)), " "), "’", "'")
}

// hasAny reports whether a text in lower case has one of the words.
func hasAny(text string, words []string) bool {
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// failureWords say that a delivery failed.
func failureWords() []string {
	return []string{
		"undeliver", "undelivered", "returned mail", "returned to sender", "returning message to sender", "delivery failure",
		"delivery failed", "delivery has failed", "delivery status notification (failure)", "failure notice", "failed delivery",
		"failed to deliver", "delivery to the following", "delivery error", "mail failure", "nondeliverable", "non-deliverable",
		"non delivery", "non-delivery",
		"could not be delivered", "couldn't be delivered", "cannot be delivered", "can't be delivered", "can not be delivered",
		"was not delivered", "wasn't delivered", "not been delivered", "hasn't been delivered", "has not been delivered",
		"unable to deliver", "wasn't able to deliver", "was not able to deliver", "could not deliver", "couldn't deliver", "did not reach",
		"didn't reach", "could not be sent",
		"could not be reached", "permanent error", "permanent fatal error", "permanent failure", "user unknown", "unknown user",
		"no such user", "mailbox unavailable", "message rejected", "was rejected", "has been rejected", "delivery incomplete",
		"address not found", "message blocked", "recipients were not found", "no valid recipients",
		"unzustellbar", "nicht zugestellt", "nicht ausgeliefert", "nicht zustellbar", "zustellung fehlgeschlagen",
		"zustellung nicht möglich", "konnte nicht übermittelt", "konnte nicht gesendet", "fehler bei der zustellung", "zustellfehler",
		"fehlgeschlagen", "nicht übermittelt", "nicht zugestellt werden",
		"n'a pas pu être", "non remis", "échec de la remise", "échec de remise", "impossible de remettre", "n'a pas été remis",
		"non distribu", "no se pudo entregar", "no se ha podido entregar", "no ha podido ser entregado", "no entregado", "error de entrega",
		"fallo en la entrega", "non è stato possibile", "non recapitat", "mancato recapito", "mancata consegna", "impossibile recapitare",
		"kan niet worden bezorgd", "kon niet worden afgeleverd", "niet bezorgd", "onbestelbaar", "não foi entregue",
		"não pôde ser entregue", "nao foi entregue", "falha na entrega", "nie można dostarczyć", "nie została dostarczona",
		"nie mogła zostać dostarczona", "nelze doručit", "nebyla doručena", "kunde inte levereras", "kunne ikke leveres",
		"ei voitu toimittaa", "не доставлено", "не может быть доставлено", "невозможно доставить", "teslim edilemedi",
		"配信できません", "配信不能", "送信できません", "お届けできません", "届けることができません", "退信", "无法投递", "无法送达", "無法傳遞", "전달되지 못",
	}
}

// delayWords say that delivery is still tried.
func delayWords() []string {
	return []string{
		"will be retried", "will be re-tried", "has not yet been delivered", "not yet been delivered", "warning message only",
		"could not send message for past", "still trying", "still being retried", "delivery is delayed", "delivery delayed",
		"has been delayed", "is delayed", "delayed mail", "(delay)", "delayed delivery", "will keep trying", "will continue to try",
		"do not need to resend", "don't need to resend", "no action is required on your part", "verzögert", "verzögerung",
		"weitere zustellversuche", "wird weiterhin versucht", "retardé", "retrasad", "ritardat", "vertraagd", "opóźnion", "задерж", "遅延",
	}
}

// finalWords say that delivery is no longer tried, also in a text that speaks of a delay.
func finalWords() []string {
	return []string{"giving up", "gave up", "given up", "permanent error", "permanent fatal", "no longer be retried", "will not be retried", "retry timeout exceeded", "delivery failed", "status notification (failure)", "endgültig"}
}

// automaticSubjects are how the subjects of automatic answers begin, after Re: and such; the last are of programs that want a sender to
// prove that they are a person.
func automaticSubjects() []string {
	return []string{
		"out of office", "out of the office", "out-of-office", "autoreply", "auto-reply", "auto reply", "auto response",
		"auto-response", "autoresponse", "automatic reply", "automatic response", "automated reply", "automated response",
		"on vacation", "i am away", "i'm away", "[auto", "(auto",
		"automatische antwort", "abwesend", "abwesenheit", "ich bin nicht im", "nicht im büro", "nicht im haus", "im urlaub",
		"eingangsbestätigung", "autom. antwort", "réponse automatique", "réponse d'absence", "absence du bureau", "absent du bureau",
		"en congé", "message d'absence", "respuesta automática", "respuesta automatica", "fuera de la oficina",
		"fuera de oficina",
		"ausente de la oficina", "risposta automatica", "fuori sede", "fuori ufficio", "assente dall'ufficio", "automatisch antwoord",
		"automatisch bericht", "afwezig", "niet op kantoor", "resposta automática", "resposta automatica", "fora do escritório", "ausência",
		"autosvar", "automatiskt svar", "automatisk svar", "frånvaro", "fraværende", "fravær", "ikke til stede", "automaattinen vastaus",
		"poissa",
		"automatyczna odpowiedź", "odpowiedź automatyczna", "autoodpowiedź", "nieobecność", "automatická odpověď", "mimo kancelář",
		"automatikus válasz", "házon kívül", "räspuns automat", "răspuns automat", "автоматический ответ", "автоответ", "нет на работе",
		"в отпуске", "автоматична відповідь", "otomatik yanıt", "otomatik cevap", "αυτόματη απάντηση", "αυτόματη απάντηση:", "自動応答", "自動返信",
		"不在通知", "不在", "自动回复", "自動回覆", "자동 회신", "부재중",
		"תשובה אוטומטית", "رد تلقائي",
		"please confirm your message", "please confirm your email", "confirm your email to", "your message is waiting", "your email requires verification", "message verification",
		"sender verification", "bitte bestätigen sie ihre nachricht", "veuillez confirmer votre message",
	}
}

// answerWords are what persons say in automatic answers about themselves.
func answerWords() []string {
	return []string{
		"no longer with the company", "no longer with us", "no longer work", "has left the company", "have left the company", "left the company",
		"my new address", "my new email", "my new e-mail", "new address is", "out of office", "out of the office", "on leave", "on vacation",
		"on holiday", "meine neue adresse", "meine neue e-mail", "meine neue mail", "nicht mehr im unternehmen", "nicht mehr für", "im urlaub",
		"nicht im büro", "elternzeit", "abwesend", "nicht mehr gelesen", "ma nouvelle adresse", "mon adresse a changé", "en congé",
		"je ne travaille plus", "ne travaille plus", "mi nueva dirección", "ya no trabaja", "ya no trabajo", "mio nuovo indirizzo",
		"non lavora più", "non lavoro più", "mijn nieuwe adres", "niet meer werkzaam",
	}
}

// leaveWords ask for no more mail, in a subject or in the words of a person.
func leaveWords() []string {
	return []string{
		"unsubscribe", "unsubscription", "un-subscribe", "opt out", "opt-out", "optout", "remove me", "take me off", "stop sending",
		"stop emailing", "no more mail", "no more email", "no further email", "abmelden", "abmeldung", "meldet mich ab", "austragen",
		"abbestellen", "abbestellung", "keine weiteren", "keine werbung", "keine e-mails mehr", "keine mails mehr", "keinen newsletter",
		"widerspreche", "widerspruch", "widerrufe", "aus dem verteiler", "von der liste", "désabonn", "désinscri", "desinscri",
		"ne plus recevoir", "darme de baja", "dar de baja", "darse de baja", "cancelar la suscripción", "cancelar mi suscripción",
		"cancelar suscripción", "no deseo recibir", "disiscri", "cancellami", "cancellazione dalla", "non desidero", "uitschrijven",
		"afmelden", "uitschrijving",
		"cancelar a subscrição", "cancelar inscrição", "cancelar assinatura", "wypisz", "wypisać", "rezygnacja", "odhlásit", "odhlášení",
		"leiratkoz", "dezabon", "avregistrera", "avprenumerera", "avmeld", "afmeld", "peruuta tilaus", "отписаться", "отпишите", "відписа",
		"aboneliğ", "διαγραφή", "配信停止", "購読解除", "退会", "退订", "退訂", "수신거부", "수신 거부",
	}
}

// quotedFields are how the first two lines begin of what Outlook puts before the letter that is answered.
func quotedFields() (from, sent []string) {
	from = []string{
		"from:", "von:", "de :", "de:", "da:", "van:", "från:", "fra:", "od:", "lähettäjä:", "feladó:", "от:", "від:", "kimden:", "από:",
		"差出人:", "发件人:", "寄件者:", "보낸 사람:",
	}
	sent = []string{
		"sent:", "date:", "gesendet:", "datum:", "envoyé :", "envoyé:", "date :", "enviado:", "enviado el:", "enviada:", "enviada em:",
		"fecha:", "data:", "inviato:", "verzonden:", "skickat:", "sendt:", "dato:", "wysłano:", "odesláno:", "lähetetty:", "elküldve:",
		"отправлено:", "дата:", "надіслано:", "gönderildi:", "gönderilme:", "στάλθηκε:", "送信日時:", "日付:", "发送时间:", "日期:", "寄件日期:",
		"보낸 날짜:",
	}
	return from, sent
}

// forwardSubjects are how mail programs begin the subject of a forward, in lower case.
func forwardSubjects() []string {
	return []string{"fw:", "fwd:", "wg:", "tr:", "rv:", "i:", "vb:", "vl:", "enc:", "doorst:", "pd:", "пересл:", "转发:", "轉寄:"}
}

// quoteMarks are what the line says, before its colon, or how it begins, after which the letter of another stands.
func quoteMarks() (verbs, begins []string) {
	verbs = []string{
		"wrote", "writes", "schrieb", "geschrieben", "a écrit", "écrit", "escribió", "escribio", "ha scritto", "schreef", "escreveu",
		"napisał", "napsal", "írta", "skrev", "kirjoitti", "пишет", "написал", "yazdı",
	}
	begins = []string{
		"-----original message", "-----ursprüngliche nachricht", "----- original message", "----- ursprüngliche nachricht",
		"-----message d'origine", "-----mensaje original", "-----messaggio originale", "-----oorspronkelijk bericht",
		"________________________________", "begin forwarded message", "---------- forwarded message", "-------- weitergeleitete nachricht",
		"-------- forwarded message", "-------- ursprüngliche nachricht", "-------- original message",
	}
	return verbs, begins
}
