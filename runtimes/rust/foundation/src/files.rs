//! Atomic file writes: a reader sees the old content or the new one, whole, at every moment, also when the writer is
//! killed.
//!
//! `tempfile` is not underneath, because the directory and the mode are this module's affair anyway and the rest is one
//! system call each.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::clock::system_fraction;
use crate::errors::{Error, require_range};

/// Runs around each step of a write, for tests that make a step fail and for those that watch. It must call its second
/// argument, which does the step, unless the step is to fail; what it returns is the step's result. The steps are `mkdir`,
/// `temp`, `write N`, `chmod M`, `fsync`, `backup link`, `backup copy` (after a link that is not possible), `rename`,
/// `fsync_dir` and, after a failure, `unlink`.
pub type Hook = Arc<dyn Fn(&str, &mut dyn FnMut() -> io::Result<()>) -> io::Result<()> + Send + Sync>;

/// Replaces one file's content.
///
/// ```
/// use foundation::files::AtomicFile;
///
/// let path = std::env::temp_dir().join(format!("foundation-{}.json", std::process::id()));
/// AtomicFile::new(&path).mode(0o600).write(b"{}")?;
/// assert_eq!("{}", std::fs::read_to_string(&path)?);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct AtomicFile {
    path: PathBuf,
    mode: Option<u32>,
    backup: bool,
    durable: bool,
    create_parents: bool,
    hook: Option<Hook>,
}

impl AtomicFile {
    /// The file to replace or make; symbolic links are followed.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), mode: None, backup: false, durable: true, create_parents: false, hook: None }
    }

    /// The permission bits, from 0 to 0o7777. The default keeps the file's own; a new file gets 0o644 less the umask.
    #[must_use]
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Keeps the old content as `<name>.bak`, by a second link or a copy; the original never goes away.
    #[must_use]
    pub fn backup(mut self, backup: bool) -> Self {
        self.backup = backup;
        self
    }

    /// Whether file and directory are synced to the disk; they are by default.
    #[must_use]
    pub fn durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// Makes missing parent directories.
    #[must_use]
    pub fn create_parents(mut self, create: bool) -> Self {
        self.create_parents = create;
        self
    }

    /// Runs `hook` around each step.
    #[must_use]
    pub fn hook(mut self, hook: Hook) -> Self {
        self.hook = Some(hook);
        self
    }

    fn step<T>(&self, name: &str, run: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let Some(hook) = &self.hook else { return run() };
        let (mut run, mut value) = (Some(run), None);
        hook(name, &mut || {
            if let Some(run) = run.take() {
                value = Some(run()?);
            }
            Ok(())
        })?;
        value.ok_or_else(|| io::Error::other("the hook did not run its step"))
    }

    /// Replaces the content. When a step fails its own error is returned and the file is as it was; only a failing sync of
    /// the directory, the last step, leaves the new content in place. A mode out of its range is a `ConfigurationError`
    /// inside the `io::Error`.
    pub fn write(&self, data: impl AsRef<[u8]>) -> io::Result<()> {
        if let Some(mode) = self.mode {
            require_range("mode", mode, 0, 0o7777)?;
        }
        if self.path.as_os_str().is_empty() {
            return Err(Error::bad_parameter("path", "path is empty; it must name a file").into());
        }
        if self.create_parents {
            let parent = parent_of(&self.path);
            if !parent.exists() {
                self.step("mkdir", || fs::create_dir_all(parent))?;
            }
        }
        let (target, existing) = resolve(&self.path)?;
        let mut temporary = None;
        self.step("temp", || {
            temporary = Some(create_temporary(&target)?);
            Ok(())
        })?;
        let Some((name, file)) = temporary else { return Ok(()) };
        if let Err(error) = self.fill_and_rename(data.as_ref(), &target, existing, &name, file) {
            let _ = self.step("unlink", || fs::remove_file(&name));
            return Err(error);
        }
        if self.durable {
            self.step("fsync_dir", || File::open(parent_of(&target))?.sync_all())?;
        }
        Ok(())
    }

    fn fill_and_rename(
        &self,
        data: &[u8],
        target: &Path,
        existing: Option<u32>,
        name: &Path,
        mut file: File,
    ) -> io::Result<()> {
        self.step(&format!("write {}", data.len()), || file.write_all(data))?;
        let mode = self.mode.or(existing).unwrap_or_else(|| 0o644 & !umask());
        self.step(&format!("chmod {mode:o}"), || file.set_permissions(fs::Permissions::from_mode(mode)))?;
        if self.durable {
            self.step("fsync", || file.sync_all())?;
        }
        drop(file);
        if let (true, Some(mode)) = (self.backup, existing) {
            self.keep_backup(target, mode)?;
        }
        self.step("rename", || fs::rename(name, target))
    }

    /// Gives the target's content a second name. The link is made under a temporary name and renamed, because a link cannot
    /// replace an older backup.
    fn keep_backup(&self, target: &Path, mode: u32) -> io::Result<()> {
        let mut backup = target.as_os_str().to_owned();
        backup.push(".bak");
        let temporary = temporary_name(target);
        let linked = self.step("backup link", || {
            fs::hard_link(target, &temporary)?;
            fs::rename(&temporary, &backup)
        });
        let result = match linked {
            Err(error) if cannot_link(&error) => self.step("backup copy", || {
                self.copy(target, &temporary, mode)?;
                fs::rename(&temporary, &backup)
            }),
            other => other,
        };
        // Renaming one link of a file over another does nothing and leaves both.
        let _ = fs::remove_file(&temporary);
        result
    }

    fn copy(&self, from: &Path, to: &Path, mode: u32) -> io::Result<()> {
        let mut source = File::open(from)?;
        let mut copy = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
        io::copy(&mut source, &mut copy)?;
        copy.set_permissions(fs::Permissions::from_mode(mode))?;
        if self.durable {
            copy.sync_all()?;
        }
        Ok(())
    }
}

