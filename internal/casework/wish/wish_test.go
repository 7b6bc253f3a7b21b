package wish

import (
	"slices"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/casework"
)

const (
	requests  = casework.Access
	erasing   = casework.Erasure
	complains = casework.Complaint
	objects   = casework.Objection
	inquires  = casework.Inquiry
	other     = casework.Other
)

func kinds(wishes []Wish) []casework.Kind {
	var list []casework.Kind
	for _, w := range wishes {
		list = append(list, w.Kind)
	}
	return list
}

func TestRead_Letters_SayWhatTheyAskFor(t *testing.T) {
	for text, want := range map[string][]casework.Kind{
		"What data do you hold about me?":                                             {requests},
		"Please send me a copy of my personal data.":                                  {requests},
		"This is a subject access request under Article 15 GDPR.":                     {requests},
		"Where did you get my e-mail address from?":                                   {requests},
		"Welche Daten haben Sie über mich gespeichert?":                               {requests},
		"Ich bitte um Auskunft nach Art. 15 DSGVO.":                                   {requests},
		"Hiermit verlange ich Auskunft über die zu meiner Person gespeicherten Daten": {requests},
		"Woher haben Sie meine Adresse?":                                              {requests},
		"Please delete all my data.":                                                  {erasing},
		"I want my account deleted":                                                   {erasing},
		"I make use of my right to be forgotten":                                      {erasing},
		"Bitte löschen Sie meine Daten.":                                              {erasing},
		"Bitte löschen Sie alle\nmeine Daten":                                         {erasing},
		"meine Daten bitte sofort löschen!":                                           {erasing},
		"Ich verlange die Lo\u0308schung meiner Daten":                                {erasing},
		"Bitte berichtigen Sie meinen Namen":                                          {erasing},
		"I never signed up for this.":                                                 {complains},
		"I never gave you permission to write to me":                                  {complains},
		"This is spam!": {complains},
		"I have already unsubscribed twice, and I'm still getting your newsletter": {complains},
		"Das ist eine Beschwerde.":                                        {complains},
		"Ich habe mich nie angemeldet!":                                   {complains},
		"Sie schreiben mir ohne meine Einwilligung":                       {complains},
		"Trotz meiner Abmeldung kommt schon wieder Post":                  {complains},
		"Ich habe mich bereits abgemeldet. Das ist unerwünschte Werbung.": {complains},
		"Unsubscribe":                  {objects},
		"STOP":                         {objects},
		"Please stop sending me mail.": {objects},
		"Don't write to me again, don't send me anything":                                         {objects},
		"I do not want to receive your newsletter":                                                {objects},
		"I withdraw my consent":                                                                   {objects},
		"Please remove me from your mailing list":                                                 {objects},
		"Keine weiteren Mails bitte!":                                                             {objects},
		"Ich möchte keine Werbung mehr erhalten":                                                  {objects},
		"Bitte melden Sie mich vom Newsletter ab":                                                 {objects},
		"Bitte den Newsletter abbestellen":                                                        {objects},
		"Hiermit widerspreche ich der Verwendung meiner Daten zu Zwecken der Werbung":             {objects},
		"Ich widerrufe meine Einwilligung":                                                        {objects},
		"Bitte nehmen Sie mich aus dem Verteiler":                                                 {objects},
		"Bitte schreiben Sie mir nicht mehr, nicht mehr schreiben!":                               {objects},
		"How do I unsubscribe?":                                                                   {objects},
		"Ich habe mich nie angemeldet! Bitte löschen Sie meine Daten und keine weiteren Mails!":   {erasing, complains, objects},
		"I never subscribed. What data do you have about me? Delete my data and stop mailing me.": {requests, erasing, complains, objects},
		"What does the blue machine cost?":                                                        {inquires},
		"Please let me know when it is back in stock":                                             {inquires},
		"Wann wird die Maschine geliefert?":                                                       {inquires},
		"Ich habe eine Frage zu meiner Bestellung":                                                {inquires},
		"Thank you, that was very helpful.":                                                       {other},
		"Vielen Dank für die schnelle Lieferung":                                                  {other},
		"":         {other},
		"    \n\n": {other},
	} {
		if got := kinds(Read("", text, false)); !slices.Equal(got, want) {
			t.Errorf("%q is %v, want %v: %+v", text, got, want, Read("", text, false))
		}
	}
}

