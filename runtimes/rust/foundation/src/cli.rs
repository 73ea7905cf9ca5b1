//! Command lines: commands in groups, typed options and arguments, help, and the exit codes 0 for success, 1 for a failed
//! command, 2 for a usage error and 130 for an interruption.
//!
//! `clap` is not underneath: it takes `--no-name` and help on a wrong line only by configuration of each option, and it
//! costs more to compile than the rest of this crate.
//!
//! ```
//! use foundation::{cli::App, register_command, errors::Error};
//!
//! /// Apply pending migrations
//! #[register_command(name = "db.migrate", aliases = ["m"])]
//! fn migrate(steps: Option<i64>, dry_run: bool) -> Result<(), Error> {
//!     assert_eq!((Some(2), true), (steps, dry_run));
//!     Ok(())
//! }
//!
//! let app = App::new("shop", "1.0").register(migrate_command());
//! assert_eq!(0, app.run(["db", "migrate", "--steps", "2", "--dry-run"]));
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::sync::Arc;

use serde_json::Value;

use crate::config::{Type, parse_text};
use crate::errors::{BoxError, Class, Classify, Error};

/// What a command receives: its parameters by name.
#[derive(Clone, Debug, Default)]
pub struct Args(BTreeMap<String, Value>);

/// One parameter's value.
#[derive(Clone, Copy, Debug)]
pub struct Arg<'a>(&'a Value);

impl Arg<'_> {
    /// The value as a text.
    #[must_use]
    pub fn as_text(self) -> Option<String> {
        self.0.as_str().map(str::to_owned)
    }

    /// The value as an integer.
    #[must_use]
    pub fn as_integer(self) -> Option<i64> {
        self.0.as_i64()
    }

    /// The value as a float.
    #[must_use]
    pub fn as_float(self) -> Option<f64> {
        self.0.as_f64()
    }
}

impl Args {
    /// A parameter that was given or has a default.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Arg<'_>> {
        self.0.get(name).filter(|value| !value.is_null()).map(Arg)
    }

    /// A switch.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The values of a parameter that collects.
    #[must_use]
    pub fn list(&self, name: &str) -> Vec<Arg<'_>> {
        self.0.get(name).and_then(Value::as_array).map_or_else(Vec::new, |items| items.iter().map(Arg).collect())
    }

    /// All parameters.
    #[must_use]
    pub fn values(&self) -> &BTreeMap<String, Value> {
        &self.0
    }
}

/// Ends the program with a code of the command's choice and no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(pub i32);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit with code {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// An argument or an option.
#[derive(Clone, Debug)]
pub struct Parameter {
    name: String,
    kind: Type,
    is_option: bool,
    required: Option<bool>,
    default: Option<Value>,
    multiple: bool,
    short: Option<String>,
    help: String,
}

impl Parameter {
    /// A parameter; as an argument it is required, as an option it is not, as a boolean option it is a switch.
    pub fn new(name: impl Into<String>, kind: Type) -> Self {
        Self {
            name: name.into(),
            kind,
            is_option: false,
            required: None,
            default: None,
            multiple: false,
            short: None,
            help: String::new(),
        }
    }

    /// The value of an absent parameter.
    #[must_use]
    pub fn default_value(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Whether the parameter must be given.
    #[must_use]
    pub fn required(mut self, required: bool) -> Self {
        self.required = Some(required);
        self
    }

    /// Lets an argument be absent.
    #[must_use]
    pub fn optional(self) -> Self {
        self.required(false)
    }

    /// Collects the values of a repeated option, or of the last arguments.
    #[must_use]
    pub fn multiple(mut self) -> Self {
        self.multiple = true;
        self
    }

    /// Gives an option a one-letter name.
    #[must_use]
    pub fn short(mut self, letter: impl Into<String>) -> Self {
        self.short = Some(letter.into());
        self
    }

    /// Describes the parameter in the help.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = text.into();
        self
    }

    fn is_required(&self) -> bool {
        self.required.unwrap_or(!self.is_option && self.default.is_none())
    }

    /// The name as it is typed.
    fn spelled(&self) -> String {
        self.name.replace('_', "-")
    }

    fn label(&self) -> String {
        if self.is_option { format!("the option --{}", self.spelled()) } else { format!("the argument {}", self.name) }
    }

    fn absent(&self) -> Value {
        match &self.default {
            Some(default) => default.clone(),
            None if self.multiple => Value::Array(Vec::new()),
            None if self.is_option && self.kind == Type::Boolean => Value::Bool(false),
            None => Value::Null,
        }
    }
}

type Run = Arc<dyn Fn(&Args) -> Result<(), BoxError> + Send + Sync>;

