# frozen_string_literal: true

# References of small data structures and what uses them.
module References
  module_function

  # The entries that were used last; a hash keeps the order in which they were put in.
  class Cache
    attr_reader :hits

    def initialize(capacity)
      @capacity = capacity
      @entries = {}
      @hits = 0
    end

    def get(key)
      value = @entries.delete(key)
      return -1 unless value

      @hits += 1
      @entries[key] = value
    end

    def put(key, value)
      if @entries.key?(key)
        @entries.delete(key)
      elsif @entries.length >= @capacity
        @entries.shift
      end
      @entries[key] = value
    end
  end

  def cache_hits(capacity, keys)
    cache = Cache.new(capacity)
    keys.each_with_index { |key, i| cache.put(key, i) if cache.get(key).negative? }
    cache.hits
  end

  # The last values.
  class RingBuffer
    def initialize(capacity)
      @values = Array.new(capacity, 0)
      @start = 0
      @count = 0
    end

    def push(value)
      capacity = @values.length
      if @count < capacity
        @values[(@start + @count) % capacity] = value
        @count += 1
      else
        @values[@start] = value
        @start = (@start + 1) % capacity
      end
    end

    def to_a
      Array.new(@count) { |i| @values[(@start + i) % @values.length] }
    end
  end

  def last_values(values, capacity)
    buffer = RingBuffer.new(capacity)
    values.each { |value| buffer.push(value) }
    buffer.to_a
  end

  # A place in a trie.
  class TrieNode
    attr_reader :children
    attr_accessor :count

    def initialize
      @children = {}
      @count = 0
    end
  end

  # Words by their prefixes.
  class Trie
    def initialize
      @root = TrieNode.new
    end

    def insert(word)
      node = @root
      word.each_char do |ch|
        node = (node.children[ch] ||= TrieNode.new)
        node.count += 1
      end
    end

    def count_prefix(prefix)
      node = @root
      prefix.each_char do |ch|
        node = node.children[ch]
        return 0 unless node
      end
      node.count
    end
  end

  def prefix_counts(words, prefixes)
    trie = Trie.new
    words.each { |word| trie.insert(word) }
    prefixes.map { |prefix| trie.count_prefix(prefix) }
  end

  # Tasks by their priority, the least first.
  class PriorityQueue
    def initialize
      @tasks = []
    end

    def push(priority, name)
      @tasks << [priority, name]
      i = @tasks.length - 1
      while i.positive?
        parent = (i - 1) / 2
        break if @tasks[parent][0] <= @tasks[i][0]

        @tasks[i], @tasks[parent] = @tasks[parent], @tasks[i]
        i = parent
      end
    end

    def pop
      first = @tasks[0]
      last = @tasks.pop
      return first[1] if @tasks.empty?

      @tasks[0] = last
      n = @tasks.length
      i = 0
      loop do
        least = i
        child = 2 * i + 1
        least = child if child < n && @tasks[child][0] < @tasks[least][0]
        child += 1
        least = child if child < n && @tasks[child][0] < @tasks[least][0]
        return first[1] if least == i

        @tasks[i], @tasks[least] = @tasks[least], @tasks[i]
        i = least
      end
    end
  end

  def run_order(priorities, names)
    queue = PriorityQueue.new
    priorities.zip(names) { |priority, name| queue.push(priority, name) }
    Array.new(names.length) { queue.pop }
  end

  def evaluate_rpn(tokens)
    stack = []
    tokens.each do |token|
      case token
      when "+", "-", "*"
        raise ArgumentError, "nothing for #{token}" if stack.length < 2

        right = stack.pop
        stack << stack.pop.public_send(token, right)
      else
        stack << Integer(token, 10)
      end
    end
    raise ArgumentError, "not one value" if stack.length != 1

    stack[0]
  end

  # Counts in buckets whose upper bounds are given.
  class Histogram
    attr_reader :counts

    def initialize(bounds)
      @bounds = bounds
      @counts = Array.new(bounds.length + 1, 0)
    end

    def observe(value)
      @counts[@bounds.index { |bound| value <= bound } || @bounds.length] += 1
    end
  end

  def latency_counts(bounds, latencies)
    buckets = Histogram.new(bounds)
    latencies.each { |latency| buckets.observe(latency) }
    buckets.counts
  end
end
