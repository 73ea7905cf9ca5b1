//! `#[register_command]`.

use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, FnArg, GenericArgument, ItemFn, Lit, Meta, Pat, PathArguments, ReturnType, Type};

use crate::arguments::Arguments;

pub fn register(arguments: Tokens, function: &ItemFn) -> syn::Result<Tokens> {
    let arguments =
        Arguments::parse(arguments, "register_command", &["name", "description", "aliases", "hidden", "category"])?;
    let ident = &function.sig.ident;
    if let Some(asyncness) = &function.sig.asyncness {
        return Err(Error::new(asyncness.span(), "#[register_command] needs a function that is not async"));
    }
    let name = arguments.string("name")?.unwrap_or_else(|| ident.to_string().replace('_', "-"));
    if name.split('.').any(str::is_empty) {
        let span = arguments.get("name").map_or_else(|| ident.span(), Spanned::span);
        return Err(Error::new(span, format!("the command name {name:?} has an empty part")));
    }
    let description = arguments.string("description")?.unwrap_or_else(|| doc_comment(function));
    let aliases = arguments.strings("aliases")?;
    let hidden = arguments.boolean("hidden")?.unwrap_or(false);
    let mut command = quote!(::foundation::cli::Command::new(#name).description(#description).hidden(#hidden));
    if !aliases.is_empty() {
        command.extend(quote!(.aliases([#(#aliases),*])));
    }
    if let Some(category) = arguments.string("category")? {
        command.extend(quote!(.category(#category)));
    }
    let mut values = Vec::new();
    let inputs: Vec<&FnArg> = function.sig.inputs.iter().collect();
    let takes_all = matches!(inputs.as_slice(), [FnArg::Typed(only)] if matches!(&*only.ty, Type::Reference(_)));
    if takes_all {
        values.push(quote!(__args));
    } else {
        for input in inputs {
            let FnArg::Typed(input) = input else {
                return Err(Error::new(input.span(), "#[register_command] needs a function, not a method"));
            };
            let Pat::Ident(pattern) = &*input.pat else {
                return Err(Error::new(input.pat.span(), "a command's parameter must be a name"));
            };
            let parameter = pattern.ident.to_string();
            let (declared, value) = parameter_of(&parameter, &input.ty)?;
            command.extend(declared);
            values.push(value);
        }
    }
    let run = match &function.sig.output {
        ReturnType::Default => quote!({ #ident(#(#values),*); ::core::result::Result::Ok(()) }),
        ReturnType::Type(..) => quote!(#ident(#(#values),*).map_err(::core::convert::Into::into)),
    };
    let visibility = &function.vis;
    let companion = format_ident!("{ident}_command");
    let doc = format!("The command `{name}`, for `App::register`.");
    Ok(quote! {
        #function

        #[doc = #doc]
        #visibility fn #companion() -> ::foundation::cli::Command {
            #command.run(|__args| #run)
        }
    })
}

fn doc_comment(function: &ItemFn) -> String {
    let lines = function.attrs.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// The inner type of `Outer<Inner>`.
fn inner_of<'t>(ty: &'t Type, outer: &str) -> Option<&'t Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last()?;
    let PathArguments::AngleBracketed(generic) = &segment.arguments else { return None };
    match generic.args.first()? {
        GenericArgument::Type(inner) if segment.ident == outer => Some(inner),
        _ => None,
    }
}

fn kind_of(ty: &Type) -> syn::Result<(Tokens, Tokens)> {
    if let Type::Path(path) = ty {
        for (name, kind, getter) in [
            ("String", quote!(String), quote!(as_text)),
            ("i64", quote!(Integer), quote!(as_integer)),
            ("f64", quote!(Float), quote!(as_float)),
        ] {
            if path.path.is_ident(name) {
                return Ok((kind, getter));
            }
        }
    }
    let message =
        "a command's parameter must be a String, an i64, an f64, a bool, or an Option or Vec of the first three";
    Err(Error::new(ty.span(), message))
}

fn parameter_of(name: &str, ty: &Type) -> syn::Result<(Tokens, Tokens)> {
    if matches!(ty, Type::Path(path) if path.path.is_ident("bool")) {
        let declared = quote!(.option(::foundation::cli::Parameter::new(#name, ::foundation::config::Type::Boolean)));
        return Ok((declared, quote!(__args.flag(#name))));
    }
    if let Some(inner) = inner_of(ty, "Option") {
        let (kind, getter) = kind_of(inner)?;
        let declared = quote!(.option(::foundation::cli::Parameter::new(#name, ::foundation::config::Type::#kind)));
        return Ok((declared, quote!(__args.get(#name).and_then(|value| value.#getter()))));
    }
    if let Some(inner) = inner_of(ty, "Vec") {
        let (kind, getter) = kind_of(inner)?;
        let declared = quote!(.argument(::foundation::cli::Parameter::new(#name, ::foundation::config::Type::#kind).multiple().optional()));
        return Ok((declared, quote!(__args.list(#name).iter().filter_map(|value| value.#getter()).collect())));
    }
    let (kind, getter) = kind_of(ty)?;
    let declared = quote!(.argument(::foundation::cli::Parameter::new(#name, ::foundation::config::Type::#kind)));
    Ok((declared, quote!(__args.get(#name).and_then(|value| value.#getter()).unwrap_or_default())))
}
