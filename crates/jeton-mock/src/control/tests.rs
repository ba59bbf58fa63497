use std::collections::BTreeSet;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use jeton::{ApiRecord, ClientRecord, ConditionRecord, NamedApiRecord, RuleRecord, TrustRecord};
use serde_json::{Value, json};

use super::{
    Refusal,
    body::{self, InvalidBody},
    of_issuer::KeyChange,
    query::{Extent, Query},
    route::{self, Body, NoRoute, PREFIX, ROUTES},
};
use crate::{
    keys::KeyAction,
    mint::MintRequest,
    platform::{
        Aws, Azure, FederatedCredential, Gcp, GithubActions, Gitlab, IdToken, Kubernetes,
        KubernetesObject, Spiffe,
    },
    spec::{
        ClaimMatch, ClaimRule, ClockSpec, CustomResponse, Effect, Endpoint, FAULT_NAMES, Fault,
        IssuerSpec, Matcher, OAuthError, User,
    },
};

fn openapi() -> Value {
    serde_json::from_str(include_str!("../../openapi.json")).unwrap()
}

/// What a `$ref` leads to.
fn follow<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

fn texts(value: &Value) -> BTreeSet<&str> {
    let items = value.as_array().unwrap().iter();
    items.map(|item| item.as_str().unwrap()).collect()
}

#[test]
fn openapi_has_the_routes_and_no_others() {
    let document = openapi();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation.get("parameters").and_then(Value::as_array);
            let parameters: BTreeSet<_> = parameters
                .into_iter()
                .flatten()
                .map(|parameter| follow(&document, parameter)["name"].as_str().unwrap())
                .collect();
            let body = match operation.get("requestBody") {
                Some(_) => "json",
                None => "nothing",
            };
            described.insert((path.clone(), method.to_uppercase(), parameters, body));
        }
    }
    let document_has = described;
    let answered: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| {
            let body = match route.body {
                Body::Json => "json",
                Body::Nothing => "nothing",
            };
            (
                format!("{PREFIX}{}", route.path),
                route.method.to_owned(),
                route.parameters.iter().copied().collect(),
                body,
            )
        })
        .collect();
    assert_eq!(document_has, answered);
}

#[test]
fn openapi_has_the_names_of_the_code() {
    let document = openapi();
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let schemas = &document["components"]["schemas"];
    let endpoints: BTreeSet<_> = Endpoint::ALL.map(Endpoint::as_str).into();
    assert_eq!(texts(&schemas["Endpoint"]["enum"]), endpoints);
    let algorithms: Vec<_> = jeton::SIGNING_ALGORITHMS
        .iter()
        .map(|it| json!(it))
        .collect();
    for algorithm in &algorithms {
        let known = schemas["Algorithm"]["enum"].as_array().unwrap();
        assert!(known.contains(algorithm) && known.len() == algorithms.len());
    }
    for action in texts(&schemas["KeyChange"]["properties"]["action"]["enum"]) {
        serde_json::from_value::<KeyAction>(json!(action)).unwrap();
    }
}

