package dossier

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// csvColumns are the columns of the CSV form. New ones come last.
func csvColumns() []string {
	return []string{
		"position", "recorded_time", "occurred_time", "kind", "summary", "actor", "actor_department", "channels", "legal_basis",
		"declaration", "source", "confirmed_time", "expires_time", "notice_given", "goods", "reason", "scope", "list", "binds",
		"catalog_version", "evidence_state", "address", "url", "ip", "user_agent", "transaction_ref", "document_ref", "operator", "note",
		"justification", "batch_id", "evidence_sha256", "leaf_hash", "voided_by", "other_address", "of", "withheld_ground",
		"notice", "informed_time",
	}
}

// CSV returns the events as a table, one row each, after RFC 4180 in UTF-8. Cells that a spreadsheet would take for a formula begin
// with an apostrophe.
func CSV(d *Dossier) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{csvColumns()}
	for i := range d.Events {
		rows = append(rows, csvRow(d, &d.Events[i]))
	}
	for _, row := range rows {
		for i := range row {
			row[i] = defused(row[i])
		}
		if err := w.Write(row); err != nil {
			return nil, fmt.Errorf("write a dossier as CSV: %w", err)
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func csvRow(d *Dossier, e *Event) []string {
	v := &e.Evidence
	department, operator, target := "", v.Operator, v.Address
	if e.Domain != "" {
		target = e.Domain
	}
	if e.ActorDepartment != nil {
		department = e.ActorDepartment.Name.In(d.Lang())
	}
	if v.OperatorWithheld {
		operator = withheld().In(d.Lang())
	}
	note := v.Note
	if v.TextWithheld {
		note = withheldText().In(d.Lang())
	}
	notice, voidedBy := "", ""
	if e.VoidedBy != 0 {
		voidedBy = itoa(e.VoidedBy)
	}
	if e.NoticeGiven {
		notice = "true"
	}
	return []string{
		strconv.FormatInt(e.Position, 10), e.RecordedTime.String(), e.OccurredTime.String(), e.Kind, e.Summary.In(d.Lang()), e.Actor,
		department, strings.Join(ids(e.Channels), ";"), e.LegalBasis, e.Declaration, e.Source, e.ConfirmedTime.String(),
		e.ExpiresTime.String(), notice, strings.Join(e.Goods, ";"), e.Reason, e.Scope, e.List, e.Binds,
		strconv.FormatInt(e.CatalogVersion, 10), e.EvidenceState, target, v.URL, v.IP, v.UserAgent, v.TransactionRef, v.DocumentRef,
		operator, note, v.Justification, e.BatchID, e.EvidenceSHA256, e.LeafHash, voidedBy, v.OtherAddress, e.Of, e.WithheldGround,
		e.Notice, e.InformedTime.String(),
	}
}

// defused returns a cell that no spreadsheet runs as a formula. A spreadsheet may drop spaces and invisible characters at the beginning, so
// that what decides is the first character that is seen.
func defused(cell string) string {
	if strings.ContainsAny(firstRune(strings.TrimLeft(cell, " ")), "\t\r\n") ||
		strings.ContainsAny(firstRune(strings.TrimLeftFunc(cell, isUnseen)), "=+-@|%＝＋－＠﹢﹣﹦﹫−") {
		return "'" + cell
	}
	return cell
}

// firstRune returns the first character of a text, or nothing of an empty one.
func firstRune(text string) string {
	_, size := utf8.DecodeRuneInString(text)
	return text[:size]
}

// isUnseen reports whether a character shows nothing: spaces, controls, format characters such as U+200B and the byte order mark, and what
// else Unicode lets programs ignore, such as variation selectors and fillers.
func isUnseen(r rune) bool {
	return unicode.IsSpace(r) || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zs, unicode.Other_Default_Ignorable_Code_Point,
		unicode.Variation_Selector)
}

func ids(named []Named) []string {
	list := make([]string, len(named))
	for i, n := range named {
		list[i] = n.ID
	}
	return list
}
