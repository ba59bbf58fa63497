use serde_json::{Value, json};

use super::*;

const ISSUER: &str = "https://id.example";
const NOTES: &str = "https://notes.example";
const BANK: &str = "https://bank.example";
const NOW: UnixTime = UnixTime(1_795_730_488);

/// A request of the client `guest`, with further members.
fn asked(scope: &str, audiences: &[&str], more: &Value) -> Asked {
    let mut asked = json!({
        "kind": "code",
        "client_id": "guest",
        "redirect_uri": "https://guest.example/callback",
        "scope": scope,
        "audiences": audiences,
    });
    let members = asked.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    serde_json::from_value(asked).unwrap()
}

fn plain(scope: &str, audiences: &[&str]) -> Asked {
    asked(scope, audiences, &json!({}))
}

fn scope(text: &str) -> Scope {
    text.parse().unwrap()
}

fn agreed(asked: &Asked, given: &str, at: u64) -> Consent {
    Consent::to(asked, &scope(given), ISSUER, UnixTime(at))
}

/// What is given of a request to whoever agreed to this, in this order.
fn answer(before: &[(Asked, &str)], asked: &Asked) -> Option<String> {
    let mut consents = Consents::default();
    for (asked, given) in before {
        consents.remember("guest", &agreed(asked, given, NOW.0));
    }
    let text = consents.written().unwrap();
    let consents: Consents = serde_json::from_str(&text).unwrap();
    let given = consents.of(asked, NOW)?.answers(asked, ISSUER)?;
    Some(given.to_string())
}

#[test]
fn consent_is_to_a_scope_at_an_audience() {
    let notes = || vec![(plain("openid read", &[NOTES]), "openid read")];
    let cases = [
        ("openid read", &[NOTES][..], Some("openid read")),
        ("openid", &[NOTES], Some("openid")),
        // The issuer is always asked with the rest.
        ("openid", &[ISSUER], Some("openid")),
        ("openid", &[NOTES, ISSUER], Some("openid")),
        ("openid", &[], Some("openid")),
        ("openid read", &[BANK], None),
        ("openid read", &[NOTES, BANK], None),
        ("openid", &[BANK], None),
        ("openid write", &[NOTES], None),
        ("", &[NOTES], Some("")),
        ("", &[BANK], None),
    ];
    for (scope, audiences, expected) in cases {
        let given = answer(&notes(), &plain(scope, audiences));
        assert_eq!(given.as_deref(), expected, "{scope} at {audiences:?}");
    }
    assert_eq!(answer(&[], &plain("", &[])), None);
}

#[test]
fn what_was_agreed_to_before_stands_unless_it_was_asked_for_again() {
    let all = plain("openid read write", &[NOTES]);
    let before = || (all.clone(), "openid read write");
    let cases = [
        (
            plain("openid admin", &[NOTES]),
            "openid",
            Some("openid read write"),
        ),
        (
            plain("openid write", &[NOTES]),
            "openid",
            Some("openid read"),
        ),
        (
            plain("openid write", &[BANK]),
            "openid",
            Some("openid read write"),
        ),
        (plain("openid read write", &[NOTES]), "write", Some("write")),
    ];
    for (new, given, expected) in cases {
        let given = answer(&[before(), (new, given)], &all);
        assert_eq!(given.as_deref(), expected);
    }
    // Of a request for two audiences that is left which was given at both.
    let both = plain("openid read", &[NOTES, BANK]);
    let declined = (plain("openid read", &[BANK]), "openid");
    assert_eq!(
        answer(&[before(), declined], &both).as_deref(),
        Some("openid")
    );
    // Where nothing is left, they are asked.
    let all_of_it = (plain("openid write", &[NOTES]), "openid");
    assert_eq!(
        answer(&[before(), all_of_it], &plain("write", &[NOTES])),
        None
    );
}

#[test]
fn what_was_said_before_is_known_of_each_scope_at_each_audience() {
    let request = plain("openid read write", &[NOTES]);
    let consent = agreed(&request, "openid read", NOW.0);
    let (allowed, declined, nothing) = (Before::Allowed, Before::Declined, Before::Nothing);
    let cases = [
        (&[NOTES][..], "openid", allowed),
        (&[NOTES], "read", allowed),
        (&[NOTES], "write", declined),
        (&[NOTES], "admin", nothing),
        (&[BANK], "read", nothing),
        (&[BANK], "write", nothing),
        (&[NOTES, BANK], "read", nothing),
        (&[NOTES, BANK], "write", declined),
        (&[BANK, NOTES], "write", declined),
        (&[NOTES, ISSUER], "read", allowed),
        // The issuer is always asked with the rest.
        (&[], "openid", allowed),
        (&[], "write", declined),
    ];
    for (audiences, token, expected) in cases {
        let asked = plain("openid read write admin", audiences);
        let said = consent.said_of(token, &asked, ISSUER);
        assert_eq!(said, expected, "{token} at {audiences:?}");
    }
}

