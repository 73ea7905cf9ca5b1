// Package files replaces files atomically: a reader sees the old content or the new one, whole, at every moment, also
// when the writer is killed.
//
// google/renameio is not used underneath, because it does not sync the directory and its temporary file may lie in
// another one.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"

	ferrors "foundation/errors"
)

// Hook runs around each step of a write, for tests that make a step fail and for those that watch. It must call run,
// which does the step, unless the step is to fail; what it returns is the step's error. A "backup link" that fails because
// links are not possible is followed by a "backup copy". The steps are "mkdir", "temp",
// "write N", "chmod M", "fsync", "backup link", "backup copy", "rename", "fsync_dir" and, after a failure, "unlink".
type Hook func(step string, run func() error) error

type settings struct {
	mode          fs.FileMode
	keepMode      bool
	backup        bool
	durable       bool
	createParents bool
	hook          Hook
}

// Option configures AtomicWrite.
type Option func(*settings)

// WithMode sets the permission bits, from 0 to 0o7777. The default keeps the file's own; a new file gets 0o644 less the
// umask.
func WithMode(mode fs.FileMode) Option {
	return func(s *settings) { s.mode, s.keepMode = mode, false }
}

// WithBackup keeps the old content as <name>.bak, by a second link or a copy; the original never goes away.
func WithBackup(backup bool) Option { return func(s *settings) { s.backup = backup } }

// WithDurable says whether file and directory are synced to the disk; they are by default.
func WithDurable(durable bool) Option { return func(s *settings) { s.durable = durable } }

// WithCreateParents makes missing parent directories.
func WithCreateParents(create bool) Option { return func(s *settings) { s.createParents = create } }

// WithHook runs hook around each step.
func WithHook(hook Hook) Option { return func(s *settings) { s.hook = hook } }

// AtomicWrite replaces the content of path, following symbolic links. When a step fails its own error is returned and
// the file is as it was; only a failing sync of the directory, the last step, leaves the new content in place.
func AtomicWrite(path string, data []byte, opts ...Option) error {
	s := settings{keepMode: true, durable: true, hook: func(_ string, run func() error) error { return run() }}
	for _, opt := range opts {
		opt(&s)
	}
	if s.mode > 0o7777 {
		return ferrors.BadParameter("mode", fmt.Sprintf("mode is %#o; it must be from 0 to 0o7777", uint32(s.mode)))
	}
	if path == "" {
		return ferrors.BadParameter("path", "path is empty; it must name a file")
	}
	return s.write(path, data)
}

// AtomicWriteText is AtomicWrite for text, which is written as UTF-8.
func AtomicWriteText(path, text string, opts ...Option) error {
	return AtomicWrite(path, []byte(text), opts...)
}

func (s *settings) write(path string, data []byte) (err error) {
	if s.createParents {
		if err := s.makeParents(filepath.Dir(path)); err != nil {
			return err
		}
	}
	target, existing, err := resolve(path)
	if err != nil {
		return err
	}
	directory := filepath.Dir(target)
	var temporary *os.File
	err = s.hook("temp", func() (err error) {
		temporary, err = createTemporary(target)
		return err
	})
	if err != nil {
		return err
	}
	renamed := false
	defer func() {
		_ = temporary.Close() // Harmless after the Close below.
		if err != nil && !renamed {
			_ = s.hook("unlink", func() error { return os.Remove(temporary.Name()) })
		}
	}()
	mode := s.mode
	if s.keepMode {
		if existing != nil {
			mode = fs.FileMode(existing.Mode & 0o7777)
		} else {
			mode = 0o644 &^ umask()
		}
	}
	err = s.hook(fmt.Sprintf("write %d", len(data)), func() error {
		_, err := temporary.Write(data)
		return err
	})
	if err == nil {
		err = s.hook(fmt.Sprintf("chmod %o", mode), func() error {
			return pathError("chmod", temporary.Name(), syscall.Fchmod(int(temporary.Fd()), uint32(mode)))
		})
	}
	if err == nil && s.durable {
		err = s.hook("fsync", temporary.Sync)
	}
	if err == nil {
		err = temporary.Close()
	}
	if err == nil && s.backup && existing != nil {
		err = s.keepBackup(target, fs.FileMode(existing.Mode&0o7777))
	}
	if err == nil {
		err = s.hook("rename", func() error { return os.Rename(temporary.Name(), target) })
	}
	if err != nil {
		return err
	}
	renamed = true
	if s.durable {
		return s.hook("fsync_dir", func() error { return syncDirectory(directory) })
	}
	return nil
}

