# frozen_string_literal: true

require 'net/http'
require 'time'
require 'uri'
require 'foundation/retry'

module Foundation
  # One answer. Header names are compared without case.
  class HttpResponse
    attr_reader :status, :headers, :body, :url, :request_method

    def initialize(status:, headers:, body:, url:, request_method:)
      @status = status
      @headers = headers
      @body = body
      @url = url
      @request_method = request_method
      freeze
    end

    # The header's value, or nil.
    def [](name)
      headers[name.downcase]
    end

    def text
      Foundation.text(body)
    end

    def json
      require 'json'
      JSON.parse(text)
    end

    def success?
      status < 400
    end

    # Raise HttpStatusError for a status of 400 or more: what `raise_for_status: false` left to the caller.
    def raise_for_status
      raise HttpStatusError, self unless success?

      self
    end
  end

  # A client that bounds every attempt in time and tries again only where trying again is safe.
  #
  #   client = Foundation::HttpClient.new(base_url: 'http://inventory', timeout: 5.0, max_attempts: 3)
  #   client.get('/items', params: { page: 2 }).json
  #
  # Built on Net::HTTP, whose own silent retries are switched off.
  class HttpClient
    RETRY_STATUSES = [429, 502, 503, 504].freeze
    RETRY_METHODS = %w[GET HEAD OPTIONS PUT DELETE].freeze
    REDIRECTS = [301, 302, 303, 307, 308].freeze
    PRIVATE_HEADERS = %w[authorization cookie proxy-authorization].freeze
    BROKEN = [*NATIVE_NETWORK_ERRORS, EOFError, IOError, Net::HTTPBadResponse, Net::HTTPHeaderSyntaxError, Net::ProtocolError].freeze
    UNRESERVED = /[^A-Za-z0-9\-._~]/.freeze

    # Everything that one attempt sends.
    Request = Struct.new(:method, :uri, :headers, :body, :timeout)
    private_constant :Request

    def initialize(base_url: nil, timeout: 30.0, max_attempts: 3, base_delay: 0.5, max_delay: 60.0, retry_statuses: RETRY_STATUSES,
                   retry_methods: RETRY_METHODS, follow_redirects: true, max_redirects: 5, raise_for_status: true,
                   headers: {}, clock: SYSTEM_CLOCK, random: SYSTEM_RANDOM)
      @base_url = base_url
      @timeout = Numbers.nanoseconds('timeout', timeout, 0.001, 3600.0)
      @policy = RetryPolicy.new(max_attempts: max_attempts, base_delay: base_delay, max_delay: max_delay)
      @retry_statuses = retry_statuses
      @retry_methods = retry_methods.map { |method| method.to_s.upcase }
      @follow_redirects = Numbers.boolean('follow_redirects', follow_redirects)
      @max_redirects = Numbers.integer('max_redirects', max_redirects, 0, 50)
      @raise_for_status = Numbers.boolean('raise_for_status', raise_for_status)
      @headers = headers
      @clock = clock
      @random = random
    end

    %w[get head options put delete post patch].each do |name|
      define_method(name) { |path, **options| request(name.upcase, path, **options) }
    end

    # Send a request. Raises NetworkError, TimeoutError, HttpStatusError, HttpError, or MaxRetriesExceeded with one of the
    # first three as its cause when trying again did not help.
    def request(method, path, params: {}, headers: {}, body: nil, json: nil, timeout: nil, cancellation: nil)
      if json
        require 'json'
        body = JSON.generate(json)
        headers = { 'Content-Type' => 'application/json' }.merge(headers)
      end
      method = method.to_s.upcase
      most = timeout ? Numbers.nanoseconds('timeout', timeout, 0.001, 3600.0) : @timeout
      request = Request.new(method, parse(url(path, params)), @headers.merge(headers), body, most)
      attempts(request, @retry_methods.include?(method), cancellation)
    end

    private

    def attempts(request, repeatable, cancellation)
      attempt = 0
      last = nil
      loop do
        raise CancelledError.new, cause: last if cancellation&.cancelled?

        attempt += 1
        response, error = one_attempt(request)
        return response unless error

        status_error = error.is_a?(HttpStatusError)
        worth_it = repeatable && (status_error ? @retry_statuses.include?(error.status) : error.is_a?(NetworkError) || error.is_a?(TimeoutError))
        if !worth_it || attempt == @policy.max_attempts
          return error.response if status_error && !@raise_for_status

          raise error unless worth_it

          raise MaxRetriesExceeded.new(attempt, error), cause: error
        end
        last = error
        pause(attempt, error, cancellation)
      end
    end

    def pause(attempt, error, cancellation)
      wanted = error.is_a?(HttpStatusError) ? retry_after(error.response['retry-after']) : nil
      delay = wanted ? [wanted, @policy.max_delay].min : @policy.delay(attempt, @random)
      @clock.sleep(delay, cancellation)
    rescue CancelledError
      raise CancelledError.new, cause: error
    end

    # The response or what went wrong; a bad status is both, and decided on by the caller.
    def one_attempt(request)
      response = follow(request)
      response.success? ? [response, nil] : [nil, HttpStatusError.new(response)]
    rescue NetworkError, TimeoutError => e
      [nil, e]
    end

    def follow(request)
      deadline = SYSTEM_CLOCK.now + request.timeout
      redirects = 0
      loop do
        response = send_once(request, deadline)
        location = response['location']
        return response unless @follow_redirects && REDIRECTS.include?(response.status) && location

        raise HttpError, "more than #{@max_redirects} redirects from #{request.uri}" if redirects == @max_redirects

        redirects += 1
        request = redirected(request, response.status, location)
      end
    end

    def redirected(request, status, location)
      uri = URI.join(request.uri.to_s, location)
      raise HttpError, "redirect to #{uri.scheme.inspect} is not followed" unless %w[http https].include?(uri.scheme)

      method = request.method
      drop = (status == 303 && method != 'HEAD') || ([301, 302].include?(status) && method == 'POST')
      headers = request.headers
      same = [uri.scheme, uri.host, uri.port] == [request.uri.scheme, request.uri.host, request.uri.port]
      headers = headers.reject { |name, _| PRIVATE_HEADERS.include?(name.to_s.downcase) } unless same
      headers = headers.reject { |name, _| name.to_s.downcase.start_with?('content-') } if drop
      Request.new(drop ? 'GET' : method, uri, headers, drop ? nil : request.body, request.timeout)
    rescue URI::Error => e
      raise HttpError, "redirect to an address that cannot be read: #{e.message}"
    end

    def send_once(request, deadline)
      uri = request.uri
      http = Net::HTTP.new(uri.hostname, uri.port)
      http.use_ssl = uri.scheme == 'https'
      # Net::HTTP would send an idempotent request twice by itself, and take a short body for a whole one.
      http.max_retries = 0
      http.ignore_eof = false if http.respond_to?(:ignore_eof=)
      http.open_timeout = http.write_timeout = http.read_timeout = left(deadline)
      http.start { |connection| exchange(connection, request, deadline) }
    rescue Net::OpenTimeout, Net::ReadTimeout, Net::WriteTimeout, Errno::ETIMEDOUT => e
      raise TimeoutError, "#{request.method} #{request.uri}: no answer within #{request.timeout / 1e9} s (#{e.class.name})"
    rescue *BROKEN => e
      raise NetworkError, "#{request.method} #{request.uri}: #{e.message}"
    end

    def exchange(connection, request, deadline)
      message = Net::HTTPGenericRequest.new(request.method, !request.body.nil?, request.method != 'HEAD', request.uri.request_uri)
      message['Host'] = request.uri.port == request.uri.default_port ? request.uri.host : "#{request.uri.host}:#{request.uri.port}"
      request.headers.each { |name, value| message[name.to_s] = value.to_s }
      message.body = request.body if request.body
      body = String.new(encoding: Encoding::BINARY)
      answer = connection.request(message) do |response|
        connection.read_timeout = left(deadline)
        response.read_body do |bytes|
          body << bytes
          connection.read_timeout = left(deadline)
        end
      end
      headers = answer.each_header.to_h
      HttpResponse.new(status: answer.code.to_i, headers: headers, body: body, url: request.uri.to_s, request_method: request.method)
    end

    # Seconds until the attempt is over.
    def left(deadline)
      left = deadline - SYSTEM_CLOCK.now
      raise TimeoutError, 'the attempt took longer than its time limit' unless left.positive?

      left / 1e9
    end

    # Nanoseconds that the server asks for, or nil when it asks for nothing that can be read.
    def retry_after(text)
      case text
      when nil then nil
      when /\A[0-9]+\z/ then [text.to_i * 1_000_000_000, Numbers::MAX].min
      when /\A[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\z/
        [(Time.httpdate(text).to_i * 1_000_000_000) - @clock.wall, 0].max
      end
    rescue ArgumentError
      nil
    end

    def url(path, params)
      address = path.match?(%r{\A[A-Za-z][A-Za-z0-9+.-]*://}) ? path : "#{@base_url.to_s.sub(%r{/+\z}, '')}/#{path.sub(%r{\A/+}, '')}"
      return address if params.empty?

      pairs = params.map { |name, value| "#{escape(name)}=#{escape(value)}" }
      "#{address}#{address.include?('?') ? '&' : '?'}#{pairs.join('&')}"
    end

    def escape(value)
      value.to_s.encode(Encoding::UTF_8).b.gsub(UNRESERVED) { |byte| format('%%%02X', byte.ord) }
    end

    def parse(address)
      uri = URI.parse(address)
      return uri if uri.is_a?(URI::HTTP) && !uri.host.to_s.empty?

      raise ValidationError, "not an http or https address: #{address.inspect}"
    rescue URI::Error => e
      raise ValidationError, "not an address: #{e.message}"
    end
  end
end
