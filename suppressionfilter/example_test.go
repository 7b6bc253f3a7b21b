package suppressionfilter_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/assent-io/assent/suppressionfilter"
)

// exampleKey stands for the text that a consumer was given.
const exampleKey = "assent-consumer-key-1:AAAAAAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj83hsuV"

func exampleFile() ([]byte, error) {
	key, err := suppressionfilter.ParseKey(exampleKey)
	if err != nil {
		return nil, err
	}
	b := suppressionfilter.NewBuilder(key)
	err = errors.Join(
		b.AddFolded("anna.huber@gmail.com"),   // She unsubscribed: all spellings of her mailbox.
		b.AddExact("bernd+shop@example.at"),   // A hard bounce: that spelling only.
		b.AddDomain("do-not-contact.example"), // A company that wants no mail at all.
	)
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	_, err = b.WriteFilter(&file, suppressionfilter.Header{
		StoreID: [16]byte{1, 2, 3}, Channel: "newsletter", Position: 4711, Made: time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC),
	})
	return file.Bytes(), err
}

// A sender tool reads the file once, and asks it before each message. Only the addresses that are hit are asked for at the server.
func ExampleOpen() {
	file, err := exampleFile()
	if err != nil {
		fmt.Println(err)
		return
	}
	folder, err := os.MkdirTemp("", "filter")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "newsletter.filter")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		fmt.Println(err)
		return
	}

	key, err := suppressionfilter.ParseKey(exampleKey)
	if err != nil {
		fmt.Println(err)
		return
	}
	filter, err := suppressionfilter.Open(path, key, suppressionfilter.Expect{Channel: "newsletter", MinPosition: 4000})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, address := range []string{"AnnaHuber+news@gmail.com", "bernd@example.at", "office@mail.do-not-contact.example", "carla"} {
		hit, err := filter.MayContain(address)
		switch {
		case err != nil:
			fmt.Println("no address:", address)
		case hit:
			fmt.Println("ask the server:", address)
		default:
			fmt.Println("not on the list as of position", filter.Info().Position, "-", address)
		}
	}
	// Output:
	// ask the server: AnnaHuber+news@gmail.com
	// not on the list as of position 4711 - bernd@example.at
	// ask the server: office@mail.do-not-contact.example
	// no address: carla
}

// A server keeps the inner hash of a person who was erased. That is enough for the entry in the list of each consumer.
func ExampleBuilder_AddInner() {
	listKey, ownKey := [32]byte{1, 2, 3}, [32]byte{4, 5, 6}
	kept := suppressionfilter.HashInner(listKey, suppressionfilter.MatchFolded, "annahuber@gmail.com") // Then the address is erased.
	const foldVersion = 2                                                                              // It is kept with the hash.

	key, err := suppressionfilter.NewKey(0, listKey, ownKey)
	if err != nil {
		fmt.Println(err)
		return
	}
	b := suppressionfilter.NewBuilder(key)
	if err := b.AddInner(suppressionfilter.MatchFolded, foldVersion, kept); err != nil {
		fmt.Println(err)
		return
	}
	var file bytes.Buffer
	info, err := b.WriteFilter(&file, suppressionfilter.Header{StoreID: [16]byte{1}, Channel: "newsletter", Position: 12, Made: time.Unix(1_796_000_000, 0)})
	if err != nil {
		fmt.Println(err)
		return
	}
	filter, err := suppressionfilter.Read(&file, key, suppressionfilter.Expect{})
	if err != nil {
		fmt.Println(err)
		return
	}
	hit, err := filter.MayContain("Anna.Huber@googlemail.com")
	fmt.Println(info.Entries, info.Matches[0], hit, err)
	// Output: 1 folded true <nil>
}

// A program that asks about the same recipients again makes their hashes once, which takes nearly all of the time of a look-up.
func ExampleKey_Hashes() {
	key, err := suppressionfilter.ParseKey(exampleKey)
	if err != nil {
		fmt.Println(err)
		return
	}
	hashes, err := key.Hashes("Anna.Huber@gmail.com") // They are kept beside the recipient.
	if err != nil {
		fmt.Println(err)
		return
	}
	file, err := exampleFile()
	if err != nil {
		fmt.Println(err)
		return
	}
	filter, err := suppressionfilter.Read(bytes.NewReader(file), key, suppressionfilter.Expect{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(slices.ContainsFunc(hashes, filter.MayContainHash))
	// Output: true
}

// A key that is printed, logged or encoded shows a placeholder. RevealText is for the one time at which a consumer is given it.
func ExampleKey() {
	key, err := suppressionfilter.ParseKey(exampleKey)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(key, key.ID())
	// Output: [key] 1c7113268b102e9f
}

// A damaged file is refused before anything is answered, with what is wrong and where.
func ExampleDamageError() {
	file, err := exampleFile()
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := suppressionfilter.ParseKey(exampleKey)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = suppressionfilter.Read(bytes.NewReader(file[:120]), key, suppressionfilter.Expect{})
	fmt.Println(errors.Is(err, suppressionfilter.ErrDamaged))
	fmt.Println(err)
	// Output:
	// true
	// the filter file is damaged at byte 120: the file ends here, and its header promises 178 bytes
}
