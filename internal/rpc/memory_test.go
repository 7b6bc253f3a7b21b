package rpc_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/service/administration"
)

// bomb returns a gRPC message that is small, and large once it is unpacked: so many bytes, which are elements without content.
func bomb(t *testing.T, size int) []byte {
	t.Helper()
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	elements := bytes.Repeat([]byte{0x0a, 0x00}, 32<<10)
	for left := size; left > 0; left -= len(elements) {
		if _, err := zip.Write(elements[:min(left, len(elements))]); err != nil {
			t.Fatal(err)
		}
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	frame := append([]byte{1}, binary.BigEndian.AppendUint32(nil, uint32(packed.Len()))...)
	return append(frame, packed.Bytes()...)
}

// tcp serves on a port, too, and returns its address.
func (w *world) tcp() string {
	w.t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(w.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- w.server.Serve(listener) }()
	w.t.Cleanup(func() {
		w.server.Stop()
		if err := <-served; err != nil {
			w.t.Error(err)
		}
	})
	return listener.Addr().String()
}

// post sends the frame of a message as it is, and returns the code of the answer.
func post(t *testing.T, at, method, key string, frame []byte) string {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: protocols}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+at+method, bytes.NewReader(frame))
	if err != nil {
		t.Error(err)
		return ""
	}
	request.Header.Set("Content-Type", "application/grpc")
	request.Header.Set("Grpc-Encoding", "gzip")
	request.Header.Set("Te", "trailers")
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer answer.Body.Close()
	var rest bytes.Buffer
	if _, err := rest.ReadFrom(answer.Body); err != nil {
		t.Error(err)
	}
	code := answer.Header.Get("Grpc-Status")
	if code == "" {
		code = answer.Trailer.Get("Grpc-Status")
	}
	return code
}

// peakOf returns by how many bytes the heap had grown at most while a function ran, including what is garbage already.
func peakOf(do func()) int64 {
	runtime.GC()
	heap := func() int64 {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64())
	}
	before, peak := heap(), int64(0)
	ended, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for {
			peak = max(peak, heap()-before)
			select {
			case <-ended:
				return
			case <-ticker.C:
			}
		}
	}()
	do()
	close(ended)
	<-watched
	return peak
}

// atOnce calls a function several times at once.
func atOnce(n int, do func()) {
	var calls sync.WaitGroup
	for range n {
		calls.Go(do)
	}
	calls.Wait()
}

func TestMemory_CompressedMessagesWithoutAKey_AreNotUnpacked(t *testing.T) {
	w := newWorld(t)
	at, large, small := w.tcp(), bomb(t, rpc.MaxMessage), bomb(t, 1<<20)
	for _, test := range []struct {
		method, key string
		frame       []byte
		want        codes.Code
	}{
		{assentv1.ConsentService_BatchRecordEvents_FullMethodName, "", large, codes.Unauthenticated},
		{assentv1.ConsentService_BatchRecordEvents_FullMethodName, w.admin[:len(w.admin)-1] + "x", large, codes.Unauthenticated},
		{assentv1.ConsentService_BatchRecordEvents_FullMethodName, "assent_nobody_" + strings.Repeat("0", 64), large, codes.Unauthenticated},
		{assentv1.ConsentService_StreamCheckConsent_FullMethodName, "", large, codes.Unauthenticated},
		{grpc_health_v1.Health_Check_FullMethodName, "", large, codes.ResourceExhausted},
		{grpc_health_v1.Health_Check_FullMethodName, "", small, codes.InvalidArgument},
		{grpc_health_v1.Health_Watch_FullMethodName, "", small, codes.InvalidArgument},
	} {
		peak := peakOf(func() {
			atOnce(24, func() {
				if got, want := post(t, at, test.method, test.key, test.frame), fmt.Sprint(uint32(test.want)); got != want {
					t.Errorf("%s got code %s, want %s", test.method, got, want)
				}
			})
			if err := callCheck(w.as(), w.conn); err != nil {
				t.Errorf("a call with a key: %v", err)
			}
		})
		if peak > 40<<20 {
			t.Errorf("%s took %d MB", test.method, peak>>20)
		}
	}
}

func TestMemory_MessageOfVeryManyElements_IsRefusedBeforeItIsDecoded(t *testing.T) {
	w := newWorld(t)
	at, frame := w.tcp(), bomb(t, rpc.MaxMessage)
	peak := peakOf(func() {
		atOnce(3, func() {
			if got := post(t, at, assentv1.ConsentService_BatchRecordEvents_FullMethodName, w.admin, frame); got != "8" {
				t.Errorf("got code %s", got)
			}
		})
	})
	if peak > 160<<20 { // Three times 16 MiB unpacked; decoded it would be 2 GB.
		t.Errorf("it took %d MB", peak>>20)
	}
	if !strings.Contains(w.log.String(), "reason=TOO_LARGE") {
		t.Error("the refusal is not logged")
	}
}

func TestMemory_UnpackedMessageOverTheLimitOfItsMethod_IsRefused(t *testing.T) {
	w := newWorld(t)
	frame := bomb(t, rpc.DefaultMessage+1)
	if got := post(t, w.tcp(), assentv1.ConsentService_CheckConsent_FullMethodName, w.admin, frame); got != "8" {
		t.Errorf("got code %s", got)
	}
}

func TestMemory_CompressedMessageOfAClient_IsAnswered(t *testing.T) {
	w := newWorld(t)
	client := assentv1.NewConsentServiceClient(w.conn)
	addresses := slices.Repeat([]string{"anna@example.com"}, 10_000)
	in := &assentv1.BatchCheckConsentRequest{Addresses: addresses, Channel: "newsletter"}
	if _, err := client.BatchCheckConsent(w.as(), in, grpc.UseCompressor("gzip")); err != nil {
		t.Error(err)
	}
}

func TestLimits_CallsOfOneClient_AreRefusedBeyondItsShare(t *testing.T) {
	w := newLimited(t, rpc.Limits{Streams: 2})
	client := assentv1.NewConsentServiceClient(w.conn)
	open := func(ctx context.Context) (grpc.ClientStream, error) {
		stream, err := client.StreamCheckConsent(ctx)
		if err != nil {
			return nil, err
		}
		if err := stream.Send(&assentv1.StreamCheckConsentRequest{Check: &assentv1.BatchCheckConsentRequest{
			Addresses: []string{"anna@example.com"}, Channel: "newsletter",
		}}); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		_, err = stream.Recv() // Why the server ended the stream, where Send says io.EOF.
		return stream, err
	}
	first, err := open(w.as())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(w.as()); err != nil {
		t.Fatal(err)
	}
	_, err = open(w.as())
	if status.Code(err) != codes.ResourceExhausted || reasonOf(t, err) != "TOO_MANY_CALLS" {
		t.Errorf("a third stream: %v", err)
	}
	if details := status.Convert(err).Details(); !slices.ContainsFunc(details, func(detail any) bool {
		retry, ok := detail.(*errdetails.RetryInfo)
		return ok && retry.GetRetryDelay().AsDuration() == time.Second
	}) {
		t.Errorf("nothing says when to come back: %v", details)
	}
	other := w.client(administration.NewClient{ID: "shop", AllDepartments: true, Role: "sender"})
	if _, err := open(with(t, other)); err != nil {
		t.Errorf("another client: %v", err)
	}
	if err := first.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if err := first.RecvMsg(&assentv1.StreamCheckConsentResponse{}); err == nil {
		t.Fatal("the stream goes on")
	}
	if _, err := open(w.as()); err != nil {
		t.Errorf("when one has ended: %v", err)
	}
}
