use super::*;

/// The SHA-256 of `s`. Where a record has `SECRET`, its `client_secrets` have it.
const HASH: &str = "BDpxh3TFcr2KJa2-sb_NXAJWrhHOz5-cP5JdDlK-r4k";

fn check(json: &str, expected: Result<(), &str>) {
    let json = json.replace(
        "SECRET",
        &format!(r#""client_secrets":[{{"sha256":"{HASH}"}}]"#),
    );
    let actual = Client::from_record(&json)
        .map(|_| ())
        .map_err(|error| error.to_string());
    match (&actual, expected) {
        (Ok(()), Ok(())) => {}
        (Err(message), Err(part)) if message.contains(part) => {}
        _ => panic!("{json}\n  gave {actual:?}\n  not  {expected:?}"),
    }
}

#[test]
fn a_record_is_an_object_without_a_member_twice() {
    let secret = format!(r#"{{"sha256":"{HASH}"}}"#);
    check(
        &format!(r#"{{"client_id":"a","client_secrets":[{secret}]}}"#),
        Ok(()),
    );
    check(r#"["a"]"#, Err("expected an object"));
    check(
        &format!(r#"{{"client_id":"a","client_secrets":[["{HASH}",0,0]]}}"#),
        Err("client_secrets[0]: expected an object"),
    );
    for (json, expected) in [
        // Twice: a member of its own, of its keys, of its claims, of others, within one.
        (r#"{"client_id":"a","client_id":"b",SECRET}"#.to_owned(), "client_id: expected one value, not two"),
        (
            format!(r#"{{"client_id":"a","client_secrets":[{{"sha256":"{HASH}","sha256":"{HASH}"}}]}}"#),
            "client_secrets[0].sha256: expected one value, not two",
        ),
        (r#"{"client_id":"a",SECRET,"jwks_uri":"https://a/","jwks_uri":"https://b/"}"#.to_owned(), "one value, not two"),
        (r#"{"client_id":"a",SECRET,"id_token_claims":["a"],"id_token_claims":["b"]}"#.to_owned(), "one value, not two"),
        (
            r#"{"client_id":"a",SECRET,"dpop_bound_access_tokens":true,"dpop_bound_access_tokens":false}"#.to_owned(),
            "dpop_bound_access_tokens: expected one value, not two",
        ),
        (
            r#"{"client_id":"a","token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[],"keys":[]}}"#.to_owned(),
            "jwks.keys: expected one value, not two",
        ),
    ] {
        check(&json, Err(expected));
    }
    check(
        r#"{"client_id":"a",SECRET,"jwks":null,"contacts":null}"#,
        Ok(()),
    );
}

#[test]
fn says_what_is_wrong_with_a_record() {
    check(r#"{"client_id":"a",SECRET}"#, Ok(()));
    check(r#"{"client_id":"a",SECRET,"from_the_future":1}"#, Ok(()));
    check(
        r#"{"client_id":"a","token_endpoint_auth_method":"none"}"#,
        Ok(()),
    );
    check("{", Err("line 1, column 1: no JSON"));
    check(r#"{SECRET}"#, Err("client_id: "));
    check(r#"{"client_id":"ä",SECRET}"#, Err("client_id: "));
    check(r#"{"client_id":"a"}"#, Err("must have a client_secret"));
    check(
        r#"{"client_id":"a",SECRET,"token_endpoint_auth_method":"none"}"#,
        Err("must not have a client_secret"),
    );
    check(
        r#"{"client_id":"a",SECRET,"token_endpoint_auth_method":"tls"}"#,
        Err("\"tls\" is none of client_secret_basic, client_secret_post, none"),
    );
    check(
        r#"{"client_id":"a","client_secrets":[{"sha256":"abc"}]}"#,
        Err("client_secrets: sha256"),
    );
    check(
        r#"{"client_id":"a",SECRET,"grant_types":["password"]}"#,
        Err("\"password\" is none of"),
    );
    check(r#"{"client_id":"a",SECRET,"scope":"a\"b"}"#, Err("scope: "));
    check(
        r#"{"client_id":"a",SECRET,"audiences":[""]}"#,
        Err("audiences: "),
    );
    check(
        r#"{"client_id":"a",SECRET,"access_token_lifetime":0}"#,
        Err("access_token_lifetime: 0"),
    );
    check(
        r#"{"client_id":"a",SECRET,"access_token_signed_response_alg":"none"}"#,
        Err("\"none\" is none of"),
    );
}

#[test]
fn no_list_of_a_record_grows_without_bound() {
    let most = |value: &str, count: usize| vec![value; count].join(",");
    for (member, value) in [
        ("audiences", r#""a""#),
        ("redirect_uris", r#""https://a.example/cb""#),
        ("post_logout_redirect_uris", r#""https://a.example/bye""#),
        ("allowed_origins", r#""https://a.example""#),
        ("grant_types", r#""client_credentials""#),
    ] {
        let record = |count| {
            let values = most(value, count);
            format!(r#"{{"client_id":"a",SECRET,"{member}":[{values}]}}"#)
        };
        check(&record(MOST_VALUES), Ok(()));
        check(&record(MOST_VALUES + 1), Err(member));
    }
    let secret = r#"{"sha256":"lo9H2tHmb1HI0bcuRKLMXtLUaZuu3ClUDR0Ysk9wxzM"}"#;
    let record = |count| {
        let secrets = most(secret, count);
        format!(r#"{{"client_id":"a","client_secrets":[{secrets}]}}"#)
    };
    check(&record(MOST_VALUES), Ok(()));
    check(&record(MOST_VALUES + 1), Err("client_secrets"));
    let record =
        |label: String| format!(r#"{{"client_id":"a",SECRET,"labels":{{"a":"{label}"}}}}"#);
    check(&record("a".repeat(LONGEST_LABEL)), Ok(()));
    check(&record("a".repeat(LONGEST_LABEL + 1)), Err("labels: "));
}

#[test]
fn what_redirect_uris_a_client_opts_into() {
    let record = |members: &str| format!(r#"{{"client_id":"a",SECRET,{members}}}"#);
    let private = r#""redirect_uris":["cursor://cb"]"#;
    check(&record(private), Err("any_private_use_scheme"));
    let logout = r#""post_logout_redirect_uris":["cursor://bye"]"#;
    check(&record(logout), Err("any_private_use_scheme"));
    for uris in [private, logout] {
        let opted = format!(r#""any_private_use_scheme":true,{uris}"#);
        check(&record(&opted), Ok(()));
        let not = format!(r#""any_private_use_scheme":false,{uris}"#);
        check(&record(&not), Err("redirect_uris: "));
    }
    let dangerous = r#""any_private_use_scheme":true,"redirect_uris":["javascript:alert(1)"]"#;
    check(&record(dangerous), Err("redirect_uris: "));
    let port_is_free = |members: &str| {
        let json = format!(
            r#"{{"client_id":"a","token_endpoint_auth_method":"none",{members}"redirect_uris":["http://localhost/cb"]}}"#
        );
        let client = Client::from_record(&json).unwrap();
        client.redirects_to("http://localhost:51234/cb")
    };
    assert!(port_is_free(r#""localhost_is_loopback":true,"#));
    assert!(!port_is_free(r#""localhost_is_loopback":false,"#));
    assert!(!port_is_free(""));
}

#[test]
fn cookies_are_for_websites() {
    let record = |delivery: &str, origin: &str| {
        format!(
            r#"{{"client_id":"a",SECRET,"refresh_token_delivery":"{delivery}","allowed_origins":["https://a.example","{origin}"]}}"#
        )
    };
    for origin in ["capacitor://localhost", "chrome-extension://abcdef"] {
        check(&record("body", origin), Ok(()));
        check(&record("cookie", origin), Err("SameSite=Strict"));
    }
    check(&record("cookie", "https://b.example"), Ok(()));
    for origin in ["null", "https://b.example/", "https://*.b.example", "*"] {
        check(
            &record("body", origin),
            Err("is no origin as browsers send it"),
        );
    }
}

#[test]
fn a_plain_secret_is_for_the_configuration() {
    let json = r#"{"client_id":"a","client_secret":"of-256-random-bits"}"#;
    check(json, Err("client_secret: a stored record has"));
    let record: ClientRecord = serde_json::from_str(json).unwrap();
    assert!(record.parse().is_ok());
    let message = Client::from_record(json).unwrap_err().to_string();
    assert!(!message.contains("random-bits"), "{message}");
}

#[test]
fn a_protection_that_is_not_there_is_refused() {
    for (member, harmless, asking) in [
        ("dpop_bound_access_tokens", "false", "true"),
        ("dpop_bound_access_tokens", "null", r#""true""#),
        (
            "tls_client_certificate_bound_access_tokens",
            "false",
            "true",
        ),
        ("tls_client_auth_subject_dn", "null", r#""CN=a""#),
        ("tls_client_auth_san_dns", r#""""#, r#""a.example""#),
        ("require_pushed_authorization_requests", "false", "true"),
        ("require_signed_request_object", "false", "true"),
        ("request_object_signing_alg", r#""none""#, r#""ES256""#),
        (
            "id_token_encrypted_response_alg",
            "null",
            r#""RSA-OAEP-256""#,
        ),
        ("userinfo_signed_response_alg", r#""none""#, r#""ES256""#),
        (
            "introspection_encrypted_response_alg",
            "null",
            r#""ECDH-ES""#,
        ),
        ("authorization_signed_response_alg", "null", r#""ES256""#),
        ("default_max_age", "null", "0"),
        ("default_acr_values", "[]", r#"["phr"]"#),
        (
            "backchannel_logout_uri",
            "null",
            r#""https://a.example/out""#,
        ),
        ("frontchannel_logout_session_required", "false", "true"),
    ] {
        let record = |value: &str| format!(r#"{{"client_id":"a",SECRET,"{member}":{value}}}"#);
        check(&record(harmless), Ok(()));
        check(
            &record(asking),
            Err(&format!("{member}: there is no such protection")),
        );
        let known = BTreeMap::from([(member.to_owned(), Value::Bool(true))]);
        let configured = ClientRecord {
            other: known,
            ..ClientRecord::default()
        };
        assert_eq!(
            configured.unknown_member(),
            None,
            "{member} is no typing error"
        );
    }
    for unknown in ["dpop_bound_acces_tokens", "of_another_release"] {
        check(
            &format!(r#"{{"client_id":"a",SECRET,"{unknown}":true}}"#),
            Ok(()),
        );
    }
    check(
        r#"{"client_id":"a",SECRET,"require_auth_time":true}"#,
        Ok(()),
    );
    check(
        r#"{"client_id":"a",SECRET,"token_endpoint_auth_method":"client_secret_jwt"}"#,
        Err("\"client_secret_jwt\" is none of"),
    );
    check(
        r#"{"client_id":"a",SECRET,"token_endpoint_auth_method":"tls_client_auth"}"#,
        Err("\"tls_client_auth\" is none of"),
    );
}

/// RFC 7591 §3.2.1: the time at which the client's secret expires, also where hashes have none.
#[test]
fn the_earlier_expiry_of_a_secret_holds() {
    let expiry = |of_client: u64, of_hash: u64| {
        let record = format!(
            r#"{{"client_id":"a","client_secret_expires_at":{of_client},"client_secrets":[{{"sha256":"{HASH}","expires_at":{of_hash}}}]}}"#
        );
        match Client::from_record(&record).unwrap().authentication {
            ClientAuthentication::Secret { secrets, .. } => secrets[0].expires_at.map(|end| end.0),
            _ => panic!("no secret"),
        }
    };
    assert_eq!(expiry(0, 0), None);
    assert_eq!(expiry(7, 0), Some(7));
    assert_eq!(expiry(7, 5), Some(5));
    assert_eq!(expiry(5, 7), Some(5));
}

#[test]
fn the_claims_of_a_record_are_names_that_are_not_the_servers_own() {
    let check_member = |member: &str, value: &str, expected: Result<(), &str>| {
        check(
            &format!(r#"{{"client_id":"a",SECRET,"{member}":{value}}}"#),
            expected,
        );
    };
    for list in ["id_token_claims", "access_token_claims", "userinfo_claims"] {
        check_member(list, r#"["groups","email","acr","amr"]"#, Ok(()));
        check_member(list, "[]", Ok(()));
        for (names, expected) in [
            (r#"["sub"]"#, format!("{list}: the server alone says sub")),
            (
                r#"["a","ISS"]"#,
                format!("{list}: the server alone says iss"),
            ),
            (r#"["Acr"]"#, format!("{list}: the server alone says acr")),
            (r#"[""]"#, format!("{list}: the name of a claim")),
        ] {
            check_member(list, names, Err(&expected));
        }
        let long = "x".repeat(256);
        check_member(list, &format!(r#"["{long}"]"#), Err("1 to 255 bytes"));
        let many = vec![r#""a""#; MOST_VALUES + 1].join(",");
        let expected = format!("{list}: more than 1000");
        check_member(list, &format!("[{many}]"), Err(&expected));
        check_member(list, r#""groups""#, Err("expected an array"));
    }
    check_member("id_token_claims", r#"["auth_time"]"#, Ok(()));
    check_member("userinfo_claims", r#"["auth_time"]"#, Err("says auth_time"));

    let own = |value: &str, expected| check_member("client_claims", value, expected);
    own(r#"{"tenant":"blue","x":{"iss":1}}"#, Ok(()));
    own(r#"{"scope":"admin"}"#, Err("the server alone says scope"));
    own(r#"{"Sub":"admin"}"#, Err("the server alone says sub"));
    // Nobody was authenticated.
    own(
        r#"{"acr":"2"}"#,
        Err("client_claims: the server alone says acr"),
    );
    own(r#"["tenant"]"#, Err("expected an object"));
    for (unclear, expected) in [
        (r#"{"a":1,"a":2}"#, "client_claims.a: expected one value"),
        (
            r#"{"x":[{"a":1,"a":1}]}"#,
            "client_claims.x[0].a: expected one value",
        ),
        (r#"{"a":-0}"#, "client_claims: expected an object"),
    ] {
        own(unclear, Err(expected));
    }
    let sized = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - r#"{"a":""}"#.len()));
    own(&sized(4096), Ok(()));
    own(&sized(4097), Err("client_claims: more than 4096 bytes"));
}

#[test]
fn what_a_record_says_of_registration() {
    check(
        r#"{"client_id":"a",SECRET,"client_expires_at":0,"registration_ceiling":{}}"#,
        Ok(()),
    );
    check(
        r#"{"client_id":"a",SECRET,"registration_ceiling":{"scope":"jeton:clients"}}"#,
        Err("registration_ceiling: scope: none that begins with jeton:"),
    );
    check(
        r#"{"client_id":"a",SECRET,"registration":{"tokens":[],"ceiling":{"count":0}}}"#,
        Err("registration: count: at least 1"),
    );
    check(
        r#"{"client_id":"a",SECRET,"registration":{"tokens":[{"sha256":"lo9H2tHmb1HI0bcuRKLMXtLUaZuu3ClUDR0Ysk9wxzM","expires_at":9}],"ceiling":{}}}"#,
        Ok(()),
    );
    check(
        r#"{"client_id":"a",SECRET,"registration":{"tokens":[{"sha256":"x"}],"ceiling":{}}}"#,
        Err("registration: sha256 must be 43 characters"),
    );
    for registration in [
        "[]",
        "{}",
        r#"{"tokens":[],"ceiling":{},"more":1}"#,
        r#"{"tokens":[{"sha256":"x","expires_at":null}],"ceiling":{}}"#,
    ] {
        check(
            &format!(r#"{{"client_id":"a",SECRET,"registration":{registration}}}"#),
            Err("registration"),
        );
    }
}

/// Whatever its record has besides, as by a mistake in it or by a ceiling that was lowered.
#[test]
fn a_client_that_registered_itself_has_no_more_than_its_ceiling() {
    let client = |ceiling: &str| {
        let json = format!(
            r#"{{"client_id":"a","client_secrets":[{{"sha256":"{HASH}"}}],
            "grant_types":["client_credentials","refresh_token"],"scope":"openid email jeton:clients",
            "apis":[{{"identifier":"https://a","scope":"x y"}},{{"identifier":"https://b","scope":"x"}}]
            {ceiling}}}"#
        );
        Client::from_record(&json).unwrap()
    };
    let free = client("");
    let bound = client(
        r#","registration":{"tokens":[],"ceiling":{"scope":"email phone",
        "grant_types":["client_credentials"],"apis":[{"identifier":"https://a","scope":"y z"}]}}"#,
    );
    assert_eq!(free.scope.to_string(), "openid email jeton:clients");
    assert_eq!(bound.scope.to_string(), "email");
    assert_eq!(bound.grant_types, [GrantType::ClientCredentials]);
    assert_eq!(free.named_apis.len(), 2);
    let [api] = bound.named_apis.as_slice() else {
        panic!("{:?}", bound.named_apis);
    };
    assert_eq!(
        (api.identifier.as_str(), api.scope.to_string()),
        ("https://a", "y".to_owned())
    );

    // And of those only APIs that admit it.
    let api = |admits: bool| {
        let json = format!(
            r#"{{"identifier":"https://a","scopes":{{"x":"X","y":"Y"}},"self_registered_clients":{admits}}}"#
        );
        let record: crate::api::ApiRecord = serde_json::from_str(&json).unwrap();
        std::sync::Arc::new(record.parse().unwrap())
    };
    let granted = |client: &Client, admits| client.clone().with_apis(&[api(admits)]);
    assert_eq!(granted(&bound, true).scope.to_string(), "email y");
    assert_eq!(granted(&bound, true).audiences, ["https://a"]);
    assert_eq!(granted(&bound, false).scope.to_string(), "email");
    assert!(granted(&bound, false).audiences.is_empty());
    assert_eq!(granted(&free, false).audiences, ["https://a"]);
}

#[test]
fn pages_of_a_client_that_registered_itself_are_where_it_takes_answers() {
    let pages = |origin: &str, registration: &str| {
        let json = format!(
            r#"{{"client_id":"a","token_endpoint_auth_method":"none",
                "redirect_uris":["https://a.example/cb","com.example.a:/cb","https://b.example:8443/cb"],
                "client_uri":"{origin}/","policy_uri":"{origin}/p","tos_uri":"{origin}/t"{registration}}}"#
        );
        let client = Client::from_record(&json).unwrap();
        [client.home, client.policy, client.terms].map(|page| page.is_some())
    };
    let itself = r#","registration":{"tokens":[],"ceiling":{}}"#;
    for (origin, expected) in [
        ("https://a.example", true),
        ("https://b.example:8443", true),
        ("https://b.example", false),
        ("https://phish.example", false),
        ("https://a.example.phish.example", false),
    ] {
        assert_eq!(pages(origin, itself), [expected; 3], "{origin}");
        assert_eq!(pages(origin, ""), [true; 3], "{origin}: an operator's");
    }
}

#[test]
fn a_client_past_its_end_is_as_if_disabled() {
    let client = |end: u64| {
        let json = format!(
            r#"{{"client_id":"a","token_endpoint_auth_method":"none","client_expires_at":{end}}}"#
        );
        Client::from_record(&json).unwrap()
    };
    assert!(client(0).stands_at(UnixTime(u64::MAX)));
    assert!(client(10).stands_at(UnixTime(9)));
    assert!(!client(10).stands_at(UnixTime(10)));
}
