package suppressionfile_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/assent-io/assent/internal/suppressionfile"
)

// checker reads a file as the tool would, and says what the tool would refuse or misread.
type checker func(f suppressionfile.File, text string) error

// checkers are written from what the tools document, and share no code with the writer.
func checkers() map[string]checker {
	return map[string]checker{
		"csv": checkCSV, "ndjson": checkNDJSON, "hashes": checkHashes, "listmonk": checkListmonk, "mailchimp": checkMailchimp, "ses": checkSES,
		"sendgrid": checkSendGrid, "mailgun": checkMailgun, "postmark": checkPostmark, "brevo": checkBrevo, "hubspot": checkHubSpot, "klaviyo": checkKlaviyo,
	}
}

// checkFile checks a file of a form, also one that the tool does not import.
func checkFile(form string, f suppressionfile.File, text string) error {
	if !f.NotForImport {
		return checkers()[form](f, text)
	}
	table, err := readCSV(text, ',')
	if err != nil {
		return err
	}
	wanted := map[string]string{"domains": "domain,scope,kind,reason,since,until", "not-importable": "address"}[f.List]
	if strings.Join(table[0], ",") != wanted {
		return fmt.Errorf("the header is %q", table[0])
	}
	return nil
}

// checkText holds what every tool wants of text: UTF-8 without byte-order mark, whole lines, no blank ones.
func checkText(text string) error {
	switch {
	case !utf8.ValidString(text):
		return errors.New("it is not UTF-8")
	case strings.HasPrefix(text, "\ufeff"):
		return errors.New("it begins with a byte-order mark")
	case strings.Contains(text, "\r"):
		return errors.New("it has carriage returns")
	case text != "" && !strings.HasSuffix(text, "\n"):
		return errors.New("its last line has no end")
	case strings.HasPrefix(text, "\n") || strings.Contains(text, "\n\n"):
		return errors.New("it has a blank line")
	}
	return nil
}

// readCSV reads CSV with a header; every line has as many cells as the header.
func readCSV(text string, separator rune) ([][]string, error) {
	if err := checkText(text); err != nil {
		return nil, err
	}
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma = separator
	table, err := reader.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(table) == 0 {
		return nil, errors.New("it has no header")
	}
	return table, nil
}

// column returns the cells of the only column with exactly that name.
func column(table [][]string, name string) ([]string, error) {
	at := slices.Index(table[0], name)
	if at < 0 {
		return nil, fmt.Errorf("it has no column %s, but %q", name, table[0])
	}
	if slices.Contains(table[0][at+1:], name) {
		return nil, fmt.Errorf("it has the column %s twice", name)
	}
	var cells []string
	for _, line := range table[1:] {
		cells = append(cells, line[at])
	}
	return cells, nil
}

// checkAddresses holds that each is a bare address, that they are sorted, and that none is there twice.
func checkAddresses(all []string) error {
	before := ""
	for i, one := range all {
		parsed, err := mail.ParseAddress(one)
		switch {
		case err != nil || parsed.Address != one || strings.ContainsAny(one, " \t,;\"<>"):
			return fmt.Errorf("row %d is no bare address", i+1)
		case one == before:
			return fmt.Errorf("row %d repeats an address", i+1)
		case one < before:
			return fmt.Errorf("row %d is not in order", i+1)
		}
		before = one
	}
	return nil
}

func checkASCIILocal(all []string) error {
	for i, one := range all {
		for _, c := range []byte(one[:strings.LastIndexByte(one, '@')]) {
			if c >= 0x80 {
				return fmt.Errorf("row %d has other characters than ASCII before the @", i+1)
			}
		}
	}
	return nil
}

// checkTime holds a time of RFC 3339 in UTC, or none.
func checkTime(text string) error {
	if text == "" {
		return nil
	}
	if _, err := time.Parse(time.RFC3339, text); err != nil || !strings.HasSuffix(text, "Z") {
		return fmt.Errorf("%q is no time in UTC", text)
	}
	return nil
}

// checkEntry holds the values of one entry of csv and ndjson.
func checkEntry(match, address, domain, scope, kind, reason, since, until string) error {
	switch {
	case !slices.Contains([]string{"exact", "folded", "domain"}, match):
		return fmt.Errorf("the match is %q", match)
	case (match == "domain") != (domain != "") || (match == "domain") == (address != ""):
		return errors.New("it is not either an address or a domain")
	case kind != "refusal" && kind != "suppression":
		return fmt.Errorf("the kind is %q", kind)
	case !regexp.MustCompile(`^(all|marketing|(channel|department|controller|sender):\S+)$`).MatchString(scope):
		return fmt.Errorf("the scope is %q", scope)
	case !regexp.MustCompile(`^[A-Z_]+$`).MatchString(reason):
		return fmt.Errorf("the reason is %q", reason)
	}
	return errors.Join(checkTime(since), checkTime(until))
}

