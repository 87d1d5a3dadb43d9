package store

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// privateOnly is off: files have no mode to look at.
const privateOnly = false

// lockFile takes the lock of a data file for as long as the process lives, by
// opening it without sharing.
func lockFile(path string) (io.Closer, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, fmt.Errorf("another process may have it open; a SQLite database serves one process at a time: %w", err)
	}
	return os.NewFile(uintptr(h), path), nil
}
