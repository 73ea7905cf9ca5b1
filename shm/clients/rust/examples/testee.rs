//! Drives the client for the end-to-end tests and the benchmarks: reads one JSON command a line on stdin and
//! answers each with one JSON line on stdout.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use foundation_shm::{
    Buffer, Call, Client, DType, Error, Inference, Input, Options, Tensor, Transport,
};
use serde_json::{json, Value};

fn kind(error: &Error) -> &'static str {
    match error {
        Error::Server { status, .. } => status.name(),
        Error::Timeout { .. } => "TIMEOUT",
        Error::ConnectionLost { .. } => "CONNECTION_LOST",
        Error::Connect { .. } => "CONNECT",
        Error::InvalidInput(_) => "INVALID_INPUT",
        Error::Protocol(_) => "PROTOCOL",
        _ => "OTHER",
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex"))
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| {
            [
                DIGITS[usize::from(byte >> 4)] as char,
                DIGITS[usize::from(byte & 15)] as char,
            ]
        })
        .collect()
}

fn decode(command: &Value) -> Result<Vec<Tensor<'static>>, Error> {
    let mut out = vec![];
    for input in command["inputs"].as_array().into_iter().flatten() {
        let code = input["dtype"].as_u64().unwrap_or(0) as u32;
        let dtype =
            DType::from_code(code).ok_or_else(|| Error::InvalidInput(format!("dtype {code}")))?;
        let shape: Vec<usize> = input["shape"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|n| n.as_u64().unwrap_or(0) as usize)
            .collect();
        let data = unhex(input["hex"].as_str().unwrap_or(""));
        Tensor::from_bytes(dtype, &shape, &data)?;
        out.push(Tensor {
            dtype,
            shape,
            data: data.into(),
        });
    }
    Ok(out)
}

fn encode(inference: &Inference) -> Value {
    inference
        .outputs
        .iter()
        .map(|t| json!({"dtype": t.dtype as u32, "shape": t.shape, "hex": hex(&t.data)}))
        .collect()
}

fn seconds(command: &Value, name: &str) -> Option<Duration> {
    command[name]
        .as_f64()
        .filter(|value| *value > 0.0)
        .map(Duration::from_secs_f64)
}

fn open(command: &Value) -> Result<Client, Error> {
    let defaults = Options::default();
    Client::open(
        command["endpoint"].as_str().unwrap_or("engine"),
        Options {
            transport: match command["transport"].as_str() {
                Some("shm") => Transport::SharedMemory,
                Some("socket") => Transport::Socket,
                _ => Transport::Auto,
            },
            slots: command["slots"]
                .as_u64()
                .map_or(defaults.slots, |n| n as u32),
            data_size: command["data_size"].as_u64().unwrap_or(defaults.data_size),
            check_data: command["check_data"].as_bool().unwrap_or(false),
            connect_timeout: seconds(command, "connect_timeout")
                .unwrap_or(defaults.connect_timeout),
            ..defaults
        },
    )
}

fn run(client: &Client, command: &Value) -> Result<Value, Error> {
    let model = command["model"].as_str().unwrap_or("");
    let timeout = seconds(command, "timeout").unwrap_or(Duration::from_secs(30));
    match command["op"].as_str().unwrap_or("") {
        "infer" => {
            let tensors = decode(command)?;
            let mut buffers: Vec<Buffer> = vec![];
            if command["in_place"].as_bool().unwrap_or(false) {
                for tensor in &tensors {
                    let mut buffer = client.allocate(tensor.dtype, &tensor.shape)?;
                    buffer.as_bytes_mut().copy_from_slice(&tensor.data);
                    buffers.push(buffer);
                }
            }
            let inputs: Vec<Input<'_>> = if buffers.is_empty() {
                tensors.iter().map(Input::from).collect()
            } else {
                buffers.iter().map(Input::from).collect()
            };
            let answer = client.infer_within(timeout, model, &inputs)?;
            Ok(json!({"outputs": encode(&answer), "model_ns": answer.model_ns}))
        }
        "stream" => {
            let tensors = decode(command)?;
            let inputs: Vec<Input<'_>> = tensors.iter().map(Input::from).collect();
            let take = command["take"]
                .as_u64()
                .filter(|n| *n > 0)
                .map_or(usize::MAX, |n| n as usize);
            let parts = client
                .stream(model, &inputs)?
                .take(take)
                .map(|part| part.map(|part| encode(&part)))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(json!({"parts": parts}))
        }
        "submit" => {
            let tensors = decode(command)?;
            let mut calls = vec![];
            for tensor in &tensors {
                // One call more, which is given up at once.
                drop(client.submit(model, &[tensor.into()])?);
                calls.push(client.submit(model, &[tensor.into()])?);
            }
            let mut answers = vec![];
            while let Some(call) = calls.pop() {
                answers.push(encode(&call.wait()?));
            }
            answers.reverse();
            Ok(json!({"answers": answers}))
        }
        "models" => Ok(
            json!({"models": serde_json::from_str::<Value>(&client.models_json()?).unwrap_or_default()}),
        ),
        "status" => Ok(
            json!({"status": serde_json::from_str::<Value>(&client.status_json()?).unwrap_or_default()}),
        ),
        "ping" => client.ping().map(|()| json!({"ok": true})),
        "hammer" => Ok(hammer(client, command, model, timeout)),
        "bench" => bench(client, command, model, timeout),
        "close" => {
            client.disconnect();
            Ok(json!({"ok": true}))
        }
        other => Err(Error::InvalidInput(format!("unknown op {other}"))),
    }
}

