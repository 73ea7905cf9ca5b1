# frozen_string_literal: true

# Measures the lines of lib/ when COVERAGE is set: `COVERAGE=1 ruby test/all.rb`.
if ENV['COVERAGE']
  require 'coverage'
  Coverage.start(lines: true)
  lib = File.expand_path('../lib', __dir__)
  Minitest.after_run do
    lines = Coverage.result.select { |path, _| path.start_with?(lib) }
    rows = lines.map { |path, result| [path.delete_prefix("#{lib}/"), result[:lines].compact.count(&:positive?), result[:lines].compact.size] }
    rows.sort.each { |name, hit, all| puts format('%-36<name>s %5.1<share>f %%', name: name, share: all.zero? ? 100 : 100.0 * hit / all) }
    hit = rows.sum { |row| row[1] }
    all = rows.sum { |row| row[2] }
    puts format('total %.1f %% of %d lines', 100.0 * hit / all, all)
    exit 1 if hit < 0.9 * all
  end
end
