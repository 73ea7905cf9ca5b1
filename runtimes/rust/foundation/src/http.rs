//! HTTP client with a time-out for each attempt, retry and bounded redirects.
//!
//! It stands on `ureq` for the transport. Redirects are followed here, because libraries differ in which headers and methods
//! they keep.
//!
//! ```no_run
//! use std::time::Duration;
//! use foundation::http::HttpClient;
//!
//! let client = HttpClient::builder().base_url("http://inventory").timeout(Duration::from_secs(5)).max_attempts(3).build()?;
//! let items = client.get("/items")?.text();
//! # Ok::<(), foundation::errors::Error>(())
//! ```
//!
//! In async code run it in `tokio::task::spawn_blocking`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ureq::http;

use crate::Class;
use crate::clock::{Cancellation, Clock, Random, SystemClock, SystemRandom, nanoseconds};
use crate::errors::{Classify, Error, StatusFailure, require_range};
use crate::logging::wall_time;
use crate::record::days_from_civil;
use crate::resilience::RetryPolicy;

type WallClock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Configures an [`HttpClient`].
#[derive(Clone)]
pub struct HttpClientBuilder {
    base_url: Option<String>,
    timeout: Duration,
    max_attempts: u32,
    base_delay: Duration,
    max_delay: Duration,
    retry_statuses: Vec<u16>,
    retry_methods: Vec<String>,
    follow_redirects: bool,
    max_redirects: u32,
    raise_for_status: bool,
    headers: Vec<(String, String)>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    wall_clock: WallClock,
    cancellation: Option<Cancellation>,
    proxy_from_env: bool,
}

impl HttpClientBuilder {
    /// Is put before the paths of requests.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// Bounds each attempt, from 1 ms to an hour; the default is 30 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The number of attempts, the first one included, from 1 to 100; the default is 3.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// The delay after the first failed attempt, up to 300 s; the default is 500 ms.
    #[must_use]
    pub fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// The cap on delays, the server's `Retry-After` included, up to an hour; the default is 60 s.
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// The statuses that are retried; the default is 429, 502, 503 and 504.
    #[must_use]
    pub fn retry_statuses(mut self, statuses: impl Into<Vec<u16>>) -> Self {
        self.retry_statuses = statuses.into();
        self
    }

    /// The methods that are retried; the default is GET, HEAD, OPTIONS, PUT and DELETE.
    #[must_use]
    pub fn retry_methods<S: AsRef<str>>(mut self, methods: impl IntoIterator<Item = S>) -> Self {
        self.retry_methods = methods.into_iter().map(|method| method.as_ref().to_uppercase()).collect();
        self
    }

    /// Whether redirects are followed; they are by default.
    #[must_use]
    pub fn follow_redirects(mut self, follow: bool) -> Self {
        self.follow_redirects = follow;
        self
    }

    /// The redirects that one attempt may follow, from 0 to 50; the default is 5.
    #[must_use]
    pub fn max_redirects(mut self, redirects: u32) -> Self {
        self.max_redirects = redirects;
        self
    }

    /// Whether a status of 400 or more is an error; it is by default.
    #[must_use]
    pub fn raise_for_status(mut self, raise: bool) -> Self {
        self.raise_for_status = raise;
        self
    }

    /// Adds a header to every request that does not set it itself.
    #[must_use]
    pub fn default_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Whether the proxies that the environment names are used; they are by default.
    #[must_use]
    pub fn proxy_from_env(mut self, read: bool) -> Self {
        self.proxy_from_env = read;
        self
    }

    /// Injects the clock that sleeps between attempts.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Injects the random source of the jitter.
    #[must_use]
    pub fn random(mut self, random: Arc<dyn Random>) -> Self {
        self.random = random;
        self
    }

