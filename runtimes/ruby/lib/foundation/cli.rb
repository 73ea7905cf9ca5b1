# frozen_string_literal: true

require 'foundation/config'
require 'foundation/error_classes'

module Foundation
  # Command lines. OptionParser is not used: it accepts abbreviations, stops at the first argument in some modes, and takes
  # a value that starts with `-` for an option, all of which the four languages must agree on.
  module CLI
    SUCCESS = 0
    FAILURE = 1
    USAGE = 2
    INTERRUPTED = 130
    TYPES = %i[string integer float boolean].freeze

    # Raise it from a command to end the program with a code of one's own.
    class Exit < StandardError
      attr_reader :code

      def initialize(code = SUCCESS)
        @code = code
        super("exit #{code}")
      end
    end

    # The command line was wrong. `path` are the words of the command that was reached.
    class UsageError < StandardError
      attr_reader :path

      def initialize(message, path)
        @path = path
        super(message)
      end
    end

    NOT_GIVEN = Object.new.freeze

    # One argument or option of a command.
    Parameter = Struct.new(:name, :type, :kind, :required, :default, :short, :multiple, :description, keyword_init: true) do
      def flag
        "--#{name.tr('_', '-')}"
      end

      def initial
        return default unless default.equal?(NOT_GIVEN)
        return [] if multiple

        type == :boolean ? false : nil
      end
    end

    # A command and what it takes. The block is given the values by name, as keywords.
    class Command
      attr_reader :name, :description, :aliases, :hidden, :category, :parameters, :action

      def initialize(name, description: '', aliases: [], hidden: false, category: nil, &action)
        @name = name
        @description = description
        @aliases = aliases
        @hidden = hidden
        @category = category
        @action = action
        @parameters = []
      end

      # A value by position. Required, unless there is a default; one that collects then takes one word at least.
      def argument(name, type = :string, required: nil, default: NOT_GIVEN, multiple: false, description: '')
        required = default.equal?(NOT_GIVEN) if required.nil?
        add(Parameter.new(name: name.to_s, type: type, kind: :argument, required: required, default: default, multiple: multiple, description: description))
      end

      # A value by name; a boolean is `--name` and `--no-name`.
      def option(name, type = :string, required: false, default: NOT_GIVEN, short: nil, multiple: false, description: '')
        add(Parameter.new(name: name.to_s, type: type, kind: :option, required: required, default: default, short: short, multiple: multiple, description: description))
      end

      def path
        name.split('.', -1)
      end

      # Every word list that leads here: the name, and each alias in place of its last word.
      def paths
        [path, *aliases.map { |other| [*path[0...-1], other] }]
      end

      def arguments
        parameters.select { |parameter| parameter.kind == :argument }
      end

      def options
        parameters.select { |parameter| parameter.kind == :option }
      end

      private

      def add(parameter)
        unless TYPES.include?(parameter.type) && !(parameter.kind == :argument && parameter.type == :boolean)
          raise ConfigurationError, "#{name}: the type of #{parameter.name} cannot be #{parameter.type.inspect}"
        end
        raise ConfigurationError, "#{name}: #{parameter.name} is declared twice" if parameters.any? { |known| known.name == parameter.name }

        parameters << parameter
        self
      end
    end

    # A program of commands.
    class App
      attr_reader :name, :version

      def initialize(name, version: '0', out: $stdout, err: $stderr, trace: false)
        @name = name
        @version = version
        @out = out
        @err = err
        @trace = trace
        @paths = {}
      end

      def register(command)
        if command.paths.flatten.any?(&:empty?) || command.paths.any?(&:empty?)
          raise ConfigurationError, "a command's name must not be empty or have an empty part: #{command.name.inspect}"
        end
        command.paths.each do |path|
          raise ConfigurationError, "the command #{path.join(' ').inspect} exists already" if @paths.key?(path) || group?(path)
          raise ConfigurationError, "#{path.join(' ').inspect} is inside a command" if (1...path.size).any? { |size| @paths.key?(path.first(size)) }
        end
        command.paths.each { |path| @paths[path] = command }
        command
      end

      # Run a command line; the exit code. Nothing is raised but what is not an error.
      def run(argv)
        dispatch(argv.dup)
      rescue Exit => e
        e.code
      rescue UsageError => e
        @err.puts("Error: #{e.message}", "Try '#{[name, *e.path].join(' ')} --help'.")
        USAGE
      rescue Interrupt, CancelledError
        @err.puts('Interrupted')
        INTERRUPTED
      rescue StandardError, ScriptError => e
        raise if @trace

        @err.puts("Error: #{e.message}")
        FAILURE
      end

      private

      def dispatch(argv)
        return version_line if argv.first == '--version'

        path = []
        until @paths.key?(path)
          word = argv.first
          return help_of_group(path, @out, SUCCESS) if %w[--help -h].include?(word)
          return missing(path, argv) if word.nil? || word == '--' || word.start_with?('-')

          argv.shift
          path += [word]
          next if @paths.key?(path) || group?(path)
          # Who asks for help gets it, also after a command that does not exist.
          return help_of_group(path[0...-1], @out, SUCCESS) if help_asked?(argv)

          raise UsageError.new("unknown command #{path.join(' ').inspect}#{meant(path)}", path[0...-1])
        end
        command = @paths[path]
        return help_of_command(command) if Reading.help?(command, argv)

        values = Reading.new(command).read(argv)
        # What the command returns is not its exit code; it chooses one with Exit.
        command.action.call(**values.transform_keys(&:to_sym))
        SUCCESS
      end

      def version_line
        @out.puts("#{name} #{version}")
        SUCCESS
      end

      def missing(path, argv)
        return help_of_group(path, @out, SUCCESS) if help_asked?(argv)
        raise UsageError.new("unknown option #{argv.first}", path) if argv.first && argv.first != '--'

        help_of_group(path, @err, USAGE)
      end

      def help_asked?(argv)
        argv.take_while { |word| word != '--' }.intersect?(%w[--help -h])
      end

      def group?(path)
        @paths.keys.any? { |known| known.size > path.size && known.first(path.size) == path }
      end

      def meant(path)
        require 'did_you_mean'
        level = @paths.keys.filter_map { |known| known[path.size - 1] if known.first(path.size - 1) == path[0...-1] }
        near = DidYouMean::SpellChecker.new(dictionary: level.uniq).correct(path.last)
        near.empty? ? '' : ", did you mean #{near.first.inspect}?"
      end

      def help_of_group(path, output, code)
        output.puts("Usage: #{[name, *path].join(' ')} COMMAND [OPTIONS]")
        entries(path).group_by { |entry| entry[:category] }.sort_by { |category, _| category.to_s }.each do |category, members|
          output.puts('', "#{category || 'Commands'}:")
          width = members.map { |entry| entry[:words].size }.max
          members.sort_by { |entry| entry[:words] }.each { |entry| output.puts("  #{entry[:words].ljust(width)}  #{entry[:description]}".rstrip) }
        end
        code
      end

      def entries(path)
        level = @paths.select { |known, _| known.first(path.size) == path && known.size > path.size }
        groups = level.select { |known, command| known.size > path.size + 1 && !command.hidden }.map { |known, _| known[path.size] }.uniq
        commands = level.values.uniq.select { |command| !command.hidden && command.path.size == path.size + 1 }
        commands.map { |command| { words: [command.path.last, *command.aliases].join(', '), description: command.description, category: command.category } } +
          groups.map { |group| { words: "#{group} ...", description: '', category: nil } }
      end

      def help_of_command(command)
        shown = command.arguments.map { |argument| "#{'[' unless argument.required}#{argument.name.upcase}#{'...' if argument.multiple}#{']' unless argument.required}" }
        @out.puts("Usage: #{[name, *command.path, *shown].join(' ')} [OPTIONS]")
        @out.puts('', command.description) unless command.description.to_s.empty?
        list('Arguments', command.arguments) { |argument| argument.name }
        list('Options', command.options) do |option|
          negated = option.type == :boolean ? ", --no-#{option.flag.delete_prefix('--')}" : " #{option.type.to_s.upcase}"
          "#{"-#{option.short}, " if option.short}#{option.flag}#{negated}"
        end
        @out.puts('', 'Aliases:', "  #{command.aliases.join(', ')}") unless command.aliases.empty?
        SUCCESS
      end

      def list(title, parameters)
        return if parameters.empty?

        @out.puts('', "#{title}:")
        parameters.each do |parameter|
          notes = [parameter.description, ('required' if parameter.required), ("default #{parameter.default}" unless parameter.default.equal?(NOT_GIVEN))]
          @out.puts("  #{yield parameter}  #{notes.compact.reject(&:empty?).join('; ')}".rstrip)
        end
      end
    end

    # Reads the words after a command into its parameters.
    class Reading
      def initialize(command)
        @command = command
        @values = command.parameters.to_h { |parameter| [parameter.name, parameter.multiple ? [] : NOT_GIVEN] }
      end

      # Whether help is asked for: before `--`, and not as an option's value.
      def self.help?(command, argv)
        words = argv.each
        loop do
          word = words.next
          return false if word == '--'
          return true if %w[--help -h].include?(word)

          option = command.options.find { |known| word == known.flag || (known.short && word == "-#{known.short}") }
          words.next if option && option.type != :boolean
        end
        false
      end

      def read(argv)
        positional = []
        until argv.empty?
          word = argv.shift
          if word == '--'
            positional.concat(argv)
            argv = []
          elsif word.start_with?('-') && word != '-' then option(word, argv)
          else positional << word
          end
        end
        arguments(positional)
        finish
      end

      private

      def usage(message)
        raise UsageError.new(message, @command.path)
      end

      def option(word, argv)
        flag, equals, inline = word.partition('=')
        option, negated = find(flag)
        usage("unknown option #{flag}") unless option
        if option.type == :boolean
          usage("#{flag} takes no value") unless equals.empty?
          return store(option, !negated)
        end
        usage("#{flag} needs a value") if equals.empty? && argv.empty?
        store(option, convert(option, equals.empty? ? argv.shift : inline, flag))
      end

      def find(flag)
        @command.options.each do |option|
          return [option, false] if flag == option.flag || (option.short && flag == "-#{option.short}")
          return [option, true] if option.type == :boolean && flag == "--no-#{option.flag.delete_prefix('--')}"
        end
        nil
      end

      def arguments(words)
        following = @command.arguments.size
        @command.arguments.each do |argument|
          following -= 1
          # The arguments after one that collects take theirs first.
          count = argument.multiple ? [words.size - following, 1].max : 1
          words.first(count).each { |word| store(argument, convert(argument, word, argument.name)) }
          words = words.drop(count)
        end
        usage("too many arguments: #{words.join(' ')}") unless words.empty?
      end

      def convert(parameter, text, shown)
        case parameter.type
        when :string then text
        when :integer
          number = text.strip
          number.match?(Config::INTEGER_TEXT) && Config::INTEGERS.cover?(number.to_i) ? number.to_i : usage("#{shown} must be an integer, not #{text.inspect}")
        when :float
          number = text.strip
          number.match?(Config::FLOAT_TEXT) && number.to_f.finite? ? number.sub(/\A([+-]?)\./, '\10.').to_f : usage("#{shown} must be a number, not #{text.inspect}")
        end
      end

      def store(parameter, value)
        parameter.multiple ? @values[parameter.name] << value : @values[parameter.name] = value
      end

      def finish
        @command.parameters.to_h do |parameter|
          value = @values[parameter.name]
          absent = value.equal?(NOT_GIVEN) || (parameter.multiple && value.empty?)
          usage("missing #{parameter.kind} #{parameter.kind == :option ? parameter.flag : parameter.name}") if absent && parameter.required
          [parameter.name, absent ? parameter.initial : value]
        end
      end
    end
    private_constant :Reading
  end

  APP_COMMANDS = []
  private_constant :APP_COMMANDS

  # Register a command of the program; `Foundation.app` runs them.
  #
  #   Foundation.register_command('db.migrate', description: 'Apply pending migrations') do |target: nil|
  #     Database.migrate(target)
  #   end
  #
  # The block's keywords become options, its positional parameters arguments; a keyword's default stands where the option is
  # not given. Declare types by way of `configure`: a callable that is given the CLI::Command.
  def self.register_command(name, description: '', aliases: [], hidden: false, category: nil, configure: nil, &action)
    command = CLI::Command.new(name, description: description, aliases: aliases, hidden: hidden, category: category, &bridge(action, configure.nil?))
    configure ? configure.call(command) : infer(command, action)
    APP_COMMANDS << command
    command
  end

  # The program made of every registered command.
  def self.app(name, version: '0', **options)
    CLI::App.new(name, version: version, **options).tap { |app| APP_COMMANDS.each { |command| app.register(command) } }
  end

  # A block takes arguments by position; the parser gives values by name.
  def self.bridge(action, inferred)
    kinds = action.parameters.group_by(&:first)
    positional = [*kinds[:req], *kinds[:opt]].map(&:last)
    named = [*kinds[:keyreq], *kinds[:key], *kinds[:keyrest]].any?
    defaults = inferred ? [*kinds[:key]].map(&:last) : []
    lambda do |**values|
      given = positional.map { |name| values.delete(name) }
      # An inferred option without a value is not given at all, so that the block's own default stands.
      defaults.each { |name| values.delete(name) if values[name].nil? }
      named ? action.call(*given, **values) : action.call(*given)
    end
  end

  def self.infer(command, action)
    action.parameters.each do |kind, name|
      case kind
      # A proc's parameters are all optional to Ruby; here a position means a required argument.
      when :req, :opt then command.argument(name)
      when :keyreq then command.option(name, required: true)
      when :key then command.option(name)
      end
    end
  end
  private_class_method :bridge, :infer
end
