use super::*;
use crate::fetch::Unreachable;

const SECRET: &str = "jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj";

/// RFC 8037 appendix A.1.
const ED25519: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

fn check(changes: &[(&str, &str)], expected: Result<(), (&str, &str)>) {
    let mut variables = vec![
        ("JETON_ISSUER", "https://id.example"),
        ("JETON_SECRET", SECRET),
    ];
    variables.extend_from_slice(changes);
    let config = Config::from_lookup(|name| {
        let (_, value) = variables.iter().rev().find(|(own, _)| *own == name)?;
        Some((*value).to_owned())
    });
    let mistakes = config.as_ref().map(|_| ()).map_err(ConfigError::mistakes);
    match (mistakes, expected) {
        (Ok(()), Ok(())) => {}
        (Err([mistake]), Err((variable, part)))
            if mistake.name == variable && mistake.expected.contains(part) => {}
        _ => panic!("{changes:?} gave {config:?}, not {expected:?}"),
    }
}

#[test]
fn what_may_be_reached() {
    let check = |development: &str, url: &str, expected| {
        let config = Config::from_lookup(|name| match name {
            "JETON_ISSUER" if development == "true" => Some("http://id.example/tenant".to_owned()),
            "JETON_ISSUER" => Some("https://id.example/tenant".to_owned()),
            "JETON_SECRET" => Some(SECRET.to_owned()),
            "JETON_DEVELOPMENT" => Some(development.to_owned()),
            _ => None,
        });
        let reached = config.unwrap().reach().url(url);
        assert_eq!(reached.map(|_| ()), expected, "{development} {url}");
    };
    let loopback = Err(Unreachable::NotPublic("loopback"));
    check("false", "http://127.0.0.1:9400/", loopback);
    check("true", "http://127.0.0.1:9400/", Ok(()));
    let own = Err(Unreachable::OwnOrigin);
    check("false", "https://id.example/", own);
    for development in ["false", "true"] {
        check(development, "https://other.example/", Ok(()));
        check(
            development,
            "http://other.example/",
            Err(Unreachable::NotHttps),
        );
    }
}

#[test]
fn keys_of_configured_clients_can_be_fetched() {
    let check = |issuer: &str, jwks_uri: &str, expected: Result<(), &str>| {
        let clients = format!(
            r#"[{{"client_id":"job","token_endpoint_auth_method":"private_key_jwt","jwks_uri":"{jwks_uri}"}}]"#
        );
        let development = issuer.starts_with("http://").to_string();
        let variables = [
            ("JETON_ISSUER", issuer),
            ("JETON_DEVELOPMENT", &development),
            ("JETON_CLIENTS", &clients),
        ];
        check(&variables, expected.map_err(|why| ("JETON_CLIENTS", why)));
    };
    let production = "https://id.example/tenant";
    check(production, "https://keys.example/jwks", Ok(()));
    let why = "\"job\": jwks_uri: ";
    for jwks_uri in [
        "http://127.0.0.1:9400/",
        "https://localhost/",
        "https://id.example/jwks",
    ] {
        check(production, jwks_uri, Err(why));
    }
    let development = "http://localhost:8080";
    check(development, "http://127.0.0.1:9400/", Ok(()));
    check(development, "http://localhost:8080/jwks", Err("jwks_uri: "));
}

#[test]
fn the_address_of_an_example_is_refused_in_production() {
    let own = "an address of your own";
    for (host, expected) in [
        ("jeton.example.com", Err(("JETON_ISSUER", own))),
        ("example.com", Err(("JETON_ISSUER", own))),
        ("example.com:8443/tenant", Err(("JETON_ISSUER", own))),
        ("ID.Example.ORG", Err(("JETON_ISSUER", own))),
        ("id.example.net.", Err(("JETON_ISSUER", own))),
        ("id.invalid", Err(("JETON_ISSUER", own))),
        ("id.example", Ok(())),
        ("id.test", Ok(())),
        ("my-example.com", Ok(())),
        ("example.com.au", Ok(())),
        ("invalid.dev", Ok(())),
        ("com", Ok(())),
    ] {
        let issuer = format!("https://{host}");
        check(&[("JETON_ISSUER", &issuer)], expected);
        for variable in ["JETON_LOGIN_URL", "JETON_LOGOUT_URL"] {
            let expected = expected.map_err(|(_, part)| (variable, part));
            check(&[(variable, &issuer)], expected);
        }
    }
    let development = ("JETON_DEVELOPMENT", "true");
    check(
        &[("JETON_ISSUER", "http://id.example.com"), development],
        Ok(()),
    );
}

