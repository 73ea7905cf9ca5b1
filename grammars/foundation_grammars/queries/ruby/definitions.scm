; Methods, classes and modules.
(method name: (_) @name) @function
(singleton_method name: (_) @name) @function
(class name: [(constant) (scope_resolution)] @name) @class
(module name: [(constant) (scope_resolution)] @name) @module
