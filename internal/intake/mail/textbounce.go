package mail

import (
	"bytes"
	"strings"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/message"
)

// textBounce reads a bounce that is a text for people, as qmail, Exim and large providers write it: from a program, and with words that say
// that a delivery failed.
func (l *letter) textBounce() (Result, bool) {
	failed := l.failedRecipients()
	if !l.isDaemon() && len(failed) == 0 {
		return Result{}, false
	}
	text := l.plainText()
	said, rest := splitReturned(text)
	head := foldText(l.subject + "\n" + said[:min(len(said), 3_000)])
	result := Result{Kind: intake.Bounce, Why: "text of a bounce"}
	switch {
	case len(failed) == 0 && hasAny(head, delayWords()) && !hasAny(head, finalWords()):
		result.Kind, result.Why = intake.Delayed, "text of a delay"
	case len(failed) == 0 && !hasAny(head, failureWords()):
		return Result{}, false
	}
	returned := readReturned(rest)
	for _, p := range l.top {
		if h := headerIn(p); h != nil {
			returned = h
			break
		}
	}
	if len(failed) == 0 && l.isAnswer(head) && !l.namesFailed(said) && !wasSent(returned) {
		return Result{}, false
	}
	l.sender = firstAddress(returned.Get("From"))
	l.fromText(&result, said, failed, l.tokens(returned))
	return result, true
}

// failedRecipients lists the addresses of X-Failed-Recipients, which Exim and Gmail add.
func (l *letter) failedRecipients() []string {
	var all []string
	for _, value := range l.m.Header.All("X-Failed-Recipients") {
		all = append(all, addressesIn(value)...)
	}
	return all[:min(len(all), MaxGroups)]
}

// isNull reports whether the mail has the null sender, as reports have (RFC 5321, 4.5.5).
func (l *letter) isNull() bool {
	from := l.envelope.From
	if from == "" {
		from = l.m.Header.Get("Return-Path")
	}
	return strings.Join(strings.Fields(from), "") == "<>"
}

// isDaemon reports whether a program that delivers mail sent it, by its name or by the null sender.
func (l *letter) isDaemon() bool { return l.isNull() || l.isNamedDaemon() }

// isNamedDaemon reports whether the sender is called as programs that deliver mail are.
func (l *letter) isNamedDaemon() bool {
	sender := strings.ToLower(l.m.Header.Text("From") + " " + l.m.Header.Get("Return-Path") + " " + l.envelope.From)
	return hasAny(sender, []string{
		"mailer-daemon", "mailerdaemon", "mailer_daemon", "mail-daemon", "maildaemon", "mdaemon", "postmaster@", "mail delivery subsystem",
		"mail delivery system", "microsoft exchange", "system administrator",
	})
}

// A block is what a text says about one address.
type block struct {
	address string
	text    saying
}

// isAnswer reports whether a mail may be the automatic answer of a person, which has the null sender, too (RFC 3834, section 4), and may say
// "I have left, your message was not delivered to anyone": the sender is not called as a program that delivers mail, or the subject is that
// of an answer.
func (l *letter) isAnswer(head string) bool {
	if l.hasAutomaticSubject() {
		return true
	}
	return !l.isNamedDaemon() && (l.programHeader() != "" || hasAny(head, answerWords()) || l.asksToLeave())
}

// namesFailed reports whether a line begins with an address and has nothing else, or a colon after it, as the reports of servers do. A
// sentence may begin with an address, too.
func (l *letter) namesFailed(said string) bool {
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		address, rest := leadingAddress(line)
		if address == "" || l.isOwn(address) {
			continue
		}
		if rest == "" || line[0] == '<' || strings.HasSuffix(strings.TrimRight(strings.TrimSuffix(line, rest), " \t\""), ":") {
			return true
		}
	}
	return false
}

// wasSent reports whether a header is that of a message that came back, and not what an answer quotes of it.
func wasSent(h message.Header) bool {
	for _, name := range []string{"Message-ID", "Received", "Return-Path", "Assent-Token", "List-Unsubscribe", "DKIM-Signature"} {
		if h.Has(name) {
			return true
		}
	}
	return false
}

