-- A person's first minutes in Neovim 0.11, headless: nvim --clean --headless -l neovim.lua SERVER FILE
-- Every step prints one line; the test reads them.
local server, file = arg[1], arg[2]

local function say(...)
  io.stdout:write(table.concat(vim.tbl_map(tostring, { ... }), ' ') .. '\n')
end

local function wait(what, condition)
  if not vim.wait(30000, condition, 10) then
    say('TIMEOUT', what)
    vim.cmd('cq!')
  end
end

vim.cmd('filetype on')
vim.lsp.config('foundation', {
  cmd = { server, '-m', 'foundation_lsp', '--stdio' },
  filetypes = { 'python' },
  root_markers = { '.foundation.toml' },
})
vim.lsp.enable('foundation')
vim.cmd.edit(file)
local buf = vim.api.nvim_get_current_buf()
local client
wait('attached', function()
  client = vim.lsp.get_clients({ bufnr = buf })[1]
  return client and client.initialized
end)
say('SERVER', client.server_info.name, client.offset_encoding)

local function codes()
  local found = vim.tbl_map(function(d) return d.code end, vim.diagnostic.get(buf))
  table.sort(found)
  return table.concat(found, ',')
end

wait('diagnostics', function() return #vim.diagnostic.get(buf) > 0 end)
say('DIAGNOSTICS', codes())

-- The hover window that a person sees.
vim.api.nvim_win_set_cursor(0, { 4, 2 })
vim.lsp.buf.hover()
local float
wait('hover', function()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then float = window end
  end
  return float ~= nil
end)
for _, line in ipairs(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(float), 0, -1, false)) do
  say('HOVER', line)
end
vim.api.nvim_win_close(float, true)

-- A quick fix behind an emoji, through the menu's own path.
vim.api.nvim_win_set_cursor(0, { 4, vim.api.nvim_buf_get_lines(buf, 3, 4, false)[1]:find('bace') - 1 })
vim.lsp.buf.code_action({ filter = function(a) return a.title:find('Rename') ~= nil end, apply = true })
wait('quick fix', function() return vim.api.nvim_buf_get_lines(buf, 3, 4, false)[1]:find('base_delay') ~= nil end)
say('FIXED', vim.api.nvim_buf_get_lines(buf, 3, 4, false)[1])
wait('fewer diagnostics', function() return not codes():find('unknown%-parameter') end)

-- Suppressing is a lazily resolved action.
vim.api.nvim_win_set_cursor(0, { 4, vim.api.nvim_buf_get_lines(buf, 3, 4, false)[1]:find('300') - 1 })
vim.lsp.buf.code_action({ filter = function(a) return a.title:find('Suppress.*out%-of%-range') ~= nil end, apply = true })
wait('suppressed', function() return vim.api.nvim_buf_get_lines(buf, 3, 4, false)[1]:find('ignore') ~= nil end)
wait('clean', function() return not codes():find('out%-of%-range') end)
say('SUPPRESSED', codes())

-- Completion through omnifunc, which is what CTRL-X CTRL-O asks.
vim.api.nvim_buf_set_lines(buf, -1, -1, false, { '@retry(max_at)', 'def again(): ...' })
local row = vim.api.nvim_buf_line_count(buf) - 1
local result = client:request_sync('textDocument/completion', {
  textDocument = { uri = vim.uri_from_bufnr(buf) }, position = { line = row - 1, character = 13 },
}, 30000, buf)
say('COMPLETION', result.result.items[1].label)

if vim.env.FOUNDATION_GENERATE then
  vim.api.nvim_win_set_cursor(0, { 4, 2 })
  vim.lsp.buf.code_action({ filter = function(a) return a.title == 'Generate Go equivalent' end, apply = true })
  local made
  wait('generated file', function()
    for _, b in ipairs(vim.api.nvim_list_bufs()) do
      local name = vim.api.nvim_buf_get_name(b)
      if name:match('%.go$') and not name:match('_test%.go$') and vim.api.nvim_buf_is_loaded(b)
          and #vim.api.nvim_buf_get_lines(b, 0, -1, false) > 1 then
        made = b
      end
    end
    return made ~= nil
  end)
  vim.cmd('wall')
  say('GENERATED', vim.api.nvim_buf_get_name(made))
end

client:stop()
wait('stopped', function() return client:is_stopped() end)
say('DONE')
vim.cmd('qa!')
