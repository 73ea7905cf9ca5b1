//! The byte vectors of `shm/vectors`, which all four languages read.

use serde_json::Value;

use crate::layout::{
    byte_size, decode_response, decode_welcome, encode_frame, encode_hello, put_control,
    put_request, DType, Descriptor, Frame, FRAME_REQUEST, TRANSPORT_SHM,
};
use crate::region::Arena;
use crate::{Client, Error, Options, Status, Tensor};

fn load(name: &str) -> Value {
    let path = format!("{}/../../vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(&path).expect(&path)).expect("JSON")
}

fn bytes(case: &Value) -> Vec<u8> {
    let text = case["hex"].as_str().expect("hex");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits"))
        .collect()
}

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| value.as_str().expect("a number").parse().expect("a number"))
}

fn tensors(value: &Value) -> Vec<Descriptor> {
    value
        .as_array()
        .expect("tensors")
        .iter()
        .map(|t| Descriptor {
            dtype: DType::from_code(number(&t["dtype"]) as u32).expect("a dtype"),
            shape: t["shape"]
                .as_array()
                .expect("a shape")
                .iter()
                .map(number)
                .collect(),
            offset: number(&t["data_offset"]),
            size: number(&t["data_size"]),
        })
        .collect()
}

#[test]
fn requests_are_encoded_as_the_vectors_say() {
    let cases = load("requests.json");
    let cases = cases.as_array().expect("cases");
    assert!(cases.len() >= 9);
    for case in cases {
        let inputs = tensors(&case["inputs"]);
        let mut got = vec![];
        put_request(
            &mut got,
            number(&case["request_id"]),
            case["model_id"].as_str().expect("an id"),
            &inputs,
        )
        .expect("a request");
        assert_eq!(bytes(case), got, "{}", case["name"]);
        for input in inputs {
            assert_eq!(Some(input.size), byte_size(input.dtype, &input.shape));
        }
    }
}

#[test]
fn responses_are_decoded_as_the_vectors_say() {
    let cases = load("responses.json");
    let cases = cases.as_array().expect("cases");
    assert!(cases.len() >= 7);
    for case in cases {
        let got = decode_response(&bytes(case)).expect("a response");
        assert_eq!(number(&case["request_id"]), got.request_id);
        assert_eq!(number(&case["status"]), u64::from(got.status));
        assert_eq!(number(&case["flags"]), u64::from(got.flags));
        assert_eq!(tensors(&case["outputs"]), got.outputs);
        assert_eq!(case["error"].as_str().expect("text"), got.error);
        assert_eq!(number(&case["needed"]), got.needed);
        assert_eq!(number(&case["model_ns"]), got.model_ns);
        assert_eq!(number(&case["data_crc"]), u64::from(got.data_crc));
    }
}

#[test]
fn damaged_responses_are_refused() {
    let cases = load("invalid_responses.json");
    let cases = cases.as_array().expect("cases");
    assert!(cases.len() >= 10);
    for case in cases {
        assert!(
            matches!(decode_response(&bytes(case)), Err(Error::Protocol(_))),
            "{}",
            case["name"]
        );
    }
}

#[test]
fn envelopes_are_as_the_vectors_say() {
    let v = load("envelopes.json");
    let n = |part: &str, field: &str| number(&v[part][field]);
    let hello = encode_hello(
        TRANSPORT_SHM,
        n("hello", "slot_count") as u32,
        n("hello", "inline_size") as u32,
        n("hello", "data_size"),
        "go",
    );
    assert_eq!(bytes(&v["hello"]), hello);
    let mut control = vec![];
    put_control(
        &mut control,
        n("control", "opcode") as u32,
        n("control", "flags") as u32,
        n("control", "timeout_ns"),
        (n("control", "reply_offset"), n("control", "reply_capacity")),
        n("control", "data_crc") as u32,
    );
    assert_eq!(bytes(&v["control"]), control);
    let frame = encode_frame(&Frame {
        kind: FRAME_REQUEST,
        opcode: n("frame", "opcode") as u32,
        flags: n("frame", "flags") as u32,
        timeout_ns: n("frame", "timeout_ns"),
        data_size: n("frame", "data_size"),
        message_size: n("frame", "message_size") as u32,
        data_crc: n("frame", "data_crc") as u32,
    });
    assert_eq!(bytes(&v["frame"]), frame);
    let welcome = decode_welcome(&bytes(&v["welcome"])).expect("a welcome");
    assert_eq!(Status::Ok, welcome.status);
    assert_eq!(n("welcome", "data_offset"), welcome.data_offset);
    assert!(welcome.fits(n("welcome", "region_size")));
    assert!(!welcome.fits(n("welcome", "region_size") - 1));
    let refusal = decode_welcome(&bytes(&v["refusal"])).expect("a refusal");
    assert_eq!(Status::TooManyClients, refusal.status);
    assert_eq!("256 clients are connected", refusal.text);
    assert_eq!(
        n("crc32", "value"),
        u64::from(crc32fast::hash(b"123456789"))
    );
}

#[test]
fn shapes_whose_size_overflows_have_none() {
    assert_eq!(None, byte_size(DType::Float32, &[1 << 32, 1 << 32]));
    assert_eq!(None, byte_size(DType::Float64, &[1 << 61]));
    assert_eq!(Some(0), byte_size(DType::Float64, &[1 << 61, 0, 1 << 61]));
}

#[test]
fn an_arena_reuses_and_merges_its_gaps() {
    let mut arena = Arena::new(4096, 4096 + 640);
    let taken: Vec<u64> = (0..10).map(|_| arena.take(1).expect("space")).collect();
    assert_eq!((0..10).map(|i| 4096 + 64 * i).collect::<Vec<u64>>(), taken);
    assert_eq!(None, arena.take(1));
    for i in [3, 1, 9, 0, 2, 7, 5, 4, 8, 6] {
        arena.give_back(taken[i], 1);
    }
    assert_eq!(&[(4096, 640)], arena.gaps());
}

#[test]
fn tensors_hold_their_values() {
    let values = [1.0f32, -2.5];
    let tensor = Tensor::of(&values, &[1, 2]).expect("a tensor");
    assert_eq!(values.to_vec(), tensor.values::<f32>().expect("floats"));
    assert!(tensor.values::<i64>().is_err());
    assert!(Tensor::of(&values, &[3]).is_err());
}

#[test]
fn nothing_answers_at_a_missing_endpoint() {
    let options = Options {
        connect_timeout: std::time::Duration::ZERO,
        ..Options::default()
    };
    let client = Client::open("/nonexistent/none.sock", options).expect("a client");
    let error = client.ping().expect_err("no server");
    assert!(matches!(error, Error::Connect { .. }));
    assert!(error.to_string().contains("engine serve"), "{error}");
}