// maxSaid is how much of what is said about one address is kept: more than is looked at to judge it.
const maxSaid = 4_000

// A saying is what a text says about an address, gathered from several lines.
type saying []byte

// add adds a line, as far as there is room.
func (s *saying) add(line string) {
	if room := maxSaid - len(*s); room > 0 && line != "" {
		*s = append(append(*s, line[:min(len(line), room)]...), ' ')
	}
}

func (s saying) String() string { return strings.TrimSpace(string(s)) }

// fromText gives the result a report for each address that the text names.
func (l *letter) fromText(result *Result, said string, failed []string, tokens []intake.Token) {
	blocks, mentioned := l.blocks(said), mentions(said)
	sure := true
	if len(failed) > 0 {
		blocks = pick(blocks, failed)
	}
	if len(blocks) == 0 {
		for _, address := range addressesIn(said) {
			if !l.isOwn(address) {
				blocks = append(blocks, block{address: address})
			}
		}
		// What stands within a sentence may be a person to write to instead.
		sure = len(blocks) == 0
	}
	if len(blocks) == 0 {
		blocks = []block{{}}
	}
	for _, b := range blocks {
		report := intake.Report{Kind: result.Kind, Address: b.address, Ambiguous: !sure, Tokens: tokens}
		report.Text = b.text.String()
		if report.Text == "" {
			report.Text = mentioned[strings.ToLower(b.address)].String()
		}
		if report.Text == "" && len(blocks) == 1 {
			report.Text = firstWords(said)
		}
		if result.Kind == intake.Bounce {
			verdict := l.classifier.Classify("", "failed", report.Text)
			report.Status = verdict.Status
			judge(&report, &verdict)
		}
		result.Reports = append(result.Reports, report)
	}
}

// pick returns the blocks of the addresses that failed; of one without a block, an empty one.
func pick(blocks []block, failed []string) []block {
	texts := map[string]saying{}
	for _, b := range blocks {
		texts[strings.ToLower(b.address)] = b.text
	}
	var all []block
	for _, address := range failed {
		all = append(all, block{address: address, text: texts[strings.ToLower(address)]})
	}
	return all
}

// isOwn reports whether an address is of the mail itself, and not of a recipient that failed.
func (l *letter) isOwn(address string) bool {
	address = strings.ToLower(address)
	if l.own[address] || address == strings.ToLower(l.sender) {
		return true
	}
	local, _, _ := strings.Cut(address, "@")
	return local == "postmaster" || local == "mailer-daemon" || local == "abuse"
}

// blocks finds the lines that begin with an address, and what is said after each up to the next one or an empty line.
func (l *letter) blocks(said string) []block {
	var all []block
	open := false
	for line := range strings.Lines(said) {
		line = strings.TrimRight(line, "\r\n")
		address, rest := leadingAddress(line)
		switch {
		case address != "" && !l.isOwn(address):
			open = true
			if last := len(all) - 1; last < 0 || len(all) < MaxGroups && !strings.EqualFold(all[last].address, address) {
				all = append(all, block{address: address})
			}
			all[len(all)-1].text.add(rest)
		case strings.TrimSpace(line) == "":
			open = open && goesOn(all[len(all)-1].text)
		case isRule(line):
			open = false
		case open:
			all[len(all)-1].text.add(strings.TrimSpace(line))
		}
	}
	return all
}

// goesOn reports whether a block goes on after an empty line: one that has said nothing yet, or ends in a colon such as "because:".
func goesOn(text saying) bool {
	text = bytes.TrimSpace(text)
	return len(text) == 0 || bytes.HasSuffix(text, []byte(":"))
}

// isRule reports whether a line separates the parts of a text, such as "----- Transcript of session follows -----".
func isRule(line string) bool {
	line = strings.Trim(line, " |")
	return strings.HasPrefix(line, "---") || strings.HasPrefix(line, "===") || strings.HasPrefix(line, "***")
}

