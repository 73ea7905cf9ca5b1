//! Runs programs: in a process group of their own that is ended as a whole, with both pipes drained and an explicit
//! environment. No shell is involved.
//!
//! ```
//! use std::time::Duration;
//! use foundation::process::Process;
//!
//! let result = Process::new(["printf", "%s", "hello"]).timeout(Duration::from_secs(30)).run()?;
//! assert_eq!("hello", result.stdout_text());
//! # Ok::<(), foundation::errors::Error>(())
//! ```
//!
//! In async code run it in `tokio::task::spawn_blocking`, with a [`Cancellation`] to end it early.

use std::collections::BTreeMap;
use std::ffi::{CString, OsStr, OsString};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use crate::clock::Cancellation;
use crate::errors::{Error, ProcessFailure, require_range};
use crate::record::mask_command;

/// What of the parent's environment the program sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EnvMode {
    /// The parent's environment and the given variables.
    #[default]
    Inherit,
    /// The given variables only.
    Replace,
    /// The given variables and the parent's harmless ones.
    Scrub,
}

const HARMLESS: &[&str] =
    &["PATH", "HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL", "TERM"];

/// How long a pipe that a background process keeps open may stay silent after the program's end.
const QUIET_LIMIT: Duration = Duration::from_secs(1);

/// One of a program's two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Output {
    Stdout,
    Stderr,
}

/// What a program left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessResult {
    /// The exit status, or 128 + N when signal N ended the program.
    pub exit_code: i32,
    /// The signal that ended the program.
    pub signal: Option<i32>,
    /// Everything it wrote; empty after [`Process::stream`].
    pub stdout: Vec<u8>,
    /// Everything it wrote to standard error; empty after [`Process::stream`].
    pub stderr: Vec<u8>,
}

impl ProcessResult {
    /// Standard output as text; what is not UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text; what is not UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// A program to run.
#[derive(Clone, Debug)]
pub struct Process {
    command: Vec<String>,
    timeout: Option<Duration>,
    check: bool,
    cwd: Option<PathBuf>,
    env: BTreeMap<String, String>,
    env_mode: EnvMode,
    input: Option<Vec<u8>>,
    grace_period: Duration,
    cancellation: Option<Cancellation>,
}

type OnLine<'a> = &'a mut dyn FnMut(Output, &str) -> ControlFlow<()>;

impl Process {
    /// A program and its arguments.
    pub fn new<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Self {
        Self {
            command: command.into_iter().map(Into::into).collect(),
            timeout: None,
            check: true,
            cwd: None,
            env: BTreeMap::new(),
            env_mode: EnvMode::Inherit,
            input: None,
            grace_period: Duration::from_secs(5),
            cancellation: None,
        }
    }

    /// Ends the program's group after `timeout`, from more than 0 to a week.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Whether a status other than 0 is a `ProcessError`; it is by default.
    #[must_use]
    pub fn check(mut self, check: bool) -> Self {
        self.check = check;
        self
    }

    /// The program's working directory.
    #[must_use]
    pub fn cwd(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cwd = Some(directory.into());
        self
    }

    /// Gives a variable, which wins over the parent's.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// What of the parent's environment is passed on.
    #[must_use]
    pub fn env_mode(mut self, mode: EnvMode) -> Self {
        self.env_mode = mode;
        self
    }

    /// What the program reads on standard input; the default is nothing.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// The time between SIGTERM and SIGKILL, from 0 (SIGKILL at once) to an hour; the default is 5 s.
    #[must_use]
    pub fn grace_period(mut self, period: Duration) -> Self {
        self.grace_period = period;
        self
    }

    /// Ends the program's group, with `CancelledError`, when the signal is given.
    #[must_use]
    pub fn cancellation(mut self, cancellation: Cancellation) -> Self {
        self.cancellation = Some(cancellation);
        self
    }

