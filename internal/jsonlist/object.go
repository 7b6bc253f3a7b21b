package jsonlist

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Object is what an item says: texts, json.Numbers, booleans, nil, lists as []any and objects as map[string]any.
type Object map[string]any

func (o *Object) set(key string, value any) {
	if *o == nil {
		*o = Object{}
	}
	(*o)[key] = value
}

// at returns the value under a path.
func (o Object) at(path string) any {
	var value any = map[string]any(o)
	for key := range strings.SplitSeq(path, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[key]
	}
	return value
}

// Text returns what stands under a path of keys, such as attributes.email: a text as it is, a number as it is written, true or false. It
// is empty where there is nothing, null, a list or an object.
func (o Object) Text(path string) string {
	switch value := o.at(path).(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	case bool:
		return strconv.FormatBool(value)
	}
	return ""
}

// Objects returns the objects of the list under a path, without what else is in it.
func (o Object) Objects(path string) []Object {
	list, _ := o.at(path).([]any)
	var objects []Object
	for _, one := range list {
		if object, ok := one.(map[string]any); ok {
			objects = append(objects, object)
		}
	}
	return objects
}

// Texts returns the texts of the list under a path, without what else is in it.
func (o Object) Texts(path string) []string {
	list, _ := o.at(path).([]any)
	var texts []string
	for _, one := range list {
		if text, ok := one.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}
