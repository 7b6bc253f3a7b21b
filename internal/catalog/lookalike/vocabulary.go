package lookalike

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fillers are words that a reader does not take note of.
const fillers = "the an of from by at for and your our " +
	"der die das des dem den ein eine einer eines von vom aus bei für und zum zur im am ihr ihre dein deine unser unsere"

// genericWords are what senders of any department may call themselves.
const genericWords = "newsletter newsletters news newsflash info infos information informationen weekly daily monthly week month today " +
	"service services support team teams contact kontakt update updates alert alerts message messages " +
	"aktuell aktuelle aktuelles neues neuigkeit neuigkeiten nachricht nachrichten meldung meldungen mitteilung mitteilungen " +
	"rundbrief rundbriefe rundschreiben brief briefe wochenbrief woche wöchentlich täglich monat monatlich heute " +
	"letter letters bulletin digest journal report magazine magazin mail mails mailing mailings e email emails post online " +
	"gmbh ag kg ohg se ug ev eg inc ltd llc plc corp co company group gruppe"

// vocabulary holds the words that tell no sender from another, in the forms in which texts are compared.
type vocabulary struct{ forms [formCount]wordSet }

// wordSet is one form of a vocabulary.
type wordSet struct{ fillers, generic map[string]bool }

// vocabulary returns the built-in words and the given ones.
func (w *writer) vocabulary(more []string) *vocabulary {
	v := &vocabulary{}
	for form := range v.forms {
		v.forms[form] = wordSet{fillers: map[string]bool{}, generic: map[string]bool{}}
	}
	for word := range strings.FieldsSeq(fillers) {
		w.add(v, word, func(s wordSet) map[string]bool { return s.fillers })
	}
	for _, word := range slices.Concat(strings.Fields(genericWords), more) {
		w.add(v, word, func(s wordSet) map[string]bool { return s.generic })
	}
	return v
}

// add adds a word to one of the sets in all forms. The skeleton that is taken before folding depends on how the word is capitalised.
func (w *writer) add(v *vocabulary, word string, set func(wordSet) map[string]bool) {
	small := strings.ToLower(norm.NFC.String(word))
	if small == "" {
		return
	}
	put := func(form int, text string) {
		for _, each := range split(text) {
			set(v.forms[form])[each] = true
		}
	}
	put(plain, w.folded(small))
	put(lowered, w.skeleton(w.folded(small)))
	_, size := utf8.DecodeRuneInString(small)
	for _, written := range []string{small, strings.ToUpper(small[:size]) + small[size:], strings.ToUpper(small)} {
		put(cased, w.skeleton(written))
	}
}

// in returns the words in a form; none without a vocabulary.
func (v *vocabulary) in(form int) wordSet {
	if v == nil {
		return wordSet{}
	}
	return v.forms[form]
}

func (s wordSet) withoutFillers(w words) words {
	if len(s.fillers) == 0 {
		return w
	}
	return slices.DeleteFunc(w, func(word string) bool { return s.fillers[word] })
}

// areGeneric reports whether there are words, all of them generic.
func (s wordSet) areGeneric(w words) bool {
	return len(w) > 0 && !slices.ContainsFunc(w, func(word string) bool { return !s.generic[word] })
}
