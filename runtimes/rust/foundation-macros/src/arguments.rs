//! Reads `name = value` arguments, with errors at the argument.

use proc_macro2::{Ident, Span, TokenStream as Tokens};
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Ident as SynIdent, Lit, Token, UnOp};

struct Argument {
    name: SynIdent,
    value: Expr,
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name: SynIdent = input.parse()?;
        if !input.peek(Token![=]) {
            return Err(Error::new(name.span(), format!("`{name}` needs a value: `{name} = ...`")));
        }
        input.parse::<Token![=]>()?;
        Ok(Self { name, value: input.parse()? })
    }
}

/// The arguments of one attribute.
pub struct Arguments(Vec<Argument>);

/// A number as tokens.
pub struct Number(pub Tokens);

impl Arguments {
    /// Parses `tokens`; every unknown or repeated name is an error.
    pub fn parse(tokens: Tokens, attribute: &str, known: &[&str]) -> syn::Result<Self> {
        let list = Punctuated::<Argument, Token![,]>::parse_terminated.parse2(tokens)?;
        let mut problems: Option<Error> = None;
        let mut seen = Vec::new();
        for argument in &list {
            let name = argument.name.to_string();
            let message = if !known.contains(&name.as_str()) {
                format!("#[{attribute}] has no argument `{name}`; it has {}", known.join(", "))
            } else if seen.contains(&name) {
                format!("`{name}` is given twice")
            } else {
                seen.push(name);
                continue;
            };
            let problem = Error::new(argument.name.span(), message);
            match &mut problems {
                Some(problems) => problems.combine(problem),
                None => problems = Some(problem),
            }
        }
        match problems {
            Some(problems) => Err(problems),
            None => Ok(Self(list.into_iter().collect())),
        }
    }

    /// The value of an argument.
    pub fn get(&self, name: &str) -> Option<&Expr> {
        self.0.iter().find(|argument| argument.name == name).map(|argument| &argument.value)
    }

    /// Whether every value is a literal or a list, so that it cannot depend on the function's own parameters.
    pub fn are_constant(&self) -> bool {
        let constant = |value: &Expr| literal(value).is_some() || matches!(value, Expr::Array(_) | Expr::Tuple(_));
        self.0.iter().all(|argument| constant(&argument.value))
    }

