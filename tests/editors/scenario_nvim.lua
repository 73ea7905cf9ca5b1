-- One scenario for Neovim 0.11 and 0.7: hover in four languages, diagnostics that come and go while typing, a quick fix
-- behind an emoji, a port in a diff split that is written, a restart. Prints "ok <step>" for each; exits with 1 on failure.
-- Environment: WORKSPACE, SERVER, PLUGIN.
local workspace, server, plugin = os.getenv('WORKSPACE'), os.getenv('SERVER'), os.getenv('PLUGIN')
local modern = vim.fn.has('nvim-0.11') == 1

local function say(...)
  io.stdout:write(table.concat({ ... }, ' ') .. '\n')
end

local function fail(...)
  say('FAILED', ...)
  vim.cmd('cquit 1')
end

local function wait(what, predicate, milliseconds)
  local value
  if not vim.wait(milliseconds or 60000, function()
    value = predicate()
    return value
  end, 20) then
    fail('waited in vain:', what)
  end
  say('ok', what)
  return value
end

local function check(what, condition, detail)
  if not condition then
    fail(what, vim.inspect(detail))
  end
  say('ok', what)
end

vim.opt.runtimepath:prepend(plugin)
vim.cmd('runtime plugin/foundation.lua')
vim.cmd('filetype on')
local foundation = require('foundation')

if modern then
  vim.lsp.config('foundation', { cmd = { server, '--stdio' } })
  vim.lsp.enable('foundation')
else
  vim.api.nvim_create_autocmd('FileType', {
    pattern = { 'python', 'go', 'rust', 'ruby' },
    callback = function(event)
      local id = vim.g.foundation_client
      if not id or not vim.lsp.get_client_by_id(id) then
        id = vim.lsp.start_client({ name = 'foundation', cmd = { server, '--stdio' }, root_dir = workspace })
        vim.g.foundation_client = id
      end
      vim.lsp.buf_attach_client(event.buf or vim.fn.bufnr(), id)
    end,
  })
end

local function open(name)
  vim.cmd('edit ' .. workspace .. '/' .. name)
  wait('attached to ' .. name, function()
    local client = foundation.client(0)
    return client and (client.initialized or client.server_capabilities)
  end)
end

local function cursor_on(text, delta)
  for row, line in ipairs(vim.api.nvim_buf_get_lines(0, 0, -1, false)) do
    local column = line:find(text, 1, true)
    if column then
      vim.api.nvim_win_set_cursor(0, { row, column - 1 + (delta or 1) })
      return row
    end
  end
  fail('the fixture has no', text)
end

local function floating()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then
      return window
    end
  end
end

local function hover(name, text)
  open(name)
  cursor_on(text)
  vim.lsp.buf.hover()
  local window = wait('hover in ' .. name, floating)
  local lines = table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), '\n')
  check('hover text in ' .. name, lines:find('max_attempts', 1, true) and lines:find('0.5', 1, true), lines)
  vim.api.nvim_win_close(window, true)
end

local function codes()
  local found = {}
  for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
    local code = diagnostic.code or (diagnostic.user_data and diagnostic.user_data.lsp and diagnostic.user_data.lsp.code)
    found[code] = true
  end
  return found
end

local function substitute(from, to)
  local row = cursor_on(from)
  local line = vim.api.nvim_buf_get_lines(0, row - 1, row, false)[1]
  local first, last = line:find(from, 1, true)
  vim.api.nvim_buf_set_lines(0, row - 1, row, false, { line:sub(1, first - 1) .. to .. line:sub(last + 1) })
end

hover('shop.py', 'retry(max_attempts=3')
hover('gateway.go', 'retry(maxAttempts=3')
hover('search.rs', 'retry(max_attempts = 3')
hover('notify.rb', 'retry(max_attempts: 3')

open('shop.py')
wait('a diagnostic appears', function() return codes()['retry_with_backoff/unknown-parameter'] end)
substitute('base_delay=0.5', 'base_delay=500')
wait('another appears while typing', function() return codes()['retry_with_backoff/out-of-range'] end)
substitute('base_delay=500', 'base_delay=0.5')
wait('it clears again', function() return not codes()['retry_with_backoff/out-of-range'] end)

local row = cursor_on('max_attempt=5', 2)
local function wanted(action)
  return action.title:find('max_attempts', 1, true) ~= nil
end
if modern then
  vim.lsp.buf.code_action({ filter = wanted, apply = true })
else
  -- 0.7 always asks; the answer is the action that a person would choose.
  vim.ui.select = function(items, _, choose)
    for _, item in ipairs(items) do
      if wanted(item[2]) then
        return choose(item, 1)
      end
    end
    fail('no quick fix among', vim.inspect(items))
  end
  vim.lsp.buf.code_action()
end
local fixed = 'LABEL = "😀"; POLICY = retry(max_attempts=5)'
wait('the quick fix changes the right characters behind an emoji', function()
  return vim.startswith(vim.api.nvim_buf_get_lines(0, row - 1, row, false)[1], fixed)
end)
wait('the finding is gone', function() return not codes()['retry_with_backoff/unknown-parameter'] end)

open('delays.py')
cursor_on('def total_wait', 5)
local answer
foundation.port('go', function(err, result) answer = { err = err, result = result } end)
-- The first compilation with an empty cache takes its time.
wait('the port is answered', function() return answer end, 600000)
check('the port has no error', not answer.err, answer.err)
check('the port passed', answer.result.verdict == 'passed', answer.result.summary)
local preview = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
check('the port is shown', preview:find('func TotalWait(', 1, true), preview)
check('in a diff split', vim.wo.diff and #vim.api.nvim_tabpage_list_wins(0) == 2)
check('the report can be read', #foundation.report(answer.result) > 3)
vim.fn.mkdir(vim.fn.fnamemodify(vim.api.nvim_buf_get_name(0), ':h'), 'p')
vim.cmd('write')
check('the port is written', vim.fn.filereadable(vim.api.nvim_buf_get_name(0)) == 1)
say('written', vim.api.nvim_buf_get_name(0))
vim.cmd('only')

if modern then
  vim.lsp.enable('foundation', false)
  wait('the server stops', function() return not foundation.client(0) and #vim.lsp.get_clients({ name = 'foundation' }) == 0 end)
  vim.lsp.enable('foundation')
else
  vim.lsp.stop_client(vim.g.foundation_client)
  wait('the server stops', function() return not vim.lsp.get_client_by_id(vim.g.foundation_client) end)
end
vim.cmd('bufdo bwipeout!')
hover('gateway.go', 'retry(maxAttempts=3')

vim.cmd('checkhealth foundation')
local health = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
check('checkhealth names the server', health:find('foundation-lsp', 1, true) and health:find('go', 1, true), health)
say('DONE')
vim.cmd('qall!')
