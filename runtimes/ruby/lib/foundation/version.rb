# frozen_string_literal: true

module Foundation
  VERSION = '0.1.0'
end
