package translation

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/assent-io/assent/internal/locale"
)

// Read returns the texts of the program with those of the files in a directory (empty: there are none), one for each language, which its name says: ar.yaml, pt-BR.json.
// A file has all texts of a language that the program does not have; of English and German it may have some, which take the place of those of the
// program. Other files, and those with a dot at the beginning of their names, are left out. The error joins all problems, each with the file, the
// line, and what would be right.
func Read(dir string) (*Set, error) {
	if dir == "" {
		return BuiltIn(), nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the texts of pages: %w", err)
	}
	all, from := builtIn(), map[language.Tag]string{}
	var problems []error
	for _, entry := range entries {
		name := entry.Name()
		extension := filepath.Ext(name)
		if strings.HasPrefix(name, ".") || !slices.Contains([]string{".yaml", ".yml", ".json"}, extension) {
			continue
		}
		path := filepath.Join(dir, name)
		tag, err := tagOf(strings.TrimSuffix(name, extension))
		switch other := from[tag]; {
		case err != nil:
			problems = append(problems, fmt.Errorf("%s: %w", path, err))
			continue
		case other != "":
			problems = append(problems, fmt.Errorf("%s: the language %s already has the file %s; remove one of them", path, tag, other))
			continue
		}
		from[tag] = name
		document, err := readFile(path)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		texts, err := Parse(path, tag, document)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		all = withTexts(all, texts)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	slices.SortFunc(all[2:], func(a, b *Texts) int { return cmp.Compare(a.Tag(), b.Tag()) })
	return newSet(all), nil
}

// withTexts adds texts, which take the place of those of the same language.
func withTexts(all []*Texts, texts *Texts) []*Texts {
	for i := range all {
		if all[i].tag == texts.tag {
			all[i] = texts
			return all
		}
	}
	return append(all, texts)
}

// tagOf reads the tag of a language in the name of a file.
func tagOf(name string) (language.Tag, error) {
	tag, err := language.Parse(name)
	base, _, _ := tag.Raw()
	if err != nil || base.String() == "und" || base.String() == "mul" {
		return tag, fmt.Errorf("%q is not the tag of a language (BCP 47); name the file for its language, such as fr.yaml or pt-BR.yaml", name)
	}
	if tag.String() != name {
		return tag, fmt.Errorf("the tag of the language is written %s; name the file %s.yaml", tag, tag)
	}
	return tag, nil
}

// maxFile is how many bytes a file of texts may have.
const maxFile = 256 << 10

// readFile reads no more than a file of texts may have, and one byte.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the texts of pages: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: it is not a file", path)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s: it has more than %d KiB", path, maxFile>>10)
	}
	document, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the texts of pages: %w", err)
	}
	return document, nil
}

// Contents returns the texts of the program in one of its languages, by their keys in files.
func Contents(lang locale.Language) map[string]string {
	contents := map[string]string{}
	for key, text := range ofLocale(lang).texts {
		contents[strings.TrimPrefix(key, prefix)] = text
	}
	return contents
}

// Document returns the texts of the program in one of its languages as a file to begin another one from.
func Document(lang locale.Language) []byte {
	var out strings.Builder
	fmt.Fprintf(&out, `# The texts of the pages of recipients, in %s. Give this file the tag of another language for name, such as fr.yaml, and
# translate what stands between the quotes. What stands in braces is filled in, and stays as it is. names says in which language of the catalog
# channels and departments are named: en or de. Whether a language is written from right to left follows from its tag.
`, lang.Tag())
	contents := Contents(lang)
	for _, key := range fileKeys() {
		fmt.Fprintf(&out, "%s: %s\n", key, quoted(contents[key]))
	}
	return []byte(out.String())
}

// fileKeys returns the keys of a file: first those about the language, then the others by the alphabet.
func fileKeys() []string {
	first := []string{keyLanguage, keyNames, keyDate, keyMonths}
	list := slices.Concat(first, slices.DeleteFunc(keys(), func(key string) bool { return slices.Contains(first, key) }))
	for i := range list {
		list[i] = strings.TrimPrefix(list[i], prefix)
	}
	return list
}

// quoted writes a text in double quotes, as YAML and JSON have them.
func quoted(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
