"""Orders, paths and groups in graphs."""


def topological_order(nodes: list[str], edges: list[tuple[str, str]]) -> list[str]:
    """Nodes such that each edge points forward."""
    incoming = dict.fromkeys(nodes, 0)
    outgoing: dict[str, list[str]] = {node: [] for node in nodes}
    for before, after in edges:
        outgoing[before].append(after)
        incoming[after] += 1
    order = [node for node in nodes if incoming[node] == 0]
    i = 0
    while i < len(order):
        for after in outgoing[order[i]]:
            incoming[after] -= 1
            if incoming[after] == 0:
                order.append(after)
        i += 1
    if len(order) != len(nodes):
        raise ValueError("the graph has a cycle")
    return order


def hops(graph: dict[str, list[str]], start: str) -> dict[str, int]:
    """How many edges each node is away from the start."""
    distances = {start: 0}
    queue = [start]
    i = 0
    while i < len(queue):
        node = queue[i]
        i += 1
        for neighbour in graph.get(node, []):
            if neighbour not in distances:
                distances[neighbour] = distances[node] + 1
                queue.append(neighbour)
    return distances


def shortest_distances(n: int, edges: list[tuple[int, int, int]], source: int) -> list[int]:
    """The least sum of weights from a source to each node, or -1; every edge goes both ways."""
    neighbours: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    for a, b, weight in edges:
        neighbours[a].append((b, weight))
        neighbours[b].append((a, weight))
    distances = [-1] * n
    distances[source] = 0
    done = [False] * n
    while True:
        nearest = -1
        for node in range(n):
            if done[node] or distances[node] < 0:
                continue
            if nearest < 0 or distances[node] < distances[nearest]:
                nearest = node
        if nearest < 0:
            return distances
        done[nearest] = True
        for other, weight in neighbours[nearest]:
            distance = distances[nearest] + weight
            if distances[other] < 0 or distance < distances[other]:
                distances[other] = distance


class UnionFind:
    """Sets of numbers that can be joined."""

    def __init__(self, n: int) -> None:
        self.parents = list(range(n))
        self.sizes = [1] * n

    def find(self, x: int) -> int:
        """The number that stands for the set of x."""
        while self.parents[x] != x:
            self.parents[x] = self.parents[self.parents[x]]
            x = self.parents[x]
        return x

    def union(self, a: int, b: int) -> bool:
        """Join two sets; False where they are the same."""
        a = self.find(a)
        b = self.find(b)
        if a == b:
            return False
        if self.sizes[a] < self.sizes[b]:
            a, b = b, a
        self.parents[b] = a
        self.sizes[a] += self.sizes[b]
        return True


def component_sizes(n: int, edges: list[tuple[int, int]]) -> list[int]:
    """The sizes of the connected parts, largest first."""
    sets = UnionFind(n)
    for a, b in edges:
        sets.union(a, b)
    sizes = [sets.sizes[x] for x in range(n) if sets.find(x) == x]
    sizes.sort(reverse=True)
    return sizes


def spanning_weight(n: int, edges: list[tuple[int, int, int]]) -> int:
    """The least weight of edges (weight, a, b) that connect what can be connected."""
    sets = UnionFind(n)
    total = 0
    for weight, a, b in sorted(edges):
        if sets.union(a, b):
            total += weight
    return total


def has_cycle(graph: list[list[int]]) -> bool:
    """Whether one can come back to a node along directed edges."""
    states = [0] * len(graph)

    def visit(node: int) -> bool:
        states[node] = 1
        for after in graph[node]:
            if states[after] == 1 or (states[after] == 0 and visit(after)):
                return True
        states[node] = 2
        return False

    return any(states[node] == 0 and visit(node) for node in range(len(graph)))


def count_islands(grid: list[str]) -> int:
    """How many connected areas of # a grid has."""
    rows = len(grid)
    columns = len(grid[0]) if grid else 0
    seen = [[False] * columns for _ in range(rows)]
    islands = 0
    for row in range(rows):
        for column in range(columns):
            if grid[row][column] != "#" or seen[row][column]:
                continue
            islands += 1
            seen[row][column] = True
            stack = [(row, column)]
            while stack:
                r, c = stack.pop()
                for dr, dc in [(1, 0), (-1, 0), (0, 1), (0, -1)]:
                    y, x = r + dr, c + dc
                    if 0 <= y < rows and 0 <= x < columns and grid[y][x] == "#" and not seen[y][x]:
                        seen[y][x] = True
                        stack.append((y, x))
    return islands


def reachable(graph: list[list[int]], start: int) -> list[int]:
    """The nodes that can be reached, in order."""
    seen = {start}
    stack = [start]
    while stack:
        node = stack.pop()
        for after in graph[node]:
            if after not in seen:
                seen.add(after)
                stack.append(after)
    return sorted(seen)
