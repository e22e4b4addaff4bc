module github.com/nn13002/nn

go 1.26
