package server_test

import (
	"bytes"
	"net/http"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/assent-io/assent/internal/rest"
)

func TestDescriptors_AreEnoughForACallWithoutGeneratedCode(t *testing.T) {
	r := run(t, settings(t))
	got := r.call(http.MethodGet, "/assent.fds", "") // Without a key.
	written, err := rest.Descriptors()
	if err != nil || got.code != http.StatusOK || !bytes.Equal([]byte(got.body), written) {
		t.Fatalf("/assent.fds: %d, %d bytes, want the %d that are written; %v", got.code, len(got.body), len(written), err)
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(written, &set); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, file := range set.GetFile() {
		for _, imported := range file.GetDependency() {
			if !seen[imported] {
				t.Errorf("%s stands before %s, which it imports", file.GetName(), imported)
			}
		}
		seen[file.GetName()] = true
	}
	files, err := protodesc.NewFiles(&set) // It fails if an import is missing.
	if err != nil {
		t.Fatal(err)
	}
	found, err := files.FindDescriptorByName("assent.v1.ConsentService")
	if err != nil {
		t.Fatal(err)
	}
	service, ok := found.(protoreflect.ServiceDescriptor)
	if !ok {
		t.Fatalf("ConsentService is a %T", found)
	}
	method := service.Methods().ByName("CheckConsent")
	question, answer := dynamicpb.NewMessage(method.Input()), dynamicpb.NewMessage(method.Output())
	for name, value := range map[protoreflect.Name]string{"address": "anna@example.com", "channel": "newsletter"} {
		question.Set(method.Input().Fields().ByName(name), protoreflect.ValueOfString(value))
	}
	if err := r.connect().Invoke(r.key(), "/assent.v1.ConsentService/CheckConsent", question, answer); err != nil {
		t.Fatal(err)
	}
	decision := answer.Get(method.Output().Fields().ByName("decision")).Message()
	if reason := decision.Get(decision.Descriptor().Fields().ByName("reason")).String(); reason != "NO_LEGAL_BASIS" {
		t.Errorf("the reason is %q", reason)
	}
}
