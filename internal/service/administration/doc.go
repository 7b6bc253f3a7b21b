// Package administration keeps the catalog and the clients.
package administration