/// Calls an echo model from many threads with inputs that are all different and checks every answer.
fn hammer(client: &Client, command: &Value, model: &str, timeout: Duration) -> Value {
    let (threads, calls) = (
        command["threads"].as_u64().unwrap_or(1),
        command["calls"].as_u64().unwrap_or(0),
    );
    let size = command["size"].as_u64().unwrap_or(1024) as usize;
    let tag = command["tag"].as_u64().unwrap_or(0);
    let until = seconds(command, "seconds").map(|length| Instant::now() + length);
    let tally = Mutex::new((0u64, 0u64, BTreeMap::<&str, u64>::new()));
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let tally = &tally;
            scope.spawn(move || {
                let mut data = vec![0u8; size];
                let mut i = 0;
                while until.is_some_and(|until| Instant::now() < until) || i < calls {
                    let id = tag << 48 | thread << 32 | i;
                    for (at, word) in data.chunks_exact_mut(8).enumerate() {
                        word.copy_from_slice(&(id + 8 * at as u64).to_le_bytes());
                    }
                    let input = Tensor::of(&data, &[size]).expect("a byte tensor");
                    let answer = client.infer_within(timeout, model, &[(&input).into()]);
                    let mut tally = tally.lock().expect("no thread panics");
                    match answer {
                        Ok(answer)
                            if answer.outputs.len() == 1 && answer.outputs[0].data == data =>
                        {
                            tally.0 += 1
                        }
                        Ok(_) => tally.1 += 1,
                        Err(error) => *tally.2.entry(kind(&error)).or_default() += 1,
                    }
                    i += 1;
                }
            });
        }
    });
    let (ok, wrong, errors) = tally.into_inner().expect("no thread panics");
    json!({"ok": ok, "wrong": wrong, "errors": errors})
}

/// Nanoseconds from the start of each call to its end, with `depth` calls in flight at any time.
fn keep_in_flight(
    client: &Client,
    model: &str,
    input: &Tensor<'_>,
    calls: u64,
    depth: usize,
) -> Result<Vec<u64>, Error> {
    let mut flying = VecDeque::with_capacity(depth);
    let mut taken = vec![];
    for started in 0..calls + depth as u64 {
        if flying.len() == depth || started >= calls {
            let Some((began, call)): Option<(Instant, Call)> = flying.pop_front() else {
                break;
            };
            call.wait()?;
            taken.push(began.elapsed().as_nanos() as u64);
        }
        if started < calls {
            flying.push_back((Instant::now(), client.submit(model, &[input.into()])?));
        }
    }
    Ok(taken)
}

/// Measures float32 calls of a shape, in nanoseconds each, from `threads` threads.
fn bench(client: &Client, command: &Value, model: &str, timeout: Duration) -> Result<Value, Error> {
    let shape: Vec<usize> = command["shape"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|n| n.as_u64().unwrap_or(0) as usize)
        .collect();
    let values: Vec<f32> = (0..shape.iter().product())
        .map(|i: usize| (i % 97) as f32 / 97.0)
        .collect();
    let input = Tensor::of(&values, &shape)?;
    let calls = command["calls"].as_u64().unwrap_or(0);
    for _ in 0..command["warmup"].as_u64().unwrap_or(0) {
        client.infer_within(timeout, model, &[(&input).into()])?;
    }
    let depth = command["depth"].as_u64().unwrap_or(1).max(1) as usize;
    let began = Instant::now();
    let all = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..command["threads"].as_u64().unwrap_or(1).max(1))
            .map(|_| {
                scope.spawn(|| {
                    if depth > 1 {
                        return keep_in_flight(client, model, &input, calls, depth);
                    }
                    (0..calls)
                        .map(|_| {
                            let began = Instant::now();
                            client.infer_within(timeout, model, &[(&input).into()])?;
                            Ok(began.elapsed().as_nanos() as u64)
                        })
                        .collect::<Result<Vec<u64>, Error>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no thread panics"))
            .collect::<Result<Vec<_>, _>>()
    })?;
    Ok(json!({"latencies_ns": all.concat(), "wall_ns": began.elapsed().as_nanos() as u64}))
}

fn main() {
    let mut client: Option<Client> = None;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let command: Value = serde_json::from_str(&line.expect("stdin")).unwrap_or_default();
        let outcome = if command["op"] == "open" {
            open(&command).map(|opened| {
                client = Some(opened);
                json!({"ok": true})
            })
        } else {
            match client.as_ref() {
                Some(client) => run(client, &command),
                None => Err(Error::InvalidInput("open first".into())),
            }
        };
        let answer = outcome.unwrap_or_else(
            |error| json!({"error": {"kind": kind(&error), "message": error.to_string()}}),
        );
        writeln!(out, "{answer}").expect("stdout");
        out.flush().expect("stdout");
    }
}
