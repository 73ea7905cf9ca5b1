module shop

go 1.22

require foundation v0.0.0

replace foundation => ../../../runtimes/go
