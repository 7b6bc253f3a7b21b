package locale

// Language is a language in which people are answered.
type Language uint8

// The languages of all sentences.
const (
	English Language = iota
	German
)

// Tag returns the tag of the language: en or de.
func (l Language) Tag() string {
	if l == German {
		return "de"
	}
	return "en"
}
