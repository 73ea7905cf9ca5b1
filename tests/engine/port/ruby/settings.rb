# frozen_string_literal: true

require 'foundation/config'
require 'foundation/errors'

# The service's settings.
module Settings
  ServiceConfig = Foundation::Config.define do
    field :port, :integer, default: 8080
    field :host, :string, default: 'localhost'
    field :debug, :boolean, default: false
    field :api_token, :string, default: ''
  end

  module_function

  # @return [ServiceConfig]
  def load_settings
    Foundation::Config.load(ServiceConfig, env_prefix: 'SHOP')
  end

  # The address to listen on.
  # @return [String]
  def address
    config = load_settings
    "#{config.host}:#{config.port}"
  end

  # @return [Integer]
  def safe_port
    Foundation.error_boundary(catch: [Foundation::ConfigurationError], reraise: false, fallback: 8080, log_errors: false) do
      load_settings.port
    end
  end
end