/// A command.
#[derive(Clone)]
pub struct Command {
    name: String,
    description: String,
    aliases: Vec<String>,
    hidden: bool,
    category: Option<String>,
    parameters: Vec<Parameter>,
    run: Run,
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("name", &self.name)
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}

impl Command {
    /// A command that does nothing yet; dots in its name make groups.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            aliases: Vec::new(),
            hidden: false,
            category: None,
            parameters: Vec::new(),
            run: Arc::new(|_| Ok(())),
        }
    }

    /// What the command does, for its help.
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = text.into();
        self
    }

    /// Other names, in the same group.
    #[must_use]
    pub fn aliases<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.aliases.extend(names.into_iter().map(Into::into));
        self
    }

    /// Leaves the command out of listings; it still runs.
    #[must_use]
    pub fn hidden(mut self, hidden: bool) -> Self {
        self.hidden = hidden;
        self
    }

    /// Lists the command under a heading.
    #[must_use]
    pub fn category(mut self, name: impl Into<String>) -> Self {
        self.category = Some(name.into());
        self
    }

    /// Adds a positional argument, in order.
    #[must_use]
    pub fn argument(mut self, parameter: Parameter) -> Self {
        self.parameters.push(Parameter { is_option: false, ..parameter });
        self
    }

    /// Adds an option.
    #[must_use]
    pub fn option(mut self, parameter: Parameter) -> Self {
        self.parameters.push(Parameter { is_option: true, ..parameter });
        self
    }

    /// What the command does.
    #[must_use]
    pub fn run(mut self, run: impl Fn(&Args) -> Result<(), BoxError> + Send + Sync + 'static) -> Self {
        self.run = Arc::new(run);
        self
    }

    fn own_name(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or_default()
    }

    fn arguments(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| !parameter.is_option)
    }

    fn options(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| parameter.is_option)
    }

    /// The option that a token names, without its value, and whether it was `--no-name`.
    fn find_option(&self, token: &str) -> Option<(&Parameter, bool)> {
        self.options().find_map(|option| {
            let spelled = option.spelled();
            let named = token.strip_prefix("--") == Some(&spelled);
            let short = option.short.as_deref().is_some_and(|short| token.strip_prefix('-') == Some(short));
            let negated = option.kind == Type::Boolean && token.strip_prefix("--no-") == Some(&spelled);
            (named || short || negated).then_some((option, negated))
        })
    }

    fn asks_for_help(&self, tokens: &[String]) -> bool {
        let mut tokens = tokens.iter().take_while(|token| *token != "--");
        while let Some(token) = tokens.next() {
            if is_help(token) {
                return true;
            }
            if self.find_option(token).is_some_and(|(option, _)| option.kind != Type::Boolean) {
                tokens.next(); // Its value.
            }
        }
        false
    }

    fn parse(&self, tokens: &[String]) -> Result<Args, String> {
        let mut given: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        let read = |parameter: &Parameter, text: &str| {
            parse_text(parameter.kind, text).ok_or_else(|| {
                format!(
                    "{text:?} is not a value for {}, which must be {}",
                    parameter.label(),
                    parameter.kind.described()
                )
            })
        };
        let mut positional = Vec::new();
        let mut rest = tokens.iter();
        while let Some(token) = rest.next() {
            if token == "--" {
                positional.extend(rest.by_ref());
                break;
            }
            if !token.starts_with('-') || token == "-" {
                positional.push(token);
                continue;
            }
            let (name, value) = match token.split_once('=') {
                Some((name, value)) if token.starts_with("--") => (name, Some(value)),
                _ => (token.as_str(), None),
            };
            let (option, negated) = self.find_option(name).ok_or_else(|| format!("unknown option {name:?}"))?;
            let value = match (option.kind, value) {
                (Type::Boolean, Some(_)) => return Err(format!("the option {name} takes no value")),
                (Type::Boolean, None) => Value::Bool(!negated),
                (_, Some(value)) => read(option, value)?,
                (_, None) => read(option, rest.next().ok_or_else(|| format!("the option {name} needs a value"))?)?,
            };
            given.entry(&option.name).or_default().push(value);
        }
        let mut positional = positional.into_iter();
        let mut following = self.arguments().count();
        for argument in self.arguments() {
            following -= 1;
            // The arguments after one that collects take theirs first.
            let count = if argument.multiple { positional.len().saturating_sub(following).max(1) } else { 1 };
            for text in positional.by_ref().take(count) {
                given.entry(&argument.name).or_default().push(read(argument, text)?);
            }
        }
        if let Some(extra) = positional.next() {
            return Err(format!("too many arguments: {extra:?} was not expected"));
        }
        let mut args = Args::default();
        for parameter in &self.parameters {
            let value = match given.remove(parameter.name.as_str()) {
                None if parameter.is_required() => return Err(format!("{} is missing", parameter.label())),
                None => parameter.absent(),
                Some(values) if parameter.multiple => Value::Array(values),
                Some(mut values) => values.pop().unwrap_or_default(),
            };
            args.0.insert(parameter.name.clone(), value);
        }
        Ok(args)
    }

    fn help(&self, path: &str) -> String {
        let mut help = format!("Usage: {path}");
        if self.options().next().is_some() {
            help.push_str(" [options]");
        }
        for argument in self.arguments() {
            let name = format!("{}{}", argument.name, if argument.multiple { "..." } else { "" });
            help.push_str(&if argument.is_required() { format!(" {name}") } else { format!(" [{name}]") });
        }
        help.push('\n');
        if !self.description.is_empty() {
            help.push_str(&format!("\n{}\n", self.description));
        }
        let rows = self.arguments().map(|argument| (argument.name.clone(), details(argument))).collect();
        section(&mut help, "Arguments", rows);
        let mut rows: Vec<_> = self
            .options()
            .map(|option| {
                let name = option.spelled();
                let shown = match option.kind {
                    Type::Boolean => format!("--{name}, --no-{name}"),
                    kind => format!("--{name} {}", format!("{kind:?}").to_uppercase()),
                };
                (option.short.as_ref().map_or(shown.clone(), |short| format!("-{short}, {shown}")), details(option))
            })
            .collect();
        rows.push(("-h, --help".to_owned(), "Show this help.".to_owned()));
        section(&mut help, "Options", rows);
        if !self.aliases.is_empty() {
            help.push_str(&format!("\nAliases: {}\n", self.aliases.join(", ")));
        }
        help
    }
}

