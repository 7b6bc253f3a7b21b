package main

import (
	"regexp"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/assent-io/assent/internal/openapi"
)

// describer makes the parts of the document from those of the protos.
type describer struct {
	services []*protogen.Service
	messages []*protogen.Message
	enums    []*protogen.Enum
	calls    []openapi.Call
	access   map[string]openapi.Access
	// asked and answered are the messages that stand in requests and in answers.
	asked, answered map[protoreflect.FullName]bool
	// inPath is the field of a request that stands in the path, by the name of the message.
	inPath map[protoreflect.FullName]protoreflect.Name
	// jsonNames are the names in JSON of the fields with names in the protos that differ.
	jsonNames map[string]string
}

func newDescriber(files []*protogen.File, calls []openapi.Call, access map[string]openapi.Access) *describer {
	d := &describer{
		calls: calls, access: access, asked: map[protoreflect.FullName]bool{}, answered: map[protoreflect.FullName]bool{},
		inPath: map[protoreflect.FullName]protoreflect.Name{}, jsonNames: map[string]string{},
	}
	for _, file := range files {
		if !file.Generate {
			continue
		}
		d.services = append(d.services, file.Services...)
		d.messages = append(d.messages, file.Messages...)
		d.enums = append(d.enums, file.Enums...)
	}
	slices.SortStableFunc(d.services, func(x, y *protogen.Service) int { return d.rank(x) - d.rank(y) })
	for _, message := range d.messages {
		for _, field := range message.Fields {
			if name, json := string(field.Desc.Name()), field.Desc.JSONName(); name != json {
				d.jsonNames[name] = json
			}
		}
	}
	for _, service := range d.services {
		for _, method := range service.Methods {
			d.collect(method)
		}
	}
	return d
}

// rank returns the place of a service on the page; one that the page does not show comes last.
func (d *describer) rank(service *protogen.Service) int {
	for i := range d.calls {
		for _, method := range service.Methods {
			if string(method.Desc.Name()) == d.calls[i].Name {
				return i
			}
		}
	}
	return len(d.calls)
}

// collect notes which messages a method has in its body and in its answer.
func (d *describer) collect(method *protogen.Method) {
	verb, path, ok := route(method)
	if !ok {
		return
	}
	if found := regexp.MustCompile(`\{(\w+)\}`).FindStringSubmatch(path); found != nil {
		d.inPath[method.Input.Desc.FullName()] = protoreflect.Name(found[1])
	}
	if verb != "get" {
		reach(method.Input, d.asked)
	}
	if !isFile(method) && linesOf(method) == "" {
		reach(method.Output, d.answered)
	}
}

// reach adds a message and all that stand in it.
func reach(message *protogen.Message, into map[protoreflect.FullName]bool) {
	name := message.Desc.FullName()
	if into[name] {
		return
	}
	into[name] = true
	for _, field := range message.Fields {
		if field.Message != nil {
			reach(field.Message, into)
		}
	}
}

// route returns the HTTP method, in lower case, and the path of a method; ok is false if REST does not have it.
func route(method *protogen.Method) (verb, path string, ok bool) {
	rule, has := proto.GetExtension(method.Desc.Options(), annotations.E_Http).(*annotations.HttpRule)
	if !has || rule == nil {
		return "", "", false
	}
	switch pattern := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return "get", pattern.Get, true
	case *annotations.HttpRule_Put:
		return "put", pattern.Put, true
	case *annotations.HttpRule_Post:
		return "post", pattern.Post, true
	case *annotations.HttpRule_Delete:
		return "delete", pattern.Delete, true
	case *annotations.HttpRule_Patch:
		return "patch", pattern.Patch, true
	default:
		return "", "", false
	}
}

// tagOf returns the name of the group of a service.
func tagOf(service *protogen.Service) string {
	return strings.TrimSuffix(string(service.Desc.Name()), "Service")
}

// text returns a comment as a text of paragraphs, in which fields have their names in JSON.
func (d *describer) text(comment protogen.Comments) string {
	lines := strings.Split(strings.TrimSpace(string(comment)), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
		if lines[i] == "" {
			lines[i] = "\n\n"
		}
	}
	text := regexp.MustCompile(` *\n\n *`).ReplaceAllString(strings.Join(lines, " "), "\n\n")
	text = strings.Replace(text, " Errors: ", "\n\nErrors: ", 1)
	return regexp.MustCompile(`\b[a-z]+(_[a-z0-9]+)+\b`).ReplaceAllStringFunc(text, func(name string) string {
		if json, ok := d.jsonNames[name]; ok {
			return json
		}
		return name
	})
}

// firstSentence returns the first sentence of a text, without its full stop.
func firstSentence(text string) string {
	if end := regexp.MustCompile(`\.(\s|$)|: |\n`).FindStringIndex(text); end != nil {
		text = text[:end[0]]
	}
	return strings.TrimSpace(text)
}

// schemas returns those of all messages and enums that REST has, by name, and those of errors.
func (d *describer) schemas() openapi.Named[*openapi.Schema] {
	all := errorSchemas()
	enums := map[protoreflect.FullName]bool{}
	for _, message := range d.messages {
		name := message.Desc.FullName()
		if !d.asked[name] && !d.answered[name] {
			continue
		}
		all.Add(string(message.Desc.Name()), d.message(message))
		for _, field := range message.Fields {
			if field.Enum != nil {
				enums[field.Enum.Desc.FullName()] = true
			}
		}
	}
	for _, service := range d.services { // What stands in a URL has no message of its own.
		for _, method := range service.Methods {
			if verb, _, ok := route(method); ok && verb == "get" {
				for _, field := range method.Input.Fields {
					if field.Enum != nil {
						enums[field.Enum.Desc.FullName()] = true
					}
				}
			}
		}
	}
	for _, enum := range d.enums {
		if enums[enum.Desc.FullName()] {
			all.Add(string(enum.Desc.Name()), d.enum(enum))
		}
	}
	slices.SortStableFunc(all, func(x, y openapi.Member[*openapi.Schema]) int { return strings.Compare(x.Name, y.Name) })
	return all
}
