# frozen_string_literal: true

# The Ruby runtime beside what a Ruby program would use without it: `ruby bench/runtimes/ruby.rb`.
#
# Baselines, in the same run: a bare call, a hand-written begin/rescue/retry loop, the retriable gem where Debian's
# ruby-retriable is installed, and the standard Logger with a formatter that writes the same JSON. Each figure is the
# smallest of several rounds, the candidates taking turns; the ratio is to the baseline.

$LOAD_PATH.unshift(File.expand_path('../../runtimes/ruby/lib', __dir__))
require 'json'
require 'logger'
require 'objspace'
require 'time'
require 'foundation/resilience'
require 'foundation/logging'

begin
  require 'retriable'
rescue LoadError
  warn 'retriable is not installed (apt-get install ruby-retriable); its rows are left out'
end

ROUNDS = Integer(ENV.fetch('ROUNDS', 7))

def cpu
  Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
end

# The least CPU seconds of a call of each candidate, in turns.
def least(candidates, times)
  best = Hash.new(Float::INFINITY)
  ROUNDS.times do
    candidates.each do |name, code|
      started = cpu
      times.times(&code)
      best[name] = [best[name], (cpu - started) / times].min
    end
  end
  best
end

def table(title, best, baseline, unit: 1e6, name: 'us a call')
  puts '', "| #{title} | #{name} | against #{baseline} |", '|---|---:|---:|'
  best.each { |label, seconds| puts format('| %<label>s | %<value>.2f | %<ratio>.2fx |', label: label, value: seconds * unit, ratio: seconds / best[baseline]) }
end

OPERATION = -> { 1 }
POLICY = Foundation::RetryPolicy.new(max_attempts: 3, base_delay: 0, jitter: false)

def by_hand(attempts)
  tries = 0
  begin
    tries += 1
    yield
  rescue Foundation::NetworkError
    retry if tries < attempts
    raise
  end
end

succeeding = {
  'bare call' => ->(_) { OPERATION.call },
  'by hand' => ->(_) { by_hand(3) { OPERATION.call } },
  'Foundation.retry, policy' => ->(_) { Foundation.retry(policy: POLICY) { OPERATION.call } },
  'Foundation.retry, keywords' => ->(_) { Foundation.retry(max_attempts: 3, base_delay: 0.5) { OPERATION.call } }
}
succeeding['retriable'] = ->(_) { Retriable.retriable(tries: 3) { OPERATION.call } } if defined?(Retriable)
table('retry, a call that succeeds', least(succeeding, 50_000), defined?(Retriable) ? 'retriable' : 'by hand')

ERROR = Foundation::NetworkError.new('down')
failing = {
  'by hand' => ->(_) { n = 0; by_hand(3) { raise ERROR if (n += 1) < 3 } },
  'Foundation.retry, policy' => ->(_) { Foundation.retry(policy: POLICY) { |n| raise ERROR if n < 3 } }
}
if defined?(Retriable)
  failing['retriable'] = ->(_) { n = 0; Retriable.retriable(tries: 3, base_interval: 0, rand_factor: 0, on: Foundation::NetworkError) { raise ERROR if (n += 1) < 3 } }
end
table('retry, two failures and a success', least(failing, 5_000), defined?(Retriable) ? 'retriable' : 'by hand')

null = File.open(File::NULL, 'w')
ours = Foundation::Logging.logger('shop.orders', output: null)
standard = Logger.new(null)
standard.formatter = lambda do |severity, time, name, message|
  "#{JSON.generate({ timestamp: time.utc.iso8601(6), level: severity.downcase, logger: name }.merge(message))}\n"
end
logging = {
  'Foundation::Logging' => ->(n) { ours.info('order placed', order_id: n, customer: 'Ada', total: 12.5) },
  'Logger, JSON formatter' => ->(n) { standard.add(Logger::INFO, { message: 'order placed', order_id: n, customer: 'Ada', total: 12.5 }, 'shop.orders') }
}
best = least(logging, 20_000)
table('logging, three fields', best, 'Logger, JSON formatter', name: 'us a record')
best.each { |label, seconds| puts "#{label}: #{(1 / seconds).round} records per CPU-second" }

# What a thousand loggers keep, everything reachable from them included but classes and the output.
def kept(objects)
  seen = {}.compare_by_identity
  queue = objects.dup
  until queue.empty?
    object = queue.pop
    next if seen[object] || object.is_a?(Module) || object.is_a?(IO) || object.is_a?(ObjectSpace::InternalObjectWrapper)

    seen[object] = true
    queue.concat(ObjectSpace.reachable_objects_from(object) || [])
  end
  seen.keys.sum { |object| ObjectSpace.memsize_of(object) }
end

GC.start
mine = kept(Array.new(1000) { |n| Foundation::Logging.logger("shop.#{n}", output: null) })
theirs = kept(Array.new(1000) { |n| Logger.new(null, progname: "shop.#{n}", formatter: standard.formatter) })
puts '', '| memory of a logger | bytes | against Logger |', '|---|---:|---:|'
puts format('| Foundation::Logging | %<bytes>d | %<ratio>.2fx |', bytes: mine / 1000, ratio: mine.to_f / theirs)
puts format('| Logger | %<bytes>d | 1.00x |', bytes: theirs / 1000)