// TestRead_WhatIsDenied_IsNoWish has letters with the words of a wish that ask for something else.
func TestRead_WhatIsDenied_IsNoWish(t *testing.T) {
	for _, text := range []string{
		"Please do not delete my data.",
		"Please don't stop sending me the newsletter",
		"I don't want to unsubscribe",
		"I did not complain",
		"Bitte löschen Sie meine Daten nicht",
		"Ich möchte den Newsletter nicht abbestellen",
		"Das ist keine Beschwerde",
		"Ich will mich nicht beschweren",
		"Bitte melden Sie mich nicht ab",
		"Ich habe seit Wochen keine Newsletter mehr bekommen",
		"Seit Mai habe ich keine Mails mehr erhalten",
		"I have had no more emails since May",
		"Your mail was in my spam folder",
		"Ihre Mail lag im Spam-Ordner",
		"Please delete my order",
		"Bitte löschen Sie meine Bestellung",
		"Could you correct the invoice?",
		"Der Zug hält nicht an jedem Stopp, schade",
		"Where did you get the idea for the cover?",
		"Welche Daten hat der Akku?",
		"My data plan ends in May",
		"I object to the colour",
	} {
		for _, leave := range []bool{false} {
			got := Read("", text, leave)
			if len(got) != 1 || got[0].Kind != inquires && got[0].Kind != other {
				t.Errorf("%q is %+v", text, got)
			}
		}
	}
}

func TestRead_AsksToLeave_CountsUnlessItIsDenied(t *testing.T) {
	for text, want := range map[string][]casework.Kind{
		"Je souhaite me désabonner":                   {objects},
		"Please unsubscribe me":                       {objects},
		"Ich möchte den Newsletter nicht abbestellen": {other},
		"Ich habe keine Mails mehr bekommen":          {other},
		"Das ist eine Beschwerde":                     {complains, objects},
	} {
		if got := kinds(Read("", text, true)); !slices.Equal(got, want) {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}

func TestRead_Subject_Counts(t *testing.T) {
	got := Read("Auskunftsersuchen", "Guten Tag, siehe Betreff.", false)
	if !slices.Equal(kinds(got), []casework.Kind{requests}) || got[0].Words != "auskunftsersuchen" {
		t.Errorf("%+v", got)
	}
	if got := Read("Complaint about your newsletter?", "x", false); got[0].Kind != complains {
		t.Errorf("%+v", got)
	}
}

// TestRead_EachPhrase_IsFoundAndDenied holds that no phrase is written so that it can never be found.
func TestRead_EachPhrase_IsFound(t *testing.T) {
	n := 0
	for _, kind := range []casework.Kind{requests, erasing, complains, objects} {
		for _, p := range phrases(kind) {
			var text []string
			for _, step := range p.steps {
				text = append(text, strings.TrimSuffix(step[len(step)-1], "*"))
			}
			n++
			clause := strings.Join(text, " ")
			if !slices.Contains(kinds(Read("", clause, false)), kind) {
				t.Errorf("%q is no %s: %+v", clause, kind, Read("", clause, false))
			}
			for _, step := range p.steps {
				for _, word := range step {
					if w := words(strings.TrimSuffix(word, "*")); len(w) != 1 || w[0] != strings.TrimSuffix(word, "*") {
						t.Errorf("the step %q of a phrase can never be read", word)
					}
				}
			}
		}
	}
	if n < 80 {
		t.Errorf("%d phrases", n)
	}
}

func FuzzRead(f *testing.F) {
	f.Add("Re: Newsletter", "Bitte löschen Sie meine Daten\r\n\r\nDanke", true)
	f.Add("", "keine keine keine keine mails mails mehr mehr mehr", false)
	f.Add("?", strings.Repeat("what data do you ", 100), false)
	f.Add("\xff", "a\u0308\x00'", false)
	f.Fuzz(func(t *testing.T, subject, text string, leave bool) {
		got := Read(subject, text, leave)
		if len(got) == 0 {
			t.Fatal("nothing is found")
		}
		for i, w := range got {
			if !w.Kind.Valid() || slices.Contains(kinds(got[:i]), w.Kind) {
				t.Fatalf("%+v", got)
			}
			if (w.Kind == inquires || w.Kind == other) && len(got) > 1 {
				t.Fatalf("an inquiry besides something else: %+v", got)
			}
		}
	})
}

// BenchmarkRead reads the longest text that is read, in which every word could begin a phrase, and a letter as people write them.
func BenchmarkRead(b *testing.B) {
	for name, text := range map[string]string{
		"hostile": strings.Repeat("what data keine mails nicht ", maxText/27),
		"letter":  "Sehr geehrte Damen und Herren, ich habe mich nie angemeldet. Bitte löschen Sie meine Daten! Mit freundlichen Grüßen, M. Muster",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Read("Beschwerde", text, false)
			}
		})
	}
}
