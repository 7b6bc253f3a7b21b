package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/timetext"
)

// An upload is a stream in both directions, which the gateway has only as JSON. Over REST its body is the file itself, and the answer lines of
// JSON: the rows that are asked for, and at last the import.

const (
	uploadSuffix = ":upload"
	importsPath  = "/v1/imports/"
	listsPath    = "/v1/externalLists/"
	previewPath  = "/v1/imports:preview"
	// uploadBlock is how many bytes of a file are handed on at once.
	uploadBlock = 256 << 10
)

// uploads answers uploads, and hands all else on.
type uploads struct {
	admit admission
	conn  *grpc.ClientConn
	next  http.Handler
}

// ServeHTTP answers a request.
func (u uploads) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, isImport := uploadTo(r.URL.Path, importsPath)
	list, isList := uploadTo(r.URL.Path, listsPath)
	isPreview := r.URL.Path == previewPath
	if !isImport && !isPreview && !isList {
		u.next.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if _, ok := u.admit.let(w, r); !ok {
		return
	}
	if r.Method != http.MethodPost {
		u.admit.answer.refuseMethod(w, http.MethodPost)
		return
	}
	if isList {
		first, refused := listStartOf(r.URL, list)
		if refused != nil {
			u.admit.answer.refuse(w, r, refused)
			return
		}
		u.uploadList(w, r, first)
		return
	}
	start, refused := startOf(r, id, isPreview)
	if refused != nil {
		u.admit.answer.refuse(w, r, refused)
		return
	}
	u.upload(w, r, start)
}

// uploadTo returns the id in a path that names an upload to something below a path.
func uploadTo(path, below string) (id string, ok bool) {
	if id, ok = strings.CutPrefix(path, below); !ok {
		return "", false
	}
	return strings.CutSuffix(id, uploadSuffix)
}

func unreadableQuery() *fault.Error {
	return fault.Errorf(fault.InvalidRequest, "",
		"the parameters of the URL cannot be read: they are written as name=value, joined by &, with %%XX for special characters")
}

func (u uploads) upload(w http.ResponseWriter, r *http.Request, start *assentv1.UploadStart) {
	control := http.NewResponseController(w)
	_ = control.EnableFullDuplex() // HTTP/2 is so anyway.
	ctx, cancel := context.WithCancelCause(metadata.NewOutgoingContext(r.Context(), outgoing(r.Header)))
	defer cancel(nil)
	stream, err := assentv1.NewImportServiceClient(u.conn).UploadImport(ctx)
	if err != nil {
		u.fail(w, err, false)
		return
	}
	var broken error // why the file could not be read, once it was sent
	sent := make(chan struct{})
	body := u.admit.flow.body(w, r)
	go func() {
		defer close(sent)
		if broken = sendImport(stream, start, body); broken != nil {
			cancel(broken)
		}
	}()
	began := false
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if md, known := stream.Header(); known == nil && !began {
			for _, id := range md.Get("x-request-id") {
				w.Header().Set("X-Request-Id", id)
			}
		}
		if err == nil {
			err = u.write(w, answer, &began)
		}
		if err != nil {
			cancel(err)
			_ = control.SetReadDeadline(time.Unix(1, 0)) // So that the reading of a body that stands still ends.
			if <-sent; broken != nil {
				u.broken(w, r, broken, began)
				return
			}
			u.fail(w, err, began)
			return
		}
	}
	cancel(nil)
	_ = control.SetReadDeadline(time.Unix(1, 0))
	<-sent
}

