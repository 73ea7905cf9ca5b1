module foundation/shm

go 1.24
