# frozen_string_literal: true

require 'foundation/error_classes'
require 'foundation/error_boundary'
