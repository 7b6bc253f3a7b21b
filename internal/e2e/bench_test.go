package e2e

import (
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/seal"
)

func TestBench_WhatWasLoadedWithAnotherSeed_IsRefused(t *testing.T) {
	db := newDatabase(t, "sqlite")
	if _, err := seal.Create(db.keys); err != nil {
		t.Fatal(err)
	}
	s := db.serve(nil)
	if code, _, stderr := command(t, s.GRPC, s.key, "bench", "load", "50", "--seed", "2"); code != 0 {
		t.Fatalf("load: exit %d: %s", code, stderr)
	}
	s.stop()
	measure := func(seed string) (code int, stderr string) {
		code, _, stderr = command(t, "", "", "bench", "--database-url", db.url, "--keys", db.keys, "--seed", seed, "--only", "^withdraw$",
			"--duration", "20ms", "--recipients", "50")
		return code, stderr
	}
	if code, stderr := measure("1"); code != 1 || !strings.Contains(stderr, "bench load --seed 1") || !strings.Contains(stderr, "another seed") {
		t.Errorf("with another seed: exit %d: %s", code, stderr)
	}
	if code, stderr := measure("2"); code != 0 {
		t.Errorf("with its seed: exit %d: %s", code, stderr)
	}
}
