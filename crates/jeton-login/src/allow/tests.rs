use serde_json::json;

use super::*;

fn parse(record: Value) -> Result<Allow, String> {
    let record = serde_json::from_value(record).map_err(|error| error.to_string())?;
    Allow::parse(record).map_err(|error| error.to_string())
}

fn object(claims: Value) -> Map<String, Value> {
    let Value::Object(claims) = claims else {
        panic!("not an object");
    };
    claims
}

#[track_caller]
fn check(record: &Value, claims: Value, expected: bool) {
    let allow = parse(record.clone()).unwrap();
    let text = format!("{record} {claims}");
    let judged = allow.judge(Source::Openid, &object(claims));
    assert_eq!(judged.is_ok(), expected, "{text}");
}

#[test]
fn without_lists_everybody_may() {
    check(&json!({}), json!({}), true);
    assert_eq!(Allow::default().judge(Source::Openid, &Map::new()), Ok(()));
}

#[test]
fn empty_lists_are_not_everybody() {
    for record in [
        json!({ "emails": [] }),
        json!({ "email_domains": [], "hosted_domains": [] }),
        json!({ "organizations": [] }),
        json!({ "claims": {} }),
    ] {
        let error = parse(record).unwrap_err();
        assert!(error.contains("without any list everybody may"), "{error}");
    }
    let one = json!({ "emails": ["eve@example.org"], "email_domains": [], "claims": {} });
    check(&one, json!({}), false);
}

#[test]
fn an_address_counts_if_it_is_verified() {
    let allow = json!({ "emails": ["Eve@example.org"], "email_domains": ["Example.com"] });
    let email = |email: &str, expected| {
        let claims = json!({ "email": email, "email_verified": true });
        check(&allow, claims, expected);
    };
    email("eve@example.org", true);
    email("EVE@EXAMPLE.ORG", true);
    email("jane@example.com", true);
    email("Jane@EXAMPLE.com", true);
    email("jane@example.org", false);
    for verified in [
        json!(false),
        json!("true"),
        json!(1),
        json!(null),
        json!([true]),
    ] {
        let claims = json!({ "email": "jane@example.com", "email_verified": verified });
        check(&allow, claims, false);
    }
    check(&allow, json!({ "email": "jane@example.com" }), false);
    check(
        &allow,
        json!({ "preferred_username": "jane@example.com" }),
        false,
    );
    let several = json!({ "email": ["jane@example.com"], "email_verified": true });
    check(&allow, several, false);
}

#[test]
fn a_domain_is_no_part_of_an_address() {
    let allow = json!({ "email_domains": ["example.com"] });
    for email in [
        "jane@evil-example.com",
        "jane@evilexample.com",
        "jane@example.com.evil",
        "jane@sub.example.com",
        "jane@example.com.",
        "jane@example.co",
        "jane@.example.com",
        "@example.com",
        "example.com",
        "jane@evil.example@example.com",
        "\"jane@evil.example\"@example.com",
        "jane@example.com@evil.example",
        "jane@evil.example,jane@example.com",
        "jane@example.com\n",
        " jane@example.com",
        "jane doe@example.com",
        "jane@example.com\0.evil.example",
        // Cyrillic е, the Kelvin sign's kin, a full-width letter, a soft hyphen.
        "jane@еxample.com",
        "jane@exampLe.com\u{ad}",
        "jane@\u{ff45}xample.com",
        "jané@example.com",
        "jane@xn--xample-9uf.com",
    ] {
        let claims = json!({ "email": email, "email_verified": true });
        check(&allow, claims, false);
    }
    let kelvin = json!({ "email_domains": ["kiosk.example"] });
    let claims = json!({ "email": "jane@\u{212a}iosk.example", "email_verified": true });
    check(&kelvin, claims, false);
}

#[test]
fn a_domain_beyond_ascii_is_written_as_dns_has_it() {
    let allow = json!({ "email_domains": ["xn--bcher-kva.example"] });
    let email = |email: &str, expected| {
        let claims = json!({ "email": email, "email_verified": true });
        check(&allow, claims, expected);
    };
    email("jane@xn--bcher-kva.example", true);
    email("jane@bücher.example", false);
    let beyond = parse(json!({ "email_domains": ["bücher.example"] }));
    assert!(beyond.unwrap_err().starts_with("email_domains: "));
}

