package bounce

import "github.com/assent-io/assent/internal/intake"

// A Row is one line of the table.
type Row struct {
	// ID names the row: in reports, figures and docs/bounce-classes.md. It never changes.
	ID string
	// Codes restrict the row to enhanced status codes (RFC 3463) such as 5.1.1, to all that begin so (5.7 or 5), to a reply code of SMTP such
	// as 552, or to none, which means that no code is known. Without codes the row is for any.
	Codes []string
	// Phrases are what the text may say, in any language: one of them is enough. They are in lower case; a * stands for up to [gap] bytes, @
	// for any address. A phrase that begins and ends with a letter stands between other signs than letters, except those of Chinese and
	// Japanese; a * at an end allows letters there. Without phrases the row goes by codes alone.
	Phrases []string
	Class   intake.Class
	// Domain says that the whole domain of the address gets no mail.
	Domain bool
	// Then is what the caller has to know besides the class.
	Then Then
	// Source says where this is from.
	Source string
}

// Then is what follows from a row besides its class.
type Then = intake.Then

// What follows.
const (
	Nothing      = intake.Nothing
	HardAtSecond = intake.HardAtSecond
	NewOwner     = intake.NewOwner
)

// Table returns all rows, in the order in which they are tried: what the text says, then the code, then what holds by default. A few codes
// that name the sender or one server stand before the words that would mislead beside them.
func Table() []Row {
	var all []Row
	for _, part := range [][]Row{precise(), capacity(), senderCodes(), senderFault(), refusedMessage(), unwanted(), gone(), noHost(), unknown(), byCode(), byDefault()} {
		all = append(all, part...)
	}
	return all
}

// hardCodes are those with which a text may call a mailbox dead: never a temporary failure, and no code of a refused command, message or
// right (5.5.x, 5.6.x, 5.7.x, 501, 552 and such), beside which "not found" and "invalid" speak of something else.
func hardCodes() []string {
	return []string{"5.0", "5.1", "5.2", "5.3.0", "5.4", "5.5.0", "550", "551", "553", "554", "556", "none"}
}

// namedCodes are those of a text that names the user or the recipient, who may also be the reason of a refusal (5.7.x).
func namedCodes() []string { return append(hardCodes(), "5.7") }

// precise lists texts of certain servers whose words would mislead elsewhere.
func precise() []Row {
	const exchange = "https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online/non-delivery-reports-in-exchange-online"
	return []Row{
		{
			ID: "microsoft-network", Phrases: []string{"s3140", "s3150", "5.7.511", "part of their network is on our block list"},
			Class: intake.Block, Source: "https://sendersupport.olc.protection.outlook.com/pm/troubleshooting.aspx",
		},
		{
			ID: "exchange-recipient-not-found", Codes: namedCodes(), Phrases: []string{
				"resolver.adr.recipientnotfound", "resolver.adr.recipnotfound", "resolver.adr.exrecipnotfound",
				"resolver.adr.invalidinsmtp", "recipnotfound",
				"recipient not found by smtp address lookup", "recipientnotfound",
			},
			Class: intake.Hard, Source: exchange,
		},
		{
			ID: "exchange-access-denied", Codes: []string{"5.4.1"}, Phrases: []string{"recipient address rejected: access denied", "recipient addresses rejected*access denied"},
			Class: intake.Hard, Source: "https://learn.microsoft.com/exchange/mail-flow-best-practices/use-directory-based-edge-blocking",
		},
		{
			ID: "domino-directory", Codes: namedCodes(), Phrases: []string{
				"not listed in domino direct*", "not listed in public name & address book", "not listed in public name and address book",
				"nicht im domino-verzeichnis", "nicht im öffentlichen adressbuch", "dans l'annuaire domino",
			},
			Class: intake.Hard, Source: "HCL Domino, router messages",
		},
		{
			ID: "new-owner", Codes: []string{"5.7.17", "5.7.18"}, Class: intake.Hard, Then: NewOwner, Source: "RFC 7293, section 14",
		},
		{
			ID: "operator-filter", Codes: []string{"5.0.0", "5.2.1", "5.1.1", "550", "none"},
			Phrases: []string{"rejected by the recipient's filter", "message filtered", "filtered by the recipient"},
			Class:   intake.Block, Source: "operators of mobile networks in Japan, https://github.com/sisimai/set-of-emails",
		},
		{
			ID: "unverified-address", Codes: []string{"4.1.1", "450", "4.1.0"}, Class: intake.Soft, Source: "https://www.postfix.org/postconf.5.html#unverified_recipient_reject_code",
		},
	}
}

