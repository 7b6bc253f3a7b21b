package rpc

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

type deadlineKey struct{}

func TestDeadline_EndsLikeAContextWithATimer_WhoeverWaits(t *testing.T) {
	later := func(d *deadline) error {
		<-time.After(time.Second)
		return d.Err()
	}
	for name, ended := range map[string]func(d *deadline) error{
		"asked":       later,
		"asked twice": func(d *deadline) error { return errors.Join(later(d), d.Err()) },
		"waited for": func(d *deadline) error {
			<-d.Done()
			return d.Err()
		},
		"a child waits": func(d *deadline) error {
			child, cancel := context.WithCancel(context.WithValue(d, deadlineKey{}, 1))
			defer cancel()
			<-child.Done()
			return child.Err()
		},
		"something is run after it": func(d *deadline) error {
			ran := make(chan struct{})
			defer context.AfterFunc(d, func() { close(ran) })()
			<-ran
			return d.Err()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				d := withDefaultDeadline(t.Context(), time.Second)
				defer d.release()
				if err := d.Err(); err != nil {
					t.Fatalf("at once: %v", err)
				}
				if at, ok := d.Deadline(); !ok || !at.Equal(began.Add(time.Second)) {
					t.Errorf("the deadline is %v, %v", at, ok)
				}
				if err := ended(d); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
					t.Errorf("got %v after %v", err, time.Since(began))
				}
			})
		})
	}
}

func TestDeadline_GivenByTheCaller_Stands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		given, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		d := withDefaultDeadline(given, time.Second)
		defer d.release()
		began := time.Now()
		<-d.Done()
		if time.Since(began) != time.Minute || !errors.Is(d.Err(), context.DeadlineExceeded) {
			t.Errorf("it ended after %v: %v", time.Since(began), d.Err())
		}
	})
}

func TestDeadline_CallerGoesAway_EndsIt(t *testing.T) {
	for _, waits := range []bool{true, false} {
		gone, leave := context.WithCancel(t.Context())
		d := withDefaultDeadline(context.WithValue(gone, deadlineKey{}, "kept"), time.Hour)
		defer d.release()
		var done <-chan struct{}
		if waits {
			done = d.Done()
		}
		leave()
		if waits {
			<-done
		}
		if !errors.Is(d.Err(), context.Canceled) || d.Value(deadlineKey{}) != "kept" {
			t.Errorf("got %v, %v", d.Err(), d.Value(deadlineKey{}))
		}
	}
}

func TestDeadline_CallIsOver_EndsIt(t *testing.T) {
	given, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	for _, parent := range []context.Context{t.Context(), given} {
		for _, waits := range []bool{true, false} {
			d := withDefaultDeadline(parent, time.Hour)
			if waits {
				_ = d.Done()
			}
			d.release()
			<-d.Done()
			if !errors.Is(d.Err(), context.Canceled) {
				t.Errorf("waited %v: %v", waits, d.Err())
			}
		}
	}
}
