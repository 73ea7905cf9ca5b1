# frozen_string_literal: true

# Every test of the Ruby runtime: `ruby test/all.rb`.
$LOAD_PATH.unshift(File.expand_path('../lib', __dir__), __dir__)
require 'minitest/autorun'
require 'coverage_start'
Dir[File.join(__dir__, '*_test.rb')].sort.each { |file| require file }
