-- The client's configuration, found by `vim.lsp.enable('foundation')` in Neovim 0.11.
return {
  cmd = { 'foundation-lsp', '--stdio' },
  filetypes = { 'python', 'go', 'rust', 'ruby' },
  root_markers = { '.foundation.toml', 'pyproject.toml', 'go.mod', 'Cargo.toml', 'Gemfile', '.git' },
}
