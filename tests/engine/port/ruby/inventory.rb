# frozen_string_literal: true

class OutOfStock < StandardError; end

# Stock by item.
class Inventory
  LOW = 5

  attr_reader :stock

  #: (Hash[String, Integer]) -> void
  def initialize(stock = {})
    @stock = stock.dup
    @reserved = Hash.new(0)
    @events = []
  end

  #: (String, ?Integer) -> Integer
  def add(item, count = 1)
    raise ArgumentError, 'count must be positive' if count <= 0

    @stock[item] = (@stock[item] || 0) + count
    @events << "add #{item} #{count}"
    @stock[item]
  end

  #: (String, Integer) -> bool
  def reserve(item, count)
    free = available(item)
    raise OutOfStock, "only #{free} of #{item}" if free < count

    @reserved[item] += count
    true
  end

  #: (String) -> Integer
  def available(item)
    @stock.fetch(item, 0) - @reserved[item]
  end

  #: () -> Array[String]
  def low
    @stock.select { |_, n| n < LOW }.keys.sort
  end

  #: (Integer) -> Array[[String, Integer]]
  def top(n)
    @stock.sort_by { |name, count| [-count, name] }.first(n)
  end

  #: () -> String?
  def last_event
    @events.last
  end

  #: () -> Integer
  def total
    @stock.values.sum
  end

  #: (Inventory) -> void
  def merge!(other)
    other.stock.each { |item, count| add(item, count) if count.positive? }
  end

  def empty?
    @stock.empty?
  end

  def report
    @stock.map { |item, count| format('%-10s %5d', item, count) }.join("\n")
  end

  private

  def note(text)
    @events << text
  end
end
