# frozen_string_literal: true

require "zlib"

module Foundation
  module SHM
    # The bytes of the protocol, as shm/PROTOCOL.md describes them. Everything is little-endian.
    module Layout
      MAGIC = 0xF0C01234
      VERSION = 1

      MODEL_ID_SIZE = 64
      MAX_DIMS = 8
      MAX_TENSORS = 32
      MAX_ERROR_SIZE = 1024
      MAX_SLOTS = 256
      ALIGNMENT = 64

      HEADER_SIZE = 24
      DESCRIPTOR_SIZE = 88
      REQUEST_PREFIX = 96
      RESPONSE_PREFIX = 64
      HELLO_SIZE = 64
      WELCOME_SIZE = 128
      FRAME_SIZE = 64
      MAX_RESPONSE_SIZE = RESPONSE_PREFIX + MAX_TENSORS * DESCRIPTOR_SIZE + MAX_ERROR_SIZE

      REGION_PARKED = 0x80
      REGION_SPIN_US = 0x84
      REGION_SUBMIT_TAIL = 0xC0
      REGION_RING = 0x200
      REGION_SLOTS = 0x1000

      SLOT_STATE = 0x00
      SLOT_WAITING = 0x04
      SLOT_CANCEL = 0x40
      SLOT_CONTROL = 0xD8
      SLOT_RESPONSE = 0x1000
      SLOT_INLINE = 0x2000
      MAX_INLINE = 1 << 20

      FREE = 0
      SUBMITTED = 1
      PARTIAL = 2
      CONTINUE = 3
      DONE = 4

      INFER = 1
      STATUS = 2
      MODELS = 3
      PING = 4

      CHECK_DATA = 1
      STREAM = 2
      HAS_DATA_CRC = 1
      MORE = 2

      TRANSPORT_SHM = 1
      TRANSPORT_SOCKET = 2

      FRAME_REQUEST = 1
      FRAME_RESPONSE = 2
      FRAME_CONTINUE = 3

      NEEDS_SPACE = 11

      # name => [code, bytes of an element, String#pack directive]
      DTYPES = {
        float32: [1, 4, "e"], float64: [2, 8, "E"], float16: [3, 2, nil], bfloat16: [4, 2, nil],
        int8: [5, 1, "c"], int16: [6, 2, "s<"], int32: [7, 4, "l<"], int64: [8, 8, "q<"],
        uint8: [9, 1, "C"], bool: [10, 1, "C"], uint16: [11, 2, "S<"], uint32: [12, 4, "L<"],
        uint64: [13, 8, "Q<"]
      }.freeze
      DTYPE_NAMES = DTYPES.to_h { |name, (code, _, _)| [code, name] }.freeze

      # A tensor's type (a code), shape and place.
      Descriptor = Struct.new(:dtype, :shape, :offset, :size)
      Response = Struct.new(:request_id, :status, :flags, :outputs, :error, :needed, :model_ns, :data_crc)
      Welcome = Struct.new(:version, :status, :transport, :slot_count, :slot_stride, :region_size,
                           :data_offset, :text) do
        # Whether the parts of the region fit each other and the file that holds them.
        def fits?(file_size)
          slot_count.between?(1, MAX_SLOTS) && (slot_count & (slot_count - 1)).zero? &&
            slot_stride.between?(SLOT_INLINE, SLOT_INLINE + MAX_INLINE) && (slot_stride % ALIGNMENT).zero? &&
            data_offset == REGION_SLOTS + slot_count * slot_stride &&
            data_offset <= region_size && region_size <= file_size
        end
      end

      module_function

      def align(size)
        (size + ALIGNMENT - 1) & -ALIGNMENT
      end

      # The bytes that a shape of a dtype code takes; Ruby's integers do not overflow.
      def byte_size(code, shape)
        name = DTYPE_NAMES[code] or raise ProtocolError, "unknown dtype #{code}"
        shape.inject(DTYPES[name][1], :*)
      end

      def encode_descriptor(descriptor)
        shape = descriptor.shape
        [descriptor.dtype, shape.size, *shape, *([0] * (MAX_DIMS - shape.size)), descriptor.offset,
         descriptor.size].pack("L<L<Q<10")
      end

      # What follows the header of an InferenceRequest.
      def encode_request_payload(model, inputs)
        name = model.encode(Encoding::UTF_8).b
        if name.bytesize >= MODEL_ID_SIZE || name.include?("\0".b)
          raise InvalidInput, "model id #{model.inspect} must be at most #{MODEL_ID_SIZE - 1} bytes without NUL"
        end
        raise InvalidInput, "#{inputs.size} inputs; at most #{MAX_TENSORS} are allowed" if inputs.size > MAX_TENSORS

        [name, inputs.size, 0].pack("a64L<L<") << inputs.map { |input| encode_descriptor(input) }.join
      end

      def encode_message(request_id, payload, checksum = Zlib.crc32(payload))
        [MAGIC, VERSION, request_id, payload.bytesize, checksum].pack("L<L<Q<L<L<") << payload
      end

      def encode_control(opcode, flags, timeout_ns, reply_offset, reply_capacity, data_crc)
        [opcode, flags, timeout_ns, reply_offset, reply_capacity, data_crc, 0].pack("L<L<Q<Q<Q<L<L<")
      end

      def encode_frame(kind, opcode: 0, flags: 0, timeout_ns: 0, data_size: 0, message_size: 0, data_crc: 0)
        [MAGIC, kind, opcode, flags, timeout_ns, data_size, message_size, data_crc, ""]
          .pack("L<L<L<L<Q<Q<L<L<a24")
      end

      def encode_hello(transport, slots, inline, data, name)
        [MAGIC, VERSION, VERSION, transport, slots, inline, data, name[0, 23], ""].pack("L<L<L<L<L<L<Q<a24a8")
      end

      def decode_welcome(bytes)
        magic, version, status, transport, slots, stride, region, _, data, _, _, text =
          bytes.unpack("L<L<L<L<L<L<Q<Q<Q<Q<Q<Z64")
        raise ConnectError, "what answers does not speak this protocol" if magic != MAGIC

        Welcome.new(version, status, transport, slots, stride, region, data, text.force_encoding("UTF-8").scrub)
      end

      # Reads a whole InferenceResponse out of a private copy.
      def decode_response(message)
        damaged("an answer of #{message.bytesize} bytes") if message.bytesize < RESPONSE_PREFIX
        magic, version, request_id, size, checksum, status, flags, count, error_size, needed, model_ns, data_crc =
          message.unpack("L<L<Q<L<L<L<L<L<L<Q<Q<L<")
        damaged("magic is 0x#{magic.to_s(16)}") if magic != MAGIC
        damaged("version is #{version}") if version != VERSION
        unless size.between?(RESPONSE_PREFIX - HEADER_SIZE, message.bytesize - HEADER_SIZE)
          damaged("payload_size is #{size}")
        end
        damaged("the answer's checksum does not match") if Zlib.crc32(message.byteslice(HEADER_SIZE, size)) != checksum
        errors_at = RESPONSE_PREFIX + count * DESCRIPTOR_SIZE
        if count > MAX_TENSORS || errors_at + error_size != HEADER_SIZE + size
          damaged("#{count} outputs and #{error_size} bytes of error in #{size} bytes")
        end
        outputs = Array.new(count) { |i| decode_descriptor(message, RESPONSE_PREFIX + i * DESCRIPTOR_SIZE) }
        error = message.byteslice(errors_at, error_size).force_encoding(Encoding::UTF_8).scrub
        Response.new(request_id, status, flags, outputs, error, needed, model_ns, data_crc)
      end

      def decode_descriptor(bytes, at)
        dtype, dimensions, *values = bytes.byteslice(at, DESCRIPTOR_SIZE).unpack("L<L<Q<10")
        damaged("#{dimensions} dimensions") if dimensions > MAX_DIMS
        damaged("a shape with entries past its dimensions") if values[dimensions...MAX_DIMS].any?(&:positive?)
        shape = values.first(dimensions)
        if byte_size(dtype, shape) != values[9]
          damaged("data_size #{values[9]} does not fit dtype #{dtype} and shape #{shape}")
        end
        Descriptor.new(dtype, shape, values[8], values[9])
      end

      def damaged(message)
        raise ProtocolError, message
      end
    end
  end
end
