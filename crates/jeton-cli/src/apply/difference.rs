//! What differs between two documents, as a person wants to read it. There is no secret in them: none is
//! shown, and none is set.

use serde_json::Value;

use crate::{members::Members, output};

/// A line for each member that differs, with what was and what is to be.
pub(super) fn lines(before: &Members, after: &Members) -> Vec<[String; 2]> {
    let mut lines = Vec::new();
    between("", before, after, &mut lines);
    lines
}

fn between(path: &str, before: &Members, after: &Members, lines: &mut Vec<[String; 2]>) {
    let names = before
        .keys()
        .chain(after.keys().filter(|name| !before.contains_key(*name)));
    for name in names {
        let (was, is) = (before.get(name), after.get(name));
        if was == is {
            continue;
        }
        let called = format!("{path}{name}");
        let change = match (was, is) {
            (Some(Value::Object(was)), Some(Value::Object(is))) => {
                between(&format!("{called}."), was, is, lines);
                continue;
            }
            (None, Some(Value::Object(is))) if !is.is_empty() => {
                between(&format!("{called}."), &Members::new(), is, lines);
                continue;
            }
            (Some(Value::Array(was)), Some(Value::Array(is))) => elements(was, is),
            (None, Some(is)) => shown(is),
            (Some(was), None) => format!("{} → none", shown(was)),
            (Some(was), Some(is)) => format!("{} → {}", shown(was), shown(is)),
            (None, None) => continue,
        };
        lines.push([called, change]);
    }
}

/// What went and what came; where only the order is another, both.
fn elements(was: &[Value], is: &[Value]) -> String {
    let gone = was.iter().filter(|it| !is.contains(it));
    let come = is.iter().filter(|it| !was.contains(it));
    let gone = gone.map(|it| format!("-{}", output::plain(it)));
    let come = come.map(|it| format!("+{}", output::plain(it)));
    let changes: Vec<_> = gone.chain(come).collect();
    if changes.is_empty() {
        let all = |values: &[Value]| output::plain(&Value::Array(values.to_vec()));
        return format!("{} → {}", all(was), all(is));
    }
    changes.join(" ")
}

fn shown(value: &Value) -> String {
    match value {
        // So that it can be told from nothing, and from a number.
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        value => output::plain(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs() {
        let before = json!({
            "client_id": "a", "scope": "read", "client_name": "A", "labels": { "team": "a", "old": "x" },
            "redirect_uris": ["https://a.dev/1", "https://a.dev/2"], "audiences": ["x", "y"],
            "require_pkce": false,
        });
        let after = json!({
            "client_id": "a", "scope": "read write", "labels": { "team": "b", "managed_by": "m" },
            "redirect_uris": ["https://a.dev/2", "https://a.dev/3"], "audiences": ["y", "x"],
            "access_token_lifetime": 600, "client_claims": { "tenant": { "id": 1 } },
        });
        let lines = lines(before.as_object().unwrap(), after.as_object().unwrap());
        let lines: Vec<_> = lines
            .iter()
            .map(|[name, change]| format!("{name}: {change}"))
            .collect();
        assert_eq!(
            lines,
            [
                "audiences: x y → y x",
                "client_name: A → none",
                "labels.old: x → none",
                "labels.team: a → b",
                "labels.managed_by: m",
                "redirect_uris: -https://a.dev/1 +https://a.dev/3",
                "require_pkce: false → none",
                "scope: read → read write",
                "access_token_lifetime: 600",
                "client_claims.tenant.id: 1",
            ]
        );
    }
}