// capacity lists texts about a mailbox that is full and about rates.
func capacity() []Row {
	const registry = "https://www.iana.org/assignments/smtp-enhanced-status-codes (X.2.2)"
	return []Row{
		{
			ID: "mailbox-full", Phrases: []string{
				"quota", "over*quota", "overquota", "mailbox*full", "mailbox is full", "inbox is full", "is full", "mailfolder is full",
				"disk full", "storage", "mailbox size limit", "mailbox has exceeded",
				"exceeded the space", "insufficient system storage", "out of storage", "not enough space", "no space left",
				"over limit on mailbox", "mailbox limit exceeded",
				"postfach*voll", "postfach ist voll", "speicherplatz*überschritten", "speicherplatz*erschöpft", "quote*überschritten",
				"kontingent", "boîte*pleine", "boite*pleine", "boîte aux lettres est pleine",
				"espace*insuffisant", "buzón*lleno", "buzon*lleno", "cuota", "casella*piena", "mailbox*vol", "postvak*vol", "caixa*cheia",
				"skrzynka*pełna", "skrzynka*przepełniona", "brevlådan är full", "postkassen er full",
				"schránka*plná", "ящик*переполнен", "ящик заполнен", "kutusu dolu", "postilaatikko*täynnä", "容量", "いっぱい", "邮箱已满", "郵箱已滿",
				"邮箱空间不足", "사용량 초과", "용량 초과",
			},
			Class: intake.Soft, Source: registry + "; texts of servers",
		},
		{
			ID: "recipient-rate", Phrases: []string{
				"receiving mail at a rate", "receiving mail too quickly", "receiving email at a rate", "receiving too many messages",
				"recipient*rate limit*", "too many messages to this recipient",
				"recipient has exceeded", "this user is receiving",
			},
			Class: intake.Soft, Source: "https://support.google.com/a/answer/3726730 (4.2.1, 5.2.1)",
		},
		{
			ID: "greylisted", Phrases: []string{"greylist*", "graylist*", "grey-list*", "try again later", "später erneut versuchen", "réessayer plus tard"},
			Class: intake.Soft, Source: "RFC 6647",
		},
		{
			ID: "sender-rate", Phrases: []string{
				"rate limit*", "rate-limit*", "ratelimit*", "rate exceeded", "too many connections", "too many messages",
				"too many recipients", "too many errors", "too many invalid", "too many unknown", "too many mails", "too fast",
				"throttl*", "sending limit", "exceeded the maximum number of", "zu viele", "zu schnell", "trop de", "demasiados", "troppi",
				"te veel", "слишком много",
			},
			Class: intake.Block, Source: "texts of servers; the rate is that of our network, so it says nothing of the mailbox",
		},
	}
}

// senderCodes lists codes that say more than the words beside them, such as "access denied" or "user unknown".
func senderCodes() []Row {
	return []Row{
		{ID: "code-sender", Codes: []string{"5.1.7", "5.1.8", "5.1.9"}, Class: intake.Policy, Source: "https://www.iana.org/assignments/smtp-enhanced-status-codes"},
		{
			ID: "code-authentication", Codes: []string{
				"5.7.8", "5.7.9", "5.7.20", "5.7.21", "5.7.22", "5.7.23", "5.7.24", "5.7.25", "5.7.26", "5.7.27", "5.7.28", "5.7.29",
				"5.7.30", "5.7.509", "5.7.515", "4.7.23", "4.7.25", "4.7.26", "4.7.27", "4.7.29", "4.7.30",
			},
			Class: intake.Policy, Source: "RFC 7372; https://support.google.com/a/answer/3726730",
		},
	}
}

