//! Which files of its crate a file of Rust names.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Spacing, TokenTree};

use crate::product::{Source, is_punct};

/// `["grant", "generation"]` for `grant/generation.rs`, empty for `lib.rs`.
pub(crate) type Module = Vec<String>;

pub(crate) fn module(file: &str) -> Module {
    match file.trim_end_matches(".rs") {
        "lib" => Module::new(),
        path => path.split('/').map(str::to_owned).collect(),
    }
}

pub(crate) fn file(module: &Module) -> String {
    match module.as_slice() {
        [] => "lib.rs".to_owned(),
        names => format!("{}.rs", names.join("/")),
    }
}

/// Each file that `source` names, of those there are, with the line where it does so first.
pub(crate) fn named(source: &Source, files: &BTreeSet<Module>) -> BTreeMap<Module, usize> {
    let own = module(&source.file);
    let mut names = Names {
        files,
        found: BTreeMap::new(),
    };
    names.read(&source.tokens, &own);
    names.found.remove(&own);
    names.found
}

struct Names<'a> {
    files: &'a BTreeSet<Module>,
    found: BTreeMap<Module, usize>,
}

impl Names<'_> {
    /// `module` is deeper than the file in a `mod` with braces.
    fn read(&mut self, tokens: &[TokenTree], module: &Module) {
        let mut rest = tokens;
        let mut after_dot = false;
        while let [token, after @ ..] = rest {
            rest = match (token, after) {
                (
                    TokenTree::Ident(word),
                    [TokenTree::Ident(name), TokenTree::Group(body), end @ ..],
                ) if word == "mod" => {
                    let inner = [module.as_slice(), &[name.to_string()]].concat();
                    self.read(&Vec::from_iter(body.stream()), &inner);
                    end
                }
                // After a dot it is a method: `text.parse::<u8>()`.
                (TokenTree::Ident(_), [a, b, ..]) if is_colons(a, b) && !after_dot => {
                    let mut paths = Vec::new();
                    let end = read_path(rest, Vec::new(), &mut paths);
                    for path in paths {
                        if let Some(file) = self.resolve(&path, module) {
                            let line = token.span().start().line;
                            self.found.entry(file).or_insert(line);
                        }
                    }
                    end
                }
                (TokenTree::Group(group), _) => {
                    self.read(&Vec::from_iter(group.stream()), module);
                    after
                }
                _ => after,
            };
            after_dot = is_punct(token, '.');
        }
    }

    /// The file that a path leads to from within `module`: the deepest, because what follows are
    /// names in it. None if it leads out of the crate.
    fn resolve(&self, path: &[String], module: &Module) -> Option<Module> {
        let mut at = module.clone();
        for (index, name) in path.iter().enumerate() {
            match name.as_str() {
                "crate" => at.clear(),
                "self" => {}
                "super" => {
                    at.pop();
                }
                _ => {
                    at.push(name.clone());
                    if !self.files.contains(&at) {
                        at.pop();
                        if index == 0 {
                            return None;
                        }
                        break;
                    }
                }
            }
        }
        while !self.files.contains(&at) {
            at.pop()?;
        }
        Some(at)
    }
}

/// Adds the path that `tokens` begin with to `paths`, `a::{b, c}` as the two it is, and returns
/// what follows it.
fn read_path<'a>(
    mut tokens: &'a [TokenTree],
    mut path: Vec<String>,
    paths: &mut Vec<Vec<String>>,
) -> &'a [TokenTree] {
    loop {
        match tokens {
            [TokenTree::Ident(name), rest @ ..] => {
                path.push(name.to_string());
                tokens = rest;
            }
            [TokenTree::Group(group), rest @ ..] if group.delimiter() == Delimiter::Brace => {
                let branches = Vec::from_iter(group.stream());
                let branches = branches.split(|token| is_punct(token, ','));
                // A comma may end the last one.
                for branch in branches.filter(|branch| !branch.is_empty()) {
                    read_path(branch, path.clone(), paths);
                }
                return rest;
            }
            _ => {}
        }
        match tokens {
            [a, b, rest @ ..] if is_colons(a, b) => tokens = rest,
            _ => {
                paths.push(path);
                return tokens;
            }
        }
    }
}