    /// Runs the program to its end. The error is a `ProcessError` when it could not be started or, with `check`, did not
    /// exit with 0; `ProcessTimeoutError`, `CancelledError`, or a `ValidationError` when the command cannot be meant.
    pub fn run(&self) -> Result<ProcessResult, Error> {
        self.execute(None)
    }

    /// Runs the program and hands over its lines as they come, without their line ends; the last line is delivered without
    /// one too. `ControlFlow::Break` ends the program's group, which is then no error.
    pub fn stream(&self, mut on_line: impl FnMut(Output, &str) -> ControlFlow<()>) -> Result<ProcessResult, Error> {
        self.execute(Some(&mut on_line))
    }

    fn validate(&self) -> Result<(), Error> {
        if let Some(timeout) = self.timeout {
            require_range("timeout", timeout, Duration::from_nanos(1), Duration::from_secs(604_800))?;
        }
        require_range("grace_period", self.grace_period, Duration::ZERO, Duration::from_secs(3600))?;
        if self.command.first().is_none_or(String::is_empty) {
            return Err(Error::validation("the command is empty; it must hold at least the program's name"));
        }
        if self.command.iter().any(|argument| argument.contains('\0')) {
            return Err(Error::validation("an argument contains a NUL character, which no program can receive"));
        }
        for (name, value) in &self.env {
            if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
                return Err(Error::validation(format!(
                    "the environment variable {name:?} cannot be passed to a program"
                )));
            }
        }
        match &self.cwd {
            Some(cwd) if !cwd.is_dir() => {
                Err(Error::validation(format!("the working directory {} is not a directory", cwd.display())))
            }
            _ => Ok(()),
        }
    }

    fn environment(&self) -> BTreeMap<OsString, OsString> {
        let passes = |name: &OsStr| match self.env_mode {
            EnvMode::Inherit => true,
            EnvMode::Replace => false,
            EnvMode::Scrub => HARMLESS.iter().any(|harmless| name == *harmless),
        };
        let mut environment: BTreeMap<_, _> = std::env::vars_os().filter(|(name, _)| passes(name)).collect();
        environment.extend(self.env.iter().map(|(name, value)| (name.into(), value.into())));
        environment
    }

    fn failure(&self) -> ProcessFailure {
        ProcessFailure { command: mask_command(&self.command), ..ProcessFailure::default() }
    }

    fn execute(&self, on_line: Option<OnLine<'_>>) -> Result<ProcessResult, Error> {
        self.validate()?;
        if self.cancellation.as_ref().is_some_and(Cancellation::is_cancelled) {
            return Err(Error::Cancelled { cause: None });
        }
        let environment = self.environment();
        let start_error = |error: &io::Error| {
            let missing = matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR));
            let exit_code = if missing { 127 } else { 126 };
            Error::Process(Box::new(ProcessFailure { exit_code, reason: error.to_string(), ..self.failure() }))
        };
        let program = find(&self.command[0], &environment).map_err(|error| start_error(&error))?;
        let mut command = Command::new(program);
        command
            .arg0(&self.command[0])
            .args(&self.command[1..])
            .env_clear()
            .envs(environment)
            .process_group(0)
            .stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        let child = command.spawn().map_err(|error| start_error(&error))?;
        let io_error = |error: io::Error| {
            Error::Process(Box::new(ProcessFailure { exit_code: 126, reason: error.to_string(), ..self.failure() }))
        };
        let mut running = Running::new(child, self.input.clone()).map_err(io_error)?;
        let end = running.drive(self, on_line).map_err(io_error)?;
        self.conclude(running, end)
    }

    fn conclude(&self, running: Running, end: End) -> Result<ProcessResult, Error> {
        let status = running.status.unwrap_or_default();
        let signal = status.signal();
        let exit_code = signal.map_or_else(|| status.code().unwrap_or_default(), |signal| 128 + signal);
        let [stdout, stderr] = running.output.map(|output| output.kept);
        let result = ProcessResult { exit_code, signal, stdout, stderr };
        let failure = |result: ProcessResult| {
            let ProcessResult { exit_code, signal, stdout, stderr } = result;
            Box::new(ProcessFailure { exit_code, signal, stdout, stderr, ..self.failure() })
        };
        match end {
            End::TimedOut => Err(Error::ProcessTimeout {
                failure: failure(result),
                timeout: self.timeout.unwrap_or_default(),
                escalated: running.escalated,
            }),
            End::Cancelled => Err(Error::Cancelled { cause: Some(Box::new(Error::Process(failure(result)))) }),
            End::Exited if self.check && exit_code != 0 => Err(Error::Process(failure(result))),
            End::Exited | End::Stopped => Ok(result),
        }
    }
}

