# frozen_string_literal: true

require 'minitest/autorun'
require 'stringio'
require 'foundation/cli'

class CliTest < Minitest::Test
  def setup
    @out = StringIO.new
    @err = StringIO.new
    @ran = []
    @app = Foundation::CLI::App.new('shop', version: '1.2', out: @out, err: @err)
    migrate = command('db.migrate', description: 'Apply migrations', aliases: ['m'], category: 'Database')
    migrate.argument('target', default: 'latest', description: 'where to stop').option('dry_run', :boolean, short: 'd').option('steps', :integer, default: 1).option('tag', multiple: true)
    @app.register(command('copy').argument('from').argument('to').argument('rest', multiple: true, required: false).option('rate', :float, required: true))
    @app.register(migrate)
    @app.register(command('secret', hidden: true))
  end

  def command(name, **options)
    Foundation::CLI::Command.new(name, **options) { |**values| @ran << [name, values] }
  end

  def run_app(*argv)
    @app.run(argv)
  end

  def test_values
    assert_equal 0, run_app('db', 'm', '-d', '--steps=3', 'v2', '--tag', '-x', '--tag', 'b')
    assert_equal [['db.migrate', { target: 'v2', dry_run: true, steps: 3, tag: %w[-x b] }]], @ran
    assert_equal 0, run_app('db', 'migrate', '--dry-run', '--no-dry-run')
    assert_equal({ target: 'latest', dry_run: false, steps: 1, tag: [] }, @ran.last[1])
    assert_equal 0, run_app('copy', '--rate', '.5', 'a', '--', '-b', '--help')
    assert_equal({ from: 'a', to: '-b', rest: ['--help'], rate: 0.5 }, @ran.last[1])
  end

  def test_usage_errors_exit_with_two
    { %w[nope] => /unknown command/, %w[db migrat] => /did you mean "migrate"/, %w[copy a b] => /missing option --rate/, %w[copy --rate x a b] => /must be a number/,
      %w[db migrate --steps x] => /must be an integer/, %w[db migrate a b] => /too many/, %w[db migrate --nope] => /unknown option --nope/, %w[db migrate --steps] => /needs a value/,
      %w[db migrate --dry-run=1] => /takes no value/, %w[copy --rate 1 a] => /missing argument to/, %w[--nope] => /unknown option/ }.each do |argv, message|
      @err.truncate(0)
      assert_equal 2, run_app(*argv), argv.join(' ')
      assert_match message, @err.string
      assert_match(/--help/, @err.string)
    end
    assert_empty @ran
  end

  def test_help
    assert_equal 0, run_app('--help')
    assert_match(/db \.\.\./, @out.string)
    refute_match(/secret/, @out.string)
    assert_equal 0, run_app('db', '-h')
    assert_match(/Database:\n  migrate, m  Apply migrations/, @out.string)
    assert_equal 0, run_app('db', 'migrate', 'wrong', 'too many', '--help')
    assert_match(/^Usage: shop db migrate \[TARGET\] \[OPTIONS\]$/, @out.string)
    %w[--dry-run --no-dry-run --steps target Aliases].each { |word| assert_includes @out.string, word }
    assert_equal 0, run_app('--version')
    assert_match(/^shop 1\.2$/, @out.string)
    assert_equal 2, run_app
    assert_match(/Usage: shop/, @err.string)
    assert_equal 0, run_app('secret')
  end

  def test_exit_codes
    [[-> { raise 'broken' }, 1], [-> { raise Foundation::CLI::Exit, 7 }, 7], [-> { raise Interrupt }, 130], [-> { raise Foundation::CancelledError }, 130], [-> { 3 }, 0], [-> { raise NotImplementedError, 'x' }, 1]].each_with_index do |(action, code), index|
      @app.register(Foundation::CLI::Command.new("do#{index}") { action.call })
      assert_equal code, run_app("do#{index}")
    end
    assert_match(/Error: broken/, @err.string)
    tracing = Foundation::CLI::App.new('t', err: @err, trace: true)
    tracing.register(Foundation::CLI::Command.new('x') { raise IOError })
    assert_raises(IOError) { tracing.run(['x']) }
  end

  def test_names
    ['', 'a..b', 'db.migrate', 'db', 'copy.more'].each { |name| assert_raises(Foundation::ConfigurationError, name) { @app.register(command(name)) } }
    assert_raises(Foundation::ConfigurationError) { command('x').argument('a', :boolean) }
    assert_raises(Foundation::ConfigurationError) { command('x').option('a').option('a') }
  end

  def test_registered_blocks
    seen = nil
    Foundation.register_command('greet', description: 'Say hello') { |name, loud: nil| seen = [name, loud] }
    Foundation.register_command('polite') { |name, tone: 'soft', end_with: nil| seen = [name, tone, end_with] }
    Foundation.register_command('plain', configure: ->(c) { c.argument('n', :integer) }) { |n| seen = n }
    app = Foundation.app('hello', out: @out, err: @err)
    assert_equal 0, app.run(%w[greet Ada --loud yes])
    assert_equal %w[Ada yes], seen
    assert_equal 0, app.run(%w[polite Ada])
    assert_equal ['Ada', 'soft', nil], seen
    assert_equal 0, app.run(%w[polite Ada --tone=loud --end-with !])
    assert_equal %w[Ada loud !], seen
    assert_equal 0, app.run(%w[plain 4])
    assert_equal 4, seen
  end
end
