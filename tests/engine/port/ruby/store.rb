# frozen_string_literal: true

require 'foundation/files'
require 'foundation/http'

# Keeps counters in a file.
module Store
  # @param path [String]
  # @return [Hash{String => Integer}]
  def self.read(path)
    return {} unless File.exist?(path)

    counts = {}
    File.read(path).lines(chomp: true).each do |line|
      next if line.empty? || line.start_with?('#')

      name, value = line.split('=', 2)
      next unless value

      counts[name.strip] = value.to_i
    end
    counts
  end

  # @param path [String]
  # @param counts [Hash{String => Integer}]
  # @return [void]
  def self.write(path, counts)
    body = counts.sort.map { |name, value| "#{name}=#{value}\n" }.join
    Foundation.atomic_write(path, body, backup: true)
  end

  # @param path [String]
  # @param name [String]
  # @return [Integer]
  def self.bump(path, name)
    counts = read(path)
    counts[name] = counts.fetch(name, 0) + 1
    write(path, counts)
    counts[name]
  end

  # @param client [Foundation::HttpClient]
  # @param sku [String]
  # @return [String, nil]
  def self.stock(client, sku)
    response = client.get('/stock', params: { sku: sku })
    return nil if response.status == 204

    response.text
  rescue Foundation::HttpStatusError
    nil
  end

  # @param client [Foundation::HttpClient]
  # @param name [String]
  # @param count [Integer]
  # @return [Integer]
  def self.post_count(client, name, count)
    response = client.post('/counts', json: { name: name, count: count })
    response.status
  end
end
