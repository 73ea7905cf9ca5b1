# frozen_string_literal: true

require 'foundation'

# Bookings of meeting rooms: reserve, confirm, charge.
module Bookings
  MAX_HOURS = 8

  # The room is taken at that time.
  class RoomTaken < Foundation::ValidationError; end

  # A room from one hour to another.
  #
  # @!attribute room
  #   @return [String]
  # @!attribute from
  #   @return [Integer]
  # @!attribute to
  #   @return [Integer]
  Slot = Struct.new(:room, :from, :to, keyword_init: true)

  # Charges customers through a breaker, and remembers who could not be charged.
  class Cashier
    # @return [Array<String>]
    attr_reader :later
    # @return [Integer]
    attr_reader :cents

    # @param gateway [Gateway]
    # @param threshold [Integer]
    def initialize(gateway, threshold = 2)
      @gateway = gateway
      @breaker = Foundation::CircuitBreaker.new(name: 'cashier', failure_threshold: threshold, recovery_timeout: 15)
      @later = []
      @cents = 0
    end

    # Charge a customer.
    #
    # @param customer [String]
    # @param cents [Integer]
    # @return [Boolean] false when the charge has to wait
    def charge(customer, cents)
      raise Foundation::ValidationError, 'nothing to charge' unless cents.positive?

      @breaker.call { @gateway.charge(customer, cents) }
      @cents += cents
      true
    rescue Foundation::CircuitOpenError
      @later << customer
      false
    end
  end

  module_function

  # Hours of a slot.
  #
  # @param slot [Slot]
  # @return [Integer]
  def hours(slot)
    slot.to - slot.from
  end

  # Whether two slots share a room and an hour.
  #
  # @param one [Slot]
  # @param other [Slot]
  # @return [Boolean]
  def overlap?(one, other)
    one.room == other.room && one.from < other.to && other.from < one.to
  end

  # Read "room 9-11".
  #
  # @param text [String]
  # @return [Slot]
  def parse(text)
    room, times = text.strip.split(' ', 2)
    raise Foundation::ValidationError, "no times in #{text}" if times.nil?

    from, to = times.split('-').map { |hour| Integer(hour.strip, 10) }
    raise Foundation::ValidationError, "no end in #{text}" if to.nil?

    Slot.new(room: room, from: from, to: to)
  end

  # Add a slot to a calendar.
  #
  # @param calendar [Array<Slot>]
  # @param slot [Slot]
  # @return [Array<Slot>] the calendar with the slot, by room and time
  def book(calendar, slot)
    raise Foundation::ValidationError, "#{hours(slot)} hours are too many" if hours(slot) > MAX_HOURS
    raise RoomTaken, "#{slot.room} is taken" if calendar.any? { |other| overlap?(slot, other) }

    (calendar + [slot]).sort_by { |s| [s.room, s.from] }
  end

  # Ask the door system for a code.
  #
  # @param doors [Doors]
  # @param slot [Slot]
  # @return [String] four digits
  def door_code(doors, slot)
    Foundation.retry(max_attempts: 3, base_delay: 0.5, jitter: false) do
      code = doors.code(slot.room.downcase)
      raise Foundation::ServiceUnavailable, 'no code yet' if code.zero?

      format('%04d', code)
    end
  end

  # Send a confirmation; a mail server that is away is tried five times.
  #
  # @param mailer [Mailer]
  # @param address [String]
  # @param slots [Array<Slot>]
  # @return [Integer] how many slots were confirmed
  def confirm(mailer, address, slots)
    policy = Foundation::RetryPolicy.new(max_attempts: 5, base_delay: 0.1, backoff: :linear, jitter: false, retryable: [Foundation::NetworkError])
    text = slots.map { |s| "#{s.room} #{s.from}-#{s.to}" }.join("\n")
    sent = Foundation.retry(policy: policy) { mailer.deliver(address, text) }
    sent ? slots.length : 0
  end

  # How busy each room is.
  #
  # @param slots [Array<Slot>]
  # @return [Hash{String => Integer}]
  def usage(slots)
    log = Foundation::Logging.logger('bookings')
    totals = Hash.new(0)
    slots.each { |s| totals[s.room] += hours(s) }
    totals.each { |room, sum| log.warning('full day', room: room, hours: sum) if sum >= MAX_HOURS }
    log.info('usage', rooms: totals.size)
    totals
  end

  # The rooms of a floor; nothing when the directory cannot be reached.
  #
  # @param directory [Directory]
  # @param floor [Integer]
  # @return [Array<String>]
  def rooms(directory, floor)
    Foundation.error_boundary(catch: [Foundation::NetworkError, Foundation::TimeoutError], reraise: false, fallback: []) do
      directory.rooms(floor).map(&:upcase).sort
    end
  end
end
