use crate::config::Config;

const SECRET: &str = "jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj";

fn config(trust: &str) -> Result<Config, String> {
    let clients = format!(
        r#"[{{"client_id":"job","client_secret":"{SECRET}"}},{{"client_id":"app","token_endpoint_auth_method":"none"}}]"#
    );
    let config = Config::from_lookup(|name| match name {
        "JETON_ISSUER" => Some("https://id.example/tenant".to_owned()),
        "JETON_SECRET" => Some(SECRET.to_owned()),
        "JETON_CLIENTS" => Some(clients.clone()),
        "JETON_TRUST" => Some(trust.to_owned()),
        _ => None,
    });
    config.map_err(|error| error.to_string())
}

fn document(issuer: &str, keys: &str, client: &str) -> String {
    format!(
        r#"{{"issuer":"{issuer}"{keys},"rules":[{{"name":"main","conditions":[{{"claim":"sub","equals":"a"}}],"client_id":"{client}"}}]}}"#
    )
}

#[test]
fn documents_are_taken_for_clients_that_authenticate_or_are_registered() {
    let documents = [
        document("https://ci.example", "", "job"),
        document(
            "spiffe://example.org",
            r#","jwks_uri":"https://spire.example/bundle""#,
            "job",
        ),
        document("https://id.example/tenant", "", "a-registered-one"),
        document(
            "accounts.example",
            r#","jwks_uri":"https://accounts.example/jwks""#,
            "job",
        ),
    ];
    let config = config(&format!("[{}]", documents.join(","))).unwrap();
    let issuers: Vec<_> = config.trust().iter().map(|it| it.issuer.as_str()).collect();
    assert_eq!(
        issuers,
        [
            "https://ci.example",
            "spiffe://example.org",
            "https://id.example/tenant",
            "accounts.example"
        ]
    );
    assert_eq!(self::config(" ").unwrap().trust(), []);
}

#[test]
fn what_is_wrong_is_said() {
    let good = document("https://ci.example", "", "job");
    for (documents, expected) in [
        ("{}".to_owned(), "a JSON array of trust documents"),
        ("@trust.json".to_owned(), "on native hosts @file"),
        (
            r#"[{"issuer":"https://ci.example","rule":[]}]"#.to_owned(),
            "[0].rule: no such member",
        ),
        (
            format!("[{good},{good}]"),
            r#"[1] "https://ci.example": the issuer has two documents"#,
        ),
        (
            format!("[{good}]").replace("equals", "prefix"),
            r#"[0] "https://ci.example": rule "main": conditions[0]: prefix"#,
        ),
        (
            format!("[{}]", document("https://ci.example", "", "app")),
            r#"rule "main": client "app" of JETON_CLIENTS is public, and a rule authenticates its client"#,
        ),
        (
            format!("[{}]", document("http://ci.example", "", "job")),
            "issuer: not https",
        ),
        (
            format!("[{}]", document("https://ci.internal", "", "job")),
            "issuer: the host is a name of a local network",
        ),
        (
            format!(
                "[{}]",
                document(
                    "https://ci.example",
                    r#","jwks_uri":"https://10.0.0.1/""#,
                    "job"
                )
            ),
            "jwks_uri: the address is not public",
        ),
        (
            format!(
                "[{}]",
                document(
                    "https://id.example/tenant",
                    r#","jwks_uri":"https://a.example/""#,
                    "job"
                )
            ),
            "jwks_uri, jwks: neither, because the keys of this issuer are ours",
        ),
    ] {
        let error = config(&documents).unwrap_err();
        assert!(
            error.starts_with("JETON_TRUST: expected ") && error.contains(expected),
            "{documents}: {error}"
        );
    }
}
