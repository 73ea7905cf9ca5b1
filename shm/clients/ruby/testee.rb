# frozen_string_literal: true

# Drives the client for the end-to-end tests and the benchmarks: reads one JSON command a line on stdin and
# answers each with one JSON line on stdout.

require "json"
require_relative "lib/foundation/shm"

SHM = Foundation::SHM

def kind(error)
  case error
  when SHM::ServerError then error.status.to_s
  when SHM::TimeoutError then "TIMEOUT"
  when SHM::ConnectionLost then "CONNECTION_LOST"
  when SHM::ConnectError then "CONNECT"
  when SHM::InvalidInput then "INVALID_INPUT"
  when SHM::ProtocolError then "PROTOCOL"
  else "OTHER"
  end
end

def decode(command)
  (command["inputs"] || []).map do |input|
    name = SHM::Layout::DTYPE_NAMES.fetch(input["dtype"]) { raise SHM::InvalidInput, "dtype #{input['dtype']}" }
    SHM::Tensor.new(name, input["shape"], [input["hex"]].pack("H*"))
  end
end

def encode(result)
  result.outputs.map { |t| { dtype: SHM::Layout::DTYPES[t.dtype][0], shape: t.shape, hex: t.data.unpack1("H*") } }
end

def monotonic
  Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

# Calls an echo model from many threads with inputs that are all different and checks every answer.
def hammer(client, command, timeout)
  tally = { ok: 0, wrong: 0, errors: Hash.new(0) }
  lock = Mutex.new
  limit = command["seconds"].to_f.positive? ? monotonic + command["seconds"] : nil
  threads = Array.new(command["threads"]) do |thread|
    Thread.new do
      i = 0
      while (limit && monotonic < limit) || i < command["calls"].to_i
        id = command["tag"].to_i << 48 | thread << 32 | i
        data = Array.new(command["size"] / 8) { |at| id + 8 * at }.pack("Q<*").ljust(command["size"], "\0")
        begin
          result = client.infer(command["model"], SHM::Tensor.new(:uint8, [data.bytesize], data), timeout: timeout)
          right = result.outputs.size == 1 && result.outputs.first.data == data
          lock.synchronize { tally[right ? :ok : :wrong] += 1 }
        rescue SHM::Error => e
          lock.synchronize { tally[:errors][kind(e)] += 1 }
        end
        i += 1
      end
    end
  end
  threads.each(&:join)
  tally
end

# Nanoseconds from the start of each call to its end, with `depth` calls in flight at any time.
def keep_in_flight(client, model, input, calls, depth)
  flying = []
  taken = []
  clock = -> { Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) }
  (calls + depth).times do |started|
    if flying.any? && (flying.size == depth || started >= calls)
      began, call = flying.shift
      call.result
      taken << (clock.call - began)
    end
    flying << [clock.call, client.submit(model, input)] if started < calls
  end
  taken
end

# Measures float32 calls of a shape, in nanoseconds each, from `threads` threads.
def bench(client, command, timeout)
  values = Array.new(command["shape"].inject(1, :*)) { |i| (i % 97) / 97.0 }
  input = SHM::Tensor.float32(values, command["shape"])
  command["warmup"].to_i.times { client.infer(command["model"], input, timeout: timeout) }
  began = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
  depth = command["depth"].to_i
  threads = Array.new([command["threads"].to_i, 1].max) do
    Thread.new do
      next keep_in_flight(client, command["model"], input, command["calls"], depth) if depth > 1

      Array.new(command["calls"]) do
        start = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)
        client.infer(command["model"], input, timeout: timeout)
        Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) - start
      end
    end
  end
  latencies = threads.flat_map(&:value)
  { latencies_ns: latencies, wall_ns: Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond) - began }
end

def infer(client, command, timeout)
  inputs = decode(command)
  if command["in_place"]
    inputs = inputs.map do |tensor|
      client.allocate(tensor.dtype, tensor.shape).tap { |buffer| buffer.write(tensor.data) }
    end
  end
  result = client.infer(command["model"], *inputs, timeout: timeout)
  { outputs: encode(result), model_ns: result.model_ns }
ensure
  inputs&.each { |input| input.release if input.is_a?(SHM::Buffer) }
end

def run(client, command)
  timeout = command["timeout"].to_f.positive? ? command["timeout"] : 30.0
  case command["op"]
  when "infer" then infer(client, command, timeout)
  when "stream"
    parts = client.stream(command["model"], *decode(command), timeout: timeout)
    parts = parts.first(command["take"]) if command["take"].to_i.positive?
    { parts: parts.map { |part| encode(part) } }
  when "submit"
    calls = decode(command).map do |tensor|
      # One call more, which is given up at once.
      client.submit(command["model"], tensor, timeout: timeout).cancel
      client.submit(command["model"], tensor, timeout: timeout)
    end
    { answers: calls.reverse.map { |call| encode(call.result) }.reverse }
  when "models" then { models: client.models }
  when "status" then { status: client.status }
  when "ping" then client.ping.then { { ok: true } }
  when "hammer" then hammer(client, command, timeout)
  when "bench" then bench(client, command, timeout)
  when "close" then client.close.then { { ok: true } }
  else raise SHM::InvalidInput, "unknown op #{command['op']}"
  end
end

client = nil
$stdout.sync = true
$stdin.each_line do |line|
  command = JSON.parse(line)
  answer =
    begin
      if command["op"] == "open"
        client&.close
        options = command.slice("slots", "data_size", "check_data", "connect_timeout").transform_keys(&:to_sym)
        client = SHM::Client.new(command["endpoint"], transport: (command["transport"] || "auto").to_sym, **options)
        { ok: true }
      else
        run(client, command)
      end
    rescue SHM::Error => e
      { error: { kind: kind(e), message: e.message } }
    end
  puts JSON.generate(answer)
end
