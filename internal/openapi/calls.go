package openapi

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Call is a call as a page of the documentation shows it: a command with curl, and what it answers.
type Call struct {
	// Name is that of the method of the protos, such as CheckConsent: the heading above.
	Name string
	// Command is the command as it stands there.
	Command string
	// Path is the path of its URL with the query, and Body what it sends; empty if it sends nothing. A variable of the shell stands in it
	// as the value that the page shows.
	Path, Body string
	// Answer is what the command prints, and Language what the page calls it: json, or another.
	Answer, Language string
	// Line is the line of the page on which the answer begins, counted from 0, and Lines how many lines it has.
	Line, Lines int
}

// Base is how the commands of the page name the server.
const Base = "http://127.0.0.1:8080"

// ReadCalls returns the calls of a page, in order: every heading of the third level that is one word, with a block of the shell that
// holds a command with curl and the block after it.
func ReadCalls(page string) ([]Call, error) {
	var calls []Call
	heading, command := "", ""
	lines := strings.Split(page, "\n")
	for i := 0; i < len(lines); i++ {
		if name, ok := strings.CutPrefix(lines[i], "### "); ok {
			heading, command = name, ""
		}
		if strings.HasPrefix(lines[i], "## ") {
			heading, command = "", ""
		}
		language, ok := strings.CutPrefix(lines[i], "```")
		if !ok {
			continue
		}
		begin := i + 1
		length := slices.Index(lines[begin:], "```")
		if length < 0 {
			return nil, fmt.Errorf("line %d: the block has no end", begin)
		}
		i = begin + length
		text := strings.Join(lines[begin:i], "\n")
		switch {
		case heading == "" || strings.Contains(heading, " "):
		case language == "sh" && strings.HasPrefix(text, "curl "):
			command = text
		case command != "":
			call := Call{Name: heading, Command: command, Answer: text, Language: language, Line: begin, Lines: i - begin}
			if err := call.readCommand(calls); err != nil {
				return nil, fmt.Errorf("line %d: %w", begin, err)
			}
			calls = append(calls, call)
			command = ""
		}
	}
	return calls, nil
}

// readCommand takes path and body out of the command. before are the calls; it may name their answers.
func (c *Call) readCommand(before []Call) error {
	found := regexp.MustCompile(regexp.QuoteMeta(Base) + `([^\s'"]*)`).FindStringSubmatch(c.Command)
	if found == nil {
		return fmt.Errorf("the command has no URL that begins with %s", Base)
	}
	c.Path = found[1]
	_, body, ok := strings.Cut(c.Command, "-d '")
	if !ok {
		return nil
	}
	body = strings.TrimSuffix(body, "'")
	variable := regexp.MustCompile(`'"\$(\w+)"'`)
	for _, name := range variable.FindAllStringSubmatch(body, -1) {
		value := VariableOf(name[1], before)
		if value == "" { // A page that is being written has no answers yet.
			value = "…"
		}
		body = strings.ReplaceAll(body, name[0], value)
	}
	if !json.Valid([]byte(body)) {
		return fmt.Errorf("the body is not valid JSON: %s", body)
	}
	c.Body = body
	return nil
}

// VariableOf returns the text that a variable stands for: the value of the field of that name in the last answer that has one, as it is
// written in JSON; empty if there is none.
func VariableOf(name string, answers []Call) string {
	field := regexp.MustCompile(`"` + name + `": *"((?:[^"\\]|\\.)+)"`)
	for i := len(answers) - 1; i >= 0; i-- {
		if found := field.FindStringSubmatch(answers[i].Answer); found != nil {
			return found[1]
		}
	}
	return ""
}

// CallOf returns the first call of a method; nil if the page has none.
func CallOf(name string, calls []Call) *Call {
	for i := range calls {
		if calls[i].Name == name {
			return &calls[i]
		}
	}
	return nil
}

// Access is who may make a call, in the words of the table of calls.
type Access struct {
	// Scopes are the scopes of which the client has one, such as "check or read".
	Scopes string
	// Reach is what a client of one department reaches: own, any or all.
	Reach string
}

// ReadAccess returns the rows of the table of calls, by the name of the method.
func ReadAccess(page string) map[string]Access {
	rows := map[string]Access{}
	for _, row := range regexp.MustCompile(`(?m)^\| \w+Service\.(\w+) \| [^|]* \| ([^|]*) \| (\w+) \|$`).FindAllStringSubmatch(page, -1) {
		rows[row[1]] = Access{Scopes: row[2], Reach: row[3]}
	}
	return rows
}
