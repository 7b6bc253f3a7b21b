package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/spf13/pflag"
)

// FileFlag and FileEnv name the YAML file with settings.
const (
	FileFlag = "config"
	FileEnv  = "ASSENT_CONFIG"
)

// AddFlags gives a set the flag that names the file and those of the settings
// with the given keys; without keys, of all.
func AddFlags(flags *pflag.FlagSet, keys ...string) {
	flags.String(FileFlag, "", "YAML file with settings; flags and ASSENT_* variables go over it ("+FileEnv+")")
	for _, s := range settings() {
		if len(keys) > 0 && !slices.Contains(keys, s.key) {
			continue
		}
		usage := s.usage + " (" + s.env() + ")"
		switch {
		case s.boolean:
			flags.Bool(s.flag(), s.fallback == "true", usage)
		case s.list:
			flags.StringArray(s.flag(), nil, usage)
		default:
			flags.String(s.flag(), s.fallback, usage)
		}
	}
}

// Load returns the settings of a server. A flag that was given goes over a
// variable that is set and not empty, that over the file, that over the
// default. A key of the file that is unknown or comes twice is an error, and so
// is a value that does not fit, wherever it comes from; errors never repeat a
// value.
func Load(flags *pflag.FlagSet, env func(string) (string, bool)) (Server, error) {
	path := ""
	if value, ok := env(FileEnv); ok {
		path = value
	}
	if flags.Changed(FileFlag) {
		path = flags.Lookup(FileFlag).Value.String()
	}
	file := map[string]entry{}
	if path != "" {
		var err error
		if file, err = readFile(path); err != nil {
			return Server{}, err
		}
	}
	var s Server
	for _, row := range settings() {
		value, from, err := pick(row, flags, env, file)
		if err != nil {
			return Server{}, err
		}
		if value == "" && row.fallback == "" {
			continue
		}
		if err := row.set(&s, value); err != nil {
			return Server{}, fmt.Errorf("%s: %w", from, err)
		}
	}
	s = s.finish()
	return s, s.Validate()
}

// pick returns the value of a setting that goes over the others, and what to
// call the place where it was found.
func pick(
	row setting, flags *pflag.FlagSet, env func(string) (string, bool), file map[string]entry,
) (value, from string, err error) {
	if flag := flags.Lookup(row.flag()); flag != nil && flag.Changed {
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			return strings.Join(list.GetSlice(), ","), "--" + row.flag(), nil
		}
		return flag.Value.String(), "--" + row.flag(), nil
	}
	if value, from, err := pickVariable(row, env); err != nil || value != "" {
		return value, from, err
	}
	if e, ok := file[row.key]; ok {
		return e.value, e.place, nil
	}
	return row.fallback, row.key, nil
}

// pickVariable returns the value of the variable, or that of the file which the
// variable with the suffix _FILE names. Both at once are an error: one of them
// would be ignored.
func pickVariable(row setting, env func(string) (string, bool)) (value, from string, err error) {
	if text, ok := env(row.env()); ok {
		value = trimEnd(text)
	}
	if !row.secret {
		return value, row.env(), nil
	}
	from = row.env() + fileSuffix
	path, ok := env(from)
	switch {
	case !ok || path == "":
		return value, row.env(), nil
	case value != "":
		return "", "", fmt.Errorf("%s and %s are both set; set one of them", row.env(), from)
	case strings.Contains(path, "://"): // The error of a file that is missing would print the URL, and the password in it.
		return "", "", fmt.Errorf("%s holds a URL, not the path of a file: set %s to the URL", from, row.env())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", from, err)
	}
	if value = trimEnd(string(text)); value == "" {
		return "", "", fmt.Errorf("%s: the file %s is empty", from, path)
	}
	return value, from, nil
}

// trimEnd takes newlines, spaces and tabs from the end of a value. A variable that a file was read into ends with a newline, and
// what is copied may end with a space: no error would show them.
func trimEnd(text string) string { return strings.TrimRight(text, "\r\n \t") }

// fileSuffix ends the names of variables that name a file with a secret.
const fileSuffix = "_FILE"

// entry is a value of the file with the place to name in errors.
type entry struct {
	value string
	place string
}

// readFile reads the file into its entries.
func readFile(path string) (map[string]entry, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	return parseFile(path, data)
}

// parseFile reads a document with one mapping of settings.
func parseFile(path string, data []byte) (map[string]entry, error) {
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		// The library's error shows the lines around the place, passwords
		// included; only the line is taken over.
		if syntax, ok := errors.AsType[*yaml.SyntaxError](err); ok {
			path += ":" + strconv.Itoa(syntax.GetToken().Position.Line)
		}
		return nil, fmt.Errorf("%s: it is not valid YAML", path)
	}
	entries := map[string]entry{}
	if len(file.Docs) > 1 {
		return nil, fmt.Errorf("%s: it holds more than one document", path)
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return entries, nil
	}
	mapping, ok := file.Docs[0].Body.(*ast.MappingNode)
	if !ok {
		if _, comments := file.Docs[0].Body.(*ast.CommentGroupNode); comments {
			return entries, nil
		}
		return nil, fmt.Errorf("%s: it must be a mapping of settings", path)
	}
	for _, pair := range mapping.Values {
		if err := addEntry(entries, path, pair); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

func addEntry(entries map[string]entry, path string, pair *ast.MappingValueNode) error {
	key := pair.Key.GetToken().Value
	place := fmt.Sprintf("%s:%d: %s", path, pair.Key.GetToken().Position.Line, key)
	if !slices.ContainsFunc(settings(), func(s setting) bool { return s.key == key }) {
		return fmt.Errorf("%s: unknown key; docs/config.md lists all", place)
	}
	if _, twice := entries[key]; twice {
		return fmt.Errorf("%s: the key is set twice", place)
	}
	switch value := pair.Value.(type) {
	case *ast.NullNode:
		// As good as left out.
	case *ast.StringNode:
		entries[key] = entry{value.Value, place}
	case *ast.LiteralNode: // a block, which ends with a newline
		entries[key] = entry{trimEnd(value.Value.Value), place}
	case *ast.BoolNode:
		entries[key] = entry{fmt.Sprint(value.Value), place}
	case *ast.IntegerNode, *ast.FloatNode: // as it is written: the setting says which numbers it takes
		entries[key] = entry{value.GetToken().Value, place}
	default:
		return fmt.Errorf("%s: it must be a string, a number, true or false", place)
	}
	return nil
}
