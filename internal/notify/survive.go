package notify

import (
	"fmt"
	"runtime/debug"
)

// Survive runs a piece of background work and makes an error of its panic, with
// the stack: the process, and all other work, goes on (threat T-DOS-18).
func Survive(work func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return work()
}
