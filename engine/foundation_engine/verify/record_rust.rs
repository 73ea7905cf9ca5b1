// The part of a recorder that is the same for every Rust source. It is put at the end of a copy of the source, in a module
// of its own, so that it reaches what is private there. Generated code follows it.
use ::serde_json::{Value as Json, json};
use ::std::cell::{Cell, RefCell};
use ::std::collections::{BTreeMap as RecBTreeMap, BTreeSet as RecBTreeSet, HashMap as RecHashMap, HashSet as RecHashSet};
use ::std::result::Result as RecResult;
use ::std::sync::Arc as RecArc;

const LONGEST: usize = 200;

thread_local! {
    static TRACE: RefCell<Vec<Json>> = const { RefCell::new(Vec::new()) };
    static SLEEPS: RefCell<Vec<i64>> = const { RefCell::new(Vec::new()) };
    static PANICKED: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Ends a case that has no neutral form.
fn rec_skip(why: &str) -> ! {
    panic!("SKIP: {why}")
}

// Values

pub trait RecEncode {
    fn rec_encode(&self) -> Json;
}

pub trait RecDecode {
    fn rec_decode(v: &Json) -> Self;
}

macro_rules! rec_integers {
    ($($t:ty),*) => {$(
        impl RecEncode for $t {
            fn rec_encode(&self) -> Json {
                match i64::try_from(*self) {
                    Ok(n) => json!(n),
                    Err(_) => rec_skip("an integer beyond 64 bits"),
                }
            }
        }
        impl RecDecode for $t {
            fn rec_decode(v: &Json) -> Self {
                let Some(n) = v.as_i64() else { rec_skip("not an integer") };
                match <$t>::try_from(n) {
                    Ok(n) => n,
                    Err(_) => rec_skip("an integer outside of its type"),
                }
            }
        }
    )*};
}
rec_integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl RecEncode for f64 {
    fn rec_encode(&self) -> Json {
        json!({"float": format!("{self:?}").to_lowercase()})
    }
}
impl RecDecode for f64 {
    fn rec_decode(v: &Json) -> Self {
        match v.get("float").and_then(Json::as_str) {
            Some(text) => text.parse().unwrap_or_else(|_| rec_skip("not a float")),
            None => v.as_f64().unwrap_or_else(|| rec_skip("not a float")),
        }
    }
}
impl RecEncode for ::std::time::Duration {
    fn rec_encode(&self) -> Json {
        self.as_secs_f64().rec_encode()
    }
}

impl RecDecode for ::std::time::Duration {
    fn rec_decode(v: &Json) -> Self {
        match ::std::time::Duration::try_from_secs_f64(f64::rec_decode(v)) {
            Ok(d) => d,
            Err(_) => rec_skip("a duration that Rust does not have"),
        }
    }
}

impl RecEncode for bool {
    fn rec_encode(&self) -> Json {
        json!(*self)
    }
}
impl RecDecode for bool {
    fn rec_decode(v: &Json) -> Self {
        v.as_bool().unwrap_or_else(|| rec_skip("not a boolean"))
    }
}
impl RecEncode for () {
    fn rec_encode(&self) -> Json {
        Json::Null
    }
}
impl RecDecode for () {
    fn rec_decode(_: &Json) -> Self {}
}
impl RecEncode for char {
    fn rec_encode(&self) -> Json {
        json!(self.to_string())
    }
}
impl RecDecode for char {
    fn rec_decode(v: &Json) -> Self {
        let text = v.as_str().unwrap_or_else(|| rec_skip("not a text"));
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => c,
            _ => rec_skip("not one character"),
        }
    }
}
impl RecEncode for str {
    fn rec_encode(&self) -> Json {
        json!(self)
    }
}
impl RecEncode for String {
    fn rec_encode(&self) -> Json {
        json!(self)
    }
}
impl RecDecode for String {
    fn rec_decode(v: &Json) -> Self {
        v.as_str().unwrap_or_else(|| rec_skip("not a text")).to_owned()
    }
}
impl RecDecode for &'static str {
    fn rec_decode(v: &Json) -> Self {
        Box::leak(String::rec_decode(v).into_boxed_str())
    }
}
impl RecDecode for ::std::path::PathBuf {
    fn rec_decode(v: &Json) -> Self {
        String::rec_decode(v).into()
    }
}
impl RecDecode for &'static ::std::path::Path {
    fn rec_decode(v: &Json) -> Self {
        Box::leak(::std::path::PathBuf::rec_decode(v).into_boxed_path())
    }
}
impl RecEncode for ::std::path::PathBuf {
    fn rec_encode(&self) -> Json {
        json!(self.to_string_lossy())
    }
}
impl RecEncode for ::std::path::Path {
    fn rec_encode(&self) -> Json {
        json!(self.to_string_lossy())
    }
}

