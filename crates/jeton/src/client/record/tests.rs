use super::*;

fn check(json: &str, expected: Result<(), &str>) {
    let actual = Client::from_record(json)
        .map(|_| ())
        .map_err(|error| error.to_string());
    match (&actual, expected) {
        (Ok(()), Ok(())) => {}
        (Err(message), Err(part)) if message.contains(part) => {}
        _ => panic!("{json}\n  gave {actual:?}\n  not  {expected:?}"),
    }
}

#[test]
fn says_what_is_wrong_with_a_record() {
    check(r#"{"client_id":"a","client_secret":"s"}"#, Ok(()));
    check(
        r#"{"client_id":"a","client_secret":"s","from_the_future":1}"#,
        Ok(()),
    );
    check(
        r#"{"client_id":"a","token_endpoint_auth_method":"none"}"#,
        Ok(()),
    );
    check("{", Err("line 1 column 1: no valid JSON"));
    check(r#"{"client_secret":"s"}"#, Err("client_id: "));
    check(
        r#"{"client_id":"ä","client_secret":"s"}"#,
        Err("client_id: "),
    );
    check(r#"{"client_id":"a"}"#, Err("must have a client_secret"));
    check(
        r#"{"client_id":"a","client_secret":"s","token_endpoint_auth_method":"none"}"#,
        Err("must not have a client_secret"),
    );
    check(
        r#"{"client_id":"a","client_secret":"s","token_endpoint_auth_method":"tls"}"#,
        Err("\"tls\" is none of client_secret_basic, client_secret_post, none"),
    );
    check(
        r#"{"client_id":"a","client_secrets":[{"sha256":"abc"}]}"#,
        Err("client_secrets: sha256"),
    );
    check(
        r#"{"client_id":"a","client_secret":"s","grant_types":["password"]}"#,
        Err("\"password\" is none of"),
    );
    check(
        r#"{"client_id":"a","client_secret":"s","scope":"a\"b"}"#,
        Err("scope: "),
    );
    check(
        r#"{"client_id":"a","client_secret":"s","audiences":[""]}"#,
        Err("audiences: "),
    );
    check(
        r#"{"client_id":"a","client_secret":"s","access_token_lifetime":0}"#,
        Err("access_token_lifetime: 0"),
    );
    check(
        r#"{"client_id":"a","client_secret":"s","access_token_signed_response_alg":"none"}"#,
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
            format!(r#"{{"client_id":"a","client_secret":"s","{member}":[{values}]}}"#)
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
}
