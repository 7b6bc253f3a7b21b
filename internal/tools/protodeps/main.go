// Command protodeps writes the third-party .proto files that Assent's own ones
// import into a folder, so that buf finds them without a schema registry.
//
// The files are printed from the descriptors inside Go modules that the server links anyway. buf therefore sees exactly
// the versions that go.sum pins, and the repository needs no copy of a third-party file.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"github.com/jhump/protoreflect/v2/protoprint"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/reflect/protoreflect"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: protodeps DIR")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "protodeps:", err)
		os.Exit(1)
	}
}

// roots lists the files that protos of this project may import.
func roots() []protoreflect.FileDescriptor {
	return []protoreflect.FileDescriptor{
		annotations.File_google_api_annotations_proto,
		annotations.File_google_api_client_proto,
		annotations.File_google_api_field_behavior_proto,
		annotations.File_google_api_resource_proto,
		validate.File_buf_validate_validate_proto,
	}
}

// write prints the roots and everything they import into dir. The files under
// google/protobuf are left out, because buf brings its own.
func write(dir string) error {
	files := make(map[string]protoreflect.FileDescriptor)
	for _, root := range roots() {
		collect(root, files)
	}
	printer := protoprint.Printer{}
	for path, file := range files {
		text, err := printer.PrintProtoToString(file)
		if err != nil {
			return fmt.Errorf("print %s: %w", path, err)
		}
		target := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// collect adds file and its imports to files, keyed by import path.
func collect(file protoreflect.FileDescriptor, files map[string]protoreflect.FileDescriptor) {
	path := file.Path()
	if strings.HasPrefix(path, "google/protobuf/") || files[path] != nil {
		return
	}
	files[path] = file
	imports := file.Imports()
	for i := range imports.Len() {
		collect(imports.Get(i).FileDescriptor, files)
	}
}
