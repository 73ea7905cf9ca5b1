-- `:FoundationPort {language}`: port the function under the cursor and compare the two side by side.
if vim.g.loaded_foundation == 1 then
  return
end
vim.g.loaded_foundation = 1

vim.api.nvim_create_user_command('FoundationPort', function(command)
  require('foundation').port(command.args)
end, {
  nargs = 1,
  complete = function(prefix)
    return vim.tbl_filter(function(language)
      return vim.startswith(language, prefix)
    end, require('foundation').languages)
  end,
  desc = 'Port the function under the cursor to another language',
})