fn rec_items(v: &Json) -> &[Json] {
    for tag in ["list", "tuple", "set"] {
        if let Some(items) = v.get(tag).and_then(Json::as_array) {
            return items;
        }
    }
    rec_skip("not a list")
}

impl<T: RecEncode> RecEncode for [T] {
    fn rec_encode(&self) -> Json {
        json!({"list": self.iter().map(RecEncode::rec_encode).collect::<Vec<_>>()})
    }
}
impl<T: RecEncode, const N: usize> RecEncode for [T; N] {
    fn rec_encode(&self) -> Json {
        self.as_slice().rec_encode()
    }
}
impl<T: RecEncode> RecEncode for Vec<T> {
    fn rec_encode(&self) -> Json {
        self.as_slice().rec_encode()
    }
}
impl<T: RecDecode> RecDecode for Vec<T> {
    fn rec_decode(v: &Json) -> Self {
        if let Some(bytes) = v.get("bytes").and_then(Json::as_array) {
            return bytes.iter().map(T::rec_decode).collect();
        }
        rec_items(v).iter().map(T::rec_decode).collect()
    }
}
impl<T: RecDecode, const N: usize> RecDecode for [T; N] {
    fn rec_decode(v: &Json) -> Self {
        match <[T; N]>::try_from(Vec::rec_decode(v)) {
            Ok(items) => items,
            Err(_) => rec_skip("an array of another length"),
        }
    }
}
impl<T: RecDecode> RecDecode for &'static [T] {
    fn rec_decode(v: &Json) -> Self {
        Vec::leak(Vec::rec_decode(v))
    }
}
impl<T: RecEncode> RecEncode for ::std::collections::VecDeque<T> {
    fn rec_encode(&self) -> Json {
        json!({"list": self.iter().map(RecEncode::rec_encode).collect::<Vec<_>>()})
    }
}
impl<T: RecDecode> RecDecode for ::std::collections::VecDeque<T> {
    fn rec_decode(v: &Json) -> Self {
        rec_items(v).iter().map(T::rec_decode).collect()
    }
}
impl<T: RecEncode> RecEncode for Option<T> {
    fn rec_encode(&self) -> Json {
        self.as_ref().map_or(Json::Null, RecEncode::rec_encode)
    }
}
impl<T: RecDecode> RecDecode for Option<T> {
    fn rec_decode(v: &Json) -> Self {
        if v.is_null() { None } else { Some(T::rec_decode(v)) }
    }
}
impl<T: RecEncode + ?Sized> RecEncode for &T {
    fn rec_encode(&self) -> Json {
        (**self).rec_encode()
    }
}
impl<T: RecEncode + ?Sized> RecEncode for &mut T {
    fn rec_encode(&self) -> Json {
        (**self).rec_encode()
    }
}
impl<T: RecDecode> RecDecode for &'static T {
    fn rec_decode(v: &Json) -> Self {
        Box::leak(Box::new(T::rec_decode(v)))
    }
}
macro_rules! rec_boxes {
    ($($b:path),*) => {$(
        impl<T: RecEncode> RecEncode for $b {
            fn rec_encode(&self) -> Json {
                (**self).rec_encode()
            }
        }
    )*};
}
rec_boxes!(Box<T>, RecArc<T>, ::std::rc::Rc<T>);
impl<T: RecDecode> RecDecode for Box<T> {
    fn rec_decode(v: &Json) -> Self {
        Box::new(T::rec_decode(v))
    }
}
impl<T: RecDecode> RecDecode for RecArc<T> {
    fn rec_decode(v: &Json) -> Self {
        RecArc::new(T::rec_decode(v))
    }
}
impl<T: RecDecode> RecDecode for ::std::rc::Rc<T> {
    fn rec_decode(v: &Json) -> Self {
        ::std::rc::Rc::new(T::rec_decode(v))
    }
}
macro_rules! rec_tuples {
    ($(($($n:ident $i:tt),*)),*) => {$(
        impl<$($n: RecEncode),*> RecEncode for ($($n,)*) {
            fn rec_encode(&self) -> Json {
                json!({"tuple": [$(self.$i.rec_encode()),*]})
            }
        }
        impl<$($n: RecDecode),*> RecDecode for ($($n,)*) {
            fn rec_decode(v: &Json) -> Self {
                let items = rec_items(v);
                ($($n::rec_decode(&items[$i]),)*)
            }
        }
    )*};
}
rec_tuples!((A 0, B 1), (A 0, B 1, C 2), (A 0, B 1, C 2, D 3), (A 0, B 1, C 2, D 3, E 4));

