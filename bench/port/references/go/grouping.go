package references

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// GroupByLength returns words by how many characters they have.
func GroupByLength(words []string) map[int][]string {
	groups := map[int][]string{}
	for _, word := range words {
		n := utf8.RuneCountInString(word)
		groups[n] = append(groups[n], word)
	}
	return groups
}

// WordCounts returns how often each word occurs, whatever its case.
func WordCounts(text string) map[string]int {
	counts := map[string]int{}
	for word := range strings.FieldsSeq(strings.ToLower(text)) {
		counts[word]++
	}
	return counts
}

// TopWords returns the n most frequent words.
func TopWords(words []string, n int) []string {
	counts := map[string]int{}
	for _, word := range words {
		counts[word]++
	}
	ranked := make([]string, 0, len(counts))
	for word := range counts {
		ranked = append(ranked, word)
	}
	slices.SortFunc(ranked, func(a, b string) int {
		return cmp.Or(counts[b]-counts[a], strings.Compare(a, b))
	})
	return ranked[:min(n, len(ranked))]
}

// Deduplicate returns items without those that came before.
func Deduplicate(items []string) []string {
	seen := make(map[string]struct{}, len(items))
	kept := make([]string, 0, len(items))
	for _, item := range items {
		if _, ok := seen[item]; !ok {
			seen[item] = struct{}{}
			kept = append(kept, item)
		}
	}
	return kept
}

// TotalsByCustomer returns the sum of the amounts of each customer.
func TotalsByCustomer(customers []string, amounts []int) map[string]int {
	totals := map[string]int{}
	for i, customer := range customers {
		if amounts[i] > 0 {
			totals[customer] += amounts[i]
		}
	}
	return totals
}

// CommonIds returns what both lists have, in order.
func CommonIds(left, right []int) []int {
	there := make(map[int]bool, len(left))
	for _, id := range left {
		there[id] = true
	}
	common := []int{}
	for _, id := range right {
		if there[id] {
			common = append(common, id)
			there[id] = false
		}
	}
	slices.Sort(common)
	return common
}

// MissingIds returns what is expected and not present.
func MissingIds(expected, present []int) []int {
	there := make(map[int]struct{}, len(present))
	for _, id := range present {
		there[id] = struct{}{}
	}
	missing := []int{}
	for _, id := range expected {
		if _, ok := there[id]; !ok {
			missing = append(missing, id)
		}
	}
	return missing
}

// Chunk returns lists of at most size items.
func Chunk(items []int, size int) [][]int {
	chunks := make([][]int, 0, (len(items)+size-1)/size)
	for part := range slices.Chunk(items, size) {
		chunks = append(chunks, slices.Clone(part))
	}
	return chunks
}

// Flatten returns all items of all lists.
func Flatten(lists [][]int) []int {
	return slices.Concat(lists...)
}

// IndexDocuments returns the positions of the documents that each word occurs in.
func IndexDocuments(documents []string) map[string][]int {
	index := map[string][]int{}
	for position, document := range documents {
		for word := range strings.SplitSeq(document, " ") {
			places := index[word]
			if len(places) == 0 || places[len(places)-1] != position {
				index[word] = append(places, position)
			}
		}
	}
	return index
}

// FirstRepeated returns the first number that was there before, or -1.
func FirstRepeated(ids []int) int {
	seen := make(map[int]struct{})
	for _, id := range ids {
		if _, ok := seen[id]; ok {
			return id
		}
		seen[id] = struct{}{}
	}
	return -1
}

// Labels returns one line for each name whose score reaches the limit.
func Labels(names []string, scores []int, limit int) []string {
	out := []string{}
	for i, name := range names {
		if scores[i] >= limit {
			out = append(out, fmt.Sprintf("%d. %s: %d", i+1, name, scores[i]))
		}
	}
	return out
}
