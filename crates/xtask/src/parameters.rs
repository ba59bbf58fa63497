//! No function of the core takes a `bool`: what `true` means there, no call says.

use std::path::Path;

use anyhow::{Result, bail};
use proc_macro2::{Delimiter, Group, TokenTree};

use crate::product::{self, Source, is_punct, is_word};
use crate::shell;

pub(crate) fn of_core() -> Result<String> {
    of(&shell::path("crates/jeton/src"))
}

fn of(src: &Path) -> Result<String> {
    let sources = product::sources(src)?;
    let offences: Vec<_> = sources.iter().flat_map(offences).collect();
    if !offences.is_empty() {
        bail!("an enum would say what is meant\n{}", offences.join("\n"));
    }
    Ok(format!("{} files", sources.len()))
}

fn offences(source: &Source) -> Vec<String> {
    let mut offences = Vec::new();
    find(&source.tokens, &mut |name, parameter| {
        let line = name.span().start().line;
        let parameter = parameter.first().map(ToString::to_string);
        offences.push(format!(
            "{}:{line}: `{}` of `{name}` is a bool",
            source.file,
            parameter.unwrap_or_default()
        ));
    });
    offences
}

/// A function whose parameter is a `bool` because serde's `Visitor` has it so.
const OF_SERDE: &str = "visit_bool";

/// Hands out the name of a function and a parameter of it, for each that is a `bool`.
fn find(tokens: &[TokenTree], found: &mut impl FnMut(&TokenTree, &[TokenTree])) {
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            find(&group.stream().into_iter().collect::<Vec<_>>(), found);
        }
        // `fn(bool)`, without a name, is a type.
        if let Some([name @ TokenTree::Ident(_), signature @ ..]) = tokens.get(index + 1..)
            && is_word(token, "fn")
            && !is_word(name, OF_SERDE)
            && let Some(parameters) = outside_angles(signature).find_map(parenthesized)
        {
            let parameters: Vec<_> = parameters.stream().into_iter().collect();
            for parameter in parameters.split(|token| is_punct(token, ',')) {
                if is_bool(parameter) {
                    found(name, parameter);
                }
            }
        }
    }
}

fn parenthesized(token: &TokenTree) -> Option<&Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group),
        _ => None,
    }
}

/// The tokens that are not between `<` and `>`: bounds of a generic parameter have parentheses too.
fn outside_angles(tokens: &[TokenTree]) -> impl Iterator<Item = &TokenTree> {
    let mut depth = 0_usize;
    let mut arrow = false;
    tokens.iter().filter(move |token| {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '<' => depth += 1,
            TokenTree::Punct(punct) if punct.as_char() == '>' && !arrow => {
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        arrow = is_punct(token, '-');
        depth == 0
    })
}

/// `x: bool`, also behind a reference or in an `Option`. A comma between angles cuts a parameter
/// in two, neither of which is such.
fn is_bool(parameter: &[TokenTree]) -> bool {
    let mut of_type = parameter.iter().skip_while(|token| !is_punct(token, ':'));
    of_type.next();
    let of_type: String = of_type
        .filter(|token| !is_punct(token, '&') && !is_word(token, "mut"))
        .map(ToString::to_string)
        .collect();
    matches!(&*of_type, "bool" | "Option<bool>")
}

#[cfg(test)]
mod tests {
    use super::offences;
    use crate::product::Source;

    #[test]
    fn planted() {
        let check = |text: &str, expected: &[&str]| {
            let source = Source::parse("a.rs", text).unwrap();
            assert_eq!(offences(&source), expected, "{text}");
        };
        let one = &["a.rs:1: `x` of `f` is a bool"];
        check("fn f(x: bool) {}", one);
        check("pub(crate) async fn f(&self, x: bool,) -> u8 { 0 }", one);
        check("trait T { fn f(&mut self, x: &mut bool); }", one);
        check("impl T { fn f(x: Option<bool>) {} }", one);
        check(
            "fn f<F: Fn(bool) -> bool, const N: usize>(y: F, x: bool) {}",
            one,
        );
        check("fn g() { fn f(x: bool) {} }", one);
        check(
            "fn g() {}\n\nfn f(\n    y: u8,\n    x: bool,\n) {}",
            &["a.rs:3: `x` of `f` is a bool"],
        );
        check(
            "fn f(x: bool, y: bool) {}",
            &[
                "a.rs:1: `x` of `f` is a bool",
                "a.rs:1: `y` of `f` is a bool",
            ],
        );

        check(
            "impl Visitor<'_> for V { fn visit_bool(self, x: bool) {} }",
            &[],
        );
        check("fn f() -> bool { true }", &[]);
        check("struct S { x: bool }", &[]);
        check("fn f<F: Fn(bool) -> bool>(x: F) { g(|x: bool| x) }", &[]);
        check("fn f(x: impl Fn(bool) -> bool, y: fn(bool)) {}", &[]);
        check("fn f(x: HashMap<u8, bool>, y: &[bool]) {}", &[]);
        check("// fn f(x: bool)\nconst F: &str = \"fn f(x: bool)\";", &[]);
        check("#[cfg(test)] mod tests { fn f(x: bool) {} }", &[]);
    }
}
