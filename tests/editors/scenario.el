;;; scenario.el --- the editors' scenario in Emacs -*- lexical-binding: t; -*-
;; With eglot or lsp-mode (environment CLIENT): hover in four languages, diagnostics that come and go while typing, a quick
;; fix behind an emoji, a port, a restart.  Prints "ok <step>" for each; exits with 1 on failure.
;; Environment: WORKSPACE, SERVER, PLUGIN, CLIENT.

(package-initialize)
(require 'seq)
(require 'subr-x)
(defvar workspace (getenv "WORKSPACE"))
(defvar with-eglot (equal (getenv "CLIENT") "eglot"))
(add-to-list 'load-path (getenv "PLUGIN"))
(require 'foundation)
(setq foundation-command (list (getenv "SERVER") "--stdio"))
(set-language-environment "UTF-8")
(defalias 'y-or-n-p #'always)
(defalias 'yes-or-no-p #'always)
(setq make-backup-files nil auto-save-default nil create-lockfiles nil ring-bell-function #'ignore)

(defun say (format &rest arguments) (princ (concat (apply #'format format arguments) "\n")))
(defun fail (format &rest arguments) (say "FAILED %s" (apply #'format format arguments)) (kill-emacs 1))
(defun check (what value &optional detail) (if value (say "ok %s" what) (fail "%s: %S" what detail)) value)
(defun wait (what predicate)
  (let ((end (+ (float-time) 60)) value)
    (while (and (not (setq value (funcall predicate))) (< (float-time) end)) (accept-process-output nil 0.02))
    (unless value (fail "waited in vain: %s" what))
    (say "ok %s" what)
    value))

(if with-eglot
    (progn
      (require 'eglot)
      (require 'flymake)
      (setq eglot-sync-connect 60 eglot-confirm-server-initiated-edits nil eglot-autoshutdown nil)
      (foundation-eglot-setup))
  (require 'lsp-mode)
  (require 'lsp-diagnostics nil t)
  (setq lsp-session-file (expand-file-name "lsp-session" (getenv "HOME")) lsp-auto-guess-root t lsp-guess-root-without-session t
        lsp-enable-file-watchers nil lsp-diagnostics-provider :none lsp-warn-no-matched-clients nil lsp-enable-suggest-server-download nil
        lsp-headerline-breadcrumb-enable nil lsp-modeline-code-actions-enable nil lsp-auto-configure nil lsp-keep-workspace-alive t
        lsp-disabled-clients '(pyls pylsp mspyls pyright rls rust-analyzer gopls ruby-ls typeprof-ls sorbet-ls semgrep-ls))
  (foundation-lsp-mode-setup))

(defun request (method params)
  (if with-eglot (jsonrpc-request (eglot--current-server-or-lose) method params :timeout 600)
    (let ((lsp-response-timeout 600)) (lsp-request (substring (symbol-name method) 1) params))))

(defun connected ()
  (if with-eglot (eglot-managed-p)
    (and (lsp-workspaces) (eq 'initialized (lsp--workspace-status (car (lsp-workspaces)))))))

(defun open (name)
  (find-file (expand-file-name name workspace))
  (unless (connected)
    (if with-eglot (apply #'eglot (eglot--guess-contact)) (lsp)))
  (wait (format "attached to %s" name) #'connected))

(defun text-of (node)
  "Every string inside NODE, joined."
  (cond ((stringp node) node)
        ((hash-table-p node) (mapconcat #'text-of (hash-table-values node) "\n"))
        ((vectorp node) (mapconcat #'text-of node "\n"))
        ((consp node) (mapconcat #'text-of (seq-filter (lambda (x) (not (keywordp x))) node) "\n"))
        (t "")))

(defun position-params ()
  (if with-eglot (eglot--TextDocumentPositionParams) (lsp--text-document-position-params)))

(defun cursor-on (text)
  (goto-char (point-min))
  (search-forward text)
  (goto-char (+ (match-beginning 0) 2)))

(defun hover (name text)
  (open name)
  (cursor-on text)
  (let ((answer (text-of (request :textDocument/hover (position-params)))))
    (check (format "hover in %s" name) (and (string-match-p "max_attempts" answer) (string-match-p "0\\.5" answer)) answer)))

(defun codes ()
  (if with-eglot
      (mapcar #'flymake-diagnostic-text (progn (flymake-start) (flymake-diagnostics)))
    (let (found)
      (maphash (lambda (path diagnostics)
                 (when (equal (file-truename path) (file-truename (buffer-file-name)))
                   (dolist (diagnostic diagnostics) (push (lsp-get diagnostic :message) found))))
               (lsp-diagnostics t))
      found)))

(defun reported (text) (seq-some (lambda (message) (string-match-p (regexp-quote text) message)) (codes)))

(defun retype (from to)
  (goto-char (point-min))
  (search-forward from)
  (replace-match to t t)
  ;; Emacs sends changes when it is idle, which a batch never is.
  (if with-eglot (eglot--signal-textDocument/didChange) (lsp--flush-delayed-changes)))

;; lsp-mode 8 counts code points where the protocol counts UTF-16 units, so its columns are off behind an emoji, whatever
;; the server; a letter outside ASCII it can do.
(defvar label (if with-eglot "😀" "é"))
(unless with-eglot
  (with-temp-file (expand-file-name "shop.py" workspace)
    (insert-file-contents (expand-file-name "shop.py" workspace))
    (while (search-forward "😀" nil t) (replace-match label))))

(hover "shop.py" "retry(max_attempts=3")
(hover "gateway.go" "retry(maxAttempts=3")
(hover "search.rs" "retry(max_attempts = 3")
(hover "notify.rb" "retry(max_attempts: 3")

(open "shop.py")
(when with-eglot (flymake-mode 1))
(wait "a diagnostic appears" (lambda () (reported "max_attempt")))
(retype "base_delay=0.5" "base_delay=500")
(wait "another appears while typing" (lambda () (reported "base_delay")))
(retype "base_delay=500" "base_delay=0.5")
(wait "it clears again" (lambda () (not (reported "base_delay"))))

(cursor-on "max_attempt=5")
(let* ((actions (append (if with-eglot (eglot-code-actions (point) (1+ (point))) (lsp-code-actions-at-point)) nil))
       (title (lambda (action) (if with-eglot (plist-get action :title) (lsp-get action :title))))
       (action (seq-find (lambda (action) (string-match-p "max_attempts" (funcall title action))) actions)))
  (check "a quick fix is offered" action (mapcar title actions))
  (if with-eglot (eglot--apply-workspace-edit (plist-get action :edit) nil) (lsp-execute-code-action action)))
(goto-char (point-min))
(search-forward "LABEL")
(check "the quick fix changes the right characters behind an emoji"
       (string-prefix-p (format "LABEL = \"%s\"; POLICY = retry(max_attempts=5)" label) (buffer-substring (line-beginning-position) (line-end-position)))
       (buffer-substring (line-beginning-position) (line-end-position)))
(if with-eglot (eglot--signal-textDocument/didChange) (lsp--flush-delayed-changes))
(wait "the finding is gone" (lambda () (not (reported "max_attempt"))))
(set-buffer-modified-p nil)

(open "delays.py")
(cursor-on "total_wait")
(let* ((uri (if with-eglot (eglot--path-to-uri (buffer-file-name)) (lsp--buffer-uri)))
       (position (plist-get (position-params) :position))
       (answer (request :workspace/executeCommand
                        `(:command "foundation.port" :arguments [(:uri ,uri :position ,position :target "go" :verify t)])))
       (get (lambda (key) (if (hash-table-p answer) (gethash (substring (symbol-name key) 1) answer) (plist-get answer key)))))
  (check "the port passed" (equal (funcall get :verdict) "passed") (funcall get :summary))
  (let* ((files (append (funcall get :files) nil))
         (field (lambda (file key) (if (hash-table-p file) (gethash (substring (symbol-name key) 1) file) (plist-get file key)))))
    (dolist (file files)
      (let ((path (expand-file-name (funcall field file :path) (expand-file-name "ported" workspace))))
        (make-directory (file-name-directory path) t)
        (with-temp-file path (insert (funcall field file :text)))
        (when (equal (funcall field file :role) "source") (say "written %s" path))))))

(if with-eglot
    (progn (eglot-shutdown (eglot-current-server)) (wait "the server stops" (lambda () (not (eglot-managed-p)))))
  (let ((lsp-restart 'ignore)) (lsp-workspace-shutdown (car (lsp-workspaces))) (wait "the server stops" (lambda () (null (lsp-workspaces))))))
(mapc (lambda (buffer) (when (buffer-file-name buffer) (with-current-buffer buffer (set-buffer-modified-p nil)) (kill-buffer buffer))) (buffer-list))
(hover "gateway.go" "retry(maxAttempts=3")
(say "DONE")
(kill-emacs 0)
;;; scenario.el ends here
