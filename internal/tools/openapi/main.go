// Command openapi is a plugin of buf and protoc that writes the OpenAPI 3.1 document of the REST API from the protos: the calls from
// their google.api.http annotations, the texts from the comments, the limits from the rules of protovalidate. The page of the
// documentation that its parameter names, "page=docs/api.md", gives the examples, and who may make a call.
package main

import (
	"flag"
	"fmt"
	"os"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/types/pluginpb"

	"github.com/assent-io/assent/internal/openapi"
)

// output is the file that the plugin writes.
const output = "assent.json"

func main() {
	var flags flag.FlagSet
	page := flags.String("page", "", "the page of the documentation with all calls")
	protogen.Options{ParamFunc: flags.Set}.Run(func(plugin *protogen.Plugin) error {
		plugin.SupportedFeatures = uint64(pluginpb.CodeGeneratorResponse_FEATURE_PROTO3_OPTIONAL)
		text, err := os.ReadFile(*page)
		if err != nil {
			return err
		}
		document, err := describe(plugin.Files, string(text))
		if err != nil {
			return err
		}
		out, err := document.Write()
		if err != nil {
			return err
		}
		_, err = plugin.NewGeneratedFile(output, "").Write(out)
		return err
	})
}

// describe returns the document of the API that the files to be generated hold, with the examples of the page.
func describe(files []*protogen.File, page string) (*openapi.Document, error) {
	calls, err := openapi.ReadCalls(page)
	if err != nil {
		return nil, fmt.Errorf("read the page of the calls: %w", err)
	}
	d := newDescriber(files, calls, openapi.ReadAccess(page))
	document := &openapi.Document{
		OpenAPI: "3.1.0", Info: about(), Servers: servers(), Security: []openapi.Security{{bearer: {}}},
		Components: openapi.Components{SecuritySchemes: securitySchemes(), Parameters: headers(), Responses: refusals()},
	}
	for _, service := range d.services {
		document.Tags = append(document.Tags, openapi.Tag{Name: tagOf(service), Description: d.text(service.Comments.Leading)})
		for _, method := range service.Methods {
			if verb, path, ok := route(method); ok {
				add(&document.Paths, path, verb, d.operation(method, verb, path))
			}
		}
	}
	document.Tags = append(document.Tags, serverTag())
	for _, r := range serverRoutes() {
		add(&document.Paths, r.path, "get", r.operation)
	}
	document.Components.Schemas = d.schemas()
	return document, nil
}

// add adds an operation to the methods of its path.
func add(paths *openapi.Named[openapi.Named[openapi.Operation]], path, verb string, operation openapi.Operation) {
	methods := paths.Get(path)
	if methods == nil {
		paths.Add(path, nil)
		methods = paths.Get(path)
	}
	methods.Add(verb, operation)
}