// write writes the rows of an answer and the import, a line each. Nothing is written of an answer that only tells how far the upload is.
func (u uploads) write(w http.ResponseWriter, answer *assentv1.UploadImportResponse, began *bool) error {
	var lines []proto.Message
	for _, row := range answer.GetRows() {
		lines = append(lines, row)
	}
	if answer.GetImport() != nil {
		lines = append(lines, &assentv1.GetImportResponse{Import: answer.GetImport()})
	}
	out := u.admit.flow.answer(w)
	for _, line := range lines {
		text, err := compact(line)
		if err != nil {
			return err
		}
		if !*began {
			w.Header().Set("Content-Type", linesType)
			*began = true
		}
		if _, err := out.Write(append(text, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// broken answers an upload whose body could not be read.
func (u uploads) broken(w http.ResponseWriter, r *http.Request, err error, began bool) {
	switch {
	case began:
		u.fail(w, err, true)
	case stoodStill(err):
		u.admit.answer.timeOut(w)
	default:
		u.admit.answer.refuse(w, r, bodyFault(err))
	}
}

// fail answers an upload that failed, with a last line where lines were written.
func (u uploads) fail(w http.ResponseWriter, err error, began bool) {
	s := status.Convert(err)
	if infoOf(s) == nil {
		s = ownStatus(s)
	}
	if !began {
		u.admit.answer.json.writeStatus(w, httpStatus(s), s)
		return
	}
	text, err := u.admit.answer.json.Marshal(s.Proto())
	if err != nil {
		return
	}
	_, _ = w.Write(append(append([]byte(`{"error":`), text...), "}\n"...)) // A caller that went away misses its answer.
}

// outgoing returns the headers of a request as metadata.
func outgoing(header http.Header) metadata.MD {
	md := metadata.MD{}
	for name, values := range allowed(header) {
		if key, ok := handedOn(name); ok {
			md.Append(key, values...)
		} else if name == "Authorization" {
			md.Append("authorization", values...)
		}
	}
	return md
}

// sendFile sends the bytes of a file in parts. An error is one of the file: why a call ends, its answers say. Done reports whether all was sent.
func sendFile(file io.Reader, send func(data []byte) error) (done bool, err error) {
	for {
		data := make([]byte, uploadBlock)
		n, err := file.Read(data)
		if n > 0 && send(data[:n]) != nil {
			return false, nil //nolint:nilerr // Recv has the error.
		}
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// sendImport sends a file to import.
func sendImport(stream assentv1.ImportService_UploadImportClient, start *assentv1.UploadStart, file io.Reader) error {
	if stream.Send(&assentv1.UploadImportRequest{Part: &assentv1.UploadImportRequest_Start{Start: start}}) != nil {
		return nil //nolint:nilerr // Recv has the error.
	}
	done, err := sendFile(file, func(data []byte) error {
		return stream.Send(&assentv1.UploadImportRequest{Part: &assentv1.UploadImportRequest_Data{Data: data}})
	})
	if done {
		_ = stream.CloseSend() // As for any message.
	}
	return err
}

// The headers of a preview. What they say can name a person, and URLs are written to logs.
const (
	sumHeader  = "X-File-Sha256" // the SHA-256 of the file in hexadecimal
	nameHeader = "X-File-Name"   // the name of the file, written as in the path of a URL
)

// startOf returns what the parameters of an upload ask for.
func startOf(r *http.Request, id string, preview bool) (*assentv1.UploadStart, *fault.Error) {
	given, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, unreadableQuery()
	}
	start := &assentv1.UploadStart{Target: &assentv1.UploadStart_Id{Id: id}}
	switch given.Get("rows") {
	case "", "none":
		start.Rows = assentv1.ImportRows_IMPORT_ROWS_NONE
	case "notRecorded":
		start.Rows = assentv1.ImportRows_IMPORT_ROWS_UNSPECIFIED
	case "all":
		start.Rows = assentv1.ImportRows_IMPORT_ROWS_ALL
	default:
		return nil, fault.Errorf(fault.InvalidRequest, "rows", "it is none, notRecorded or all")
	}
	given.Del("rows")
	if preview {
		options, refused := previewOptions(given)
		if refused != nil {
			return nil, refused
		}
		start.Target = &assentv1.UploadStart_Preview{Preview: options}
		start.Sha256 = r.Header.Get(sumHeader)
		if options.FileName, err = url.PathUnescape(r.Header.Get(nameHeader)); err != nil {
			return nil, fault.Errorf(fault.InvalidRequest, "", "the header %s is written as in a URL, with %%XX for special characters", nameHeader)
		}
		return start, nil
	}
	if len(given) > 0 {
		return nil, fault.Errorf(fault.InvalidRequest, "", "this call does not have this parameter; its only parameter is rows")
	}
	return start, nil
}

// addPairs adds what columns and channelMap give, each value as name=value. A column's name, and the key of a channel, may have an equals sign.
func addPairs(options *assentv1.ImportOptions, name string, values []string) bool {
	for _, value := range values {
		at := strings.LastIndexByte(value, '=')
		if name == "columns" {
			at = strings.IndexByte(value, '=')
		}
		if at < 0 {
			return false
		}
		if name == "columns" {
			options.Columns = append(options.Columns, &assentv1.ImportColumn{Field: value[:at], Column: value[at+1:]})
		} else {
			options.ChannelMap = append(options.ChannelMap, &assentv1.ImportMapping{Key: value[:at], Channel: value[at+1:]})
		}
	}
	return true
}

// previewOptions returns the options that the parameters of a preview give. Their names are those of the message in JSON.
func previewOptions(given url.Values) (*assentv1.ImportOptions, *fault.Error) {
	options := &assentv1.ImportOptions{}
	texts := map[string]*string{
		"preset": &options.Preset, "channel": &options.Channel, "timezone": &options.Timezone,
		"dateOrder": &options.DateOrder, "status": &options.Status, "scope": &options.Scope, "encoding": &options.Encoding,
	}
	for name, values := range given {
		text, isText := texts[name]
		switch {
		case name == "columns", name == "channelMap":
			if !addPairs(options, name, values) {
				return nil, fault.Errorf(fault.InvalidRequest, name, "each value is name=value")
			}
		case len(values) > 1:
			return nil, fault.Errorf(fault.InvalidRequest, name, "the parameter is given twice")
		case isText:
			*text = values[0]
		case name == "occurredTime":
			at, err := timetext.ParseTimestamp(values[0])
			if err != nil {
				return nil, fault.Errorf(fault.InvalidRequest, name, timeProblem)
			}
			options.OccurredTime = timestamppb.New(at)
		case name == "declaration":
			ref := &assentv1.DeclarationRef{}
			ref.Id, ref.Version, _ = strings.Cut(values[0], "@")
			options.Declaration = ref
		default:
			names := []string{"columns", "channelMap", "occurredTime", "declaration", "rows"}
			for known := range texts {
				names = append(names, known)
			}
			slices.Sort(names)
			return nil, fault.Errorf(fault.InvalidRequest, "", "this call does not have this parameter; its parameters are %s; the "+
				"digest and the name of the file are in the headers %s and %s", strings.Join(names, ", "), sumHeader, nameHeader)
		}
	}
	return options, nil
}

// A version of an external list is a file as well: over REST it is the body, and the answer is the version.

// uploadList stores the body of a request as a version of a list.
func (u uploads) uploadList(w http.ResponseWriter, r *http.Request, first *assentv1.UploadExternalListVersionRequest) {
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(r.Context(), outgoing(r.Header)))
	defer cancel()
	stream, err := assentv1.NewExternalListServiceClient(u.conn).UploadExternalListVersion(ctx)
	if err != nil {
		u.fail(w, err, false)
		return
	}
	if broken := sendList(stream, first, u.admit.flow.body(w, r)); broken != nil {
		u.broken(w, r, broken, false) // What was sent so far ends with the call, before the server has seen the end of the file.
		return
	}
	answer, err := stream.CloseAndRecv()
	if md, known := stream.Header(); known == nil {
		for _, id := range md.Get("x-request-id") {
			w.Header().Set("X-Request-Id", id)
		}
	}
	var text []byte
	if err == nil {
		text, err = u.admit.answer.json.Marshal(answer)
	}
	if err != nil {
		u.fail(w, err, false)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = u.admit.flow.answer(w).Write(text) // A caller that went away misses its answer.
}

// sendList sends a file. An error is one of the file: why a call ends, its answer says.
func sendList(
	stream assentv1.ExternalListService_UploadExternalListVersionClient, first *assentv1.UploadExternalListVersionRequest, file io.Reader,
) error {
	if stream.Send(first) != nil {
		return nil //nolint:nilerr // The answer has the error.
	}
	_, err := sendFile(file, func(data []byte) error { return stream.Send(&assentv1.UploadExternalListVersionRequest{Part: data}) })
	return err
}

// listStartOf returns what the parameters of an upload of a list say.
func listStartOf(u *url.URL, id string) (*assentv1.UploadExternalListVersionRequest, *fault.Error) {
	given, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, unreadableQuery()
	}
	first := &assentv1.UploadExternalListVersionRequest{List: id}
	for name, values := range given {
		switch {
		case len(values) > 1:
			return nil, fault.Errorf(fault.InvalidRequest, name, "the parameter is given twice")
		case name == "obtainedTime":
			at, err := timetext.ParseTimestamp(values[0])
			if err != nil {
				return nil, fault.Errorf(fault.InvalidRequest, name, timeProblem)
			}
			first.ObtainedTime = timestamppb.New(at)
		case name == "requestId":
			first.RequestId = values[0]
		default:
			return nil, fault.Errorf(fault.InvalidRequest, "", "this call does not have this parameter; its parameters are obtainedTime, requestId")
		}
	}
	return first, nil
}
