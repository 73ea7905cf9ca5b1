-- What the plugin does beyond the language client: port the function under the cursor, and show what was seen.
local M = {}

M.languages = { 'python', 'go', 'rust', 'ruby' }

--- The client that serves this buffer, or nil.
function M.client(buffer)
  local get = vim.lsp.get_clients or vim.lsp.get_active_clients
  for _, client in ipairs(get({ bufnr = buffer or 0 })) do
    if client.name == 'foundation' then
      return client
    end
  end
end

local function show(lines, filetype, name, split)
  vim.cmd(split)
  local buffer = vim.api.nvim_create_buf(true, false)
  vim.api.nvim_win_set_buf(0, buffer)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].filetype = filetype
  vim.bo[buffer].modified = false
  if vim.fn.bufnr(name) == -1 then
    vim.api.nvim_buf_set_name(buffer, name)
  end
  return buffer
end

--- The lines of the report, as Markdown.
function M.report(result)
  local lines = { '# ' .. result.summary, '' }
  for _, step in ipairs(result.steps) do
    table.insert(lines, ('* %s: %s%s'):format(step.step, step.verdict, step.cases > 0 and (' (%d cases)'):format(step.cases) or ''))
    for _, line in ipairs(vim.split(step.detail, '\n', { plain = true })) do
      if line ~= '' then
        table.insert(lines, '  ' .. line)
      end
    end
  end
  for _, hole in ipairs(result.holes) do
    table.insert(lines, ('* not ported, line %d, %s: %s'):format(hole.line, hole.construct, hole.reason))
  end
  for _, difference in ipairs(result.differences) do
    table.insert(lines, '* differs: ' .. difference)
  end
  return lines
end

--- Port the function under the cursor to `language`; the source and the port are shown in a diff split.
--- The port's buffer carries the path that it belongs at; `:write` writes it, and refuses to overwrite.
function M.port(language, done)
  if not vim.tbl_contains(M.languages, language) then
    return vim.notify(('foundation: %s is not one of %s'):format(language, table.concat(M.languages, ', ')), vim.log.levels.ERROR)
  end
  local client = M.client()
  if not client then
    return vim.notify('foundation: no server serves this buffer; see :checkhealth foundation', vim.log.levels.ERROR)
  end
  local encoding = client.offset_encoding or 'utf-16'
  local position = vim.lsp.util.make_position_params(0, encoding)
  local params = {
    command = 'foundation.port',
    arguments = { { uri = position.textDocument.uri, position = position.position, target = language, verify = true } },
  }
  local handler = function(err, result)
    if err then
      vim.notify('foundation: ' .. err.message, vim.log.levels.ERROR)
    else
      local main = result.files[1]
      for _, file in ipairs(result.files) do
        if file.role == 'source' then
          main = file
        end
      end
      vim.cmd('diffthis')
      show(vim.split(main.text, '\n', { plain = true }), language, vim.uri_to_fname(result.directory) .. '/' .. main.path, 'rightbelow vsplit')
      vim.cmd('diffthis')
      vim.notify('foundation: ' .. result.summary, result.verdict == 'passed' and vim.log.levels.INFO or vim.log.levels.WARN)
      M.last = result
    end
    if done then
      done(err, result)
    end
  end
  if vim.fn.has('nvim-0.11') == 1 then
    client:request('workspace/executeCommand', params, handler, 0)
  else
    client.request('workspace/executeCommand', params, handler, 0)
  end
end

return M
