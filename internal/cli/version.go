package cli

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version says which build this is.
func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which version this is",
		Args:  cobra.NoArgs,
		RunE: a.does(func(context.Context, []string) error {
			if a.json() {
				return a.writeJSON(struct {
					Version   string `json:"version"`
					GoVersion string `json:"goVersion"`
					Platform  string `json:"platform"`
				}{buildVersion(), runtime.Version(), platform()})
			}
			return a.write(versionLine())
		}),
	}
}

// versionLine is what assent version and assent --version write.
func versionLine() string {
	return fmt.Sprintf("assent %s (%s, %s)\n", buildVersion(), runtime.Version(), platform())
}

func platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

// buildVersion returns the module's version, or the commit it was built from.
func buildVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	commit, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+changes"
		}
	}
	if commit == "" {
		return "devel"
	}
	return commit[:min(12, len(commit))] + changed
}