func checkCSV(_ suppressionfile.File, text string) error {
	table, err := readCSV(text, ',')
	if err != nil {
		return err
	}
	if strings.Join(table[0], ",") != "match,address,domain,scope,kind,reason,since,until" {
		return fmt.Errorf("the header is %q", table[0])
	}
	before := ""
	for i, c := range table[1:] {
		if err := checkEntry(c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7]); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
		if c[1]+c[2] < before {
			return fmt.Errorf("row %d is not in order", i+1)
		}
		before = c[1] + c[2]
	}
	return nil
}

func checkNDJSON(_ suppressionfile.File, text string) error {
	if err := checkText(text); err != nil {
		return err
	}
	before := ""
	for line := range strings.Lines(text) {
		var one struct{ Match, Address, Domain, Scope, Kind, Reason, Since, Until string }
		if err := strictly(line, &one); err != nil {
			return err
		}
		if err := checkEntry(one.Match, one.Address, one.Domain, one.Scope, one.Kind, one.Reason, one.Since, one.Until); err != nil {
			return err
		}
		if one.Address+one.Domain < before {
			return errors.New("it is not in order")
		}
		before = one.Address + one.Domain
	}
	return nil
}

// strictly reads one JSON value with no fields that are not asked for, and nothing behind it.
func strictly(text string, to any) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(to); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("something follows the JSON value of the line")
	}
	return nil
}

// checkHashes: hexadecimal digits in lower case, one hash a line, all of one algorithm, each once.
func checkHashes(_ suppressionfile.File, text string) error {
	if err := checkText(text); err != nil {
		return err
	}
	before := ""
	for line := range strings.Lines(text) {
		hash := strings.TrimSuffix(line, "\n")
		switch {
		case !regexp.MustCompile(`^[0-9a-f]+$`).MatchString(hash) || !slices.Contains([]int{32, 40, 64, 128}, len(hash)):
			return fmt.Errorf("%q is no hash in lower-case hexadecimal digits", hash)
		case before != "" && len(before) != len(hash):
			return errors.New("hashes of two lengths")
		case hash <= before:
			return errors.New("a hash is twice there or not in order")
		}
		before = hash
	}
	return nil
}

// checkListmonk follows its importer: the names of columns are exact, rows with too few cells are skipped, addresses are bare ones, older
// versions want a name of at most 200 bytes, and attributes are a JSON object.
func checkListmonk(_ suppressionfile.File, text string) error {
	table, err := readCSV(text, ',')
	if err != nil {
		return err
	}
	emails, err := column(table, "email")
	if err != nil {
		return err
	}
	names, err := column(table, "name")
	if err != nil {
		return err
	}
	attributes, err := column(table, "attributes")
	if err != nil {
		return err
	}
	for i := range emails {
		var object map[string]any
		if err := json.Unmarshal([]byte(attributes[i]), &object); err != nil || object == nil {
			return fmt.Errorf("row %d has attributes that are no object", i+1)
		}
		if names[i] == "" || len(names[i]) > 200 || len(emails[i]) > 1000 {
			return fmt.Errorf("row %d has no name, or one that is too long", i+1)
		}
	}
	return checkAddresses(emails)
}

// checkMailchimp: a column with the address, at most 255 bytes, no spaces around, ASCII before the @; the status of the import is that of
// the file.
func checkMailchimp(f suppressionfile.File, text string) error {
	if f.List != "unsubscribed" && f.List != "cleaned" {
		return fmt.Errorf("an import has no status %q", f.List)
	}
	table, err := readCSV(text, ',')
	if err != nil {
		return err
	}
	emails, err := column(table, "Email Address")
	if err != nil {
		return err
	}
	for i, one := range emails {
		if len(one) > 255 || strings.TrimSpace(one) != one {
			return fmt.Errorf("row %d has spaces or is too long", i+1)
		}
	}
	return errors.Join(checkAddresses(emails), checkASCIILocal(emails))
}

// checkSES: address,REASON without a header and without quotes, at most 100,000 lines; no SMTPUTF8.
func checkSES(_ suppressionfile.File, text string) error {
	if err := checkText(text); err != nil {
		return err
	}
	var emails []string
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), ",")
		if len(cells) != 2 || cells[1] != "BOUNCE" && cells[1] != "COMPLAINT" {
			return fmt.Errorf("line %d is not address,BOUNCE or address,COMPLAINT", len(emails)+1)
		}
		emails = append(emails, cells[0])
	}
	if len(emails) > 100_000 {
		return fmt.Errorf("%d lines; an import takes 100,000", len(emails))
	}
	if err := checkAddresses(emails); err != nil {
		return err
	}
	return checkASCIILocal(emails)
}

