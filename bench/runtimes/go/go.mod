module foundation-bench

go 1.23

require (
	foundation v0.0.0
	github.com/cenkalti/backoff/v5 v5.0.3
	go.uber.org/zap v1.28.0
)

require go.uber.org/multierr v1.10.0 // indirect

replace foundation => ../../../runtimes/go
