use jeton::{Seconds, UnixTime};
use serde_json::json;

use super::super::tests::{Deployment, NOW, now};
use super::*;
use crate::ways::RefreshToken;

const TOKEN: &str = "https://github.com/login/oauth/access_token";
const USER: &str = "https://api.github.com/user";
const EMAILS: &str = "https://api.github.com/user/emails?per_page=100";

const REDIRECT_URI: &str = "https://id.example/login/callback/github";

/// The address of a page of organizations.
fn page(number: usize) -> String {
    format!("https://api.github.com/user/orgs?per_page=100&page={number}")
}

/// A login at GitHub, which a test changes before it comes back.
struct Login {
    deployment: Deployment,
    record: Value,
    iss: Option<&'static str>,
    code: Option<&'static str>,
    error: Option<&'static str>,
    max_age: Option<Seconds>,
}

impl Login {
    fn new() -> Self {
        let deployment = Deployment::new();
        let tokens = json!({ "access_token": "gho_opens", "token_type": "bearer", "scope": "" });
        deployment.json(TOKEN, &tokens);
        deployment.json(USER, &user("octocat"));
        let primary = json!([address("octocat@example.com", true, true)]);
        deployment.json(EMAILS, &primary);
        Self {
            deployment,
            record: json!({
                "type": "github", "id": "github", "client_id": "Iv1.us", "client_secret": "s&c",
            }),
            iss: None,
            code: Some("c0de"),
            error: None,
            max_age: None,
        }
    }

    fn way(&self) -> Way {
        self.deployment.way(&self.record).unwrap()
    }

    fn person(&self) -> Result<Person, String> {
        let came_back = CameBack {
            redirect_uri: REDIRECT_URI,
            nonce: "n",
            code_verifier: "verifier",
            max_age: self.max_age,
            began_at: NOW,
            code: self.code,
            error: self.error,
            iss: self.iss,
        };
        let with = self.deployment.with(NOW);
        let person = now(self.way().person(&with, &came_back));
        person.map_err(|trouble| trouble.to_string())
    }

    fn asks_for_organizations(&mut self) {
        self.record["allow"] = json!({ "organizations": ["acme"] });
    }
}

fn user(login: &str) -> Value {
    json!({
        "id": 583_231, "login": login, "name": "The Octocat", "email": "public@example.com",
        "avatar_url": "https://avatars.githubusercontent.com/u/583231",
        "html_url": format!("https://github.com/{login}"),
    })
}

fn address(email: &str, primary: bool, verified: bool) -> Value {
    json!({ "email": email, "primary": primary, "verified": verified, "visibility": null })
}

/// Who comes back from a login that was changed so: their `sub`, or a part of what is wrong.
#[track_caller]
fn check(change: impl FnOnce(&mut Login), expected: Result<&str, &str>) -> Login {
    let mut login = Login::new();
    change(&mut login);
    match (login.person(), expected) {
        (Ok(person), Ok(sub)) => assert_eq!(person.sub, sub),
        (Err(trouble), Err(part)) if trouble.contains(part) => {}
        (person, _) => panic!("{:?}, not {expected:?}", person.map(|person| person.sub)),
    }
    login
}

fn begin<'a>(prompt: Option<&'a str>, login_hint: Option<&'a str>) -> Begin<'a> {
    Begin {
        redirect_uri: REDIRECT_URI,
        state: "st&te",
        nonce: "n",
        code_challenge: "challenge",
        login_hint,
        prompt,
        max_age: None,
        ui_locales: Some("de"),
        acr_values: None,
        refresh_token: RefreshToken::NotWanted,
    }
}

