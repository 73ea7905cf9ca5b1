# frozen_string_literal: true

require 'minitest/autorun'
require 'foundation'

# Runs the README from top to bottom in one scope; a line that ends in `# => value` must give that value.
class ReadmeTest < Minitest::Test
  README = File.expand_path('../README.md', __dir__)

  def test_every_example
    checked = 0
    scope = TOPLEVEL_BINDING.dup
    File.read(README).scan(/^```ruby\n(.*?)^```/m).flatten.each do |block|
      code = +''
      block.each_line do |line|
        source, expected = line.chomp.split(/ # => /, 2)
        code << source.to_s << "\n"
        next unless expected

        value = scope.eval(code, README)
        assert_equal expected, value.inspect
        checked += 1
        code = +''
      end
      scope.eval(code, README)
    end
    assert_operator checked, :>=, 10
  end
end
