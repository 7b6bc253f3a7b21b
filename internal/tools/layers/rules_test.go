package layers

import (
	"slices"
	"testing"
)

// The rules themselves are tested on packages that break them, so that a test
// over the real packages cannot hold for want of looking.

func TestEdgeFaults_ImportAgainstTheDirection_IsFound(t *testing.T) {
	p := pkg{ImportPath: module + "internal/service", Imports: []string{
		"time", module + "internal/storage", module + "internal/rpc", "example.com/other",
	}}
	got := edgeFaults(p, map[string][]string{"internal/service": {"internal/storage"}})
	if want := []string{"internal/service may not import internal/rpc"}; !slices.Equal(got, want) {
		t.Errorf("edgeFaults = %q, want %q", got, want)
	}
}

func TestEdgeFaults_PermissionThatIsNotUsed_IsFound(t *testing.T) {
	got := edgeFaults(pkg{ImportPath: module + "internal/service"}, map[string][]string{"internal/service": {"internal/storage"}})
	if want := []string{"internal/service does not import internal/storage: take it out of its row"}; !slices.Equal(got, want) {
		t.Errorf("edgeFaults = %q, want %q", got, want)
	}
}

func TestEdgeFaults_PackageWithoutARow_IsFound(t *testing.T) {
	if got := edgeFaults(pkg{ImportPath: module + "internal/util"}, allowed()); len(got) != 1 {
		t.Errorf("edgeFaults = %q, want one fault", got)
	}
}

func TestConfinementFaults_DriverOutsideItsAdapter_IsFound(t *testing.T) {
	driver := []string{"github.com/jackc/pgx/v5", "testing/fstest", "testingx"}
	got := confinementFaults(pkg{ImportPath: module + "internal/service", Imports: driver}, confined())
	want := []string{
		"internal/service may not import github.com/jackc/pgx/v5", "internal/service may not import testing/fstest",
	}
	if !slices.Equal(got, want) {
		t.Errorf("confinementFaults = %q, want %q", got, want)
	}
	home := pkg{ImportPath: module + "internal/storage/postgres", Imports: driver[:1]}
	if got := confinementFaults(home, confined()); len(got) != 0 {
		t.Errorf("confinementFaults in the adapter = %q, want none", got)
	}
}

func TestAllowed_FollowedFromAnyPackage_NeverComesBack(t *testing.T) {
	table := allowed()
	done := map[string]bool{} // No circle goes through these.
	var visit func(name string, path []string)
	visit = func(name string, path []string) {
		if slices.Contains(path, name) {
			t.Fatalf("the table allows a circle: %q", append(path, name))
		}
		if done[name] {
			return
		}
		for _, next := range table[name] {
			if _, ok := table[next]; !ok {
				t.Errorf("the row of %s names %s, which has no row", name, next)
			}
			visit(next, append(slices.Clone(path), name))
		}
		done[name] = true
	}
	for name := range table {
		visit(name, nil)
	}
}

func TestClockUses_AnyWayToAskTheClock_IsFound(t *testing.T) {
	cases := map[string]struct {
		src  string
		want int
	}{
		"the clock":           {"package p\nimport \"time\"\nvar _ = time.Now()\n", 1},
		"as a value":          {"package p\nimport \"time\"\nvar clock = time.Now\n", 1},
		"under another name":  {"package p\nimport clock \"time\"\nvar _ = clock.Since(clock.Time{})\n", 1},
		"a timer":             {"package p\nimport \"time\"\nvar _ = time.After(1)\n", 1},
		"no clock but a time": {"package p\nimport \"time\"\nvar _ = time.Unix(0, 0)\n", 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := clockUses(t, "p.go", c.src); len(got) != c.want {
				t.Errorf("clockUses = %q, want %d", got, c.want)
			}
		})
	}
}

func TestStandard_OnlyPathsWithoutADot(t *testing.T) {
	for path, want := range map[string]bool{"time": true, "net/http": true, "golang.org/x/text": false, module: false} {
		if got := standard(path); got != want {
			t.Errorf("standard(%q) = %v, want %v", path, got, want)
		}
	}
}