fn details(parameter: &Parameter) -> String {
    let mut details = parameter.help.clone();
    match &parameter.default {
        Some(Value::Null) | None => {}
        Some(Value::String(default)) => details.push_str(&format!(" (default: {default})")),
        Some(default) => details.push_str(&format!(" (default: {default})")),
    }
    if parameter.is_option && parameter.is_required() {
        details.push_str(" (required)");
    }
    details.trim_start().to_owned()
}

fn section(out: &mut String, title: &str, rows: Vec<(String, String)>) {
    if rows.is_empty() {
        return;
    }
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    out.push_str(&format!("\n{title}:\n"));
    for (name, text) in rows {
        out.push_str(format!("  {name:width$}  {text}").trim_end());
        out.push('\n');
    }
}

fn is_help(token: &str) -> bool {
    token == "--help" || token == "-h"
}

#[derive(Debug, Default)]
struct Group {
    groups: BTreeMap<String, Group>,
    /// By name and alias.
    commands: BTreeMap<String, Arc<Command>>,
}

impl Group {
    fn visible(&self) -> bool {
        self.commands.values().any(|command| !command.hidden) || self.groups.values().any(Group::visible)
    }

    fn help(&self, path: &str, is_root: bool) -> String {
        let mut help = format!("Usage: {path} command [options and arguments]\n");
        let mut by_category: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
        for (name, command) in &self.commands {
            if !command.hidden && name == command.own_name() {
                let mut names = vec![name.as_str()];
                names.extend(command.aliases.iter().map(String::as_str));
                let category = command.category.as_deref().filter(|name| !name.is_empty()).unwrap_or("Commands");
                by_category.entry(category).or_default().push((names.join(", "), command.description.clone()));
            }
        }
        for (name, group) in &self.groups {
            if group.visible() {
                by_category.entry("Groups").or_default().push((name.clone(), String::new()));
            }
        }
        for (category, rows) in by_category {
            section(&mut help, category, rows);
        }
        let mut rows = vec![("-h, --help".to_owned(), "Show this help.".to_owned())];
        if is_root {
            rows.push(("--version".to_owned(), "Show the version.".to_owned()));
        }
        section(&mut help, "Options", rows);
        help
    }
}

/// A program with commands.
#[derive(Debug, Default)]
pub struct App {
    name: String,
    version: String,
    root: Group,
}

/// How a run ended, short of success.
enum Ended {
    Usage { message: String, path: String },
    Shown(i32),
    Failed(BoxError),
}

