// Package e2e tests the whole program as its users have it: servers that listen, the command line, gRPC and REST, on both stores.
package e2e
