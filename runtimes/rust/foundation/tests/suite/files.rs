use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use foundation::errors::{Class, Classify};
use foundation::files::{AtomicFile, atomic_write};

use crate::Directory;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn content_mode_and_backup() {
    let directory = Directory::new();
    let path = directory.0.join("new/deep/state.json");
    AtomicFile::new(&path).create_parents(true).write("one").unwrap();
    assert_eq!(("one".to_owned(), 0o644), (read(&path), mode(&path)));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
    let backup = directory.0.join("new/deep/state.json.bak");
    for text in ["two", "three"] {
        AtomicFile::new(&path).backup(true).create_parents(true).write(text).unwrap();
    }
    assert_eq!(
        ("three".to_owned(), 0o604, "two".to_owned(), 0o604),
        (read(&path), mode(&path), read(&backup), mode(&backup))
    );
    // The backup is another name of the very file already: the rename of the second link does nothing.
    fs::remove_file(&backup).unwrap();
    fs::hard_link(&path, &backup).unwrap();
    AtomicFile::new(&path).backup(true).mode(0o600).durable(false).write("").unwrap();
    assert_eq!((String::new(), 0o600, "three".to_owned()), (read(&path), mode(&path), read(&backup)));
    assert_eq!(2, fs::read_dir(path.parent().unwrap()).unwrap().count());
}

#[test]
fn symbolic_links_are_followed() {
    let directory = Directory::new();
    let at = |name: &str| directory.0.join(name);
    fs::create_dir(at("real")).unwrap();
    for (name, to) in [("a", "b"), ("b", "real/file"), ("loop", "loop")] {
        symlink(to, at(name)).unwrap();
    }
    for text in ["made", "replaced"] {
        atomic_write(at("a"), text).unwrap();
        assert_eq!(text, read(&at("real/file")));
    }
    assert!(fs::symlink_metadata(at("a")).unwrap().is_symlink());
    let code = |path: &str| atomic_write(at(path), "").unwrap_err().raw_os_error();
    assert_eq!(Some(libc::ELOOP), code("loop"));
    assert_eq!(Some(libc::EISDIR), code("real"));
    assert_eq!(Some(libc::ENOTDIR), code("real/file/x"));
    assert_eq!(Some(libc::ENOENT), code("none/x"));
}

#[test]
fn every_step_may_fail() {
    for failing in ["temp", "write", "chmod", "fsync", "backup", "rename", "fsync_dir"] {
        let directory = Directory::new();
        let path = directory.file("f", "old");
        let steps = Arc::new(Mutex::new(Vec::new()));
        let seen = steps.clone();
        let file = AtomicFile::new(&path).backup(true).hook(Arc::new(move |step, run| {
            seen.lock().unwrap().push(step.to_owned());
            if step.split(' ').next() == Some(failing) {
                Err(io::Error::from_raw_os_error(libc::ENOSPC))
            } else {
                run()
            }
        }));
        assert_eq!(Some(libc::ENOSPC), file.write("new").unwrap_err().raw_os_error());
        assert_eq!(if failing == "fsync_dir" { "new" } else { "old" }, read(&path));
        let undone = steps.lock().unwrap().last().unwrap() == "unlink";
        assert_eq!(!["temp", "fsync_dir"].contains(&failing), undone, "{failing}: {steps:?}");
        assert!(!directory.names().iter().any(|name| name.ends_with(".tmp")));
    }
}

#[test]
fn a_backup_is_copied_where_there_are_no_links() {
    let directory = Directory::new();
    let path = directory.file("f", "old");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let hook = Arc::new(
        |step: &str, run: &mut dyn FnMut() -> io::Result<()>| {
            if step == "backup link" { Err(io::Error::from_raw_os_error(libc::EPERM)) } else { run() }
        },
    );
    AtomicFile::new(&path).backup(true).hook(hook).write("new").unwrap();
    let backup = directory.0.join("f.bak");
    assert_eq!(("new".to_owned(), "old".to_owned(), 0o640), (read(&path), read(&backup), mode(&backup)));
}

#[test]
fn bad_arguments_and_hooks_that_do_nothing() {
    for error in [AtomicFile::new("").write("").unwrap_err(), AtomicFile::new("x").mode(0o10000).write("").unwrap_err()]
    {
        assert_eq!(Class::ConfigurationError, error.class());
    }
    let directory = Directory::new();
    let path = directory.file("f", "old");
    assert!(AtomicFile::new(&path).hook(Arc::new(|_, _| Ok(()))).write("new").is_err());
    assert_eq!("old", read(&path));
}

/// Runs this very test binary for one test, with a variable that makes it the other side of the test.
fn again(test: &str, variable: &str, value: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(variable, value).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn the_disk_really_fails() {
    if let Some(path) = std::env::var_os("FOUNDATION_LIMITED_WRITE") {
        // SAFETY: plain system calls; without the signal the write fails with EFBIG.
        unsafe {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            let limit = libc::rlimit { rlim_cur: 64 << 10, rlim_max: 64 << 10 };
            libc::setrlimit(libc::RLIMIT_FSIZE, &limit);
        }
        let error = atomic_write(path, vec![0; 1 << 20]).unwrap_err();
        std::process::exit(if error.raw_os_error() == Some(libc::EFBIG) { 42 } else { 1 });
    }
    let directory = Directory::new();
    let path = directory.file("f", "old");
    let status = again("files::the_disk_really_fails", "FOUNDATION_LIMITED_WRITE", &path).status().unwrap();
    assert_eq!(Some(42), status.code());
    assert_eq!(("old".to_owned(), vec!["f".to_owned()]), (read(&path), directory.names()));
}

/// A content that shows when it is torn.
fn pattern(n: usize) -> Vec<u8> {
    vec![b'a' + (n % 26) as u8; 20_000 + n % 7 * 5_000]
}

fn whole(content: &[u8]) -> bool {
    content.len() >= 20_000 && content.iter().all(|byte| *byte == content[0])
}

#[test]
fn a_reader_never_sees_a_torn_file_though_the_writer_is_killed() {
    if let Some(path) = std::env::var_os("FOUNDATION_ENDLESS_WRITE") {
        for n in 0.. {
            AtomicFile::new(&path).backup(true).durable(n % 50 == 0).write(pattern(n)).unwrap();
        }
    }
    let directory = Directory::new();
    let path = directory.0.join("f");
    atomic_write(&path, pattern(0)).unwrap();
    let (done, torn, reads) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                if !fs::read(&path).is_ok_and(|content| whole(&content)) {
                    torn.fetch_add(1, Ordering::Relaxed);
                }
                reads.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        let test = "files::a_reader_never_sees_a_torn_file_though_the_writer_is_killed";
        for n in 0..200 {
            let mut writer = again(test, "FOUNDATION_ENDLESS_WRITE", &path).spawn().unwrap();
            std::thread::sleep(Duration::from_micros(5_000 + n * 137 % 9_000));
            writer.kill().unwrap();
            writer.wait().unwrap();
            if !fs::read(&path).is_ok_and(|content| whole(&content)) {
                torn.fetch_add(1, Ordering::Relaxed);
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(0, torn.load(Ordering::Relaxed), "of {} reads", reads.load(Ordering::Relaxed));
    assert!(whole(&fs::read(directory.0.join("f.bak")).unwrap()));
}
