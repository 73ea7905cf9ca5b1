# frozen_string_literal: true

module Foundation
  # Which names are secrets: a word such as `password` anywhere, or a last word such as `token`.
  class Redaction
    REPLACEMENT = '[REDACTED]'
    WORDS = %w[
      password passwords passwd passphrase pwd secret secrets credential credentials authorization
    ].to_h { |word| [word, true] }.freeze
    ENDINGS = [
      %w[token], %w[apikey], %w[api key], %w[accesskey], %w[access key], %w[privatekey], %w[private key],
      %w[encryption key], %w[signing key], %w[session key], %w[ssh key], %w[cookie], %w[sessionid], %w[session id],
      %w[ssn], %w[cvv], %w[card number], %w[otp], %w[jwt], %w[bearer], %w[auth], %w[dsn], %w[connection string],
    ].freeze
    # A name is judged once; a program has few names, but a hostile one could send many.
    REMEMBERED = 4096

    def initialize(extra = [])
      @extra = extra.map { |name| self.class.words(name.to_s) }
      @judged = {}
      @lock = Mutex.new
    end

    # The words of a name, lower-cased: `APIKey`, `api_key` and `api-key` are all `api key`.
    def self.words(name)
      name.gsub(/([a-z0-9])([A-Z])/, "\\1\0\\2").gsub(/([A-Z])([A-Z][a-z])/, "\\1\0\\2")
          .split(/[^A-Za-z0-9\u0080-\u{10FFFF}]+/).reject(&:empty?).map { |word| word.downcase(:ascii) }
    end

    def secret?(name)
      known = @judged[name]
      return known unless known.nil?

      verdict = judge(self.class.words(name))
      @lock.synchronize { @judged[name.dup.freeze] = verdict if @judged.size < REMEMBERED }
      verdict
    end

    private

    def judge(words)
      words.any? { |word| WORDS[word] } ||
        ENDINGS.any? { |ending| words.last(ending.size) == ending } ||
        @extra.include?(words)
    end
  end
end
