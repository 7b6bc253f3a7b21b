package rest

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"github.com/assent-io/assent/internal/fault"
)

// guard refuses who has no key, before anything of the request is looked at, and what the gateway would take and ignore: bodies
// that are too large, parameters that a call does not have, and parameters in the URL where the body holds all. What it lets
// through has only the headers that are handed on, and its body read. Who calls, and whether they may, gRPC finds out for itself.
func guard(admit admission, next http.Handler) http.Handler {
	answer, times := admit.answer, newTimeParameters()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if !admit.let(w, r) {
			return
		}
		method := r.Method
		if method == http.MethodHead { // It is answered as GET; net/http leaves out the body.
			method = http.MethodGet
		}
		if refused := answer.routes.checkURL(method, r.URL); refused != nil {
			answer.refuse(w, r, refused)
			return
		}
		if name := times.wrong(r.URL); name != "" {
			answer.refuse(w, r, fault.Errorf(fault.InvalidRequest, name, timeProblem))
			return
		}
		call, known := answer.routes.of(method, r.URL.Path)
		if !known { // The gateway says so, whatever the body.
			next.ServeHTTP(admit.flow.answer(w), handOn(r, method, nil))
			return
		}
		limit := int64(admit.api.MessageLimit(call.name))
		body, err := io.ReadAll(http.MaxBytesReader(w, admit.flow.body(w, r), limit))
		if stoodStill(err) {
			answer.timeOut(w)
			return
		}
		if err != nil {
			answer.refuse(w, r, bodyFault(err))
			return
		}
		inner := handOn(r, method, body)
		if call.file {
			inner.Header.Set("Accept", fileMedia)
		}
		next.ServeHTTP(admit.flow.answer(w), inner)
	})
}

// handOn returns a request as the gateway sees it.
func handOn(r *http.Request, method string, body []byte) *http.Request {
	inner := r.Clone(r.Context())
	inner.Method, inner.Header = method, allowed(r.Header)
	inner.Body, inner.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return inner
}

func bodyFault(err error) *fault.Error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.Errorf(fault.TooLarge, "", "the body is larger than the %d bytes that this call takes", large.Limit)
	}
	return fault.Errorf(fault.InvalidRequest, "", "the body could not be read to its end")
}

// allowed returns the headers that the gateway may see; nothing else that a caller sends has any effect.
func allowed(header http.Header) http.Header {
	kept := http.Header{}
	for _, name := range []string{"Authorization", "Accept-Language", "X-Request-Id", "Traceparent", "Content-Type", "Accept"} {
		if values := header.Values(name); len(values) > 0 {
			kept[name] = values
		}
	}
	return kept
}