    /// An integer; a literal is checked against its range, another expression at run time.
    pub fn integer(&self, name: &str, low: u64, high: u64) -> syn::Result<Option<Number>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let wrong = |found: &str| {
            Error::new(value.span(), format!("`{name}` is {found}; it must be an integer from {low} to {high}"))
        };
        Ok(Some(Number(match literal(value) {
            Some((Lit::Int(int), false)) => {
                let number: u64 = int.base10_parse().map_err(|_| wrong(int.base10_digits()))?;
                if !(low..=high).contains(&number) {
                    return Err(wrong(int.base10_digits()));
                }
                let number = number as u32;
                quote!(#number)
            }
            Some((Lit::Int(int), true)) => return Err(wrong(&format!("-{}", int.base10_digits()))),
            Some(_) => return Err(wrong("not an integer")),
            None => quote!((#value)),
        })))
    }

    /// A number of seconds as a `Duration`; a literal is checked against its range and converted here.
    pub fn seconds(&self, name: &str, low: f64, high: f64) -> syn::Result<Option<Number>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let wrong = |found: &str| {
            let message = format!("`{name}` is {found}; it must be a number of seconds from {low} to {high}");
            Error::new(value.span(), message)
        };
        let (number, text) = match literal(value) {
            Some((Lit::Int(int), negative)) => (int.base10_parse::<f64>()?, (negative, int.base10_digits().to_owned())),
            Some((Lit::Float(float), negative)) => {
                (float.base10_parse::<f64>()?, (negative, float.base10_digits().to_owned()))
            }
            Some(_) => return Err(wrong("not a number")),
            None => return Ok(Some(Number(quote!(::foundation::clock::seconds(f64::from(#value)))))),
        };
        let (negative, digits) = text;
        if (negative && number != 0.0) || number < low || number > high {
            return Err(wrong(&format!("{}{digits}", if negative { "-" } else { "" })));
        }
        let nanoseconds = (number * 1e9).round_ties_even() as u64;
        Ok(Some(Number(quote!(::core::time::Duration::from_nanos(#nanoseconds)))))
    }

    /// One of a few words, as the identifier that stands for it.
    pub fn choice(&self, name: &str, choices: &[(&str, &str)]) -> syn::Result<Option<Ident>> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        if let Some((Lit::Str(text), _)) = literal(value) {
            if let Some((_, ident)) = choices.iter().find(|(word, _)| *word == text.value()) {
                return Ok(Some(Ident::new(ident, text.span())));
            }
        }
        Err(Error::new(value.span(), format!("`{name}` must be one of {}", words.join(", "))))
    }

    /// A boolean literal.
    pub fn boolean(&self, name: &str) -> syn::Result<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some(Expr::Lit(ExprLit { lit: Lit::Bool(value), .. })) => Ok(Some(value.value)),
            Some(other) => Err(Error::new(other.span(), format!("`{name}` must be true or false"))),
        }
    }

    /// A string literal.
    pub fn string(&self, name: &str) -> syn::Result<Option<String>> {
        match self.get(name) {
            None => Ok(None),
            Some(Expr::Lit(ExprLit { lit: Lit::Str(value), .. })) => Ok(Some(value.value())),
            Some(other) => Err(Error::new(other.span(), format!("`{name}` must be a string, like \"text\""))),
        }
    }

    /// A list of string literals.
    pub fn strings(&self, name: &str) -> syn::Result<Vec<String>> {
        let Some(value) = self.get(name) else { return Ok(Vec::new()) };
        let wrong = |span: Span| Error::new(span, format!("`{name}` must be a list of strings, like [\"a\", \"b\"]"));
        let Expr::Array(array) = value else { return Err(wrong(value.span())) };
        array
            .elems
            .iter()
            .map(|item| match literal(item) {
                Some((Lit::Str(text), _)) => Ok(text.value()),
                _ => Err(wrong(item.span())),
            })
            .collect()
    }
}

/// A literal and whether a minus stands before it.
fn literal(value: &Expr) -> Option<(&Lit, bool)> {
    match value {
        Expr::Lit(literal) => Some((&literal.lit, false)),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => literal(&unary.expr).map(|(lit, _)| (lit, true)),
        _ => None,
    }
}

/// The names that [`classes`] knows.
const CLASSES: &[&str] = &[
    "Exception",
    "FoundationError",
    "NetworkError",
    "TimeoutError",
    "ServiceUnavailable",
    "AuthenticationError",
    "ValidationError",
    "ConfigurationError",
    "CancelledError",
    "MaxRetriesExceeded",
    "CircuitOpenError",
    "RateLimitExceeded",
    "ProcessError",
    "ProcessTimeoutError",
    "HttpError",
    "HttpStatusError",
];

/// A list of error classes: the shared names, and names of the application's own classes.
pub fn classes(list: &Expr) -> syn::Result<Tokens> {
    let elements: Vec<&Expr> = match list {
        Expr::Array(array) => array.elems.iter().collect(),
        Expr::Tuple(tuple) => tuple.elems.iter().collect(),
        single @ Expr::Path(_) => vec![single],
        other => {
            let message = "this must be a list of error classes, like [NetworkError, TimeoutError]";
            return Err(Error::new(other.span(), message));
        }
    };
    let mut out = Vec::new();
    for element in elements {
        let Expr::Path(path) = element else {
            return Err(Error::new(element.span(), "this must be the name of an error class"));
        };
        let Some(last) = path.path.segments.last().map(|segment| segment.ident.clone()) else { continue };
        if CLASSES.iter().any(|known| last == known) {
            out.push(quote!(::foundation::errors::Class::#last));
        } else {
            let name = last.to_string();
            out.push(quote!(::foundation::errors::Class::Other(#name)));
        }
    }
    Ok(quote!([#(#out),*]))
}
