use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use foundation::clock::Cancellation;
use foundation::errors::{Class, Classify, Error};
use foundation::process::{EnvMode, Output, Process};

use crate::Directory;

fn sh(script: &str) -> Process {
    Process::new(["/bin/sh", "-c", script])
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn output_input_and_exit_codes() {
    let result = sh("cat; printf err >&2").input(b"in\xff".to_vec()).timeout(LONG).run().unwrap();
    assert_eq!(
        ("in\u{fffd}".to_owned(), "err".to_owned(), 0),
        (result.stdout_text(), result.stderr_text(), result.exit_code)
    );
    let directory = Directory::new();
    let plain = directory.file("plain", "x").display().to_string();
    let in_path = Process::new(["plain"]).env("PATH", format!("{}::/nowhere", directory.0.display()));
    let cases = [
        (sh("exit 3"), 3, None),
        (sh("kill -KILL $$"), 137, Some(9)),
        (Process::new(["no-such-program-here"]).check(false), 127, None),
        (Process::new(["/no/such/program"]).check(false), 127, None),
        (Process::new([plain.as_str()]).check(false), 126, None),
        (in_path, 126, None),
    ];
    for (process, code, signal) in cases {
        let Err(Error::Process(failure)) = process.run() else { panic!("{process:?} must fail") };
        assert_eq!((code, signal), (failure.exit_code, failure.signal));
    }
    let result = sh("echo out; exit 3").check(false).run().unwrap();
    assert_eq!((3, "out\n".to_owned()), (result.exit_code, result.stdout_text()));
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let echo = || Process::new(["echo"]);
    let validation = [
        Process::new(Vec::<String>::new()),
        Process::new([""]),
        Process::new(["echo", "a\0b"]),
        echo().cwd("/no/such/place"),
        echo().env("A=B", "x"),
    ];
    for process in validation {
        assert_eq!(Class::ValidationError, process.run().unwrap_err().class());
    }
    for process in [echo().timeout(Duration::ZERO), echo().grace_period(Duration::MAX)] {
        assert_eq!(Class::ConfigurationError, process.run().unwrap_err().class());
    }
}

#[test]
fn the_environment_is_explicit() {
    // HOME is set wherever tests run; FOUNDATION_GIVEN is not.
    for (mode, expected) in
        [(EnvMode::Inherit, "home cargo x"), (EnvMode::Scrub, "home - x"), (EnvMode::Replace, "- - x")]
    {
        let script = "echo ${HOME:+home}${HOME:--} ${CARGO_MANIFEST_DIR:+cargo}${CARGO_MANIFEST_DIR:--} $GIVEN";
        let result = sh(script).env("GIVEN", "x").env_mode(mode).cwd("/").run().unwrap();
        let text = result.stdout_text().replace(&std::env::var("HOME").unwrap(), "");
        assert_eq!(expected, text.replace(env!("CARGO_MANIFEST_DIR"), "").trim());
    }
}

#[test]
fn a_megabyte_on_each_pipe_does_not_block() {
    let result = sh("head -c 1048576 /dev/zero >&2; head -c 1048576 /dev/zero").timeout(LONG).run().unwrap();
    assert_eq!((1 << 20, 1 << 20), (result.stdout.len(), result.stderr.len()));
    let big = vec![b'x'; 1 << 20];
    assert_eq!(big, Process::new(["cat"]).input(big.clone()).timeout(LONG).run().unwrap().stdout);
    sh("exec <&-; sleep 0.05").input(big).timeout(LONG).run().unwrap();
}

fn alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.is_ok_and(|stat| !stat.contains(") Z ")) // A killed process stays as a zombie until it is reaped.
}

fn kill(pid: &str) {
    let pid: i32 = pid.trim().parse().unwrap();
    // SAFETY: kill touches no memory.
    unsafe {
        libc::kill(-pid, libc::SIGKILL);
        libc::kill(pid, libc::SIGKILL);
    }
}

fn first_line(data: &[u8]) -> String {
    String::from_utf8_lossy(data).lines().next().unwrap().to_owned()
}

