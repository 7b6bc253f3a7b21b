package scenario

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/assent-io/assent/internal/yamltext"
)

// Find returns the scenario files that the paths mean, each once, in the order of the paths. A path of a file means it,
// whatever it holds. A path of a folder means the files below it with names that end with .yaml or .yml, in the order of their
// names, but for those that plainly are something else, such as catalogs: valid YAML without any of the keys events, cases
// and checks. A folder without scenarios is an error, so that a test of nothing does not pass.
func Find(paths []string) ([]string, error) {
	var found []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("looking for scenarios: %w", err)
		}
		files := []string{path}
		if info.IsDir() {
			if files, err = below(path); err != nil {
				return nil, err
			}
			if len(files) == 0 {
				return nil, fmt.Errorf("the folder %s has no scenario", path)
			}
		}
		for _, file := range files {
			if !slices.Contains(found, filepath.Clean(file)) {
				found = append(found, filepath.Clean(file))
			}
		}
	}
	return found, nil
}

func below(folder string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.ToLower(entry.Name())
		if entry.IsDir() || !strings.HasSuffix(name, ".yaml") && !strings.HasSuffix(name, ".yml") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if mayBeScenario(data) {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for scenarios: %w", err)
	}
	return files, nil
}

// mayBeScenario reports whether a file has the keys of a scenario, or cannot be read well enough to tell.
func mayBeScenario(data []byte) bool {
	d := &decoder{}
	docs := d.read(data)
	if len(d.problems) > 0 {
		return true
	}
	return slices.ContainsFunc(docs, func(doc *ast.DocumentNode) bool {
		mapping, ok := doc.Body.(*ast.MappingNode)
		return ok && slices.ContainsFunc(mapping.Values, func(entry *ast.MappingValueNode) bool {
			key, _ := yamltext.Of(entry.Key)
			return key == "events" || key == "checks" || key == "cases"
		})
	})
}
