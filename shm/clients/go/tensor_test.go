package shm

import (
	"bytes"
	"testing"
)

// Outputs are the caller's own until it releases them; only then may the next answer use their memory.
func TestReleasedMemoryIsUsedAgainAndKeptMemoryIsNot(t *testing.T) {
	source := bytes.Repeat([]byte{1}, 2*leastPooled)
	var first, second, third Result
	one := first.keep(source)
	source[0] = 9
	two := second.keep(source)
	if &one[0] == &two[0] || &one[0] == &source[0] || one[0] != 1 || two[0] != 9 {
		t.Fatal("two results share memory")
	}
	first.Outputs = []Tensor{{Data: one}}
	first.Release()
	if first.Outputs != nil {
		t.Fatal("a released result still shows its outputs")
	}
	first.Release()
	three := third.keep(source[:leastPooled+1])
	four := (&Result{}).keep(source)
	if &three[0] == &four[0] || !bytes.Equal(three, source[:leastPooled+1]) || !bytes.Equal(two, source) {
		t.Fatal("memory was given out twice")
	}
}

func TestSmallOutputsAreCopied(t *testing.T) {
	source := []byte{1, 2, 3}
	var result Result
	kept := result.keep(source)
	source[0] = 9
	if !bytes.Equal(kept, []byte{1, 2, 3}) || len(result.pooled) != 0 {
		t.Fatal("a small output is not the caller's own")
	}
}
