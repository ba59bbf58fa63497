use super::*;

const COMPLETE: &str = include_str!("../../tests/data/complete.toml");
const COMPLETE_JSON: &str = include_str!("../../tests/data/complete.json");

fn as_json(name: &str, text: &str) -> Value {
    serde_json::to_value(parse(Path::new(name), text).unwrap()).unwrap()
}

fn message(name: &str, text: &str) -> String {
    parse(Path::new(name), text).unwrap_err().to_string()
}

#[test]
fn reads_everything() {
    let expected: Value = serde_json::from_str(COMPLETE_JSON).unwrap();
    assert_eq!(as_json("mock.toml", COMPLETE), expected);
    assert_eq!(as_json("mock.json", COMPLETE_JSON), expected);
}

#[test]
fn tells_json_from_toml() {
    for (name, text) in [
        ("a.toml", "seed = \"x\""),
        ("a.JSON", "{\"seed\":\"x\"}"),
        ("a", " \n{\"seed\":\"x\"}"),
        ("a.conf", "seed = \"x\""),
    ] {
        let spec = parse(Path::new(name), text).unwrap();
        assert_eq!(spec.seed.as_deref(), Some("x"), "{name}");
    }
}

#[test]
fn an_empty_file_is_the_defaults() {
    let defaults = serde_json::to_value(MockSpec::default()).unwrap();
    assert_eq!(as_json("mock.toml", ""), defaults);
    assert_eq!(as_json("mock.json", "{}"), defaults);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = load(Path::new("/nowhere/mock.toml")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/nowhere/mock.toml: No such file or directory (os error 2)"
    );
}

#[test]
fn says_what_the_types_refuse_and_where() {
    for (text, expected) in [
        (
            "seed = ",
            "1:8: string values must be quoted, expected literal string",
        ),
        ("seed = \"a\"\nseed = \"b\"", "2:1: duplicate key"),
        (
            "\n[issuer]\n[[issuer.users]]\nsub = \"a\"\nnmae = 1",
            "5:1: unknown field `nmae`, expected one of `sub`, `name`, `password`, `claims`, `id_token`, `access_token`, `userinfo`",
        ),
        (
            "port = 70000",
            "1:8: port: expected a port number, 0 to 65535, not 70000",
        ),
        (
            "https = \"yes\"",
            "1:9: invalid type: string \"yes\", expected a boolean",
        ),
        (
            "strictness = \"loose\"",
            "1:14: unknown variant `loose`, expected `lenient` or `strict`",
        ),
        ("[[issuer.users]]\nname = \"x\"", "1:1: missing field `sub`"),
        ("[[issuer.faults]]\ntimes = 1", "1:1: missing field `fault`"),
        (
            "[[issuer.faults]]\nfault = { status = 99 }",
            "2:20: expected an HTTP status from 200 to 599",
        ),
        (
            "[[issuer.faults]]\nfault = { stat = 400 }",
            "2:11: unknown field `stat`, expected one of `status`, `error`, `error_description`, `headers`, `body`",
        ),
        (
            "[[issuer.claims]]\nmatch = { client_id = \"/[/\" }",
            "2:23: \"[\" is no regular expression: non-empty character class has no closing bracket",
        ),
        (
            "[issuer]\nclock = { frozen = true }",
            "2:11: unknown field `frozen`, expected one of `reset`, `set`, `advance`, `freeze`",
        ),
    ] {
        assert_eq!(message("mock.toml", text), format!("mock.toml:{expected}"));
    }
    for (text, part) in [
        (
            "fault = \"slwo\"",
            "2:9: unknown fault \"slwo\", expected an OAuth error code or one of status-NNN, ",
        ),
        (
            "fault = \"drop\"\nmatch = { endpoint = \"tokn\" }",
            "3:22: unknown endpoint \"tokn\", expected one of ",
        ),
    ] {
        let message = message("mock.toml", &format!("[[issuer.faults]]\n{text}"));
        assert!(
            message.starts_with(&format!("mock.toml:{part}")),
            "{message}"
        );
    }
}

#[test]
fn says_the_same_of_json() {
    for (text, expected) in [
        ("{", "1:1: EOF while parsing an object"),
        (
            "{\n  \"sed\": 1\n}",
            "2:7: unknown field `sed`, expected one of `seed`, `strictness`, `host`, `port`, `https`, `issuer_url`, `browser_url`, `backend_url`, `trust_host`, `issuer`, `issuers`, `profiles`",
        ),
        (
            "{\"port\": 70000}",
            "1:15: port: expected a port number, 0 to 65535, not 70000",
        ),
        (
            "{\"issuer\": {\"users\": [{\"sub\": \"\"}]}}",
            " issuer.users[0].sub: expected 1 to 255 characters",
        ),
    ] {
        assert_eq!(message("mock.json", text), format!("mock.json:{expected}"));
    }
}