func (s *settings) makeParents(directory string) error {
	if _, err := os.Stat(directory); err == nil {
		return nil
	}
	return s.hook("mkdir", func() error { return os.MkdirAll(directory, 0o777) })
}

// maxLinks is the number of symbolic links that are followed, the kernel's own limit.
const maxLinks = 40

// resolve follows path to its final target, which need not exist, and describes the target.
func resolve(path string) (string, *syscall.Stat_t, error) {
	for range maxLinks {
		var info syscall.Stat_t
		err := ignoringInterrupts(func() error { return syscall.Lstat(path, &info) })
		if errors.Is(err, syscall.ENOENT) {
			return path, nil, nil
		}
		if err != nil {
			return "", nil, pathError("lstat", path, err)
		}
		switch info.Mode & syscall.S_IFMT {
		case syscall.S_IFDIR:
			return "", nil, pathError("open", path, syscall.EISDIR)
		case syscall.S_IFLNK:
			next, err := os.Readlink(path)
			if err != nil {
				return "", nil, err
			}
			if !filepath.IsAbs(next) {
				// Joined by hand: cleaning "a/../b" away is wrong when a is a symbolic link.
				next = filepath.Dir(path) + string(filepath.Separator) + next
			}
			path = next
		default:
			return path, &info, nil
		}
	}
	return "", nil, pathError("open", path, syscall.ELOOP)
}

func pathError(operation, path string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: operation, Path: path, Err: err}
}

func ignoringInterrupts(call func() error) error {
	for {
		if err := call(); err != syscall.EINTR {
			return err
		}
	}
}

func temporaryName(target string) string {
	return filepath.Join(filepath.Dir(target), fmt.Sprintf(".%s.%016x.tmp", filepath.Base(target), rand.Uint64()))
}

func createTemporary(target string) (*os.File, error) {
	for {
		file, err := os.OpenFile(temporaryName(target), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
	}
}

// keepBackup gives the target's content a second name. The link is made under a temporary name and renamed, because a
// link cannot replace an older backup.
func (s *settings) keepBackup(target string, mode fs.FileMode) error {
	temporary := temporaryName(target)
	defer os.Remove(temporary) // Renaming one link of a file over another does nothing and leaves both.
	err := s.hook("backup link", func() error {
		if err := os.Link(target, temporary); err != nil {
			return err
		}
		return os.Rename(temporary, target+".bak")
	})
	if err == nil || !cannotLink(err) {
		return err
	}
	return s.hook("backup copy", func() error {
		if err := s.copyFile(target, temporary, mode); err != nil {
			return err
		}
		return os.Rename(temporary, target+".bak")
	})
}

// cannotLink reports whether the file system or its rules, not a fault, are why there is no second link.
func cannotLink(err error) bool {
	for _, no := range []error{syscall.EPERM, syscall.ENOTSUP, syscall.ENOSYS, syscall.EMLINK, syscall.EXDEV} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}

func (s *settings) copyFile(from, to string, mode fs.FileMode) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	destination, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, destination.Close()) }()
	if _, err := io.Copy(destination, source); err != nil {
		return err
	}
	if err := syscall.Fchmod(int(destination.Fd()), uint32(mode)); err != nil {
		return pathError("chmod", to, err)
	}
	if s.durable {
		return destination.Sync()
	}
	return nil
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	defer directory.Close()
	return directory.Sync()
}

var umaskLock sync.Mutex

// umask reads the process's umask without changing it where the system shows it; elsewhere there is no other way than
// to set it and set it back.
func umask() fs.FileMode {
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		for _, line := range strings.Split(string(status), "\n") {
			if value, found := strings.CutPrefix(line, "Umask:"); found {
				if mask, err := strconv.ParseUint(strings.TrimSpace(value), 8, 12); err == nil {
					return fs.FileMode(mask)
				}
			}
		}
	}
	umaskLock.Lock()
	defer umaskLock.Unlock()
	mask := syscall.Umask(0o022)
	syscall.Umask(mask)
	return fs.FileMode(mask)
}
