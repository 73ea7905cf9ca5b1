# frozen_string_literal: true

require 'foundation'
require 'json'

# Sensors: read, send, keep.
module Telemetry
  LOG = Foundation::Logging.logger('telemetry', level: :info)

  # How to reach the collector.
  Settings = Foundation::Config.define do
    field :site, :string
    field :interval, :integer, default: 60
    field :factor, :float, default: 1.0
    field :verbose, :boolean, default: false
  end

  # A value that a sensor measured.
  #
  # @!attribute sensor
  #   @return [String]
  # @!attribute value
  #   @return [Float]
  Reading = Struct.new(:sensor, :value, keyword_init: true)

  # Sends readings, at most so many a second.
  class Sender
    # @return [Integer]
    attr_reader :dropped

    # @param collector [Collector]
    # @param per_second [Integer]
    def initialize(collector, per_second)
      @collector = collector
      @limiter = Foundation::RateLimiter.new(limit: per_second, period: 1.0)
      @dropped = 0
    end

    # @param readings [Array<Reading>]
    # @return [Integer] how many were sent
    def send_all(readings)
      readings.count do |reading|
        if @limiter.try_acquire.allowed?
          @collector.put(reading.sensor, reading.value)
        else
          @dropped += 1
          false
        end
      end
    end
  end

  module_function

  # @return [Integer] readings a day
  def per_day
    settings = Foundation::Config.load(Settings, env_prefix: 'TELEMETRY')
    raise Foundation::ConfigurationError, 'interval must be positive' unless settings.interval.positive?

    86_400 / settings.interval
  end

  # @param value [Float]
  # @return [Float]
  def calibrated(value)
    settings = Foundation::Config.load(Settings, env_prefix: 'TELEMETRY', files: ['telemetry.json'])
    LOG.info('calibrated', site: settings.site) if settings.verbose
    (value * settings.factor).round(2)
  end

  # Ask the collector for the last value of a sensor.
  #
  # @param client [Foundation::HttpClient]
  # @param sensor [String]
  # @return [Float, nil] nil when the collector does not know the sensor
  def last_value(client, sensor)
    response = client.get("/sensors/#{sensor}/last")
    JSON.parse(response.text)['value'].to_f
  rescue Foundation::HttpStatusError => e
    raise unless e.status == 404

    nil
  end

  # @param client [Foundation::HttpClient]
  # @param readings [Array<Reading>]
  # @return [Integer] the collector's count
  def upload(client, readings)
    body = { 'readings' => readings.map { |r| { 'sensor' => r.sensor, 'value' => r.value } } }
    response = client.post('/readings', json: body)
    response.status == 202 ? 0 : JSON.parse(response.text).fetch('stored').to_i
  end

  # Keep readings in a file, one a line; the old file stays as a backup.
  #
  # @param path [String]
  # @param readings [Array<Reading>]
  # @return [Integer] how many lines the file has
  def keep(path, readings)
    lines = readings.sort_by(&:sensor).map { |r| format('%-8s %8.2f', r.sensor, r.value) }
    Foundation.atomic_write(path, "#{lines.join("\n")}\n", backup: true)
    lines.length
  end

  # @param path [String]
  # @return [Hash{String => Float}] the last value of each sensor in a file; empty without one
  def load(path)
    return {} unless File.exist?(path)

    File.read(path).each_line.to_h do |line|
      sensor, value = line.split
      [sensor, value.to_f]
    end
  end

  # @param path [String]
  # @param sensor [String]
  # @return [Float, nil] the value that was forgotten
  def forget(path, sensor)
    values = load(path)
    old = values.delete(sensor)
    return nil if old.nil?

    Foundation.atomic_write(path, values.map { |name, value| "#{name} #{value}\n" }.join)
    old
  end

  # @param sensor [String]
  # @return [Integer] the sensor's temperature in whole degrees
  def temperature(sensor)
    result = Foundation.run_process(['sensors', '-u', sensor], timeout: 5)
    line = result.stdout.lines.find { |l| l.include?('temp1_input:') }
    raise Foundation::ValidationError, "#{sensor} has no temperature" if line.nil?

    line.split(':').last.strip.to_f.round
  end

  # @param host [String]
  # @return [Boolean]
  def reachable?(host)
    Foundation.run_process(['ping', '-c', '1', host], check: false, timeout: 5).exit_code.zero?
  end
end