#[test]
fn says_what_cannot_be_meant_and_where() {
    for (text, expected) in [
        (
            "issuer_url = \"localhost:9400\"",
            "1:14: issuer_url: expected an http or https address without query and fragment, such as http://localhost:9400",
        ),
        (
            "backend_url = \"ftp://a\"",
            "1:15: backend_url: expected an http or https address without query and fragment, such as http://localhost:9400",
        ),
        (
            "browser_url = \"http://a/b\"",
            "1:15: browser_url: expected an origin without path, such as http://localhost:9400",
        ),
        (
            "[issuers.a]\n[issuers.\"b c\"]",
            "2:1: issuers.b c: expected a name of 1 to 128 characters of A-Z a-z 0-9 . _ ~ - and /, no part of which is empty, begins with a dot or is _mock",
        ),
        (
            "[issuers.\"\"]",
            "1:1: issuers.: expected a name of 1 to 128 characters of A-Z a-z 0-9 . _ ~ - and /, no part of which is empty, begins with a dot or is _mock",
        ),
        (
            "[issuer]\nsigning_algs = []",
            "2:16: issuer.signing_algs: expected some of ES256, EdDSA and RS256, each once; there is none",
        ),
        (
            "[issuer]\nsigning_algs = [\"HS256\"]",
            "2:16: issuer.signing_algs: expected some of ES256, EdDSA and RS256, each once; HS256 is none of them",
        ),
        (
            "[issuer]\nsigning_algs = [\"ES256\", \"ES256\"]",
            "2:16: issuer.signing_algs: expected some of ES256, EdDSA and RS256, each once; ES256 is given twice",
        ),
        (
            "[issuer]\naccess_token_lifetime = 0",
            "2:25: issuer.access_token_lifetime: expected 1 to 2505600 seconds",
        ),
        (
            "[issuer]\nauto_login = \"\"",
            "2:14: issuer.auto_login: expected the sub of a user",
        ),
        (
            "[[issuer.users]]\nsub = \"a\"\n[[issuer.users]]\nsub = \"\"",
            "4:7: issuer.users[1].sub: expected 1 to 255 characters",
        ),
        (
            "[[issuer.users]]\nsub = \"a\"\n[[issuer.users]]\nsub = \"a\"",
            "3:1: issuer.users[1]: expected a sub of its own; \"a\" is given twice",
        ),
        (
            "[[issuer.users]]\nsub = \"a\"\n[issuer.users.claims]\nemail = \"x\"\niss = \"y\"",
            "5:7: issuer.users[0].claims.iss: expected another name; the server makes this claim itself",
        ),
        (
            "[[issuer.clients]]\nclient_id = \"a\"\nclient_secret = \"s\"\ncolour = \"red\"",
            "4:10: issuer.clients[0].colour: expected client metadata (RFC 7591); there is no such member",
        ),
        (
            "[[issuer.clients]]\nclient_secret = \"s\"",
            "1:1: issuer.clients[0]: expected client metadata; client_id: a client_id is 1 to 255 characters of printable ASCII",
        ),
        (
            "[[issuers.\"a.b/c\".clients]]\nclient_id = \"a\"",
            "1:1: issuers.a.b/c.clients[0]: expected client metadata; token_endpoint_auth_method is \"client_secret_basic\", so the client must have a client_secret or client_secrets",
        ),
        (
            "[issuer]\nclients = [\n  { client_id = \"a\", client_secret = \"s\" },\n  { client_id = \"a\", client_secret = \"t\" },\n]",
            "4:3: issuer.clients[1]: expected a client_id of its own; \"a\" is given twice",
        ),
        (
            "[issuer]\nsigning_algs = [\"ES256\"]\n[[issuers.x.clients]]\nclient_id = \"a\"\nclient_secret = \"s\"\nid_token_signed_response_alg = \"RS256\"",
            "6:32: issuers.x.clients[0].id_token_signed_response_alg: expected one of the issuer's signing_algs",
        ),
        (
            "[[issuer.faults]]\nfault = \"drop\"\nnth = 0",
            "3:7: issuer.faults[0].nth: expected 1 or more",
        ),
        (
            "[[issuer.faults]]\nfault = \"drop\"\ntimes = 0",
            "3:9: issuer.faults[0].times: expected 1 or more",
        ),
        (
            "[[issuer.faults]]\nfault = \"slow-2s\"\ntokens = [\"id_token\"]",
            "3:10: issuer.faults[0].tokens: expected none, because slow-2s is no token fault",
        ),
    ] {
        assert_eq!(message("mock.toml", text), format!("mock.toml:{expected}"));
    }
}

#[test]
fn claims_fit_where_they_go() {
    let user = |length| {
        let text = "x".repeat(length);
        format!("[[issuer.users]]\nsub = \"a\"\nclaims = {{ note = \"{text}\" }}")
    };
    assert!(parse(Path::new("mock.toml"), &user(32_000)).is_ok());
    assert_eq!(
        message("mock.toml", &user(33_000)),
        "mock.toml:3:10: issuer.users[0].claims: expected at most 32768 bytes of JSON"
    );
}