#[test]
fn the_request_is_for_a_code_with_pkce_and_state() {
    let login = Login::new();
    let with = login.deployment.with(NOW);
    let request = |prompt, login_hint| {
        let begin = begin(prompt, login_hint);
        String::from(now(login.way().authorization_url(&with, &begin)).unwrap())
    };
    let usual = "https://github.com/login/oauth/authorize?client_id=Iv1.us\
        &redirect_uri=https%3A%2F%2Fid.example%2Flogin%2Fcallback%2Fgithub\
        &scope=user%3Aemail&state=st%26te&code_challenge=challenge&code_challenge_method=S256";
    assert_eq!(request(None, None), usual);
    assert_eq!(request(Some("consent"), None), usual);
    let further = format!("{usual}&login=octocat&prompt=select_account");
    assert_eq!(request(Some("login"), Some("octocat")), further);
}

#[test]
fn a_code_is_exchanged_for_who_the_person_is() {
    let login = check(|_| {}, Ok("583231"));
    let (authorization, form) = login.deployment.sent_to(TOKEN).unwrap();
    assert_eq!(authorization, None);
    let form: Vec<_> = form.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(
        form,
        [
            ("code", "c0de"),
            ("redirect_uri", REDIRECT_URI),
            ("code_verifier", "verifier"),
            ("client_id", "Iv1.us"),
            ("client_secret", "s&c"),
        ],
    );
    let sent = login.deployment.server.inside().fetch().sent();
    let accepts = |url: &str| {
        let sent = sent.iter().find(|sent| sent.url.as_str() == url).unwrap();
        let header = |name: &str| sent.headers[name].to_str().unwrap();
        let version = sent.headers.get("x-github-api-version");
        let version = version.map(|version| version.to_str().unwrap());
        (header("accept"), header("user-agent"), version)
    };
    // Without it, GitHub answers with a form.
    assert_eq!(accepts(TOKEN), ("application/json", "jeton", None));
    let api = ("application/vnd.github+json", "jeton", Some("2022-11-28"));
    assert_eq!(accepts(USER), api);
    let (authorization, _) = login.deployment.sent_to(USER).unwrap();
    assert_eq!(authorization.as_deref(), Some("Bearer gho_opens"));
    let person = login.person().unwrap();
    assert_eq!(person.iss, "https://github.com");
    let expected = json!({
        "preferred_username": "octocat", "name": "The Octocat",
        "picture": "https://avatars.githubusercontent.com/u/583231",
        "profile": "https://github.com/octocat",
        "email": "octocat@example.com", "email_verified": true,
    });
    assert_eq!(Value::Object(person.claims), expected);
    assert!(!format!("{:?}", login.way()).contains("s&c"));
}

#[test]
fn a_person_who_is_renamed_stays_who_they_are() {
    let renamed = |login: &mut Login| login.deployment.json(USER, &user("hubot"));
    check(renamed, Ok("583231"));
    // Who takes the old name is somebody else.
    let squatter = |login: &mut Login| {
        let mut user = user("octocat");
        user["id"] = 666.into();
        login.deployment.json(USER, &user);
    };
    check(squatter, Ok("666"));
    for id in [json!("583231"), json!(-1), json!(null), json!(1.5)] {
        let odd = |login: &mut Login| {
            let mut user = user("octocat");
            user["id"] = id;
            login.deployment.json(USER, &user);
        };
        check(odd, Err("user: not usable"));
    }
}

#[test]
fn only_the_primary_address_counts_and_only_if_it_is_verified() {
    let addressed = |addresses: Value| {
        let set = |login: &mut Login| login.deployment.json(EMAILS, &addresses);
        let person = check(set, Ok("583231")).person().unwrap();
        let verified = person.claims.get("email_verified").cloned();
        assert_eq!(verified.is_some(), person.claims.contains_key("email"));
        person.claims.get("email").cloned()
    };
    let (primary, other) = ("octocat@example.com", "octocat@example.org");
    assert_eq!(addressed(json!([])), None);
    assert_eq!(addressed(json!([address(primary, true, false)])), None);
    assert_eq!(addressed(json!([address(other, false, true)])), None);
    let unverified = json!([address(other, false, true), address(primary, true, false)]);
    assert_eq!(addressed(unverified), None);
    let both = json!([address(other, false, true), address(primary, true, true)]);
    assert_eq!(addressed(both), Some(primary.into()));
}

