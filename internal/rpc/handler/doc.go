// Package handler is the services of assent.v1: each method turns a message into words of the domain, calls a use case, and turns the
// answer into a message. It decides nothing. What is around a call is in package rpc above it.
package handler
