//! No file of the product is longer than can be read in one sitting.

use std::path::Path;

use anyhow::{Result, bail};

use crate::{product, shell};

const LONGEST: usize = 500;

/// Folders of the checkout, and the extensions of what is product in them.
const PRODUCT: &[(&str, &[&str])] = &[
    ("crates", &["rs", "js", "mjs"]),
    ("packages", &["js", "py"]),
    ("examples", &["mjs"]),
    ("bench", &["rs", "js", "mjs", "lua"]),
];

pub(crate) fn of_product() -> Result<String> {
    let mut count = 0;
    let mut offences = Vec::new();
    for (folder, extensions) in PRODUCT {
        for path in product::files(&shell::path(folder), extensions)? {
            count += 1;
            offences.extend(offence(&path, &std::fs::read_to_string(&path)?));
        }
    }
    if !offences.is_empty() {
        bail!("longer than {LONGEST} lines\n{}", offences.join("\n"));
    }
    Ok(format!("{count} files"))
}

fn offence(path: &Path, text: &str) -> Option<String> {
    let lines = text.lines().count();
    let path = path.strip_prefix(shell::root()).unwrap_or(path);
    (lines > LONGEST).then(|| format!("{}: {lines}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::offence;

    #[test]
    fn lines() {
        let check = |lines: usize, expected: Option<&str>| {
            let offence = offence(Path::new("a.rs"), &"line\n".repeat(lines));
            assert_eq!(offence.as_deref(), expected, "{lines}");
        };
        check(0, None);
        check(500, None);
        check(501, Some("a.rs: 501"));
    }
}
