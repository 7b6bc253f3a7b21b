package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/rest"
)

// descriptors writes the API for clients that are not generated from the proto files.
func (a *app) descriptors() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "descriptors --out FILE",
		Short: "Write the gRPC API as a descriptor set",
		Long: "Write the gRPC API of this version as a google.protobuf.FileDescriptorSet with all imports, for tools such as\n" +
			"grpcurl -protoset, protoc --descriptor_set_in and the proto loader of Node.js. A server serves the same file at /assent.fds.",
		Example: "  assent descriptors --out assent.fds",
		Args:    noArguments,
		RunE: a.does(func(context.Context, []string) error {
			if out == "" {
				return terminal.Usagef("--out is missing: the file to write, or - for standard output")
			}
			set, err := rest.Descriptors()
			if err != nil {
				return err
			}
			if out == listfile.Standard {
				return a.Print(string(set))
			}
			if err := os.WriteFile(out, set, 0o644); err != nil { //nolint:gosec // The API is public.
				return fmt.Errorf("--out: %w", err)
			}
			return nil
		}),
	}
	cmd.Flags().StringVar(&out, "out", "", "file to write, replaced if it exists; - is standard output")
	return cmd
}
