package verify

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/intake/provider"
)

// Settings are what an operator says of a source.
type Settings struct {
	Kind provider.Kind
	// Secrets are as the console of the provider shows them, each of which proves a request: more than one while a secret is replaced, or for
	// sub-accounts. SendGrid: the public key of the Event Webhook. Mailgun: the HTTP webhook signing key. Mandrill: the webhook key. Resend:
	// the signing secret, whsec_…. Postmark, Brevo, Mailjet and SparkPost: the password of the URL, or the bearer token. SES has none.
	Secrets [][]byte
	// User is the name before the password, for providers that do not sign.
	User string
	// URL is the address as it was entered in the console, byte by byte; Mandrill signs it.
	URL string
	// Topics are the ARNs of the SNS topics that may send, for SES.
	Topics []string
	// Certificates gets the certificates of SNS, for SES.
	Certificates Certificates
}

// Source is one account of a provider that reports here. It may be used by several goroutines.
type Source struct {
	kind         provider.Kind
	secrets      [][]byte
	keys         []*ecdsa.PublicKey
	user, url    string
	topics       map[string]topic
	certificates Certificates
}

// New checks settings. The error is a [*fault.Error] that names the field, and never has a secret in it.
func New(settings Settings) (*Source, error) {
	source := &Source{kind: settings.Kind, user: settings.User, url: settings.URL, certificates: settings.Certificates}
	if settings.Kind == provider.SES {
		if err := source.takeTopics(settings); err != nil {
			return nil, err
		}
		return source, nil
	}
	if len(settings.Secrets) == 0 {
		return nil, fault.Errorf(fault.InvalidRequest, "secret", "a source of the kind %s needs a secret", settings.Kind)
	}
	for _, secret := range settings.Secrets {
		if err := source.takeSecret(bytes.TrimSpace(secret)); err != nil {
			return nil, err
		}
	}
	switch settings.Kind {
	case provider.Mandrill:
		address, err := url.Parse(settings.URL)
		if err != nil || address.Scheme != "https" || address.Host == "" {
			return nil, fault.Errorf(fault.InvalidRequest, "url", "Mandrill signs the address of the webhook: give it as it is entered there, https://…")
		}
	case provider.Postmark, provider.Brevo, provider.Mailjet, provider.SparkPost:
		if settings.User == "" || strings.Contains(settings.User, ":") {
			return nil, fault.Errorf(fault.InvalidRequest, "user", "give the user name of the address of the webhook, without a colon")
		}
	case provider.SES, provider.SendGrid, provider.Mailgun, provider.Resend:
	}
	return source, nil
}

// takeTopics reads the topics of a source of SES.
func (s *Source) takeTopics(settings Settings) error {
	if len(settings.Secrets) > 0 {
		return fault.Errorf(fault.InvalidRequest, "secret", "SNS signs with a certificate: a source of the kind ses has no secret")
	}
	if len(settings.Topics) == 0 || settings.Certificates == nil {
		return fault.Errorf(fault.InvalidRequest, "topics", "name each SNS topic that may send by its ARN, such as arn:aws:sns:eu-central-1:123456789012:feedback")
	}
	s.topics = map[string]topic{}
	for _, arn := range settings.Topics {
		one, ok := parseTopic(arn)
		if !ok {
			return fault.Errorf(fault.InvalidRequest, "topics", "%q is no ARN of an SNS topic, such as arn:aws:sns:eu-central-1:123456789012:feedback", arn)
		}
		s.topics[arn] = one
	}
	return nil
}

// leastSecret is the least bytes of a secret: providers make longer ones.
const leastSecret = 16

// takeSecret reads one secret.
func (s *Source) takeSecret(secret []byte) error {
	switch s.kind {
	case provider.SendGrid:
		key, ok := publicKey(secret)
		if !ok {
			return fault.Errorf(fault.InvalidRequest, "secret", "this is no public key of SendGrid: copy the verification key of the Event Webhook, "+
				"which is base64 and begins with MFkw")
		}
		s.keys = append(s.keys, key)
		return nil
	case provider.Resend:
		// What is signed with is the decoded secret, without its prefix.
		decoded, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(secret), "whsec_"))
		if err != nil {
			return fault.Errorf(fault.InvalidRequest, "secret", "this is no signing secret: it is whsec_ and base64 after it")
		}
		secret = decoded
	case provider.Mailgun, provider.SES, provider.Mandrill, provider.Postmark, provider.Brevo, provider.Mailjet, provider.SparkPost:
	default:
		return fault.Errorf(fault.InvalidRequest, "kind", "there is no provider of the kind %q", s.kind)
	}
	if len(secret) < leastSecret {
		return fault.Errorf(fault.InvalidRequest, "secret", "the secret has %d bytes: use one of at least %d", len(secret), leastSecret)
	}
	s.secrets = append(s.secrets, secret)
	return nil
}

// publicKey reads a key on the curve P-256 as SendGrid shows it: base64 of DER (RFC 5480).
func publicKey(text []byte) (*ecdsa.PublicKey, bool) {
	der, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return nil, false
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, false
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	return key, ok && key.Curve == elliptic.P256()
}
