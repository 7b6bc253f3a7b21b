// Package home is the pages that a server shows to those who open it in a browser: what it is and where to read on, the reference of the
// API, and in a demo a form that asks whether an address may be contacted. They are for developers, and in English.
package home

import (
	"context"
	_ "embed"
	"net/http"
	"sync"

	"github.com/assent-io/assent/internal/web/page"
)

//go:embed home.html
var homeText string

//go:embed reference.html
var referenceText string

// maxForm is how large the form may be that is sent, in bytes.
const maxForm = 8 << 10

// Options are what the pages need.
type Options struct {
	// Version is that of the program.
	Version string
	// Document is the OpenAPI document. Required.
	Document []byte
	// Desk answers the form of a demo; nil: there is no form.
	Desk Desk
}

// Desk answers what the form asks.
type Desk interface {
	// Channels returns the channels that can be asked for.
	Channels(ctx context.Context) ([]Channel, error)
	// Ask returns whether the address may be contacted on the channel now.
	Ask(ctx context.Context, address, channel string) (Answer, error)
}

// Channel is one that can be chosen.
type Channel struct{ ID, Name string }

// Answer is what a check said.
type Answer struct {
	// Verdict is allow, deny or defer.
	Verdict string
	// Reason is the code of the reason, Explanation and Remedy are its sentences. There is no remedy where contact is allowed.
	Reason, Explanation, Remedy string
}

// Pages are the pages of a server.
type Pages struct {
	opts            Options
	home, reference *page.Page
	api             func() (*reference, error) // reads the document on the first call
}

// New returns the pages.
func New(opts Options) (*Pages, error) {
	layout, err := page.NewLayout()
	if err != nil {
		return nil, err
	}
	p := &Pages{opts: opts}
	if p.home, err = layout.NewPage(homeText); err != nil {
		return nil, err
	}
	if p.reference, err = layout.NewPage(referenceText); err != nil {
		return nil, err
	}
	p.api = sync.OnceValues(func() (*reference, error) { return readReference(opts.Document) })
	return p, nil
}

// homeData fills the first page.
type homeData struct {
	Version          string
	Base             string // of the URLs of the server
	Demo             bool
	Channels         []Channel
	Address, Channel string
	Answer           *Answer
	Problem          string
}

// ServeHome answers with the first page.
func (p *Pages) ServeHome(w http.ResponseWriter, r *http.Request) {
	p.writeHome(w, r, http.StatusOK, homeData{})
}

// ServeAsk answers the form of a demo.
func (p *Pages) ServeAsk(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.writeHome(w, r, http.StatusBadRequest, homeData{Problem: "The form could not be read."})
		return
	}
	data := homeData{Address: r.PostForm.Get("address"), Channel: r.PostForm.Get("channel")}
	answer, err := p.opts.Desk.Ask(r.Context(), data.Address, data.Channel)
	if err != nil {
		data.Problem = err.Error()
		p.writeHome(w, r, http.StatusBadRequest, data)
		return
	}
	data.Answer = &answer
	p.writeHome(w, r, http.StatusOK, data)
}

func (p *Pages) writeHome(w http.ResponseWriter, r *http.Request, code int, data homeData) {
	data.Version, data.Base = p.opts.Version, "http://"+r.Host
	if r.TLS != nil {
		data.Base = "https://" + r.Host
	}
	if p.opts.Desk != nil {
		channels, err := p.opts.Desk.Channels(r.Context())
		if err != nil && data.Problem == "" {
			data.Problem = err.Error()
		}
		data.Demo, data.Channels = true, channels
	}
	p.home.Write(w, code, data)
}

// ServeReference answers with the reference of the API.
func (p *Pages) ServeReference(w http.ResponseWriter, _ *http.Request) {
	api, err := p.api()
	if err != nil {
		http.Error(w, "the page could not be written", http.StatusInternalServerError)
		return
	}
	p.reference.Write(w, http.StatusOK, api)
}
