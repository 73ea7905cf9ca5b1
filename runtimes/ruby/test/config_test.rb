# frozen_string_literal: true

require 'minitest/autorun'
require 'tmpdir'
require 'foundation/config'

class ConfigTest < Minitest::Test
  SCHEMA = Foundation::Config.define do
    field :port, :integer, default: 80
    field :ratio, :float, default: 0.5
    field :debug, :boolean, default: false
    field :hosts, :strings, default: []
    field :database do
      field :url, :string
      field :password, :string, default: 'hunter2'
      field :pool_size, :integer, default: 5, env: 'POOL'
    end
  end

  def load(files: {}, env: {}, **options)
    Dir.mktmpdir do |folder|
      paths = files.map { |name, text| File.join(folder, name).tap { |path| text && File.write(path, text) } }
      return Foundation::Config.load(SCHEMA, env_prefix: 'app', files: paths, env: env, **options)
    end
  end

  def problems(**options)
    assert_raises(Foundation::ConfigurationError) { load(**options) }.problems.map { |problem| "#{problem.kind} #{File.basename(problem.key)}" }
  end

  def test_each_layer_wins_over_the_one_below
    config = load(
      files: { 'a.json' => '{"port": 1, "ratio": 2, "hosts": ["a"], "database": {"url": "f"}}', 'b.yml' => "port: 2\ndebug: 'on'\n" },
      env: { 'APP_DATABASE__URL' => 'e', 'POOL' => ' 7 ', 'APP_HOSTS' => 'x, y,,' }, overrides: { debug: false, ratio: '.5' }
    )
    assert_equal [2, 0.5, false, %w[x y], 'e', 7], [config.port, config.ratio, config.debug, config.hosts, config.database.url, config.database.pool_size]
  end

  def test_every_problem_at_once
    found = problems(
      files: { 'a.json' => '{"port": true, "prot": 1, "database": 5}', 'b.toml' => 'x', 'c.json' => '{', 'd.json' => nil, 'e.yaml' => "a: [", 'f.json' => '[]' },
      env: { 'APP_DEBUG' => 't', 'APP_RATIO' => '1e999' }, overrides: { nothing: 1 }
    )
    assert_equal ['invalid_file b.toml', 'invalid_file c.json', 'invalid_file e.yaml', 'invalid_file f.json', 'invalid_value database', 'invalid_value debug', 'invalid_value port', 'invalid_value ratio', 'missing database.url', 'unknown_key nothing', 'unknown_key prot', 'unreadable_file d.json'], found
  end

  def test_secrets_are_never_shown
    config = load(env: { 'APP_DATABASE__URL' => 'u' })
    refute_includes config.inspect, 'hunter2'
    refute_includes config.to_s, 'hunter2'
  end

  def test_secret_files
    Dir.mktmpdir do |folder|
      File.write(File.join(folder, 's'), "from-file\n")
      assert_equal 'from-file', load(env: { 'APP_DATABASE__URL' => "file://#{folder}/s" }).database.url
      assert_equal "file://#{folder}/s", load(env: { 'APP_DATABASE__URL' => "file://#{folder}/s" }, secret_files: false).database.url
      assert_equal ['unreadable_file database.url'], problems(env: { 'APP_DATABASE__URL' => "file://#{folder}/none" })
    end
  end

  def test_not_strict
    assert_equal 80, load(files: { 'a.json' => '{"unknown": 1, "port": null, "database": {"url": "x"}}' }, strict: false).port
  end

  def test_declarations
    assert_raises(Foundation::ConfigurationError) { Foundation::Config.define { field :a, :date } }
    assert_raises(Foundation::ConfigurationError) { Foundation::Config.define { field :a, :string; field :a, :string } }
  end
end
