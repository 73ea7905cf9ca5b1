# frozen_string_literal: true

require "set"

# References of orders, paths and groups in graphs.
module References
  module_function

  def topological_order(nodes, edges)
    incoming = nodes.to_h { |node| [node, 0] }
    outgoing = nodes.to_h { |node| [node, []] }
    edges.each do |before, after|
      outgoing[before] << after
      incoming[after] += 1
    end
    order = nodes.select { |node| incoming[node].zero? }
    # Nodes that are added while the loop runs are visited, too.
    order.each do |node|
      outgoing[node].each do |after|
        order << after if (incoming[after] -= 1).zero?
      end
    end
    raise ArgumentError, "the graph has a cycle" if order.length != nodes.length

    order
  end

  def hops(graph, start)
    distances = { start => 0 }
    queue = [start]
    queue.each do |node|
      graph.fetch(node, []).each do |neighbour|
        next if distances.key?(neighbour)

        distances[neighbour] = distances[node] + 1
        queue << neighbour
      end
    end
    distances
  end

  def shortest_distances(n, edges, source)
    neighbours = Array.new(n) { [] }
    edges.each do |a, b, weight|
      neighbours[a] << [b, weight]
      neighbours[b] << [a, weight]
    end
    distances = Array.new(n, -1)
    distances[source] = 0
    done = Array.new(n, false)
    loop do
      nearest = -1
      n.times do |node|
        next if done[node] || distances[node].negative?

        nearest = node if nearest.negative? || distances[node] < distances[nearest]
      end
      return distances if nearest.negative?

      done[nearest] = true
      neighbours[nearest].each do |other, weight|
        distance = distances[nearest] + weight
        distances[other] = distance if distances[other].negative? || distance < distances[other]
      end
    end
  end

  # Sets of numbers that can be joined.
  class UnionFind
    attr_reader :sizes

    def initialize(n)
      @parents = Array.new(n) { |i| i }
      @sizes = Array.new(n, 1)
    end

    def find(x)
      while @parents[x] != x
        @parents[x] = @parents[@parents[x]]
        x = @parents[x]
      end
      x
    end

    def union(a, b)
      a = find(a)
      b = find(b)
      return false if a == b

      a, b = b, a if @sizes[a] < @sizes[b]
      @parents[b] = a
      @sizes[a] += @sizes[b]
      true
    end
  end

  def component_sizes(n, edges)
    sets = UnionFind.new(n)
    edges.each { |a, b| sets.union(a, b) }
    (0...n).select { |x| sets.find(x) == x }.map { |x| sets.sizes[x] }.sort.reverse
  end

  def spanning_weight(n, edges)
    sets = UnionFind.new(n)
    edges.sort.sum { |weight, a, b| sets.union(a, b) ? weight : 0 }
  end

  def cycle_from?(graph, states, node)
    states[node] = :open
    graph[node].each do |after|
      return true if states[after] == :open || (states[after].nil? && cycle_from?(graph, states, after))
    end
    states[node] = :closed
    false
  end

  def has_cycle(graph)
    states = Array.new(graph.length)
    graph.each_index.any? { |node| states[node].nil? && cycle_from?(graph, states, node) }
  end

  STEPS = [[1, 0], [-1, 0], [0, 1], [0, -1]].freeze

  def count_islands(grid)
    rows = grid.length
    columns = rows.zero? ? 0 : grid[0].length
    seen = Array.new(rows) { Array.new(columns, false) }
    islands = 0
    rows.times do |row|
      columns.times do |column|
        next if grid[row][column] != "#" || seen[row][column]

        islands += 1
        seen[row][column] = true
        stack = [[row, column]]
        until stack.empty?
          r, c = stack.pop
          STEPS.each do |dr, dc|
            y = r + dr
            x = c + dc
            next if y.negative? || y >= rows || x.negative? || x >= columns
            next if grid[y][x] != "#" || seen[y][x]

            seen[y][x] = true
            stack << [y, x]
          end
        end
      end
    end
    islands
  end

  def reachable(graph, start)
    seen = Set[start]
    stack = [start]
    until stack.empty?
      graph[stack.pop].each { |after| stack << after if seen.add?(after) }
    end
    seen.sort
  end
end
