# frozen_string_literal: true

# Prices and totals of orders.
module Orders
  TAX = 0.2
  RATES = { standard: 5, express: 12 }.freeze

  class EmptyOrder < StandardError; end

  # A line of an order.
  # @!attribute [r] sku
  #   @return [String]
  # @!attribute [r] quantity
  #   @return [Integer]
  # @!attribute [r] price
  #   @return [Float]
  Line = Struct.new(:sku, :quantity, :price)

  module_function

  # The total of the lines.
  # @param lines [Array<Line>]
  # @return [Float]
  def total(lines)
    raise EmptyOrder, "no lines" if lines.empty?

    sum = lines.sum { |line| line.quantity * line.price }
    (sum * (1 + TAX)).round(2)
  end

  # @param kind [Symbol]
  # @return [Integer]
  def shipping(kind)
    RATES.fetch(kind) { raise ArgumentError, "unknown kind #{kind}" }
  end

  # @param words [Array<String>]
  # @return [Hash{String => Integer}]
  def count_words(words)
    counts = Hash.new(0)
    words.each do |word|
      next if word.strip.empty?

      counts[word.downcase] += 1 # one more
    end
    counts
  end

  # @param lines [Array<Line>]
  # @return [String, nil]
  def dearest(lines)
    line = lines.max_by(&:price)
    line&.sku
  end

  # @param n [Integer]
  def label(n)
    case n
    when 0 then 'none'
    when 1..5 then "few (#{n})"
    else 'many'
    end
  end
end
