package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Named is a JSON object that keeps the order of its members.
type Named[V any] []Member[V]

// Member is a member of an object.
type Member[V any] struct {
	Name  string
	Value V
}

// Add adds a member after all others.
func (n *Named[V]) Add(name string, value V) { *n = append(*n, Member[V]{name, value}) }

// Get returns the member of that name; nil if there is none.
func (n Named[V]) Get(name string) *V {
	for i := range n {
		if n[i].Name == name {
			return &n[i].Value
		}
	}
	return nil
}

// MarshalJSON writes the object.
func (n Named[V]) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	out.WriteByte('{')
	for i, m := range n {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := encoder.Encode(m.Name); err != nil {
			return nil, err
		}
		out.WriteByte(':')
		if err := encoder.Encode(m.Value); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// UnmarshalJSON reads the object.
func (n *Named[V]) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return fmt.Errorf("not an object: %w", err)
	}
	*n = nil
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok {
			return fmt.Errorf("the name of a member is %v", token)
		}
		var value V
		if err := decoder.Decode(&value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		n.Add(name, value)
	}
	return nil
}