#[test]
fn names_the_variable_and_what_was_expected() {
    check(&[], Ok(()));
    check(&[("JETON_ISSUER", "")], Err(("JETON_ISSUER", "https URL")));
    for issuer in [
        "id.example",
        "http://id.example",
        "https://id.example//",
        "https://id.example/tenant//",
        "https://id.example?x",
        "https://id.example#x",
        "https://u@id.example",
        "ftp://id.example",
        "https:// id.example",
    ] {
        check(
            &[("JETON_ISSUER", issuer)],
            Err(("JETON_ISSUER", "https URL")),
        );
    }
    check(&[("JETON_ISSUER", "http://localhost:8080")], Ok(()));
    check(&[("JETON_ISSUER", "https://id.example/")], Ok(()));
    check(&[("JETON_ISSUER", "http://[::1]:8080/tenant")], Ok(()));
    check(
        &[
            ("JETON_ISSUER", "http://id.example"),
            ("JETON_DEVELOPMENT", "true"),
        ],
        Ok(()),
    );
    for issuer in [
        "http://id.example",
        "http://127.0.0.1:8080",
        "https://localhost:8443/tenant",
        "https://id.localhost",
        "https://127.0.0.1",
        "https://[::1]",
    ] {
        let development = ("JETON_DEVELOPMENT", "true");
        check(&[("JETON_ISSUER", issuer), development], Ok(()));
    }
    for issuer in [
        "https://id.example",
        "https://id.internal",
        "https://10.0.0.1",
        "https://localhost.example",
    ] {
        check(
            &[("JETON_ISSUER", issuer), ("JETON_DEVELOPMENT", "true")],
            Err(("JETON_DEVELOPMENT", "not this machine")),
        );
    }
    check(
        &[("JETON_DEVELOPMENT", "yes")],
        Err(("JETON_DEVELOPMENT", "true or false")),
    );

    check(
        &[("JETON_SECRET", " ")],
        Err(("JETON_SECRET", "`jeton keys new` makes one")),
    );
    check(
        &[("JETON_SECRET", "short")],
        Err(("JETON_SECRET", "43 characters")),
    );
    check(
        &[("JETON_SECRET", &format!("{SECRET} short"))],
        Err(("JETON_SECRET", "43 characters")),
    );
    check(&[("JETON_SECRET", &format!("{SECRET} {SECRET}"))], Ok(()));

    let public = [("JETON_SECRET", crate::PUBLIC_SECRET)];
    check(&public, Err(("JETON_SECRET", "none of them the mock's")));
    let development = [
        ("JETON_ISSUER", "http://id.example"),
        ("JETON_DEVELOPMENT", "true"),
    ];
    check(&[public[0], development[0], development[1]], Ok(()));

    check(&[("JETON_SIGNING_ALGS", "EdDSA ES256")], Ok(()));
    for algorithms in ["HS256", "ES256 ES256", "none"] {
        check(
            &[("JETON_SIGNING_ALGS", algorithms)],
            Err(("JETON_SIGNING_ALGS", "ES256, EdDSA")),
        );
    }
    check(
        &[("JETON_SIGNING_ALGS", "RS256")],
        Err(("JETON_SIGNING_ALGS", "RSA key")),
    );
    for jwks in ["", "{}", r#"{"keys":[]}"#, "nonsense"] {
        let expected = if jwks.is_empty() {
            Ok(())
        } else {
            Err(("JETON_SIGNING_JWKS", "JWK Set"))
        };
        check(&[("JETON_SIGNING_JWKS", jwks)], expected);
    }
    check(
        &[("JETON_SIGNING_JWKS", r#"{"keys":[{"kty":"oct","k":"AA"}]}"#)],
        Err(("JETON_SIGNING_JWKS", "keys[0] to be EC P-256")),
    );
    check(
        &[(
            "JETON_SIGNING_JWKS",
            r#"{"keys":[{"kty":"EC","crv":"P-256","d":"AA"}]}"#,
        )],
        Err(("JETON_SIGNING_JWKS", "`d`")),
    );

    let named =
        |kid: &str| format!(r#"{{"kty":"OKP","crv":"Ed25519","d":"{ED25519}","kid":"{kid}"}}"#);
    for (kids, expected) in [
        (&["2026-11"][..], Ok(())),
        (&["a", "b"], Ok(())),
        (&["é".repeat(256).as_str()], Ok(())),
        (
            &[""],
            Err(("JETON_SIGNING_JWKS", "keys[0] to have a `kid`")),
        ),
        (
            &["é".repeat(257).as_str()],
            Err(("JETON_SIGNING_JWKS", "keys[0] to have a `kid`")),
        ),
        (
            &["a", "b", "a"],
            Err(("JETON_SIGNING_JWKS", "keys[2] to have a `kid`")),
        ),
    ] {
        let keys: Vec<_> = kids.iter().copied().map(named).collect();
        let set = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
        check(&[("JETON_SIGNING_JWKS", &set)], expected);
    }
    for mark in ["true", "false", "null"] {
        let mark = format!(r#"{{"jeton_mock":{mark},"#);
        let (one, other) = (named("a"), named("b").replacen('{', &mark, 1));
        let (key, set) = (
            format!(r#"{{"keys":[{one},{other}]}}"#),
            format!(r#"{{"keys":[{one}]}}"#).replacen('{', &mark, 1),
        );
        for (set, expected) in [
            (key, "keys[1] to be secret: it says that it is a mock's"),
            (set, "keys of its own: the set says that it is a mock's"),
        ] {
            check(
                &[("JETON_SIGNING_JWKS", &set)],
                Err(("JETON_SIGNING_JWKS", expected)),
            );
        }
    }

    for value in ["-1", "x", "4294967296"] {
        check(
            &[("JETON_KEY_SERIAL", value)],
            Err(("JETON_KEY_SERIAL", "0 to 4294967295")),
        );
    }
    for value in ["0", "2505601", "1.5"] {
        check(
            &[("JETON_ACCESS_TOKEN_LIFETIME", value)],
            Err(("JETON_ACCESS_TOKEN_LIFETIME", "1 to 2505600")),
        );
    }

    check(
        &[("JETON_CLIENTS", "{}")],
        Err(("JETON_CLIENTS", "JSON array")),
    );
    check(
        &[("JETON_CLIENTS", "@clients.json")],
        Err(("JETON_CLIENTS", "@file")),
    );
    check(
        &[(
            "JETON_CLIENTS",
            r#"[{"client_id":"a","client_secret":"short"}]"#,
        )],
        Err(("JETON_CLIENTS", "at least 32")),
    );
    check(
        &[
            (
                "JETON_CLIENTS",
                r#"[{"client_id":"a","client_secret":"short"}]"#,
            ),
            development[0],
            development[1],
        ],
        Ok(()),
    );
    check(
        &[(
            "JETON_CLIENTS",
            r#"[{"client_id":"a","client_secret":"billing-secret-that-is-long-enough"}]"#,
        )],
        Err(("JETON_CLIENTS", "reads like words")),
    );
    let client = format!(r#"{{"client_id":"a","client_secret":"{SECRET}"}}"#);
    check(&[("JETON_CLIENTS", &format!("[{client}]"))], Ok(()));
    check(
        &[("JETON_CLIENTS", &format!("[{client},{client}]"))],
        Err(("JETON_CLIENTS", "twice")),
    );
    check(
        &[(
            "JETON_CLIENTS",
            &format!(r#"[{{"client_id":"a","client_secret":"{SECRET}","grant_type":[]}}]"#),
        )],
        Err(("JETON_CLIENTS", "\"grant_type\" is not client metadata")),
    );
    check(
        &[(
            "JETON_CLIENTS",
            &format!(
                r#"[{{"client_id":"a","client_secret":"{SECRET}","access_token_signed_response_alg":"EdDSA"}}]"#
            ),
        )],
        Err(("JETON_CLIENTS", "JETON_SIGNING_ALGS")),
    );
}

#[test]
fn every_variable_that_is_read_is_in_the_table() {
    let read = std::cell::RefCell::new(Vec::new());
    let config = Config::from_lookup(|name| {
        read.borrow_mut().push(name.to_owned());
        match name {
            "JETON_ISSUER" => Some("https://id.example".into()),
            "JETON_SECRET" => Some(SECRET.into()),
            _ => None,
        }
    });
    config.unwrap();
    let mut read = read.into_inner();
    read.sort();
    // Of the login application, which is another crate's.
    let of_others = ["JETON_LOGIN"];
    let mut table: Vec<_> = SETTINGS
        .iter()
        .filter(|setting| setting.host == "all" && !of_others.contains(&setting.name))
        .map(|setting| setting.name)
        .collect();
    table.sort_unstable();
    assert_eq!(read, table);
}

#[test]
fn pairwise_subjects_need_a_salt() {
    let client = r#"[{"client_id":"a","token_endpoint_auth_method":"none",
        "redirect_uris":["https://a.example/cb"],"subject_type":"pairwise"}]"#;
    let clients = ("JETON_CLIENTS", client);
    const SALT: &str = "JETON_PAIRWISE_SALT";
    let good = (SALT, "kT2vQ9xZb7LmN4cR8wYdH3jF6sGpA1eU0iOqXtVnBaZ");
    check(&[clients, good], Ok(()));
    check(&[clients], Err(("JETON_CLIENTS", SALT)));
    check(&[clients, (SALT, " ")], Err(("JETON_CLIENTS", SALT)));
    // A salt that is wrong is one mistake, and not one of each client as well.
    check(&[clients, (SALT, "short")], Err((SALT, "43 characters")));
    check(&[clients, (SALT, SECRET)], Err((SALT, "JETON_SECRET")));
    let two = format!("{} {}", good.1, good.1);
    check(&[clients, (SALT, &two)], Err((SALT, "one secret alone")));
    let error = Config::from_lookup(|name| match name {
        "JETON_ISSUER" => Some("https://id.example".to_owned()),
        "JETON_SECRET" => Some(SECRET.to_owned()),
        SALT => Some("short".to_owned()),
        _ => None,
    });
    assert_eq!(error.unwrap_err().mistakes()[0].value, None);
}

#[test]
fn refuses_unknown_variables() {
    assert_eq!(Config::refuse_unknown(["PATH", "JETON_SECRET"]), Ok(()));
    let error = Config::refuse_unknown(["JETON_SECERT", "HOME", "JETON_PROT"]).unwrap_err();
    let names: Vec<_> = error.mistakes().iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["JETON_SECERT", "JETON_PROT"]);
}

#[test]
fn every_mistake_is_named_with_its_value_and_once() {
    // Nobody knows whether the last is wrong, because nobody knows the keys.
    let wrong = r#"[{"client_id":"a"},{"client_id":"b","client_secret":"short"},
        {"client_id":"c","token_endpoint_auth_method":"none","id_token_signed_response_alg":"EdDSA"}]"#;
    let config = Config::from_lookup(|name| {
        let value = match name {
            "JETON_ISSUER" => "http://id.example",
            "JETON_SECRET" => "short",
            "JETON_SIGNING_JWKS" => "nonsense",
            "JETON_SIGNING_ALGS" => "RS256",
            "JETON_PROXY_STRIPS" => "/auth",
            "JETON_CLIENTS" => wrong,
            "JETON_TRUST" => r#"[{"issuer":""},{"issuer":"http://ci.example"}]"#,
            "JETON_ACCESS_TOKEN_LIFETIME" => "1h",
            "JETON_UNREGISTERED_SCOPES" => "jsk_in-the-wrong-place",
            _ => return None,
        };
        Some(value.to_owned())
    });
    let error = config.unwrap_err();
    let named = error.mistakes().iter();
    let named: Vec<_> = named
        .map(|it| (it.name.as_str(), it.value.as_deref()))
        .collect();
    // What a proxy strips and what needs a key cannot be judged without issuer and keys.
    assert_eq!(
        named,
        [
            ("JETON_ISSUER", Some("http://id.example")),
            ("JETON_SECRET", None),
            ("JETON_SIGNING_JWKS", None),
            ("JETON_CLIENTS", None),
            ("JETON_CLIENTS", None),
            ("JETON_TRUST", None),
            ("JETON_TRUST", None),
            ("JETON_ACCESS_TOKEN_LIFETIME", Some("1h")),
            ("JETON_UNREGISTERED_SCOPES", None),
        ]
    );
    let text = error.to_string();
    assert_eq!(text.lines().count(), 9, "{text}");
    let line =
        r#"JETON_ACCESS_TOKEN_LIFETIME: expected a whole number from 1 to 2505600; it is "1h""#;
    assert!(text.lines().any(|it| it == line), "{text}");
}

#[test]
fn errors_and_debug_never_hold_a_secret() {
    let secret = "s3cret-but-far-too-short";
    let error = Config::from_lookup(|name| match name {
        "JETON_ISSUER" => Some("https://id.example".into()),
        "JETON_SECRET" => Some(secret.into()),
        _ => None,
    });
    assert!(!format!("{error:?}").contains(secret));
    let config = Config::from_lookup(|name| match name {
        "JETON_ISSUER" => Some("https://id.example".into()),
        "JETON_SECRET" => Some(SECRET.into()),
        "JETON_CLIENTS" => Some(format!(
            r#"[{{"client_id":"a","client_secret":"{SECRET}"}}]"#
        )),
        _ => None,
    });
    assert!(!format!("{config:?}").contains(SECRET));
}

#[test]
fn warns_of_what_production_refuses() {
    let warnings = |development: &str, secret: &str| {
        let config = Config::from_lookup(|name| match name {
            "JETON_ISSUER" => Some("http://localhost:8080".into()),
            "JETON_SECRET" => Some(secret.into()),
            "JETON_DEVELOPMENT" => Some(development.into()),
            _ => None,
        });
        config.unwrap().warnings().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(warnings("false", SECRET), "");
    assert!(warnings("true", SECRET).contains("JETON_DEVELOPMENT"));
    assert!(!warnings("true", SECRET).contains("JETON_SECRET"));
    assert!(warnings("true", crate::PUBLIC_SECRET).contains("JETON_SECRET is a mock's"));
}

#[test]
fn what_a_proxy_strips_is_the_beginning_of_the_issuers_path() {
    let wrong = Err(("JETON_PROXY_STRIPS", "without a final slash"));
    for (issuer, stripped, expected) in [
        ("https://id.example/auth", "/auth", Ok(())),
        ("https://id.example/auth/one", "/auth", Ok(())),
        ("https://id.example/auth/one", "/auth/one", Ok(())),
        ("https://id.example/auth", "", Ok(())),
        ("https://id.example/auth", "/auth/", wrong),
        ("https://id.example/auth", "auth", wrong),
        ("https://id.example/auth", "/", wrong),
        ("https://id.example/auth", "/aut", wrong),
        ("https://id.example/auth", "/other", wrong),
        ("https://id.example", "/auth", wrong),
    ] {
        let issuer = ("JETON_ISSUER", issuer);
        check(&[issuer, ("JETON_PROXY_STRIPS", stripped)], expected);
    }
}

#[test]
fn unregistered_scopes_are_refused_or_ignored() {
    for (text, expected) in [
        ("refuse", Ok(())),
        ("ignore", Ok(())),
        (
            "Ignore",
            Err(("JETON_UNREGISTERED_SCOPES", "refuse or ignore")),
        ),
        (
            "true",
            Err(("JETON_UNREGISTERED_SCOPES", "refuse or ignore")),
        ),
    ] {
        check(&[("JETON_UNREGISTERED_SCOPES", text)], expected);
    }
}
