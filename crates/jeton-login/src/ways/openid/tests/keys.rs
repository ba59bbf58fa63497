use aws_lc_rs::hmac;

use super::*;

/// Who comes back with this ID token.
fn with_token(login: &Login, token: &str, expected: Result<&str, &str>) {
    let tokens = json!({ "access_token": "opens", "token_type": "Bearer", "id_token": token });
    login.deployment.json(TOKEN, &tokens);
    expect(login.person(), expected);
}

#[test]
fn a_token_without_a_signature() {
    let login = check(|_| {}, Ok("248289761001"));
    for alg in ["none", "None", "NONE", ""] {
        let header = json!({ "alg": alg, "kid": "first" });
        let token = format!("{}.", message(&header, &login.claims));
        with_token(&login, &token, Err("the algorithm is not allowed"));
    }
}

#[test]
fn a_token_under_a_mac_by_the_public_key() {
    let login = check(|_| {}, Ok("248289761001"));
    let header = json!({ "alg": "HS256", "kid": "first" });
    let message = message(&header, &login.claims);
    let jwk = login.key.jwk().to_string();
    for secret in [login.key.public(), jwk.as_bytes()] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let mac = hmac::sign(&key, message.as_bytes());
        let token = format!("{message}.{}", encode(mac.as_ref()));
        with_token(&login, &token, Err("the algorithm is not allowed"));
    }
}

#[test]
fn a_token_by_another_algorithm_than_was_registered() {
    let registered = |alg: &'static str| {
        move |login: &mut Login| login.record["id_token_signed_response_alg"] = alg.into()
    };
    check(registered("ES256"), Ok("248289761001"));
    check(registered("RS256"), Err("the algorithm is not allowed"));
}

#[test]
fn a_token_that_brings_its_key() {
    let thief = TestKey::new("first");
    let brings = |login: &mut Login| {
        login.header["jwk"] = thief.jwk();
        login.key = thief;
    };
    let login = check(brings, Err("the header has a key or its address"));
    // Nothing is fetched for what no key could verify.
    assert_eq!(login.deployment.asked(KEYS), 0);
    let jku = |login: &mut Login| login.header["jku"] = "https://evil.example/keys".into();
    check(jku, Err("the header has a key or its address"));
}

#[test]
fn a_token_by_somebody_elses_key() {
    let thief = |login: &mut Login| login.key = TestKey::new("first");
    check(thief, Err("the signature is of none of the keys"));
}

#[test]
fn another_kind_of_token_of_the_same_issuer() {
    let typ = |typ: &str, expected: Result<&str, &str>| {
        check(|login| login.header["typ"] = typ.into(), expected);
    };
    for other in ["at+jwt", "application/at+jwt", "logout+jwt", "dpop+jwt", ""] {
        typ(other, Err("the token is no ID token"));
    }
    for good in ["JWT", "jwt", "application/jwt"] {
        typ(good, Ok("248289761001"));
    }
}

#[test]
fn keys_that_change_between_two_logins() {
    let mut login = check(|_| {}, Ok("248289761001"));
    // The upstream signs by a second key, which it has published since.
    login.key = TestKey::new("second");
    login.header = login.key.header();
    login.answer();
    let keys = json!({ "keys": [login.key.jwk()] });
    login.deployment.json(KEYS, &keys);
    // Whoever makes up a kid would make us fetch: at most once a minute.
    login.now = NOW + Seconds(59);
    expect(login.person(), Err("no key fits its kid and algorithm"));
    assert_eq!(login.deployment.asked(KEYS), 1);
    login.now = NOW + Seconds(60);
    expect(login.person(), Ok("248289761001"));
    assert_eq!(login.deployment.asked(KEYS), 2);
}

#[test]
fn keys_that_change_while_a_person_logs_in() {
    let mut login = check(|_| {}, Ok("248289761001"));
    // The token is of the key that was withdrawn while the person typed.
    let keys = json!({ "keys": [TestKey::new("second").jwk()] });
    login.deployment.json(KEYS, &keys);
    login.now = NOW + Seconds(299);
    expect(login.person(), Ok("248289761001"));
    login.claims["exp"] = (NOW.0 + 600).into();
    login.answer();
    login.now = NOW + Seconds(300);
    expect(login.person(), Err("no key fits its kid and algorithm"));
}

#[test]
fn keys_that_cannot_be_fetched_or_are_none() {
    let fails = |status: u16, body: &'static str, expected: &str| {
        let set = |login: &mut Login| {
            let json = "application/json";
            login.deployment.answer(KEYS, status, json, body);
        };
        check(set, Err(expected));
    };
    fails(500, "", "keys: status 500");
    fails(302, "", "keys: redirected");
    fails(200, r#"{"keys":[]}"#, "no key in it verifies a signature");
    fails(200, r#"{"keys":{}}"#, "not a JWK Set of public keys");
    fails(200, "<html>", "keys: not JSON");
}

#[test]
fn metadata_of_another_issuer() {
    let fails = |issuer: &'static str, expected: &str| {
        let mut login = Login::new();
        login.metadata["issuer"] = issuer.into();
        let with = login.deployment.with(login.now);
        let trouble = now(login.way().person(&with, &login.came_back())).unwrap_err();
        // Whoever configured it has to look; whoever logs in has done nothing wrong.
        assert!(matches!(trouble, Trouble::Misconfigured(_)), "{trouble:?}");
        let said = trouble.to_string();
        assert!(said.contains(expected), "{issuer}: {said}");
        assert!(!said.contains("evil"), "{said}");
    };
    fails("https://evil.example", "has another host or port than");
    fails("https://login.example.org:8443", "has another host or port");
    fails("https://login.example.org/evil", "has another path than");
    fails("http://login.example.org", "http or https");
    // The same address, and another name.
    let slash = "the metadata ends in a slash, the one that is configured does not";
    fails("https://login.example.org/", slash);
    fails("https://Login.example.org", "capital letters");
    fails("{tenantid}", "has another host");
}

#[test]
fn an_issuer_is_configured_with_its_slash_or_without() {
    let mut login = Login::new();
    login.record["issuer"] = "https://login.example.org/".into();
    let with = login.deployment.with(login.now);
    let trouble = now(login.way().person(&with, &login.came_back())).unwrap_err();
    let difference =
        "the issuer that is configured ends in a slash, the one in the metadata does not";
    assert_eq!(trouble, Trouble::Misconfigured(difference));
}

#[test]
fn metadata_that_leads_nowhere_or_inside() {
    let fails = |name: &'static str, value: Value, expected: &str| {
        let set = |login: &mut Login| login.metadata[name] = value;
        check(set, Err(expected));
    };
    fails("jwks_uri", Value::Null, "metadata: not usable");
    let inside = json!("https://10.0.0.1/keys");
    fails("jwks_uri", inside, "keys: the address is not public");
    let own = json!("https://id.example/token");
    fails("token_endpoint", own, "token: the URL is our own");
    let http = json!("http://login.example.org/token");
    fails("token_endpoint", http, "token: not https");
}