// senderFault lists texts about what the sender has to mend. They are never about the mailbox.
func senderFault() []Row {
	return []Row{
		{
			ID: "authentication", Phrases: []string{
				"spf", "dkim", "dmarc", "unauthenticated email", "unauthenticated mail", "not authenticated", "authentication required",
				"authentication failed", "sender authentication", "sender policy framework", "not accepted due to domain's",
				"authentifizierung", "authentification", "autenticación", "autenticazione",
			},
			Class: intake.Policy, Source: "RFC 7372, RFC 7489; texts of servers",
		},
		{
			ID: "reverse-dns", Phrases: []string{
				"ptr record", "ptr-record", "no ptr", "ptr", "reverse dns", "rdns", "reverse hostname", "reverse lookup", "fcrdns",
				"helo command rejected", "invalid helo", "ehlo", "helo", "cannot find your hostname", "client host rejected: cannot find",
			},
			Class: intake.Policy, Source: "RFC 7372 (5.7.25); https://www.postfix.org/postconf.5.html#reject_unknown_client_hostname",
		},
		{
			ID: "relaying", Phrases: []string{
				"relay access denied", "relaying denied", "relaying not allowed", "unable to relay", "relay not permitted",
				"not permitted to relay", "relay denied", "relaying prohibited", "relaying is prohibited", "we do not relay",
				"does not relay",
				"we don't relay", "no relay", "relay", "relaying", "open relay", "not local", "kein relay", "rcpthosts",
			},
			Class: intake.Policy, Source: "RFC 5321, section 3.9; Postfix, Exim, qmail",
		},
		{
			ID: "sender-rejected", Phrases: []string{
				"sender address", "sender address rejected", "sender's", "sender*not found", "sender*not exist", "sender callback",
				"return path", "envelope sender", "absender*", "from domain", "from header", "header from", `"from" header`, "your domain",
				"your account", "your mail server", "srs", "invalid dns", "sender rejected", "sender denied", "sender verify failed", "sender verification failed",
				"sender callout", "bad sender", "invalid sender", "sender address verification", "sender domain", "domain of sender",
				"from address",
				"mail from domain", "sender not authorized", "not authorized to send", "send as", "submission denied", "expéditeur", "remitente", "mittente",
			},
			Class: intake.Policy, Source: "RFC 3463 (X.1.7, X.1.8); https://smtp.codes/unitedinternet/; texts of servers",
		},
	}
}

// refusedMessage lists texts about rights of the sender and about the form of the message.
func refusedMessage() []Row {
	return []Row{
		{
			ID: "restricted", Phrases: []string{
				"restricted to internal", "only accepts messages from", "accepts mail from internal", "resolver.rst.authrequired",
				"resolver.rst.notauthorized", "delivery restriction", "not allowed to send to", "not permitted to send",
				"don't have permission", "do not have permission", "moderat*", "members only", "not a member", "nicht berechtigt",
				"keine berechtigung",
			},
			Class: intake.Policy, Source: "Microsoft Exchange, delivery restrictions",
		},
		{
			ID: "message-content", Phrases: []string{
				"message too large", "message is too large", "message too big", "size limit", "message size exceeds", "exceeds size",
				"exceeds the maximum", "exceeds maximum", "too large", "too big", "exceeds limit", "maximum message size", "fixed maximum",
				"zu groß", "zu gross", "trop volumineux", "trop grand",
				"demasiado grande", "troppo grande", "virus", "malware", "attachment", "anhang", "message format", "invalid header",
				"header*missing", "missing*header", "line too long", "lines longer", "malformed", "bare lf", "bare line feed", "8bitmime",
				"smtputf8", "syntax error in message",
				"message content", "duplicate header", "not rfc compliant", "rfc 5322", "non-compliant", "mime error",
				"encryption required", "starttls", "tls required",
			},
			Class: intake.Policy, Source: "RFC 3463 (X.2.3, X.3.4, X.6.x); texts of servers",
		},
	}
}

