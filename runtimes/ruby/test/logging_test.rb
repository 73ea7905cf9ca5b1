# frozen_string_literal: true

require 'minitest/autorun'
require 'json'
require 'stringio'
require 'tempfile'
require 'foundation/logging'
require 'foundation/testing'

class LoggingTest < Minitest::Test
  def setup
    @output = StringIO.new
    @clock = Foundation::VirtualClock.new(wall: 1_767_323_045_123_456_789)
  end

  def logger(**options)
    Foundation::Logging.logger('shop', output: @output, clock: @clock, **options)
  end

  def line
    @output.string.force_encoding('UTF-8').lines.last.chomp
  end

  def test_json_in_its_one_form
    logger.info("a \"b\"\n\u0001é\u2028", n: 1, f: 1.0, tiny: 1e-7, big: 1e21, none: nil, yes: true, list: [1, { b: 2, a: 1 }], at: Time.at(0).utc, oops: IOError.new('x'), sym: :s, other: 1..2)
    expected = '{"timestamp":"2026-01-02T03:04:05.123456Z","level":"info","logger":"shop","message":"a \"b\"\n\u0001é' + "\u2028" +
               '","n":1,"f":1,"tiny":1e-7,"big":1e+21,"none":null,"yes":true,"list":[1,{"a":1,"b":2}],"at":"1970-01-01T00:00:00.000000Z","oops":"x","sym":"s","other":"1..2"}'
    assert_equal expected, line
    JSON.parse(line)
  end

  def test_numbers_as_in_ecmascript
    numbers = { 0.1 => '0.1', 123456789.125 => '123456789.125', 1e20 => '100000000000000000000', -2.5e-9 => '-2.5e-9', 0.000001 => '0.000001', -0.0 => '0', 5e-324 => '5e-324', 1.7976931348623157e308 => '1.7976931348623157e+308', 12.0 => '12' }
    numbers.each { |number, text| assert_equal text, Foundation::Logging::JsonText.float(number) }
    assert_equal '"NaN"', Foundation::Logging::JsonText.float(Float::NAN)
    assert_equal '"-Infinity"', Foundation::Logging::JsonText.float(-Float::INFINITY)
  end

  def test_secrets_at_every_depth
    logger(redact: ['customer_iban']).info('x', password: 1, user: { api_key: 'k', name: 'n', cards: [{ cvv: 3 }] }, customerIban: 'DE', token_count: 4)
    assert_includes line, '"password":"[REDACTED]","user":{"api_key":"[REDACTED]","cards":[{"cvv":"[REDACTED]"}],"name":"n"},"customerIban":"[REDACTED]","token_count":4}'
    secret = Foundation::Redaction.new
    %w[access_token apiKey X-API-Key dbPassword password_hash Set-Cookie].each { |name| assert secret.secret?(name), name }
    %w[token_count max_tokens secretary keyboard author].each { |name| refute secret.secret?(name), name }
  end

  def test_levels_and_binding
    log = logger(level: 'warning', timestamps: false)
    log.info('no')
    assert_empty @output.string
    refute log.info?
    bound = log.bind(a: 1, b: 2)
    bound.error('m', b: 3, level: 'mine')
    assert_equal '{"level":"error","logger":"shop","message":"m","a":1,"b":3,"level_":"mine"}', line
    log.log(:critical, 'n')
    assert_equal '{"level":"critical","logger":"shop","message":"n"}', line
  end

  def test_logfmt
    logger(format: :logfmt, timestamps: false).info('two words', id: 7, empty: '', user: { name: 'x y', id: 2, none: {} }, list: [1, 'a'], 'odd key': nil, q: 'a=b', f: Float::NAN, g: 0.5, token: 1, s: :sym, e: IOError.new('gone'), at: Time.at(0), o: 1..2)
    assert_equal 'level=info logger=shop message="two words" id=7 empty="" user.id=2 user.name="x y" user.none={} list="[1,\"a\"]" odd_key=null q="a=b" f=NaN g=0.5 token=[REDACTED] s=sym e=gone at=1970-01-01T00:00:00.000000Z o=1..2', line
  end

  def test_depth_and_bad_bytes
    deep = 20.times.reduce(1) { |inner, _| { a: inner } }
    logger.info('x', deep: deep, bytes: "\xff\xfe".b, latin: "\xe9".dup.force_encoding('ISO-8859-1'))
    assert_includes line, '[too deep]'
    assert_includes line, "\"bytes\":\"\uFFFD\uFFFD\",\"latin\":\"é\""
    logger(format: :logfmt).info('x', deep: deep)
    assert_includes line, '"[too deep]"'
  end

  def test_eight_threads_never_mix_their_lines
    Tempfile.create('log') do |file|
      log = Foundation::Logging.logger('threads', output: file)
      8.times.map { |thread| Thread.new { 500.times { |n| log.info('m' * 200, thread: thread, n: n) } } }.each(&:join)
      file.rewind
      records = file.each_line.map { |text| JSON.parse(text) }
      assert_equal 4000, records.map { |record| [record['thread'], record['n']] }.uniq.size
    end
  end

  def test_bad_parameters
    [{ level: :loud }, { format: :xml }, { timestamps: 1 }].each { |bad| assert_raises(Foundation::ConfigurationError) { logger(**bad) } }
    assert_raises(Foundation::ConfigurationError) { Foundation::Logging.logger(nil) }
  end
end
