package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"
)

// A body or an answer may take as long as it likes while its bytes flow: the deadlines of the connection move with each part. Only a
// transfer without progress ends.

// flow is how long a transfer may stand still.
type flow struct{ read, write time.Duration }

// flowingBody reads a body, and gives each part of it the read timeout anew.
type flowingBody struct {
	io.ReadCloser
	control *http.ResponseController
	flow    flow
}

// Read reads a part. The answer, which may be an error, gets its time anew as well.
func (b *flowingBody) Read(p []byte) (int, error) {
	// A connection that has no deadlines needs none.
	_ = b.control.SetReadDeadline(time.Now().Add(b.flow.read))
	_ = b.control.SetWriteDeadline(time.Now().Add(b.flow.read + b.flow.write))
	return b.ReadCloser.Read(p)
}

// flowingAnswer writes an answer, and gives each part of it the write timeout anew.
type flowingAnswer struct {
	http.ResponseWriter
	control *http.ResponseController
	still   time.Duration
}

// Unwrap returns the writer inside, for http.ResponseController.
func (a *flowingAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader begins the answer.
func (a *flowingAnswer) WriteHeader(code int) {
	a.move()
	a.ResponseWriter.WriteHeader(code)
}

// Write writes a part.
func (a *flowingAnswer) Write(p []byte) (int, error) {
	a.move()
	return a.ResponseWriter.Write(p)
}

// Flush sends what was written.
func (a *flowingAnswer) Flush() {
	a.move()
	_ = a.control.Flush() // The next write tells of a connection that is gone.
}

func (a *flowingAnswer) move() {
	_ = a.control.SetWriteDeadline(time.Now().Add(a.still)) // As for a body.
}

// body returns the body of a request with a deadline that moves.
func (f flow) body(w http.ResponseWriter, r *http.Request) io.ReadCloser {
	return &flowingBody{ReadCloser: r.Body, control: http.NewResponseController(w), flow: f}
}

// answer returns the writer of an answer with a deadline that moves. The body was read: what the client sends later has no deadline,
// which would end the call.
func (f flow) answer(w http.ResponseWriter) http.ResponseWriter {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // As for a body.
	return &flowingAnswer{ResponseWriter: w, control: control, still: f.write}
}

// headAnswer takes the header of an answer, and ends the call that gives it: its body may be large, or have no end.
type headAnswer struct {
	http.ResponseWriter
	end context.CancelFunc
}

// headerOnly returns an answer that ends the request once it has its header, and that request.
func headerOnly(w http.ResponseWriter, r *http.Request) (http.ResponseWriter, *http.Request) {
	ctx, end := context.WithCancel(r.Context())
	return &headAnswer{ResponseWriter: w, end: end}, r.WithContext(ctx)
}

// Unwrap returns the writer inside, for http.ResponseController.
func (a *headAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader writes the header, and ends the call.
func (a *headAnswer) WriteHeader(code int) {
	a.ResponseWriter.WriteHeader(code)
	a.end()
}

// Write writes the header if it was not written, and ends the call. The part is dropped.
func (a *headAnswer) Write(p []byte) (int, error) {
	defer a.end()
	return a.ResponseWriter.Write(p)
}

// Flush sends the header.
func (a *headAnswer) Flush() {
	_ = http.NewResponseController(a.ResponseWriter).Flush() // The next write tells of a connection that is gone.
	a.end()
}

// stoodStill reports whether reading a body ended because nothing came any more.
func stoodStill(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
