use base64::{Engine, engine::general_purpose::STANDARD};
use jeton::Seconds;
use serde_json::json;

use super::super::tests::{Deployment, NOW, TestKey, encode, message, now};
use super::*;
use crate::ways::RefreshToken;

mod answers;
mod claims;
mod keys;
mod records;
mod tenants;

const ISSUER: &str = "https://login.example.org";
const METADATA: &str = "https://login.example.org/.well-known/openid-configuration";
const TOKEN: &str = "https://login.example.org/token";
const KEYS: &str = "https://login.example.org/keys";
const USERINFO: &str = "https://login.example.org/userinfo";

const REDIRECT_URI: &str = "https://id.example/login/callback/work";

/// A login at an upstream, which a test changes before it comes back.
struct Login {
    deployment: Deployment,
    record: Value,
    metadata: Value,
    key: TestKey,
    header: Value,
    claims: Value,
    tokens: Value,
    iss: Option<&'static str>,
    code: Option<&'static str>,
    error: Option<&'static str>,
    max_age: Option<Seconds>,
    now: UnixTime,
}

impl Login {
    fn new() -> Self {
        let key = TestKey::new("first");
        let deployment = Deployment::new();
        deployment.json(KEYS, &json!({ "keys": [key.jwk()] }));
        Self {
            deployment,
            record: json!({
                "type": "openid", "id": "work", "name": "Work", "issuer": ISSUER,
                "client_id": "us", "client_secret": "s+e:c ret",
            }),
            metadata: json!({
                "issuer": ISSUER,
                "authorization_endpoint": "https://login.example.org/authorize?realm=a",
                "token_endpoint": TOKEN,
                "jwks_uri": KEYS,
            }),
            header: key.header(),
            key,
            claims: json!({
                "iss": ISSUER, "sub": "248289761001", "aud": "us", "nonce": "n-0S6",
                "iat": NOW.0, "exp": NOW.0 + 300,
                "name": "Jane Doe", "email": "jane@example.com", "email_verified": true,
            }),
            tokens: json!({ "access_token": "opens", "token_type": "Bearer" }),
            iss: None,
            code: Some("c0de"),
            error: None,
            max_age: None,
            now: NOW,
        }
    }

    fn way(&self) -> Way {
        self.deployment.json(METADATA, &self.metadata);
        self.deployment.way(&self.record).unwrap()
    }

    /// Lets the token endpoint answer with an ID token of these claims.
    fn answer(&mut self) {
        self.tokens["id_token"] = self.key.sign(&self.header, &self.claims).into();
        self.deployment.json(TOKEN, &self.tokens);
    }

    fn came_back(&self) -> CameBack<'_> {
        CameBack {
            redirect_uri: REDIRECT_URI,
            nonce: "n-0S6",
            code_verifier: "verifier",
            max_age: self.max_age,
            began_at: NOW,
            code: self.code,
            error: self.error,
            iss: self.iss,
        }
    }

    fn person(&self) -> Result<Person, String> {
        let with = self.deployment.with(self.now);
        let person = now(self.way().person(&with, &self.came_back()));
        person.map_err(|trouble| trouble.to_string())
    }
}

/// Who comes back from a login that was changed so: their `sub`, or a part of what is wrong.
fn check(change: impl FnOnce(&mut Login), expected: Result<&str, &str>) -> Login {
    let mut login = Login::new();
    change(&mut login);
    login.answer();
    expect(login.person(), expected);
    login
}

#[track_caller]
fn expect(person: Result<Person, String>, expected: Result<&str, &str>) {
    match (person, expected) {
        (Ok(person), Ok(sub)) => assert_eq!(person.sub, sub),
        (Err(trouble), Err(part)) if trouble.contains(part) => {}
        (person, _) => panic!(
            "{:?}, not {expected:?}",
            person.map(|person| (person.sub, person.claims)),
        ),
    }
}

#[test]
fn the_request_is_for_a_code_with_pkce_state_and_nonce() {
    let login = Login::new();
    let begin = Begin {
        redirect_uri: REDIRECT_URI,
        state: "st&te",
        nonce: "n-0S6",
        code_challenge: "challenge",
        login_hint: Some("jane@example.com"),
        prompt: Some("login"),
        max_age: Some(Seconds(0)),
        ui_locales: Some("de"),
        acr_values: None,
        refresh_token: RefreshToken::NotWanted,
    };
    let with = login.deployment.with(NOW);
    let url = now(login.way().authorization_url(&with, &begin)).unwrap();
    assert_eq!(
        url.as_str(),
        "https://login.example.org/authorize?realm=a&response_type=code&client_id=us\
         &redirect_uri=https%3A%2F%2Fid.example%2Flogin%2Fcallback%2Fwork\
         &scope=openid+profile+email&state=st%26te&nonce=n-0S6&code_challenge=challenge\
         &code_challenge_method=S256&login_hint=jane%40example.com&max_age=0&prompt=login\
         &ui_locales=de",
    );
}

#[test]
fn a_code_is_exchanged_for_who_the_person_is() {
    let login = check(
        |login| {
            login.claims["auth_time"] = (NOW.0 - 5).into();
            login.claims["amr"] = json!(["pwd", 1, "otp"]);
            login.claims["acr"] = "high".into();
            login.tokens["refresh_token"] = "again".into();
        },
        Ok("248289761001"),
    );
    let (authorization, form) = login.deployment.sent_to(TOKEN).unwrap();
    // RFC 6749 §2.3.1: both are encoded as in a form before they are joined.
    let basic = format!("Basic {}", STANDARD.encode("us:s%2Be%3Ac+ret"));
    assert_eq!(authorization, Some(basic));
    let form: Vec<_> = form.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(
        form,
        [
            ("grant_type", "authorization_code"),
            ("code", "c0de"),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", "verifier"),
        ],
    );
    let person = login.person().unwrap();
    assert_eq!(person.iss, ISSUER);
    assert_eq!(person.auth_time, Some(NOW - Seconds(5)));
    assert_eq!(person.amr, ["pwd", "otp"]);
    assert_eq!(person.acr.as_deref(), Some("high"));
    assert_eq!(person.refresh_token.as_deref(), Some("again"));
    let names: Vec<_> = person.claims.keys().map(String::as_str).collect();
    let expected = [
        "acr",
        "amr",
        "auth_time",
        "email",
        "email_verified",
        "iss",
        "name",
        "sub",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        format!("{person:?}"),
        format!("Person {{ iss: {ISSUER:?}, .. }}")
    );
    assert!(!format!("{:?}", login.way()).contains("c ret"));
}