fn is_colons(a: &TokenTree, b: &TokenTree) -> bool {
    let is_joint = matches!(a, TokenTree::Punct(punct) if punct.spacing() == Spacing::Joint);
    is_joint && is_punct(a, ':') && is_punct(b, ':')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{module, named};
    use crate::product::Source;

    const FILES: &[&str] = &[
        "lib.rs",
        "client.rs",
        "client/record.rs",
        "grant.rs",
        "grant/code.rs",
        "grant/live.rs",
        "time.rs",
    ];

    fn check(file: &str, text: &str, expected: &[&str]) {
        let files: BTreeSet<_> = FILES.iter().map(|file| module(file)).collect();
        let source = Source::parse(file, text).unwrap();
        let expected: Vec<_> = expected.iter().map(|file| module(file)).collect();
        let found: Vec<_> = named(&source, &files).into_keys().collect();
        assert_eq!(found, expected, "{file}: {text}");
    }

    #[test]
    fn uses() {
        check("grant.rs", "use crate::client::Client;", &["client.rs"]);
        check(
            "grant.rs",
            "use crate::client::record::Record;",
            &["client/record.rs"],
        );
        check(
            "grant.rs",
            "use crate::{client::{self, Client}, time::*,};",
            &["client.rs", "time.rs"],
        );
        check("grant.rs", "use crate::client as c;", &["client.rs"]);
        check(
            "grant.rs",
            "pub(crate) use {crate::client, std::time};",
            &["client.rs"],
        );
        check("grant/code.rs", "use super::Grant;", &["grant.rs"]);
        check(
            "grant/code.rs",
            "use super::{live::open, super::time::Now};",
            &["grant/live.rs", "time.rs"],
        );
        check(
            "grant.rs",
            "mod code; pub use code::Code;",
            &["grant/code.rs"],
        );
        check("grant.rs", "use self::code::Code;", &["grant/code.rs"]);
        check("grant.rs", "use crate::Client;", &["lib.rs"]);
        check(
            "lib.rs",
            "mod client; pub use client::Client;",
            &["client.rs"],
        );
    }

    #[test]
    fn paths_in_code() {
        check("grant.rs", "fn f(at: crate::time::Now) {}", &["time.rs"]);
        check(
            "grant.rs",
            "fn f() { g(code::Code::new()) }",
            &["grant/code.rs"],
        );
        check(
            "grant.rs",
            "format!(\"{}\", crate::time::NOW)",
            &["time.rs"],
        );
        check(
            "grant.rs",
            "#[error(\"{x}\", x = crate::time::NOW)] enum E {}",
            &["time.rs"],
        );
        check(
            "grant.rs",
            "fn f<T: Into<crate::time::Now>>() {}",
            &["time.rs"],
        );
        check(
            "grant.rs",
            "mod inner { use super::code::X; use super::super::time::Y; }",
            &["grant/code.rs", "time.rs"],
        );
    }

    #[test]
    fn not_files_of_the_crate() {
        check("grant.rs", "mod code; mod live;", &[]);
        check(
            "grant.rs",
            "use std::time::Duration; use http::client::Client;",
            &[],
        );
        check("grant.rs", "use crate::grant::Grant; use self::Other;", &[]);
        check(
            "grant.rs",
            "pub(super) fn f(x: &Self) { x.code::<u8>() }",
            &[],
        );
        check(
            "grant.rs",
            "/// [`crate::time`]\nfn f() {} // crate::client::Client",
            &[],
        );
        check(
            "grant.rs",
            "#[cfg(test)] mod tests { use crate::time::Now; }",
            &[],
        );
    }
}