// unwanted lists texts by which a receiver refuses this network or this content.
func unwanted() []Row {
	return []Row{
		{
			ID: "spam", Phrases: []string{
				"spam", "spammer", "spammy", "antispam", "anti-spam", "*spamhaus*", "*spamcop*", "unsolicited", "unerwünscht*", "junk mail",
				"bulk mail", "bulk email", "considered spam", "content rejected", "suspicious", "phish*", "indésirable", "no deseado",
				"迷惑メール", "垃圾邮件", "垃圾郵件", "спам",
				"content filter*", "message rejected due to content", "reported as", "rejected by filter*", "policy reasons",
				"policy violation", "local policy", "message refused", "rejected for policy", "rejected due to policy", "due to policy",
				"administrative prohibition", "administratively prohibited", "violates*policy",
			},
			Class: intake.Block, Source: "texts of servers",
		},
		{
			ID: "network-listed", Phrases: []string{
				"blocked", "blocked using", "block list", "blocklist*", "blacklist*", "black list*", "denylist*", "block-list*", "dnsbl",
				"rbl", "listed", "listed in", "listed at", "listed on", "reputation", "banned", "poor reputation", "ip*geblockt",
				"geblockt", "gesperrte ip", "ip-adresse*gesperrt", "ip adresse*gesperrt", "bad reputation", "blacklisté", "bloqué",
				"bloqueado", "bloccato", "geblokkeerd", "zablokowan*", "заблокирован*", "blockerad", "barracuda", "cloudmark",
				"senderscore", "sender score", "client host rejected", "connection refused due to", "access denied", "access from ip",
				"banned sending", "your ip", "your server",
				"ihre ip", "not welcome", "not accepting mail from", "unusual rate", "unusual traffic", "ts01", "ts02", "ts03", "tss04",
				"tss09", "tss11",
			},
			Class: intake.Block, Source: "https://senders.yahooinc.com/smtp-error-codes/; https://postmaster.gmx.com/en/error-messages; texts of servers",
		},
	}
}

// gone lists texts that say what became of the mailbox.
func gone() []Row {
	return []Row{
		{
			ID: "new-owner-text", Codes: namedCodes(), Phrases: []string{"mailbox owner has changed", "domain owner has changed"},
			Class: intake.Hard, Then: NewOwner, Source: "RFC 7293, section 14",
		},
		{
			ID: "mailbox-disabled", Codes: hardCodes(), Phrases: []string{
				"disabled", "suspended", "inactive", "deactivated", "not active", "temporarily unavailable", "account is locked",
				"account*locked", "mailbox*locked", "account*expired", "account closed temporarily", "deaktiviert", "gesperrt", "inaktiv",
				"stillgelegt", "désactivé", "desactivé", "suspendu", "inactif", "desactivad*", "suspendid*",
				"inactiv*", "disattivat*", "disabilitat*", "sospes*", "gedeactiveerd", "uitgeschakeld", "geblokkeerd account", "zawieszon*",
				"nieaktywn*", "inaktiverad", "deaktiveret", "deaktivert", "отключен*", "неактив*", "停止", "已停用", "被禁用",
				"has been terminated for inactivity", "dormant", "not been used for",
			},
			Class: intake.Soft, Then: HardAtSecond, Source: "RFC 3463 (X.2.1); texts of servers",
		},
		{
			ID: "moved", Codes: hardCodes(), Phrases: []string{
				"has moved", "address has changed", "changed his address", "new address", "no longer at this address",
				"recipient has moved", "destination mailbox has moved", "mailbox has moved", "user has moved", "please use the new",
				"neue adresse", "nouvelle adresse", "nueva dirección", "nuovo indirizzo", "nieuw adres", "moved to", "has been replaced by",
			},
			Class: intake.Hard, Source: "RFC 3463 (X.1.6)",
		},
	}
}

