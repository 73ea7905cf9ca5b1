"""The one face to editors and shells: the language server and the command line."""