#[test]
fn claims_by_name_are_those_that_were_agreed_to() {
    let by_name = |scope, names: &[&str]| {
        let names: Map<_, _> = names
            .iter()
            .map(|&name| (name.to_owned(), Value::Null))
            .collect();
        asked(
            scope,
            &[ISSUER],
            &json!({ "claims": { "userinfo": names } }),
        )
    };
    let openid = by_name("openid", &["email"]);
    let with_scope = by_name("openid email", &["email"]);
    // Declined with its scope, it is not had by name.
    let declined = || (with_scope.clone(), "openid");
    assert_eq!(answer(&[declined()], &openid), None);
    // Nor asked for again with it: the server leaves it out.
    assert_eq!(
        answer(&[declined()], &with_scope).as_deref(),
        Some("openid")
    );
    let given = || (openid.clone(), "openid");
    assert_eq!(answer(&[given()], &openid).as_deref(), Some("openid"));
    assert_eq!(
        answer(&[given()], &by_name("openid", &["email", "roles"])),
        None
    );
    // Agreed to by name, and declined later.
    assert_eq!(answer(&[given(), declined()], &openid), None);
    // Agreed to by name alone, whatever becomes of another scope.
    let other = (plain("openid phone", &[ISSUER]), "openid");
    assert!(answer(&[given(), other], &openid).is_some());
}

#[test]
fn a_client_is_what_was_shown_of_it() {
    let told = |redirect_uri: &str, name: &str, origin: &Value| {
        let more = json!({
            "redirect_uri": redirect_uri,
            "client_name": name,
            "self_registered": origin,
        });
        asked("openid", &[ISSUER], &more)
    };
    let itself = json!({ "redirect_uri": "" });
    let nice = told("https://nice.example/cb", "Nice", &itself);
    let check = |asked: &Asked, expected: bool| {
        let before = [(nice.clone(), "openid")];
        assert_eq!(answer(&before, asked).is_some(), expected, "{asked:?}");
    };
    check(
        &told("https://nice.example:8443/other", "Nice", &itself),
        true,
    );
    check(&told("https://evil.example/cb", "Nice", &itself), false);
    check(&told("com.nice:/cb", "Nice", &itself), false);
    check(
        &told("https://nice.example/cb", "Your Bank", &itself),
        false,
    );
    // It has become the operator's, who may call it what they like.
    check(
        &told("https://nice.example/cb", "Nice", &Value::Null),
        false,
    );
    let own = told("https://nice.example/cb", "Desk", &Value::Null);
    let renamed = told("https://nice.example/cb", "Our Desk", &Value::Null);
    assert!(answer(&[(own.clone(), "openid")], &renamed).is_some());
    // Each of several is remembered by itself.
    let app = told("com.nice:/cb", "Desk", &Value::Null);
    let both = [(own.clone(), "openid"), (app.clone(), "openid")];
    assert!(answer(&both, &own).is_some() && answer(&both, &app).is_some());
    for (uri, expected) in [
        ("http://127.0.0.1:3000/cb", "127.0.0.1"),
        ("com.nice:/cb", "com.nice:"),
        ("com.nice://nice.example/cb", "com.nice:"),
        ("no address", "no address"),
    ] {
        assert_eq!(destination(uri), expected);
    }
}

#[test]
fn consent_ends() {
    let request = plain("openid", &[ISSUER]);
    let mut consents = Consents::default();
    consents.remember("guest", &agreed(&request, "openid", NOW.0));
    let last = UnixTime(NOW.0 + REMEMBERED.0 - 1);
    assert!(consents.of(&request, last).is_some());
    let over = UnixTime(last.0 + 1);
    assert!(consents.of(&request, over).is_none());
    // What is over does not come back with what is new.
    let new = plain("openid", &[NOTES]);
    consents.remember("guest", &agreed(&new, "openid", over.0));
    assert!(consents.of(&request, over).is_some());
    let more = plain("openid read", &[ISSUER]);
    consents.remember("guest", &agreed(&more, "openid read", NOW.0));
    consents.remember("guest", &agreed(&request, "openid", over.0));
    assert!(
        consents
            .of(&more, over)
            .unwrap()
            .answers(&more, ISSUER)
            .is_none()
    );
}

