package shm

import (
	"errors"
	"fmt"
)

// Errors that are no answer of the server. Compare with errors.Is.
var (
	// ErrConnect: nothing answers at the endpoint, or the server refused this client.
	ErrConnect = errors.New("cannot connect")
	// ErrConnectionLost: the server went away while the call was in flight; the model may have run.
	ErrConnectionLost = errors.New("the server went away during the call")
	// ErrProtocol: the server wrote something that PROTOCOL.md forbids.
	ErrProtocol = errors.New("protocol violation")
	// ErrClosed: the client was closed.
	ErrClosed = errors.New("the client is closed")
	// ErrInvalidInput: a tensor or a model id cannot be sent.
	ErrInvalidInput = errors.New("invalid input")
)

// A Status is how the server answered a request.
type Status uint32

// The status codes of PROTOCOL.md.
const (
	StatusOK               Status = 0
	StatusBadMagic         Status = 1
	StatusBadVersion       Status = 2
	StatusBadChecksum      Status = 3
	StatusBadRequest       Status = 4
	StatusBadTensor        Status = 5
	StatusUnknownModel     Status = 6
	StatusModelFailed      Status = 7
	StatusOverloaded       Status = 8
	StatusDeadlineExceeded Status = 9
	StatusCancelled        Status = 10
	StatusNeedsSpace       Status = 11
	StatusShuttingDown     Status = 12
	StatusTooLarge         Status = 13
	StatusUnsupported      Status = 14
	StatusInternal         Status = 15
	StatusForbidden        Status = 16
	StatusTooManyClients   Status = 17
)

var statusNames = map[Status]string{
	StatusOK: "OK", StatusBadMagic: "BAD_MAGIC", StatusBadVersion: "BAD_VERSION",
	StatusBadChecksum: "BAD_CHECKSUM", StatusBadRequest: "BAD_REQUEST", StatusBadTensor: "BAD_TENSOR",
	StatusUnknownModel: "UNKNOWN_MODEL", StatusModelFailed: "MODEL_FAILED", StatusOverloaded: "OVERLOADED",
	StatusDeadlineExceeded: "DEADLINE_EXCEEDED", StatusCancelled: "CANCELLED", StatusNeedsSpace: "NEEDS_SPACE",
	StatusShuttingDown: "SHUTTING_DOWN", StatusTooLarge: "TOO_LARGE", StatusUnsupported: "UNSUPPORTED",
	StatusInternal: "INTERNAL", StatusForbidden: "FORBIDDEN", StatusTooManyClients: "TOO_MANY_CLIENTS",
}

func (s Status) String() string {
	if name, ok := statusNames[s]; ok {
		return name
	}
	return fmt.Sprintf("STATUS_%d", uint32(s))
}

// A ServerError is an answer other than OK. Reach it with errors.As, or compare its status with errors.Is:
//
//	errors.Is(err, shm.ErrUnknownModel)
type ServerError struct {
	Status  Status
	Message string
}

func (e *ServerError) Error() string {
	return fmt.Sprintf("%s [%s]", e.Message, e.Status)
}

// Is reports whether target is a ServerError of the same status.
func (e *ServerError) Is(target error) bool {
	other, ok := target.(*ServerError)
	return ok && other.Status == e.Status
}

// Server errors to compare with errors.Is.
var (
	ErrUnknownModel     = &ServerError{Status: StatusUnknownModel, Message: "unknown model"}
	ErrModelFailed      = &ServerError{Status: StatusModelFailed, Message: "the model failed"}
	ErrOverloaded       = &ServerError{Status: StatusOverloaded, Message: "overloaded"}
	ErrDeadlineExceeded = &ServerError{Status: StatusDeadlineExceeded, Message: "deadline exceeded"}
	ErrCancelled        = &ServerError{Status: StatusCancelled, Message: "cancelled"}
	ErrTooLarge         = &ServerError{Status: StatusTooLarge, Message: "too large"}
	ErrShuttingDown     = &ServerError{Status: StatusShuttingDown, Message: "shutting down"}
	ErrBadTensor        = &ServerError{Status: StatusBadTensor, Message: "bad tensor"}
)
