# frozen_string_literal: true

require 'foundation'

# Deploys a service from its git checkout.
class Deployer
  # @param remote [String]
  def initialize(remote)
    @remote = remote
    @log = Foundation::Logging.logger('deploy')
  end

  # @return [String]
  def current_branch
    result = Foundation.run_process(%w[git branch --show-current], timeout: 10)
    result.stdout.strip
  end

  # @param tag [String]
  # @return [Boolean]
  def tagged?(tag)
    result = Foundation.run_process(['git', 'tag', '--list', tag], timeout: 10, check: false)
    result.exit_code.zero? && !result.stdout.strip.empty?
  end

  # @param tag [String]
  # @return [String]
  def release(tag)
    return 'exists' if tagged?(tag)

    Foundation.run_process(['git', 'tag', tag])
    Foundation.run_process(['git', 'push', @remote, tag], timeout: 60)
    @log.info('released', tag: tag)
    'released'
  rescue Foundation::ProcessError
    'failed'
  end
end
