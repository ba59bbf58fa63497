use super::*;

#[test]
fn an_answer_of_another_issuer() {
    let sent = |iss: Option<&'static str>, promised: bool| {
        move |login: &mut Login| {
            login.iss = iss;
            login.metadata["authorization_response_iss_parameter_supported"] = promised.into();
        }
    };
    for promised in [false, true] {
        check(sent(Some(ISSUER), promised), Ok("248289761001"));
        for other in ["https://evil.example", "https://login.example.org/", ""] {
            let expected = Err("the answer is of another issuer");
            let login = check(sent(Some(other), promised), expected);
            // The code of somebody else is not sent to this upstream.
            assert_eq!(login.deployment.asked(TOKEN), 0);
        }
    }
    check(sent(None, false), Ok("248289761001"));
    let silent = Err("the answer does not say its issuer");
    check(sent(None, true), silent);
}

#[test]
fn an_error_comes_back() {
    let came = |code: Option<&'static str>, error: Option<&'static str>| {
        move |login: &mut Login| {
            login.code = code;
            login.error = error;
        }
    };
    let denied = Some("access_denied");
    check(came(None, denied), Err("the person said no"));
    let asked = Err("the provider answered login_required");
    check(came(None, Some("login_required")), asked);
    let evil = Some("<script>alert(1)</script>\n");
    let unknown = Err("the provider answered an error that is not known here");
    let login = check(came(None, evil), unknown);
    assert_eq!(login.deployment.asked(TOKEN), 0);
    check(came(None, None), Err("no code came back"));
    check(came(Some(""), None), Err("no code came back"));
    let both = Err("both a code and an error came back");
    check(came(Some("c0de"), denied), both);
    // Whose error it is is asked first (RFC 9207 §2.4).
    let foreign = |login: &mut Login| {
        came(None, denied)(login);
        login.iss = Some("https://evil.example");
    };
    check(foreign, Err("the answer is of another issuer"));
}

const JSON: &str = "application/json";

/// What is wrong where the token endpoint answers so.
fn token_answers(status: u16, content_type: &str, body: &str, expected: &str) {
    let login = Login::new();
    let body = body.to_owned();
    login.deployment.answer(TOKEN, status, content_type, body);
    expect(login.person(), Err(expected));
}

#[test]
fn the_token_endpoint_refuses() {
    let refused = r#"{"error":"invalid_grant","error_description":"code 4/0Ab"}"#;
    let answered = "the provider's token endpoint answered invalid_grant";
    token_answers(400, JSON, refused, answered);
    token_answers(200, JSON, refused, answered);
    let refused = r#"{"error":"invalid_client"}"#;
    token_answers(401, JSON, refused, "answered invalid_client");
    for unknown in [r#"{"error":"\u001b[31mred"}"#, r#"{"error":{"code":1}}"#] {
        let answered = "answered an error that is not known here";
        token_answers(400, JSON, unknown, answered);
    }
}

#[test]
fn the_token_endpoint_fails() {
    token_answers(400, JSON, "{}", "token: status 400");
    token_answers(500, JSON, "", "token: status 500");
    token_answers(500, "text/html", "<h1>Oops</h1>", "token: status 500");
    token_answers(200, "text/html", "<h1>Log in</h1>", "token: not JSON");
    token_answers(200, JSON, "<h1>Log in</h1>", "token: not JSON");
    let huge = " ".repeat(100 * 1024 + 1);
    token_answers(200, JSON, &huge, "token: too large");
    for status in [301, 302, 303, 307, 308] {
        token_answers(status, JSON, "{}", "token: redirected");
    }
    let unreachable = Login::new().person();
    expect(unreachable, Err("token: the connection failed"));
}

