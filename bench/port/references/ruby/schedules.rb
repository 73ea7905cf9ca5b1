# frozen_string_literal: true

require "set"

# References of intervals, windows and tables.
module References
  module_function

  def merge_intervals(intervals)
    merged = []
    intervals.sort.each do |start, finish|
      last = merged.last
      if last && start <= last[1]
        last[1] = finish if finish > last[1]
      else
        merged << [start, finish]
      end
    end
    merged
  end

  def max_concurrent(starts, ends)
    stops = ends.sort
    running = most = j = 0
    starts.sort.each do |start|
      while j < stops.length && stops[j] <= start
        running -= 1
        j += 1
      end
      running += 1
      most = running if running > most
    end
    most
  end

  def free_slots(busy, start, finish, length)
    slots = []
    cursor = start
    busy.each do |from, to|
      slots << [cursor, from] if from - cursor >= length
      cursor = to if to > cursor
    end
    slots << [cursor, finish] if finish - cursor >= length
    slots
  end

  def backoff_table(base, factor, limit, attempts)
    delay = base
    Array.new(attempts) do
      current = [delay, limit].min
      delay *= factor
      current
    end
  end

  def window_maxima(values, size)
    candidates = []
    maxima = []
    values.each_with_index do |value, i|
      candidates.pop while !candidates.empty? && values[candidates.last] <= value
      candidates << i
      candidates.shift if candidates.first <= i - size
      maxima << values[candidates.first] if i >= size - 1
    end
    maxima
  end

  def moving_average(values, size)
    raise ArgumentError, "the size of a window must be positive" unless size.positive?

    averages = []
    total = 0.0
    values.each_with_index do |value, i|
      total += value
      total -= values[i - size] if i >= size
      averages << total / size if i >= size - 1
    end
    averages
  end

  def percentile(values, share)
    raise ArgumentError, "no values" if values.empty?

    ordered = values.sort
    position = share * (ordered.length - 1)
    low = position.to_i
    high = [low + 1, ordered.length - 1].min
    ordered[low] + (ordered[high] - ordered[low]) * (position - low)
  end

  def admit(timestamps, limit, window)
    admitted = []
    timestamps.map do |now|
      admitted.shift while !admitted.empty? && admitted.first <= now - window
      next false if admitted.length >= limit

      admitted << now
      true
    end
  end

  def count_buckets(values, low, high, buckets)
    counts = Array.new(buckets, 0)
    width = (high - low) / buckets
    values.each do |value|
      counts[[((value - low) / width).to_i, buckets - 1].min] += 1 if low <= value && value < high
    end
    counts
  end

  def longest_streak(days)
    present = days.to_set
    best = 0
    days.each do |day|
      next if present.include?(day - 1)

      length = 1
      length += 1 while present.include?(day + length)
      best = length if length > best
    end
    best
  end
end
