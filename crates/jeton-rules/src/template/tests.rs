use serde_json::json;

use super::*;

/// What an upstream says of a person, as the login application has it.
struct Upstream {
    provider: &'static str,
    claims: Map<String, Value>,
}

/// The same for texts that nobody decides by.
struct Shown(Upstream);

fn of_upstream(name: &str) -> Option<&str> {
    let claim = name.strip_prefix("upstream.")?;
    Some(claim).filter(|claim| !claim.is_empty())
}

impl Names for Upstream {
    const EXPECTED: &'static str = "provider or upstream.NAME";
    const MISSING: Missing = Missing::LeavesOut;

    fn is_name(name: &str) -> bool {
        name == "provider" || of_upstream(name).is_some()
    }

    fn is_several(template: &str) -> bool {
        template.starts_with("upstream.")
    }

    fn value(&self, name: &str) -> Option<Value> {
        match name {
            "provider" => Some(self.provider.into()),
            _ => self.claims.get(of_upstream(name)?).cloned(),
        }
    }
}

impl Names for Shown {
    const EXPECTED: &'static str = Upstream::EXPECTED;
    const MISSING: Missing = Missing::IsEmpty;

    fn is_name(name: &str) -> bool {
        Upstream::is_name(name)
    }

    fn value(&self, name: &str) -> Option<Value> {
        self.0.value(name)
    }
}

fn members(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}

fn upstream(claims: Value) -> Upstream {
    Upstream {
        provider: "google",
        claims: members(claims),
    }
}

fn mira() -> Upstream {
    upstream(json!({
        "email": "mira@example.com",
        "groups": ["staff", "eu"],
        "given_name": "Mira",
        "family_name": "Lind",
        "middle_name": null,
        "https://example.com/level": 3,
    }))
}

#[test]
fn claims_of_an_upstream_are_mapped() {
    let claims = members(json!({
        "email": "${upstream.email}",
        "groups": "${upstream.groups}",
        "tenant": "${upstream.tid|provider}",
        "display": "${upstream.given_name} ${upstream.family_name}",
        "phone_number": "${upstream.phone_number}",
    }));
    check_members::<Upstream>(&claims).unwrap();
    let said = expand_members(&claims, &mira());
    assert_eq!(
        Value::Object(said),
        json!({
            "email": "mira@example.com",
            "groups": ["staff", "eu"],
            "tenant": "google",
            "display": "Mira Lind",
        })
    );
}

#[test]
fn templates_are_filled_in() {
    for (template, expected) in [
        // Alone, a template is the value itself.
        (json!("${upstream.groups}"), json!(["staff", "eu"])),
        (json!("${upstream.https://example.com/level}"), json!(3)),
        // Within a text it is its text.
        (
            json!("${provider}:${upstream.email}"),
            json!("google:mira@example.com"),
        ),
        (json!("<${upstream.groups}>"), json!("<[\"staff\",\"eu\"]>")),
        // The first that is there; null is not.
        (
            json!("${upstream.tid|upstream.email|provider}"),
            json!("mira@example.com"),
        ),
        (json!("${upstream.middle_name|provider}"), json!("google")),
        // At any depth, in items and members; names of members are no templates.
        (
            json!({ "${provider}": [{ "at": "${provider}", "none": "${upstream.tid}" }, 1, true, null] }),
            json!({ "${provider}": [{ "at": "google" }, 1, true, null] }),
        ),
        (json!(["${upstream.tid}", "x"]), json!(["x"])),
        (
            json!("$ {provider} $provider }"),
            json!("$ {provider} $provider }"),
        ),
    ] {
        check::<Upstream>(&template).unwrap();
        assert_eq!(expand(&template, &mira()), Some(expected), "{template}");
    }
    for template in [
        "${upstream.tid}",
        "${upstream.middle_name}",
        "${upstream.tid|upstream.oid}",
    ] {
        assert_eq!(expand(&json!(template), &mira()), None, "{template}");
    }
}

#[test]
fn several_items_take_the_place_of_one() {
    for (template, expected, shown) in [
        (
            json!(["${upstream.groups}", "all"]),
            json!(["staff", "eu", "all"]),
            json!([["staff", "eu"], "all"]),
        ),
        (
            json!(["${upstream.email}"]),
            json!(["mira@example.com"]),
            json!(["mira@example.com"]),
        ),
        // A text is one item, whatever is in it.
        (
            json!(["${upstream.groups}!"]),
            json!(["[\"staff\",\"eu\"]!"]),
            json!(["[\"staff\",\"eu\"]!"]),
        ),
        // What somebody wrote as a list is one.
        (
            json!([["${upstream.groups}"]]),
            json!([["staff", "eu"]]),
            json!([[["staff", "eu"]]]),
        ),
    ] {
        assert_eq!(expand(&template, &mira()), Some(expected), "{template}");
        assert_eq!(expand(&template, &Shown(mira())), Some(shown), "{template}");
    }
}

