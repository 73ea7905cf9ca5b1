package references

import (
	"container/list"
	"errors"
	"fmt"
	"strconv"
)

type entry struct {
	key   string
	value int
}

type cache struct {
	capacity int
	entries  map[string]*list.Element
	order    *list.List
	hits     int
}

func newCache(capacity int) *cache {
	return &cache{capacity: capacity, entries: map[string]*list.Element{}, order: list.New()}
}

func (c *cache) get(key string) int {
	element, ok := c.entries[key]
	if !ok {
		return -1
	}
	c.hits++
	c.order.MoveToBack(element)
	return element.Value.(*entry).value
}

func (c *cache) put(key string, value int) {
	if element, ok := c.entries[key]; ok {
		c.order.MoveToBack(element)
		element.Value.(*entry).value = value
		return
	}
	if c.order.Len() >= c.capacity {
		oldest := c.order.Front()
		c.order.Remove(oldest)
		delete(c.entries, oldest.Value.(*entry).key)
	}
	c.entries[key] = c.order.PushBack(&entry{key, value})
}

// CacheHits returns how often a key is found in the cache.
func CacheHits(capacity int, keys []string) int {
	c := newCache(capacity)
	for i, key := range keys {
		if c.get(key) < 0 {
			c.put(key, i)
		}
	}
	return c.hits
}

type ringBuffer struct {
	values       []int
	start, count int
}

func (b *ringBuffer) push(value int) {
	n := len(b.values)
	if b.count < n {
		b.values[(b.start+b.count)%n] = value
		b.count++
		return
	}
	b.values[b.start] = value
	b.start = (b.start + 1) % n
}

func (b *ringBuffer) toSlice() []int {
	out := make([]int, b.count)
	for i := range out {
		out[i] = b.values[(b.start+i)%len(b.values)]
	}
	return out
}

// LastValues returns what a ring buffer holds at the end.
func LastValues(values []int, capacity int) []int {
	b := &ringBuffer{values: make([]int, capacity)}
	for _, value := range values {
		b.push(value)
	}
	return b.toSlice()
}

type trieNode struct {
	children map[rune]*trieNode
	count    int
}

func (n *trieNode) insert(word string) {
	for _, r := range word {
		child, ok := n.children[r]
		if !ok {
			child = &trieNode{children: map[rune]*trieNode{}}
			n.children[r] = child
		}
		n = child
		n.count++
	}
}

func (n *trieNode) countPrefix(prefix string) int {
	for _, r := range prefix {
		child, ok := n.children[r]
		if !ok {
			return 0
		}
		n = child
	}
	return n.count
}

// PrefixCounts returns how many words begin with each prefix.
func PrefixCounts(words, prefixes []string) []int {
	root := &trieNode{children: map[rune]*trieNode{}}
	for _, word := range words {
		root.insert(word)
	}
	counts := make([]int, len(prefixes))
	for i, prefix := range prefixes {
		counts[i] = root.countPrefix(prefix)
	}
	return counts
}

type task struct {
	priority int
	name     string
}

type priorityQueue struct{ tasks []task }

func (q *priorityQueue) push(priority int, name string) {
	q.tasks = append(q.tasks, task{priority, name})
	i := len(q.tasks) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if q.tasks[parent].priority <= q.tasks[i].priority {
			break
		}
		q.tasks[i], q.tasks[parent] = q.tasks[parent], q.tasks[i]
		i = parent
	}
}

func (q *priorityQueue) pop() string {
	n := len(q.tasks) - 1
	name := q.tasks[0].name
	q.tasks[0] = q.tasks[n]
	q.tasks = q.tasks[:n]
	i := 0
	for {
		least := i
		for child := 2*i + 1; child < min(2*i+3, n); child++ {
			if q.tasks[child].priority < q.tasks[least].priority {
				least = child
			}
		}
		if least == i {
			return name
		}
		q.tasks[i], q.tasks[least] = q.tasks[least], q.tasks[i]
		i = least
	}
}

// RunOrder returns the order in which tasks with different priorities run.
func RunOrder(priorities []int, names []string) []string {
	q := &priorityQueue{}
	for i, name := range names {
		q.push(priorities[i], name)
	}
	order := make([]string, len(names))
	for i := range order {
		order[i] = q.pop()
	}
	return order
}

// EvaluateRpn returns the value of an expression whose operators follow their operands.
func EvaluateRpn(tokens []string) (int, error) {
	stack := []int{}
	for _, token := range tokens {
		switch token {
		case "+", "-", "*":
			n := len(stack)
			if n < 2 {
				return 0, fmt.Errorf("nothing for %s", token)
			}
			left, right := stack[n-2], stack[n-1]
			stack = stack[:n-1]
			switch token {
			case "+":
				stack[n-2] = left + right
			case "-":
				stack[n-2] = left - right
			default:
				stack[n-2] = left * right
			}
		default:
			value, err := strconv.Atoi(token)
			if err != nil {
				return 0, err
			}
			stack = append(stack, value)
		}
	}
	if len(stack) != 1 {
		return 0, errors.New("not one value")
	}
	return stack[0], nil
}

type histogram struct{ bounds, counts []int }

func (h *histogram) observe(value int) {
	for i, bound := range h.bounds {
		if value <= bound {
			h.counts[i]++
			return
		}
	}
	h.counts[len(h.bounds)]++
}

// LatencyCounts returns how many latencies fall into each bucket.
func LatencyCounts(bounds, latencies []int) []int {
	h := &histogram{bounds, make([]int, len(bounds)+1)}
	for _, latency := range latencies {
		h.observe(latency)
	}
	return h.counts
}