#[test]
fn who_may_not_see_addresses_has_none_to_offer() {
    for status in [403, 404] {
        let json = "application/json";
        let set = |login: &mut Login| login.deployment.answer(EMAILS, status, json, "{}");
        let person = check(set, Ok("583231")).person().unwrap();
        // The public one in the profile is nobody's word.
        assert!(!person.claims.contains_key("email"));
    }
    let json = "application/json";
    let fails = |login: &mut Login| login.deployment.answer(EMAILS, 500, json, "{}");
    check(fails, Err("emails: status 500"));
}

#[test]
fn organizations_are_asked_for_where_they_decide() {
    let login = check(|_| {}, Ok("583231"));
    assert_eq!(login.deployment.asked(&page(1)), 0);
    let set = |login: &mut Login| {
        login.asks_for_organizations();
        let organizations =
            json!([{ "id": 1, "login": "Acme" }, { "id": 2, "login": "acme-labs" }]);
        login.deployment.json(&page(1), &organizations);
    };
    let login = check(set, Ok("583231"));
    let with = login.deployment.with(NOW);
    let url = now(login.way().authorization_url(&with, &begin(None, None)));
    let url = String::from(url.unwrap());
    assert!(url.contains("&scope=user%3Aemail+read%3Aorg&"), "{url}");
    let person = login.person().unwrap();
    assert_eq!(person.claims["organizations"], json!(["Acme", "acme-labs"]));
    assert_eq!(person.claims["organization_ids"], json!(["1", "2"]));
    assert!(is_admitted(&login, &person));
    assert_eq!(login.deployment.asked(&page(2)), 0);
    // An `allow` elsewhere may be what names one.
    let mut way = Login::new().way();
    way.ask_for_organizations();
    way.ask_for_organizations();
    let Kind::Github(github) = way.kind else {
        panic!("not GitHub");
    };
    assert_eq!(github.scope, "user:email read:org");
}

fn is_admitted(login: &Login, person: &Person) -> bool {
    let way = login.way();
    way.allow.judge(way.source(), &person.claims).is_ok()
}

#[test]
fn an_organization_is_no_part_of_a_name() {
    for name in ["acme-labs", "ac", "notacme", "acme ", "аcme"] {
        let set = |login: &mut Login| {
            login.asks_for_organizations();
            let organizations = json!([{ "id": 1, "login": name }]);
            login.deployment.json(&page(1), &organizations);
        };
        let login = check(set, Ok("583231"));
        let person = login.person().unwrap();
        assert!(!is_admitted(&login, &person), "{name}");
    }
}

#[test]
fn organizations_are_read_by_pages_and_not_without_end() {
    let full = |first: usize| -> Value {
        let ids = first..first + 100;
        ids.map(|id| json!({ "id": id, "login": format!("org-{id}") }))
            .collect()
    };
    let set = |login: &mut Login| {
        login.asks_for_organizations();
        login.deployment.json(&page(1), &full(1));
        login.deployment.json(&page(2), &full(101));
        login.deployment.json(&page(3), &full(201));
    };
    let login = check(set, Ok("583231"));
    assert_eq!(login.deployment.asked(&page(2)), 1);
    assert_eq!(login.deployment.asked(&page(3)), 0);
    let person = login.person().unwrap();
    assert_eq!(
        person.claims["organizations"].as_array().unwrap().len(),
        200
    );
    let refused = |login: &mut Login| {
        login.asks_for_organizations();
        let json = "application/json";
        login.deployment.answer(&page(1), 403, json, "{}");
    };
    check(refused, Err("organizations: status 403"));
}

#[test]
fn github_refuses_with_status_200() {
    let refused = |error: &'static str, expected: &str| {
        let set = |login: &mut Login| {
            let answer = json!({ "error": error, "error_description": "The code c0de is …" });
            login.deployment.json(TOKEN, &answer);
        };
        check(set, Err(expected));
    };
    refused("bad_verification_code", "answered bad_verification_code");
    refused(
        "incorrect_client_credentials",
        "answered incorrect_client_credentials",
    );
    refused("<b>", "answered an error that is not known here");
    let form = |login: &mut Login| {
        let form = "application/x-www-form-urlencoded";
        login
            .deployment
            .answer(TOKEN, 200, form, "access_token=gho_opens&token_type=bearer");
    };
    check(form, Err("token: not JSON"));
}