#[test]
fn openapi_has_the_members_of_the_types() {
    /// The members serde says it expected instead.
    fn members<T: serde::de::DeserializeOwned>() -> BTreeSet<String> {
        let Err(error) = read::<T>(r#"{"?":0}"#) else {
            panic!("an unknown member was accepted");
        };
        let message = error.to_string();
        let (_, expected) = message.split_once("expected ").unwrap();
        let names = expected.split('`').skip(1).step_by(2);
        names.map(str::to_owned).collect()
    }
    let document = openapi();
    let schemas = &document["components"]["schemas"];
    let described = |name: &str| {
        let schema = &schemas[name];
        assert_eq!(schema["additionalProperties"], false, "{name}");
        let properties = schema["properties"].as_object().unwrap();
        properties.keys().cloned().collect::<BTreeSet<_>>()
    };
    for (name, members) in [
        ("IssuerSpec", members::<IssuerSpec>()),
        ("GithubActions", members::<GithubActions>()),
        ("Gitlab", members::<Gitlab>()),
        ("GitlabIdToken", members::<IdToken>()),
        ("Kubernetes", members::<Kubernetes>()),
        ("KubernetesObject", members::<KubernetesObject>()),
        ("Aws", members::<Aws>()),
        ("Spiffe", members::<Spiffe>()),
        ("Gcp", members::<Gcp>()),
        ("Azure", members::<Azure>()),
        ("FederatedCredential", members::<FederatedCredential>()),
        ("User", members::<User>()),
        ("Api", members::<ApiRecord>()),
        ("NamedApi", members::<NamedApiRecord>()),
        ("TrustDocument", members::<TrustRecord>()),
        ("TrustRule", members::<RuleRecord>()),
        ("TrustCondition", members::<ConditionRecord>()),
        ("ClaimRule", members::<ClaimRule>()),
        ("ClaimMatch", members::<ClaimMatch>()),
        ("Fault", members::<Fault>()),
        ("Matcher", members::<Matcher>()),
        ("CustomResponse", members::<CustomResponse>()),
        ("ClockSpec", members::<ClockSpec>()),
        ("KeyChange", members::<KeyChange>()),
        ("MintRequest", members::<MintRequest>()),
    ] {
        assert_eq!(described(name), members, "{name}");
    }
    let mut kept = members::<ClaimRule>();
    kept.insert("id".to_owned());
    assert_eq!(described("KeptClaimRule"), kept);
    // Client metadata keeps what it does not know; so only this way round.
    for name in described("ClientMetadata") {
        let record = json!({ name.as_str(): null }).to_string();
        // Where null is no value of a known member, that it is known is clear.
        if let Ok(record) = read::<ClientRecord>(&record) {
            assert_eq!(record.unknown_member(), None);
        }
    }
}

/// One text that a piece of the pattern stands for.
fn example(piece: &str) -> String {
    let piece = piece.replace(".+", "x").replace("{4}", "000");
    let piece = piece.replace("[45][0-9]{2}", "503").replace("[0-9]", "1");
    let piece = piece.replace("[1-5]", "2");
    let piece = piece.split('{').next().unwrap().to_owned()
        + piece.split_once('}').map_or("", |(_, rest)| rest);
    assert!(!piece.contains(['[', '{', '(', '+', '.', '?']), "{piece}");
    piece
}

#[test]
fn openapi_has_the_names_of_faults() {
    let document = openapi();
    let pieces = |schema: &str| -> Vec<String> {
        let pattern = document["components"]["schemas"][schema]["pattern"].as_str();
        let pieces = pattern.unwrap().strip_prefix("^(?:").unwrap();
        let pieces = pieces.strip_suffix(")$").unwrap().split('|');
        pieces.map(str::to_owned).collect()
    };
    let faults = pieces("FaultName");
    for piece in &faults {
        let name = example(piece);
        name.parse::<Effect>().unwrap();
    }
    let tokens = pieces("TokenFaultName");
    for piece in &tokens {
        assert!(matches!(example(piece).parse(), Ok(Effect::Token(_))));
        assert!(faults.contains(piece));
    }
    for piece in faults.iter().filter(|piece| !tokens.contains(piece)) {
        assert!(!matches!(example(piece).parse(), Ok(Effect::Token(_))));
    }
    let errors = OAuthError::all().map(OAuthError::as_str);
    for name in errors.chain(FAULT_NAMES) {
        // Capitals stand for what is to be filled in.
        let fixed = name.trim_end_matches("Ns").trim_end_matches("Nms");
        let fixed = fixed.trim_end_matches(char::is_uppercase);
        assert!(
            faults.iter().any(|piece| piece.starts_with(fixed)),
            "{name}"
        );
    }
}