// leadingAddress returns the address with which a line begins, and the rest of the line.
func leadingAddress(line string) (address, rest string) {
	text := strings.TrimLeft(line, " \t|*•·")
	for _, label := range []string{"Recipient:", "To:", "Failed Recipient:", "Failed recipient:", "Empfänger:", "Adresse:", "rcpt to:", "RCPT TO:"} {
		text = strings.TrimLeft(strings.TrimPrefix(text, label), " \t")
	}
	end := strings.IndexAny(text, " \t")
	if strings.HasPrefix(text, "<") {
		end = strings.IndexByte(text, '>') + 1
	}
	if end <= 0 {
		end = len(text)
	}
	address = cleanAddress(strings.Trim(text[:end], `"'`+":,"))
	if address == "" {
		return "", ""
	}
	return address, strings.TrimLeft(text[end:], " \t:\"")
}

// mentions finds, for each address in lower case, the lines that have it within, as in the transcript of a session. Each comes with up to two
// lines after it.
func mentions(said string) map[string]saying {
	lines := strings.Split(said, "\n")
	all := map[string]saying{}
	for i, line := range lines {
		if strings.IndexByte(line, '@') < 0 {
			continue
		}
		// A line that begins with an address is of a block.
		if lead, _ := leadingAddress(line); lead != "" {
			continue
		}
		var text saying
		text.add(strings.TrimSpace(line))
		for _, next := range lines[i+1 : min(i+3, len(lines))] {
			if strings.TrimSpace(next) == "" || isRule(next) {
				break
			}
			text.add(strings.TrimSpace(next))
		}
		for _, address := range addressesIn(line) {
			key := strings.ToLower(address)
			about, known := all[key]
			if !known && len(all) == MaxGroups {
				continue
			}
			about.add(string(text))
			all[key] = about
		}
	}
	return all
}

// splitReturned splits a text before the copy of the message that came back.
func splitReturned(text string) (said, rest string) {
	at := 0
	for line := range strings.Lines(text) {
		plain := strings.ToLower(strings.Trim(line, " \t\r\n-=_*|>#.:"))
		for _, mark := range returnedMarks() {
			if plain != "" && strings.HasPrefix(plain, mark) {
				return text[:at], text[at+len(line):]
			}
		}
		if strings.HasPrefix(line, "Received: ") || strings.HasPrefix(line, "Return-Path: ") || strings.HasPrefix(line, "DKIM-Signature: ") {
			return text[:at], text[at:]
		}
		at += len(line)
	}
	return text, ""
}

// returnedMarks lists how the lines begin that stand before the copy.
func returnedMarks() []string {
	return []string{
		"below this line is a copy", "this is a copy of the message", "this is a copy of your message", "this is a copy of the header",
		"the header of the original message", "the headers of the original message", "header of the original message",
		"original message follows",
		"original message", "message header follows", "message headers follow", "message text follows", "returned message",
		"unsent message", "undelivered message", "your message follows", "begin returned message", "start of returned message",
		"copy of your message", "copy of original message",
		"original mail", "ursprüngliche nachricht", "es folgt die", "kopie der nachricht", "kopfzeilen der", "message d'origine",
		"copie du message", "mensaje original", "messaggio originale", "oorspronkelijk bericht", "headers follow", "original headers",
		"元のメッセージ",
	}
}

// readReturned reads the header in the copy of a message, which may be indented or quoted.
func readReturned(rest string) message.Header {
	for at := 0; at < len(rest); {
		end := strings.IndexByte(rest[at:], '\n')
		if end < 0 {
			end = len(rest) - at - 1
		}
		line := rest[at : at+end+1]
		bare := strings.TrimLeft(line, " \t>|")
		name, _, ok := strings.Cut(bare, ":")
		if ok && len(name) > 1 && strings.IndexFunc(name, notOfName) < 0 {
			prefix := line[:len(line)-len(bare)]
			return message.ReadHeader(strings.TrimPrefix(strings.ReplaceAll("\n"+rest[at:], "\n"+prefix, "\n"), "\n"))
		}
		at += end + 1
	}
	return nil
}

func notOfName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
}
