//! What the core, and what is below it, must not know, held against dependencies and source.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::shell;

/// The crates that are functions of what they are given, on every platform.
const CRATES: [&str; 2] = ["jeton", "jeton-rules"];

#[derive(Clone, Copy)]
enum Depth {
    /// Neither itself nor through others.
    Anywhere,
    /// May come with others, must not be named by the crate itself.
    Direct,
}

/// A name ending in `-` stands for every crate that begins with it.
const DENIED_CRATES: &[(&str, Depth, &str)] = &[
    ("tokio", Depth::Anywhere, "the host brings the runtime"),
    ("async-std", Depth::Anywhere, "the host brings the runtime"),
    ("smol", Depth::Anywhere, "the host brings the runtime"),
    (
        "futures-executor",
        Depth::Anywhere,
        "the host brings the runtime",
    ),
    (
        "async-trait",
        Depth::Anywhere,
        "async fn in traits: its boxes would force Send",
    ),
    ("worker", Depth::Anywhere, "Workers are a host"),
    ("axum", Depth::Anywhere, "serving HTTP is the host's"),
    ("hyper", Depth::Anywhere, "serving HTTP is the host's"),
    ("reqwest", Depth::Anywhere, "reaching others is the host's"),
    ("lambda_http", Depth::Anywhere, "Lambda is a host"),
    ("lambda_runtime", Depth::Anywhere, "Lambda is a host"),
    (
        "aws-",
        Depth::Anywhere,
        "AWS, its stores and its crypto, belong to hosts",
    ),
    (
        "rusqlite",
        Depth::Anywhere,
        "stores are behind Registry and Ledger",
    ),
    ("ring", Depth::Anywhere, "signing is behind Crypto"),
    ("openssl", Depth::Anywhere, "signing is behind Crypto"),
    (
        "p256",
        Depth::Anywhere,
        "no curve arithmetic in the core: signing is behind Crypto",
    ),
    (
        "rsa",
        Depth::Anywhere,
        "no RSA arithmetic in the core: signing is behind Crypto",
    ),
    (
        "ed25519-dalek",
        Depth::Anywhere,
        "no curve arithmetic in the core",
    ),
    ("getrandom", Depth::Direct, "randomness is injected"),
    ("rand", Depth::Direct, "randomness is injected"),
    ("fastrand", Depth::Direct, "randomness is injected"),
    ("uuid", Depth::Direct, "randomness is injected"),
    ("js-sys", Depth::Direct, "JavaScript is a host's"),
    ("web-sys", Depth::Direct, "JavaScript is a host's"),
    ("wasm-bindgen", Depth::Direct, "JavaScript is a host's"),
    ("time", Depth::Direct, "the time is a parameter"),
    ("chrono", Depth::Direct, "the time is a parameter"),
    ("web-time", Depth::Direct, "the time is a parameter"),
];

const WASM: &str = "wasm32-unknown-unknown";

/// jsonwebtoken compiles for wasm only if its getrandom is given a feature: named in the
/// manifest for that, never in code.
const ALLOWED_ON_WASM: &[&str] = &["getrandom"];

const DENIED_SOURCE: &[(&str, &str)] = &[
    ("SystemTime::now", "the time is a parameter"),
    ("Instant::now", "the time is a parameter"),
    ("Utc::now", "the time is a parameter"),
    ("Date::now", "the time is a parameter"),
    (
        "std::env",
        "configuration comes through Config::from_lookup",
    ),
    ("std::fs", "the core has no files"),
    (
        "std::net",
        "the core has no sockets; addresses are in core::net",
    ),
    ("std::process", "the core starts nothing"),
    ("std::thread::", "the host brings the runtime"),
    ("getrandom", "randomness is injected"),
];

pub(crate) fn dependencies() -> Result<String> {
    let mut counts = Vec::new();
    let mut found = Vec::new();
    for name in CRATES {
        let native = tree(name, None)?;
        let wasm = tree(name, Some(WASM))?;
        let mut offences = offences(&native, &[]);
        offences.extend(self::offences(&wasm, ALLOWED_ON_WASM));
        offences.sort();
        offences.dedup();
        found.extend(offences.iter().map(|offence| format!("{name}: {offence}")));
        let (native, wasm) = (native.len(), wasm.len());
        counts.push(format!("{name}: {native} crates native, {wasm} wasm"));
    }
    if !found.is_empty() {
        bail!("depends on what a host brings\n{}", found.join("\n"));
    }
    Ok(counts.join("; "))
}

/// For a platform without clock, files, sockets or entropy, and alone: with the Worker they would have the
/// features that it asks for. The Worker is their code for it.
pub(crate) fn wasm_check() -> Result<&'static str> {
    let mut check = shell::cargo("check --target");
    check.arg(WASM);
    check.args(CRATES.iter().flat_map(|name| ["-p", name]));
    shell::run(&mut check)?;
    Ok("")
}