/// Looks the program up in the child's PATH, else in the parent's.
fn find(program: &str, environment: &BTreeMap<OsString, OsString>) -> io::Result<PathBuf> {
    if program.contains('/') {
        return Ok(program.into());
    }
    let path = environment.get(OsStr::new("PATH")).cloned().or_else(|| std::env::var_os("PATH")).unwrap_or_default();
    let mut refused = libc::ENOENT;
    for directory in std::env::split_paths(&path) {
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory.as_path() };
        let candidate = directory.join(program);
        match candidate.metadata() {
            Ok(metadata) if metadata.is_file() => {}
            _ => continue,
        }
        let executable = CString::new(candidate.as_os_str().as_bytes()).is_ok_and(|name| {
            // SAFETY: name is a NUL-terminated string that lives through the call.
            unsafe { libc::access(name.as_ptr(), libc::X_OK) == 0 }
        });
        if executable {
            // A relative directory is relative to the parent's working directory, not to the child's.
            return std::path::absolute(candidate);
        }
        refused = libc::EACCES;
    }
    Err(io::Error::from_raw_os_error(refused))
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    Exited,
    TimedOut,
    Cancelled,
    Stopped,
}

/// One of the program's streams, as far as it was read.
struct Stream {
    pipe: Option<Box<dyn PipeEnd>>,
    kept: Vec<u8>,
}

trait PipeEnd: Read + AsRawFd {}
impl<T: Read + AsRawFd> PipeEnd for T {}

struct Running {
    group: libc::pid_t,
    status: Option<ExitStatus>,
    /// Readable once the program has exited; then `waiter` has its status.
    exited: UnixStream,
    waiter: Option<std::thread::JoinHandle<io::Result<ExitStatus>>>,
    input: Option<(std::process::ChildStdin, Vec<u8>, usize)>,
    output: [Stream; 2],
    escalated: bool,
    /// Whether the consumer of the lines wants no more.
    stopped: bool,
}

/// Wakes the poll by a byte.
struct PollWaker(UnixStream);

impl Wake for PollWaker {
    fn wake(self: Arc<Self>) {
        let _ = (&self.0).write(&[1]);
    }
}

fn set_nonblocking(fd: RawFd) -> io::Result<()> {
    // SAFETY: fcntl on an open descriptor; both calls touch no memory.
    let result = unsafe {
        let flags = libc::fcntl(fd, libc::F_GETFL);
        libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK)
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Waits until one of the descriptors is ready; those that are not there are -1.
fn poll(fds: &mut [libc::pollfd], timeout: Option<Duration>) -> io::Result<()> {
    // Rounded up, so that the wait does not end just before the time.
    let milliseconds = timeout.map_or(-1, |timeout| {
        i32::try_from(timeout.as_millis() + u128::from(timeout.subsec_nanos() % 1_000_000 > 0)).unwrap_or(i32::MAX)
    });
    // SAFETY: the pointer and the length are the slice's.
    let ready = unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, milliseconds) };
    if ready < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
        fds.iter_mut().for_each(|fd| fd.revents = 0);
    }
    Ok(())
}

