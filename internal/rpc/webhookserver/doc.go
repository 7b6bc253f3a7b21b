// Package webhookserver is the gRPC service of webhooks: it turns messages into requests of package webhooks and back.
package webhookserver
