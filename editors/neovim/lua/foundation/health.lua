-- `:checkhealth foundation`
local M = {}

-- Neovim 0.7 to 0.9 name these report_*.
local health = vim.health or require('health')
local start = health.start or health.report_start
local ok = health.ok or health.report_ok
local warn = health.warn or health.report_warn
local fail = health.error or health.report_error

function M.check()
  start('foundation: server')
  local config = vim.lsp.config and vim.lsp.config.foundation
  local command = config and config.cmd and config.cmd[1] or 'foundation-lsp'
  if vim.fn.executable(command) == 0 then
    fail(command .. ' cannot be run', { 'Install it with: pip install foundation-lsp', "Or set the path: vim.lsp.config('foundation', { cmd = { '/path/to/foundation-lsp', '--stdio' } })" })
    return
  end
  ok(vim.trim(vim.fn.system({ command, '--version' })) .. ' (' .. vim.fn.exepath(command) .. ')')
  if vim.fn.has('nvim-0.11') == 0 then
    warn('vim.lsp.config needs Neovim 0.11; see :help foundation-old for older ones')
  end

  start('foundation: toolchains for proving ports')
  local report = vim.fn.system({ command, 'doctor', '--json' })
  local decoded, doctor = pcall(vim.json and vim.json.decode or vim.fn.json_decode, report)
  if not decoded or type(doctor) ~= 'table' or type(doctor.toolchains) ~= 'table' then
    warn('foundation-lsp doctor gave no answer: ' .. vim.trim(report))
    return
  end
  for _, tool in ipairs(doctor.toolchains) do
    if tool.version and tool.version ~= vim.NIL then
      ok(('%s %s'):format(tool.name, tool.version))
    else
      warn(tool.name .. ' is missing', { tool.install })
    end
  end
end

return M