// noHost lists texts that say that the whole domain gets no mail.
func noHost() []Row {
	return []Row{
		{
			ID: "null-mx", Codes: hardCodes(), Phrases: []string{
				"null mx", "nullmx", "domain does not accept mail", "domain does not accept e-mail", "does not accept mail (nullmx)",
				"recipient address has null mx",
			},
			Class: intake.Hard, Domain: true, Then: HardAtSecond, Source: "RFC 7505, section 4",
		},
		{
			ID: "host-unknown", Codes: hardCodes(), Phrases: []string{
				"host unknown", "unknown host", "unknown domain", "domain not found", "host not found", "host or domain name not found",
				"domain does not exist", "domain*does not exist", "domain doesn't exist", "no such domain", "name service error", "nxdomain",
				"non-existent domain",
				"nonexistent domain", "unrouteable mail domain", "unroutable mail domain",
				"unrouteable domain", "bad destination system", "bad destination host", "domain name not found",
				"domain*could not be found", "couldn't find any host", "no mx", "domain unbekannt", "domain existiert nicht",
				"domain*nicht gefunden", "unbekannter host", "hôte inconnu", "domaine inconnu", "domaine*n'existe pas", "dominio*no existe",
				"dominio desconocido", "dominio*non esiste", "domein*bestaat niet", "domínio*não existe", "домен*не найден", "ドメインが見つかりません",
				"the domain name*is not", "dns error: domain", "dns server returned answer with no data",
				"all relevant mx records point to non-existent hosts", "invalid domain",
			},
			Class: intake.Hard, Domain: true, Then: HardAtSecond, Source: "RFC 3463 (X.1.2, X.4.4); Postfix, Exim, qmail",
		},
	}
}

// unknown lists texts that say that there is no such mailbox.
func unknown() []Row {
	return []Row{
		{
			ID: "refused-vaguely", Codes: []string{"5.7"}, Phrases: []string{
				"recipient address rejected", "recipient rejected", "mailbox unavailable", "mailbox not available", "not found",
				"invalid recipient*", "recipient address not", "no longer available", "not recognized",
			},
			Class: intake.Block, Source: "of 5.7.1 only one in ten is an unknown user: careful default",
		},
		{ID: "unknown-user", Codes: hardCodes(), Phrases: unknownUser(), Class: intake.Hard, Source: "RFC 3463 (X.1.1); texts of servers"},
		{
			ID: "unknown-user-refused", Codes: []string{"5.7"}, Phrases: []string{
				"user unknown", "unknown user", "user*unknown", "unknown recipient", "recipient unknown", "no such user", "no such *user",
				"no such recipient", "no such mailbox", "not a known user", "not a valid user", "not a valid recipient",
				"user*does not exist", "user*doesn't exist", "recipient*does not exist", "recipient*doesn't exist",
				"mailbox*does not exist", "account*does not exist", "benutzer*unbekannt", "empfänger*unbekannt", "benutzer*existiert nicht",
				"empfänger*existiert nicht", "unbekannter benutzer", "unbekannter empfänger", "utilisateur*inconnu", "destinataire*inconnu",
				"usuario*desconocido", "utente*sconosciuto",
			},
			Class: intake.Hard, Source: "RFC 3463 (X.1.1); texts that name the user or the recipient, for of 5.7.1 only one in ten is an unknown user",
		},
	}
}

