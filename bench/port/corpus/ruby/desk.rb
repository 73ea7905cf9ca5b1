# frozen_string_literal: true

require 'foundation'

# The help desk's tool and its protections.
module Desk
  PRIORITIES = %w[low normal high].freeze

  # Commands that the tool knows.
  def self.register
    Foundation.register_command('ticket.open', description: 'Open a ticket', aliases: ['o']) do |title, priority: 'normal'|
      Desk.open_ticket(title, priority)
    end
    Foundation.register_command('ticket.ages', description: 'Print ages') do |days|
      puts Desk.age(Integer(days, 10))
    end
  end

  # @param title [String]
  # @param priority [String]
  # @return [void]
  def self.open_ticket(title, priority)
    unless PRIORITIES.include?(priority)
      puts "unknown priority #{priority}"
      raise Foundation::CLI::Exit, 2
    end

    puts "[#{priority[0].upcase}] #{title.strip.capitalize}"
  end

  # @param days [Integer]
  # @return [String]
  def self.age(days)
    raise Foundation::ValidationError, 'not born yet' if days.negative?

    weeks, rest = days.divmod(7)
    return "#{rest}d" if weeks.zero?

    rest.zero? ? "#{weeks}w" : "#{weeks}w #{rest}d"
  end

  # @param argv [Array<String>]
  # @return [Integer] the exit code
  def self.run(argv)
    app = Foundation.app('desk', version: '3.1')
    app.run(argv)
  end

  # Look a customer up; the directory is spared for ten seconds after two failures.
  #
  # @param directory [Directory]
  # @param name [String]
  # @return [String]
  def self.customer(directory, name)
    Foundation.circuit_breaker(name: 'directory', failure_threshold: 2, recovery_timeout: 10) do
      directory.find(name.strip.downcase)
    end
  end

  # Ask the assistant; three questions a minute.
  #
  # @param assistant [Assistant]
  # @param question [String]
  # @return [String]
  def self.ask(assistant, question)
    Foundation.rate_limit(name: 'assistant', limit: 3, period: 60.0) do
      assistant.answer(question.squeeze(' '))
    end
  end

  # The first words of an answer, or a standard one.
  #
  # @param assistant [Assistant]
  # @param question [String]
  # @param words [Integer]
  # @return [String]
  def self.summary(assistant, question, words)
    Foundation.error_boundary(catch: [Foundation::ServiceUnavailable], reraise: false, fallback: 'see the manual') do
      assistant.answer(question).split.first(words).join(' ')
    end
  end

  # Route tickets to teams by their first word.
  #
  # @param log [Foundation::Logging::Logger]
  # @param titles [Array<String>]
  # @param teams [Hash{String => String}]
  # @return [Hash{String => Array<String>}]
  def self.route(log, titles, teams)
    routed = titles.group_by { |title| teams.fetch(title.split.first.to_s.downcase, 'everyone') }
    routed.each { |team, list| log.info('routed', team: team, tickets: list.length) }
    routed
  end
end

Desk.register
