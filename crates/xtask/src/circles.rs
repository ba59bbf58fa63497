//! The files of the core lie in layers: no circle leads through more than two of them.
//!
//! A file knows those it names (see [`paths`]): with `use crate::client::Client` it knows
//! `client.rs`, whatever that re-exports; `mod client;` names nothing. A file and its child may know
//! each other, and so may two files that are in no other circle.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use anyhow::{Result, bail};

use crate::paths::{self, Module};
use crate::product::{self, Source};
use crate::shell;

pub(crate) fn of_core() -> Result<String> {
    of(&shell::path("crates/jeton/src"))
}

fn of(src: &Path) -> Result<String> {
    let sources = product::sources(src)?;
    let offences = Arrows::of(&sources).offences();
    if !offences.is_empty() {
        bail!("{}", offences.join("\n"));
    }
    Ok(format!("{} files", sources.len()))
}

/// From each file to those it knows, with the line where it names them first.
struct Arrows(BTreeMap<Module, BTreeMap<Module, usize>>);

impl Arrows {
    fn of(sources: &[Source]) -> Self {
        let modules = |source: &Source| paths::module(&source.file);
        let files: BTreeSet<_> = sources.iter().map(modules).collect();
        let arrows = sources
            .iter()
            .map(|source| (modules(source), paths::named(source, &files)));
        Self(arrows.collect())
    }

    fn offences(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut offences = self.through_the_top();
        for module in self.0.keys() {
            let reached = self.ways(module, None);
            let circled: BTreeSet<_> = reached
                .into_keys()
                .filter(|other| self.ways(other, None).contains_key(module))
                .collect();
            if !seen.contains(module) && circled.len() > 2 {
                offences.extend(self.offence(&circled));
            }
            seen.extend(circled);
        }
        offences
    }

    /// What names `lib.rs`, which knows everything: a circle with all of it would hide the others.
    fn through_the_top(&self) -> Vec<String> {
        let top = Module::new();
        let named = self
            .0
            .iter()
            .filter_map(|(from, arrows)| Some((from, arrows.get(&top)?)));
        named
            .map(|(from, line)| {
                let from = paths::file(from);
                format!("{from}:{line} names what lib.rs re-exports, and not the file it is in")
            })
            .collect()
    }

    /// The shortest circle among files each of which leads to every other; none if there are only
    /// circles of a parent and its child.
    fn offence(&self, circled: &BTreeSet<&Module>) -> Option<String> {
        let arrows = || {
            let of = |from| self.0.get(from).into_iter().flat_map(BTreeMap::keys);
            let arrows = circled
                .iter()
                .flat_map(move |from| of(*from).map(|to| (*from, to)));
            arrows.filter(|(_, to)| circled.contains(to))
        };
        let longer = arrows().filter_map(|(from, to)| self.circle(from, to));
        let circle = longer.min_by_key(Vec::len).or_else(|| {
            let mut strangers = arrows().filter(|(from, to)| !is_parent_and_child(from, to));
            strangers.next().map(|(from, to)| vec![from, to])
        })?;
        let lines = circle.iter().zip(circle.iter().cycle().skip(1));
        let lines = lines.map(|(from, to)| {
            let line = self.0.get(*from).and_then(|arrows| arrows.get(*to));
            let line = line.copied().unwrap_or_default();
            format!("  {}:{line} names {}", paths::file(from), paths::file(to))
        });
        Some(format!(
            "{} files in circles, the shortest:\n{}",
            circled.len(),
            Vec::from_iter(lines).join("\n")
        ))
    }

    /// The shortest circle of more than two files that this arrow is part of.
    fn circle<'a>(&'a self, from: &'a Module, to: &'a Module) -> Option<Vec<&'a Module>> {
        let ways = self.ways(to, Some(from));
        let mut circle = vec![from];
        while let Some(Some(previous)) = ways.get(circle.last()?) {
            circle.push(previous);
        }
        circle.reverse();
        (circle.first() == Some(&to)).then_some(circle)
    }

    /// For each file that `from` leads to, which one comes before it on a shortest way; nothing
    /// before `from` itself. No way leads through `lib.rs`, or straight from `from` to `shunned`.
    fn ways<'a>(
        &'a self,
        from: &'a Module,
        shunned: Option<&Module>,
    ) -> BTreeMap<&'a Module, Option<&'a Module>> {
        let mut ways = BTreeMap::from([(from, None)]);
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            for next in self.0.get(at).into_iter().flat_map(BTreeMap::keys) {
                let is_shunned = next.is_empty() || at == from && Some(next) == shunned;
                if !is_shunned && !ways.contains_key(next) {
                    ways.insert(next, Some(at));
                    queue.push_back(next);
                }
            }
        }
        ways
    }
}

fn is_parent_and_child(a: &Module, b: &Module) -> bool {
    let [parent, child] = if a.len() < b.len() { [a, b] } else { [b, a] };
    child.len() == parent.len() + 1 && child.starts_with(parent)
}

#[cfg(test)]
mod tests {
    use super::Arrows;
    use crate::product::Source;

    fn check(files: &[(&str, &str)], expected: &[&str]) {
        let sources = files
            .iter()
            .map(|(file, text)| Source::parse(file, text).unwrap());
        let offences = Arrows::of(&Vec::from_iter(sources)).offences();
        assert_eq!(offences, expected, "{files:?}");
    }

    #[test]
    fn layers() {
        check(
            &[
                ("a.rs", "use crate::{b::B, c::C};"),
                ("b.rs", "use crate::c::C;"),
                ("c.rs", ""),
            ],
            &[],
        );
        check(
            &[("a.rs", "use crate::b::B;"), ("b.rs", "use crate::a::A;")],
            &[],
        );
        check(
            &[
                ("a.rs", "mod b; mod c; pub use b::B; pub use c::C;"),
                ("a/b.rs", "use super::A;"),
                ("a/c.rs", "use super::A;"),
            ],
            &[],
        );
        check(
            &[
                ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
                ("a.rs", "#[cfg(test)] mod tests { use crate::b::B; }"),
                ("b.rs", "use crate::a::A;"),
            ],
            &[],
        );
    }

    #[test]
    fn planted() {
        check(
            &[
                ("a.rs", "use crate::b::B;"),
                ("b.rs", "\nuse crate::c::C;"),
                ("c.rs", "fn f(a: crate::a::A) {}"),
                ("d.rs", "use crate::a::A;"),
            ],
            &["3 files in circles, the shortest:
  b.rs:2 names c.rs
  c.rs:1 names a.rs
  a.rs:1 names b.rs"],
        );
        // Siblings that know each other through their parent.
        check(
            &[
                ("a.rs", "pub use b::B;"),
                ("a/b.rs", "use super::c::C;"),
                ("a/c.rs", "use super::A;"),
            ],
            &["3 files in circles, the shortest:
  a/b.rs:1 names a/c.rs
  a/c.rs:1 names a.rs
  a.rs:1 names a/b.rs"],
        );
        // Three in a row, each two of which know each other.
        check(
            &[
                ("a.rs", "use crate::b::B;"),
                ("b.rs", "use crate::{a::A, c::C};"),
                ("c.rs", "use crate::b::B;"),
            ],
            &["3 files in circles, the shortest:
  a.rs:1 names b.rs
  b.rs:1 names a.rs"],
        );
        check(
            &[
                ("lib.rs", "pub use a::A; pub use b::B;"),
                ("a.rs", "use crate::b::B;"),
                ("b.rs", "use crate::A;"),
            ],
            &["b.rs:1 names what lib.rs re-exports, and not the file it is in"],
        );
    }
}
