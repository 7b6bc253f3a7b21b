package client_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/client"
)

// A whole program: connect, ask before a mail, record what a person says.
func Example() {
	server := startServer() // stands for a server that runs
	defer server.stop()
	ctx := context.Background()

	c, err := client.New(server.address, client.WithKey(server.key))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	if _, err := c.Grant(ctx, consent("anna@example.at")); err != nil {
		fmt.Println(err)
		return
	}
	question := client.Question{Channel: "newsletter"}
	before, err := c.Check(ctx, client.CheckRequest{Address: "anna@example.at", Question: question})
	fmt.Println(before.MaySend(), before.Reason, err)

	_, err = c.Withdraw(ctx, &assentv1.WithdrawConsentRequest{Address: "anna@example.at", Channels: []string{"newsletter"}})
	fmt.Println(err)

	after, err := c.Check(ctx, client.CheckRequest{Address: "anna@example.at", Question: question})
	fmt.Println(after.MaySend(), after.Reason, err)
	// Output:
	// true ALLOW_CONSENT <nil>
	// <nil>
	// false WITHDRAWN <nil>
}

func ExampleClient_Check() {
	server := startServer()
	defer server.stop()
	ctx := context.Background()
	c, err := client.New(server.address, client.WithKey(server.key))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	decision, err := c.Check(ctx, client.CheckRequest{
		Address: "anna@example.at", Question: client.Question{Channel: "newsletter"},
	})
	if err != nil {
		fmt.Println("not known, so not sent:", err)
		return
	}
	if !decision.MaySend() {
		fmt.Println(decision.Verdict, decision.Reason)
		return
	}
	fmt.Println("send as", decision.SenderIdentity.GetFromAddress(), "with", decision.Obligations)
	// Output: DENY NO_LEGAL_BASIS
}

func ExampleClient_CheckAll() {
	server := startServer()
	defer server.stop()
	ctx := context.Background()
	c, err := client.New(server.address, client.WithKey(server.key))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	if _, err := c.Grant(ctx, consent("anna@example.at")); err != nil {
		fmt.Println(err)
		return
	}

	audience := slices.Values([]string{"anna@example.at", "no address", "bob@example.at"})
	for result, err := range c.CheckAll(ctx, client.Question{Channel: "newsletter"}, audience) {
		switch {
		case err != nil: // The rest of the list was not checked.
			fmt.Println(err)
			return
		case result.Decision.MaySend():
			fmt.Println("send to", result.Address)
		case result.Err != nil:
			fmt.Println("left out:", result.Err)
		default:
			fmt.Println("not to", result.Address+":", result.Decision.Reason)
		}
	}
	// Output:
	// send to anna@example.at
	// left out: INVALID_ADDRESS: address: The address has no @.
	// not to bob@example.at: NO_LEGAL_BASIS
}

func ExampleClient_Withdraw() {
	server := startServer()
	defer server.stop()
	ctx := context.Background()
	c, err := client.New(server.address, client.WithKey(server.key))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	recorded, err := c.Withdraw(ctx, &assentv1.WithdrawConsentRequest{
		Address: "anna@example.at", Channels: []string{"newsletter"},
		Evidence: &assentv1.Evidence{Source: "web_form", Url: "https://shop.example/goodbye"},
	})
	if err != nil {
		fmt.Println("not recorded; keep it and try again:", err)
		return
	}
	fmt.Println(len(recorded.Positions), recorded.Duplicate, len(recorded.StillAllowed))
	// Output: 1 false 0
}

func ExampleClient_Record() {
	server := startServer()
	defer server.stop()
	ctx := context.Background()
	c, err := client.New(server.address, client.WithKey(server.key))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	results, err := c.Record(ctx, &assentv1.BatchRecordEventsRequest{Events: []*assentv1.EventInput{
		{Fact: &assentv1.EventInput_Refuse{Refuse: &assentv1.Refusal{Address: "anna@example.at", Channels: []string{"newsletter"}}}},
		{Fact: &assentv1.EventInput_Refuse{Refuse: &assentv1.Refusal{Address: "bob@example.at", Channels: []string{"no-channel"}}}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, result := range results {
		fmt.Println(result.GetPosition() > 0, result.GetError().GetReason() == "UNKNOWN_CHANNEL")
	}
	// Output:
	// true false
	// false true
}

// An error tells a server that is away from one that refuses.
func ExampleError() {
	server := startServer()
	defer server.stop()
	ctx := context.Background()
	c, err := client.New(server.address, client.WithKey(server.key))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	_, err = c.Check(ctx, client.CheckRequest{Address: "anna@example.at", Question: client.Question{Channel: "news"}})
	if errors.Is(err, client.ErrUnreachable) {
		fmt.Println("the server is away: ask again later")
	} else if refused, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println(refused.Code, refused.Reason, refused.Field)
	}
	// Output: InvalidArgument UNKNOWN_CHANNEL channel
}

// The variables that the command line reads say where the server is.
func ExampleFromEnv() {
	c, err := client.FromEnv(os.LookupEnv).Open(client.WithUserAgent("shop/2.1"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
}

// A key that is read for each call can be rotated while the program runs.
func ExampleWithKeySource() {
	c, err := client.New("assent.example:50051", client.WithKeySource(func(context.Context) (client.Key, error) {
		return client.ReadKeyFile("/run/secrets/assent.key")
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
}

// Every generated client can be made of a Client.
func ExampleClient_Invoke() {
	server := startServer()
	defer server.stop()
	ctx := context.Background()
	c, err := client.New(server.address, client.WithKey(server.key))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	history := assentv1.NewHistoryServiceClient(c)
	page, err := history.SearchHistory(ctx, &assentv1.SearchHistoryRequest{Address: "anna@example.at"})
	fmt.Println(len(page.GetEvents()), err)
	// Output: 0 <nil>
}
