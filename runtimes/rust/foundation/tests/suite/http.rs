use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use foundation::clock::{Cancellation, Sequence, VirtualClock};
use foundation::errors::{Class, Classify, Error};
use foundation::http::{HttpClient, HttpClientBuilder, Request};

/// What the server does with one request.
#[derive(Clone)]
enum Act {
    Answer(u16, Vec<(&'static str, String)>),
    /// Writes the text and closes the connection.
    Drop(&'static str),
    Stall,
    Trickle,
}

struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<String>)> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let target = line.rsplit_once(' ')?.0.to_owned();
    let (mut length, mut headers) = (0, Vec::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let header = header.trim();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        headers.push(header.to_ascii_lowercase());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((format!("{target} {}", String::from_utf8_lossy(&body)).trim().to_owned(), headers))
}

/// A server that acts in turn, repeating the last act. Its thread ends with the test's process.
fn serve(acts: Vec<Act>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = requests.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (acts, seen) = (acts.clone(), seen.clone());
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut stream = stream;
                while let Some((request, headers)) = read_request(&mut reader) {
                    let is_head = request.starts_with("HEAD");
                    let n = {
                        let mut seen = seen.lock().unwrap();
                        let secret = headers.iter().any(|header| header.starts_with("authorization"));
                        seen.push(if secret { format!("{request} (authorized)") } else { request });
                        seen.len() - 1
                    };
                    match &acts[n.min(acts.len() - 1)] {
                        Act::Answer(status, headers) => {
                            let body = format!("body {status}");
                            let mut text = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n", body.len());
                            headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
                            text.push_str("\r\n");
                            if !is_head {
                                text.push_str(&body);
                            }
                            let _ = stream.write_all(text.as_bytes());
                        }
                        Act::Drop(text) => {
                            let _ = stream.write_all(text.as_bytes());
                            return;
                        }
                        Act::Stall => std::thread::sleep(Duration::from_secs(3)),
                        Act::Trickle => {
                            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
                            while stream.write_all(b"x").is_ok() {
                                std::thread::sleep(Duration::from_millis(10));
                            }
                            return;
                        }
                    }
                }
            });
        }
    });
    Server { url, requests }
}

fn answer(status: u16) -> Act {
    Act::Answer(status, vec![])
}

fn with(status: u16, name: &'static str, value: &str) -> Act {
    Act::Answer(status, vec![(name, value.to_owned())])
}

fn builder(server: &Server) -> (HttpClientBuilder, Arc<Mutex<Vec<i64>>>) {
    let sleeps = Arc::new(Mutex::new(Vec::new()));
    let seen = sleeps.clone();
    let builder = HttpClient::builder()
        .base_url(format!("{}/", server.url))
        .timeout(Duration::from_secs(5))
        .clock(Arc::new(VirtualClock::observed(move |_, delay| seen.lock().unwrap().push(delay / 1_000_000))))
        .random(Arc::new(Sequence::new([1 << 52; 9])))
        .proxy_from_env(false);
    (builder, sleeps)
}

type Configure = fn(HttpClientBuilder) -> HttpClientBuilder;

