package rpc

import (
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Companion is a service that a server has beside those of the API, and inside the same layers: what is measured against the API
// is such a one. For each of its methods holds what holds for the method of that name of an own service.
type Companion struct {
	// Desc describes the service.
	Desc grpc.ServiceDesc
	// Implementation implements it.
	Implementation any
	// Like is the full name of the own service, as assent.v1.ConsentService.
	Like string
}

// addRows gives the methods of the companion their rows.
func (c *Companion) addRows(table map[string]method) error {
	var names []string
	for i := range c.Desc.Methods {
		names = append(names, c.Desc.Methods[i].MethodName)
	}
	for i := range c.Desc.Streams {
		names = append(names, c.Desc.Streams[i].StreamName)
	}
	for _, name := range names {
		own := fullName(c.Like, name)
		row, known := table[own]
		if !known {
			return fmt.Errorf("the companion %s has a method %s, but there is no %s", c.Desc.ServiceName, name, own)
		}
		table[fullName(c.Desc.ServiceName, name)] = row
	}
	return nil
}

// descriptorName returns the name of the descriptor of a method.
func descriptorName(fullMethod string) protoreflect.FullName {
	return protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(fullMethod, "/"), "/", "."))
}

func fullName(service, method string) string { return "/" + service + "/" + method }
