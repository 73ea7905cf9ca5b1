# frozen_string_literal: true

require 'foundation'

# Charges customers and keeps a ledger.
module Billing
  class PaymentDeclined < StandardError
    attr_reader :code

    def initialize(code)
      @code = code
      super("payment declined: #{code}")
    end
  end

  # Talks to the gateway under a breaker.
  class Charger
    attr_reader :charged

    # @param gateway [Gateway]
    # @param currency [String]
    def initialize(gateway, currency: 'EUR')
      @gateway = gateway
      @currency = currency
      @charged = 0
      @breaker = Foundation::CircuitBreaker.new(name: 'payments', failure_threshold: 3, recovery_timeout: 30)
      @log = Foundation::Logging.logger('billing', level: :info)
    end

    # Charge a customer.
    # @param customer [String]
    # @param cents [Integer]
    # @return [String] the transaction's id
    def charge(customer, cents)
      raise ArgumentError, 'amount must be positive' unless cents.positive?

      id = @breaker.call { @gateway.charge(customer, cents, @currency) }
      @charged += cents
      @log.info('charged', customer: customer, cents: cents)
      id
    end

    # @param customer [String]
    # @param amounts [Array<Integer>]
    # @return [Array<String>]
    def charge_all(customer, amounts)
      amounts.map { |cents| charge(customer, cents) }
    end
  end

  # @param fetch [Proc]
  # @param id [String]
  # @return [Integer]
  def self.balance(fetch, id)
    Foundation.retry(max_attempts: 3, base_delay: 0.5, jitter: { kind: :none }) do
      fetch.call(id)
    end
  end

  # @param gateway [Gateway]
  # @param customer [String]
  # @return [String]
  def self.charge_once(gateway, customer)
    attempts = 0
    begin
      attempts += 1
      gateway.charge(customer, 100, 'EUR')
    rescue Foundation::NetworkError => e
      retry if attempts < 3
      raise PaymentDeclined, e.message
    end
  end
end
