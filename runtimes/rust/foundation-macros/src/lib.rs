//! The attributes of the foundation crate: `#[retry]`, `#[circuit_breaker]`, `#[rate_limit]`, `#[error_boundary]` and
//! `#[register_command]`. Durations in attributes are seconds. A wrong argument is a compile error at the argument.

mod arguments;
mod command;

use arguments::{classes, Arguments, Number};
use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::{parse_macro_input, Error, Expr, ItemFn, Lit, ReturnType};

/// Wraps a function's body: `wrap` gets the body as an operation, a closure or a future, and gives the new body.
fn wrap(mut function: ItemFn, attribute: &str, wrap: impl FnOnce(&Tokens, bool) -> Tokens) -> syn::Result<Tokens> {
    let ReturnType::Type(_, output) = &function.sig.output else {
        let message = format!("#[{attribute}] needs a function that returns Result<T, E>");
        return Err(Error::new_spanned(&function.sig, message));
    };
    let body = &function.block;
    let is_async = function.sig.asyncness.is_some();
    let operation = if is_async {
        quote!(|| async { let __outcome: #output = async #body.await; __outcome })
    } else {
        quote!(|| -> #output #body)
    };
    let wrapped = wrap(&operation, is_async);
    *function.block = syn::parse2(quote!({ #wrapped }))?;
    Ok(quote!(#function))
}

/// The new function, or the errors and the function as it was, so that its callers are not reported as well.
fn expand(function: ItemFn, rewrite: impl FnOnce(ItemFn) -> syn::Result<Tokens>) -> TokenStream {
    match rewrite(function.clone()) {
        Ok(tokens) => tokens.into(),
        Err(error) => {
            let errors = error.into_compile_error();
            quote!(#errors #function).into()
        }
    }
}

/// Retries a function that returns `Result<T, E>`, sync or async, with a backoff between the calls.
///
/// Arguments: `max_attempts`, `base_delay`, `max_delay` (seconds), `backoff` or `backoff_strategy` (`"exponential"`,
/// `"linear"`, `"fixed"`), `jitter` (`true`, `false`, `"none"`, `"full"`, `"equal"`, `"symmetric"`), `retryable`,
/// `non_retryable` (lists of classes), `policy` (an expression, in place of the others).
#[proc_macro_attribute]
pub fn retry(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    expand(function, |function| retry_function(arguments.into(), function))
}

fn retry_function(arguments: Tokens, function: ItemFn) -> syn::Result<Tokens> {
    const KNOWN: &[&str] = &[
        "max_attempts",
        "base_delay",
        "max_delay",
        "backoff",
        "backoff_strategy",
        "jitter",
        "retryable",
        "retryable_errors",
        "non_retryable",
        "policy",
    ];
    let arguments = Arguments::parse(arguments, "retry", KNOWN)?;
    let mut policy = match arguments.get("policy") {
        Some(policy) => quote!(::core::clone::Clone::clone(&(#policy))),
        None => quote!(::foundation::resilience::RetryPolicy::new()),
    };
    if let Some(calls) = arguments.integer("max_attempts", 1, 100)? {
        policy.extend(quote!(.max_attempts(#calls)));
    }
    if let Some(delay) = arguments.seconds("base_delay", 0.0, 300.0)? {
        policy.extend(quote!(.base_delay(#delay)));
    }
    if let Some(delay) = arguments.seconds("max_delay", 0.0, 3600.0)? {
        policy.extend(quote!(.max_delay(#delay)));
    }
    for name in ["backoff", "backoff_strategy"] {
        let choices = [("exponential", "Exponential"), ("linear", "Linear"), ("fixed", "Fixed")];
        if let Some(strategy) = arguments.choice(name, &choices)? {
            policy.extend(quote!(.backoff(::foundation::resilience::Backoff::#strategy)));
        }
    }
    if let Some(jitter) = arguments.get("jitter") {
        let jitter = match jitter {
            Expr::Lit(literal) if matches!(&literal.lit, Lit::Bool(on) if on.value) => {
                quote!(::foundation::resilience::Jitter::Symmetric(0.25))
            }
            Expr::Lit(literal) if matches!(literal.lit, Lit::Bool(_)) => quote!(::foundation::resilience::Jitter::None),
            Expr::Lit(literal) if matches!(&literal.lit, Lit::Str(kind) if kind.value() == "symmetric") => {
                quote!(::foundation::resilience::Jitter::Symmetric(0.25))
            }
            Expr::Lit(_) => {
                let kind = arguments.choice("jitter", &[("none", "None"), ("full", "Full"), ("equal", "Equal")])?;
                quote!(::foundation::resilience::Jitter::#kind)
            }
            other => quote!(#other),
        };
        policy.extend(quote!(.jitter(#jitter)));
    }
    for (name, method) in [
        ("retryable", quote!(retryable)),
        ("retryable_errors", quote!(retryable)),
        ("non_retryable", quote!(non_retryable)),
    ] {
        if let Some(list) = arguments.get(name) {
            let list = classes(list)?;
            policy.extend(quote!(.#method(#list)));
        }
    }
    let policy = if arguments.are_constant() {
        // The policy is the same for every call, so it is made once.
        quote! {{
            static __POLICY: ::std::sync::OnceLock<::foundation::resilience::RetryPolicy> = ::std::sync::OnceLock::new();
            __POLICY.get_or_init(|| #policy)
        }}
    } else {
        policy
    };
    wrap(function, "retry", |operation, is_async| {
        if is_async {
            quote!(#policy.run_async(#operation).await)
        } else {
            quote!(#policy.run(#operation))
        }
    })
}

/// Guards a function that returns `Result<T, E>`, sync or async, with a circuit breaker of its own.
///
/// Arguments: `failure_threshold`, `recovery_timeout` (seconds), `half_open_max_calls`, `success_threshold`, `expected`,
/// `excluded` (lists of classes), `name` (default: the function's).
#[proc_macro_attribute]
pub fn circuit_breaker(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    expand(function, |function| circuit_breaker_function(arguments.into(), function))
}

fn circuit_breaker_function(arguments: Tokens, function: ItemFn) -> syn::Result<Tokens> {
    const KNOWN: &[&str] = &[
        "failure_threshold",
        "recovery_timeout",
        "half_open_max_calls",
        "success_threshold",
        "expected",
        "expected_exception",
        "failures",
        "excluded",
        "name",
    ];
    let arguments = Arguments::parse(arguments, "circuit_breaker", KNOWN)?;
    let name = arguments.string("name")?.unwrap_or_else(|| function.sig.ident.to_string());
    let mut builder = quote!(::foundation::resilience::CircuitBreaker::builder(#name));
    if let Some(failures) = arguments.integer("failure_threshold", 1, 10_000)? {
        builder.extend(quote!(.failure_threshold(#failures)));
    }
    if let Some(timeout) = arguments.seconds("recovery_timeout", 0.0, 86_400.0)? {
        builder.extend(quote!(.recovery_timeout(#timeout)));
    }
    if let Some(calls) = arguments.integer("half_open_max_calls", 1, 1000)? {
        builder.extend(quote!(.half_open_max_calls(#calls)));
    }
    if let Some(successes) = arguments.integer("success_threshold", 1, 1000)? {
        builder.extend(quote!(.success_threshold(#successes)));
    }
    for name in ["expected", "expected_exception", "failures"] {
        if let Some(list) = arguments.get(name) {
            let list = classes(list)?;
            builder.extend(quote!(.expected(#list)));
        }
    }
    if let Some(list) = arguments.get("excluded") {
        let list = classes(list)?;
        builder.extend(quote!(.excluded(#list)));
    }
    wrap(function, "circuit_breaker", |operation, is_async| {
        let call = if is_async { quote!(call_async(#operation).await) } else { quote!(call(#operation)) };
        quote! {
            static __BREAKER: ::std::sync::OnceLock<::foundation::resilience::CircuitBreaker> = ::std::sync::OnceLock::new();
            __BREAKER.get_or_init(|| #builder.build()).#call
        }
    })
}

/// Limits the rate of a function that returns `Result<T, E>`, sync or async, with a limiter of its own.
///
/// Arguments: `limit` (required), `period` (seconds), `burst`, `algorithm` (`"token_bucket"`, `"sliding_window"`), `wait`.
#[proc_macro_attribute]
pub fn rate_limit(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    expand(function, |function| rate_limit_function(arguments.into(), function))
}

fn rate_limit_function(arguments: Tokens, function: ItemFn) -> syn::Result<Tokens> {
    let arguments = Arguments::parse(arguments, "rate_limit", &["limit", "period", "burst", "algorithm", "wait"])?;
    let Some(limit) = arguments.integer("limit", 1, 1_000_000_000)? else {
        return Err(Error::new_spanned(&function.sig.ident, "#[rate_limit] needs `limit`, the permits per period"));
    };
    let mut builder = quote!(::foundation::resilience::RateLimiter::builder(#limit));
    if let Some(period) = arguments.seconds("period", 0.001, 86_400.0)? {
        builder.extend(quote!(.period(#period)));
    }
    if let Some(burst) = arguments.integer("burst", 1, 1_000_000_000)? {
        builder.extend(quote!(.burst(#burst)));
    }
    let choices = [("token_bucket", "TokenBucket"), ("sliding_window", "SlidingWindow")];
    if let Some(algorithm) = arguments.choice("algorithm", &choices)? {
        builder.extend(quote!(.algorithm(::foundation::resilience::Algorithm::#algorithm)));
    }
    let waits = arguments.boolean("wait")?.unwrap_or(false);
    wrap(function, "rate_limit", |operation, is_async| {
        let take = match (waits, is_async) {
            (false, _) => quote!(acquire(1)),
            (true, false) => quote!(wait(1, ::core::option::Option::None)),
            (true, true) => quote!(wait_async(1, ::core::option::Option::None).await),
        };
        let call = if is_async { quote!((#operation)().await) } else { quote!((#operation)()) };
        quote! {
            static __LIMITER: ::std::sync::OnceLock<::foundation::resilience::RateLimiter> = ::std::sync::OnceLock::new();
            __LIMITER.get_or_init(|| #builder.build()).#take?;
            #call
        }
    })
}

/// Catches the errors of a function that returns `Result<T, E>`, sync or async: records them, then returns them or a
/// fallback.
///
/// Arguments: `catch` (a list of classes), `reraise`, `fallback` (default: the type's default), `log_errors`, `name`.
#[proc_macro_attribute]
pub fn error_boundary(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    expand(function, |function| error_boundary_function(arguments.into(), function))
}

fn error_boundary_function(arguments: Tokens, function: ItemFn) -> syn::Result<Tokens> {
    const KNOWN: &[&str] = &["catch", "reraise", "fallback", "log_errors", "name"];
    let arguments = Arguments::parse(arguments, "error_boundary", KNOWN)?;
    let name = arguments.string("name")?.unwrap_or_else(|| function.sig.ident.to_string());
    let mut boundary = quote!(::foundation::errors::ErrorBoundary::new(#name));
    if let Some(list) = arguments.get("catch") {
        let list = classes(list)?;
        boundary.extend(quote!(.catch(#list)));
    }
    let reraise = arguments.boolean("reraise")?.unwrap_or(true);
    boundary.extend(quote!(.reraise(#reraise)));
    if let Some(log_errors) = arguments.boolean("log_errors")? {
        boundary.extend(quote!(.log_errors(#log_errors)));
    }
    let fallback = arguments.get("fallback").cloned();
    wrap(function, "error_boundary", |operation, is_async| match (fallback, reraise, is_async) {
        (Some(fallback), _, false) => quote!(#boundary.run_or(#fallback, #operation)),
        (Some(fallback), _, true) => quote!(#boundary.run_or_async(#fallback, (#operation)()).await),
        (None, false, false) => quote!(#boundary.run(#operation)),
        (None, false, true) => quote!(#boundary.run_async((#operation)()).await),
        // An error that is always returned needs no fallback, so the type needs no default.
        (None, true, false) => quote!(#boundary.observe(#operation)),
        (None, true, true) => quote!(#boundary.observe_async((#operation)()).await),
    })
}

/// Makes a command of a function. Beside `fn migrate(...)` it makes `fn migrate_command() -> Command`, for
/// `App::register`.
///
/// Arguments: `name` (default: the function's), `description` (default: the doc comment), `aliases`, `hidden`, `category`.
/// The parameters become the command's: `String`, `i64` and `f64` are arguments, `Option<_>` of them are options, `bool` is
/// a switch, `Vec<_>` collects arguments; a sole `&Args` takes them all as they are.
#[proc_macro_attribute]
pub fn register_command(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let function = parse_macro_input!(item as ItemFn);
    expand(function, |function| command::register(arguments.into(), &function))
}

impl quote::ToTokens for Number {
    fn to_tokens(&self, tokens: &mut Tokens) {
        self.0.to_tokens(tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    type Expand = fn(Tokens, ItemFn) -> syn::Result<Tokens>;

    fn message(expand: Expand, arguments: Tokens) -> String {
        let function: ItemFn = parse_quote!(
            fn f() -> Result<(), E> {
                Ok(())
            }
        );
        match expand(arguments, function) {
            Ok(tokens) => panic!("it was accepted: {tokens}"),
            Err(error) => error.into_iter().map(|error| error.to_string()).collect::<Vec<_>>().join("; "),
        }
    }

    #[test]
    fn wrong_arguments_are_explained() {
        let cases: Vec<(Expand, Tokens, &str)> = vec![
            (
                retry_function,
                quote!(attempts = 3),
                "#[retry] has no argument `attempts`; it has max_attempts, base_delay",
            ),
            (retry_function, quote!(a = 1, b = 2), "no argument `b`"),
            (retry_function, quote!(max_attempts = 1, max_attempts = 2), "`max_attempts` is given twice"),
            (retry_function, quote!(max_attempts), "`max_attempts` needs a value: `max_attempts = ...`"),
            (retry_function, quote!(max_attempts = 0), "`max_attempts` is 0; it must be an integer from 1 to 100"),
            (retry_function, quote!(max_attempts = 101), "`max_attempts` is 101; it must be an integer from 1 to 100"),
            (retry_function, quote!(max_attempts = -1), "`max_attempts` is -1;"),
            (retry_function, quote!(max_attempts = "3"), "`max_attempts` is not an integer;"),
            (retry_function, quote!(max_attempts = 99999999999999999999999), "it must be an integer from 1 to 100"),
            (
                retry_function,
                quote!(base_delay = 300.5),
                "`base_delay` is 300.5; it must be a number of seconds from 0 to 300",
            ),
            (
                retry_function,
                quote!(base_delay = -1),
                "`base_delay` is -1; it must be a number of seconds from 0 to 300",
            ),
            (retry_function, quote!(base_delay = "1s"), "`base_delay` is not a number;"),
            (
                retry_function,
                quote!(backoff = "cubic"),
                "`backoff` must be one of \"exponential\", \"linear\", \"fixed\"",
            ),
            (retry_function, quote!(jitter = "wild"), "`jitter` must be one of"),
            (
                retry_function,
                quote!(retryable = 3),
                "this must be a list of error classes, like [NetworkError, TimeoutError]",
            ),
            (retry_function, quote!(retryable = [3]), "this must be the name of an error class"),
            (circuit_breaker_function, quote!(failure_threshold = 0), "`failure_threshold` is 0;"),
            (circuit_breaker_function, quote!(name = 3), "`name` must be a string"),
            (rate_limit_function, quote!(period = 1.0), "#[rate_limit] needs `limit`"),
            (
                rate_limit_function,
                quote!(limit = 1, period = 0),
                "`period` is 0; it must be a number of seconds from 0.001",
            ),
            (rate_limit_function, quote!(limit = 1, wait = 1), "`wait` must be true or false"),
            (error_boundary_function, quote!(reraise = "no"), "`reraise` must be true or false"),
        ];
        for (expand, arguments, expected) in cases {
            let shown = arguments.to_string();
            let message = message(expand, arguments);
            assert!(message.contains(expected), "{shown}: {message}");
        }
    }

    #[test]
    fn functions_must_fit() {
        let no_result: ItemFn = parse_quote!(
            fn f() {}
        );
        let error = retry_function(quote!(), no_result).unwrap_err();
        assert_eq!("#[retry] needs a function that returns Result<T, E>", error.to_string());
        let cases: Vec<(Tokens, ItemFn, &str)> = vec![
            (
                quote!(),
                parse_quote!(
                    async fn f() -> Result<(), E> {}
                ),
                "not async",
            ),
            (
                quote!(),
                parse_quote!(
                    fn f(&self) -> Result<(), E> {}
                ),
                "a function, not a method",
            ),
            (
                quote!(),
                parse_quote!(
                    fn f((a, b): (i64, i64)) -> Result<(), E> {}
                ),
                "must be a name",
            ),
            (
                quote!(),
                parse_quote!(
                    fn f(a: u128) -> Result<(), E> {}
                ),
                "must be a String, an i64, an f64, a bool",
            ),
            (
                quote!(),
                parse_quote!(
                    fn f(a: Option<u8>) -> Result<(), E> {}
                ),
                "must be a String, an i64, an f64, a bool",
            ),
            (
                quote!(name = "a..b"),
                parse_quote!(
                    fn f() -> Result<(), E> {}
                ),
                "\"a..b\" has an empty part",
            ),
            (
                quote!(aliases = "m"),
                parse_quote!(
                    fn f() -> Result<(), E> {}
                ),
                "`aliases` must be a list of strings",
            ),
            (
                quote!(aliases = [1]),
                parse_quote!(
                    fn f() -> Result<(), E> {}
                ),
                "`aliases` must be a list of strings",
            ),
        ];
        for (arguments, function, expected) in cases {
            let error = command::register(arguments, &function).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn seconds_are_converted_when_compiling() {
        let function: ItemFn = parse_quote!(
            fn f() -> Result<(), E> {
                Ok(())
            }
        );
        let tokens = retry_function(quote!(base_delay = 0.1, max_delay = LIMIT, max_attempts = N), function)
            .unwrap()
            .to_string();
        for part in ["from_nanos (100000000u64)", "clock :: seconds (f64 :: from (LIMIT))", "max_attempts ((N))"] {
            assert!(tokens.contains(part), "{tokens}");
        }
    }
}
