package storage

import (
	"fmt"

	"github.com/assent-io/assent/internal/storedtext"
)

// CheckTexts returns an error that wraps [ErrText] if a text that is stored in clear is not valid UTF-8 or holds control characters
// other than tabs and line breaks. PostgreSQL refuses such texts while it stores them, and SQLite takes them: every adapter calls
// CheckTexts first, so that all stores take and refuse the same. The error does not repeat the text.
func (c *Changes) CheckTexts() error {
	for i := range c.Records {
		if err := checkTexts("the actor of an event", c.Records[i].Event.Actor); err != nil {
			return err
		}
	}
	for i := range c.Refs {
		if err := checkTexts("the name of a reference", c.Refs[i].Name); err != nil {
			return err
		}
	}
	for i := range c.Catalogs {
		if err := checkTexts("the document of a catalog", c.Catalogs[i].Document); err != nil {
			return err
		}
	}
	return CheckStatements(c.Tables)
}

// CheckLearnt does for what is counted what [Changes.CheckTexts] does for what is written.
func CheckLearnt(counts []Learnt) error {
	for i := range counts {
		if err := checkTexts("a disclosure", counts[i].Client, counts[i].Channel); err != nil {
			return err
		}
	}
	return nil
}

// CheckStatements does for all texts that statements hand over what [Changes.CheckTexts] does for what is written.
func CheckStatements(statements []Statement) error {
	for i := range statements {
		for _, arg := range statements[i].Args {
			if text, ok := arg.(string); ok {
				if err := checkTexts("a text ("+statements[i].Doing+")", text); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func checkTexts(of string, texts ...string) error {
	for _, text := range texts {
		if problem := storedtext.Problem(text, len(text)); problem != "" {
			return fmt.Errorf("%w: %s %s", ErrText, of, problem)
		}
	}
	return nil
}
