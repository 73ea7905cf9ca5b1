; Functions, methods and classes, at any depth.
(function_definition name: (identifier) @name) @function
(class_definition name: (identifier) @name) @class
