// Package ecgservice asks the web service of the Austrian ECG list which digests are on it. The contract is that of its clients: a POST of JSON,
// `{"emails": [digest, …], "hashed": true, "contained": true}` with SHA-512 in hexadecimal digits, to which the answer is
// `{"emails": [those that are listed]}`.
package ecgservice

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Digest is a SHA-512.
type Digest = [64]byte

// Client asks the service.
type Client struct {
	URL  string
	Key  string       // of the API
	HTTP *http.Client // follows no redirects
	Wait func(ctx context.Context, d time.Duration) error
}

// How often and how long the service is asked.
const (
	timeout  = time.Minute
	tries    = 4
	maxWait  = 5 * time.Minute
	backoff  = 2 * time.Second
	maxReply = 1 << 20
)

// New returns a client that follows no redirect: what is asked goes to the service alone.
func New(url, key string) *Client {
	return &Client{
		URL: url, Key: key,
		HTTP: &http.Client{
			Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		Wait: func(ctx context.Context, d time.Duration) error {
			timer := time.NewTimer(d)
			defer timer.Stop()
			select {
			case <-timer.C:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	}
}

// again is an error after which the same may be asked again.
type again struct {
	error

	after time.Duration // 0: it is not said when
}

// encrypted returns an error for a URL by which the key and the digests would go in clear: any but https, unless it stays on this machine.
func encrypted(u *url.URL) error {
	ip, err := netip.ParseAddr(u.Hostname())
	if u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback()) {
		return nil
	}
	return errors.New("the URL of the service must begin with https://, for its key and the digests would go in clear")
}

// Ask returns which of the digests are on the list. It asks again where the service is busy or away. What is not an answer to exactly these
// digests is an error: then nothing is known about any of them.
func (c *Client) Ask(ctx context.Context, digests []Digest) (map[Digest]bool, error) {
	for try := 1; ; try++ {
		listed, err := c.ask(ctx, digests)
		var busy *again
		if !errors.As(err, &busy) || try == tries {
			return listed, err
		}
		wait := busy.after
		if wait == 0 {
			wait = backoff << (try - 1)
		}
		if wait > maxWait {
			return nil, fmt.Errorf("%w, and it says to come back in %s", err, wait)
		}
		if err := c.Wait(ctx, wait); err != nil {
			return nil, err
		}
	}
}

func (c *Client) ask(ctx context.Context, digests []Digest) (map[Digest]bool, error) {
	asked := make(map[string]Digest, len(digests))
	in := struct {
		Emails    []string `json:"emails"`
		Hashed    bool     `json:"hashed"`
		Contained bool     `json:"contained"`
	}{Hashed: true, Contained: true}
	for _, d := range digests {
		text := fmt.Sprintf("%x", d)
		asked[text] = d
		in.Emails = append(in.Emails, text)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("the URL of the service is wrong: %w", err)
	}
	if err := encrypted(request.URL); err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-API-KEY", c.Key)
	response, err := c.HTTP.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &again{error: fmt.Errorf("the service did not answer: %w", err)}
	}
	defer response.Body.Close() //nolint:errcheck // It was only read.
	reply, err := io.ReadAll(io.LimitReader(response.Body, maxReply+1))
	if err != nil {
		return nil, &again{error: fmt.Errorf("the answer of the service broke off: %w", err)}
	}
	if err := problemOf(response, reply); err != nil {
		return nil, err
	}
	return readAnswer(reply, asked)
}

// problemOf returns what the status of an answer says against it.
func problemOf(response *http.Response, reply []byte) error {
	var said struct {
		Message string `json:"message"`
	}
	_ = json.Unmarshal(reply, &said) // Without a message the status has to do.
	err := fmt.Errorf("the service answered with the status %d %.100q", response.StatusCode, said.Message)
	switch status := response.StatusCode; {
	case status == http.StatusOK && len(reply) > maxReply:
		return errors.New("the answer of the service is larger than any right one")
	case status == http.StatusOK:
		return nil
	case status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		return &again{error: err, after: retryAfter(response.Header.Get("Retry-After"))}
	case status >= 300 && status < 400:
		return fmt.Errorf("%w: it redirects to another place, which is not followed", err)
	default:
		return err
	}
}

// retryAfter reads the header of this name; 0 if it does not say it in seconds.
func retryAfter(header string) time.Duration {
	seconds, err := strconv.Atoi(strings.TrimSpace(header))
	if err != nil || seconds < 0 || seconds > 1<<20 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// readAnswer reads an answer. It must name nothing that was not asked.
func readAnswer(reply []byte, asked map[string]Digest) (map[Digest]bool, error) {
	var answer struct {
		Emails  *[]string `json:"emails"`
		Message string    `json:"message"`
	}
	if err := json.Unmarshal(reply, &answer); err != nil {
		return nil, errors.New("the answer of the service is not the JSON that it should be")
	}
	if answer.Emails == nil {
		return nil, fmt.Errorf("the answer of the service names no digests, not even none; its message is %.100q", answer.Message)
	}
	listed := make(map[Digest]bool, len(*answer.Emails))
	for _, text := range *answer.Emails {
		d, ok := asked[strings.ToLower(text)]
		if !ok {
			return nil, errors.New("the answer of the service names a digest that it was not asked about")
		}
		listed[d] = true
	}
	return listed, nil
}
