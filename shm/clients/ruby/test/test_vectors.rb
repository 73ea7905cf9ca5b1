# frozen_string_literal: true

require "json"
require "minitest/autorun"
require_relative "../lib/foundation/shm"

# Reads the byte vectors of shm/vectors, which all four languages read.
class VectorsTest < Minitest::Test
  SHM = Foundation::SHM
  Layout = SHM::Layout

  def load(name)
    JSON.parse(File.read(File.expand_path("../../../vectors/#{name}", __dir__)))
  end

  def bytes(value)
    [value["hex"]].pack("H*")
  end

  def descriptors(tensors)
    tensors.map { |t| Layout::Descriptor.new(t["dtype"], t["shape"], t["data_offset"], t["data_size"]) }
  end

  def test_requests_are_encoded_as_the_vectors_say
    cases = load("requests.json")
    assert_operator cases.size, :>=, 9
    cases.each do |c|
      inputs = descriptors(c["inputs"])
      payload = Layout.encode_request_payload(c["model_id"], inputs)
      assert_equal bytes(c), Layout.encode_message(c["request_id"].to_i, payload), c["name"]
      inputs.each { |input| assert_equal input.size, Layout.byte_size(input.dtype, input.shape) }
    end
  end

  def test_responses_are_decoded_as_the_vectors_say
    cases = load("responses.json")
    assert_operator cases.size, :>=, 7
    cases.each do |c|
      expected = Layout::Response.new(c["request_id"].to_i, c["status"], c["flags"], descriptors(c["outputs"]),
                                      c["error"], c["needed"], c["model_ns"], c["data_crc"])
      assert_equal expected, Layout.decode_response(bytes(c)), c["name"]
    end
  end

  def test_damaged_responses_are_refused
    cases = load("invalid_responses.json")
    assert_operator cases.size, :>=, 10
    cases.each do |c|
      assert_raises(SHM::ProtocolError, c["name"]) { Layout.decode_response(bytes(c)) }
    end
  end

  def test_envelopes_are_as_the_vectors_say
    v = load("envelopes.json")
    hello, control, frame, welcome = v.values_at("hello", "control", "frame", "welcome")
    assert_equal bytes(hello), Layout.encode_hello(hello["transport"], hello["slot_count"], hello["inline_size"],
                                                   hello["data_size"], hello["client_name"])
    assert_equal bytes(control), Layout.encode_control(*control.values_at("opcode", "flags", "timeout_ns",
                                                                          "reply_offset", "reply_capacity", "data_crc"))
    fields = frame.slice("opcode", "flags", "timeout_ns", "data_size", "message_size", "data_crc")
    assert_equal bytes(frame), Layout.encode_frame(frame["kind"], **fields.transform_keys(&:to_sym))
    decoded = Layout.decode_welcome(bytes(welcome))
    assert_equal welcome["data_offset"], decoded.data_offset
    assert decoded.fits?(welcome["region_size"])
    refute decoded.fits?(welcome["region_size"] - 1)
    refusal = Layout.decode_welcome(bytes(v["refusal"]))
    assert_equal [:TOO_MANY_CLIENTS, v["refusal"]["text"]], [SHM::STATUSES[refusal.status], refusal.text]
    assert_equal v["crc32"]["value"], Zlib.crc32(v["crc32"]["text"])
  end

  def test_an_arena_reuses_and_merges_its_gaps
    arena = SHM::Arena.new(4096, 4096 + 640)
    taken = Array.new(10) { arena.take(1) }
    assert_equal(Array.new(10) { |i| 4096 + 64 * i }, taken)
    assert_nil arena.take(1)
    [3, 1, 9, 0, 2, 7, 5, 4, 8, 6].each { |i| arena.give_back(taken[i], 1) }
    assert_equal [[4096, 640]], arena.gaps
  end

  def test_tensors_hold_their_values
    assert_equal [1.0, -2.5], SHM::Tensor.float32([1.0, -2.5], [1, 2]).to_a
    assert_equal [true, false], SHM::Tensor.bool([true, false]).to_a
    assert_raises(SHM::InvalidInput) { SHM::Tensor.new(:float32, [3], "\0" * 8) }
  end

  def test_nothing_answers_at_a_missing_endpoint
    client = SHM::Client.new("/nonexistent/none.sock", connect_timeout: 0)
    error = assert_raises(SHM::ConnectError) { client.ping }
    assert_includes error.message, "engine serve"
  end
end
