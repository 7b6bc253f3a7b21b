// Package openapitest holds requests and answers of a running server to the OpenAPI document, for tests.
package openapitest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/assent-io/assent/api/openapi"
)

// Contract is the document.
type Contract struct {
	document *openapi3.T
	routes   []route
}

// route is a path of the document.
type route struct {
	path    string
	item    *openapi3.PathItem
	matches *regexp.Regexp // with a group for each parameter
}

// NewContract reads the document, which must be a valid one of OpenAPI 3.1. Its examples are not looked at: a new call has a made-up one until
// its answer was written.
func NewContract(ctx context.Context) (*Contract, error) {
	document, err := openapi3.NewLoader().LoadFromData(openapi.Document)
	if err != nil {
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	if err := document.Validate(ctx, openapi3.DisableExamplesValidation()); err != nil {
		return nil, fmt.Errorf("the OpenAPI document is not valid: %w", err)
	}
	c := &Contract{document: document}
	for path, item := range document.Paths.Map() {
		pattern := regexp.MustCompile(`\\\{(\w+)\\\}`).ReplaceAllString(regexp.QuoteMeta(path), `(?P<$1>[^/]+)`)
		c.routes = append(c.routes, route{path, item, regexp.MustCompile("^" + pattern + "$")})
	}
	return c, nil
}

// Exchange is a request and its answer.
type Exchange struct {
	// Method, Path (with the query), Sent and Body are of the request.
	Method, Path string
	Sent         http.Header
	Body         string
	// Loose: the server takes more than the document says, and this request is of that sort.
	Loose bool
	// Code, Header and Answer are of the answer.
	Code   int
	Header http.Header
	Answer []byte
}

// Problem says how an answer differs from what the document says of the call, and so does the request if the server took it. It is
// empty if neither does, and of a call that the document does not have, such as one with HEAD.
func (c *Contract) Problem(ctx context.Context, e Exchange) string {
	request, err := http.NewRequestWithContext(ctx, e.Method, "http://127.0.0.1:8080"+e.Path, strings.NewReader(e.Body))
	if err != nil {
		return err.Error()
	}
	if e.Sent != nil {
		request.Header = e.Sent.Clone()
	}
	if e.Body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	found, values := c.find(request)
	if found == nil {
		return ""
	}
	options := &openapi3filter.Options{
		IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true,
	}
	asked := &openapi3filter.RequestValidationInput{Request: request, PathParams: values, Route: found, Options: options}
	if e.Code == http.StatusOK && !e.Loose {
		if err := openapi3filter.ValidateRequest(ctx, asked); err != nil {
			return "the request: " + err.Error()
		}
	}
	return c.problemOfAnswer(ctx, asked, e)
}

// problemOfAnswer looks at the body of JSON, and of any other answer at the type only.
func (c *Contract) problemOfAnswer(ctx context.Context, asked *openapi3filter.RequestValidationInput, e Exchange) string {
	media, _, _ := mime.ParseMediaType(e.Header.Get("Content-Type"))
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: asked, Status: e.Code, Header: e.Header, Body: io.NopCloser(bytes.NewReader(e.Answer)),
		Options: asked.Options,
	}
	if media == "application/json" {
		if err := openapi3filter.ValidateResponse(ctx, answer); err != nil {
			return "the answer: " + err.Error()
		}
		return ""
	}
	response := asked.Route.Operation.Responses.Status(e.Code)
	if response == nil {
		response = asked.Route.Operation.Responses.Default()
	}
	if response == nil || response.Value.Content[media] == nil {
		return fmt.Sprintf("the answer: there is no %s with the status %d", media, e.Code)
	}
	return ""
}

// find returns the operation of a request, and the values in its path.
func (c *Contract) find(request *http.Request) (*routers.Route, map[string]string) {
	for _, r := range c.routes {
		found := r.matches.FindStringSubmatch(request.URL.Path)
		operation := r.item.GetOperation(request.Method)
		if found == nil || operation == nil {
			continue
		}
		values := map[string]string{}
		for i, name := range r.matches.SubexpNames()[1:] {
			values[name] = found[i+1]
		}
		return &routers.Route{
			Spec: c.document, Path: r.path, PathItem: r.item, Method: request.Method, Operation: operation,
		}, values
	}
	return nil, nil
}
