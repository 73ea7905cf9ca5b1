# frozen_string_literal: true

require 'minitest/autorun'
require 'tmpdir'
require 'foundation/process'

class ProcessTest < Minitest::Test
  def sh(script, **options)
    Foundation.run_process(['sh', '-c', script], **options)
  end

  def test_output_input_and_environment
    result = sh('cat; echo err >&2; printf "%s" "$A"', input: 'in', env: { A: 'b' })
    assert_equal ['inb', "err\n", 0], [result.stdout, result.stderr, result.exit_code]
    assert result.success?
    assert_equal "b\n", sh('/usr/bin/env | sort | sed s/^A=//', env: { A: 'b' }, env_mode: :replace).stdout.lines.first
    ENV['FOUNDATION_LEAK'] = '1'
    refute_includes sh('env', env_mode: :scrub).stdout, 'FOUNDATION_LEAK'
    assert_includes sh('env').stdout, 'FOUNDATION_LEAK'
  ensure
    ENV.delete('FOUNDATION_LEAK')
  end

  def test_a_megabyte_of_errors_blocks_nobody
    assert_equal 1_000_000, sh('head -c 1000000 /dev/zero >&2; echo done').stderr_bytes.size
    assert_equal '', sh('exec 0<&-; exit 0', input: 'x' * 1_000_000).stdout
  end

  def test_exit_codes
    error = assert_raises(Foundation::ProcessError) { sh('echo out; echo why >&2; exit 3') }
    assert_equal [3, "out\n", "why\n"], [error.exit_code, error.stdout, error.stderr]
    assert_match(/ended with code 3: why/, error.message)
    killed = sh('kill -9 $$', check: false)
    assert_equal [137, 9], [killed.exit_code, killed.signal]
    assert_equal 127, assert_raises(Foundation::ProcessError) { Foundation.run_process(['no-such-program'], check: false) }.exit_code
    Dir.mktmpdir do |folder|
      File.write("#{folder}/data", 'x')
      assert_equal 126, assert_raises(Foundation::ProcessError) { Foundation.run_process(["#{folder}/data"]) }.exit_code
      assert_equal "#{File.realpath(folder)}\n", sh('pwd -P', cwd: folder).stdout
      assert_raises(Foundation::ValidationError) { sh('true', cwd: "#{folder}/data") }
    end
    [[], ["a\0b"], 'ls'].each { |command| assert_raises(Foundation::ValidationError) { Foundation.run_process(command) } }
  end

  def test_time_out_ends_the_whole_group
    Dir.mktmpdir do |folder|
      error = assert_raises(Foundation::ProcessTimeoutError) { sh("sleep 300 & echo $! > #{folder}/pid; echo begun; wait", timeout: 0.3, grace_period: 5) }
      assert_equal ["begun\n", false, 300_000_000], [error.stdout, error.escalated, error.timeout]
      assert_gone(File.read("#{folder}/pid").to_i)
    end
  end

  def test_a_process_that_ignores_sigterm
    error = assert_raises(Foundation::ProcessTimeoutError) { sh('trap "" TERM; while :; do sleep 0.05; done', timeout: 0.2, grace_period: 0.2) }
    assert error.escalated
    assert assert_raises(Foundation::ProcessTimeoutError) { sh('sleep 60', timeout: 0.1, grace_period: 0) }.escalated
  end

  def test_a_background_process_does_not_hold_the_result
    assert_equal "done\n", sh('sleep 3 & echo done').stdout
  end

  def test_streaming
    lines = []
    Foundation.stream_process(['sh', '-c', 'printf "a\r\n\n  b \nlast"; echo e >&2']) { |stream, line| lines << [stream, line] }
    assert_equal [[:stdout, 'a'], [:stdout, ''], [:stdout, '  b '], [:stdout, 'last']], lines.select { |stream, _| stream == :stdout }
    assert_includes lines, [:stderr, 'e']
    seen = []
    assert_raises(Foundation::ProcessError) { Foundation.stream_process(['sh', '-c', 'echo x; exit 4']) { |_, line| seen << line } }
    assert_equal ['x'], seen
  end

  def test_a_consumer_that_stops_ends_the_group
    pid = nil
    Foundation.stream_process(['sh', '-c', 'echo $$; exec sleep 300'], grace_period: 0.5) do |_, line|
      pid = line.to_i
      break
    end
    assert_gone(pid)
  end

  def test_cancellation
    cancellation = Foundation::Cancellation.new
    Thread.new { sleep 0.2; cancellation.cancel }
    assert_raises(Foundation::CancelledError) { sh('sleep 300', cancellation: cancellation, grace_period: 1) }
  end

  def test_secrets_in_messages
    error = assert_raises(Foundation::ProcessError) { Foundation.run_process(%w[false --password hunter2 --token=abc user=x --password -v]) }
    assert_match(/false --password \[REDACTED\] --token=\[REDACTED\] user=x --password -v/, error.message)
  end

  def assert_gone(pid)
    100.times do
      Process.kill(0, pid)
      return if File.read("/proc/#{pid}/stat").split[2] == 'Z'

      sleep 0.02
    end
    flunk "process #{pid} is still there"
  rescue Errno::ESRCH, Errno::ENOENT
    pass
  end
end