fn rec_pairs<'a, K: RecEncode + 'a, W: RecEncode + 'a>(pairs: impl Iterator<Item = (&'a K, &'a W)>) -> Json {
    let mut out: Vec<[Json; 2]> = pairs.map(|(k, w)| [k.rec_encode(), w.rec_encode()]).collect();
    out.sort_by_key(|pair| pair[0].to_string());
    json!({"dict": out})
}
fn rec_entries<K: RecDecode, W: RecDecode>(v: &Json) -> Vec<(K, W)> {
    let Some(items) = v.get("dict").and_then(Json::as_array) else { rec_skip("not a map") };
    items.iter().map(|pair| (K::rec_decode(&pair[0]), W::rec_decode(&pair[1]))).collect()
}
impl<K: RecEncode, W: RecEncode> RecEncode for RecHashMap<K, W> {
    fn rec_encode(&self) -> Json {
        rec_pairs(self.iter())
    }
}
impl<K: RecEncode, W: RecEncode> RecEncode for RecBTreeMap<K, W> {
    fn rec_encode(&self) -> Json {
        rec_pairs(self.iter())
    }
}
impl<K: RecDecode + Eq + ::std::hash::Hash, W: RecDecode> RecDecode for RecHashMap<K, W> {
    fn rec_decode(v: &Json) -> Self {
        rec_entries(v).into_iter().collect()
    }
}
impl<K: RecDecode + Ord, W: RecDecode> RecDecode for RecBTreeMap<K, W> {
    fn rec_decode(v: &Json) -> Self {
        rec_entries(v).into_iter().collect()
    }
}
fn rec_set<'a, T: RecEncode + 'a>(items: impl Iterator<Item = &'a T>) -> Json {
    let mut out: Vec<Json> = items.map(RecEncode::rec_encode).collect();
    out.sort_by_key(ToString::to_string);
    json!({"set": out})
}
impl<T: RecEncode> RecEncode for RecHashSet<T> {
    fn rec_encode(&self) -> Json {
        rec_set(self.iter())
    }
}
impl<T: RecEncode> RecEncode for RecBTreeSet<T> {
    fn rec_encode(&self) -> Json {
        rec_set(self.iter())
    }
}
impl<T: RecDecode + Eq + ::std::hash::Hash> RecDecode for RecHashSet<T> {
    fn rec_decode(v: &Json) -> Self {
        rec_items(v).iter().map(T::rec_decode).collect()
    }
}
impl<T: RecDecode + Ord> RecDecode for RecBTreeSet<T> {
    fn rec_decode(v: &Json) -> Self {
        rec_items(v).iter().map(T::rec_decode).collect()
    }
}

// Objects of the runtime

