;;; foundation.el --- Infrastructure patterns in Python, Go, Rust and Ruby -*- lexical-binding: t; -*-

;;; Commentary:
;; With eglot: (require 'foundation) (foundation-eglot-setup), then M-x eglot.
;; With lsp-mode: (require 'foundation) (foundation-lsp-mode-setup), then M-x lsp; it runs beside other servers.

;;; Code:

(defgroup foundation nil
  "Infrastructure patterns in Python, Go, Rust and Ruby."
  :group 'tools)

(defcustom foundation-command '("foundation-lsp" "--stdio")
  "The server's program and arguments."
  :type '(repeat string))

(defvar eglot-server-programs)
(declare-function lsp-register-client "lsp-mode")
(declare-function make-lsp-client "lsp-mode")
(declare-function lsp-stdio-connection "lsp-mode")

(defconst foundation-modes '(python-mode python-ts-mode go-mode go-ts-mode rust-mode rust-ts-mode ruby-mode ruby-ts-mode)
  "The major modes of the four languages.")

;;;###autoload
(defun foundation-eglot-setup ()
  "Let eglot start the server for the four languages.
Each mode has an entry of its own: eglot tells a server that serves a list of
modes that every file is in the language of the first."
  (require 'eglot)
  (dolist (mode foundation-modes)
    (add-to-list 'eglot-server-programs (cons mode foundation-command))))

;;;###autoload
(defun foundation-lsp-mode-setup ()
  "Let lsp-mode start the server beside others for the four languages."
  (require 'lsp-mode)
  (lsp-register-client
   (make-lsp-client
    :new-connection (lsp-stdio-connection (lambda () foundation-command))
    :major-modes foundation-modes
    :add-on? t
    :server-id 'foundation)))

(provide 'foundation)
;;; foundation.el ends here
