# frozen_string_literal: true

# References of matrices, sums, dynamic programming and searches.
module References
  module_function

  def matrix_multiply(a, b)
    columns = b[0].length
    a.map do |row|
      out = Array.new(columns, 0.0)
      row.each_with_index do |factor, k|
        other = b[k]
        columns.times { |j| out[j] += factor * other[j] }
      end
      out
    end
  end

  def transpose(matrix)
    matrix.transpose
  end

  def prefix_sums(values)
    total = 0
    [0] + values.map { |value| total += value }
  end

  def range_sums(values, queries)
    sums = prefix_sums(values)
    queries.map { |low, high| sums[high] - sums[low] }
  end

  def edit_distance(a, b)
    others = b.chars
    previous = (0..others.length).to_a
    a.each_char.with_index(1) do |x, i|
      current = [i]
      others.each_with_index do |y, j|
        cost = x == y ? 0 : 1
        current << [previous[j + 1] + 1, current[j] + 1, previous[j] + cost].min
      end
      previous = current
    end
    previous.last
  end

  def common_subsequence(a, b)
    table = Array.new(a.length + 1) { Array.new(b.length + 1, 0) }
    a.each_with_index do |x, i|
      above = table[i]
      row = table[i + 1]
      b.each_with_index do |y, j|
        row[j + 1] = x == y ? above[j] + 1 : [above[j + 1], row[j]].max
      end
    end
    table[a.length][b.length]
  end

  def knapsack(weights, values, capacity)
    best = Array.new(capacity + 1, 0)
    weights.zip(values) do |weight, value|
      capacity.downto(weight) do |room|
        best[room] = [best[room], best[room - weight] + value].max
      end
    end
    best[capacity]
  end

  def coin_ways(coins, amount)
    ways = Array.new(amount + 1, 0)
    ways[0] = 1
    coins.each do |coin|
      coin.upto(amount) { |total| ways[total] += ways[total - coin] }
    end
    ways[amount]
  end

  def max_subarray(values)
    raise ArgumentError, "no values" if values.empty?

    best = current = values.first
    values.drop(1).each do |value|
      current = [value, current + value].max
      best = [best, current].max
    end
    best
  end

  def primes_below(limit)
    return [] if limit < 3

    sieve = Array.new(limit, true)
    sieve[0] = sieve[1] = false
    i = 2
    while i * i < limit
      (i * i).step(limit - 1, i) { |multiple| sieve[multiple] = false } if sieve[i]
      i += 1
    end
    sieve.each_index.select { |number| sieve[number] }
  end

  def standard_deviation(values)
    raise ArgumentError, "no values" if values.empty?

    mean = values.sum / values.length
    Math.sqrt(values.sum { |value| (value - mean)**2 } / values.length)
  end

  def positions(values, wanted)
    wanted.map do |target|
      low = values.bsearch_index { |value| value >= target }
      low && values[low] == target ? low : -1
    end
  end

  def digit_sum(number)
    number.abs.digits.sum
  end
end
