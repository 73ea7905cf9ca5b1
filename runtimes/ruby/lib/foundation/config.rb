# frozen_string_literal: true

require 'json'
require 'foundation/error_classes'
require 'foundation/redaction'

module Foundation
  # Layered configuration: default, files in order, environment, override; every problem is reported at once.
  #
  #   AppConfig = Foundation::Config.define do
  #     field :port, :integer, default: 8080
  #     field :database do
  #       field :url, :string
  #     end
  #   end
  #   config = Foundation::Config.load(AppConfig, env_prefix: 'APP', files: ['app.yml'])
  #   config.database.url            # from APP_DATABASE__URL, or from app.yml
  #
  # Files are JSON (`.json`) or YAML (`.yml`, `.yaml`); the standard library has no TOML parser.
  module Config
    TYPES = %i[string integer float boolean strings].freeze
    TRUE_TEXTS = %w[true yes on 1 enabled].freeze
    FALSE_TEXTS = %w[false no off 0 disabled].freeze
    INTEGER_TEXT = /\A[+-]?[0-9]+\z/.freeze
    FLOAT_TEXT = /\A[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\z/.freeze
    INTEGERS = (-(1 << 63)..(1 << 63) - 1).freeze
    NOTHING = Object.new.freeze

    # What is wrong, with which key, in which source (`file`, `environment`, `override`, `default`).
    Problem = Struct.new(:kind, :key, :source, :message) do
      def to_s
        "#{key}: #{message} (#{kind}, #{source})"
      end
    end

    # One field; `fields` is set for a nested structure, `env` names a variable of its own.
    Field = Struct.new(:name, :type, :default, :env, :schema)

    # A structure of fields. Made by Config.define.
    class Schema
      attr_reader :fields, :record

      def initialize(&definition)
        @fields = []
        instance_eval(&definition)
        @fields.freeze
        @record = Record.of(@fields)
      end

      # Declare a field: a type, or a block for a nested structure. Without `default` it must be given somewhere.
      def field(name, type = nil, default: NOTHING, env: nil, &nested)
        schema = nested && Schema.new(&nested)
        unless schema || TYPES.include?(type)
          raise ConfigurationError, "the type of #{name} must be one of #{TYPES.join(', ')}, not #{type.inspect}"
        end
        raise ConfigurationError, "#{name} is declared twice" if @fields.any? { |known| known.name == name.to_s }

        @fields << Field.new(name.to_s, schema ? :nested : type, default, env, schema)
      end
    end

    # The values that were loaded: a reader for each field. Printing one never shows a secret.
    module Record
      def self.of(fields)
        Struct.new(*fields.map { |field| field.name.to_sym }, keyword_init: true) do
          def inspect
            shown = to_h.map { |name, value| "#{name}=#{Config::SECRETS.secret?(name.to_s) ? '[REDACTED]' : value.inspect}" }
            "#<config #{shown.join(', ')}>"
          end
          alias_method :to_s, :inspect
        end
      end
    end

    SECRETS = Redaction.new

    def self.define(&definition)
      Schema.new(&definition)
    end

    # Load `schema`. Raises ConfigurationError with every problem found.
    def self.load(schema, env_prefix: '', files: [], strict: true, secret_files: true, overrides: {}, env: ENV)
      Loader.new(schema, env_prefix: env_prefix, strict: strict, secret_files: secret_files, env: env).load(files, overrides)
    end

    # One load: collects problems while it reads the sources.
    class Loader
      def initialize(schema, env_prefix:, strict:, secret_files:, env:)
        @schema = schema
        @strict = strict
        @secret_files = secret_files
        @env = env
        prefix = env_prefix.upcase
        @prefix = prefix.empty? || prefix.end_with?('_') ? prefix : "#{prefix}_"
        @problems = []
      end

      def load(files, overrides)
        layers = [defaults(@schema)]
        files.each { |path| layers << file(path.to_s) }
        layers << environment(@schema, [])
        layers << mapping(@schema, stringify(overrides), [], 'override')
        merged = layers.reduce { |below, above| merge(below, above) }
        config = build(@schema, merged, [])
        return config if @problems.empty?

        problems = @problems.sort_by.with_index { |problem, index| [problem.kind, problem.key, index] }
        raise ConfigurationError.new("invalid configuration:\n  #{problems.join("\n  ")}", problems: problems)
      end

      private

      def problem(kind, path, source, message)
        @problems << Problem.new(kind, path.is_a?(Array) ? path.join('.') : path, source, message)
        NOTHING
      end

      def stringify(value)
        value.is_a?(Hash) ? value.to_h { |key, member| [key.to_s, stringify(member)] } : value
      end

      def merge(below, above)
        below.merge(above) do |_, lower, upper|
          lower.is_a?(Hash) && upper.is_a?(Hash) ? merge(lower, upper) : upper
        end
      end

      def defaults(schema)
        schema.fields.each_with_object({}) do |field, values|
          if field.type == :nested then values[field.name] = defaults(field.schema)
          elsif !field.default.equal?(NOTHING) then values[field.name] = field.default
          end
        end
      end

      def build(schema, values, path)
        built = schema.fields.to_h do |field|
          here = path + [field.name]
          if field.type == :nested then value = build(field.schema, values.fetch(field.name, {}), here)
          else
            value = values.fetch(field.name, NOTHING)
            if value.equal?(NOTHING)
              given = @problems.any? { |found| found.key == here.join('.') }
              problem('missing', here, 'default', 'has no default and was not given') unless given
            end
          end
          [field.name.to_sym, value]
        end
        schema.record.new(**built).freeze
      end

      def file(path)
        content = File.read(path, encoding: 'UTF-8')
        data = parse(path, content)
        return {} if data.equal?(NOTHING)
        return problem('invalid_file', path, 'file', 'must hold a mapping') && {} unless data.is_a?(Hash)

        mapping(@schema, stringify(data), [], 'file')
      rescue SystemCallError, IOError => e
        problem('unreadable_file', path, 'file', "cannot be read: #{e.message}")
        {}
      end

      def parse(path, content)
        case File.extname(path).downcase
        when '.json' then JSON.parse(content)
        when '.yml', '.yaml'
          require 'psych'
          Psych.safe_load(content, aliases: false) || {}
        else problem('invalid_file', path, 'file', 'must end in .json, .yml or .yaml')
        end
      rescue JSON::ParserError, EncodingError => e
        problem('invalid_file', path, 'file', "is not valid JSON: #{e.message.lines.first.to_s.strip}")
      rescue StandardError => e
        raise unless defined?(Psych) && e.is_a?(Psych::Exception)

        problem('invalid_file', path, 'file', "is not valid YAML: #{e.message}")
      end

      def mapping(schema, data, path, source)
        values = {}
        data.each do |key, value|
          field = schema.fields.find { |known| known.name == key }
          if field.nil?
            known = schema.fields.map(&:name).join(', ')
            problem('unknown_key', path + [key], source, "is not a field; these are: #{known}") if @strict || source == 'override'
          elsif !value.nil?
            taken = native(field, value, path + [key], source)
            values[key] = taken unless taken.equal?(NOTHING)
          end
        end
        values
      end

      def native(field, value, path, source)
        return nested(field, value, path, source) if field.type == :nested
        return text(field, value, path, source) if value.is_a?(String)

        fits = case field.type
               when :integer then value.is_a?(Integer) && INTEGERS.cover?(value)
               when :float then value.is_a?(Float) || value.is_a?(Integer)
               when :boolean then [true, false].include?(value)
               when :strings then value.is_a?(Array) && value.all?(String)
               end
        return invalid(field, path, source) unless fits

        field.type == :float ? value.to_f : value
      end

      def nested(field, value, path, source)
        return mapping(field.schema, value, path, source) if value.is_a?(Hash)

        problem('invalid_value', path, source, 'must be a mapping')
      end

      def environment(schema, path)
        schema.fields.each_with_object({}) do |field, values|
          here = path + [field.name]
          if field.type == :nested
            values[field.name] = environment(field.schema, here)
          else
            given = @env[field.env || (@prefix + here.map(&:upcase).join('__'))]
            next if given.nil?

            value = text(field, given, here, 'environment')
            values[field.name] = value unless value.equal?(NOTHING)
          end
        end
      end

      def text(field, given, path, source)
        if @secret_files && source != 'override' && given.start_with?('file:///')
          begin
            given = File.read(given.delete_prefix('file://'), encoding: 'UTF-8').sub(/\r?\n\z/, '')
          rescue SystemCallError, IOError => e
            return problem('unreadable_file', path, source, "names a file that cannot be read: #{e.class.name}")
          end
        end
        return given if field.type == :string

        value = read(field.type, given.gsub(/\A[ \t\r\n]+|[ \t\r\n]+\z/, ''))
        value.equal?(NOTHING) ? invalid(field, path, source, given) : value
      end

      def read(type, text)
        case type
        when :integer then text.match?(INTEGER_TEXT) && INTEGERS.cover?(text.to_i) ? text.to_i : NOTHING
        when :float then text.match?(FLOAT_TEXT) && text.to_f.finite? ? Float(float_text(text)) : NOTHING
        when :boolean
          return true if TRUE_TEXTS.include?(text.downcase)

          FALSE_TEXTS.include?(text.downcase) ? false : NOTHING
        when :strings then text.split(',').map(&:strip).reject(&:empty?)
        end
      end

      # Ruby's Float() wants digits on both sides of the point.
      def float_text(text)
        text.sub(/\A([+-]?)\./, '\10.').sub(/\.(?=\z|[eE])/, '.0')
      end

      def invalid(field, path, source, given = nil)
        shown = given && !SECRETS.secret?(path.last) ? ", not #{given.inspect}" : ''
        problem('invalid_value', path, source, "must be of type #{field.type}#{shown}")
      end
    end
    private_constant :Loader
  end
end
