package e2e

import (
	"bytes"
	"io"
	"strings"
	"testing"

	bench "github.com/assent-io/assent/internal/bench/command"
	"github.com/assent-io/assent/internal/seal"
)

// benchCommand runs assent-bench as a client of the server.
func benchCommand(t *testing.T, grpcAddress, key string, args ...string) (code int, stderr string) {
	t.Helper()
	env := map[string]string{"ASSENT_SERVER": grpcAddress, "ASSENT_API_KEY": key}
	var err bytes.Buffer
	code = bench.Run(t.Context(), args, func(name string) (string, bool) { value, ok := env[name]; return value, ok }, io.Discard, &err)
	return code, err.String()
}

func TestBench_WhatWasLoadedWithAnotherSeed_IsRefused(t *testing.T) {
	db := newDatabase(t, "sqlite")
	if _, err := seal.Create(db.keys); err != nil {
		t.Fatal(err)
	}
	s := db.serve(nil)
	if code, stderr := benchCommand(t, s.GRPC, s.key, "load", "50", "--seed", "2"); code != 0 {
		t.Fatalf("load: exit %d: %s", code, stderr)
	}
	s.stop()
	measure := func(seed string) (code int, stderr string) {
		return benchCommand(t, "", "", "--database-url", db.url, "--keys", db.keys, "--seed", seed, "--only", "^withdraw$",
			"--duration", "20ms", "--recipients", "50")
	}
	if code, stderr := measure("1"); code != 1 || !strings.Contains(stderr, "bench load --seed 1") || !strings.Contains(stderr, "another seed") {
		t.Errorf("with another seed: exit %d: %s", code, stderr)
	}
	if code, stderr := measure("2"); code != 0 {
		t.Errorf("with its seed: exit %d: %s", code, stderr)
	}
}