#[test]
fn a_text_with_nothing_in_it_is_left_out_or_has_a_gap() {
    for (template, shown) in [
        ("tenant-${upstream.tid}", "tenant-"),
        ("${upstream.tid}/${upstream.email}", "/mira@example.com"),
        ("${upstream.email}/${upstream.tid}", "mira@example.com/"),
        (
            "${upstream.middle_name|upstream.tid} ${provider}",
            " google",
        ),
    ] {
        let template = json!({ "member": [template] });
        let expected = json!({ "member": [] });
        assert_eq!(expand(&template, &mira()), Some(expected), "{template}");
        let expected = json!({ "member": [shown] });
        assert_eq!(
            expand(&template, &Shown(mira())),
            Some(expected),
            "{template}"
        );
    }
}

/// Whoever could have a text of theirs filled in again could double it thirty times.
#[test]
fn what_is_filled_in_is_not_looked_at_again() {
    let laughs = "${upstream.a}${upstream.a}";
    let stranger = json!({
        "a": laughs,
        "list": ["${upstream.a}", { "${provider}": "${provider}" }],
        "half": "${",
        "rest": "provider}",
    });
    for (template, expected) in [
        (json!("${upstream.a}"), json!(laughs)),
        (
            json!("${upstream.a}${upstream.a}"),
            json!(format!("{laughs}{laughs}")),
        ),
        (
            json!("${upstream.list}"),
            json!(["${upstream.a}", { "${provider}": "${provider}" }]),
        ),
        (
            json!(["${upstream.list}"]),
            json!(["${upstream.a}", { "${provider}": "${provider}" }]),
        ),
        (
            json!("${upstream.half}${upstream.rest}"),
            json!("${provider}"),
        ),
        (json!("x${upstream.half}provider}"), json!("x${provider}")),
    ] {
        let expanded = expand(&template, &upstream(stranger.clone()));
        assert_eq!(expanded, Some(expected), "{template}");
    }
}

/// Each template is worth one value, so that a thousand of them are worth a thousand values.
#[test]
fn what_comes_of_a_template_is_bounded() {
    let longest = "${upstream.longest}".repeat(100);
    let stranger = upstream(json!({ "longest": longest }));
    for times in [1, 2, 1000] {
        let text = "${upstream.longest}-".repeat(times);
        let expanded = expand(&json!([text.as_str()]), &stranger).unwrap();
        let length = expanded[0].as_str().unwrap().len();
        assert_eq!(length, times * (longest.len() + 1));
    }
}

#[test]
fn what_is_no_template_is_refused() {
    for (claims, expected) in [
        (
            json!({ "groups": ["${groups}"] }),
            "claims.groups[0]: expected a template of provider or upstream.NAME; there is no ${groups}",
        ),
        (
            json!({ "a": { "b": ["x", { "c": "${}" }] } }),
            "claims.a.b[1].c: expected a template of provider or upstream.NAME; there is no ${}",
        ),
        (
            json!({ "a": "x ${upstream.email|mail}" }),
            "claims.a: expected a template of provider or upstream.NAME; there is no ${mail}",
        ),
        (
            json!({ "a": "${upstream.}" }),
            "claims.a: expected a template of provider or upstream.NAME; there is no ${upstream.}",
        ),
        (
            json!({ "a": "${provider" }),
            "claims.a: expected a } after ${, not \"${provider\"",
        ),
    ] {
        let refused = check_members::<Upstream>(&members(claims)).unwrap_err();
        assert_eq!(refused.within("claims").to_string(), expected);
    }
}

#[test]
fn the_names_in_templates() {
    let value = json!({
        "plain": "upstream.plain",
        "one": "${upstream.a}",
        "text": ["of ${upstream.b|provider}, ${upstream.c}", { "deep": "${upstream.d}" }, 7],
        "open": "${upstream.e",
    });
    let mut names = names(&value);
    names.sort_unstable();
    let expected = [
        "provider",
        "upstream.a",
        "upstream.b",
        "upstream.c",
        "upstream.d",
    ];
    assert_eq!(names, expected);
}
