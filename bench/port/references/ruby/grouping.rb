# frozen_string_literal: true

require "set"

# References of grouping, counting, joining and splitting.
module References
  module_function

  def group_by_length(words)
    words.group_by(&:length)
  end

  def word_counts(text)
    text.downcase.split.tally
  end

  def top_words(words, n)
    words.tally.sort_by { |word, count| [-count, word] }.first(n).map(&:first)
  end

  def deduplicate(items)
    items.uniq
  end

  def totals_by_customer(customers, amounts)
    totals = Hash.new(0)
    customers.each_with_index do |customer, i|
      totals[customer] += amounts[i] if amounts[i].positive?
    end
    totals
  end

  def common_ids(left, right)
    (left & right).sort
  end

  def missing_ids(expected, present)
    there = present.to_set
    expected.reject { |id| there.include?(id) }
  end

  def chunk(items, size)
    items.each_slice(size).to_a
  end

  def flatten(lists)
    lists.flatten(1)
  end

  def index_documents(documents)
    index = {}
    documents.each_with_index do |document, position|
      document.split(" ").each do |word|
        places = (index[word] ||= [])
        places << position if places.last != position
      end
    end
    index
  end

  def first_repeated(ids)
    seen = Set.new
    ids.find { |id| !seen.add?(id) } || -1
  end

  def labels(names, scores, limit)
    names.each_with_index.filter_map do |name, i|
      "#{i + 1}. #{name}: #{scores[i]}" if scores[i] >= limit
    end
  end
end