#[test]
fn examples_are_accepted() {
    fn accepts<T: serde::de::DeserializeOwned>(example: &Value) {
        read::<T>(&example.to_string()).unwrap();
    }
    let document = openapi();
    let mut seen = 0;
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let Some(media) = operation.pointer("/requestBody/content/application~1json") else {
                continue;
            };
            let schema = media["schema"]["$ref"].as_str().unwrap();
            for example in media["examples"].as_object().unwrap().values() {
                let example = &example["value"];
                seen += 1;
                match schema.rsplit('/').next().unwrap() {
                    "IssuerSpec" => accepts::<IssuerSpec>(example),
                    "User" => accepts::<User>(example),
                    "ClientMetadata" => accepts::<ClientRecord>(example),
                    "Api" => {
                        let api = read::<ApiRecord>(&example.to_string());
                        api.unwrap().parse().unwrap();
                    }
                    "TrustDocument" => {
                        let document = read::<TrustRecord>(&example.to_string());
                        document.unwrap().parse().unwrap();
                    }
                    "ClaimRule" => accepts::<ClaimRule>(example),
                    "Fault" => accepts::<Fault>(example),
                    "ClockSpec" => accepts::<ClockSpec>(example),
                    "KeyChange" => accepts::<KeyChange>(example),
                    "MintRequest" => accepts::<MintRequest>(example),
                    other => panic!("{other}"),
                }
            }
        }
    }
    assert!(seen >= 15);
}

#[test]
fn finds_routes() {
    let find = |method: Method, path| route::find(&method, path).map(|route| route.method);
    assert_eq!(find(Method::GET, "/faults"), Ok("GET"));
    assert_eq!(find(Method::HEAD, "/faults"), Ok("GET"));
    assert_eq!(find(Method::GET, "/nothing"), Err(NoRoute::Path));
    assert_eq!(find(Method::GET, "/faults/"), Err(NoRoute::Path));
    assert_eq!(find(Method::GET, ""), Err(NoRoute::Path));
    for (method, path, allowed) in [
        (Method::PATCH, "/faults", "GET, HEAD, POST, DELETE"),
        (Method::OPTIONS, "/mint", "POST"),
        (Method::HEAD, "/mint", "POST"),
        (Method::POST, "/issuers", "GET, HEAD"),
    ] {
        assert_eq!(find(method, path), Err(NoRoute::Method(allowed.to_owned())));
    }
}