// unknownUser lists what servers say of an address that does not exist.
func unknownUser() []string {
	return []string{
		"user unknown", "unknown user", "user*unknown", "unknown recipient", "recipient unknown", "unknown address", "address unknown",
		"unknown mailbox", "mailbox unknown", "unknown account", "unknown local*", "unknown in*table", "no such user", "no such recipient",
		"no such mailbox", "no such address", "no such person", "no such account",
		"no such local user", "no such *user", "no mailbox", "no account", "not a known user", "not a valid mailbox", "not a valid user",
		"not a valid recipient", "no valid recipient*", "invalid recipient*", "invalid mailbox", "invalid address", "invalid user",
		"bad destination mailbox", "bad address", "bad recipient", "does not exist", "doesn't exist", "do not exist",
		"doesn't have a*account", "does not have a*account",
		"no longer exists", "no longer exist", "no longer available", "no longer valid", "no longer active", "no longer with",
		"no longer in use", "no longer works", "not exist", "nonexistent", "non-existent", "non existent", "user not found", "not found",
		"address not found", "couldn't be found", "could not be found", "can't be found", "cannot be found", "wasn't found",
		"was not found", "unrouteable address", "unroutable address",
		"undeliverable address", "mailbox not available", "mailbox unavailable", "mailbox not found", "recipient rejected",
		"recipient address rejected", "recipient address not", "addressee unknown", "not our customer", "this address no longer",
		"isn't a valid*address", "isn't a valid*user", "isn't a valid*recipient", "isn't a valid*mailbox", "is not a valid*address",
		"is not a valid*user", "is not a valid*recipient", "is not a valid*mailbox", "not a local user", "user doesn't", "no one here by that name", "nobody here by that name",
		"name is not recognised", "name is not recognized", "address*not recognised",
		"address*not recognized", "user*not recognised", "user*not recognized", "recipient*not recognised", "recipient*not recognized",
		"mailbox*not recognised", "mailbox*not recognized", "no user",
		"existiert nicht", "existiert leider nicht", "nicht existent", "nicht vorhanden", "unbekannt", "unbekannter benutzer",
		"unbekannter empfänger", "nicht gefunden", "nicht im verzeichnis", "nicht bekannt", "kein postfach", "nicht mehr aktiv",
		"nicht mehr gültig", "nicht mehr verfügbar", "ungültige*adresse", "ungültiger empfänger", "wurde gelöscht", "teilnehmer existiert",
		"inconnu", "inconnue", "n'existe pas", "n'existe plus", "introuvable", "n'a pas été trouvé*", "invalide", "no existe",
		"desconocid*", "no se encontró", "no se ha encontrado", "no encontrad*", "non esiste", "sconosciut*", "inesistente", "non trovato",
		"bestaat niet", "onbekend*", "niet gevonden", "não existe", "nao existe", "desconhecid*", "não encontrad*",
		"nie istnieje", "nieznany", "nie znaleziono", "neexistuje", "neznámý", "nem létezik", "ismeretlen", "nu există", "finns inte",
		"okänd*", "findes ikke", "ukendt", "finnes ikke", "ukjent", "ei ole olemassa", "tuntematon", "δεν υπάρχει", "не существует",
		"неизвестн*", "не найден*", "не існує", "bulunamadı", "mevcut değil", "bilinmeyen",
		"見つかりません", "見つかりませんでした", "存在しません", "宛先不明", "ユーザ不明", "不存在", "找不到", "用户不存在", "존재하지 않", "찾을 수 없", "수신자가 없", "لا يوجد", "לא קיים",
	}
}

// byCode lists what a code says where the text says nothing.
func byCode() []Row {
	const registry = "https://www.iana.org/assignments/smtp-enhanced-status-codes"
	return []Row{
		{ID: "code-unknown-user", Codes: []string{"5.1.1"}, Class: intake.Hard, Source: registry},
		{ID: "code-bad-address", Codes: []string{"5.1.3"}, Class: intake.Hard, Source: registry},
		{ID: "code-moved", Codes: []string{"5.1.6"}, Class: intake.Hard, Source: registry},
		{ID: "code-bad-host", Codes: []string{"5.1.2", "5.4.4"}, Class: intake.Hard, Domain: true, Then: HardAtSecond, Source: registry},
		{ID: "code-null-mx", Codes: []string{"5.1.10"}, Class: intake.Soft, Source: "RFC 7505; Exchange uses the code for unknown mailboxes, so it says nothing without a text"},
		{ID: "code-disabled", Codes: []string{"5.2.1", "5.7.13", "525"}, Class: intake.Soft, Then: HardAtSecond, Source: registry},
		{ID: "code-full", Codes: []string{"5.2.2", "4.2.2", "552"}, Class: intake.Soft, Source: registry},
		{ID: "code-message", Codes: []string{"5.2.3", "5.3.4", "5.5.1", "5.5.2", "5.5.3", "5.5.4", "5.5.5", "5.5.6", "5.6"}, Class: intake.Policy, Source: registry},
		{ID: "code-refused", Codes: []string{"5.7", "4.7"}, Class: intake.Block, Source: registry},
		{ID: "reply-refused", Codes: []string{"554"}, Class: intake.Block, Source: "RFC 5321, section 4.2.3"},
	}
}

// byDefault lists what holds where neither text nor code says anything.
func byDefault() []Row {
	return []Row{
		{ID: "temporary", Codes: []string{"4"}, Class: intake.Soft, Source: "RFC 3463, section 3.1"},
		{ID: "permanent", Codes: []string{"5"}, Class: intake.Soft, Source: "careful default: a code of permanent failure alone is no proof that the mailbox is dead"},
		{ID: "unexplained", Class: intake.Soft, Source: "careful default"},
	}
}