/// [`AtomicFile::write`] with the defaults.
pub fn atomic_write(path: impl Into<PathBuf>, data: impl AsRef<[u8]>) -> io::Result<()> {
    AtomicFile::new(path).write(data)
}

fn parent_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Whether the file system or its rules, not a fault, are why there is no second link.
fn cannot_link(error: &io::Error) -> bool {
    let no = [libc::EPERM, libc::ENOTSUP, libc::ENOSYS, libc::EMLINK, libc::EXDEV];
    error.raw_os_error().is_some_and(|code| no.contains(&code))
}

const MAX_LINKS: usize = 40;

/// Follows the path to its final target, which need not exist, and tells the target's mode.
fn resolve(path: &Path) -> io::Result<(PathBuf, Option<u32>)> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((path, None)),
            Err(error) => return Err(error),
        };
        if metadata.is_dir() {
            return Err(io::Error::from_raw_os_error(libc::EISDIR));
        }
        if !metadata.is_symlink() {
            return Ok((path, Some(metadata.mode() & 0o7777)));
        }
        path = parent_of(&path).join(fs::read_link(&path)?);
    }
    Err(io::Error::from_raw_os_error(libc::ELOOP))
}

fn temporary_name(target: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{:014x}.tmp", system_fraction()));
    parent_of(target).join(name)
}

fn create_temporary(target: &Path) -> io::Result<(PathBuf, File)> {
    loop {
        let name = temporary_name(target);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&name) {
            Ok(file) => return Ok((name, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// Reads the process's umask without changing it where the system shows it; elsewhere there is no other way than to set it
/// and set it back.
fn umask() -> u32 {
    let shown = fs::read_to_string("/proc/self/status").ok().and_then(|status| {
        let line = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
        u32::from_str_radix(line.trim(), 8).ok()
    });
    shown.unwrap_or_else(|| {
        // SAFETY: umask cannot fail and touches no memory.
        unsafe {
            let mask = libc::umask(0o022);
            libc::umask(mask);
            mask as u32
        }
    })
}
