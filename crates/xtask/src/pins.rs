//! Code of others that is fetched by name is fetched by its content: a tag can be moved.
//!
//! GitHub Actions by commit, images by digest. What belongs to a package manager has its lock file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::shell;

/// Folders that hold what was built or installed, or git's own.
const LEFT_OUT: &[&str] = &[".git", "node_modules", "target"];

pub(crate) fn of_references() -> Result<String> {
    let mut count = 0;
    let mut offences = Vec::new();
    for path in files(&shell::root())? {
        let text = std::fs::read_to_string(&path)?;
        let path = path.strip_prefix(shell::root()).unwrap_or(&path);
        for Reference { line, to } in references(path, &text) {
            count += 1;
            if !is_pinned(to) {
                offences.push(format!("{}:{line}: {to}", path.display()));
            }
        }
    }
    if !offences.is_empty() {
        bail!("not pinned by commit or digest\n{}", offences.join("\n"));
    }
    Ok(format!("{count} references"))
}

/// Every YAML file and every Dockerfile of the checkout, hidden folders included.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("{}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !path.is_symlink() && !LEFT_OUT.contains(&&*name) {
            files.extend(self::files(&path)?);
        } else if path.is_file() && (is_yaml(&path) || is_dockerfile(&path)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "yml" || extension == "yaml")
}

fn is_dockerfile(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().contains("Dockerfile"))
}

/// Something that is fetched by name.
#[derive(Debug, PartialEq)]
struct Reference<'a> {
    line: usize,
    to: &'a str,
}

fn references<'a>(path: &Path, text: &'a str) -> Vec<Reference<'a>> {
    if is_dockerfile(path) {
        return in_dockerfile(text);
    }
    let lines = text.lines().zip(1..);
    lines
        .filter_map(|(text, line)| {
            Some(Reference {
                line,
                to: in_yaml(text)?,
            })
        })
        .collect()
}

/// The action of a `uses:`, or the image of an `image:` or of a job's `container:`. A path of this
/// repository is neither.
fn in_yaml(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches("- ");
    let value = ["uses:", "image:", "container:"]
        .into_iter()
        .find_map(|key| line.strip_prefix(key))?;
    let value = value.split(" #").next().unwrap_or_default();
    let value = value.trim().trim_matches(['"', '\'']);
    (!value.is_empty() && !value.starts_with("./")).then_some(value)
}

/// The images of `FROM`, of every `from=` and of `# syntax=`, but for the file's own stages.
fn in_dockerfile(text: &str) -> Vec<Reference<'_>> {
    let mut stages = vec!["scratch"];
    let mut references = Vec::new();
    for (text, line) in text.lines().zip(1..) {
        let mut words = text.split_whitespace();
        let mut named: Vec<&str> = Vec::new();
        if let Some(syntax) = text.strip_prefix("# syntax=") {
            named.push(syntax.trim());
        } else if words
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("from"))
        {
            named.extend(words.find(|word| !word.starts_with("--")));
            if words
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case("as"))
            {
                stages.extend(words.next());
            }
        } else {
            // `COPY --from=…` and `RUN --mount=type=bind,from=…`.
            let options = text.split([' ', ',']);
            named.extend(
                options.filter_map(|option| option.trim_start_matches("--").strip_prefix("from=")),
            );
        }
        named.retain(|name| !stages.contains(name));
        references.extend(named.into_iter().map(|to| Reference { line, to }));
    }
    references
}

/// `owner/action@<commit>`, or `image:tag@sha256:<digest>`.
fn is_pinned(reference: &str) -> bool {
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let Some((_, pin)) = reference.rsplit_once('@') else {
        return false;
    };
    pin.strip_prefix("sha256:")
        .map_or(is_hex(pin, 40), |digest| is_hex(digest, 64))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{is_pinned, references};

    fn check(file: &str, text: &str, expected: &[(usize, &str)]) {
        let found = references(Path::new(file), text);
        let found: Vec<_> = found.iter().map(|found| (found.line, found.to)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_is_fetched() {
        check("a.yml", "on: push\n  - uses: a/b@v4\n", &[(2, "a/b@v4")]);
        check("a.yml", "uses: \"a/b@c\" # v4", &[(1, "a/b@c")]);
        check("a.yml", "- uses: ./", &[]);
        check("a.yaml", "    image: node:22", &[(1, "node:22")]);
        check("a.yaml", "container:\n  image: 'node'", &[(2, "node")]);
        check("a.yaml", "# image: node", &[]);

        check("Dockerfile", "FROM scratch", &[]);
        check(
            "Dockerfile",
            "# syntax=docker/dockerfile:1",
            &[(1, "docker/dockerfile:1")],
        );
        check(
            "api.Dockerfile",
            "FROM --platform=linux/arm64 rust:1 AS build\nfrom build as next\nCOPY --from=build a a\nCOPY --from=busybox:1 a a",
            &[(1, "rust:1"), (4, "busybox:1")],
        );
        check(
            "Dockerfile",
            "RUN --mount=type=cache,target=/a --mount=type=bind,from=alpine,target=/b true",
            &[(1, "alpine")],
        );
    }

    #[test]
    fn what_is_pinned() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        for (reference, expected) in [
            (format!("a/b@{commit}"), true),
            (format!("a/b/c@{commit}"), true),
            (format!("node:22@sha256:{digest}"), true),
            (format!("docker://node@sha256:{digest}"), true),
            ("a/b@v4".to_owned(), false),
            ("a/b@0123456".to_owned(), false),
            (format!("a/b@{digest}"), false),
            (format!("node@sha256:{commit}"), false),
            ("node:22".to_owned(), false),
            (commit.to_owned(), false),
        ] {
            assert_eq!(is_pinned(&reference), expected, "{reference}");
        }
    }
}