fn rec_made(v: &Json) -> &Json {
    v.get("made").map_or_else(|| rec_skip("not an object of the runtime"), |made| &made[1])
}
fn rec_seconds(v: &Json) -> ::std::time::Duration {
    ::foundation::clock::seconds(f64::rec_decode(v))
}
impl RecDecode for ::foundation::resilience::CircuitBreaker {
    fn rec_decode(v: &Json) -> Self {
        let given = rec_made(v);
        let mut made = Self::builder(String::rec_decode(&given["name"]));
        if let Some(n) = given.get("failure_threshold") {
            made = made.failure_threshold(u32::rec_decode(n));
        }
        if let Some(n) = given.get("recovery_timeout") {
            made = made.recovery_timeout(rec_seconds(n));
        }
        made.build()
    }
}
impl RecDecode for ::foundation::resilience::RateLimiter {
    fn rec_decode(v: &Json) -> Self {
        let given = rec_made(v);
        Self::builder(u32::rec_decode(&given["limit"])).period(rec_seconds(&given["period"])).build()
    }
}
impl RecDecode for ::foundation::logging::Logger {
    fn rec_decode(v: &Json) -> Self {
        let _ = rec_made(v);
        Self::builder("test").build()
    }
}
impl RecDecode for ::foundation::http::HttpClient {
    fn rec_decode(v: &Json) -> Self {
        let given = rec_made(v);
        let mut made = Self::builder().base_url(String::rec_decode(&given["base_url"]));
        if let Some(n) = given.get("max_attempts") {
            made = made.max_attempts(u32::rec_decode(n));
        }
        if let Some(n) = given.get("base_delay") {
            made = made.base_delay(rec_seconds(n));
        }
        made.build().unwrap_or_else(|_| rec_skip("no client"))
    }
}

// Errors

/// The class of an error, its message, and the class of its cause.
pub struct RecSeen {
    class: String,
    message: String,
    cause: Option<String>,
}

pub trait RecFailure {
    fn rec_failure(&self) -> RecSeen;
}

/// An error of the class that a script names; None when the type has none.
pub trait RecScripted: Sized {
    fn rec_scripted(class: &str) -> Option<Self>;
}

