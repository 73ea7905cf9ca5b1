package files_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	ferrors "foundation/errors"
	"foundation/files"
)

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

// names lists a directory.
func names(t *testing.T, directory string) string {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, entry := range entries {
		list = append(list, entry.Name())
	}
	return strings.Join(list, " ")
}

func TestAtomicWrite(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "new", "deep", "state.json")
	if err := files.AtomicWriteText(path, "one", files.WithCreateParents(true)); err != nil {
		t.Fatal(err)
	}
	if read(t, path) != "one" || mode(t, path).Perm() != 0o644 {
		t.Fatalf("%q %v", read(t, path), mode(t, path))
	}
	if err := os.Chmod(path, 0o604); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"two", "three"} {
		if err := files.AtomicWriteText(path, text, files.WithBackup(true), files.WithCreateParents(true)); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, path) != "three" || read(t, path+".bak") != "two" || mode(t, path).Perm() != 0o604 || mode(t, path+".bak").Perm() != 0o604 {
		t.Fatal(read(t, path), read(t, path+".bak"), mode(t, path), mode(t, path+".bak"))
	}
	// The backup is another name of the very file already: the rename of the second link does nothing.
	if err := os.Remove(path + ".bak"); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, path+".bak"); err != nil {
		t.Fatal(err)
	}
	if err := files.AtomicWrite(path, nil, files.WithBackup(true), files.WithMode(0o600), files.WithDurable(false)); err != nil {
		t.Fatal(err)
	}
	if read(t, path) != "" || mode(t, path).Perm() != 0o600 || names(t, filepath.Dir(path)) != "state.json state.json.bak" {
		t.Fatal(names(t, filepath.Dir(path)))
	}
}

func TestSymbolicLinksAreFollowed(t *testing.T) {
	directory := t.TempDir()
	target := filepath.Join(directory, "real", "file")
	if err := os.Mkdir(filepath.Dir(target), 0o777); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"a": "b", "b": "real/file", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(directory, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"made", "replaced"} {
		if err := files.AtomicWriteText(filepath.Join(directory, "a"), text); err != nil || read(t, target) != text {
			t.Fatal(err)
		}
	}
	if info, _ := os.Lstat(filepath.Join(directory, "a")); info.Mode()&fs.ModeSymlink == 0 {
		t.Fatal("the link was replaced")
	}
	if err := files.AtomicWriteText(filepath.Join(directory, "loop"), ""); !errors.Is(err, syscall.ELOOP) {
		t.Fatal(err)
	}
	if err := files.AtomicWriteText(directory, ""); !errors.Is(err, syscall.EISDIR) {
		t.Fatal(err)
	}
	if err := files.AtomicWriteText(filepath.Join(target, "x"), ""); !errors.Is(err, syscall.ENOTDIR) {
		t.Fatal(err)
	}
	if err := files.AtomicWriteText(filepath.Join(directory, "none", "x"), ""); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}

func TestEveryStepMayFail(t *testing.T) {
	for _, failing := range []string{"temp", "write", "chmod", "fsync", "backup", "rename", "fsync_dir"} {
		t.Run(failing, func(t *testing.T) {
			directory := t.TempDir()
			path := filepath.Join(directory, "f")
			if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
				t.Fatal(err)
			}
			var steps []string
			hook := func(step string, run func() error) error {
				steps = append(steps, step)
				if strings.HasPrefix(step, failing+" ") || step == failing {
					return &fs.PathError{Op: failing, Path: path, Err: syscall.ENOSPC}
				}
				return run()
			}
			err := files.AtomicWriteText(path, "new", files.WithHook(hook), files.WithBackup(true))
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("expected ENOSPC, got %v after %q", err, steps)
			}
			expected := "old"
			if failing == "fsync_dir" {
				expected = "new"
			}
			if read(t, path) != expected {
				t.Fatalf("the file holds %q", read(t, path))
			}
			if last := steps[len(steps)-1]; (last == "unlink") != (failing != "temp" && failing != "fsync_dir") {
				t.Fatalf("the steps were %q", steps)
			}
			if strings.Contains(names(t, directory), ".tmp") {
				t.Fatalf("a temporary file is left: %s", names(t, directory))
			}
		})
	}
}

func TestBackupByCopyWhereThereAreNoLinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	hook := func(step string, run func() error) error {
		if step == "backup link" {
			return &os.LinkError{Op: "link", Err: syscall.EPERM}
		}
		return run()
	}
	if err := files.AtomicWriteText(path, "new", files.WithBackup(true), files.WithHook(hook)); err != nil {
		t.Fatal(err)
	}
	if read(t, path) != "new" || read(t, path+".bak") != "old" || mode(t, path+".bak").Perm() != 0o640 {
		t.Fatal(read(t, path), read(t, path+".bak"))
	}
}

func TestBadArguments(t *testing.T) {
	for _, err := range []error{files.AtomicWrite("", nil), files.AtomicWrite("x", nil, files.WithMode(0o10000))} {
		if !errors.Is(err, ferrors.ErrConfiguration) {
			t.Error(err)
		}
	}
}

// TestRealEnospc fills a real, small file system where the machine allows to mount one, and otherwise limits the size of
// files, for which the kernel fails the write as well.
func TestRealFailureOfTheDisk(t *testing.T) {
	if path := os.Getenv("FOUNDATION_LIMITED_WRITE"); path != "" {
		limit := syscall.Rlimit{Cur: 64 << 10, Max: 64 << 10}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
		fmt.Println("error:", files.AtomicWrite(path, make([]byte, 1<<20)))
		return
	}
	directory := t.TempDir()
	path := filepath.Join(directory, "f")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=TestRealFailureOfTheDisk")
	cmd.Env = append(os.Environ(), "FOUNDATION_LIMITED_WRITE="+path)
	out, _ := cmd.CombinedOutput()
	if !strings.Contains(string(out), "file too large") {
		t.Fatalf("the write must fail: %s", out)
	}
	if read(t, path) != "old" || names(t, directory) != "f" {
		t.Fatalf("%q, %s", read(t, path), names(t, directory))
	}
	if err := exec.Command("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", directory).Run(); err != nil {
		t.Logf("no right to mount a small file system here: %v; the limit on file sizes above stands for it", err)
		return
	}
	defer exec.Command("umount", directory).Run()
	if err := files.AtomicWriteText(path, "old"); err != nil {
		t.Fatal(err)
	}
	if err := files.AtomicWrite(path, make([]byte, 1<<20)); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("expected ENOSPC, got %v", err)
	}
	if read(t, path) != "old" || names(t, directory) != "f" {
		t.Fatalf("%q, %s", read(t, path), names(t, directory))
	}
}

// pattern is a content that shows when it is torn.
func pattern(n int) []byte { return bytes.Repeat([]byte{'a' + byte(n%26)}, 20_000+n%7*5_000) }

func whole(content []byte) bool {
	return len(content) >= 20_000 && bytes.Count(content, content[:1]) == len(content)
}

func TestAReaderNeverSeesATornFileThoughTheWriterIsKilled(t *testing.T) {
	if path := os.Getenv("FOUNDATION_ENDLESS_WRITE"); path != "" {
		for n := 0; ; n++ {
			if err := files.AtomicWrite(path, pattern(n), files.WithBackup(true), files.WithDurable(n%50 == 0)); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "f")
	if err := files.AtomicWrite(path, pattern(0)); err != nil {
		t.Fatal(err)
	}
	var done atomic.Bool
	var readers sync.WaitGroup
	var torn, reads atomic.Int64
	for range 2 {
		readers.Add(1)
		go func() {
			defer readers.Done()
			for !done.Load() {
				content, err := os.ReadFile(path)
				if err != nil || !whole(content) {
					torn.Add(1)
				}
				reads.Add(1)
				time.Sleep(200 * time.Microsecond)
			}
		}()
	}
	kills := 200
	for n := range kills {
		cmd := exec.Command(os.Args[0], "-test.run=TestAReaderNeverSees")
		cmd.Env = append(os.Environ(), "FOUNDATION_ENDLESS_WRITE="+path)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(10_000+n*137%9_000) * time.Microsecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if content, err := os.ReadFile(path); err != nil || !whole(content) {
			t.Fatalf("after kill %d: %d bytes, %v", n, len(content), err)
		}
	}
	done.Store(true)
	readers.Wait()
	if torn.Load() != 0 || reads.Load() == 0 {
		t.Fatalf("%d of %d reads were torn or missing", torn.Load(), reads.Load())
	}
	if content, err := os.ReadFile(path + ".bak"); err != nil || !whole(content) {
		t.Fatalf("the backup is torn: %v", err)
	}
}
