module foundation

go 1.22
