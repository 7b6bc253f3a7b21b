// Package layers has no code of its own. Its tests hold the directions in which
// the packages of this module may import each other, which packages may know
// of SQL drivers and of gRPC, and that the domain is pure.
package layers
