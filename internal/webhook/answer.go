package webhook

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Outcome is what one attempt came to. The set is closed, so that it can label metrics.
type Outcome string

// The outcomes. All but [Delivered] and [Gone] lead to another attempt, as [Next] says.
const (
	// Delivered is an answer of 200 to 299: the receiver took the message. What the answer contains does not count.
	Delivered Outcome = "DELIVERED"
	// Gone is the answer 410: the receiver wants no more, and its endpoint is disabled.
	Gone Outcome = "GONE"
	// Redirected is an answer of 300 to 399. No redirect is followed: it could lead to an address that was not checked.
	Redirected Outcome = "REDIRECTED"
	// Throttled is the answer 429; its header Retry-After counts.
	Throttled Outcome = "THROTTLED"
	// Rejected is any other answer of 400 to 499.
	Rejected Outcome = "REJECTED"
	// Overloaded is the answer 503; its header Retry-After counts.
	Overloaded Outcome = "OVERLOADED"
	// ServerError is any other answer of 500 to 599.
	ServerError Outcome = "SERVER_ERROR"
	// BadAnswer is what is not an answer of HTTP, or has another status.
	BadAnswer Outcome = "BAD_ANSWER"
	// TimedOut is no answer in time. The receiver may have taken the message all the same.
	TimedOut Outcome = "TIMED_OUT"
	// ConnectionLost is a connection that ended before the answer. The receiver may have taken the message all the same.
	ConnectionLost Outcome = "CONNECTION_LOST"
	// Unreachable is a host with which no connection could be made.
	Unreachable Outcome = "UNREACHABLE"
	// NameUnresolved is a host that DNS does not know, or DNS that did not answer.
	NameUnresolved Outcome = "NAME_UNRESOLVED"
	// TLSFailed is a certificate that is not right, or a receiver that does not speak TLS 1.2 or 1.3.
	TLSFailed Outcome = "TLS_FAILED"
	// AddressRefused is a host that led to an address that webhooks are not sent to. Nothing was sent.
	AddressRefused Outcome = "ADDRESS_REFUSED"
	// Cancelled is an attempt that the sender broke off, such as when a server stops. It does not count as an attempt.
	Cancelled Outcome = "CANCELLED"
)

// Outcomes returns every outcome there is.
func Outcomes() []Outcome {
	return []Outcome{
		Delivered, Gone, Redirected, Throttled, Rejected, Overloaded, ServerError, BadAnswer, TimedOut, ConnectionLost, Unreachable,
		NameUnresolved, TLSFailed, AddressRefused, Cancelled,
	}
}

// Answer is what came of one attempt.
type Answer struct {
	Outcome Outcome
	Status  int // of HTTP; 0 without an answer
	// Text is a sentence about the outcome for people. It holds nothing that the receiver wrote, and no part of the URL.
	Text string
	// Excerpt is the beginning of the answer of a receiver that did not take the message, in at most 200 characters, on one line, without
	// what may be an address or a token. It is for the owner of the endpoint, not for logs.
	Excerpt string
	// RetryAfter is how long the receiver asked to wait: at most 24 hours, 0 if it did not ask.
	RetryAfter time.Duration
	// Took is how long the attempt lasted.
	Took time.Duration
}

// outcomeOf returns the outcome of an answer with a status.
func outcomeOf(status int) Outcome {
	switch {
	case status >= 200 && status <= 299:
		return Delivered
	case status >= 300 && status <= 399:
		return Redirected
	case status == http.StatusGone:
		return Gone
	case status == http.StatusTooManyRequests:
		return Throttled
	case status >= 400 && status <= 499:
		return Rejected
	case status == http.StatusServiceUnavailable:
		return Overloaded
	case status >= 500 && status <= 599:
		return ServerError
	}
	return BadAnswer
}

// answered returns the answer for a response with what was read of its body.
func answered(response *http.Response, body []byte, now time.Time) Answer {
	a := Answer{Outcome: outcomeOf(response.StatusCode), Status: response.StatusCode}
	a.Text = strings.TrimSpace("the receiver answered HTTP " + strconv.Itoa(a.Status) + " " + http.StatusText(a.Status))
	switch a.Outcome {
	case Delivered:
		return a
	case Redirected:
		a.Text += "; redirects are not followed: set the new URL for the webhook"
	case Gone:
		a.Text += "; the endpoint is disabled until it is enabled again"
	case Throttled, Overloaded:
		a.RetryAfter = retryAfter(response.Header.Get("Retry-After"), now)
	default:
	}
	a.Excerpt = excerpt(string(body))
	return a
}

const (
	// excerptLength is the most characters of an excerpt.
	excerptLength = 200
	// wordLength is the most characters of a word in it: what is longer is encoded data or a token rather than a message.
	wordLength = 60
	// hidden stands for words that are left out.
	hidden = "[…]"
)

// excerpt returns the beginning of a text on one line. A receiver may repeat what it was sent, so words with an at sign, in any usual
// spelling of it, are left out with their neighbours, and so are long words.
func excerpt(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1 // marks that are not visible, such as those that turn the direction of writing
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	at := regexp.MustCompile(`(?i)[@＠﹫]|%(25)*40|=40|u0040|#x0*40|#0*64|&commat|\Wat\W`)
	words := strings.Fields(text)
	shown := make([]string, len(words))
	for i, word := range words {
		shown[i] = word
		if len([]rune(word)) > wordLength {
			shown[i] = hidden
		}
		for _, near := range words[max(i-1, 0):min(i+2, len(words))] {
			if at.MatchString(near) {
				shown[i] = hidden
			}
		}
	}
	line := []rune(strings.Join(shown, " "))
	if len(line) > excerptLength {
		line = append(line[:excerptLength-1], '…')
	}
	return string(line)
}