fn rec_seen(class: &str, message: String) -> RecSeen {
    RecSeen { class: class.to_owned(), message, cause: None }
}
impl RecFailure for ::foundation::Error {
    fn rec_failure(&self) -> RecSeen {
        use ::foundation::errors::Classify;
        let cause = self.cause().map(|cause| rec_boxed(cause).class);
        RecSeen { class: self.class().name().to_owned(), message: self.to_string(), cause }
    }
}
impl RecScripted for ::foundation::Error {
    fn rec_scripted(class: &str) -> Option<Self> {
        Some(match class {
            "NetworkError" => Self::network("scripted"),
            "TimeoutError" => Self::timeout("scripted"),
            "ServiceUnavailable" => Self::service_unavailable("scripted"),
            "AuthenticationError" => Self::authentication("scripted"),
            "ValidationError" => Self::validation("scripted"),
            "HttpError" => Self::http("scripted"),
            _ => return None,
        })
    }
}
impl RecFailure for ::std::io::Error {
    fn rec_failure(&self) -> RecSeen {
        match self.get_ref().and_then(|inner| inner.downcast_ref::<::foundation::Error>()) {
            Some(error) => error.rec_failure(),
            None => rec_seen("OSError", self.to_string()),
        }
    }
}
impl RecScripted for ::std::io::Error {
    fn rec_scripted(class: &str) -> Option<Self> {
        match class {
            "OSError" => Some(::std::io::Error::other("scripted")),
            _ => ::foundation::Error::rec_scripted(class).map(Into::into),
        }
    }
}
impl RecFailure for String {
    fn rec_failure(&self) -> RecSeen {
        rec_seen("RuntimeError", self.clone())
    }
}
impl RecScripted for String {
    fn rec_scripted(class: &str) -> Option<Self> {
        (class == "RuntimeError").then(|| "scripted".to_owned())
    }
}
impl RecFailure for &str {
    fn rec_failure(&self) -> RecSeen {
        rec_seen("RuntimeError", (*self).to_owned())
    }
}
impl RecFailure for ::std::num::ParseIntError {
    fn rec_failure(&self) -> RecSeen {
        rec_seen("ValueError", self.to_string())
    }
}
impl RecFailure for ::std::num::ParseFloatError {
    fn rec_failure(&self) -> RecSeen {
        rec_seen("ValueError", self.to_string())
    }
}
impl RecFailure for ::std::num::TryFromIntError {
    fn rec_failure(&self) -> RecSeen {
        rec_seen("ValueError", self.to_string())
    }
}
impl RecFailure for Box<dyn ::std::error::Error + Send + Sync> {
    fn rec_failure(&self) -> RecSeen {
        rec_boxed(&**self)
    }
}
impl RecFailure for Box<dyn ::std::error::Error> {
    fn rec_failure(&self) -> RecSeen {
        rec_boxed(&**self)
    }
}
impl RecScripted for Box<dyn ::std::error::Error + Send + Sync> {
    fn rec_scripted(class: &str) -> Option<Self> {
        ::foundation::Error::rec_scripted(class).map(Into::into)
    }
}
impl RecScripted for Box<dyn ::std::error::Error> {
    fn rec_scripted(class: &str) -> Option<Self> {
        ::foundation::Error::rec_scripted(class).map(Into::into)
    }
}
fn rec_boxed(error: &(dyn ::std::error::Error + 'static)) -> RecSeen {
    if let Some(seen) = rec_known(error) {
        return seen;
    }
    if let Some(error) = error.downcast_ref::<::foundation::Error>() {
        return error.rec_failure();
    }
    if let Some(error) = error.downcast_ref::<::std::io::Error>() {
        return error.rec_failure();
    }
    if let Some(exit) = error.downcast_ref::<::foundation::cli::Exit>() {
        return rec_seen("Exit", exit.to_string());
    }
    if error.is::<::std::num::ParseIntError>() || error.is::<::std::num::ParseFloatError>() {
        return rec_seen("ValueError", error.to_string());
    }
    rec_seen("RuntimeError", error.to_string())
}

// Outcomes

pub trait RecOutcome {
    fn rec_outcome(self) -> Json;
}
impl<T: RecEncode> RecOutcome for T {
    fn rec_outcome(self) -> Json {
        json!({"value": self.rec_encode()})
    }
}
impl<T: RecEncode, E: RecFailure> RecOutcome for RecResult<T, E> {
    fn rec_outcome(self) -> Json {
        match self {
            Ok(value) => json!({"value": value.rec_encode()}),
            Err(error) => {
                let seen = error.rec_failure();
                let mut out = json!({"error": seen.class, "message": seen.message});
                if let Some(cause) = seen.cause {
                    out["cause"] = json!(cause);
                }
                out
            }
        }
    }
}

pub trait RecAnswer {
    fn rec_answer(outcome: &Json) -> Self;
}
impl<T: RecDecode> RecAnswer for T {
    fn rec_answer(outcome: &Json) -> Self {
        match outcome.get("value") {
            Some(value) => T::rec_decode(value),
            None => rec_skip("a failure where none is possible"),
        }
    }
}
impl<T: RecDecode, E: RecScripted> RecAnswer for RecResult<T, E> {
    fn rec_answer(outcome: &Json) -> Self {
        match outcome.get("error").and_then(Json::as_str) {
            Some(class) => match E::rec_scripted(class) {
                Some(error) => Err(error),
                None => rec_skip("an error that the type does not have"),
            },
            None => Ok(T::rec_decode(&outcome["value"])),
        }
    }
}

/// Answers from a script and notes its calls.
pub struct RecFake {
    name: String,
    scripts: Json,
    at: ::std::sync::Mutex<RecHashMap<String, usize>>,
}

impl RecFake {
    fn new(v: &Json) -> RecArc<Self> {
        let Some(fake) = v.get("fake") else { rec_skip("not a fake") };
        RecArc::new(Self {
            name: fake["name"].as_str().unwrap_or_default().to_owned(),
            scripts: fake["methods"].clone(),
            at: Default::default(),
        })
    }

    fn answer<T: RecAnswer>(&self, method: &str, args: Vec<Json>) -> T {
        let name = if method.is_empty() { self.name.clone() } else { format!("{}.{method}", self.name) };
        let made = TRACE.with(|trace| {
            trace.borrow_mut().push(json!([name, args]));
            trace.borrow().len()
        });
        if made > LONGEST {
            rec_skip("more calls than a test should make");
        }
        let Some(script) = self.scripts[method].as_array() else { rec_skip("no script") };
        let mut at = self.at.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let n = at.entry(method.to_owned()).or_insert(0);
        let outcome = script[(*n).min(script.len() - 1)].clone();
        *n += 1;
        drop(at);
        T::rec_answer(&outcome)
    }
}

pub fn rec_block_on<F: ::std::future::Future>(future: F) -> F::Output {
    let mut future = ::std::pin::pin!(future);
    let mut context = ::std::task::Context::from_waker(::std::task::Waker::noop());
    for _ in 0..100_000 {
        if let ::std::task::Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
    rec_skip("a future that is never ready")
}

/// In the place of `std::thread::sleep`.
pub fn rec_sleep(duration: ::std::time::Duration) {
    use ::foundation::clock::Clock;
    let _ = ::foundation::clock::SystemClock.sleep(::foundation::clock::nanoseconds(duration), None);
}

struct RecDraws(bool);
impl ::foundation::clock::Random for RecDraws {
    fn fraction(&self) -> u64 {
        if self.0 { (1 << 53) - 1 } else { 0 }
    }
}

/// One step of a case: its outcome, or why it has none.
fn rec_step(run: impl FnOnce() -> Json) -> RecResult<Json, String> {
    match ::std::panic::catch_unwind(::std::panic::AssertUnwindSafe(run)) {
        Ok(seen) => Ok(seen),
        Err(_) => {
            let message = PANICKED.with(|said| said.borrow().clone());
            if let Some(why) = message.strip_prefix("SKIP: ") {
                return Err(why.to_owned());
            }
            let has = |text: &str| message.contains(text);
            if has("overflow") {
                return Err("an overflow, which stops only a program built for debugging".to_owned());
            }
            if has("range start index") || has("range end index") || has("byte index") || has("slice index starts") {
                return Err("a slice outside of its list".to_owned());
            }
            let class = if has("index out of bounds") {
                "IndexError"
            } else if has("divide by zero") || has("divisor of zero") {
                "ZeroDivisionError"
            } else {
                "AssertionError"
            };
            Ok(json!({"error": class, "message": message}))
        }
    }
}

fn rec_run(plan: &Json, high: bool) -> Json {
    TRACE.with(|trace| trace.borrow_mut().clear());
    SLEEPS.with(|sleeps| sleeps.borrow_mut().clear());
    let clock = RecArc::new(::foundation::clock::VirtualClock::observed(|_, ns| {
        SLEEPS.with(|sleeps| sleeps.borrow_mut().push(ns));
    }));
    clock.advance(1_000_000_000_000);
    let turn = clock.clone();
    let made = ::foundation::clock::simulate(clock, RecArc::new(RecDraws(high)), || {
        ::std::panic::catch_unwind(::std::panic::AssertUnwindSafe(|| rec_dispatch(plan, &turn)))
    });
    let mut out = match made {
        Ok(Ok(seen)) => seen,
        Ok(Err(why)) => json!({"skipped": why}),
        Err(_) => json!({"skipped": PANICKED.with(|said| said.borrow().trim_start_matches("SKIP: ").to_owned())}),
    };
    if out.get("skipped").is_none() {
        out["trace"] = json!(TRACE.with(|trace| trace.borrow().clone()));
        out["sleeps"] = json!(SLEEPS.with(|sleeps| sleeps.borrow().clone()));
    }
    out["index"] = plan["index"].clone();
    out
}

pub fn rec_main() {
    use ::std::io::{BufRead, Write};
    ::std::panic::set_hook(Box::new(|info| {
        let said = info
            .payload()
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| info.payload().downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_default();
        PANICKED.with(|held| *held.borrow_mut() = said);
    }));
    let path = ::std::env::var("FOUNDATION_RECORD_OUT").expect("FOUNDATION_RECORD_OUT");
    let mut out = ::std::fs::OpenOptions::new().append(true).create(true).open(path).expect("the record's file");
    let lines: Vec<String> = ::std::io::stdin().lock().lines().map_while(RecResult::ok).collect();
    for line in lines {
        let plan: Json = ::serde_json::from_str(&line).expect("a plan");
        let seen = rec_run(&plan, plan["high"].as_bool().unwrap_or(false));
        let _ = writeln!(out, "{seen}");
    }
}

type RecTurn = RecArc<::foundation::clock::VirtualClock>;

fn rec_turn(plan: &Json, turn: &RecTurn, step: i64) {
    if step > 0 {
        turn.advance(plan["advance"].as_i64().unwrap_or(0));
    }
}
#[allow(dead_code)]
type RecCell = Cell<usize>;
