use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use foundation::errors::{Class, Classify};
use foundation::logging::{Format, Level, Logger, LoggerBuilder, Value};

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<(Vec<u8>, usize)>>);

impl Write for Shared {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut state = self.0.lock().unwrap();
        state.0.extend_from_slice(data);
        state.1 += 1;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn lines(configure: impl FnOnce(LoggerBuilder) -> LoggerBuilder, write: impl FnOnce(&Logger)) -> String {
    let out = Shared::default();
    let builder = Logger::builder("a").writer(out.clone()).timestamps(false).level(Level::Trace);
    write(&configure(builder).build());
    let state = out.0.lock().unwrap();
    String::from_utf8(state.0.clone()).unwrap()
}

#[test]
fn values_are_written_the_same_in_every_language() {
    let mut deep = Value::from("leaf");
    for _ in 0..17 {
        deep = Value::List(vec![deep]);
    }
    let deep_text = format!("{}\"[too deep]\"{}", "[".repeat(16), "]".repeat(16));
    let map = Value::Map(vec![
        ("b".into(), 1.into()),
        ("a".into(), Value::Null),
        ("jwt".into(), 1.into()),
        ("b".into(), 2.into()),
    ]);
    let cases: Vec<(Value<'_>, &str)> = vec![
        (Value::Null, "null"),
        (true.into(), "true"),
        (false.into(), "false"),
        ((-7).into(), "-7"),
        (0_u8.into(), "0"),
        (i64::MIN.into(), "-9223372036854775808"),
        (u64::MAX.into(), "18446744073709551615"),
        (i128::MAX.into(), "170141183460469231731687303715884105727"),
        (Value::Number("123".into()), "123"),
        (1.0.into(), "1"),
        ((-0.0).into(), "0"),
        (1e21.into(), "1e+21"),
        (1e20.into(), "100000000000000000000"),
        (1e-7.into(), "1e-7"),
        (0.000001.into(), "0.000001"),
        (0.1.into(), "0.1"),
        (f64::NAN.into(), "\"NaN\""),
        (f64::INFINITY.into(), "\"Infinity\""),
        (f64::NEG_INFINITY.into(), "\"-Infinity\""),
        ("a\"b\\\u{8}\u{c}\n\r\t\u{1}<é\u{2028}".into(), "\"a\\\"b\\\\\\b\\f\\n\\r\\t\\u0001<é\u{2028}\""),
        (String::from("owned").into(), "\"owned\""),
        (Some(3).into(), "3"),
        (None::<i32>.into(), "null"),
        (vec![1, 2].into(), "[1,2]"),
        (map, "{\"a\":null,\"b\":2,\"jwt\":\"[REDACTED]\"}"),
        (deep, &deep_text),
        (serde_json::json!({"x": [1, 2.5, "s", null, true]}).into(), "{\"x\":[1,2.5,\"s\",null,true]}"),
    ];
    for (value, expected) in cases {
        let expected = format!("{{\"level\":\"info\",\"logger\":\"a\",\"message\":\"m\",\"v\":{expected}}}\n");
        assert_eq!(expected, lines(|b| b, |log| log.info("m", &[("v", value.clone())])));
        assert_eq!(expected, lines(|b| b, |log| log.bind(&[("v", value.clone())]).info("m", &[])));
    }
    let text = String::from("text");
    assert_eq!(Value::from("text"), Value::from(&text));
}

#[test]
fn levels_fields_and_bindings() {
    let got = lines(
        |b| b.level(Level::Debug).redact(["shoe size"]),
        |log| {
            log.trace("dropped", &[]);
            log.debug("d", &[("k", 1.into()), ("level", 2.into()), ("k", 3.into())]);
            let bound = log.bind(&[("user", 1.into()), ("shoeSize", 43.into())]).bind(&[("user", 2.into())]);
            bound.warning("w", &[("x", 1.into())]);
            bound.error("e", &[("user", 3.into()), ("level_", 4.into())]);
            log.critical("c", &[("password", "x".into())]);
        },
    );
    let expected = "{\"level\":\"debug\",\"logger\":\"a\",\"message\":\"d\",\"k\":3,\"level_\":2}\n\
        {\"level\":\"warning\",\"logger\":\"a\",\"message\":\"w\",\"user\":2,\"shoeSize\":\"[REDACTED]\",\"x\":1}\n\
        {\"level\":\"error\",\"logger\":\"a\",\"message\":\"e\",\"user\":3,\"shoeSize\":\"[REDACTED]\",\"level_\":4}\n\
        {\"level\":\"critical\",\"logger\":\"a\",\"message\":\"c\",\"password\":\"[REDACTED]\"}\n";
    assert_eq!(expected, got);
}

#[test]
fn logfmt() {
    let map = Value::Map(vec![("z".into(), 1.into()), (String::new(), Value::Map(vec![])), ("token".into(), 1.into())]);
    let fields = [
        ("a b", "x=1".into()),
        ("m", map),
        ("l", vec!["a"].into()),
        ("n", vec![1].into()),
        ("e", "".into()),
        ("logger", Value::Null),
    ];
    assert_eq!(
        "level=info logger=a message=\"two words\" a_b=\"x=1\" m._={} m.token=[REDACTED] m.z=1 l=\"[\\\"a\\\"]\" n=[1] e=\"\" logger_=null\n",
        lines(|b| b.format(Format::Logfmt), |log| log.info("two words", &fields))
    );
}

#[test]
fn timestamps_are_utc_with_six_digits() {
    let at = |nanoseconds: i64| lines(|b| b.timestamps(true).wall_clock(move || nanoseconds), |log| log.info("m", &[]));
    assert!(at(1_767_323_045_123_456_789).starts_with("{\"timestamp\":\"2026-01-02T03:04:05.123456Z\","));
    assert!(at(-1).starts_with("{\"timestamp\":\"1969-12-31T23:59:59.999999Z\","));
    assert!(at(951_782_400_000_000_000).starts_with("{\"timestamp\":\"2000-02-29T00:00:00.000000Z\","));
    let logfmt = lines(|b| b.timestamps(true).format(Format::Logfmt).wall_clock(|| 0), |log| log.info("m", &[]));
    assert_eq!("timestamp=1970-01-01T00:00:00.000000Z level=info logger=a message=m\n", logfmt);
    assert!(lines(|b| b.timestamps(true), |log| log.info("m", &[])).contains("timestamp\":\"20"));
}

#[test]
fn settings() {
    let log = Logger::builder("shop").build();
    assert!(log.name() == "shop" && log.enabled(Level::Info) && !log.enabled(Level::Debug));
    assert!(format!("{log:?}").contains("shop"));
    assert_eq!(Level::Warning, "Warning".parse().unwrap());
    assert_eq!(Class::ConfigurationError, "loud".parse::<Level>().unwrap_err().class());
}

#[test]
fn eight_threads_never_mix_their_lines() {
    let out = Shared::default();
    let log = Logger::builder("threads").writer(out.clone()).build();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let bound = log.bind(&[("thread", thread.into())]);
            scope.spawn(move || {
                for i in 0..500_usize {
                    bound.info("tick", &[("i", i.into()), ("text", "x".repeat(i * (1 + i / 400 * 200)).into())]);
                }
            });
        }
    });
    let state = out.0.lock().unwrap();
    let text = std::str::from_utf8(&state.0).unwrap();
    let mut seen = std::collections::HashSet::new();
    for line in text.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let i = entry["i"].as_u64().unwrap() as usize;
        assert_eq!(i * (1 + i / 400 * 200), entry["text"].as_str().unwrap().len());
        seen.insert((entry["thread"].as_u64(), i));
    }
    assert_eq!((4000, 4000), (seen.len(), state.1));
}
