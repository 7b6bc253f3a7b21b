// Package dial is how a program becomes a client of a server: the flags and variables that say where the server is, TLS and the API
// key, calls that are made again while the server is away, and errors that say what may help. It knows no command.
package dial
