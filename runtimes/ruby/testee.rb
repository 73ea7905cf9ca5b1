# frozen_string_literal: true

# The testee of the Ruby runtime: reads one case per line, runs it, writes what happened (docs/semantics.md, section 14).

$LOAD_PATH.unshift(File.join(__dir__, 'lib'))

require 'json'
require 'stringio'
require 'foundation'
require 'foundation/testing'

# Runs one case for each pattern.
module Testee
  OtherError = Class.new(StandardError)
  BY_NAME = Foundation.constants.to_h { |name| [name.to_s, Foundation.const_get(name)] }
                      .select { |_, value| value.is_a?(Class) && value <= Exception }
                      .merge('OtherError' => OtherError, 'Exception' => Exception, 'ProgrammingError' => NoMethodError, 'Interrupt' => Interrupt).freeze

  module_function

  def answer(line)
    request = JSON.parse(line, max_nesting: false)
    pattern = request.fetch('pattern')
    return { id: request['id'], result: hello, trace: [] } if pattern == 'hello'

    handler = PATTERNS[pattern]
    return { id: request['id'], skipped: "no pattern #{pattern}" } unless handler

    { id: request['id'] }.merge(handler.call(Scenario.new(request.fetch('given'))))
  rescue StandardError, ScriptError => e
    { id: request && request['id'], error: "#{e.class}: #{e.message} at #{e.backtrace.first}" }
  end

  def hello
    { language: 'ruby', library: 'foundation', version: Foundation::VERSION, patterns: PATTERNS.keys }
  end

  # The name that the protocol gives an error.
  def name_of(error)
    case error
    when nil then nil
    when OtherError then 'OtherError'
    when SystemCallError then "OSError:#{error.class.name.split('::').last}"
    when Interrupt then 'Interrupt'
    when *Foundation::PROGRAMMING_ERRORS then 'ProgrammingError'
    else error.class.name.delete_prefix('Foundation::')
    end
  end

  def error(name, message = nil)
    klass = BY_NAME.fetch(name)
    case name
    when 'CircuitOpenError' then klass.new('inner', 0)
    when 'RateLimitExceeded' then klass.new(0)
    when 'MaxRetriesExceeded' then exhausted
    when 'HttpStatusError' then klass.new(Foundation::HttpResponse.new(status: 503, headers: {}, body: '', url: '', request_method: 'GET'))
    else klass.new(message || name)
    end
  end

  # One that carries a cause, as a nested retry would raise it.
  def exhausted
    raise OtherError
  rescue OtherError
    begin
      raise Foundation::MaxRetriesExceeded, 1
    rescue Foundation::MaxRetriesExceeded => e
      e
    end
  end

  # The given values: parameters of the pattern, and what the case scripts.
  class Scenario
    attr_reader :clock, :trace

    def initialize(given)
      @given = given.dup
      @trace = []
      @random = Foundation::ScriptedRandom.new(take('random') || [])
      real = take('clock') == 'real'
      wall = take('wall_clock') || 0
      cancel_at = take('cancel_at')
      @cancellable = !cancel_at.nil?
      @clock = real ? Foundation::SYSTEM_CLOCK : Foundation::VirtualClock.new(wall: wall, cancel_at: cancel_at, trace: ->(at, delay) { trace << "#{at} sleep #{delay}" })
    end

    attr_reader :random

    def take(key)
      @given.delete(key)
    end

    def has?(key)
      @given.key?(key)
    end

    def cancellation
      @cancellable ? @clock : nil
    end

    # What is left are the pattern's parameters.
    def parameters(errors: [])
      @given.to_h { |key, value| [key.to_sym, errors.include?(key) ? value.map { |name| BY_NAME.fetch(name) } : plain(value)] }
    end

    def now
      clock.is_a?(Foundation::VirtualClock) ? clock.now : 0
    end

    def plain(value)
      value.is_a?(Hash) ? value.transform_keys(&:to_sym) : value
    end
  end

  def retry_with_backoff(scenario)
    outcomes = scenario.take('outcomes') || ['ok']
    attempts = 0
    started = scenario.clock.now
    policy = Foundation::RetryPolicy.new(**scenario.parameters(errors: %w[retryable non_retryable]))
    raised = nil
    begin
      Foundation.retry(policy: policy, clock: scenario.clock, random: scenario.random, cancellation: scenario.cancellation) do |number|
        attempts = number
        outcome = outcomes[[number - 1, outcomes.size - 1].min]
        outcome, takes = outcome.is_a?(Hash) ? [outcome['outcome'], outcome['takes'] || 0] : [outcome, 0]
        scenario.trace << "#{scenario.now} call #{number}"
        scenario.clock.advance(takes) if takes.positive?
        if outcome == 'ok'
          scenario.trace << "#{scenario.now} ok #{number}"
          next 'value'
        end
        failure = Testee.error(outcome)
        scenario.trace << "#{scenario.now} fail #{number} #{Testee.name_of(failure)}"
        raise failure
      end
    rescue Exception => e # rubocop:disable Lint/RescueException -- a case may raise anything.
      raised = e
    end
    cause = raised.is_a?(Foundation::MaxRetriesExceeded) || raised.is_a?(Foundation::CancelledError) ? raised.cause : nil
    { trace: scenario.trace, result: { attempts: attempts, success: raised.nil?, error: name_of(raised), cause: name_of(cause), elapsed: scenario.clock.now - started } }
  rescue Foundation::ConfigurationError
    { trace: [], result: { attempts: nil, success: nil, error: 'ConfigurationError', cause: nil, elapsed: nil } }
  end

  def circuit_breaker(scenario)
    steps = scenario.take('steps') || []
    breaker = Foundation::CircuitBreaker.new(clock: scenario.clock, **scenario.parameters(errors: %w[expected excluded]))
    permits = {}
    steps.each do |step|
      words = step.split
      happened = breaker_step(scenario, breaker, permits, words)
      next if happened == :silent

      id = %w[begin end drop].include?(words[0]) ? ":#{words[1]}" : ''
      scenario.trace << "#{scenario.now} #{words[0]}#{id} #{happened} #{breaker.state} #{breaker.failures}"
    end
    { trace: scenario.trace, result: { state: breaker.state.to_s, failures: breaker.failures, error: nil } }
  rescue Foundation::ConfigurationError
    { trace: [], result: { state: nil, failures: nil, error: 'ConfigurationError' } }
  end

  def breaker_step(scenario, breaker, permits, words)
    case words[0]
    when 'advance'
      scenario.clock.advance(words[1].to_i)
      :silent
    when 'call' then breaker_outcome { breaker.call { words[1] == 'ok' ? nil : raise(error(words[1])) } }
    when 'begin'
      breaker_outcome('admitted') { permits[words[1]] = breaker.begin_call }
    when 'end'
      permit = permits.fetch(words[1])
      words[2] == 'ok' ? permit.success : permit.failure(error(words[2]))
      words[2]
    when 'drop'
      permits.fetch(words[1]).drop
      '-'
    when 'state' then '-'
    when 'reset'
      breaker.reset
      '-'
    else raise ArgumentError, "unknown step #{words.join(' ')}"
    end
  end

  def breaker_outcome(ok = 'ok')
    yield
    ok
  rescue Foundation::CircuitOpenError => e
    e.name == 'inner' ? name_of(e) : "CircuitOpenError:#{e.retry_after}"
  rescue Exception => e # rubocop:disable Lint/RescueException -- a case may raise anything.
    name_of(e)
  end

  def rate_limiting(scenario)
    steps = scenario.take('steps') || []
    limiter = Foundation::RateLimiter.new(clock: scenario.clock, **scenario.parameters)
    steps.each do |step|
      word, number = step.split
      number = number.to_i
      case word
      when 'advance' then scenario.clock.advance(number)
      when 'try' then scenario.trace << "#{scenario.now} try #{number} #{tried(limiter, number)}"
      when 'acquire'
        got = acquired(limiter, number, scenario)
        scenario.trace << "#{scenario.now} acquire #{number} #{got}"
      else raise ArgumentError, "unknown step #{step}"
      end
    end
    { trace: scenario.trace, result: { error: nil } }
  rescue Foundation::ConfigurationError
    { trace: [], result: { error: 'ConfigurationError' } }
  end

  def tried(limiter, number)
    decision = limiter.try_acquire(number)
    decision.allowed? ? "ok #{decision.remaining}" : "refused #{decision.retry_after} #{decision.remaining}"
  rescue Foundation::ValidationError
    'ValidationError'
  end

  def acquired(limiter, number, scenario)
    "ok #{limiter.acquire(number, cancellation: scenario.cancellation).remaining}"
  rescue Foundation::RateLimitExceeded => e
    "RateLimitExceeded:#{e.retry_after}"
  rescue Foundation::FoundationError => e
    name_of(e)
  end

  # Writes each record into the trace, with its fields as JSON.
  class TraceLogger
    def initialize(trace, fails)
      @trace = trace
      @fails = fails
    end

    def error(message, **fields)
      raise IOError, 'the logger fails' if @fails

      @trace << "log error #{message} #{JSON.generate(sorted(fields))}"
    end

    def sorted(value)
      value.is_a?(Hash) ? value.map { |key, member| [key.to_s, sorted(member)] }.sort.to_h : value
    end
  end

  def error_boundary(scenario)
    inner = scenario.take('inner')
    outcome = scenario.take('outcome') || 'ok'
    value = scenario.take('value')
    message = scenario.take('message')
    fails = scenario.take('logger_fails')
    context = scenario.take('context')
    failure = outcome == 'ok' ? nil : error(outcome, message)
    parameters = scenario.parameters(errors: %w[catch])
    parameters[:context] = context if context
    answered = nil
    raised = nil
    thrown = failure
    begin
      returned = Foundation.error_boundary(**parameters, logger: TraceLogger.new(scenario.trace, fails)) do
        if inner
          nested = Scenario.new(inner)
          answered = boundary_inside(nested, scenario.trace)
          thrown = answered[:raised]
          raise thrown if thrown

          next answered[:returned]
        end
        raise failure if failure

        value
      end
    rescue Foundation::ConfigurationError => e
      return { trace: [], result: { returned: nil, raised: nil, same: nil, context_after: nil, error: 'ConfigurationError' } } unless e.equal?(thrown)

      raised = e
    rescue Exception => e # rubocop:disable Lint/RescueException -- a case may raise anything.
      raised = e
    end
    { trace: scenario.trace, result: { returned: raised ? nil : returned, raised: name_of(raised), same: raised ? raised.equal?(thrown) : nil, context_after: context || {}, error: nil } }
  end

  # The inner boundary of a nested case; its records come first.
  def boundary_inside(scenario, trace)
    outcome = scenario.take('outcome') || 'ok'
    value = scenario.take('value')
    message = scenario.take('message')
    fails = scenario.take('logger_fails')
    inner = scenario.take('inner')
    context = scenario.take('context')
    parameters = scenario.parameters(errors: %w[catch])
    parameters[:context] = context if context
    returned = Foundation.error_boundary(**parameters, logger: TraceLogger.new(trace, fails)) do
      if inner
        deeper = boundary_inside(Scenario.new(inner), trace)
        raise deeper[:raised] if deeper[:raised]

        next deeper[:returned]
      end
      raise error(outcome, message) unless outcome == 'ok'

      value
    end
    { returned: returned, raised: nil }
  rescue Exception => e # rubocop:disable Lint/RescueException -- a case may raise anything.
    { returned: nil, raised: e }
  end

  def structured_logging(scenario)
    steps = scenario.take('steps') || []
    parameters = scenario.parameters
    name = parameters.delete(:name)
    output = StringIO.new
    first = logger = Foundation::Logging.logger(name, output: output, clock: scenario.clock, **parameters)
    steps.each do |step|
      fields = (step['fields'] || []).each_with_object({}) { |(key, value), all| all[key.to_sym] = value }
      case step['op']
      when 'log' then logger.public_send(step['level'], step['message'], **fields)
      when 'bind' then logger = logger.bind(**fields)
      when 'unbind_all' then logger = first
      end
    end
    lines = output.string.force_encoding(Encoding::UTF_8).split("\n", -1)[0...-1]
    { trace: lines, result: { lines: lines.size, error: nil } }
  rescue Foundation::ConfigurationError
    { trace: [], result: { lines: nil, error: 'ConfigurationError' } }
  end

  def declare(schema, fields)
    fields.each do |field|
      options = {}
      options[:default] = field['default'] if field.key?('default')
      options[:env] = field['env'] if field['env']
      if field['type'] == 'nested'
        inner = field['fields']
        schema.field(field['name']) { Testee.declare(self, inner) }
      else
        schema.field(field['name'], field['type'].to_sym, **options)
      end
    end
  end

  def configuration(scenario)
    fields = scenario.take('schema') || []
    files = (scenario.take('file_contents') || []).map { |file| file['path'] }
    environment = scenario.take('environment') || {}
    overrides = scenario.take('overrides') || {}
    schema = Foundation::Config.define { Testee.declare(self, fields) }
    parameters = scenario.parameters
    parameters.delete(:files)
    config = Foundation::Config.load(schema, **parameters, files: files, env: environment, overrides: overrides)
    { trace: [], result: { values: plain_values(config), problems: [], error: nil } }
  rescue Foundation::ConfigurationError => e
    { trace: [], result: { values: nil, problems: e.problems.map { |problem| "#{problem.kind} #{problem.key}" }, error: 'ConfigurationError' } }
  end

  def plain_values(config)
    config.to_h.to_h { |key, value| [key, value.is_a?(Struct) ? plain_values(value) : value] }
  end

  def http_client(scenario)
    request = scenario.take('request')
    client = Foundation::HttpClient.new(clock: HttpClock.new(scenario), random: scenario.random, **scenario.parameters)
    response = client.request(
      request.fetch('method'), request.fetch('path'),
      params: request['params'] || [], headers: request['headers'] || {}, body: request['body'], cancellation: scenario.cancellation
    )
    { trace: scenario.trace, result: { status: response.status, body: response.text, attempts: scenario.trace.size + 1, error: nil, cause: nil, cause_status: nil } }
  rescue Foundation::ConfigurationError
    { trace: [], result: { status: nil, body: nil, attempts: nil, error: 'ConfigurationError', cause: nil, cause_status: nil } }
  rescue Foundation::FoundationError => e
    cause = e.is_a?(Foundation::MaxRetriesExceeded) ? e.cause : nil
    { trace: scenario.trace, result: {
      status: e.is_a?(Foundation::HttpStatusError) ? e.status : nil, body: nil, attempts: e.is_a?(Foundation::ValidationError) ? nil : scenario.trace.size + 1,
      error: name_of(e), cause: name_of(cause), cause_status: cause.is_a?(Foundation::HttpStatusError) ? cause.status : nil
    } }
  end

  # Sleep is virtual and its moments are not compared: how long a real request takes is not.
  class HttpClock
    def initialize(scenario)
      @scenario = scenario
    end

    def now
      @scenario.clock.now
    end

    def wall
      @scenario.clock.wall
    end

    def sleep(nanoseconds, _cancellation = nil)
      @scenario.trace << "sleep #{nanoseconds}"
    end
  end

  ACTIONS = {
    'ok' => ->(_) { nil },
    'Interrupt' => ->(_) { raise Interrupt },
  }.freeze

  def cli_framework(scenario)
    app_spec = scenario.take('app') || {}
    commands = scenario.take('commands') || []
    argv = scenario.take('argv') || []
    out = StringIO.new
    err = StringIO.new
    app = Foundation::CLI::App.new(app_spec.fetch('name', 'app'), version: app_spec.fetch('version', '0'), out: out, err: err)
    commands.each { |spec| app.register(cli_command(spec, scenario.trace)) }
    code = app.run(argv)
    { trace: scenario.trace, result: { exit: code, stdout: out.string, stderr: err.string, error: nil } }
  rescue Foundation::ConfigurationError
    { trace: [], result: { exit: nil, stdout: nil, stderr: nil, error: 'ConfigurationError' } }
  end

  def cli_command(spec, trace)
    action = spec['action'] || 'ok'
    details = { description: spec['description'] || '', aliases: spec['aliases'] || [], hidden: spec['hidden'] || false, category: spec['category'] }
    command = Foundation::CLI::Command.new(spec['name'], **details) do |**values|
      trace << "run #{spec['name']} #{JSON.generate(values.map { |key, value| [key.to_s, value] }.sort.to_h)}"
      if action.start_with?('Exit:') then raise Foundation::CLI::Exit, action.delete_prefix('Exit:').to_i
      elsif action.start_with?('Return:') then action.delete_prefix('Return:').to_i
      elsif ACTIONS.key?(action) then ACTIONS[action].call(nil)
      else raise Testee.error(action, spec['message'])
      end
    end
    (spec['arguments'] || []).each { |parameter| command.argument(parameter['name'], parameter['type'].to_sym, **cli_options(parameter, %w[required default multiple])) }
    (spec['options'] || []).each { |parameter| command.option(parameter['name'], parameter['type'].to_sym, **cli_options(parameter, %w[required default short multiple])) }
    command
  end

  def cli_options(parameter, names)
    names.select { |name| parameter.key?(name) }.to_h { |name| [name.to_sym, parameter[name]] }
  end

  NO_PROCESS = { exit_code: nil, signal: nil, stdout: nil, stderr: nil, stdout_length: nil, stderr_length: nil, escalated: nil, error: nil }.freeze

  def process_execution(scenario)
    mode = scenario.take('mode') || 'run'
    directory = scenario.take('directory')
    environment = scenario.take('environment') || {}
    parameters = scenario.parameters
    command = parameters.delete(:command)
    parameters[:env] = (parameters[:env] || {}).transform_keys(&:to_s)
    parameters[:cwd] = parameters[:cwd] ? File.expand_path(parameters[:cwd], directory || Dir.pwd) : directory
    parameters[:env] = parameters[:env].transform_values { |value| value == '$D' ? directory : value }
    with_environment(environment) { process_result(scenario, mode, command, parameters.compact) }
  end

  def with_environment(environment)
    before = environment.keys.to_h { |name| [name, ENV[name]] }
    environment.each { |name, value| ENV[name] = value }
    yield
  ensure
    before.each { |name, value| ENV[name] = value }
  end

  def process_result(scenario, mode, command, parameters)
    lines = { stdout: [], stderr: [] }
    completed = if mode == 'stream' then Foundation.stream_process(command, **parameters) { |stream, line| lines[stream] << line }
                else Foundation.run_process(command, **parameters)
                end
    result = mode == 'stream' ? NO_PROCESS : process_fields(completed, nil)
    { trace: streamed(lines), result: result }
  rescue Foundation::ProcessError => e
    { trace: streamed(lines), result: process_fields(e, name_of(e)) }
  rescue Foundation::FoundationError => e
    { trace: streamed(lines), result: NO_PROCESS.merge(error: name_of(e)) }
  end

  def streamed(lines)
    lines.flat_map { |stream, texts| texts.map { |text| "#{stream} #{text}" } }
  end

  def process_fields(ended, error)
    short = ->(bytes, text) { bytes.bytesize > 4096 ? nil : text }
    {
      exit_code: ended.exit_code, signal: ended.signal, stdout: short.call(ended.stdout_bytes, ended.stdout), stderr: short.call(ended.stderr_bytes, ended.stderr),
      stdout_length: ended.stdout_bytes.bytesize, stderr_length: ended.stderr_bytes.bytesize,
      escalated: ended.is_a?(Foundation::ProcessTimeoutError) ? ended.escalated : nil, error: error
    }
  end

  # The steps of a write, each written into the trace; one of them fails when the case says so.
  class TracedSteps < Foundation::Files::Steps
    def initialize(trace, fail_at, errno)
      super()
      @trace = trace
      @fail_at = fail_at
      @errno = errno
    end

    def mkdir(path)
      made = super
      step('mkdir') if made
      made
    end

    def temp(path)
      step('temp') { super }
    end

    def write(file, data)
      step('write', data.bytesize) { super }
    end

    def chmod(file, mode)
      step('chmod', format('%o', mode)) { super }
    end

    def fsync(file)
      step('fsync') { super }
    end

    def link(path, other)
      step('backup', 'link') { super }
    end

    def copy(path, other, mode, durable)
      super
      @trace << 'backup copy'
    end

    def rename(path, target)
      return super if target.end_with?('.bak')

      step('rename') { super }
    end

    def fsync_dir(path)
      step('fsync_dir') { super }
    end

    def unlink(path)
      step('unlink') { super }
    end

    private

    def step(name, detail = nil)
      words = [name, detail].compact.join(' ')
      raise Errno.const_get(@errno) if @fail_at == name

      result = yield if block_given?
      @trace << words
      result
    rescue SystemCallError => e
      @trace << "#{words} #{e.class.name.split('::').last}" unless copy_instead?(name, e)
      raise
    end

    # A link that is not possible is no event: the copy that follows is.
    def copy_instead?(name, error)
      name == 'backup' && Foundation::Files::NO_LINKS.any? { |klass| klass === error }
    end
  end

  def file_operations(scenario)
    directory = scenario.take('directory')
    data = scenario.take('data')
    repeat = scenario.take('data_repeat')
    steps = TracedSteps.new(scenario.trace, scenario.take('fail_at'), scenario.take('errno'))
    parameters = scenario.parameters
    path = parameters.delete(:path)
    File.umask(0o022)
    Foundation.atomic_write(File.join(directory, path), repeat ? repeat[0] * repeat[1] : data, steps: steps, **parameters)
    { trace: scenario.trace, result: { error: nil } }
  rescue Foundation::FoundationError, SystemCallError => e
    { trace: e.is_a?(Foundation::ConfigurationError) ? [] : scenario.trace, result: { error: name_of(e) } }
  end

  PATTERNS = %i[
    structured_logging configuration retry_with_backoff circuit_breaker error_boundary
    http_client cli_framework process_execution file_operations rate_limiting
  ].to_h { |name| [name.to_s, method(name)] }.freeze
end

$stdout.sync = true
$stdin.set_encoding(Encoding::UTF_8)
$stdin.each_line do |line|
  next if line.strip.empty?

  $stdout.puts(JSON.generate(Testee.answer(line), max_nesting: 0))
end
