package terminal

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Error is an error as --format json writes it, on the last line of standard error.
type Error struct {
	// Code is the reason of the server, else USAGE, INTERRUPTED or FAILED.
	Code       string      `json:"code"`
	Message    string      `json:"message"`
	Violations []Violation `json:"violations"`
	ExitCode   int         `json:"exitCode"`
}

// Violation is something that is wrong with a field of the call, or a place in a document.
type Violation struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// NoteError writes an error as JSON to standard error.
func (t *Terminal) NoteError(e Error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if e.Violations == nil {
		e.Violations = []Violation{}
	}
	if err := encoder.Encode(map[string]Error{"error": e}); err != nil {
		t.Notef("assent: %s", e.Message)
		return
	}
	t.Notef("%s", strings.TrimSuffix(b.String(), "\n"))
}
