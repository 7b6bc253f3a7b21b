package dossier

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// JSON returns the dossier as a JSON document, indented, in UTF-8.
func JSON(d *Dossier) ([]byte, error) { return indented(d) }

func indented(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("write a dossier as JSON: %w", err)
	}
	return b.Bytes(), nil
}

// JSONLine returns a value as one line of JSON.
func JSONLine(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Line is a line of an export of the ledger: an event with the bytes that the ledger commits to.
type Line struct {
	Event

	Subject string `json:"subject,omitempty"` // id of the subject in hex; only the server's own tables tie it to an address
	Header  []byte `json:"header"`            // the bytes of the leaf
}

// LastLine is the last line of an export of the ledger. One that lacks it was cut off.
type LastLine struct {
	Checkpoint   string `json:"checkpoint"` // a signed note of the position that the ledger had when the export began
	VerifierKey  string `json:"verifierKey"`
	FromPosition int64  `json:"fromPosition"`
	ToPosition   int64  `json:"toPosition"`
	Events       int64  `json:"events"` // how many lines are before this one
}