#[test]
fn attempts_follow_the_policy_and_the_server() {
    let late = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort";
    let same: Configure = |builder| builder;
    let short: Configure = |builder| builder.timeout(Duration::from_millis(150));
    // Acts, settings, sleeps in ms, outcome: the status, or the error's class and its cause's.
    let cases: Vec<(Vec<Act>, Configure, Vec<i64>, &str)> = vec![
        (vec![answer(200)], same, vec![], "200"),
        (vec![answer(503), answer(502), answer(200)], same, vec![500, 1000], "200"),
        (vec![answer(503)], same, vec![500, 1000], "MaxRetriesExceeded HttpStatusError"),
        (vec![answer(503)], |b| b.raise_for_status(false).max_attempts(2), vec![500], "503"),
        (vec![answer(404)], same, vec![], "HttpStatusError"),
        (vec![answer(404)], |b| b.raise_for_status(false), vec![], "404"),
        (vec![Act::Drop(""), Act::Drop(late), answer(200)], same, vec![500, 1000], "200"),
        (vec![Act::Drop("")], |b| b.max_attempts(1), vec![], "MaxRetriesExceeded NetworkError"),
        (vec![answer(503), Act::Drop(""), answer(200)], same, vec![500, 1000], "200"),
        (vec![Act::Stall, answer(200)], short, vec![500], "200"),
        (
            vec![Act::Trickle],
            |b| b.timeout(Duration::from_millis(150)).max_attempts(1),
            vec![],
            "MaxRetriesExceeded TimeoutError",
        ),
        (vec![with(429, "Retry-After", "7"), answer(200)], same, vec![7000], "200"),
        (vec![with(429, "Retry-After", "99999999999999999999"), answer(200)], same, vec![60_000], "200"),
        (
            vec![with(503, "Retry-After", "Thu, 01 Jan 1970 00:00:30 GMT"), answer(200)],
            |b| b.wall_clock(|| 10_000_000_000),
            vec![20_000],
            "200",
        ),
        (vec![with(503, "Retry-After", "Thu, 01 Jan 1970 00:00:30 GMT"), answer(200)], same, vec![0], "200"),
        (vec![with(503, "Retry-After", "Thu, 01 Foo 1970 00:00:30 GMT"), answer(200)], same, vec![500], "200"),
        (vec![with(503, "Retry-After", "soon"), answer(200)], same, vec![500], "200"),
        (vec![with(503, "Retry-After", "Thu, 1 Jan 1970 00:00:30 GMT"), answer(200)], same, vec![500], "200"),
        (
            vec![answer(500), answer(200)],
            |b| b.retry_statuses([500]).base_delay(Duration::ZERO).max_delay(Duration::ZERO),
            vec![0],
            "200",
        ),
    ];
    for (i, (acts, configure, expected, outcome)) in cases.into_iter().enumerate() {
        let server = serve(acts);
        let (builder, sleeps) = builder(&server);
        let result = configure(builder).build().unwrap().get("/x");
        let got = match &result {
            Ok(response) => {
                assert_eq!(expected.len() + 1, response.attempts as usize);
                response.status.to_string()
            }
            Err(error) => {
                let cause =
                    error.cause().and_then(|cause| cause.downcast_ref::<Error>()).map(|cause| cause.class().name());
                format!("{} {}", error.class(), cause.unwrap_or_default()).trim().to_owned()
            }
        };
        assert_eq!((outcome, &expected), (got.as_str(), &*sleeps.lock().unwrap()), "case {i}: {result:?}");
        assert_eq!(expected.len() + 1, server.requests.lock().unwrap().len(), "case {i}");
    }
}

#[test]
fn methods_and_parameters() {
    type Send = fn(&HttpClient) -> Result<foundation::http::Response, Error>;
    let cases: Vec<(Send, Vec<&str>)> = vec![
        (|c| c.post("a", "data"), vec!["POST /a data"]),
        (|c| c.put("/a", "data"), vec!["PUT /a data", "PUT /a data"]),
        (|c| c.delete("a"), vec!["DELETE /a", "DELETE /a"]),
        (|c| c.send(&Request::new("head", "a")), vec!["HEAD /a", "HEAD /a"]),
        (|c| c.send(&Request::new("DELETE", "a").body("data")), vec!["DELETE /a data", "DELETE /a data"]),
        (|c| c.send(&Request::new("PATCH", "a")), vec!["PATCH /a"]),
        (
            |c| c.send(&Request::new("GET", "a?x=1#f").param("n m", "ü/~").param("", "")),
            vec!["GET /a?x=1&n%20m=%C3%BC%2F~&=", "GET /a?x=1&n%20m=%C3%BC%2F~&="],
        ),
    ];
    for (send, expected) in cases {
        let server = serve(vec![answer(503), answer(200)]);
        let _ = send(&builder(&server).0.build().unwrap());
        assert_eq!(expected, *server.requests.lock().unwrap());
    }
    let server = serve(vec![answer(503), answer(200)]);
    let client = builder(&server).0.retry_methods(["post"]).build().unwrap();
    let response = client.post("a", "x").unwrap();
    assert_eq!(("body 200".to_owned(), Some("8")), (response.text(), response.header("CONTENT-length")));
    assert!(format!("{client:?}").contains("base_url"));
}

#[test]
fn a_status_and_a_time_limit_of_one_request() {
    let server = serve(vec![answer(404), answer(200), Act::Stall]);
    let client = builder(&server).0.raise_for_status(false).retry_methods::<&str>([]).build().unwrap();
    let error = client.get("/x").unwrap().raise_for_status().unwrap_err();
    assert_eq!("HttpStatusError", error.class().name());
    assert!(error.to_string().starts_with("GET "), "{error}");
    client.get("/x").unwrap().raise_for_status().unwrap();
    let late = client.send(&Request::new("GET", "/x").timeout(Duration::from_millis(100))).unwrap_err();
    assert_eq!("TimeoutError", late.class().name());
    let none = client.send(&Request::new("GET", "/x").timeout(Duration::ZERO)).unwrap_err();
    assert_eq!("ConfigurationError", none.class().name());
}

