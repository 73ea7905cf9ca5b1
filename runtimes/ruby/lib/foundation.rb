# frozen_string_literal: true

# Ten infrastructure patterns. Requiring this file loads all of them; each has a file of its own beside it.
require 'foundation/version'
require 'foundation/errors'
require 'foundation/resilience'
require 'foundation/logging'
require 'foundation/config'
require 'foundation/http'
require 'foundation/cli'
require 'foundation/process'
require 'foundation/files'
