module stoa.example/quickstart

go 1.19
