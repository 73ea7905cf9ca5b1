# frozen_string_literal: true

require 'minitest/autorun'
require 'rbconfig'
require 'fileutils'
require 'tmpdir'
require 'foundation/files'

class FilesTest < Minitest::Test
  # A step that fails with an error of the system.
  class Failing < Foundation::Files::Steps
    def initialize(step, error)
      super()
      define_singleton_method(step) { |*_| raise error }
    end
  end

  def setup
    @folder = Dir.mktmpdir
    @path = File.join(@folder, 'state.json')
  end

  def teardown
    FileUtils.remove_entry(@folder)
  end

  def test_content_and_modes
    Foundation.atomic_write(@path, 'é')
    assert_equal ['é', 0o644 & ~File.umask], [File.read(@path, encoding: 'UTF-8'), File.stat(@path).mode & 0o7777]
    File.chmod(0o600, @path)
    Foundation.atomic_write(@path, 'b')
    assert_equal 0o600, File.stat(@path).mode & 0o7777
    Foundation.atomic_write(@path, 'c', mode: 0o640, durable: false)
    assert_equal 0o640, File.stat(@path).mode & 0o7777
    assert_equal ['state.json'], Dir.children(@folder)
  end

  def test_backup_by_link_or_copy
    Foundation.atomic_write(@path, '1', backup: true)
    refute File.exist?("#{@path}.bak")
    Foundation.atomic_write(@path, '2', backup: true)
    Foundation.atomic_write(@path, '3', backup: true)
    assert_equal %w[3 2], [File.read(@path), File.read("#{@path}.bak")]
    Foundation.atomic_write(@path, '4', backup: true, steps: Failing.new(:link, Errno::EPERM))
    assert_equal %w[4 3], [File.read(@path), File.read("#{@path}.bak")]
    assert_equal ['state.json', 'state.json.bak'], Dir.children(@folder).sort
  end

  def test_a_failing_step_leaves_everything_as_it_was
    Foundation.atomic_write(@path, 'old')
    { write: Errno::ENOSPC, fsync: Errno::EIO, rename: Errno::EACCES, chmod: Errno::EPERM }.each do |step, error|
      assert_raises(error) { Foundation.atomic_write(@path, 'new', steps: Failing.new(step, error)) }
      assert_equal ['old', ['state.json']], [File.read(@path), Dir.children(@folder)]
    end
    assert_raises(Errno::EIO) { Foundation.atomic_write(@path, 'new', steps: Failing.new(:fsync_dir, Errno::EIO)) }
    assert_equal 'new', File.read(@path)
  end

  def test_links_parents_and_bad_targets
    File.symlink('state.json', File.join(@folder, 'link'))
    Foundation.atomic_write(File.join(@folder, 'link'), 'x')
    assert File.symlink?(File.join(@folder, 'link'))
    assert_equal 'x', File.read(@path)
    assert_raises(Errno::ENOENT) { Foundation.atomic_write(File.join(@folder, 'a/b/c'), 'x') }
    Foundation.atomic_write(File.join(@folder, 'a/b/c'), 'x', create_parents: true)
    assert_raises(Errno::EISDIR) { Foundation.atomic_write(@folder, 'x') }
    File.symlink('loop', File.join(@folder, 'loop'))
    assert_raises(Errno::ELOOP) { Foundation.atomic_write(File.join(@folder, 'loop'), 'x') }
    assert_raises(Foundation::ValidationError) { Foundation.atomic_write('', 'x') }
    assert_raises(Foundation::ValidationError) { Foundation.atomic_write(@path, 7) }
    assert_raises(Foundation::ConfigurationError) { Foundation.atomic_write(@path, '', mode: 4096) }
  end

  def test_a_reader_never_sees_a_torn_or_missing_file_while_writers_are_killed
    old = 'o' * 200_000
    new = 'n' * 200_000
    Foundation.atomic_write(@path, old)
    script = "require 'foundation/files'; loop { ['#{old[0]}', '#{new[0]}'].each { |c| Foundation.atomic_write(ARGV[0], c * 200_000, backup: true, durable: false) } }"
    done = false
    seen = Hash.new(0)
    reader = Thread.new { seen[File.binread(@path)] += 1 until done }
    30.times do |round|
      pid = Process.spawn(RbConfig.ruby, '-I', File.expand_path('../lib', __dir__), '-e', script, @path)
      sleep 0.1 + (round * 0.003)
      Process.kill(:KILL, pid)
      Process.wait(pid)
    end
    done = true
    reader.join
    assert_empty seen.keys.map { |content| content[0] * content.size == content && content.size == 200_000 }.reject(&:itself)
    assert_operator seen.values.sum, :>, 100
  end
end