    /// Injects the wall clock, nanoseconds since the Unix epoch, that a `Retry-After` date is compared with.
    #[must_use]
    pub fn wall_clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.wall_clock = Arc::new(clock);
        self
    }

    /// Ends waiting between attempts, with `CancelledError`, when the signal is given. A request on its way is bounded by
    /// the time-out only.
    #[must_use]
    pub fn cancellation(mut self, cancellation: Cancellation) -> Self {
        self.cancellation = Some(cancellation);
        self
    }

    /// The client, or the `ConfigurationError` for a setting out of its range.
    pub fn build(self) -> Result<HttpClient, Error> {
        require_range("timeout", self.timeout, Duration::from_millis(1), Duration::from_secs(3600))?;
        require_range("max_redirects", self.max_redirects, 0, 50)?;
        let policy =
            RetryPolicy::new().max_attempts(self.max_attempts).base_delay(self.base_delay).max_delay(self.max_delay);
        policy.validate()?;
        if let Some(base) = &self.base_url {
            if Url::parse(base).is_none() {
                let message = format!("base_url is {base:?}; it must be an absolute http or https URL");
                return Err(Error::bad_parameter("base_url", message));
            }
        }
        let mut config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            .timeout_global(Some(self.timeout));
        if !self.proxy_from_env {
            config = config.proxy(None);
        }
        Ok(HttpClient { agent: config.build().new_agent(), policy, settings: self })
    }
}

/// A request to send.
#[derive(Clone, Debug, Default)]
pub struct Request {
    method: String,
    url: String,
    params: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    timeout: Option<Duration>,
}

impl Request {
    /// A request without parameters, headers and body; `url` is absolute, or a path under the client's base URL.
    pub fn new(method: impl AsRef<str>, url: impl Into<String>) -> Self {
        Self { method: method.as_ref().to_uppercase(), url: url.into(), ..Self::default() }
    }

    /// Appends a query parameter.
    #[must_use]
    pub fn param(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.params.push((name.into(), value.into()));
        self
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        set_header(&mut self.headers, name.into(), value.into());
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Bounds each attempt, from 1 ms to 1 h, in place of the client's time-out.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

fn classify(method: &str, target: &Url, timeout: Duration, error: ureq::Error) -> Error {
    let message = format!("{method} {}", without_query(&target.to_string()));
    let timed_out = match &error {
        ureq::Error::Timeout(_) => true,
        ureq::Error::Io(error) => error.kind() == std::io::ErrorKind::TimedOut,
        _ => false,
    };
    let unusable = matches!(
        error,
        ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::TlsRequired | ureq::Error::InvalidProxyUrl
    );
    if timed_out {
        let message = format!("{message} took longer than {:?}", timeout);
        Error::Timeout { message, source: Some(Box::new(error)) }
    } else if unusable {
        Error::Http { message, source: Some(Box::new(error)) }
    } else {
        Error::Network { message, source: Some(Box::new(error)) }
    }
}

fn set_header(headers: &mut Vec<(String, String)>, name: String, value: String) {
    headers.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
    headers.push((name, value));
}

/// A response with its whole body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Where the response came from, after redirects.
    pub url: String,
    /// The number of attempts made.
    pub attempts: u32,
    method: String,
}

impl Response {
    /// An `HttpStatusError` for a status of 400 or more: what `raise_for_status(false)` left to the caller.
    pub fn raise_for_status(&self) -> Result<(), Error> {
        if self.status < 400 {
            return Ok(());
        }
        Err(Error::HttpStatus(Box::new(StatusFailure {
            method: self.method.clone(),
            url: without_query(&self.url),
            status: self.status,
            headers: self.headers.clone(),
            body: self.body.clone(),
        })))
    }

