# frozen_string_literal: true

require 'foundation/resilience'
require 'foundation/errors'
require 'foundation/logging'

# Sales reports.
class SalesReport
  LOG = Foundation::Logging.logger('reports', level: :warning)
  THRESHOLDS = { low: 100, high: 1000 }.freeze

  Sale = Struct.new(:region, :amount, :units)

  # @param sales [Array<Sale>]
  def initialize(sales)
    @sales = sales
    @cache = nil
  end

  # @return [Hash]
  def summary
    {
      count: @sales.size,
      total: @sales.sum { |s| s.amount * s.units },
      regions: @sales.map(&:region).uniq.sort,
      best: best&.region
    }
  end

  # @return [Sale, nil]
  def best
    @sales.max_by { |s| s.amount * s.units }
  end

  # @param region [String]
  # @return [Symbol]
  def level(region)
    total = by_region.fetch(region, []).sum { |s| s.amount * s.units }
    return :none if total.zero?

    if total < THRESHOLDS[:low]
      :low
    elsif total < THRESHOLDS[:high]
      :medium
    else
      LOG.warning('high sales', region: region, total: total)
      :high
    end
  end

  # @return [Array<String>]
  def lines
    summary_line = "#{summary[:count]} sales, #{summary[:total]} in all"
    [summary_line] + @sales.each_with_index.map { |s, i| "#{i + 1}. #{s.region}: #{s.amount * s.units}" }
  end

  # @param factor [Integer]
  # @return [void]
  def scale!(factor)
    @sales.each { |s| s.amount *= factor }
    @cache = nil
  end

  def total
    @cache ||= @sales.sum(&:amount)
  end

  private

  def by_region
    @sales.group_by(&:region)
  end
end

# @param amount [Integer]
# @param units [Integer]
# @return [Array<SalesReport::Sale>]
def sample(amount, units)
  [SalesReport::Sale.new('north', amount, units), SalesReport::Sale.new('south', 2, 3)]
end
