package handler

import (
	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// Register registers the services of assent.v1 with a server. Messages inside other messages are checked by the validation.
func Register(server grpc.ServiceRegistrar, use UseCases, checks Validation) {
	speaks := NewLanguages()
	assentv1.RegisterConsentServiceServer(server, &consentServer{
		check: use, receipts: use, record: use, links: use, speaks: speaks, checks: checks,
	})
	assentv1.RegisterSuppressionServiceServer(server, &suppressionServer{record: use})
	assentv1.RegisterHistoryServiceServer(server, &historyServer{history: use, record: use, rights: use, speaks: speaks})
	assentv1.RegisterCatalogServiceServer(server, &catalogServer{catalogs: use})
	assentv1.RegisterLedgerServiceServer(server, &ledgerServer{prover: use})
	assentv1.RegisterRetentionServiceServer(server, &retentionServer{remover: use})
	assentv1.RegisterClientServiceServer(server, &clientServer{clients: use})
	assentv1.RegisterConsumerServiceServer(server, &consumerServer{consumers: use})
}
