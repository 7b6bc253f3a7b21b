package address

import "testing"

func BenchmarkParse(b *testing.B) {
	for _, bench := range []struct{ name, typed string }{
		{"canonical", "anna.huber2874@example.at"},
		{"capitals", " Anna.Huber2874@Example.AT "},
		{"provider", "anna.huber+shop@gmail.com"},
		{"international", "anna.huber@müller.at"},
		{"twin", "anna.huber@straße.at"},
		{"refused", "anna@[192.0.2.1]"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = Parse(bench.typed)
			}
		})
	}
}

func BenchmarkDomains(b *testing.B) {
	a, err := Parse("anna@mail.news.example.at")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = a.Domains()
		}
	})
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		to := make([]string, 0, 4)
		for b.Loop() {
			to = a.AppendDomains(to[:0])
		}
	})
}
