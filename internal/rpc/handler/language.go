package handler

import (
	"context"

	"golang.org/x/text/language"
	"google.golang.org/grpc/metadata"

	"github.com/assent-io/assent/internal/locale"
)

// maxLanguages is how much of the header Accept-Language is read; what people's programs send is far shorter.
const maxLanguages = 256

// Languages finds the language in which a caller is answered.
type Languages struct{ matcher language.Matcher }

// NewLanguages returns what finds it.
func NewLanguages() Languages {
	return Languages{language.NewMatcher([]language.Tag{language.English, language.German})}
}

// Of returns the language that the header Accept-Language of the call asks for, English unless another one fits.
func (l Languages) Of(ctx context.Context) locale.Language {
	header := metadata.ValueFromIncomingContext(ctx, "accept-language")
	if len(header) == 0 || len(header[0]) > maxLanguages {
		return locale.English
	}
	wanted, _, err := language.ParseAcceptLanguage(header[0])
	if err != nil {
		return locale.English
	}
	if _, index, _ := l.matcher.Match(wanted...); index == 1 {
		return locale.German
	}
	return locale.English
}
