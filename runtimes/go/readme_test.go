package foundation_test

import (
	"os"
	"strings"
	"testing"
)

// TestReadmeShowsTheExamples compares the README's Go blocks with the examples that are executed.
func TestReadmeShowsTheExamples(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	flat := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	blocks := strings.Split(string(readme), "```go\n")[1:]
	if len(blocks) != 10 {
		t.Fatalf("expected an example for each of the ten patterns, found %d", len(blocks))
	}
	for _, block := range blocks {
		code, _, _ := strings.Cut(block, "```")
		if !strings.Contains(flat(string(source)), flat(code)) {
			t.Errorf("the README shows what no example runs:\n%s", code)
		}
	}
}
