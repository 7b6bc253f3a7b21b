package presets

import (
	"fmt"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/nearest"
)

// All returns all presets in the order of the documentation.
func All() []*Preset {
	return slices.Concat(listTools(), deliveryTools(), marketingTools(), []*Preset{own(), plainPreset()})
}

// Names returns the names of all presets.
func Names() []string {
	var names []string
	for _, p := range All() {
		names = append(names, p.Name)
	}
	return names
}

// Named returns a preset, also [ByColumns]. The error names the nearest one, or all.
func Named(name string) (*Preset, error) {
	if name == ByColumns {
		return &Preset{Name: ByColumns, Tool: "these columns", address: []string{"address"}}, nil
	}
	for _, p := range All() {
		if p.Name == name {
			return p, nil
		}
	}
	if hint := nearest.Hint(name, Names()); hint != "" {
		return nil, fmt.Errorf("the preset %q is not known%s", name, hint)
	}
	return nil, fmt.Errorf("the preset %q is not known; it must be one of %s", name, strings.Join(Names(), ", "))
}
