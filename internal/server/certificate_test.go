package server_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/assent-io/assent/internal/config"
)

// renewed is a server with a certificate that changes.
type renewed struct {
	*running
	cert, key string // paths
}

// copyFile replaces a file by the contents of another.
func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to+".new", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(to+".new", to); err != nil {
		t.Fatal(err)
	}
}

// runTLS starts a server over copies of the certificate and its key.
func runTLS(t *testing.T, cert, key string) *renewed {
	t.Helper()
	dir := t.TempDir()
	r := &renewed{cert: filepath.Join(dir, "tls.crt"), key: filepath.Join(dir, "tls.key")}
	copyFile(t, cert, r.cert)
	copyFile(t, key, r.key)
	r.running = run(t, withTLS(settings(t), r.cert, r.key))
	return r
}

func withTLS(cfg config.Server, cert, key string) config.Server {
	cfg.TLSCert, cfg.TLSKey = cert, key
	return cfg
}

// serves reports whether new connections by HTTPS and by gRPC are secured by the certificate, and answered.
func (r *running) serves(pool *x509.CertPool) bool {
	r.t.Helper()
	secure := &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	byHTTP, byGRPC := r.getReady(secure), r.checkHealth(secure)
	if (byHTTP == nil) != (byGRPC == nil) {
		r.t.Errorf("HTTPS and gRPC do not agree: %v, %v", byHTTP, byGRPC)
	}
	return byHTTP == nil && byGRPC == nil
}

func (r *running) getReady(secure *tls.Config) error {
	transport := &http.Transport{TLSClientConfig: secure.Clone()}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+r.at.HTTP+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// metrics returns the page of metrics.
func (r *running) metrics(pool *x509.CertPool) string {
	r.t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "https://"+r.at.HTTP+"/metrics", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.admin)
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	page, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		r.t.Fatal(err)
	}
	return string(page)
}

func (r *running) checkHealth(secure *tls.Config) error {
	conn, err := grpc.NewClient("passthrough:///"+r.at.GRPC, grpc.WithTransportCredentials(credentials.NewTLS(secure)))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	_, err = grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	return err
}

func (r *running) wantServes(what string, pool *x509.CertPool) {
	r.t.Helper()
	if !r.serves(pool) {
		r.t.Errorf("%s: it does not serve the certificate", what)
	}
}

func TestTLS_FilesReplaced_NewHandshakesGetTheNewCertificate(t *testing.T) {
	cert, key, old := certificate(t, time.Now().Add(time.Hour))
	newCert, newKey, pool := certificate(t, time.Now().Add(2*time.Hour))
	r := runTLS(t, cert, key)
	r.wantServes("at start", old)
	copyFile(t, newCert, r.cert)
	copyFile(t, newKey, r.key)
	r.wantServes("within the second", old)
	r.clock.Advance(time.Second)
	r.wantServes("a second later", pool)
	if want := "\nassent_tls_certificate_not_after_seconds 1."; !strings.Contains(r.metrics(pool), want) {
		t.Errorf("the metrics lack %s", want)
	}
	if r.serves(old) {
		t.Error("the old certificate is still served")
	}
	if got := strings.Count(r.log.String(), "took the new certificate"); got != 1 {
		t.Errorf("the log says %d times that there is a new certificate:\n%s", got, r.log)
	}
}

func TestTLS_NewPairThatIsNotRight_KeepsTheOldOneAndIsLoggedOnce(t *testing.T) {
	cert, key, old := certificate(t, time.Now().Add(time.Hour))
	newCert, newKey, pool := certificate(t, time.Now().Add(2*time.Hour))
	endedCert, endedKey, _ := certificate(t, start.Add(-time.Hour))
	const complaint = "the old one stays in use"
	for name, spoil := range map[string]func(r *renewed){
		"key of the old one": func(r *renewed) { copyFile(t, newCert, r.cert) },
		"no certificate": func(r *renewed) {
			if err := os.WriteFile(r.cert, []byte("half"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"gone": func(r *renewed) {
			if err := os.Remove(r.key); err != nil {
				t.Fatal(err)
			}
		},
		"ended": func(r *renewed) { copyFile(t, endedCert, r.cert); copyFile(t, endedKey, r.key) },
	} {
		t.Run(name, func(t *testing.T) {
			r := runTLS(t, cert, key)
			spoil(r)
			for range 3 {
				r.clock.Advance(time.Second)
				r.wantServes("with a wrong pair", old)
			}
			if got := strings.Count(r.log.String(), complaint); got != 1 {
				t.Errorf("the log complains %d times:\n%s", got, r.log)
			}
			copyFile(t, newCert, r.cert)
			copyFile(t, newKey, r.key)
			r.clock.Advance(time.Second)
			r.wantServes("once it is mended", pool)
		})
	}
}

// TestTLS_LinksSwapped_AreFollowed changes files as Kubernetes changes those of a secret: the paths are links through a link to a
// folder, and only that one is replaced.
func TestTLS_LinksSwapped_AreFollowed(t *testing.T) {
	dir := t.TempDir()
	link := func(target, name string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(dir, name+".new")); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, name+".new"), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	var pools []*x509.CertPool
	sameTime := time.Now()
	for _, version := range []string{"..1", "..2"} {
		cert, key, pool := certificate(t, time.Now().Add(time.Hour))
		if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
			t.Fatal(err)
		}
		for from, name := range map[string]string{cert: "tls.crt", key: "tls.key"} {
			to := filepath.Join(dir, version, name)
			copyFile(t, from, to)
			if err := os.Chtimes(to, sameTime, sameTime); err != nil {
				t.Fatal(err)
			}
		}
		pools = append(pools, pool)
	}
	link("..1", "..data")
	link(filepath.Join("..data", "tls.crt"), "tls.crt")
	link(filepath.Join("..data", "tls.key"), "tls.key")
	r := run(t, withTLS(settings(t), filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")))
	r.wantServes("at start", pools[0])
	link("..2", "..data")
	r.clock.Advance(time.Second)
	r.wantServes("after the swap", pools[1])
}

func TestTLS_ConnectionsThatAreOpen_OutliveTheChange(t *testing.T) {
	cert, key, old := certificate(t, time.Now().Add(time.Hour))
	newCert, newKey, pool := certificate(t, time.Now().Add(2*time.Hour))
	r := runTLS(t, cert, key)
	conn, err := (&tls.Dialer{
		NetDialer: &net.Dialer{Timeout: patience}, Config: &tls.Config{RootCAs: old, MinVersion: tls.VersionTLS12},
	}).DialContext(t.Context(), "tcp", r.at.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	copyFile(t, newCert, r.cert)
	copyFile(t, newKey, r.key)
	r.clock.Advance(time.Second)
	r.wantServes("after the change", pool)
	if _, err := conn.Write([]byte("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, len("HTTP/1.1 200"))
	if _, err := conn.Read(answer); err != nil || string(answer) != "HTTP/1.1 200" {
		t.Errorf("got %q, %v", answer, err)
	}
}
