package locale

import "strings"

// Text is a sentence or a name in both languages.
type Text struct {
	EN string `json:"en"`
	DE string `json:"de"`
}

// Same returns the text that is the same in both languages.
func Same(s string) Text { return Text{EN: s, DE: s} }

// In returns the text in a language.
func (t Text) In(lang Language) string {
	if lang == German {
		return t.DE
	}
	return t.EN
}

// Values are what stands for the placeholders of a sentence, by their names without braces.
type Values map[string]Text

// fill puts the values in the place of their placeholders.
func (t Text) fill(values Values) Text {
	en, de := make([]string, 0, 2*len(values)), make([]string, 0, 2*len(values))
	for name, value := range values {
		en, de = append(en, "{"+name+"}", value.EN), append(de, "{"+name+"}", value.DE)
	}
	return Text{EN: strings.NewReplacer(en...).Replace(t.EN), DE: strings.NewReplacer(de...).Replace(t.DE)}
}