impl Running {
    fn new(mut child: std::process::Child, input: Option<Vec<u8>>) -> io::Result<Self> {
        let group = child.id() as libc::pid_t;
        let stdin = child.stdin.take();
        let stdout: Option<Box<dyn PipeEnd>> = child.stdout.take().map(|pipe| Box::new(pipe) as _);
        let stderr: Option<Box<dyn PipeEnd>> = child.stderr.take().map(|pipe| Box::new(pipe) as _);
        let (exited, notify) = UnixStream::pair()?;
        let waiter = std::thread::spawn(move || {
            let status = child.wait();
            drop(notify);
            status
        });
        if let Some(stdin) = &stdin {
            set_nonblocking(stdin.as_raw_fd())?;
        }
        for pipe in [&stdout, &stderr].into_iter().flatten() {
            set_nonblocking(pipe.as_raw_fd())?;
        }
        let streams = [stdout, stderr].map(|pipe| Stream { pipe, kept: Vec::new() });
        let input = stdin.zip(input).map(|(pipe, data)| (pipe, data, 0));
        Ok(Self {
            group,
            status: None,
            exited,
            waiter: Some(waiter),
            input,
            output: streams,
            escalated: false,
            stopped: false,
        })
    }

    fn kill(&self, signal: libc::c_int) {
        // SAFETY: kill touches no memory; a group that is gone is an error that does not matter.
        unsafe {
            libc::kill(-self.group, signal);
        }
    }

    fn drained(&self) -> bool {
        self.output.iter().all(|stream| stream.pipe.is_none())
    }

    /// Reads, writes and waits until the end, and makes an end when it must.
    fn drive(&mut self, process: &Process, mut on_line: Option<OnLine<'_>>) -> io::Result<End> {
        let (woken, waker) = UnixStream::pair()?;
        waker.set_nonblocking(true)?;
        let waker = Waker::from(Arc::new(PollWaker(waker)));
        let mut end = End::Exited;
        let mut deadline = process.timeout.map(|timeout| Instant::now() + timeout);
        let mut quiet_since = None;
        let mut killed = false;
        let mut buffer = vec![0; 64 << 10];
        loop {
            if self.status.is_some() && self.drained() {
                break;
            }
            let cancelled = end == End::Exited
                && process
                    .cancellation
                    .as_ref()
                    .is_some_and(|cancellation| cancellation.poll_cancelled(&Context::from_waker(&waker)).is_ready());
            let now = Instant::now();
            let late = deadline.is_some_and(|deadline| now >= deadline);
            if end == End::Exited && (late || cancelled) {
                end = if late { End::TimedOut } else { End::Cancelled };
                deadline = Some(self.ask_to_end(process, now, &mut killed));
                continue;
            }
            if end != End::Exited && late {
                if killed {
                    break; // What is left has left the group, and had its moment.
                }
                self.escalated = true;
                killed = true;
                self.kill(libc::SIGKILL);
                deadline = Some(now + QUIET_LIMIT);
                continue;
            }
            let quiet_until = quiet_since.filter(|_| self.status.is_some()).map(|since: Instant| since + QUIET_LIMIT);
            if quiet_until.is_some_and(|until| now >= until) {
                break;
            }
            let until = [deadline, quiet_until].into_iter().flatten().min();
            let ready = self.wait(&woken, until.map(|until| until.saturating_duration_since(now)))?;
            if ready.exited {
                self.reap()?;
                quiet_since = Some(Instant::now());
            }
            for (which, stream) in [Output::Stdout, Output::Stderr].into_iter().zip(0..) {
                if ready.streams[stream] && self.read(stream, &mut buffer, which, &mut on_line) {
                    quiet_since = Some(Instant::now());
                }
            }
            if ready.input {
                self.feed();
            }
            if end == End::Exited && self.stopped {
                end = End::Stopped;
                deadline = Some(self.ask_to_end(process, Instant::now(), &mut killed));
            }
        }
        if end != End::Exited {
            self.kill(libc::SIGKILL);
        }
        self.reap()?;
        for (which, stream) in [Output::Stdout, Output::Stderr].into_iter().zip(0..) {
            self.deliver_rest(stream, which, &mut on_line);
        }
        Ok(end)
    }

