# frozen_string_literal: true

require 'foundation/redaction'

module Foundation
  module Logging
    # Values as JSON text in the one form that all four languages write.
    module JsonText
      DEEPEST = 16
      ESCAPES = {
        '"' => '\\"', '\\' => '\\\\', "\b" => '\\b', "\f" => '\\f', "\n" => '\\n', "\r" => '\\r', "\t" => '\\t'
      }.freeze
      SPECIAL = /["\\\x00-\x1f]/.freeze

      module_function

      def value(value, redaction, depth)
        case value
        when String then string(value)
        when Integer then value.to_s
        when nil then 'null'
        when true then 'true'
        when false then 'false'
        when Symbol then string(value.name)
        when Float then float(value)
        when Hash then depth > DEEPEST ? '"[too deep]"' : mapping(value, redaction, depth)
        when Array then depth > DEEPEST ? '"[too deep]"' : "[#{value.map { |item| value(item, redaction, depth + 1) }.join(',')}]"
        when Exception then string(value.message)
        when Time then string(value.getutc.strftime('%Y-%m-%dT%H:%M:%S.%6NZ'))
        else string(value.to_s)
        end
      end

      def string(text)
        text = JsonText.utf8(text)
        return "\"#{text}\"" unless text.match?(SPECIAL)

        "\"#{text.gsub(SPECIAL) { |char| ESCAPES[char] || format('\\u%04x', char.ord) }}\""
      end

      def mapping(hash, redaction, depth)
        members = hash.map { |key, member| [JsonText.utf8(key.to_s), member] }.sort_by { |key, _| key.b }
        body = members.map do |key, member|
          text = redaction.secret?(key) ? "\"#{Redaction::REPLACEMENT}\"" : value(member, redaction, depth + 1)
          "#{string(key)}:#{text}"
        end
        "{#{body.join(',')}}"
      end

      # As ECMAScript's Number.prototype.toString; the three that JSON lacks are strings.
      def float(number)
        return '"NaN"' if number.nan?
        return number.positive? ? '"Infinity"' : '"-Infinity"' if number.infinite?
        return '0' if number.zero?

        sign = number.negative? ? '-' : ''
        mantissa, exponent = number.abs.to_s.split('e')
        whole, fraction = mantissa.split('.')
        fraction = '' if fraction == '0'
        digits = (whole + fraction).sub(/\A0+/, '')
        # The decimal point stands after this many digits, as in ECMA-262, Number::toString.
        point = whole.size + exponent.to_i - ((whole + fraction).size - digits.size)
        digits = digits.sub(/0+\z/, '')
        sign + place_point(digits, point)
      end

      def place_point(digits, point)
        if point.between?(digits.size, 21) then digits + ('0' * (point - digits.size))
        elsif point.between?(1, 21) then "#{digits[0, point]}.#{digits[point..]}"
        elsif point.between?(-5, 0) then "0.#{'0' * -point}#{digits}"
        else
          exponent = point - 1
          rest = digits.size == 1 ? '' : ".#{digits[1..]}"
          "#{digits[0]}#{rest}e#{exponent.negative? ? '-' : '+'}#{exponent.abs}"
        end
      end

      def utf8(text)
        text = text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace, replace: "\uFFFD") unless unicode?(text)
        return text if text.encoding != Encoding::BINARY && text.valid_encoding?

        text.dup.force_encoding(Encoding::UTF_8).scrub("\uFFFD")
      end

      def unicode?(text)
        text.encoding == Encoding::UTF_8 || text.encoding == Encoding::US_ASCII || text.encoding == Encoding::BINARY
      end
      private_class_method :unicode?, :place_point
    end

    # One record as a line of JSON.
    class JsonRecord
      LEVELS = Logging::LEVELS.to_h { |level| [level, "\"level\":\"#{level}\",\"logger\":".freeze] }.freeze

      def initialize(name, redaction, timestamps)
        @redaction = redaction
        @timestamps = timestamps
        @name = "#{JsonText.string(name)},\"message\":".freeze
      end

      def line(level, message, fields)
        text = +'{'
        text << '"timestamp":"' << @timestamps.now << '",' if @timestamps
        text << LEVELS[level] << @name << JsonText.string(message.to_s)
        fields.each do |key, value|
          text << ',' << JsonText.string(key) << ':'
          text << (@redaction.secret?(key) ? '"[REDACTED]"' : JsonText.value(value, @redaction, 1))
        end
        text << "}\n"
      end
    end

    # One record as a line of `key=value`.
    class LogfmtRecord
      NEEDS_QUOTES = /[\x00-\x20"=\\\x7f]/.freeze
      BAD_IN_KEY = /[\x00-\x20"=\x7f]/.freeze

      def initialize(name, redaction, timestamps)
        @name = name
        @redaction = redaction
        @timestamps = timestamps
      end

      def line(level, message, fields)
        parts = []
        parts << "timestamp=#{@timestamps.now}" if @timestamps
        parts << "level=#{level}" << "logger=#{text(@name)}" << "message=#{text(message.to_s)}"
        fields.each { |key, value| add(parts, clean(key), JsonText.utf8(key), value, 1) }
        "#{parts.join(' ')}\n"
      end

      private

      def add(parts, path, name, value, depth)
        if @redaction.secret?(name)
          parts << "#{path}=#{text(Redaction::REPLACEMENT)}"
        elsif value.is_a?(Hash) && depth <= JsonText::DEEPEST && !value.empty?
          members = value.map { |member, inner| [JsonText.utf8(member.to_s), inner] }.sort_by { |member, _| member.b }
          members.each { |member, inner| add(parts, "#{path}.#{clean(member)}", member, inner, depth + 1) }
        else
          parts << "#{path}=#{plain(value, depth)}"
        end
      end

      def plain(value, depth)
        case value
        when Hash then depth > JsonText::DEEPEST ? text('[too deep]') : '{}'
        when nil, true, false, Integer then JsonText.value(value, @redaction, depth)
        when Float then value.finite? ? JsonText.float(value) : JsonText.float(value).delete('"')
        when Array then text(depth > JsonText::DEEPEST ? '[too deep]' : JsonText.value(value, @redaction, depth))
        when String then text(value)
        when Symbol then text(value.name)
        when Exception then text(value.message)
        when Time then text(value.getutc.strftime('%Y-%m-%dT%H:%M:%S.%6NZ'))
        else text(value.to_s)
        end
      end

      def text(value)
        value = JsonText.utf8(value)
        value.empty? || value.match?(NEEDS_QUOTES) ? JsonText.string(value) : value
      end

      def clean(name)
        name = JsonText.utf8(name)
        name.empty? ? '_' : name.gsub(BAD_IN_KEY, '_')
      end
    end
  end
end
