//! Templates: texts of a description in which `${name}` stands for what is known.
//!
//! | text | what it is |
//! |---|---|
//! | `${name}` | the JSON value, whatever it is; where there is none, the member or item is left out |
//! | `${a\|b}` | the first that is there |
//! | `Hello ${name}` | a text: the value's own if it is one, else its JSON |
//!
//! All texts of a JSON value may have templates, at any depth. Names of members have none.
//!
//! **What comes of a template is bounded.** Strangers may have written what names stand for, so it is put in
//! once and never looked at again, whatever it looks like: each `${…}` that somebody wrote is replaced by one
//! value. Who bounds the values has bounded what comes of a description, and no value of one can grow by
//! another.

use serde_json::{Map, Value};

use crate::InvalidSpec;

/// The names that templates have, and what each stands for. None has `|` or `}` in it.
pub trait Names {
    /// What names there are, for those who wrote another: the words after “a template of”.
    const EXPECTED: &'static str;

    /// What becomes of a text around a name that stands for nothing.
    const MISSING: Missing;

    /// Whether there is this name, known to stand for something or not.
    fn is_name(name: &str) -> bool;

    /// Whether a list has the items of what this template stands for, if that is a list, in the place of the
    /// list itself. Asked of all that stands between the braces, alternatives included.
    fn is_several(template: &str) -> bool {
        let _ = template;
        false
    }

    /// What a name stands for. Null is nothing.
    fn value(&self, name: &str) -> Option<Value>;
}

/// What becomes of `tenant-${name}` where the name stands for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// `tenant-`: the name's place in the text is empty. For what a test is shown.
    IsEmpty,
    /// Nothing: the text is left out, as if the template stood alone. For what somebody decides by: all who
    /// have no tenant are not in the one called `tenant-`.
    LeavesOut,
}

/// A part of a text.
enum Part<'a> {
    Text(&'a str),
    /// What stands between `${` and `}`.
    Template(&'a str),
    /// A template that does not end.
    Open,
}

/// Refuses templates that are none.
///
/// # Errors
/// A template has a name that there is not, or does not end.
pub fn check<N: Names>(value: &Value) -> Result<(), InvalidSpec> {
    match value {
        Value::String(text) => check_text::<N>(text),
        Value::Array(items) => items.iter().enumerate().try_for_each(|(index, item)| {
            check::<N>(item).map_err(|invalid| invalid.within(format_args!("[{index}]")))
        }),
        Value::Object(members) => check_members::<N>(members),
        _ => Ok(()),
    }
}

/// Refuses members whose templates are none.
///
/// # Errors
/// A template has a name that there is not, or does not end.
pub fn check_members<N: Names>(members: &Map<String, Value>) -> Result<(), InvalidSpec> {
    members
        .iter()
        .try_for_each(|(name, value)| check::<N>(value).map_err(|invalid| invalid.within(name)))
}

fn check_text<N: Names>(text: &str) -> Result<(), InvalidSpec> {
    for part in parts(text) {
        let names = match part {
            Part::Text(_) => continue,
            Part::Template(names) => names,
            Part::Open => {
                let expected = format_args!("a }} after ${{, not {text:?}");
                return Err(InvalidSpec::new("", expected));
            }
        };
        if let Some(unknown) = names.split('|').find(|name| !N::is_name(name)) {
            let there_are = N::EXPECTED;
            let expected = format_args!("a template of {there_are}; there is no ${{{unknown}}}");
            return Err(InvalidSpec::new("", expected));
        }
    }
    Ok(())
}

/// A value with its templates filled in; `None` where it is one, and there is nothing that it stands for.
pub fn expand<N: Names>(value: &Value, names: &N) -> Option<Value> {
    match value {
        Value::String(text) => expand_text(text, names),
        Value::Array(items) => {
            let items = items
                .iter()
                .filter_map(|item| Some((item, expand(item, names)?)));
            let items = items.flat_map(|(item, value)| match value {
                Value::Array(more) if is_several::<N>(item) => more,
                value => vec![value],
            });
            Some(items.collect())
        }
        Value::Object(members) => Some(Value::Object(expand_members(members, names))),
        other => Some(other.clone()),
    }
}

/// The names in the templates of a value, alternatives included.
pub fn names(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => {
            let templates = parts(text).filter_map(|part| match part {
                Part::Template(names) => Some(names.split('|')),
                Part::Text(_) | Part::Open => None,
            });
            templates.flatten().collect()
        }
        Value::Array(items) => items.iter().flat_map(names).collect(),
        Value::Object(members) => members.values().flat_map(names).collect(),
        _ => Vec::new(),
    }
}

/// Members with their templates filled in, without those that stand for nothing.
pub fn expand_members<N: Names>(members: &Map<String, Value>, names: &N) -> Map<String, Value> {
    let known = members
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), expand(value, names)?)));
    let mut expanded = Map::new();
    expanded.extend(known);
    expanded
}

/// Whether an item of a list stands for several.
fn is_several<N: Names>(item: &Value) -> bool {
    let mut parts = parts(item.as_str().unwrap_or_default());
    match (parts.next(), parts.next()) {
        (Some(Part::Template(template)), None) => N::is_several(template),
        _ => false,
    }
}

fn expand_text<N: Names>(text: &str, names: &N) -> Option<Value> {
    let value = |name: &str| names.value(name).filter(|value| !value.is_null());
    let first = |template: &str| template.split('|').find_map(value);
    let mut parts = parts(text).peekable();
    let mut expanded = String::with_capacity(text.len());
    while let Some(part) = parts.next() {
        match part {
            Part::Template(template) if expanded.is_empty() && parts.peek().is_none() => {
                return first(template);
            }
            Part::Template(template) => match (first(template), N::MISSING) {
                (Some(Value::String(text)), _) => expanded.push_str(&text),
                (Some(other), _) => expanded.push_str(&other.to_string()),
                (None, Missing::IsEmpty) => {}
                (None, Missing::LeavesOut) => return None,
            },
            Part::Text(text) => expanded.push_str(text),
            // Nobody could write it.
            Part::Open => {}
        }
    }
    Some(Value::String(expanded))
}

/// The parts of a text, in order; none of them is an empty text.
fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if let Some(template) = rest.strip_prefix("${") {
            let Some((names, after)) = template.split_once('}') else {
                rest = "";
                return Some(Part::Open);
            };
            rest = after;
            return Some(Part::Template(names));
        }
        let end = rest.find("${").unwrap_or(rest.len());
        let (before, after) = rest.split_at(end);
        rest = after;
        Some(Part::Text(before)).filter(|_| !before.is_empty())
    })
}

#[cfg(test)]
mod tests;
