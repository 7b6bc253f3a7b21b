package verify

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" // Version 1 of the signatures of SNS.
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/intake/provider"
)

// A topic is what the ARN of an SNS topic says: arn:PARTITION:sns:REGION:ACCOUNT:NAME.
type topic struct{ host string }

// parseTopic reads an ARN. The host is that of SNS in the region of the topic, which has its certificates.
func parseTopic(arn string) (topic, bool) {
	const pattern = `^arn:(aws|aws-cn|aws-us-gov):sns:([a-z0-9-]{3,40}):[0-9]{12}:[A-Za-z0-9_-]{1,256}(?:\.fifo)?$`
	found := regexp.MustCompile(pattern).FindStringSubmatch(arn)
	if found == nil {
		return topic{}, false
	}
	host := "sns." + found[2] + ".amazonaws.com"
	if found[1] == "aws-cn" {
		host += ".cn"
	}
	return topic{host}, true
}

// verifySNS verifies a message of SNS (docs.aws.amazon.com/sns, "Verifying the signatures of Amazon SNS messages"). That its topic is expected
// comes first: nothing that an unexpected one says is looked at or fetched.
func verifySNS(ctx context.Context, source *Source, request *Request, now time.Time) (*Delivery, error) {
	envelope, err := readEnvelope(request)
	if err != nil {
		return nil, err
	}
	from, ok := source.topics[envelope["TopicArn"]]
	if !ok {
		return nil, refuse(provider.OtherTopic, "the topic is not one of the source")
	}
	for header, member := range map[string]string{
		"x-amz-sns-message-type": "Type", "x-amz-sns-message-id": "MessageId", "x-amz-sns-topic-arn": "TopicArn",
	} {
		if request.Header.Get(header) != envelope[member] {
			return nil, refuse(provider.BadHeader, "the header "+header+" says something else than the body")
		}
	}
	names, ok := signedMembers(envelope["Type"])
	if !ok {
		return nil, refuse(provider.Unreadable, "the type of the message is none of SNS")
	}
	if err := verifyEnvelope(ctx, source, envelope, names, from, now); err != nil {
		return nil, err
	}
	delivery := &Delivery{}
	switch envelope["Type"] {
	case "Notification":
		delivery.Body = []byte(envelope["Message"])
	case "SubscriptionConfirmation":
		if !isConfirmation(envelope["SubscribeURL"], envelope["TopicArn"], from) {
			return nil, refuse(provider.BadURL, "SubscribeURL is no confirmation of this topic")
		}
		delivery.Confirm = envelope["SubscribeURL"]
	case "UnsubscribeConfirmation":
		delivery.Ended = true
	}
	return delivery, nil
}

// readEnvelope reads the texts of a message of SNS, by names in their exact case.
func readEnvelope(request *Request) (map[string]string, error) {
	if request.Header.Get("x-amz-sns-rawdelivery") == "true" {
		return nil, refuse(provider.NoSignature, "the subscription delivers raw messages, which have no signature: turn raw message delivery off")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(request.Body, &members); err != nil {
		return nil, refuse(provider.Unreadable, "the body is no object")
	}
	envelope := map[string]string{}
	for name, raw := range members {
		var text *string
		if json.Unmarshal(raw, &text) == nil && text != nil {
			envelope[name] = *text
		}
	}
	return envelope, nil
}

// signedMembers returns the members that are signed for a type of message, in their order. Subject is signed only where there is one.
func signedMembers(kind string) ([]string, bool) {
	switch kind {
	case "Notification":
		return []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}, true
	case "SubscriptionConfirmation", "UnsubscribeConfirmation":
		return []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}, true
	}
	return nil, false
}

// verifyEnvelope verifies the signature of a message with the certificate that it names, if that is one of SNS.
func verifyEnvelope(ctx context.Context, source *Source, envelope map[string]string, names []string, from topic, now time.Time) error {
	var signed strings.Builder
	for _, name := range names {
		value, ok := envelope[name]
		switch {
		case ok:
			signed.WriteString(name + "\n" + value + "\n")
		case name != "Subject":
			return refuse(provider.Unreadable, "the message has no "+name)
		}
	}
	signature, err := base64.StdEncoding.DecodeString(envelope["Signature"])
	if err != nil || len(signature) == 0 {
		return refuse(provider.NoSignature, "the message has no signature")
	}
	address := envelope["SigningCertURL"]
	if !isCertificate(address, from) {
		return refuse(provider.BadURL, "SigningCertURL is not that of a certificate of SNS in the region of the topic")
	}
	certificate, err := source.certificates.Certificate(ctx, address, now)
	if err != nil {
		return err
	}
	return checkSignature(certificate, envelope["SignatureVersion"], []byte(signed.String()), signature, now)
}

// leastBits is the least length of a key of SNS.
const leastBits = 2048

// checkSignature verifies RSA by PKCS #1 v1.5: version 1 with SHA-1, version 2 with SHA-256.
func checkSignature(certificate *x509.Certificate, version string, signed, signature []byte, now time.Time) error {
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < leastBits || now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		return refuse(provider.BadSignature, "the certificate has expired, or its key is none of SNS")
	}
	var err error
	switch version {
	case "1":
		digest := sha1.Sum(signed) // As the version says; the certificate is that of SNS all the same.
		err = rsa.VerifyPKCS1v15(key, crypto.SHA1, digest[:], signature)
	case "2":
		digest := sha256.Sum256(signed)
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature)
	default:
		return refuse(provider.BadSignature, "the version of the signature is neither 1 nor 2")
	}
	if err != nil {
		return refuse(provider.BadSignature, "the signature does not fit the message")
	}
	return nil
}

// isCertificate reports whether a URL is that of a certificate of SNS in the region of a topic.
func isCertificate(text string, from topic) bool {
	address, ok := ofSNS(text, from)
	const pattern = `^/SimpleNotificationService(-[A-Za-z0-9]{1,100})?\.pem$`
	return ok && address.RawQuery == "" && regexp.MustCompile(pattern).MatchString(address.EscapedPath())
}

// isConfirmation reports whether a URL is that by which a subscription to a topic is confirmed.
func isConfirmation(text, arn string, from topic) bool {
	address, ok := ofSNS(text, from)
	if !ok || (address.Path != "/" && address.Path != "") {
		return false
	}
	query := address.Query()
	return query.Get("Action") == "ConfirmSubscription" && query.Get("TopicArn") == arn && query.Get("Token") != ""
}

// ofSNS reads a URL of SNS in the region of a topic.
func ofSNS(text string, from topic) (*url.URL, bool) {
	address, err := url.Parse(text)
	if err != nil || address.Scheme != "https" || address.Host != from.host || address.User != nil || address.Fragment != "" || address.Opaque != "" {
		return nil, false
	}
	return address, true
}
