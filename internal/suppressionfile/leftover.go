package suppressionfile

import (
	"slices"
	"strconv"
	"strings"
)

// Leftovers returns those of the names in a folder that an earlier export of the same form with the same base name wrote and this one did
// not: a list that has become shorter has fewer numbered files. A tool that is given them would block addresses that are free again, so the
// caller reports or removes them. The manifest of the form has one name, so it is none of them.
func (m Manifest) Leftovers(names []string) []string {
	all := forms()
	at := slices.IndexFunc(all, func(f form) bool { return f.name == m.Form })
	if at < 0 {
		return nil // The form of another package, which has one file.
	}
	var left []string
	for _, name := range names {
		if all[at].names(m.Base, name) && !slices.ContainsFunc(m.Files, func(f File) bool { return f.Name == name }) {
			left = append(left, name)
		}
	}
	return left
}

// names reports whether a file of the form with the base can have the name.
func (f *form) names(base, name string) bool {
	return slices.ContainsFunc(f.lists, func(l list) bool {
		prefix := base + "." + f.name
		if l.name != "" {
			prefix += "." + l.name
		}
		rest, isPrefixed := strings.CutPrefix(name, prefix)
		number, hasExtension := strings.CutSuffix(rest, "."+l.extension)
		if !isPrefixed || !hasExtension {
			return false
		}
		n, err := strconv.Atoi(strings.TrimPrefix(number, "."))
		return number == "" || err == nil && n > 1 && number == "."+strconv.Itoa(n)
	})
}
