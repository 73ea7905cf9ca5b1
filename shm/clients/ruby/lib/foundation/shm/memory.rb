# frozen_string_literal: true

require "fiddle"

module Foundation
  module SHM
    # A mapped region, through Fiddle: no compiler is needed.
    #
    # Memory ordering: a 32-bit word is read and written by one four-byte copy. Every Fiddle call gives the
    # interpreter's lock away and takes it again, which is a full barrier; `fence` is the cheapest such call.
    class Memory
      LIBC = Fiddle.dlopen(nil)
      FUTEX_NUMBERS = { "x86_64" => 202, "aarch64" => 98, "riscv64" => 98, "powerpc64le" => 221, "s390x" => 238 }.freeze
      FUTEX = FUTEX_NUMBERS[RbConfig::CONFIG["host_cpu"]]
      # Shared memory needs Linux's futex and little-endian words.
      AVAILABLE = RbConfig::CONFIG["host_os"].include?("linux") && !FUTEX.nil? && [1].pack("S") == [1].pack("S<")

      # Whether the processor may reorder plain stores among themselves, or plain loads: not on x86.
      WEAKLY_ORDERED = RbConfig::CONFIG["host_cpu"] != "x86_64"

      def self.function(name, arguments, result)
        Fiddle::Function.new(LIBC[name], arguments, result)
      end

      MMAP = function("mmap", [Fiddle::TYPE_VOIDP, Fiddle::TYPE_SIZE_T, Fiddle::TYPE_INT, Fiddle::TYPE_INT,
                               Fiddle::TYPE_INT, Fiddle::TYPE_LONG], Fiddle::TYPE_VOIDP)
      MUNMAP = function("munmap", [Fiddle::TYPE_VOIDP, Fiddle::TYPE_SIZE_T], Fiddle::TYPE_INT)
      SYSCALL = function("syscall", [Fiddle::TYPE_LONG, Fiddle::TYPE_VOIDP, Fiddle::TYPE_INT, Fiddle::TYPE_INT,
                                     Fiddle::TYPE_VOIDP, Fiddle::TYPE_VOIDP, Fiddle::TYPE_INT], Fiddle::TYPE_LONG)
      GETPID = function("getpid", [], Fiddle::TYPE_INT)
      private_constant :MMAP, :MUNMAP, :SYSCALL, :GETPID, :LIBC

      READ_WRITE = 3
      SHARED = 1
      FAILED = (1 << (8 * Fiddle::SIZEOF_VOIDP)) - 1
      private_constant :READ_WRITE, :SHARED, :FAILED

      # Maps the file's first `size` bytes; the mapping goes when this object does.
      def initialize(file, size)
        @base = MMAP.call(nil, size, READ_WRITE, SHARED, file.fileno, 0)
        raise ConnectError, "cannot map the region: errno #{Fiddle.last_error}" if @base.to_i == FAILED

        @base.size = size
        address = @base.to_i
        ObjectSpace.define_finalizer(self, self.class.unmapper(address, size))
      end

      def self.unmapper(address, size)
        proc { MUNMAP.call(address, size) }
      end

      def word(offset)
        @base[offset, 4].unpack1("L<")
      end

      def store(offset, value)
        @base[offset, 4] = [value].pack("L<")
      end

      def read(offset, size)
        @base[offset, size]
      end

      def write(offset, bytes)
        @base[offset, bytes.bytesize] = bytes
      end

      def fence
        GETPID.call
      end

      # Sleeps while the word holds `expected`, at most `seconds`; may return early. Other threads run meanwhile.
      def sleep_on(offset, expected, seconds)
        whole = seconds.floor
        time = [whole, ((seconds - whole) * 1_000_000_000).to_i].pack("q<q<")
        # A C int has no upper half; states are small numbers.
        SYSCALL.call(FUTEX, @base + offset, 0, expected, time, nil, 0)
      end
    end

    # First-fit allocation of tensor space; the caller serialises access.
    class Arena
      attr_reader :gaps, :total

      def initialize(from, to)
        @total = to - from
        @gaps = @total.positive? ? [[from, @total]] : []
      end

      # The offset of `size` bytes, or nil when no gap is large enough.
      def take(size)
        size = [Layout.align(size), Layout::ALIGNMENT].max
        at = @gaps.index { |_, length| length >= size } or return
        offset, length = @gaps[at]
        length == size ? @gaps.delete_at(at) : @gaps[at] = [offset + size, length - size]
        offset
      end

      def give_back(offset, size)
        size = [Layout.align(size), Layout::ALIGNMENT].max
        at = @gaps.bsearch_index { |start, _| start > offset } || @gaps.size
        @gaps.insert(at, [offset, size])
        merge(at)
        merge(at - 1) if at.positive?
      end

      private

      def merge(at)
        offset, length = @gaps[at]
        following = @gaps[at + 1]
        return unless following && offset + length == following[0]

        @gaps[at] = [offset, length + following[1]]
        @gaps.delete_at(at + 1)
      end
    end
  end
end
