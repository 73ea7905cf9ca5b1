# frozen_string_literal: true

module Foundation
  module SHM
    # C-contiguous little-endian bytes of a shape. `dtype` is a symbol such as :float32, `data` a binary String.
    class Tensor
      attr_reader :dtype, :shape, :data

      # Raises InvalidInput when the bytes are not what the shape takes.
      def initialize(dtype, shape, data)
        code, item, = Layout::DTYPES[dtype]
        raise InvalidInput, "unknown dtype #{dtype.inspect}; one of #{Layout::DTYPES.keys.join(', ')}" unless code
        if shape.size > Layout::MAX_DIMS || shape.any?(&:negative?) || shape.inject(item, :*) != data.bytesize
          raise InvalidInput, "#{data.bytesize} bytes do not fit #{dtype} and shape #{shape}"
        end

        @dtype = dtype
        @shape = shape
        @data = data
      end

      # Tensor.float32([1.0, 2.0], [1, 2]) and so on, for each dtype that String#pack knows.
      Layout::DTYPES.each do |name, (_, _, directive)|
        next unless directive

        define_singleton_method(name) do |values, shape = [values.size]|
          values = values.map { |value| value ? 1 : 0 } if name == :bool
          new(name, shape, values.pack("#{directive}*"))
        end
      end

      # The elements as a flat array. Raises InvalidInput for 16-bit floats, which Ruby cannot unpack.
      def to_a
        directive = Layout::DTYPES[@dtype][2]
        raise InvalidInput, "Ruby has no number for #{@dtype}; read data" unless directive

        values = @data.unpack("#{directive}*")
        @dtype == :bool ? values.map(&:positive?) : values
      end

      def ==(other)
        other.is_a?(Tensor) && dtype == other.dtype && shape == other.shape && data == other.data
      end

      def describe(offset)
        Layout::Descriptor.new(Layout::DTYPES[@dtype][0], @shape, offset, @data.bytesize)
      end

      def inspect
        "#<#{self.class} #{@dtype} #{@shape}>"
      end
    end

    # What a model answered: its outputs and the nanoseconds that the model itself took.
    class Result
      attr_reader :outputs, :model_ns

      def initialize(outputs, model_ns, more)
        @outputs = outputs
        @model_ns = model_ns
        @more = more
      end

      def more?
        @more
      end

      # Builds the result of a decoded response; the block returns the bytes of a descriptor.
      def self.from(response, from, to)
        raise ServerError.from(response.status, response.error) unless response.status.zero?

        crc = 0
        checked = response.flags.anybits?(Layout::HAS_DATA_CRC)
        outputs = response.outputs.map do |d|
          if d.offset < from || d.offset + d.size > to
            raise ProtocolError, "an output lies outside the space given for it"
          end

          data = yield d
          crc = Zlib.crc32(data, crc) if checked
          Tensor.new(Layout::DTYPE_NAMES[d.dtype], d.shape, data)
        end
        raise ProtocolError, "the outputs' CRC-32 does not match the answer's" if checked && crc != response.data_crc

        new(outputs, response.model_ns, response.flags.anybits?(Layout::MORE))
      end
    end
  end
end