pub(crate) fn source() -> Result<String> {
    let mut mentions = Vec::new();
    let mut files = 0;
    for name in CRATES {
        visit(&shell::path(&format!("crates/{name}/src")), &mut |path| {
            let text = std::fs::read_to_string(path)?;
            files += 1;
            for (number, line) in text.lines().enumerate() {
                for (word, reason) in denied_words(line) {
                    let path = path.strip_prefix(shell::root()).unwrap_or(path).display();
                    mentions.push(format!("{path}:{}: `{word}`: {reason}", number + 1));
                }
            }
            Ok(())
        })?;
    }
    if !mentions.is_empty() {
        bail!("names what a host brings\n{}", mentions.join("\n"));
    }
    Ok(format!("{files} files"))
}

/// Comments may name it; code may not.
fn denied_words(line: &str) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    let line = if line.trim_start().starts_with("//") {
        ""
    } else {
        line
    };
    DENIED_SOURCE
        .iter()
        .filter(move |(word, _)| line.contains(word))
}

fn visit(folder: &Path, file: &mut impl FnMut(&Path) -> Result<()>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("{}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            visit(&path, file)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            file(&path)?;
        }
    }
    Ok(())
}

struct Dependency {
    depth: usize,
    name: String,
}

fn tree(name: &str, target: Option<&str>) -> Result<Vec<Dependency>> {
    let mut tree = shell::cargo("tree -e normal --prefix depth --format");
    tree.args([" {p}", "-p", name]);
    tree.args(target.iter().flat_map(|target| ["--target", target]));
    let mut dependencies = parse_tree(&shell::read(&mut tree)?);
    // A crate is named once for each way that leads to it: the shortest decides.
    dependencies.sort_by(|a, b| (&a.name, a.depth).cmp(&(&b.name, b.depth)));
    dependencies.dedup_by(|a, b| a.name == b.name);
    Ok(dependencies)
}

/// Lines of "depth name version …"; the first is the crate itself.
fn parse_tree(text: &str) -> Vec<Dependency> {
    text.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let depth = words.next()?.parse().ok()?;
            Some(Dependency {
                depth,
                name: words.next()?.to_owned(),
            })
        })
        .filter(|dependency| dependency.depth > 0)
        .collect()
}

fn offences(tree: &[Dependency], allowed: &[&str]) -> Vec<String> {
    let mut offences = Vec::new();
    for Dependency { depth, name } in tree {
        for (denied, scope, reason) in DENIED_CRATES {
            let same = match denied.strip_suffix('-') {
                Some(_) => name.starts_with(denied),
                None => name == denied,
            };
            let near = matches!(scope, Depth::Anywhere) || *depth == 1;
            if same && near && !allowed.contains(&name.as_str()) {
                let how = if *depth == 1 {
                    "directly"
                } else {
                    "through another crate"
                };
                offences.push(format!("{name} ({how}): {reason}"));
            }
        }
    }
    offences
}

#[cfg(test)]
mod tests {
    use super::{denied_words, offences, parse_tree};

    fn check(tree: &str, allowed: &[&str], expected: &[&str]) {
        assert_eq!(offences(&parse_tree(tree), allowed), expected, "{tree}");
    }

    #[test]
    fn denied_crates() {
        check(
            "0 jeton v0.1.0 (/src)\n1 http v1.3.1\n2 getrandom v0.2.16",
            &[],
            &[],
        );
        check(
            "0 jeton v0\n1 getrandom v0.2.16",
            &[],
            &["getrandom (directly): randomness is injected"],
        );
        check("0 jeton v0\n1 getrandom v0.2.16", &["getrandom"], &[]);
        check(
            "0 jeton v0\n1 http v1\n2 tokio v1",
            &[],
            &["tokio (through another crate): the host brings the runtime"],
        );
        check(
            "0 jeton v0\n1 aws-lc-rs v1",
            &[],
            &["aws-lc-rs (directly): AWS, its stores and its crypto, belong to hosts"],
        );
        check("0 jeton v0\n1 tokio-util-lookalike v1", &[], &[]);
    }

    #[test]
    fn denied_source() {
        let check =
            |line, expected: usize| assert_eq!(denied_words(line).count(), expected, "{line}");
        check("let now = SystemTime::now();", 1);
        check(
            "    // Never SystemTime::now(): the host reads the clock.",
            0,
        );
        check("use core::net::IpAddr;", 0);
        check("use std::net::IpAddr;", 1);
        check("const VERSION: &str = env!(\"CARGO_PKG_VERSION\");", 0);
    }
}
