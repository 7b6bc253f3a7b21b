package cli

import (
	"context"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/assent-io/assent/internal/telemetry"
)

// version says which build this is.
func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version of this program",
		Args:  noArguments,
		RunE: a.does(func(context.Context, []string) error {
			if a.JSON() {
				return a.PrintJSON(struct {
					Version   string `json:"version"`
					GoVersion string `json:"goVersion"`
					Platform  string `json:"platform"`
				}{telemetry.BuildVersion(), runtime.Version(), platform()})
			}
			return a.Print(versionLine())
		}),
	}
}

// versionLine is what assent version and assent --version write.
func versionLine() string {
	return fmt.Sprintf("assent %s (%s, %s)\n", telemetry.BuildVersion(), runtime.Version(), platform())
}

func platform() string { return runtime.GOOS + "/" + runtime.GOARCH }
