package rest

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/rpc"
)

// guard refuses a request without a key, before anything of the request is looked at, and what the gateway would take and ignore: bodies
// that are too large, parameters that a call does not have, and parameters in the URL where the body holds all. What it lets
// through has only the headers that are handed on, and its body read. The gRPC server authenticates and authorises the caller again.
func guard(admit admission, next http.Handler) http.Handler {
	answer, times := admit.answer, newTimeParameters()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		client, ok := admit.let(w, r)
		if !ok {
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
		body, room, ok := admit.read(w, r, client, int64(admit.api.MessageLimit(call.name)))
		if !ok {
			return
		}
		defer room.Release()
		inner := handOn(r, method, body)
		if call.media != "" {
			inner.Header.Set("Accept", call.media)
		}
		if call.media == eventsMedia {
			inner.URL = resume(r)
			w.Header().Set("X-Accel-Buffering", "no") // A proxy must not hold events back.
		}
		out := admit.flow.answer(w)
		if r.Method == http.MethodHead && call.media != "" {
			out, inner = headerOnly(out, inner)
		}
		next.ServeHTTP(out, inner)
	})
}

// read reads the body of a request of a client, once there is room for it in the memory that the client may take. A request that is
// refused is answered. The room is to be released when the call has ended.
func (a admission) read(w http.ResponseWriter, r *http.Request, client string, limit int64) (body []byte, room *rpc.BodyRoom, ok bool) {
	from, size := http.MaxBytesReader(w, a.flow.body(w, r), limit), r.ContentLength
	var first []byte
	if size < 0 { // How long it is shows only while it is read; most are small.
		var err error
		first, err = io.ReadAll(io.LimitReader(from, rpc.SmallBody+1))
		if err != nil {
			a.refuseBody(w, r, err)
			return nil, nil, false
		}
		if size = int64(len(first)); size > rpc.SmallBody {
			size = limit
		}
	}
	room, err := a.api.ReserveBody(r.Context(), client, min(size, limit))
	if err != nil {
		a.answer.refuse(w, r, rpc.BodyFault(err))
		return nil, nil, false
	}
	if body, err = io.ReadAll(io.MultiReader(bytes.NewReader(first), from)); err != nil {
		room.Release()
		a.refuseBody(w, r, err)
		return nil, nil, false
	}
	if err := room.Decode(rpc.WeighJSON(body)); err != nil {
		room.Release()
		a.answer.refuse(w, r, rpc.BodyFault(err))
		return nil, nil, false
	}
	return body, room, true
}

// refuseBody answers a request when its body could not be read.
func (a admission) refuseBody(w http.ResponseWriter, r *http.Request, err error) {
	if stoodStill(err) {
		a.answer.timeOut(w)
		return
	}
	a.answer.refuse(w, r, bodyFault(err))
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
	return fault.Errorf(fault.InvalidRequest, "", "the body could not be read completely")
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