#[test]
fn a_hosted_domain_is_the_claim_and_not_the_address() {
    let allow = json!({ "hosted_domains": ["example.com"] });
    check(&allow, json!({ "hd": "example.com" }), true);
    check(&allow, json!({ "hd": "Example.com" }), true);
    let address = json!({ "email": "jane@example.com", "email_verified": true });
    check(&allow, address, false);
    for hd in [
        json!("evil-example.com"),
        json!("sub.example.com"),
        json!("example.com.evil"),
        json!(""),
        json!(true),
        json!(["example.com"]),
    ] {
        check(&allow, json!({ "hd": hd }), false);
    }
}

#[test]
fn a_claim_is_or_has_one_of_the_values() {
    let allow = json!({ "claims": { "groups": ["staff", 7], "level": [true] } });
    for (claims, expected) in [
        (json!({ "groups": ["a", "staff"] }), true),
        (json!({ "groups": "staff" }), true),
        (json!({ "groups": [7] }), true),
        (json!({ "level": true }), true),
        (json!({ "groups": ["Staff"] }), false),
        (json!({ "groups": ["staff-guests"] }), false),
        (json!({ "groups": "staff guests" }), false),
        (json!({ "groups": ["7"] }), false),
        (json!({ "groups": { "staff": true } }), false),
        (json!({ "groups": [["staff"]] }), false),
        (json!({ "groups": [] }), false),
        (json!({ "level": "true" }), false),
        (json!({ "roles": ["staff"] }), false),
    ] {
        check(&allow, claims, expected);
    }
}

#[test]
fn one_list_is_enough() {
    let allow = json!({ "emails": ["eve@example.org"], "claims": { "groups": ["staff"] } });
    check(&allow, json!({ "groups": ["staff"] }), true);
    let eve = json!({ "email": "eve@example.org", "email_verified": true });
    check(&allow, eve, true);
    check(&allow, json!({ "groups": ["guests"] }), false);
}

#[test]
fn organizations_are_the_word_of_github_alone() {
    let allow = parse(json!({ "organizations": ["Acme"] })).unwrap();
    let judged = |source, organizations: Value| {
        let claims = object(json!({ "organizations": organizations }));
        allow.judge(source, &claims).is_ok()
    };
    assert!(judged(Source::Github, json!(["others", "acme"])));
    assert!(!judged(Source::Github, json!("acme")));
    assert!(!judged(Source::Openid, json!(["acme"])));
}

#[test]
fn lists_that_are_of_another_kind_of_provider_are_refused() {
    let checked = |record: Value, source| {
        let record: AllowRecord = serde_json::from_value(record).unwrap();
        record.check_for(source).map_err(|error| error.to_string())
    };
    let organizations = json!({ "organizations": ["acme"], "emails": ["eve@example.org"] });
    assert_eq!(checked(organizations.clone(), Source::Github), Ok(()));
    let said = checked(organizations, Source::Openid).unwrap_err();
    assert!(said.starts_with("organizations: nothing here"), "{said}");
    let claims = |name: &str| json!({ "claims": { name: ["x"] } });
    assert_eq!(checked(claims("groups"), Source::Openid), Ok(()));
    for name in OF_GITHUB {
        assert_eq!(checked(claims(name), Source::Github), Ok(()), "{name}");
    }
    let said = checked(claims("groups"), Source::Github).unwrap_err();
    assert!(
        said.starts_with("claims: claims that there are of GitHub: email_verified, "),
        "{said}"
    );
    let domains = json!({ "hosted_domains": [] });
    assert_eq!(checked(domains.clone(), Source::Openid), Ok(()));
    let said = checked(domains, Source::Github).unwrap_err();
    assert!(said.starts_with("hosted_domains: nothing here"), "{said}");
}