#[test]
fn a_time_out_ends_the_whole_group() {
    let error = sh("sleep 60 & echo $!; wait").timeout(Duration::from_millis(300)).run().unwrap_err();
    let Error::ProcessTimeout { failure, escalated: false, .. } = error else { panic!("{error:?}") };
    let pid = first_line(&failure.stdout);
    for _ in 0..500 {
        if !alive(&pid) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the child's child lives");
}

#[test]
fn a_time_out_escalates_when_sigterm_is_ignored() {
    let start = Instant::now();
    let stubborn = sh("trap '' TERM; echo ready; while :; do sleep 1; done");
    let error =
        stubborn.timeout(Duration::from_millis(300)).grace_period(Duration::from_millis(200)).run().unwrap_err();
    let Error::ProcessTimeout { failure, escalated: true, .. } = error else { panic!("{error:?}") };
    assert_eq!((Some(9), "ready"), (failure.signal, first_line(&failure.stdout).as_str()));
    assert!(start.elapsed() >= Duration::from_millis(500));
    let error = sh("sleep 60").timeout(Duration::from_millis(100)).grace_period(Duration::ZERO).run().unwrap_err();
    let Error::ProcessTimeout { failure, escalated: true, .. } = error else { panic!("{error:?}") };
    assert_eq!(Some(9), failure.signal);
}

#[test]
fn background_processes_hold_nothing_back() {
    let result = sh("sleep 30 & echo $!").timeout(LONG).run().unwrap();
    let pid = first_line(&result.stdout);
    assert!(alive(&pid), "it must be left alone");
    kill(&pid);
    // It writes where the number of the process is not looked for.
    let script = "setsid sh -c 'while :; do echo x >&2; sleep 0.05; done' & echo $!; sleep 60";
    let error =
        sh(script).timeout(Duration::from_millis(300)).grace_period(Duration::from_millis(100)).run().unwrap_err();
    let Error::ProcessTimeout { failure, .. } = error else { panic!("{error:?}") };
    kill(&first_line(&failure.stdout));
}

#[test]
fn a_cancellation_ends_the_group_and_keeps_the_output() {
    let cancellation = Cancellation::new();
    let from_elsewhere = cancellation.clone();
    let canceller = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        from_elsewhere.cancel();
    });
    let error = sh("echo started; sleep 60").cancellation(cancellation.clone()).run().unwrap_err();
    canceller.join().unwrap();
    let Some(Error::Process(failure)) = error.cause().and_then(|cause| cause.downcast_ref()) else {
        panic!("{error:?}")
    };
    assert_eq!(b"started\n".as_slice(), failure.stdout);
    assert!(matches!(sh("true").cancellation(cancellation).run(), Err(Error::Cancelled { cause: None })));
}

#[test]
fn lines_are_streamed_the_last_one_too() {
    let mut lines = Vec::new();
    let ended = sh("printf 'a\\r\\n\\nlast'; printf 'e' >&2; exit 4").stream(|from, line| {
        lines.push((from == Output::Stderr, line.to_owned()));
        ControlFlow::Continue(())
    });
    assert!(matches!(ended, Err(Error::Process(failure)) if failure.exit_code == 4 && failure.stdout.is_empty()));
    lines.sort_by_key(|(is_stderr, _)| *is_stderr);
    let expected =
        [(false, "a"), (false, ""), (false, "last"), (true, "e")].map(|(stream, line)| (stream, line.to_owned()));
    assert_eq!(expected.as_slice(), lines);
    let mut seen = 0;
    let ended = sh("while :; do echo x; done").stream(|_, _| {
        seen += 1;
        ControlFlow::Break(())
    });
    assert!(ended.is_ok());
    assert_eq!(1, seen);
}

#[test]
fn messages_mask_secrets() {
    let arguments =
        ["/bin/sh", "-c", "exit 1", "--password=hunter2", "--token", "hunter2", "API_KEY=hunter2", "--token", "-x"];
    let text = Process::new(arguments).run().unwrap_err().to_string();
    assert!(!text.contains("hunter2") && text.contains("--token [REDACTED] API_KEY=[REDACTED] --token -x"), "{text}");
}
