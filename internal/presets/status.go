package presets

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
)

// choose finds what kind of file it is: by the option, else by the file's name, else by the columns. Some tools make files of one shape whose
// meaning is in the name only; such a file is refused as a whole rather than guessed.
func (p *Preset) choose(o *Options, c *Columns) (*status, error) {
	chosen, from := (*status)(nil), "the name of the file"
	var err error
	if o.Status != "" {
		from = "--status"
		if len(p.Statuses()) == 0 {
			return nil, fmt.Errorf("a file of %s says itself what it means; leave --status out", p.Tool)
		}
		if chosen = p.statusNamed(o.Status); chosen == nil {
			return nil, fmt.Errorf("--status is not known for a file of %s; it must be one of %s", p.Tool, strings.Join(p.Statuses(), ", "))
		}
	} else if !p.byOption {
		if chosen, err = p.statusByFile(o.FileName); err != nil {
			return nil, err
		}
		if chosen != nil && chosen.asked && !chosen.fits(c) {
			chosen = nil // The columns say more than the name, as those of an export of subscribers that is called blocklist.
		}
	}
	possible := p.possible(c)
	if chosen != nil {
		if !chosen.fits(c) {
			return nil, fmt.Errorf("%s says %s, but the columns are not those of such a file", from, chosen.name)
		}
		return chosen, nil
	}
	if len(possible) == 1 && !possible[0].asked {
		return possible[0], nil
	}
	var names []string
	for _, s := range possible {
		if s.usual {
			return s, nil
		}
		names = append(names, s.name)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("the columns are none that a file of %s has", p.Tool)
	}
	return nil, fmt.Errorf("what a file of %s means is in its name, and this name says nothing known; give --status %s", p.Tool, strings.Join(names, "|"))
}

// possible are the kinds that the columns leave. One that has to be asked for is only left where there is no other.
func (p *Preset) possible(c *Columns) []*status {
	var left, asked []*status
	for i := range p.statuses {
		switch s := &p.statuses[i]; {
		case !s.fits(c):
		case s.asked:
			asked = append(asked, s)
		default:
			left = append(left, s)
		}
	}
	if left == nil {
		return asked
	}
	return left
}

func (s *status) fits(c *Columns) bool {
	return (s.columns == nil || c.hasAny(s.columns)) && !c.hasAny(s.not)
}

func (p *Preset) statusNamed(name string) *status {
	for i := range p.statuses {
		for _, one := range p.statuses[i].names() {
			if plainName(one) == plainName(name) {
				return &p.statuses[i]
			}
		}
	}
	return nil
}

func (s *status) names() []string {
	if s.name == "" {
		return nil
	}
	return append([]string{s.name}, s.aka...)
}

// statusByFile finds the one status whose name is among the words of the file's name; nil: there is none. A word inside a longer one does
// not count, for unsubscribed has subscribed in it; and longer names are taken first, for non_subscribed is not subscribed.
func (p *Preset) statusByFile(file string) (*status, error) {
	type named struct {
		words string
		of    *status
	}
	var names []named
	for i := range p.statuses {
		for _, name := range p.statuses[i].names() {
			names = append(names, named{fileWords(name), &p.statuses[i]})
		}
	}
	slices.SortStableFunc(names, func(x, y named) int { return len(y.words) - len(x.words) })
	words := fileWords(file)
	var found *status
	for _, name := range names {
		if !strings.Contains(words, name.words) {
			continue
		}
		if found != nil && found != name.of {
			return nil, errors.New("the name of the file says two things; give --status")
		}
		found, words = name.of, strings.ReplaceAll(words, name.words, "_")
	}
	return found, nil
}

// StatusOfFile returns the status that the name of a file says, which as the name of the file says the same; empty: it says none. The error is
// for a name that says two.
func (p *Preset) StatusOfFile(name string) (string, error) {
	if p.byOption {
		return "", nil
	}
	found, err := p.statusByFile(name)
	if err != nil || found == nil {
		return "", err
	}
	return found.name, nil
}

// fileWords are the words of a file's name in lower case, each between underscores.
func fileWords(file string) string {
	if file == "" {
		return ""
	}
	words := strings.FieldsFunc(strings.ToLower(path.Base(strings.ReplaceAll(file, `\`, "/"))), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	return "_" + strings.Join(words, "_") + "_"
}