#[test]
fn an_answer_of_another_issuer_or_with_an_error() {
    let sent = |iss: &'static str, expected: Result<&str, &str>| {
        check(|login| login.iss = Some(iss), expected)
    };
    sent("https://github.com", Ok("583231"));
    sent("https://github.com/login/oauth", Ok("583231"));
    for other in [
        "https://github.com.evil.example",
        "https://github.com/",
        "http://github.com",
        "",
    ] {
        let login = sent(other, Err("the answer is of another issuer"));
        assert_eq!(login.deployment.asked(TOKEN), 0);
    }
    let came = |code, error, expected: &str| {
        let set = |login: &mut Login| {
            login.code = code;
            login.error = error;
        };
        check(set, Err(expected));
    };
    came(None, Some("access_denied"), "the person said no");
    came(
        None,
        Some("redirect_uri_mismatch"),
        "answered redirect_uri_mismatch",
    );
    came(None, None, "no code came back");
}

#[test]
fn when_the_person_logged_in_is_not_made_up() {
    let set = |login: &mut Login| login.max_age = Some(Seconds(60));
    check(set, Err("does not say when the person logged in"));
    let person = Login::new().person().unwrap();
    assert_eq!((person.auth_time, person.acr), (None::<UnixTime>, None));
}

#[test]
fn fresh_claims_by_a_refresh_token_are_of_the_same_person() {
    let login = Login::new();
    let renewed = |sub: &str| {
        let with = login.deployment.with(NOW);
        let person = now(login
            .way()
            .renewed(&with, "https://github.com", sub, "ghr_old"));
        person.map_err(|trouble| trouble.to_string())
    };
    let person = renewed("583231").unwrap();
    assert_eq!(person.refresh_token.as_deref(), Some("ghr_old"));
    let another = "the refresh token is of another person";
    assert_eq!(renewed("583232"), Err(another.to_owned()));
}

#[test]
fn a_company_has_a_github_of_its_own() {
    let asked = |url: &str, user_url: &str| {
        let set = |login: &mut Login| {
            login.record["url"] = url.into();
            let tokens = json!({ "access_token": "gho_opens", "token_type": "bearer" });
            let token = format!("{url}/login/oauth/access_token");
            login.deployment.json(&token, &tokens);
            login.deployment.json(user_url, &user("octocat"));
            let emails = format!("{user_url}/emails?per_page=100");
            login.deployment.json(&emails, &json!([]));
        };
        let login = check(set, Ok("583231"));
        assert_eq!(login.person().unwrap().iss, url);
        assert_eq!(login.deployment.asked(USER), 0);
    };
    asked(
        "https://github.acme.dev",
        "https://github.acme.dev/api/v3/user",
    );
    asked("https://acme.ghe.com", "https://api.acme.ghe.com/user");
    let refused = |url: &str, expected: &str| {
        let mut login = Login::new();
        login.record["url"] = url.into();
        let error = login.deployment.way(&login.record).err();
        assert!(
            error.as_ref().is_some_and(|error| error.contains(expected)),
            "{url}: {error:?}"
        );
    };
    for (url, expected) in [
        (
            "http://github.acme.dev",
            "url: your GitHub, such as https://github.acme.dev (not https; http takes",
        ),
        ("https://github.acme.dev/api", "(without a path)"),
        ("https://github.acme.dev?a", "(without a path)"),
        (
            "https://192.168.0.1",
            "(the address is not public: private; a provider on this machine",
        ),
        (
            "http://localhost:9000",
            "(the host is a name of a local network; a provider on this machine, also by http",
        ),
        ("github.acme.dev", "(not an absolute URL"),
    ] {
        refused(url, expected);
    }
}
