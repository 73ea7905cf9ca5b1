# frozen_string_literal: true

require 'minitest/autorun'
require 'socket'
require 'foundation/http'
require 'foundation/testing'

class HttpTest < Minitest::Test
  # A server on the loopback interface whose answers are scripted: a string is sent, :drop closes, :stall keeps silent.
  class Scripted
    attr_reader :requests, :url

    def initialize(*answers)
      @server = TCPServer.new('127.0.0.1', 0)
      @url = "http://127.0.0.1:#{@server.addr[1]}"
      @requests = []
      @thread = Thread.new do
        answers.each do |answer|
          socket = @server.accept
          @requests << read(socket)
          case answer
          when :stall then (@stalled ||= []) << socket
          when :drop then socket.close
          else
            socket.write(answer.respond_to?(:call) ? answer.call(@url) : answer)
            socket.close
          end
        end
      end
    end

    def read(socket)
      head = socket.gets("\r\n\r\n").to_s
      length = head[/^content-length: (\d+)/i, 1].to_i
      [head, length.positive? ? socket.read(length) : '']
    end

    def close
      @thread.kill
      @thread.join
      @server.close
      @stalled&.each(&:close)
    end
  end

  def self.answer(status, body = '', **headers)
    lines = headers.map { |name, value| "#{name.to_s.tr('_', '-')}: #{value}\r\n" }.join
    "HTTP/1.1 #{status} X\r\n#{lines}Content-Length: #{body.bytesize}\r\nConnection: close\r\n\r\n#{body}"
  end

  def answer(...)
    self.class.answer(...)
  end

  def serve(*answers)
    server = Scripted.new(*answers)
    @clock = Foundation::VirtualClock.new(wall: 1_445_412_480_000_000_000)
    yield server, ->(**options) { Foundation::HttpClient.new(base_url: server.url, clock: @clock, random: -> { 1 << 52 }, **options) }
  ensure
    server.close
  end

  def test_get_json_with_parameters
    serve(answer(200, '{"a":1}')) do |server, client|
      response = client.call.get('/items', params: { 'q é' => 'a/b', n: 2 })
      assert_equal({ 'a' => 1 }, response.json)
      assert_match(%r{\AGET /items\?q%20%C3%A9=a%2Fb&n=2 HTTP/1.1}, server.requests[0][0])
      assert response.success?
    end
  end

  def test_retries_what_is_safe_to_retry
    serve(answer(503), :drop, answer(200, 'ok')) do |server, client|
      assert_equal 'ok', client.call.get('/').text
      assert_equal [500_000_000, 1_000_000_000], @clock.sleeps
      assert_equal 3, server.requests.size
    end
  end

  def test_post_is_sent_once
    serve(answer(503), answer(200)) do |server, client|
      assert_equal 503, assert_raises(Foundation::HttpStatusError) { client.call.post('/', json: { a: 1 }) }.status
      assert_equal ['{"a":1}'], server.requests.map(&:last)
      assert_match(%r{content-type: application/json}i, server.requests[0][0])
    end
  end

  def test_retry_after_is_obeyed_up_to_the_cap
    serve(answer(429, '', Retry_After: '7'), answer(503, '', Retry_After: 'Wed, 21 Oct 2015 07:28:30 GMT'), answer(503, '', Retry_After: '99999999999999999999'), answer(503, '', Retry_After: 'soon'), answer(200)) do |_, client|
      client.call(max_attempts: 5).get('/')
      assert_equal [7_000_000_000, 30_000_000_000, 60_000_000_000, 4_000_000_000], @clock.sleeps
    end
  end

  def test_exhaustion
    serve(answer(503), answer(503)) do |_, client|
      error = assert_raises(Foundation::MaxRetriesExceeded) { client.call(max_attempts: 2).get('/') }
      assert_equal [2, 503], [error.attempts, error.cause.status]
    end
    serve(answer(503), answer(503)) { |_, client| assert_equal 503, client.call(max_attempts: 2, raise_for_status: false).get('/').status }
  end

  def test_a_status_that_the_caller_checks
    serve(answer(404), answer(200)) do |_, client|
      patient = client.call(raise_for_status: false)
      missing = patient.get('/')
      error = assert_raises(Foundation::HttpStatusError) { missing.raise_for_status }
      assert_same missing, error.response
      assert_equal 200, patient.get('/').raise_for_status.status
    end
  end

  def test_a_time_limit_of_one_request
    serve(:stall) { |_, client| assert_raises(Foundation::TimeoutError) { client.call(retry_methods: []).get('/', timeout: 0.1) } }
    serve { |_, client| assert_raises(Foundation::ConfigurationError) { client.call.get('/', timeout: 0) } }
  end

  def test_redirects
    moved = ->(url) { HttpTest.answer(302, '', Location: "#{url.sub('127.0.0.1', 'localhost')}/b") }
    serve(moved, answer(200, 'b')) do |server, client|
      response = client.call.request('post', '/a', body: 'x', headers: { 'Authorization' => 's', 'X-A' => '1', 'Content-Type' => 'text/plain' })
      assert_equal 'b', response.text
      assert_match(%r{\AGET /b}, server.requests[1][0])
      refute_match(/authorization|content-type/i, server.requests[1][0])
      assert_match(/x-a: 1/i, server.requests[1][0])
    end
    serve(answer(307, '', Location: '/a'), answer(307, '', Location: '/a')) { |_, client| assert_raises(Foundation::HttpError) { client.call(max_redirects: 1).get('/a') } }
    serve(answer(301, '', Location: 'ftp://x/')) { |_, client| assert_raises(Foundation::HttpError) { client.call.get('/a') } }
    serve(answer(301, '', Location: '/x')) { |_, client| assert_equal '/x', client.call(follow_redirects: false).get('/a')['Location'] }
  end

  def test_time_out_and_broken_answers
    serve(:stall) { |_, client| assert_kind_of Foundation::TimeoutError, assert_raises(Foundation::MaxRetriesExceeded) { client.call(timeout: 0.1, max_attempts: 1).get('/') }.cause }
    serve("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc") { |_, client| assert_kind_of Foundation::NetworkError, assert_raises(Foundation::MaxRetriesExceeded) { client.call(max_attempts: 1).get('/') }.cause }
    serve(:drop) { |_, client| assert_raises(Foundation::NetworkError) { client.call.post('/') } }
  end

  def test_cancellation
    cancelled = Foundation::Cancellation.new.tap(&:cancel)
    assert_raises(Foundation::CancelledError) { Foundation::HttpClient.new.get('http://127.0.0.1:1/', cancellation: cancelled) }
    serve(answer(503)) do |server, _|
      clock = Foundation::VirtualClock.new(cancel_at: 100)
      error = assert_raises(Foundation::CancelledError) { Foundation::HttpClient.new(base_url: server.url, clock: clock).get('/', cancellation: clock) }
      assert_kind_of Foundation::HttpStatusError, error.cause
    end
  end

  def test_bad_addresses
    ['nowhere', 'ftp://x', 'http://[', 'http:///x'].each { |address| assert_raises(Foundation::ValidationError) { Foundation::HttpClient.new.get(address) } }
  end
end
