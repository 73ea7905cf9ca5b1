use foundation::config::{ConfigLoader, Field, Type};
use foundation::errors::{Class, Classify, Error};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::Directory;

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct AppConfig {
    host: String,
    port: u16,
    ratio: f64,
    debug: bool,
    tags: Vec<String>,
    database: Database,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Database {
    url: String,
    pool_size: u8,
}

fn defaults() -> AppConfig {
    AppConfig {
        host: "localhost".into(),
        port: 1,
        ratio: 0.5,
        debug: false,
        tags: vec!["a".into()],
        database: Database { url: "none".into(), pool_size: 5 },
    }
}

fn overrides(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    value.as_object().unwrap().clone()
}

#[test]
fn layers_are_merged() {
    let directory = Directory::new();
    let secret = directory.file("secret", "s3cret\r\n");
    let content = json!({"port": "2", "ratio": 1, "database": {"pool_size": 7}, "tags": ["x"], "debug": null});
    let file = directory.file("app.json", &content.to_string());
    let loaded: AppConfig = ConfigLoader::default()
        .defaults(&defaults())
        .unwrap()
        .env_prefix("app")
        .file(&file)
        .environment([
            ("APP_DATABASE__URL", format!("file://{}", secret.display())),
            ("APP_PORT", " +3 ".into()),
            ("APP_DEBUG", "Yes".into()),
        ])
        .overrides(overrides(json!({"database": {"pool_size": 9}})))
        .load()
        .unwrap();
    let expected = AppConfig {
        port: 3,
        ratio: 1.0,
        debug: true,
        tags: vec!["x".into()],
        database: Database { url: "s3cret".into(), pool_size: 9 },
        ..defaults()
    };
    assert_eq!(expected, loaded);
}

#[test]
fn every_problem_is_reported_at_once() {
    let directory = Directory::new();
    let wrong = json!({"port": 1.5, "unknown": 1, "database": 3, "tags": ["a", 1], "host": 7, "url": "file:///no/such/file", "debug": 2});
    let loader = ConfigLoader::new()
        .field(Field::new("host", Type::String).default_value("x"))
        .field(Field::new("port", Type::Integer).default_value(1))
        .field(Field::new("ratio", Type::Float).env("RATIO"))
        .field(Field::new("tags", Type::Strings))
        .field(Field::new("debug", Type::Boolean))
        .field(Field::new("url", Type::String))
        .field(Field::new("wrong", Type::Integer).default_value(true))
        .field(Field::nested("database", [Field::new("url", Type::String)]))
        .file(directory.file("a.json", &wrong.to_string()))
        .file(directory.file("b.json", "{} x"))
        .file(directory.file("c.json", "[]"))
        .file(directory.file("d.toml", ""))
        .file(directory.0.join("missing.json"))
        .environment([("RATIO", "nan")])
        .overrides(overrides(json!({"extra": 1})));
    let Err(Error::Configuration { problems }) = loader.load_values() else { panic!("it must fail") };
    let found: Vec<String> = problems
        .iter()
        .map(|problem| format!("{} {} {}", problem.kind, problem.key.rsplit('/').next().unwrap(), problem.source))
        .collect();
    let expected = [
        "invalid_file b.json file",
        "invalid_file c.json file",
        "invalid_file d.toml file",
        "invalid_value database file",
        "invalid_value debug file",
        "invalid_value host file",
        "invalid_value port file",
        "invalid_value ratio environment",
        "invalid_value tags file",
        "invalid_value wrong default",
        "missing database.url default",
        "unknown_key extra override",
        "unknown_key unknown file",
        "unreadable_file missing.json file",
        "unreadable_file url file",
    ];
    assert_eq!(expected.as_slice(), found);
    let text = Error::Configuration { problems }.to_string();
    assert!(text.contains("port is a number; it must be an integer"), "{text}");
}

#[test]
fn texts_are_read_by_the_shared_rules() {
    let read = |kind: Type, text: &str| {
        let loaded = ConfigLoader::new().field(Field::new("v", kind)).environment([("V", text)]).load_values();
        loaded.map(|mut values| values.remove("v").unwrap()).ok()
    };
    assert_eq!(Some(json!(i64::MIN)), read(Type::Integer, "-9223372036854775808"));
    for text in ["9223372036854775808", "1_0", "", "+", "1.0"] {
        assert_eq!(None, read(Type::Integer, text), "{text:?}");
    }
    assert_eq!(Some(json!(0.05)), read(Type::Float, " .5e-1\n"));
    assert_eq!(Some(json!(1.0)), read(Type::Float, "+1."));
    for text in ["1e999", "0x1", "inf", ".", "1e", "e1", "1e+-1"] {
        assert_eq!(None, read(Type::Float, text), "{text:?}");
    }
    assert_eq!((Some(json!(true)), Some(json!(false))), (read(Type::Boolean, "ENABLED"), read(Type::Boolean, "0")));
    assert_eq!((None, None), (read(Type::Boolean, "t"), read(Type::Boolean, "")));
    assert_eq!((Some(json!(["a", "b"])), Some(json!([]))), (read(Type::Strings, " a,, b "), read(Type::Strings, "")));
    assert_eq!(Some(json!(" x ")), read(Type::String, " x "));
}

#[test]
fn secrets_are_not_shown() {
    let loader =
        ConfigLoader::new().field(Field::new("db_password", Type::Integer)).environment([("DB_PASSWORD", "hunter2")]);
    assert!(!loader.load_values().unwrap_err().to_string().contains("hunter2"));
    let loader = ConfigLoader::new().field(Field::new("token", Type::String)).environment([("TOKEN", "hunter2")]);
    #[derive(Debug, Deserialize)]
    #[allow(dead_code)] // Only its type matters.
    struct Wrong {
        token: u32,
    }
    let error = loader.load::<Wrong>().unwrap_err().to_string();
    assert!(error.contains("another type") && !error.contains("hunter2"), "{error}");
    let other = ConfigLoader::new().field(Field::new("other", Type::String).default_value("x"));
    let error = other.load::<Wrong>().unwrap_err().to_string();
    assert!(error.contains("missing field `token`"), "{error}");
}

#[test]
fn lax_settings_and_the_process_environment() {
    let directory = Directory::new();
    let file = directory.file("app.json", r#"{"zzz": 1, "o": "file:///not/read"}"#);
    let values = ConfigLoader::new()
        .field(Field::new("o", Type::String))
        .field(Field::new("path", Type::String).env("PATH"))
        .field(Field::new("none", Type::Integer).default_value(json!(null)))
        .field(Field::new("text", Type::Integer).default_value("7"))
        .file(file)
        .strict(false)
        .secret_files(false)
        .load_values()
        .unwrap();
    assert_eq!((&json!("file:///not/read"), &json!(null), &json!(7)), (&values["o"], &values["none"], &values["text"]));
    assert_eq!(std::env::var("PATH").unwrap(), values["path"].as_str().unwrap());
    for unusable in [json!([1]), json!({"x": null}), json!({"x": [1]})] {
        assert_eq!(Class::ConfigurationError, ConfigLoader::new().defaults(&unusable).unwrap_err().class());
    }
}

#[test]
fn the_schema_is_told_from_the_structure() {
    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        Fast,
        Safe,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Shop {
        name: String,
        #[serde(default)]
        debug: bool,
        ratio: Option<f32>,
        letter: char,
        mode: Mode,
        tags: Vec<String>,
        inner: Inner,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Inner {
        count: i64,
        limit: Option<u32>,
    }
    let environment = [("NAME", "n"), ("LETTER", "y"), ("MODE", "safe"), ("TAGS", "a,b"), ("INNER__COUNT", "3")];
    let loaded: Shop = ConfigLoader::new().environment(environment).load().unwrap();
    let inner = Inner { count: 3, limit: None };
    let tags = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(
        Shop { name: "n".into(), debug: false, ratio: None, letter: 'y', mode: Mode::Safe, tags, inner },
        loaded
    );
    let wrong = [("NAME", "n"), ("INNER__LIMIT", "many"), ("DEBUG", "y")];
    let error = ConfigLoader::new().environment(wrong).load::<Shop>().unwrap_err();
    let Error::Configuration { problems } = error else { panic!("{error:?}") };
    let found: Vec<String> = problems.iter().map(|problem| format!("{} {}", problem.kind, problem.key)).collect();
    let expected = [
        "invalid_value debug",
        "invalid_value inner.limit",
        "missing inner.count",
        "missing letter",
        "missing mode",
        "missing tags",
    ];
    assert_eq!(expected.as_slice(), found);

    #[derive(Debug, Deserialize)]
    #[allow(dead_code)] // Only its type matters.
    struct Unreadable {
        map: std::collections::BTreeMap<String, String>,
    }
    let error = ConfigLoader::new().load::<Unreadable>().unwrap_err().to_string();
    assert!(error.contains("map is none of the types of a configuration"), "{error}");
}
