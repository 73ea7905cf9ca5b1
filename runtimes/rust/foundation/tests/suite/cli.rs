use std::sync::{Arc, Mutex};

use foundation::cli::{App, Args, Command, Exit, Parameter};
use foundation::config::Type;
use foundation::errors::{BoxError, Class, Classify, Error};

type Ran = Arc<Mutex<Vec<String>>>;

/// A program that writes down what it ran.
fn shop(ran: &Ran) -> App {
    let note = |name: &'static str, error: fn() -> Option<BoxError>| {
        let ran = ran.clone();
        move |args: &Args| {
            let values: Vec<String> = args.values().iter().map(|(key, value)| format!("{key}={value}")).collect();
            ran.lock().unwrap().push(format!("{name} {}", values.join(" ")).trim_end().to_owned());
            error().map_or(Ok(()), Err)
        }
    };
    let migrate = Command::new("db.migrate")
        .description("Apply pending migrations")
        .aliases(["m"])
        .category("Database")
        .argument(Parameter::new("target", Type::String).help("Where to."))
        .argument(Parameter::new("files", Type::Integer).multiple().optional())
        .option(Parameter::new("dry_run", Type::Boolean))
        .option(Parameter::new("steps", Type::Integer).default_value(1).short("n").help("How many."))
        .option(Parameter::new("tag", Type::String).multiple())
        .option(Parameter::new("ratio", Type::Float));
    let key = Parameter::new("key", Type::String).required(true);
    App::new("shop", "1.0")
        .register_command(migrate, note("migrate", || None))
        .register_command(Command::new("fail"), note("fail", || Some("boom".into())))
        .register_command(Command::new("exit"), note("exit", || Some(Exit(7).into())))
        .register_command(Command::new("stop"), note("stop", || Some(Error::Cancelled { cause: None }.into())))
        .register_command(Command::new("secret.tool").hidden(true), note("secret", || None))
        .register_command(Command::new("need").option(key.default_value("d").required(true)), note("need", || None))
}

#[test]
fn commands_run_and_mistakes_are_explained() {
    let plain = "migrate dry_run=false files=[] ratio=null steps=1 tag=[] target=\"prod\"";
    let cases: &[(&str, i32, &str, &str, &str)] = &[
        ("db migrate prod", 0, plain, "", ""),
        (
            "db m --dry-run prod 1 -n 5 2 --tag a --tag=b --ratio -1.5",
            0,
            "migrate dry_run=true files=[1,2] ratio=-1.5 steps=5 tag=[\"a\",\"b\"] target=\"prod\"",
            "",
            "",
        ),
        (
            "db m --dry-run --no-dry-run -- --odd",
            0,
            "migrate dry_run=false files=[] ratio=null steps=1 tag=[] target=\"--odd\"",
            "",
            "",
        ),
        (
            "db m - --tag --help",
            0,
            "migrate dry_run=false files=[] ratio=null steps=1 tag=[\"--help\"] target=\"-\"",
            "",
            "",
        ),
        ("secret tool", 0, "secret", "", ""),
        ("fail", 1, "fail", "", "Error: boom\n"),
        ("exit", 7, "exit", "", ""),
        ("stop", 130, "stop", "", "Interrupted\n"),
        ("--version", 0, "", "shop 1.0\n", ""),
        ("nothing --help", 0, "", "Usage: shop command", ""),
        ("db -h", 0, "", "Database:\n  migrate, m  Apply pending migrations", ""),
        (
            "db m --bad --help",
            0,
            "",
            "Usage: shop db migrate [options] target [files...]\n\nApply pending migrations\n",
            "",
        ),
        ("db m -h", 0, "", "-n, --steps INTEGER", ""),
        ("db m -h", 0, "", "How many. (default: 1)", ""),
        ("db m -h", 0, "", "Aliases: m", ""),
        ("need -h", 0, "", "(default: d) (required)", ""),
        ("-h", 0, "", "Groups:\n  db\n", ""),
        ("", 2, "", "", "Usage: shop command"),
        ("db", 2, "", "", "Usage: shop db command"),
        ("nothing", 2, "", "", "unknown command \"nothing\""),
        ("--bad", 2, "", "", "unknown option \"--bad\""),
        ("db m", 2, "", "", "the argument target is missing\nTry 'shop db migrate --help' for help."),
        ("db m x --bad", 2, "", "", "unknown option \"--bad\""),
        ("db m x --steps", 2, "", "", "the option --steps needs a value"),
        ("db m x --steps y", 2, "", "", "\"y\" is not a value for the option --steps, which must be an integer"),
        ("db m x y", 2, "", "", "\"y\" is not a value for the argument files"),
        ("db m x --dry-run=yes", 2, "", "", "the option --dry-run takes no value"),
        ("fail more", 2, "", "", "too many arguments: \"more\""),
        ("need", 2, "", "", "the option --key is missing"),
    ];
    for (argv, code, expected, stdout, stderr) in cases {
        let ran = Ran::default();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let got = shop(&ran).run_with(argv.split_whitespace(), &mut out, &mut err);
        let (out, err) = (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap());
        assert_eq!((*code, *expected), (got, ran.lock().unwrap().join("; ").as_str()), "{argv}: {err}");
        assert!(out.contains(stdout) && out.is_empty() == stdout.is_empty(), "{argv}: {out}");
        assert!(err.contains(stderr) && err.is_empty() == stderr.is_empty(), "{argv}: {err}");
        assert!(!out.contains("secret"));
    }
}

#[test]
fn names_must_be_free_and_whole() {
    for names in [vec![""], vec!["a..b"], vec!["a", "a"], vec!["a", "a.b"], vec!["a.b", "a"]] {
        let registered = names.iter().try_fold(App::new("x", "1"), |app, name| app.try_register(Command::new(*name)));
        assert_eq!(Class::ConfigurationError, registered.unwrap_err().class(), "{names:?}");
    }
    for alias in ["", "a"] {
        assert!(App::new("x", "1").try_register(Command::new("a").aliases([alias])).is_err());
    }
    assert!(std::panic::catch_unwind(|| App::new("x", "1").register(Command::new(""))).is_err());
    assert!(format!("{:?}", Command::new("shown")).contains("shown"));
    assert_eq!("exit with code 3", Exit(3).to_string());
}