    /// Starts to end the group, and tells when to go further.
    fn ask_to_end(&mut self, process: &Process, now: Instant, killed: &mut bool) -> Instant {
        if process.grace_period.is_zero() {
            *killed = true;
            self.escalated = true;
            self.kill(libc::SIGKILL);
            return now + QUIET_LIMIT;
        }
        self.kill(libc::SIGTERM);
        now + process.grace_period
    }

    fn reap(&mut self) -> io::Result<()> {
        if let Some(waiter) = self.waiter.take() {
            let status = waiter.join().unwrap_or_else(|_| Err(io::Error::other("the wait failed")));
            self.status = Some(status?);
        }
        Ok(())
    }

    fn wait(&self, woken: &UnixStream, timeout: Option<Duration>) -> io::Result<Ready> {
        let fd = |fd: Option<RawFd>, events| libc::pollfd { fd: fd.unwrap_or(-1), events, revents: 0 };
        let stream = |i: usize| fd(self.output[i].pipe.as_ref().map(|pipe| pipe.as_raw_fd()), libc::POLLIN);
        let mut fds = [
            stream(0),
            stream(1),
            fd(self.waiter.as_ref().map(|_| self.exited.as_raw_fd()), libc::POLLIN),
            fd(self.input.as_ref().map(|(pipe, ..)| pipe.as_raw_fd()), libc::POLLOUT),
            fd(Some(woken.as_raw_fd()), libc::POLLIN),
        ];
        poll(&mut fds, timeout)?;
        let is_ready = |i: usize| fds[i].revents != 0;
        if is_ready(4) {
            let mut byte = [0];
            let _ = (&*woken).read(&mut byte);
        }
        Ok(Ready { streams: [is_ready(0), is_ready(1)], exited: is_ready(2), input: is_ready(3) })
    }

    /// Writes what the pipe takes; the pipe is closed at the end of the input, or when the program has closed it.
    fn feed(&mut self) {
        if let Some((pipe, data, written)) = &mut self.input {
            match pipe.write(&data[*written..]) {
                Ok(n) => *written += n,
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => return,
                Err(_) => *written = data.len(),
            }
            if *written == data.len() {
                self.input = None;
            }
        }
    }

    /// Reads what is there and reports whether there was anything.
    fn read(&mut self, stream: usize, buffer: &mut [u8], which: Output, on_line: &mut Option<OnLine<'_>>) -> bool {
        let output = &mut self.output[stream];
        let Some(pipe) = &mut output.pipe else { return false };
        match pipe.read(buffer) {
            Ok(0) => {
                output.pipe = None;
                false
            }
            Ok(n) => {
                output.kept.extend_from_slice(&buffer[..n]);
                if let Some(on_line) = on_line {
                    self.stopped = self.stopped || output.deliver(which, on_line);
                }
                true
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => false,
            Err(_) => {
                output.pipe = None;
                false
            }
        }
    }

    fn deliver_rest(&mut self, stream: usize, which: Output, on_line: &mut Option<OnLine<'_>>) {
        let output = &mut self.output[stream];
        if let Some(on_line) = on_line {
            if !output.kept.is_empty() && !self.stopped {
                output.kept.push(b'\n');
                self.stopped = output.deliver(which, on_line);
            }
            output.kept.clear();
        }
    }
}

struct Ready {
    streams: [bool; 2],
    exited: bool,
    input: bool,
}

impl Stream {
    /// Hands over the whole lines and keeps the rest; reports whether the consumer stopped.
    fn deliver(&mut self, which: Output, on_line: &mut OnLine<'_>) -> bool {
        let mut start = 0;
        while let Some(length) = self.kept[start..].iter().position(|byte| *byte == b'\n') {
            let line = &self.kept[start..start + length];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            start += length + 1;
            if on_line(which, &String::from_utf8_lossy(line)).is_break() {
                return true;
            }
        }
        self.kept.drain(..start);
        false
    }
}
