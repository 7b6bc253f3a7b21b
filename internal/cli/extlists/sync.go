package extlists

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/kit"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/ecgservice"
	"github.com/assent-io/assent/internal/phrase"
)

// serviceURL is that of the regulator's service.
const serviceURL = "https://ecg.rtr.at/dev/api/v1/emails/check/batch"

// The service is asked about batches of digests; after so many that failed one after the other it is not asked any more.
const (
	batchDigests = 500
	maxFailed    = 3
)

const syncHelp = `Ask the web service of the Austrian ECG list about every known address with a grant that the list can stop, and bring
what it answered into force as a new version of the list, which has the form ecg_service. The service gets SHA-512 digests only.
Its key comes from --service-key-file, or else from ASSENT_LISTS_SERVICE_KEY or the file that ASSENT_LISTS_SERVICE_KEY_FILE names.

An address that the service was not asked about, or about which it gave no right answer, counts as not asked: what the list
binds is denied for it as EXTERNAL_LIST_STALE, until the next sync. The command then ends with exit code 1. If the service
answers nothing at all, nothing changes.`

func (c *Commands) sync() *cobra.Command {
	var url, keyFile string
	var confirm bool
	cmd := &cobra.Command{
		Use: "sync ID", Short: "Ask the service of the ECG list, and activate what it answers", Long: syncHelp, Args: cobra.ExactArgs(1),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		key, err := c.serviceKey(keyFile)
		if err != nil {
			return err
		}
		spool, err := os.CreateTemp("", "assent-list-*")
		if err != nil {
			return err
		}
		defer func() { _ = errors.Join(spool.Close(), os.Remove(spool.Name())) }() // It is a copy of what was asked.
		began := time.Now()
		run := &syncing{ask: ecgservice.New(url, key).Ask, out: bufio.NewWriter(spool), note: c.Notef}
		if err := run.all(ctx, s, args[0]); err != nil {
			return err
		}
		if run.asked == 0 && run.failed > 0 {
			return fmt.Errorf("the service answered none of %s; nothing was changed", phrase.Count(run.failed, "question"))
		}
		if run.asked == 0 {
			c.Notef("No address has a grant that the list can stop; nothing was asked, and nothing changed.")
			return nil
		}
		if err := errors.Join(run.out.Flush(), rewind(spool)); err != nil {
			return err
		}
		v, err := c.send(ctx, s, &assentv1.UploadExternalListVersionRequest{
			List: args[0], ObtainedTime: timestamppb.New(began), RequestId: kit.RequestID(""),
		}, spool)
		if err != nil {
			return err
		}
		if err := c.bringIntoForce(ctx, s, &assentv1.ActivateExternalListVersionRequest{
			List: args[0], Version: v.GetVersion(), Confirm: confirm, RequestId: kit.RequestID(""),
		}); err != nil {
			return err
		}
		if run.failed > 0 {
			return fmt.Errorf("%s had no right answer; these addresses count as not asked", phrase.Count(run.failed, "question"))
		}
		return nil
	})
	cmd.Flags().StringVar(&url, "url", serviceURL, "URL of the service")
	cmd.Flags().StringVar(&keyFile, "service-key-file", "", "file with the API key of the service (ASSENT_LISTS_SERVICE_KEY_FILE; ASSENT_LISTS_SERVICE_KEY holds the key itself)")
	addConfirm(cmd, &confirm)
	return cmd
}

// serviceKey returns the API key of the service: that of the file that was named, else that of the environment.
func (c *Commands) serviceKey(file string) (string, error) {
	const variable = "ASSENT_LISTS_SERVICE_KEY"
	if file == "" {
		if key := c.Variable(variable); key != "" {
			return key, nil
		}
		file = c.Variable(variable + "_FILE")
	}
	if file == "" {
		return "", terminal.Usagef("the service needs a key: give --service-key-file, or set %s or %s_FILE", variable, variable)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read the key of the service: %w", err)
	}
	key := strings.TrimSpace(string(text))
	if key == "" {
		return "", fmt.Errorf("the file %s has no key of the service", file)
	}
	return key, nil
}

func rewind(file *os.File) error {
	_, err := file.Seek(0, io.SeekStart)
	return err
}

// syncing asks the service about one batch after the other, and writes what it answered as an upload.
type syncing struct {
	ask  func(ctx context.Context, digests []ecgservice.Digest) (map[ecgservice.Digest]bool, error)
	out  *bufio.Writer
	note func(format string, args ...any)

	batch   []*assentv1.ExternalListQuestion
	digests []ecgservice.Digest
	within  map[ecgservice.Digest]bool // the batch

	asked, failed int // addresses
	inARow        int // batches that failed one after the other
}

// all reads the questions from the server and asks them.
func (r *syncing) all(ctx context.Context, s *connect.Server, list string) error {
	stream, err := assentv1.NewExternalListServiceClient(s).ExportExternalListQuestions(ctx, &assentv1.ExportExternalListQuestionsRequest{List: list})
	if err != nil {
		return s.Failed(err)
	}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return r.flush(ctx)
		}
		if err != nil {
			return s.Failed(err)
		}
		for _, q := range part.GetQuestions() {
			if err := r.add(ctx, q); err != nil {
				return err
			}
		}
	}
}

// add adds a question to the batch, of which each digest is asked once: many addresses share a domain.
func (r *syncing) add(ctx context.Context, q *assentv1.ExternalListQuestion) error {
	if len(q.GetDigests()) == 0 {
		return errors.New("the server sent a question without digests")
	}
	if r.within == nil {
		r.within = map[ecgservice.Digest]bool{}
	}
	for _, text := range q.GetDigests() {
		if len(text) != len(ecgservice.Digest{}) {
			return errors.New("the server sent a digest of another length")
		}
		if d := ecgservice.Digest(text); !r.within[d] {
			r.within[d] = true
			r.digests = append(r.digests, d)
		}
	}
	r.batch = append(r.batch, q)
	if len(r.digests)+len(q.GetDigests()) > batchDigests {
		return r.flush(ctx)
	}
	return nil
}

// flush asks the batch. What fails is left out of the upload, so that nothing is known of these addresses.
func (r *syncing) flush(ctx context.Context) error {
	defer func() { r.batch, r.digests, r.within = nil, nil, nil }()
	if len(r.batch) == 0 {
		return nil
	}
	listed, err := map[ecgservice.Digest]bool(nil), error(nil)
	if r.inARow < maxFailed {
		listed, err = r.ask(ctx, r.digests)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch {
	case err != nil:
		if r.inARow++; r.inARow == maxFailed {
			r.note("The service is not asked any more: %v", err)
		} else {
			r.note("A batch failed: %v", err)
		}
		r.failed += len(r.batch)
		return nil
	case r.inARow >= maxFailed:
		r.failed += len(r.batch)
		return nil
	}
	r.inARow = 0
	r.asked += len(r.batch)
	for _, q := range r.batch {
		_, _ = fmt.Fprintf(r.out, "asked %x\n", q.GetDigests()[0]) // Flush tells what went wrong.
	}
	for d := range listed {
		_, _ = fmt.Fprintf(r.out, "listed %x\n", d)
	}
	return nil
}