#[test]
fn what_the_token_endpoint_answers_is_complete() {
    for body in [
        r#"{}"#,
        r#"{"access_token":"opens"}"#,
        r#"{"access_token":1,"token_type":"Bearer"}"#,
    ] {
        token_answers(200, JSON, body, "token: not usable");
    }
    let bearer = |access_token: &str, further: &str| {
        format!(r#"{{"access_token":"{access_token}","token_type":"Bearer"{further}}}"#)
    };
    let none = "the answer has no ID token";
    token_answers(200, JSON, &bearer("opens", ""), none);
    // Beside tokens that is no refusal.
    token_answers(200, JSON, &bearer("opens", r#","error":null"#), none);
    let empty = "the access token is empty";
    token_answers(200, JSON, &bearer("", ""), empty);
    let bound = r#"{"access_token":"opens","token_type":"DPoP"}"#;
    token_answers(200, JSON, bound, "the token is not a Bearer token");
    let parts = "the ID token: not three parts of base64url";
    for token in ["", "a", "a.b", "a.b.c", "a.b.c.d.e"] {
        let further = format!(r#","id_token":"{token}""#);
        token_answers(200, JSON, &bearer("opens", &further), parts);
    }
}

#[test]
fn how_we_prove_who_we_are() {
    let sent = |method: Option<&str>, supported: Option<Value>, secret: Option<&str>| {
        let set = |login: &mut Login| {
            let record = login.record.as_object_mut().unwrap();
            record.remove("client_secret");
            if let Some(secret) = secret {
                record.insert("client_secret".to_owned(), secret.into());
            }
            if let Some(method) = method {
                record.insert("token_endpoint_auth_method".to_owned(), method.into());
            }
            if let Some(supported) = supported {
                login.metadata["token_endpoint_auth_methods_supported"] = supported;
            }
        };
        let login = check(set, Ok("248289761001"));
        let (authorization, form) = login.deployment.sent_to(TOKEN).unwrap();
        let names = form.into_iter().map(|(name, _)| name);
        let ours: Vec<_> = names.filter(|name| name.starts_with("client_")).collect();
        (authorization.is_some(), ours.join(" "))
    };
    let secret = Some("secret");
    let basic = (true, String::new());
    let post = (false, "client_id client_secret".to_owned());
    let both = json!(["client_secret_post", "client_secret_basic"]);
    assert_eq!(sent(None, None, secret), basic);
    assert_eq!(sent(None, Some(both.clone()), secret), basic);
    let only_post = json!(["client_secret_post"]);
    assert_eq!(sent(None, Some(only_post), secret), post);
    assert_eq!(sent(Some("client_secret_post"), Some(both), secret), post);
    let public = (false, "client_id".to_owned());
    assert_eq!(sent(Some("none"), None, None), public);
    let neither = |login: &mut Login| {
        login.metadata["token_endpoint_auth_methods_supported"] = json!(["private_key_jwt"]);
    };
    check(neither, Err("its token endpoint takes no client_secret"));
}

/// Who comes back with an ID token that lacks `missing`, where `/userinfo` answers so.
fn completed(missing: &[&str], userinfo: &Value, expected: Result<&str, &str>) -> Login {
    let set = |login: &mut Login| {
        login.metadata["userinfo_endpoint"] = USERINFO.into();
        let claims = login.claims.as_object_mut().unwrap();
        claims.retain(|name, _| !missing.contains(&name.as_str()));
        login.deployment.json(USERINFO, userinfo);
    };
    check(set, expected)
}

#[test]
fn userinfo_of_another_person() {
    let another = Err("userinfo is about another person");
    for sub in [
        json!("248289761002"),
        json!(248_289_761_001_u64),
        json!(""),
        Value::Null,
    ] {
        let answer = json!({ "sub": sub, "name": "Eve" });
        completed(&["name"], &answer, another);
    }
    completed(&["name"], &json!({ "name": "Eve" }), another);
}

#[test]
fn userinfo_is_asked_for_what_is_missing() {
    let answer = json!({
        "sub": "248289761001", "name": "Other", "email": "jane@example.org",
        "email_verified": true, "groups": ["staff"], "amr": ["hwk"], "iss": "https://evil.example",
    });
    let login = completed(&[], &answer, Ok("248289761001"));
    assert_eq!(login.deployment.asked(USERINFO), 0);
    let login = completed(&["name"], &answer, Ok("248289761001"));
    assert_eq!(login.deployment.asked(USERINFO), 1);
    let (authorization, _) = login.deployment.sent_to(USERINFO).unwrap();
    assert_eq!(authorization.as_deref(), Some("Bearer opens"));
    let claims = login.person().unwrap().claims;
    assert_eq!(claims["name"], "Other");
    assert_eq!(claims["email"], "jane@example.com");
    assert_eq!(claims["groups"], json!(["staff"]));
    assert_eq!(claims["iss"], ISSUER);
    assert!(!claims.contains_key("amr"));
    let asked = |setting: &'static str, missing: &'static str| {
        let set = |login: &mut Login| {
            login.record["userinfo"] = setting.into();
            login.metadata["userinfo_endpoint"] = USERINFO.into();
            login.claims.as_object_mut().unwrap().remove(missing);
            login.deployment.json(USERINFO, &answer);
        };
        check(set, Ok("248289761001")).deployment.asked(USERINFO)
    };
    assert_eq!(asked("always", "nothing"), 1);
    assert_eq!(asked("when_needed", "email_verified"), 1);
    assert_eq!(asked("never", "email"), 0);
}

#[test]
fn userinfo_is_asked_for_what_lists_and_rules_name() {
    let asked = |names: &[&str], groups: Option<Value>| {
        let mut login = Login::new();
        login.metadata["userinfo_endpoint"] = USERINFO.into();
        if let Some(groups) = groups {
            login.claims["groups"] = groups;
        }
        let answer = json!({ "sub": "248289761001", "groups": ["staff"] });
        login.deployment.json(USERINFO, &answer);
        login.answer();
        let mut way = login.way();
        way.name_claims(names.iter().copied());
        let with = login.deployment.with(login.now);
        let person = now(way.person(&with, &login.came_back())).unwrap();
        let groups = person.claims.get("groups").cloned();
        (login.deployment.asked(USERINFO), groups)
    };
    let staff = Some(json!(["staff"]));
    assert_eq!(asked(&["groups"], None), (1, staff.clone()));
    assert_eq!(
        asked(&["groups", "email"], staff.clone()),
        (0, staff.clone())
    );
    assert_eq!(asked(&["email", "name"], None), (0, None));
    // It cannot say anything of the token.
    assert_eq!(asked(&["nonce", "aud"], None), (0, None));
    // What nobody has is asked for once.
    assert_eq!(asked(&["department"], None), (1, staff));
}

#[test]
fn an_address_is_verified_by_whoever_names_it() {
    let claims = |missing: &[&str], userinfo: Value| {
        let login = completed(missing, &userinfo, Ok("248289761001"));
        let claims = login.person().unwrap().claims;
        let claim = |name: &str| claims.get(name).cloned();
        (claim("email"), claim("email_verified"))
    };
    let (jane, eve) = (json!("jane@example.com"), json!("eve@example.org"));
    let sub = "248289761001";
    // The ID token names an address, and does not say that it is verified.
    let whole = json!({ "sub": sub, "email": eve, "email_verified": true });
    let expected = (Some(eve.clone()), Some(true.into()));
    assert_eq!(claims(&["email_verified"], whole), expected);
    let half = json!({ "sub": sub, "email_verified": true });
    assert_eq!(claims(&["email_verified"], half), (Some(jane), None));
    let half = json!({ "sub": sub, "email": eve });
    assert_eq!(claims(&["email"], half), (Some(eve), None));
}

#[test]
fn userinfo_that_fails() {
    let fails = |status: u16, content_type: &'static str, expected: &str| {
        let set = |login: &mut Login| {
            login.metadata["userinfo_endpoint"] = USERINFO.into();
            login.record["userinfo"] = "always".into();
            login
                .deployment
                .answer(USERINFO, status, content_type, "[]");
        };
        check(set, Err(expected));
    };
    fails(401, JSON, "userinfo: status 401");
    fails(302, JSON, "userinfo: redirected");
    fails(200, "application/jwt", "userinfo: not JSON");
    fails(200, JSON, "userinfo: not usable");
}

fn renewed(login: &Login, sub: &str) -> Result<Person, String> {
    let with = login.deployment.with(NOW);
    let person = now(login.way().renewed(&with, ISSUER, sub, "old"));
    person.map_err(|trouble| trouble.to_string())
}

#[test]
fn fresh_claims_by_a_refresh_token_are_of_the_same_person() {
    let mut login = Login::new();
    login.claims.as_object_mut().unwrap().remove("nonce");
    login.answer();
    let person = renewed(&login, "248289761001").unwrap();
    assert_eq!(person.refresh_token.as_deref(), Some("old"));
    let (_, form) = login.deployment.sent_to(TOKEN).unwrap();
    let values: Vec<_> = form.iter().map(|(_, value)| value.as_str()).collect();
    assert_eq!(values, ["refresh_token", "old"]);
    let another = Err("the refresh token is of another person");
    expect(renewed(&login, "another"), another);
    login.tokens["refresh_token"] = "new".into();
    login.answer();
    let person = renewed(&login, "248289761001").unwrap();
    assert_eq!(person.refresh_token.as_deref(), Some("new"));
    login.claims["iss"] = "https://evil.example".into();
    login.answer();
    let another = Err("the ID token is of another issuer");
    expect(renewed(&login, "248289761001"), another);
}

#[test]
fn without_an_id_token_userinfo_says_who_it_is() {
    let mut login = Login::new();
    login.record["scope"] = "openid".into();
    login.deployment.json(TOKEN, &login.tokens);
    let nobody = Err("the answer has no ID token");
    expect(renewed(&login, "248289761001"), nobody);
    let mut login = Login::new();
    login.record["scope"] = "openid".into();
    login.metadata["userinfo_endpoint"] = USERINFO.into();
    login.deployment.json(TOKEN, &login.tokens);
    let answer = json!({ "sub": "248289761001", "groups": [] });
    login.deployment.json(USERINFO, &answer);
    let person = renewed(&login, "248289761001").unwrap();
    assert_eq!(person.claims.keys().collect::<Vec<_>>(), ["groups"]);
    let another = Err("userinfo is about another person");
    expect(renewed(&login, "another"), another);
}

#[test]
fn the_upstreams_session_ends_where_it_says() {
    let logout = |endpoint: Option<&str>| {
        let mut login = Login::new();
        if let Some(endpoint) = endpoint {
            login.metadata["end_session_endpoint"] = endpoint.into();
        }
        let with = login.deployment.with(NOW);
        let back = "https://id.example/login/logged-out";
        let url = now(login.way().logout_url(&with, back, "s"));
        url.map(String::from)
    };
    assert_eq!(logout(None), None);
    assert_eq!(logout(Some("javascript:alert(1)")), None);
    assert_eq!(
        logout(Some("https://login.example.org/logout")).as_deref(),
        Some(
            "https://login.example.org/logout?client_id=us\
             &post_logout_redirect_uri=https%3A%2F%2Fid.example%2Flogin%2Flogged-out&state=s"
        ),
    );
}
