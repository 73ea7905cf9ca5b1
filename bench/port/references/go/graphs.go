package references

import (
	"cmp"
	"errors"
	"slices"
)

// Edge leads from one node to another.
type Edge struct{ From, To string }

// Link connects two numbered nodes.
type Link struct{ A, B int }

// Road connects two numbered nodes at a weight.
type Road struct{ A, B, Weight int }

// WeightedLink connects two numbered nodes at a weight that comes first.
type WeightedLink struct{ Weight, A, B int }

// TopologicalOrder returns nodes such that each edge points forward.
func TopologicalOrder(nodes []string, edges []Edge) ([]string, error) {
	incoming := make(map[string]int, len(nodes))
	outgoing := make(map[string][]string, len(nodes))
	for _, edge := range edges {
		outgoing[edge.From] = append(outgoing[edge.From], edge.To)
		incoming[edge.To]++
	}
	order := make([]string, 0, len(nodes))
	for _, node := range nodes {
		if incoming[node] == 0 {
			order = append(order, node)
		}
	}
	for i := 0; i < len(order); i++ {
		for _, after := range outgoing[order[i]] {
			incoming[after]--
			if incoming[after] == 0 {
				order = append(order, after)
			}
		}
	}
	if len(order) != len(nodes) {
		return nil, errors.New("the graph has a cycle")
	}
	return order, nil
}

// Hops returns how many edges each node is away from the start.
func Hops(graph map[string][]string, start string) map[string]int {
	distances := map[string]int{start: 0}
	queue := []string{start}
	for len(queue) > 0 {
		node := queue[0]
		queue = queue[1:]
		distance := distances[node] + 1
		for _, neighbour := range graph[node] {
			if _, ok := distances[neighbour]; !ok {
				distances[neighbour] = distance
				queue = append(queue, neighbour)
			}
		}
	}
	return distances
}

// ShortestDistances returns the least sum of weights from a source to each node, or -1.
func ShortestDistances(n int, edges []Road, source int) []int {
	type neighbour struct{ node, weight int }
	neighbours := make([][]neighbour, n)
	for _, e := range edges {
		neighbours[e.A] = append(neighbours[e.A], neighbour{e.B, e.Weight})
		neighbours[e.B] = append(neighbours[e.B], neighbour{e.A, e.Weight})
	}
	distances := make([]int, n)
	for i := range distances {
		distances[i] = -1
	}
	distances[source] = 0
	done := make([]bool, n)
	for {
		nearest := -1
		for node, distance := range distances {
			if done[node] || distance < 0 {
				continue
			}
			if nearest < 0 || distance < distances[nearest] {
				nearest = node
			}
		}
		if nearest < 0 {
			return distances
		}
		done[nearest] = true
		for _, other := range neighbours[nearest] {
			distance := distances[nearest] + other.weight
			if distances[other.node] < 0 || distance < distances[other.node] {
				distances[other.node] = distance
			}
		}
	}
}

type unionFind struct{ parents, sizes []int }

func newUnionFind(n int) *unionFind {
	u := &unionFind{make([]int, n), make([]int, n)}
	for i := range n {
		u.parents[i] = i
		u.sizes[i] = 1
	}
	return u
}

func (u *unionFind) find(x int) int {
	for u.parents[x] != x {
		u.parents[x] = u.parents[u.parents[x]]
		x = u.parents[x]
	}
	return x
}

func (u *unionFind) union(a, b int) bool {
	a, b = u.find(a), u.find(b)
	if a == b {
		return false
	}
	if u.sizes[a] < u.sizes[b] {
		a, b = b, a
	}
	u.parents[b] = a
	u.sizes[a] += u.sizes[b]
	return true
}

// ComponentSizes returns the sizes of the connected parts, largest first.
func ComponentSizes(n int, edges []Link) []int {
	sets := newUnionFind(n)
	for _, edge := range edges {
		sets.union(edge.A, edge.B)
	}
	sizes := []int{}
	for x := range n {
		if sets.find(x) == x {
			sizes = append(sizes, sets.sizes[x])
		}
	}
	slices.SortFunc(sizes, func(a, b int) int { return b - a })
	return sizes
}

// SpanningWeight returns the least weight of edges that connect what can be connected.
func SpanningWeight(n int, edges []WeightedLink) int {
	ordered := slices.Clone(edges)
	slices.SortFunc(ordered, func(a, b WeightedLink) int {
		return cmp.Or(cmp.Compare(a.Weight, b.Weight), cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
	})
	sets := newUnionFind(n)
	total := 0
	for _, edge := range ordered {
		if sets.union(edge.A, edge.B) {
			total += edge.Weight
		}
	}
	return total
}

// HasCycle returns whether one can come back to a node along directed edges.
func HasCycle(graph [][]int) bool {
	const open, closed = 1, 2
	states := make([]int, len(graph))
	var visit func(node int) bool
	visit = func(node int) bool {
		states[node] = open
		for _, after := range graph[node] {
			if states[after] == open || states[after] == 0 && visit(after) {
				return true
			}
		}
		states[node] = closed
		return false
	}
	for node := range graph {
		if states[node] == 0 && visit(node) {
			return true
		}
	}
	return false
}

// CountIslands returns how many connected areas of # a grid has.
func CountIslands(grid []string) int {
	if len(grid) == 0 {
		return 0
	}
	rows, columns := len(grid), len(grid[0])
	seen := make([][]bool, rows)
	for i := range seen {
		seen[i] = make([]bool, columns)
	}
	type place struct{ row, column int }
	steps := [4]place{{1, 0}, {-1, 0}, {0, 1}, {0, -1}}
	islands := 0
	stack := []place{}
	for row := range rows {
		for column := range columns {
			if grid[row][column] != '#' || seen[row][column] {
				continue
			}
			islands++
			seen[row][column] = true
			stack = append(stack[:0], place{row, column})
			for len(stack) > 0 {
				p := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				for _, step := range steps {
					y, x := p.row+step.row, p.column+step.column
					if y >= 0 && y < rows && x >= 0 && x < columns && grid[y][x] == '#' && !seen[y][x] {
						seen[y][x] = true
						stack = append(stack, place{y, x})
					}
				}
			}
		}
	}
	return islands
}

// Reachable returns the nodes that can be reached, in order.
func Reachable(graph [][]int, start int) []int {
	seen := map[int]bool{start: true}
	stack := []int{start}
	nodes := []int{start}
	for len(stack) > 0 {
		node := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, after := range graph[node] {
			if !seen[after] {
				seen[after] = true
				stack = append(stack, after)
				nodes = append(nodes, after)
			}
		}
	}
	slices.Sort(nodes)
	return nodes
}