#[test]
fn redirects() {
    let to = |status, location: &str| with(status, "Location", location);
    let other = serve(vec![answer(200)]);
    let same: Configure = |builder| builder;
    let cases: Vec<(&str, Vec<Act>, Configure, Vec<&str>, &str)> = vec![
        ("POST", vec![to(303, "b?q=1"), answer(200)], same, vec!["POST /d/a data", "GET /d/b?q=1"], "200"),
        ("HEAD", vec![to(303, "/b"), answer(200)], same, vec!["HEAD /d/a data", "HEAD /b data"], "200"),
        ("POST", vec![to(302, "/b#f"), answer(200)], same, vec!["POST /d/a data", "GET /b"], "200"),
        ("PUT", vec![to(301, "../c/./e/.."), answer(200)], same, vec!["PUT /d/a data", "PUT /c/ data"], "200"),
        ("POST", vec![to(307, "?only"), answer(200)], same, vec!["POST /d/a data", "POST /d/a?only data"], "200"),
        ("GET", vec![to(302, "/b")], |b| b.max_redirects(1), vec!["GET /d/a data", "GET /b data"], "HttpError"),
        ("GET", vec![to(302, "ftp://x/")], same, vec!["GET /d/a data"], "HttpError"),
        ("GET", vec![to(302, "/b")], |b| b.follow_redirects(false), vec!["GET /d/a data"], "302"),
        ("GET", vec![answer(302)], same, vec!["GET /d/a data"], "302"),
        ("GET", vec![to(302, &other.url.replace("http:", ""))], same, vec!["GET /d/a data"], "200"),
        (
            "GET",
            vec![to(302, "/b"), answer(503), answer(200)],
            same,
            vec!["GET /d/a data", "GET /b data", "GET /d/a data"],
            "200",
        ),
    ];
    for (method, acts, configure, expected, outcome) in cases {
        let server = serve(acts);
        let client = configure(builder(&server).0).build().unwrap();
        let request =
            Request::new(method, "/d/a").body("data").header("authorization", "old").header("Authorization", "secret");
        let got = client
            .send(&request)
            .map_or_else(|error| error.class().to_string(), |response| response.status.to_string());
        let expected: Vec<String> = expected.iter().map(|request| format!("{request} (authorized)")).collect();
        assert_eq!((outcome, &expected), (got.as_str(), &*server.requests.lock().unwrap()));
    }
    assert_eq!(vec!["GET / data"], *other.requests.lock().unwrap(), "credentials must not go elsewhere");
}

#[test]
fn failures_say_what_failed_and_no_secret() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let client = HttpClient::builder().max_attempts(1).default_header("X-Own", "own").build().unwrap();
    let request = Request::new("GET", format!("http://user:hunter2@{closed}/x")).param("token", "hunter2");
    let error = client.send(&request).unwrap_err();
    assert_eq!(Class::MaxRetriesExceeded, error.class());
    assert!(
        error.to_string().contains(&format!("GET http://{closed}/x")) && !error.to_string().contains("hunter2"),
        "{error}"
    );
    for url in ["/relative", "ftp://x/", "http://", "https://127.0.0.1:1/"] {
        let class = client.get(url).unwrap_err().class();
        // Without the feature tls an https URL cannot be used.
        assert!(class == Class::HttpError, "{url}: {class}");
    }
    let cancellation = Cancellation::new();
    let server = serve(vec![answer(503)]);
    let clock = VirtualClock::new();
    let at = clock.cancellation_at(100_000_000);
    let client = HttpClient::builder().base_url(&server.url).clock(Arc::new(clock)).cancellation(at).build().unwrap();
    assert!(matches!(client.get("/").unwrap_err(), Error::Cancelled { cause: Some(_) }));
    assert!(matches!(client.get("/").unwrap_err(), Error::Cancelled { cause: None }));
    assert!(!cancellation.is_cancelled());
}

#[test]
fn settings_out_of_range_are_reported() {
    let builder = HttpClient::builder;
    for (key, builder) in [
        ("timeout", builder().timeout(Duration::ZERO)),
        ("max_redirects", builder().max_redirects(51)),
        ("max_attempts", builder().max_attempts(0)),
        ("base_delay", builder().base_delay(Duration::from_secs(301))),
        ("max_delay", builder().max_delay(Duration::MAX)),
        ("base_url", builder().base_url("inventory")),
    ] {
        let Err(Error::Configuration { problems }) = builder.build() else { panic!("{key} was accepted") };
        assert_eq!(key, problems[0].key);
    }
}