#[test]
fn an_address_that_is_listed_and_not_verified_is_told_apart() {
    let allow = parse(json!({ "email_domains": ["example.com"] })).unwrap();
    let why = |claims: Value| allow.judge(Source::Openid, &object(claims)).unwrap_err();
    for verified in [json!(false), json!("true"), Value::Null] {
        let claims = json!({ "email": "jane@example.com", "email_verified": verified });
        assert_eq!(why(claims), Why::NotVerified);
    }
    let elsewhere = json!({ "email": "jane@example.org", "email_verified": false });
    assert_eq!(why(elsewhere), Why::NotListed);
    assert_eq!(why(json!({})), Why::NotListed);
}

#[test]
fn a_claim_that_nobody_says_is_told_apart() {
    let allow =
        json!({ "claims": { "gruops": ["staff"], "roles": ["a"] }, "emails": ["eve@example.org"] });
    let allow = parse(allow).unwrap();
    let why = |claims: Value| allow.judge(Source::Openid, &object(claims)).unwrap_err();
    let unsaid = |names: &str| Why::Unsaid(names.to_owned());
    assert_eq!(why(json!({ "groups": ["staff"] })), unsaid("gruops, roles"));
    assert_eq!(why(json!({ "roles": ["b"] })), unsaid("gruops"));
    assert_eq!(why(json!({ "roles": [], "gruops": [] })), Why::NotListed);
    let unverified = json!({ "email": "eve@example.org" });
    assert_eq!(why(unverified), Why::NotVerified);
}

#[test]
fn what_lists_are_about() {
    let claims = |record: Value| {
        let allow = parse(record).unwrap();
        allow
            .claims()
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(claims(json!({})), "");
    assert_eq!(claims(json!({ "organizations": ["acme"] })), "");
    assert_eq!(claims(json!({ "hosted_domains": ["example.com"] })), "hd");
    let address = "email email_verified";
    assert_eq!(claims(json!({ "emails": ["eve@example.org"] })), address);
    assert_eq!(claims(json!({ "email_domains": ["example.org"] })), address);
    assert_eq!(claims(json!({ "claims": { "groups": ["a"] } })), "groups");
}

#[test]
fn entries_that_nobody_can_meet_are_refused() {
    for (record, place) in [
        (json!({ "emails": ["eve"] }), "emails: "),
        (json!({ "emails": ["@example.org"] }), "emails: "),
        (json!({ "emails": ["eve@localhost"] }), "emails: "),
        (
            json!({ "email_domains": ["@example.com"] }),
            "email_domains: ",
        ),
        (
            json!({ "email_domains": ["*.example.com"] }),
            "email_domains: ",
        ),
        (
            json!({ "email_domains": [".example.com"] }),
            "email_domains: ",
        ),
        (json!({ "email_domains": ["com"] }), "email_domains: "),
        (json!({ "email_domains": [""] }), "email_domains: "),
        (
            json!({ "hosted_domains": ["example.com "] }),
            "hosted_domains: ",
        ),
        (json!({ "organizations": ["acme/team"] }), "organizations: "),
        (json!({ "organizations": [""] }), "organizations: "),
        (json!({ "claims": { "groups": [] } }), "claims: "),
        (json!({ "claims": { "groups": [null] } }), "claims: "),
        (json!({ "claims": { "": ["a"] } }), "claims: "),
        (json!({ "email": ["eve@example.org"] }), "unknown field"),
    ] {
        let error = parse(record.clone()).unwrap_err();
        assert!(error.starts_with(place), "{record}: {error}");
    }
}

#[test]
fn a_domain_is_named_by_either_list() {
    let record = json!({ "email_domains": ["example.com"], "hosted_domains": ["Example.org"] });
    let allow = parse(record).unwrap();
    for (domain, expected) in [
        ("example.com", true),
        ("EXAMPLE.org", true),
        ("sub.example.com", false),
        ("", false),
    ] {
        assert_eq!(allow.names_domain(domain), expected, "{domain}");
    }
}

#[test]
fn claims_that_are_never_kept_and_addresses_are_no_list() {
    for name in OF_THE_TOKEN {
        let said = parse(json!({ "claims": { "groups": ["a"], name: ["a"] } })).unwrap_err();
        assert!(
            said.starts_with(&format!("claims.{name}: another claim")),
            "{said}"
        );
    }
    let said = parse(json!({ "claims": { "email": ["eve@example.org"] } })).unwrap_err();
    assert!(
        said.starts_with("claims.email: nothing here: emails lists"),
        "{said}"
    );
}
