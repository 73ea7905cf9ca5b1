package shm

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"
)

type vectorTensor struct {
	DType  DType    `json:"dtype"`
	Shape  []uint64 `json:"shape"`
	Offset uint64   `json:"data_offset"`
	Size   uint64   `json:"data_size"`
}

func load(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func unquote(t *testing.T, text string) uint64 {
	t.Helper()
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func descriptors(tensors []vectorTensor) []descriptor {
	var out []descriptor
	for _, v := range tensors {
		out = append(out, descriptor{v.DType, v.Shape, v.Offset, v.Size})
	}
	return out
}

func TestRequestsAreEncodedAsTheVectorsSay(t *testing.T) {
	var cases []struct {
		Name      string         `json:"name"`
		RequestID string         `json:"request_id"`
		ModelID   string         `json:"model_id"`
		Inputs    []vectorTensor `json:"inputs"`
		Hex       string         `json:"hex"`
	}
	load(t, "requests.json", &cases)
	for _, c := range cases {
		got, err := appendRequest(nil, unquote(t, c.RequestID), c.ModelID, descriptors(c.Inputs))
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if want := unhex(t, c.Hex); !bytes.Equal(want, got) {
			t.Errorf("%s:\nwant %x\ngot  %x", c.Name, want, got)
		}
		for _, input := range c.Inputs {
			if size, ok := byteSize(input.DType, input.Shape); !ok || size != input.Size {
				t.Errorf("%s: byteSize(%v) is %d, %v; want %d", c.Name, input.Shape, size, ok, input.Size)
			}
		}
	}
	if len(cases) < 9 {
		t.Errorf("only %d vectors were read", len(cases))
	}
}

func TestResponsesAreDecodedAsTheVectorsSay(t *testing.T) {
	var cases []struct {
		Name      string         `json:"name"`
		RequestID string         `json:"request_id"`
		Status    Status         `json:"status"`
		Flags     uint32         `json:"flags"`
		Outputs   []vectorTensor `json:"outputs"`
		Error     string         `json:"error"`
		Needed    uint64         `json:"needed"`
		ModelNS   uint64         `json:"model_ns"`
		DataCRC   uint32         `json:"data_crc"`
		Hex       string         `json:"hex"`
	}
	load(t, "responses.json", &cases)
	for _, c := range cases {
		got, err := decodeResponse(unhex(t, c.Hex))
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		want := &response{unquote(t, c.RequestID), c.Status, c.Flags, descriptors(c.Outputs), c.Error, c.Needed, c.ModelNS, c.DataCRC}
		if !reflect.DeepEqual(want, got) {
			t.Errorf("%s:\nwant %+v\ngot  %+v", c.Name, want, got)
		}
	}
	if len(cases) < 7 {
		t.Errorf("only %d vectors were read", len(cases))
	}
}

func TestDamagedResponsesAreRefused(t *testing.T) {
	var cases []struct {
		Name string `json:"name"`
		Hex  string `json:"hex"`
	}
	load(t, "invalid_responses.json", &cases)
	for _, c := range cases {
		if got, err := decodeResponse(unhex(t, c.Hex)); err == nil {
			t.Errorf("%s was accepted: %+v", c.Name, got)
		}
	}
	if len(cases) < 10 {
		t.Errorf("only %d vectors were read", len(cases))
	}
}

func TestEnvelopesAreAsTheVectorsSay(t *testing.T) {
	var v struct {
		Hello, Welcome, Refusal, Control, Frame struct {
			Hex        string `json:"hex"`
			Name       string `json:"client_name"`
			Slots      int    `json:"slot_count"`
			Inline     int    `json:"inline_size"`
			Data       int64  `json:"data_size"`
			Stride     uint32 `json:"slot_stride"`
			RegionSize uint64 `json:"region_size"`
			DataOffset uint64 `json:"data_offset"`
			Opcode     uint32 `json:"opcode"`
			Flags      uint32 `json:"flags"`
			Timeout    uint64 `json:"timeout_ns"`
			Offset     uint64 `json:"reply_offset"`
			Capacity   uint64 `json:"reply_capacity"`
			CRC        uint32 `json:"data_crc"`
			Message    uint32 `json:"message_size"`
			Text       string `json:"text"`
			Status     Status `json:"status"`
		}
		CRC32 struct {
			Text  string `json:"text"`
			Value uint32 `json:"value"`
		} `json:"crc32"`
	}
	load(t, "envelopes.json", &v)
	if got := encodeHello(transportSHM, v.Hello.Slots, v.Hello.Inline, v.Hello.Data, v.Hello.Name); !bytes.Equal(unhex(t, v.Hello.Hex), got) {
		t.Errorf("hello: %x", got)
	}
	control := make([]byte, controlSize)
	encodeControl(control, v.Control.Opcode, v.Control.Flags, v.Control.Timeout, v.Control.Offset, v.Control.Capacity, v.Control.CRC)
	if !bytes.Equal(unhex(t, v.Control.Hex), control) {
		t.Errorf("control: %x", control)
	}
	frame := encodeFrame(frameRequest, v.Frame.Opcode, v.Frame.Flags, v.Frame.Timeout, uint64(v.Frame.Data), v.Frame.Message, v.Frame.CRC)
	if !bytes.Equal(unhex(t, v.Frame.Hex), frame) {
		t.Errorf("frame: %x", frame)
	}
	w, err := decodeWelcome(unhex(t, v.Welcome.Hex))
	want := welcome{1, StatusOK, transportSHM, uint32(v.Welcome.Slots), v.Welcome.Stride, v.Welcome.RegionSize, v.Welcome.DataOffset, ""}
	if err != nil || w != want || !w.fits(int64(w.regionSize)) {
		t.Errorf("welcome: %+v, %v", w, err)
	}
	refusal, err := decodeWelcome(unhex(t, v.Refusal.Hex))
	if err != nil || refusal.status != StatusTooManyClients || refusal.text != v.Refusal.Text {
		t.Errorf("refusal: %+v, %v", refusal, err)
	}
	if got := crc32.ChecksumIEEE([]byte(v.CRC32.Text)); got != v.CRC32.Value {
		t.Errorf("crc32: %x", got)
	}
}

func TestGapsAreReusedAndMerged(t *testing.T) {
	s := &session{gaps: []gap{{4096, 640}}}
	var taken []uint64
	for i := 0; i < 10; i++ {
		offset, ok := s.takeGap(1)
		if !ok || offset != 4096+64*uint64(i) {
			t.Fatalf("block %d at %d, %v", i, offset, ok)
		}
		taken = append(taken, offset)
	}
	if _, ok := s.takeGap(1); ok {
		t.Error("an empty arena gave space")
	}
	for _, i := range []int{3, 1, 9, 0, 2, 7, 5, 4, 8, 6} {
		s.returnGap(taken[i], 1)
	}
	if want := []gap{{4096, 640}}; !reflect.DeepEqual(want, s.gaps) {
		t.Errorf("want %v, got %v", want, s.gaps)
	}
}

func TestTensorsHoldTheirValues(t *testing.T) {
	got, err := Values[float32](Of([]float32{1, -2.5}, 1, 2))
	if err != nil || !reflect.DeepEqual([]float32{1, -2.5}, got) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := Values[int64](Of([]float32{1})); err == nil {
		t.Error("float32 bytes were read as int64")
	}
	if _, err := (Tensor{DType: Float32, Shape: []int{3}, Data: make([]byte, 8)}).describe(0); err == nil {
		t.Error("8 bytes passed for 3 float32")
	}
}

func TestNothingAnswersAtAMissingEndpoint(t *testing.T) {
	client, err := Open(filepath.Join(t.TempDir(), "none.sock"), &Options{ConnectTimeout: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Ping(t.Context()); !bytes.Contains([]byte(err.Error()), []byte("engine serve")) {
		t.Errorf("the error does not say what to do: %v", err)
	}
}