    /// The body as text; what is not UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The first header of this name, compared without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Sends requests, keeping connections for reuse. Clones share them.
#[derive(Clone)]
pub struct HttpClient {
    agent: ureq::Agent,
    policy: RetryPolicy,
    settings: HttpClientBuilder,
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("base_url", &self.settings.base_url).finish_non_exhaustive()
    }
}

/// How one attempt ended.
enum Outcome {
    Response(Response),
    /// A failure before there was a response.
    Failed(Error),
}

impl HttpClient {
    /// Starts to configure a client.
    #[must_use]
    pub fn builder() -> HttpClientBuilder {
        HttpClientBuilder {
            base_url: None,
            timeout: Duration::from_secs(30),
            max_attempts: 3,
            base_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(60),
            retry_statuses: vec![429, 502, 503, 504],
            retry_methods: ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"].map(str::to_owned).to_vec(),
            follow_redirects: true,
            max_redirects: 5,
            raise_for_status: true,
            headers: Vec::new(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            wall_clock: Arc::new(wall_time),
            cancellation: None,
            proxy_from_env: true,
        }
    }

    /// Sends a GET request.
    pub fn get(&self, url: &str) -> Result<Response, Error> {
        self.send(&Request::new("GET", url))
    }

    /// Sends a DELETE request.
    pub fn delete(&self, url: &str) -> Result<Response, Error> {
        self.send(&Request::new("DELETE", url))
    }

    /// Sends a PUT request.
    pub fn put(&self, url: &str, body: impl Into<Vec<u8>>) -> Result<Response, Error> {
        self.send(&Request::new("PUT", url).body(body))
    }

    /// Sends a POST request; it is not retried by default, because the server may have acted on a failed one.
    pub fn post(&self, url: &str, body: impl Into<Vec<u8>>) -> Result<Response, Error> {
        self.send(&Request::new("POST", url).body(body))
    }

    /// Sends a request, retrying by the client's policy. A `NetworkError`, a `TimeoutError` or an `HttpStatusError` that is
    /// not retried comes as it is; when the attempts are used up it is the cause of `MaxRetriesExceeded`. Other failures are
    /// an `HttpError`.
    pub fn send(&self, request: &Request) -> Result<Response, Error> {
        let settings = &self.settings;
        let target = self.resolve(request)?;
        if let Some(timeout) = request.timeout {
            require_range("timeout", timeout, Duration::from_millis(1), Duration::from_secs(3600))?;
        }
        let retried = settings.retry_methods.contains(&request.method);
        let mut last: Option<Error> = None;
        for attempt in 1.. {
            if settings.cancellation.as_ref().is_some_and(Cancellation::is_cancelled) {
                return Err(Error::Cancelled { cause: last.map(|last| Box::new(last) as _) });
            }
            let outcome = match self.attempt(request, target.clone()) {
                Ok(response) => {
                    Outcome::Response(Response { attempts: attempt, method: request.method.clone(), ..response })
                }
                Err(error) => Outcome::Failed(error),
            };
            let (again, retry_after) = match &outcome {
                Outcome::Response(response) => {
                    let after = response.header("retry-after").and_then(|value| self.retry_after(value));
                    (settings.retry_statuses.contains(&response.status), after)
                }
                Outcome::Failed(error) => (matches!(error.class(), Class::NetworkError | Class::TimeoutError), None),
            };
            let result = self.judge(outcome);
            if !again || !retried {
                return result;
            }
            if attempt >= settings.max_attempts {
                return result.map_err(|error| Error::MaxRetriesExceeded { attempts: attempt, cause: Box::new(error) });
            }
            let delay = match retry_after {
                Some(after) => after.min(nanoseconds(settings.max_delay)),
                None => nanoseconds(self.policy.delay(attempt, settings.random.fraction())),
            };
            last = result.err();
            if settings.clock.sleep(delay, settings.cancellation.as_ref()).is_err() {
                return Err(Error::Cancelled { cause: last.map(|last| Box::new(last) as _) });
            }
        }
        unreachable!("attempts end the loop")
    }

    fn judge(&self, outcome: Outcome) -> Result<Response, Error> {
        match outcome {
            Outcome::Response(response) if self.settings.raise_for_status => {
                response.raise_for_status().map(|()| response)
            }
            Outcome::Response(response) => Ok(response),
            Outcome::Failed(error) => Err(error),
        }
    }

    fn resolve(&self, request: &Request) -> Result<Url, Error> {
        let mut target = match &self.settings.base_url {
            Some(base) if !request.url.contains("://") => {
                format!("{}/{}", base.trim_end_matches('/'), request.url.trim_start_matches('/'))
            }
            _ => request.url.clone(),
        };
        target.truncate(target.find('#').unwrap_or(target.len()));
        for (name, value) in &request.params {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(&escape(name));
            target.push('=');
            target.push_str(&escape(value));
        }
        Url::parse(&target).ok_or_else(|| {
            let shown = without_query(&target);
            Error::http(format!(
                "{shown:?} is not an absolute http or https URL; give one, or a client with a base URL"
            ))
        })
    }

    /// Sends the request and follows its redirects, within the time-out.
    fn attempt(&self, request: &Request, mut target: Url) -> Result<Response, Error> {
        let timeout = request.timeout.unwrap_or(self.settings.timeout);
        check_scheme(&target)?;
        let deadline = std::time::Instant::now() + timeout;
        let (mut method, mut body) = (request.method.clone(), request.body.clone());
        let mut headers = self.settings.headers.clone();
        for (name, value) in &request.headers {
            set_header(&mut headers, name.clone(), value.clone());
        }
        for redirects in 0.. {
            let response = self.exchange(&method, &target, &headers, &body, (deadline, timeout))?;
            let location = response.header("location").filter(|location| !location.is_empty());
            let redirected = self.settings.follow_redirects && matches!(response.status, 301 | 302 | 303 | 307 | 308);
            let Some(location) = location.filter(|_| redirected) else { return Ok(response) };
            let Some(next) = target.join(location) else {
                let message = format!("{target}: the redirect to {location:?} leads to no http or https URL");
                return Err(Error::http(message));
            };
            if redirects >= self.settings.max_redirects {
                return Err(Error::http(format!("{target}: more than {redirects} redirects")));
            }
            check_scheme(&next)?;
            let becomes_get = match response.status {
                303 => method != "HEAD",
                301 | 302 => method == "POST",
                _ => false,
            };
            if becomes_get {
                method = "GET".to_owned();
                body = Vec::new();
                headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
            }
            if !next.same_origin(&target) {
                let private = ["authorization", "cookie", "proxy-authorization"];
                headers.retain(|(name, _)| !private.iter().any(|private| name.eq_ignore_ascii_case(private)));
            }
            target = next;
        }
        unreachable!("redirects end the loop")
    }

    fn exchange(
        &self,
        method: &str,
        target: &Url,
        headers: &[(String, String)],
        body: &[u8],
        (deadline, timeout): (std::time::Instant, Duration),
    ) -> Result<Response, Error> {
        let mut builder = http::Request::builder().method(method).uri(target.to_string());
        for (name, value) in headers {
            builder = builder.header(name, value);
        }
        let classify = |error: ureq::Error| classify(method, target, timeout, error);
        let left = deadline.saturating_duration_since(std::time::Instant::now()).max(Duration::from_millis(1));
        let with_body = !body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH");
        let response = if with_body {
            let request = builder.body(body).map_err(|error| classify(error.into()))?;
            self.agent.run(self.agent.configure_request(request).timeout_global(Some(left)).build())
        } else {
            let request = builder.body(()).map_err(|error| classify(error.into()))?;
            self.agent.run(self.agent.configure_request(request).timeout_global(Some(left)).build())
        };
        let mut response = response.map_err(classify)?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let mut body = response.body_mut().with_config().limit(u64::MAX).read_to_vec().map_err(classify)?;
        if status == 205 {
            // Such a response has no content, whatever was sent; ureq drops that of 204 and 304 itself.
            body.clear();
        }
        Ok(Response { status, headers, body, url: target.to_string(), attempts: 0, method: String::new() })
    }

    /// What a `Retry-After` header asks for, in nanoseconds.
    fn retry_after(&self, value: &str) -> Option<i64> {
        let value = value.trim();
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            let seconds = value.parse::<i64>().unwrap_or(i64::MAX);
            return Some(seconds.saturating_mul(1_000_000_000));
        }
        let at = parse_http_date(value)?;
        Some(at.saturating_mul(1_000_000_000).saturating_sub((self.settings.wall_clock)()).max(0))
    }
}

/// The seconds since the epoch of an IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT`; the obsolete forms are not accepted.
fn parse_http_date(text: &str) -> Option<i64> {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let rest = text.strip_suffix(" GMT")?;
    let (weekday, rest) = rest.split_once(", ")?;
    if rest.len() != 20 || !rest.is_ascii() || !DAYS.contains(&weekday) {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        let digits = rest.get(range)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<i64>().ok())?
    };
    let separators = [(2, b' '), (6, b' '), (11, b' '), (14, b':'), (17, b':')];
    if separators.iter().any(|(at, byte)| rest.as_bytes()[*at] != *byte) {
        return None;
    }
    let month = MONTHS.iter().position(|month| *month == &rest[3..6])? as i64 + 1;
    let (day, year) = (number(0..2)?, number(7..11)?);
    let (hour, minute, second) = (number(12..14)?, number(15..17)?, number(18..20)?);
    let valid = (1..=31).contains(&day) && hour < 24 && minute < 60 && second < 61;
    valid.then(|| days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Says what is missing before a connection is made for a URL that cannot be used.
fn check_scheme(target: &Url) -> Result<(), Error> {
    if target.scheme == "https" && cfg!(not(feature = "tls")) {
        let shown = without_query(&target.to_string());
        return Err(Error::http(format!("{shown} needs the feature `tls` of the crate foundation")));
    }
    Ok(())
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A URL for messages: without user, password and query, which may hold secrets.
fn without_query(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    match Url::parse(&url[..end]) {
        Some(parsed) => format!("{}://{}{}", parsed.scheme, parsed.host(), parsed.path),
        None => url[..end].to_owned(),
    }
}

/// An http or https URL in its parts; the fragment is dropped.
#[derive(Clone, Debug, PartialEq)]
struct Url {
    scheme: String,
    authority: String,
    /// Begins with `/`.
    path: String,
    query: Option<String>,
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.path)?;
        self.query.as_ref().map_or(Ok(()), |query| write!(f, "?{query}"))
    }
}

impl Url {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let rest = rest.split('#').next().unwrap_or_default();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        if !matches!(scheme.as_str(), "http" | "https") || authority.is_empty() {
            return None;
        }
        let (path, query) = match tail.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (tail, None),
        };
        let path = if path.is_empty() { "/".to_owned() } else { path.to_owned() };
        Some(Self { scheme, authority: authority.to_owned(), path, query })
    }

    fn host(&self) -> &str {
        self.authority.rsplit('@').next().unwrap_or_default()
    }

    fn same_origin(&self, other: &Url) -> bool {
        self.scheme == other.scheme && self.host().eq_ignore_ascii_case(other.host())
    }

    /// Resolves a reference (RFC 3986, section 5.2); None when it leads to no http or https URL.
    fn join(&self, reference: &str) -> Option<Self> {
        let reference = reference.split('#').next().unwrap_or_default();
        let scheme_end = reference.find(':').filter(|end| {
            let scheme = &reference[..*end];
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        });
        if scheme_end.is_some() {
            return Self::parse(reference);
        }
        if let Some(rest) = reference.strip_prefix("//") {
            return Self::parse(&format!("{}://{rest}", self.scheme));
        }
        let (path, query) = match reference.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (reference, None),
        };
        let mut next = self.clone();
        if path.is_empty() {
            next.query = query.or(next.query);
            return Some(next);
        }
        next.query = query;
        next.path = if path.starts_with('/') {
            remove_dots(path)
        } else {
            let directory = &self.path[..=self.path.rfind('/').unwrap_or(0)];
            remove_dots(&format!("{directory}{path}"))
        };
        Some(next)
    }
}

/// Removes the segments `.` and `..` of an absolute path (RFC 3986, section 5.2.4).
fn remove_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            other => {
                kept.push(other);
                continue;
            }
        }
        if last {
            kept.push(""); // A path that ends with a dot segment names a directory.
        }
    }
    format!("/{}", kept.join("/"))
}
