# frozen_string_literal: true

require 'securerandom'
require 'foundation/error_classes'
require 'foundation/numbers'

module Foundation
  # Atomic replacement of files: a reader sees the old content or the new one, whole, at every moment.
  module Files
    # The system calls of one write, in the order of the specification; tests put a failing one in their place.
    class Steps
      def mkdir(path)
        missing = []
        until Dir.exist?(path)
          missing.unshift(path)
          path = File.dirname(path)
        end
        missing.each { |folder| Dir.mkdir(folder, 0o777) }
        !missing.empty?
      end

      def temp(path)
        File.open(path, File::CREAT | File::EXCL | File::WRONLY | File::BINARY, 0o600)
      end

      def write(file, data)
        file.write(data)
        file.flush
      end

      def chmod(file, mode)
        file.chmod(mode)
      end

      def fsync(file)
        file.fsync
      end

      def link(path, other)
        File.link(path, other)
      end

      # The copy that stands in for a link where links are not possible.
      def copy(path, other, mode, durable)
        File.open(other, File::CREAT | File::EXCL | File::WRONLY | File::BINARY, 0o600) do |file|
          IO.copy_stream(path, file)
          file.chmod(mode)
          file.fsync if durable
        end
      end

      def rename(path, target)
        File.rename(path, target)
      end

      def fsync_dir(path)
        # Opening a directory for reading is all that fsync needs on POSIX systems.
        File.open(path) { |folder| folder.fsync }
      end

      def unlink(path)
        File.unlink(path)
      rescue Errno::ENOENT
        nil
      end
    end

    STEPS = Steps.new.freeze
    NO_LINKS = [Errno::EPERM, Errno::EXDEV, Errno::EMLINK, Errno::ENOTSUP, Errno::ENOSYS].freeze
    MOST_LINKS = 40

    # One write of one file.
    class AtomicWrite
      def initialize(path, mode:, backup:, durable:, create_parents:, steps:)
        @path = path
        @mode = mode.nil? ? nil : Numbers.integer('mode', mode, 0, 4095)
        @backup = Numbers.boolean('backup', backup)
        @durable = Numbers.boolean('durable', durable)
        @create_parents = Numbers.boolean('create_parents', create_parents)
        @steps = steps
      end

      def call(data)
        target = follow(File.expand_path(@path))
        folder = File.dirname(target)
        @steps.mkdir(folder) if @create_parents
        raise Errno::EISDIR, target if File.directory?(target)

        temporary = beside(target, 'tmp')
        file = @steps.temp(temporary)
        begin
          fill(file, data, target)
          file.close
          back_up(target) if @backup && File.exist?(target)
          @steps.rename(temporary, target)
        rescue SystemCallError, IOError
          file.close unless file.closed?
          @steps.unlink(temporary)
          raise
        end
        @steps.fsync_dir(folder) if @durable
        nil
      end

      private

      def fill(file, data, target)
        @steps.write(file, data)
        @steps.chmod(file, @mode || existing_mode(target) || (0o644 & ~File.umask))
        @steps.fsync(file) if @durable
      end

      def existing_mode(target)
        File.stat(target).mode & 0o7777
      rescue Errno::ENOENT
        nil
      end

      # The file that a chain of symbolic links ends at, which need not exist.
      def follow(path)
        MOST_LINKS.times do
          return path unless File.symlink?(path)

          path = File.expand_path(File.readlink(path), File.dirname(path))
        end
        raise Errno::ELOOP, @path
      end

      def beside(target, suffix)
        File.join(File.dirname(target), ".#{File.basename(target)}.#{SecureRandom.hex(8)}.#{suffix}")
      end

      # The original is never away: the backup is a second link (or a copy) that is renamed into its place.
      def back_up(target)
        temporary = beside(target, 'bak')
        begin
          @steps.link(target, temporary)
        rescue *NO_LINKS
          @steps.copy(target, temporary, existing_mode(target), @durable)
        end
        @steps.rename(temporary, "#{target}.bak") if File.exist?(temporary)
      ensure
        # Renaming a link onto another link of the same file does nothing, and leaves the temporary name.
        File.unlink(temporary) if temporary && File.exist?(temporary)
      end
    end
    private_constant :AtomicWrite

    def self.atomic_write(path, data, mode: nil, backup: false, durable: true, create_parents: false, steps: STEPS)
      path = path.respond_to?(:to_path) ? path.to_path : path
      raise ValidationError, "path must be a text, not #{path.inspect}" unless path.is_a?(String) && !path.empty?
      raise ValidationError, "data must be a String, not #{data.class}" unless data.is_a?(String)

      AtomicWrite.new(path, mode: mode, backup: backup, durable: durable, create_parents: create_parents, steps: steps)
                 .call(data.encoding == Encoding::BINARY ? data : data.encode(Encoding::UTF_8))
    end
  end

  # Replace a file's content in one step, keeping its mode; `backup: true` keeps the old content as `<name>.bak`.
  #
  #   Foundation.atomic_write('state.json', JSON.dump(state), backup: true, mode: 0o600)
  #
  # Raises the system's own error (Errno::ENOSPC and so on); the file is then as it was.
  def self.atomic_write(path, data, **options)
    Files.atomic_write(path, data, **options)
  end
end
