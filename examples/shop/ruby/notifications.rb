# frozen_string_literal: true

require 'foundation/logging'
require 'foundation/resilience'

# Mails and messages to customers.
module Notifications
  LOG = Foundation::Logging.logger('shop.notifications', level: :info)

  # Tell the customer that the order is on its way.
  def self.order_shipped(mailer, order)
    retry(max_attempts: 3, base_delay: 0.5) do
      mailer.deliver(order.email, "Your order #{order.id} is on its way")
    end
    LOG.info('mail sent', order_id: order.id)
  end

  # Send a text message; the provider allows ten a second.
  def self.text(gateway, number, message)
    Foundation.rate_limit(name: 'sms', limit: 10, period: 1.0) do
      Foundation.retry(max_attempts: 3, jitter: { kind: :gaussian, ratio: 0.2 }) do
        gateway.send_text(number, message)
      end
    end
  end
end