impl App {
    /// A program without commands.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { name: name.into(), version: version.into(), root: Group::default() }
    }

    /// Adds a command, or returns the `ConfigurationError` for a name that is taken or is not one.
    pub fn try_register(mut self, command: Command) -> Result<Self, Error> {
        let mut path: Vec<&str> = command.name.split('.').collect();
        if path
            .iter()
            .chain(&command.aliases.iter().map(String::as_str).collect::<Vec<_>>())
            .any(|part| part.is_empty())
        {
            let message = format!("the command name {:?} has an empty part or alias", command.name);
            return Err(Error::bad_parameter("name", message));
        }
        let own = path.pop().unwrap_or_default().to_owned();
        let mut group = &mut self.root;
        for part in path {
            if group.commands.contains_key(part) {
                let message =
                    format!("{part:?} cannot be a group for {:?}: there is a command of that name", command.name);
                return Err(Error::bad_parameter("name", message));
            }
            group = group.groups.entry(part.to_owned()).or_default();
        }
        let command = Arc::new(command);
        for name in std::iter::once(&own).chain(&command.aliases) {
            if group.groups.contains_key(name) || group.commands.insert(name.clone(), command.clone()).is_some() {
                let message = format!("the command {name:?} of {:?} is registered twice", command.name);
                return Err(Error::bad_parameter("name", message));
            }
        }
        Ok(self)
    }

    /// Adds a command.
    ///
    /// # Panics
    /// When the name is taken or is not one, which is a mistake in the program.
    #[must_use]
    pub fn register(self, command: Command) -> Self {
        self.try_register(command).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Adds a command that does `run`.
    ///
    /// # Panics
    /// As [`App::register`].
    #[must_use]
    pub fn register_command(
        self,
        command: Command,
        run: impl Fn(&Args) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.register(command.run(run))
    }

    /// Runs the command that the process's arguments ask for, and exits.
    pub fn main(&self) -> ! {
        let arguments: Vec<String> =
            std::env::args_os().skip(1).map(|text| text.to_string_lossy().into_owned()).collect();
        std::process::exit(self.run(arguments))
    }

    /// Runs the command that the arguments (without the program's name) ask for and returns the exit code.
    pub fn run<S: Into<String>>(&self, arguments: impl IntoIterator<Item = S>) -> i32 {
        self.run_with(arguments, &mut std::io::stdout(), &mut std::io::stderr())
    }

    /// [`App::run`] with other places for help and errors.
    pub fn run_with<S: Into<String>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        stdout: &mut dyn Write,
        stderr: &mut dyn Write,
    ) -> i32 {
        let arguments: Vec<String> = arguments.into_iter().map(Into::into).collect();
        // A closed standard stream is no reason for another exit code.
        match self.dispatch(&arguments, stdout, stderr) {
            Ok(()) => 0,
            Err(Ended::Shown(code)) => code,
            Err(Ended::Usage { message, path }) => {
                let _ = writeln!(stderr, "Error: {message}\nTry '{path} --help' for help.");
                2
            }
            Err(Ended::Failed(error)) => {
                if let Some(exit) = error.downcast_ref::<Exit>() {
                    return exit.0;
                }
                if error.class() == Class::CancelledError {
                    let _ = writeln!(stderr, "Interrupted");
                    return 130;
                }
                let _ = writeln!(stderr, "Error: {error}");
                1
            }
        }
    }

    fn dispatch(&self, arguments: &[String], stdout: &mut dyn Write, stderr: &mut dyn Write) -> Result<(), Ended> {
        let mut group = &self.root;
        let mut path = self.name.clone();
        for (i, token) in arguments.iter().enumerate() {
            let rest = &arguments[i..];
            if let Some(inner) = group.groups.get(token) {
                group = inner;
                path = format!("{path} {token}");
                continue;
            }
            if let Some(command) = group.commands.get(token) {
                let path = format!("{path} {}", command.own_name());
                if command.asks_for_help(&rest[1..]) {
                    let _ = stdout.write_all(command.help(&path).as_bytes());
                    return Ok(());
                }
                let args = command.parse(&rest[1..]).map_err(|message| Ended::Usage { message, path })?;
                return (command.run)(&args).map_err(Ended::Failed);
            }
            if i == 0 && token == "--version" {
                let _ = writeln!(stdout, "{} {}", self.name, self.version);
                return Ok(());
            }
            if rest.iter().take_while(|token| *token != "--").any(|token| is_help(token)) {
                let _ = stdout.write_all(group.help(&path, i == 0).as_bytes());
                return Ok(());
            }
            let kind = if token.starts_with('-') { "option" } else { "command" };
            return Err(Ended::Usage { message: format!("unknown {kind} {token:?}"), path });
        }
        let _ = stderr.write_all(group.help(&path, arguments.is_empty()).as_bytes());
        Err(Ended::Shown(2))
    }
}