#[test]
fn documents_of_another_form_are_none() {
    let older = r#"{"clients":{"guest":{"asked":"openid","given":"openid","claims":[],"at":1}}}"#;
    let newer = r#"{"clients":{"guest":[{"to":"guest.example","at":1}]}}"#;
    for text in [older, newer] {
        assert!(serde_json::from_str::<Consents>(text).is_err(), "{text}");
    }
    // An older release reads a map of these.
    #[derive(Deserialize)]
    struct Before {
        #[serde(rename = "asked")]
        _asked: String,
    }
    let mut consents = Consents::default();
    let request = plain("openid", &[ISSUER]);
    consents.remember("guest", &agreed(&request, "openid", NOW.0));
    let text = consents.written().unwrap();
    assert!(serde_json::from_str::<BTreeMap<String, BTreeMap<String, Before>>>(&text).is_err());
    // What a later one knows besides is kept.
    let text = text.replacen('{', r#"{"later":{"x":1},"#, 1);
    let mut kept: Consents = serde_json::from_str(&text).unwrap();
    assert!(kept.written().unwrap().contains(r#""later":{"x":1}"#));
}

#[test]
fn the_oldest_make_way() {
    let request = plain("openid", &[ISSUER]);
    let mut consents = Consents::default();
    for number in 0..=MOST as u64 {
        consents.remember(
            &format!("client-{number}"),
            &agreed(&request, "openid", number),
        );
    }
    assert!(consents.written().unwrap().len() < LONGEST_PERSONAL);
    assert_eq!(consents.clients.len(), MOST);
    assert!(!consents.clients.contains_key("client-0"));

    let long = "x".repeat(1000);
    for number in 1..=MOST as u64 {
        let request = plain(&long, &[ISSUER]);
        consents.remember(
            &format!("client-{number}"),
            &agreed(&request, &long, number),
        );
    }
    assert!(consents.written().unwrap().len() <= LONGEST_PERSONAL);
    assert!(consents.clients.contains_key(&format!("client-{MOST}")));
    assert!(!consents.clients.contains_key("client-1"));
}

#[test]
fn one_client_does_not_take_the_room_of_the_others() {
    let mut consents = Consents::default();
    let request = plain("openid", &[ISSUER]);
    consents.remember("other", &agreed(&request, "openid", 1));
    // As much as a request can hold.
    let tokens: Vec<_> = (0..500).map(|number| format!("t{number}")).collect();
    let tokens = tokens.join(" ");
    let audiences: Vec<_> = (0..60)
        .map(|number| format!("https://{number}.example"))
        .collect();
    let audiences: Vec<_> = audiences.iter().map(String::as_str).collect();
    let large = plain(&tokens, &audiences);
    consents.remember("large", &agreed(&large, &tokens, 2));
    assert!(!consents.clients.contains_key("large"));
    // Nor by asking for a little more each time: what came before is dropped then.
    for number in 0..40 {
        let tokens = format!("{number}{}", "x".repeat(900));
        let request = plain(&tokens, &[ISSUER]);
        consents.remember("greedy", &agreed(&request, &tokens, 3));
        assert!(consents.of_client("greedy").iter().all(Consent::fits));
    }
    // Nor by the forms in which it is shown.
    for number in 0..40 {
        let uri = format!("https://{number}.greedy.example/");
        let request = asked("openid", &[ISSUER], &json!({ "redirect_uri": uri }));
        consents.remember("greedy", &agreed(&request, "openid", 3));
    }
    assert_eq!(consents.of_client("greedy").len(), MOST_SHOWN);
    let text = consents.written().unwrap();
    assert!(text.len() <= MOST_SHOWN * LONGEST + 1024);
    assert!(consents.clients.contains_key("other"));
}

impl Consents {
    fn of_client(&self, id: &str) -> &[Consent] {
        self.clients.get(id).map_or(&[], Vec::as_slice)
    }
}

#[test]
fn each_client_has_its_own() {
    let request = plain("openid read", &[NOTES]);
    let mut consents = Consents::default();
    consents.remember("guest", &agreed(&request, "openid", NOW.0));
    let other = asked("openid", &[NOTES], &json!({ "client_id": "other" }));
    assert!(consents.of(&other, NOW).is_none());
    consents.remember("other", &agreed(&other, "openid", 1));
    let remembered: Vec<_> = consents.remembered(NOW).collect();
    let [guest] = remembered.as_slice() else {
        panic!("{} clients", remembered.len());
    };
    assert_eq!(guest.client_id.as_str(), "guest");
    let rights: Vec<_> = guest.rights.iter().map(Right::to_string).collect();
    assert_eq!(
        rights,
        [format!("{ISSUER}: openid"), format!("{NOTES}: openid")]
    );
    assert_eq!(guest.at, NOW);
}
