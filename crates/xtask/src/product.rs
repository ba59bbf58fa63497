//! The files of the product without its tests, and Rust among them as tokens.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// Folders that hold tests, or what was built or installed.
const LEFT_OUT: &[&str] = &["build", "node_modules", "target", "test", "tests"];

/// The files below `folder` with one of these extensions, sorted; tests are not of the product.
pub(crate) fn files(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("{}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !LEFT_OUT.contains(&&*name) && !name.starts_with('.') {
            files.extend(self::files(&path, extensions)?);
        }
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        if path.is_file() && name != "tests.rs" && extensions.contains(&&*extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A file of Rust without its tests.
///
/// Tokens and not `syn`'s tree: a path in the arguments of a macro is a path too, and only tokens
/// show it; besides, this crate is compiled before anything else can start.
pub(crate) struct Source {
    /// Its path below the crate's `src`, as `grant/generation.rs`.
    pub(crate) file: String,
    pub(crate) tokens: Vec<TokenTree>,
}

impl Source {
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self> {
        let tokens: TokenStream = text.parse().map_err(|error| anyhow!("{file}: {error}"))?;
        Ok(Self {
            file: file.to_owned(),
            tokens: without_tests(tokens),
        })
    }
}

/// The Rust below a crate's `src`.
pub(crate) fn sources(src: &Path) -> Result<Vec<Source>> {
    files(src, &["rs"])?
        .iter()
        .map(|path| {
            let below = path.strip_prefix(src)?;
            let names: Vec<_> = below.iter().map(|name| name.to_string_lossy()).collect();
            Source::parse(&names.join("/"), &std::fs::read_to_string(path)?)
        })
        .collect()
}

pub(crate) fn is_punct(token: &TokenTree, char: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == char)
}

pub(crate) fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

/// Without the items that `#[cfg(test)]` stands before.
fn without_tests(tokens: TokenStream) -> Vec<TokenTree> {
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) if is_cfg_test(&group) => {
                kept.pop_if(|hash| is_punct(hash, '#'));
                skip_item(&mut tokens);
            }
            TokenTree::Group(group) => {
                let inner = without_tests(group.stream()).into_iter().collect();
                kept.push(Group::new(group.delimiter(), inner).into());
            }
            other => kept.push(other),
        }
    }
    kept
}

fn is_cfg_test(group: &Group) -> bool {
    group.delimiter() == Delimiter::Bracket
        && group.stream().to_string().replace(' ', "") == "cfg(test)"
}

/// An item ends with `;` or with its braces; those of a `use` are not its end.
fn skip_item(tokens: &mut impl Iterator<Item = TokenTree>) {
    let mut is_use = false;
    for token in tokens {
        is_use |= is_word(&token, "use");
        let is_body =
            matches!(&token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        if is_punct(&token, ';') || is_body && !is_use {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn tests_are_left_out() {
        let check = |text: &str, expected: &[&str]| {
            let tokens = Source::parse("a.rs", text).unwrap().tokens;
            let tokens: Vec<_> = tokens.iter().map(ToString::to_string).collect();
            assert_eq!(tokens, expected, "{text}");
        };
        check("a; // b\n/* c */ \"d\"", &["a", ";", "\"d\""]);
        check("#[cfg(test)] mod tests; a", &["a"]);
        check("#[cfg(test)] mod tests { b; c } a", &["a"]);
        check("#[cfg(test)] #[allow(x)] fn b() -> [u8; 3] { c } a", &["a"]);
        check("#[cfg(test)] pub(crate) use b::{c, d}; a", &["a"]);
        check("{ #[cfg(test)] fn b() {} a }", &["{ a }"]);
        check("#[cfg(feature)] a", &["#", "[cfg (feature)]", "a"]);
    }
}