#[test]
fn reads_queries() {
    fn check(query: &str, known: &[&'static str], expected: &str) {
        let error = Query::parse(query, known)
            .and_then(|query| {
                query.filter()?;
                query.patience()?;
                query.id("the id of a fault")?;
                query.extent().map(drop)
            })
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(
            error.starts_with(expected) && error.is_empty() == expected.is_empty(),
            "{query}: {error}"
        );
    }
    let filter = &[
        "issuer",
        "endpoint",
        "client_id",
        "status",
        "after",
        "timeout_ms",
        "id",
        "all",
    ];
    check("", filter, "");
    check("issuer=", filter, "");
    check(
        "issuer=a&endpoint=token&client_id=a+b&status=200&after=0",
        filter,
        "",
    );
    check("timeout_ms=30000&id=7", filter, "");
    check(
        "timeout_ms=30001",
        filter,
        "timeout_ms: expected milliseconds from 0 to 30000, not",
    );
    check("timeout_ms=-1", filter, "timeout_ms: expected");
    check(
        "status=ok",
        filter,
        "status: expected an HTTP status, not \"ok\"",
    );
    check("status=%2B200", filter, "status: expected");
    check("id=", filter, "id: expected a value");
    check(
        "endpoint=tokn",
        filter,
        "endpoint: unknown endpoint \"tokn\", expected one of ",
    );
    check("all=yes", filter, "all: expected true or false");
    check("all=true&issuer=a", filter, "all goes without issuer");
    check(
        "issuer=a&issuer=b",
        filter,
        "the query parameter issuer is given more than once",
    );
    check(
        "isuer=a",
        &["issuer"],
        "unknown query parameter \"isuer\", expected only issuer",
    );
    check("a=1", &[], "unknown query parameter \"a\", expected none");
    let all = Query::parse("all=true", filter).unwrap();
    assert_eq!(all.extent(), Ok(Extent::All));
    let one = Query::parse("issuer=a%2Fb&all=false", filter).unwrap();
    assert_eq!(one.extent(), Ok(Extent::One("a/b")));
}

fn read<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, InvalidBody> {
    let request = Request::post("/")
        .header("content-type", "application/json")
        .body(Bytes::from(json.to_owned()));
    body::json(&request.unwrap())
}

#[test]
fn says_where_a_body_is_wrong() {
    fn check<T: serde::de::DeserializeOwned>(json: &str, expected: &str) {
        let error = match read::<T>(json) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("accepted: {json}"),
        };
        assert!(error.starts_with(expected), "{json}: {error}");
        // Where data is wrong the path says more than a position.
        assert!(
            expected.contains("not JSON") || !error.contains(" line "),
            "{error}"
        );
    }
    check::<Fault>("{}", "missing field `fault`");
    check::<Fault>(
        r#"{"fault":"slwo"}"#,
        "fault: unknown fault \"slwo\", expected ",
    );
    check::<Fault>(
        r#"{"fault":"drop","match":{"endpoint":"tokn"}}"#,
        "match.endpoint: unknown endpoint \"tokn\", expected one of ",
    );
    check::<Fault>(
        r#"{"fault":"drop","match":{"endpont":"token"}}"#,
        "match.endpont: unknown field `endpont`, expected one of `endpoint`",
    );
    check::<Fault>(
        r#"{"fault":{"status":99}}"#,
        "fault.status: expected an HTTP status from 200 to 599",
    );
    check::<Fault>(
        r#"{"fault":7}"#,
        "fault: invalid type: integer `7`, expected the name of",
    );
    check::<IssuerSpec>(
        r#"{"faults":[{"fault":"slwo"}]}"#,
        "faults[0].fault: unknown fault \"slwo\", expected ",
    );
    check::<User>(
        r#"{"sub":1}"#,
        "sub: invalid type: integer `1`, expected a string",
    );
    check::<User>(" [\"dave\"]", "expected an object");
    check::<User>("7", "expected an object");
    check::<User>(r#"{"sub":"a","sub":"b"}"#, "duplicate field `sub`");
    check::<IssuerSpec>(
        r#"{"signing_algs":[1]}"#,
        "signing_algs[0]: invalid type: integer `1`, expected ",
    );
    check::<User>(r#"{"sub":"a""#, "the body is not JSON: EOF");
    check::<User>(
        r#"{"sub":"a"} x"#,
        "the body is not JSON: trailing characters",
    );
    check::<User>("", "the body is not JSON: EOF");
}

#[test]
fn refuses_bodies_before_reading_them() {
    let request = |content_type: Option<&str>, body: &str| {
        let request = Request::post("/").body(Bytes::from(body.to_owned()));
        let mut request = request.unwrap();
        if let Some(value) = content_type {
            let headers = request.headers_mut();
            headers.insert("content-type", value.parse().unwrap());
        }
        request
    };
    let large = format!("{{\"x\":\"{}\"}}", "x".repeat(jeton::BODY_LIMIT));
    for (content_type, body, expected) in [
        (Some("application/json"), "{}", None),
        (Some("Application/JSON; charset=utf-8"), "{}", None),
        (None, "{}", Some(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
        (
            Some("text/plain"),
            "\"x\"",
            Some(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ),
        (
            Some("application/jsonp"),
            "\"x\"",
            Some(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        ),
        (
            Some("application/json"),
            &large,
            Some(StatusCode::PAYLOAD_TOO_LARGE),
        ),
        (None, &large, Some(StatusCode::PAYLOAD_TOO_LARGE)),
        (Some("application/json"), "x", Some(StatusCode::BAD_REQUEST)),
    ] {
        let answer = body::json::<Value>(&request(content_type, body));
        let status = answer.err().map(|error| Refusal::Body(error).wire().0);
        assert_eq!(status, expected, "{content_type:?}");
    }
    assert_eq!(body::nothing(&request(None, "")), Ok(()));
    assert_eq!(
        body::nothing(&request(None, "{}")),
        Err(InvalidBody::Unexpected)
    );
}