// checkSendGrid: commas, a column email, at most a million rows.
func checkSendGrid(f suppressionfile.File, text string) error {
	if f.List != "group" && f.List != "global" {
		return fmt.Errorf("there is no list %q", f.List)
	}
	table, err := readCSV(text, ',')
	if err != nil {
		return err
	}
	emails, err := column(table, "email")
	if err != nil {
		return err
	}
	if len(emails) > 1_000_000 {
		return fmt.Errorf("%d rows; an upload takes a million", len(emails))
	}
	return checkAddresses(emails)
}

// checkMailgun: the columns of each list, dates of RFC 2822 or none, at most 25 MB.
func checkMailgun(f suppressionfile.File, text string) error {
	if len(text) > 25_000_000 {
		return fmt.Errorf("%d bytes; an import takes 25 MB", len(text))
	}
	table, err := readCSV(text, ',')
	if err != nil {
		return err
	}
	need := map[string][]string{
		"bounces": {"address", "code", "error", "created_at"}, "unsubscribes": {"address", "tags", "created_at"}, "complaints": {"address", "created_at"},
	}[f.List]
	if need == nil || len(table[0]) != len(need) {
		return fmt.Errorf("the list %q has the header %q", f.List, table[0])
	}
	of := map[string][]string{}
	for _, name := range need {
		if of[name], err = column(table, name); err != nil {
			return err
		}
	}
	for i, text := range of["created_at"] {
		if _, err := mail.ParseDate(text); text != "" && err != nil {
			return fmt.Errorf("row %d has no date of RFC 2822", i+1)
		}
	}
	for i, code := range of["code"] {
		if n, err := strconv.Atoi(code); err != nil || n < 500 || n > 599 {
			return fmt.Errorf("row %d has no code of a permanent error", i+1)
		}
	}
	for i, tag := range of["tags"] {
		if tag != "*" && !regexp.MustCompile(`^[!-~]{1,128}$`).MatchString(tag) {
			return fmt.Errorf("row %d has no tag", i+1)
		}
	}
	return checkAddresses(of["address"])
}

// checkCalls reads one body a line.
func checkCalls(text string, most int, read func(line string) ([]string, error)) error {
	if err := checkText(text); err != nil {
		return err
	}
	var all []string
	for line := range strings.Lines(text) {
		emails, err := read(line)
		if err != nil {
			return err
		}
		if len(emails) == 0 || len(emails) > most {
			return fmt.Errorf("a call with %d addresses; it takes 1 to %d", len(emails), most)
		}
		all = append(all, emails...)
	}
	return checkAddresses(all)
}

// checkPostmark: {"Suppressions":[{"EmailAddress"}]}, at most 50 a call.
func checkPostmark(_ suppressionfile.File, text string) error {
	return checkCalls(text, 50, func(line string) (emails []string, err error) {
		if !strings.Contains(line, `"Suppressions":`) {
			return nil, errors.New("it has no Suppressions")
		}
		var body struct {
			Suppressions []struct{ EmailAddress string }
		}
		err = strictly(line, &body)
		for _, one := range body.Suppressions {
			emails = append(emails, one.EmailAddress)
		}
		return emails, err
	})
}

// checkKlaviyo: JSON:API with at most 100 profiles, each with its email.
func checkKlaviyo(_ suppressionfile.File, text string) error {
	return checkCalls(text, 100, func(line string) (emails []string, err error) {
		var body struct {
			Data struct {
				Type       string
				Attributes struct {
					Profiles struct {
						Data []struct {
							Type       string
							Attributes struct{ Email string }
						}
					}
				}
			}
		}
		err = strictly(line, &body)
		if body.Data.Type != "profile-suppression-bulk-create-job" {
			return nil, fmt.Errorf("the type is %q", body.Data.Type)
		}
		for _, one := range body.Data.Attributes.Profiles.Data {
			if one.Type != "profile" {
				return nil, fmt.Errorf("the type of a profile is %q", one.Type)
			}
			emails = append(emails, one.Attributes.Email)
		}
		return emails, err
	})
}

// checkBrevo: semicolons, a column EMAIL, 8 MB are advised of the 10 MB that a body may have.
func checkBrevo(_ suppressionfile.File, text string) error {
	if len(text) > 8_000_000 {
		return fmt.Errorf("%d bytes; 8 MB are advised", len(text))
	}
	table, err := readCSV(text, ';')
	if err != nil {
		return err
	}
	emails, err := column(table, "EMAIL")
	if err != nil {
		return err
	}
	return checkAddresses(emails)
}

// checkHubSpot: an opt-out list has one column Email, at most 1,048,576 rows and 512 MB.
func checkHubSpot(_ suppressionfile.File, text string) error {
	table, err := readCSV(text, ',')
	if err != nil {
		return err
	}
	emails, err := column(table, "Email")
	if err != nil {
		return err
	}
	if len(table[0]) != 1 || len(table) > 1_048_576 || len(text) > 512<<20 {
		return errors.New("more than one column, 1,048,576 rows or 512 MB")
	}
	return checkAddresses(emails)
}
