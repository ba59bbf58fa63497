use super::*;

/// What is wrong with a way that is configured so.
#[track_caller]
fn refused(change: impl FnOnce(&mut Value), expected: Option<&str>) {
    let mut login = Login::new();
    change(&mut login.record);
    let got = login.deployment.way(&login.record).err();
    match (&got, expected) {
        (None, None) => {}
        (Some(got), Some(part)) if got.contains(part) => {}
        _ => panic!("{} gave {got:?}, not {expected:?}", login.record),
    }
}

#[track_caller]
fn set(name: &str, value: Value, expected: Option<&str>) {
    refused(|record| record[name] = value, expected);
}

#[test]
fn what_is_configured_is_checked() {
    refused(|_| {}, None);
    for id in ["", "Work", "work!", "../x", &"w".repeat(33)] {
        set("id", json!(id), Some("id: 1 to 32"));
    }
    for name in ["", "  ", "a\nb", &"n".repeat(65)] {
        set("name", json!(name), Some("name: 1 to 64"));
    }
    for issuer in [
        "http://login.example.org",
        "https://127.0.0.1",
        "https://id.example/tenant",
        "login.example.org",
        "https://login.example.org#a",
        "https://login.example.org?a=b",
        "",
    ] {
        set("issuer", json!(issuer), Some("issuer: "));
    }
    set("client_id", json!(""), Some("client_id: "));
    set("client_secret", json!(""), Some("client_secret: "));
    set("client_secret", json!("a\nb"), Some("client_secret: "));
    let secret = "client_secret: the secret that the provider gave you";
    set("client_secret", json!("GOCSPX-…"), Some(secret));
    let file = "client_secret: the secret itself: only the whole of JETON_LOGIN";
    set("client_secret", json!("@google.secret"), Some(file));
    let example = "1234.apps.googleusercontent.com";
    set("client_id", json!(example), Some("client_id: the id that"));
    set("client_id", json!(format!("5{example}")), None);
    set("scope", json!("profile email"), Some("scope: openid"));
    set("scope", json!(""), Some("scope: "));
    set("scope", json!("openid \"x\""), Some("scope: "));
    set("scope", json!(" openid  groups "), None);
    let alg = "id_token_signed_response_alg";
    set(alg, json!("EdDSA"), None);
    for unknown in ["none", "HS256", "RS1", ""] {
        set(alg, json!(unknown), Some("id_token_signed_response_alg: "));
    }
    set("issuers", json!([]), Some("issuers: no such member"));
    set("type", json!("saml"), Some("type: openid or github"));
    let nobody = json!({ "emails": ["jane"] });
    set("allow", nobody, Some("allow.emails: "));
}

#[test]
fn a_provider_may_be_in_a_network_of_the_operators_own() {
    for issuer in [
        "https://keycloak/realms/one",
        "https://id.corp.internal",
        "https://10.1.2.3",
    ] {
        set("issuer", json!(issuer), Some("\"network\": \"private\")"));
        let there = |record: &mut Value| {
            record["issuer"] = json!(issuer);
            record["network"] = json!("private");
        };
        refused(there, None);
    }
    let plain = |record: &mut Value| {
        record["issuer"] = json!("http://keycloak:8080");
        record["network"] = json!("private");
    };
    refused(
        plain,
        Some("(not https; http takes JETON_DEVELOPMENT=true, "),
    );
    let here = "takes JETON_DEVELOPMENT=true, ";
    set("issuer", json!("http://localhost:1/google"), Some(here));
    set("network", json!("secret"), Some("network: "));
}

#[test]
fn an_issuer_that_nobody_means_is_refused() {
    let microsoft = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
    let issuer = |issuer: &str, expected: Option<&str>| set("issuer", json!(issuer), expected);
    let alone = Some("issuer: the issuer identifier alone");
    issuer(METADATA, alone);
    issuer(&format!("{METADATA}/"), alone);
    for several in ["common", "organizations", "consumers"] {
        issuer(&microsoft(several), Some("issuer: the id of one tenant"));
        let elsewhere = format!("https://login.example.org/realms/{several}");
        issuer(&elsewhere, None);
        issuer(&format!("https://login.example.org/{several}"), None);
    }
    issuer(&microsoft("72f988bf-86f1-41af-91ab-2d7cd011db47"), None);
    let placeholder = Some("issuer: your own tenant, host or realm");
    for written in [
        &microsoft("TENANT_ID"),
        &microsoft("<tenant>"),
        &microsoft("{tenant}"),
        "https://YOURS.okta.com",
        "https://HOST/realms/staff",
        "https://login.example.org/realms/REALM",
    ] {
        issuer(written, placeholder);
    }
    issuer("https://login.example.org/realms/TENANTS", None);
    issuer(&microsoft("{tenantid}"), Some("tenants: the ids"));
}

#[test]
fn a_secret_and_its_use_belong_together() {
    let pair = |secret: Option<&str>, method: Option<&str>, expected: Option<&str>| {
        let change = |record: &mut Value| {
            record.as_object_mut().unwrap().remove("client_secret");
            if let Some(secret) = secret {
                record["client_secret"] = secret.into();
            }
            if let Some(method) = method {
                record["token_endpoint_auth_method"] = method.into();
            }
        };
        refused(change, expected);
    };
    let wrong = Some("client_secret: the secret that ");
    let (needs_key, no_secret) = (
        Some("private_key: a private key as a JWK, in the place of client_secret"),
        Some("client_secret: no secret where token_endpoint_auth_method is none"),
    );
    let secret = Some("secret");
    pair(secret, None, None);
    pair(secret, Some("client_secret_post"), None);
    pair(None, Some("none"), None);
    pair(None, None, wrong);
    pair(None, Some("client_secret_basic"), wrong);
    pair(secret, Some("none"), no_secret);
    pair(secret, Some("private_key_jwt"), needs_key);
    pair(None, Some("private_key_jwt"), needs_key);
    let d = "A".repeat(43);
    let jwk = json!({ "kty": "EC", "crv": "P-256", "d": d });
    let keyed = |method: Option<&str>, jwk: &Value, expected: Option<&str>| {
        let change = |record: &mut Value| {
            record.as_object_mut().unwrap().remove("client_secret");
            record["private_key"] = jwk.clone();
            if let Some(method) = method {
                record["token_endpoint_auth_method"] = method.into();
            }
        };
        refused(change, expected);
    };
    keyed(None, &jwk, None);
    keyed(Some("private_key_jwt"), &jwk, None);
    keyed(Some("none"), &jwk, Some("private_key: no key where"));
    keyed(Some("client_secret_post"), &jwk, wrong);
    for none in [json!({ "kty": "EC", "crv": "P-256" }), json!(d), json!({})] {
        keyed(None, &none, Some("private_key: a private key as a JWK"));
    }
    let beside = Some("client_secret: no secret beside private_key");
    set("private_key", jwk, beside);
}

#[test]
fn tenants_and_their_template_belong_together() {
    let template = "https://login.example.org/{tenantid}/v2.0";
    let pair = |issuer: &str, tenants: Value, expected: Option<&str>| {
        let change = |record: &mut Value| {
            record["issuer"] = issuer.into();
            record["tenants"] = tenants;
        };
        refused(change, expected);
    };
    pair(template, json!(["a"]), None);
    pair(template, json!(["a", "b"]), None);
    let wrong = Some("tenants: ");
    pair(template, Value::Null, wrong);
    pair(template, json!([]), wrong);
    pair(template, json!(["a", "common"]), wrong);
    pair(template, json!(["organizations"]), wrong);
    pair(template, json!(["contoso.com"]), wrong);
    pair(template, json!(["a/b"]), wrong);
    pair(ISSUER, json!(["a"]), wrong);
    let twice = "https://{tenantid}.example.org/{tenantid}";
    pair(twice, json!(["a"]), wrong);
}

#[test]
fn an_assertion_for_tenants_names_their_token_endpoint() {
    let d = "A".repeat(43);
    let keyed = |issuer: &str, tenants: Value, token_endpoint: bool, expected: Option<&str>| {
        let change = |record: &mut Value| {
            let members = record.as_object_mut().unwrap();
            members.remove("client_secret");
            record["private_key"] = json!({ "kty": "EC", "crv": "P-256", "d": d });
            record["issuer"] = issuer.into();
            record["tenants"] = tenants;
            record["token_endpoint_is_audience"] = token_endpoint.into();
        };
        refused(change, expected);
    };
    let template = "https://login.example.org/{tenantid}/v2.0";
    let wrong = Some("token_endpoint_is_audience: true where tenants");
    keyed(template, json!(["a", "b"]), false, wrong);
    // Of one tenant it is that tenant's issuer.
    keyed(template, json!(["a"]), false, None);
    keyed(template, json!(["a", "b"]), true, None);
    keyed(ISSUER, Value::Null, false, None);
}

#[test]
fn further_parameters_change_nothing_that_makes_a_login_safe() {
    for name in parameters::OURS {
        set("parameters", json!({ name: "x" }), Some("parameters: "));
    }
    set("parameters", json!({ "": "x" }), Some("parameters: "));
    let mut login = Login::new();
    login.record["parameters"] = json!({ "access_type": "offline", "prompt": "consent" });
    let further = |prompt| {
        let with = login.deployment.with(NOW);
        let begin = Begin {
            redirect_uri: REDIRECT_URI,
            state: "s",
            nonce: "n",
            code_challenge: "c",
            login_hint: None,
            prompt,
            max_age: None,
            ui_locales: None,
            acr_values: None,
            refresh_token: RefreshToken::NotWanted,
        };
        let url = now(login.way().authorization_url(&with, &begin)).unwrap();
        let (_, further) = url.as_str().split_once("_method=S256&").unwrap();
        further.to_owned()
    };
    assert_eq!(further(None), "access_type=offline&prompt=consent");
    assert_eq!(further(Some("login")), "prompt=login&access_type=offline");
}

#[test]
fn google_offers_the_accounts_of_the_one_domain() {
    let offered = |issuer: &str, allow: Value| {
        let mut login = Login::new();
        login.record["issuer"] = issuer.into();
        login.record["allow"] = allow;
        let way = login.deployment.way(&login.record).unwrap();
        let Kind::Openid(provider) = way.kind else {
            panic!("not OpenID");
        };
        provider.parameters.get("hd").cloned()
    };
    let one = json!({ "hosted_domains": ["Example.com"] });
    assert_eq!(offered(GOOGLE, one.clone()).as_deref(), Some("example.com"));
    let two = json!({ "hosted_domains": ["example.com", "example.org"] });
    assert_eq!(offered(GOOGLE, two), None);
    let others = json!({ "hosted_domains": ["example.com"], "emails": ["eve@gmail.com"] });
    assert_eq!(offered(GOOGLE, others), None);
}

#[test]
fn a_refresh_token_is_asked_for_as_the_provider_wants_it() {
    let asked = |issuer: &str, supported: Value, scope: &str, prompt, refresh_token| {
        let mut login = Login::new();
        login.record["issuer"] = issuer.into();
        login.record["scope"] = scope.into();
        login.metadata["issuer"] = issuer.into();
        login.metadata["scopes_supported"] = supported;
        let url = format!("{issuer}/.well-known/openid-configuration");
        login.deployment.json(&url, &login.metadata);
        let begin = Begin {
            redirect_uri: REDIRECT_URI,
            state: "s",
            nonce: "n",
            code_challenge: "c",
            login_hint: None,
            prompt,
            max_age: None,
            ui_locales: None,
            acr_values: None,
            refresh_token,
        };
        let way = login.deployment.way(&login.record).unwrap();
        let with = login.deployment.with(NOW);
        let url = now(way.authorization_url(&with, &begin)).unwrap();
        ["scope", "access_type", "prompt"].map(|name| {
            let (_, value) = url.query_pairs().find(|(own, _)| own == name)?;
            Some(value.into_owned())
        })
    };
    let texts = |texts: [Option<&str>; 3]| texts.map(|text| text.map(str::to_owned));
    let listed = || json!(["openid", "email", "offline_access"]);
    let wanted = RefreshToken::Wanted;
    for (supported, scope, expected) in [
        (listed(), "openid email", "openid email offline_access"),
        (Value::Null, "openid", "openid offline_access"),
        (listed(), "offline_access openid", "offline_access openid"),
        // Some refuse what they do not list, and give a refresh token unasked.
        (json!(["openid"]), "openid", "openid"),
    ] {
        let expected = texts([Some(expected), None, None]);
        assert_eq!(asked(ISSUER, supported, scope, None, wanted), expected);
    }
    let not_wanted = asked(ISSUER, listed(), "openid", None, RefreshToken::NotWanted);
    assert_eq!(not_wanted, texts([Some("openid"), None, None]));

    for (prompt, expected) in [
        (None, "consent"),
        (Some("select_account"), "consent select_account"),
    ] {
        let expected = texts([Some("openid"), Some("offline"), Some(expected)]);
        assert_eq!(
            asked(GOOGLE, Value::Null, "openid", prompt, wanted),
            expected
        );
    }
    let not_wanted = asked(GOOGLE, Value::Null, "openid", None, RefreshToken::NotWanted);
    assert_eq!(not_wanted, texts([Some("openid"), None, None]));
}

#[test]
fn lists_in_which_nobody_of_the_provider_is_are_refused() {
    let checked = |issuer: &str, allow: Value| {
        let mut login = Login::new();
        login.record["issuer"] = issuer.into();
        login.record["allow"] = allow;
        login.deployment.way(&login.record).map(drop)
    };
    let microsoft = "https://login.microsoftonline.com/8a7b/v2.0";
    let hosted = json!({ "hosted_domains": ["example.com"], "claims": { "groups": ["a"] } });
    for issuer in [ISSUER, microsoft, "https://accounts.google.com.example"] {
        let said = checked(issuer, hosted.clone()).unwrap_err();
        assert!(
            said.starts_with("allow.hosted_domains: nothing here"),
            "{said}"
        );
    }
    assert_eq!(checked(GOOGLE, hosted), Ok(()));
    let groups = json!({ "claims": { "groups": ["a"] } });
    assert_eq!(checked(microsoft, groups), Ok(()));
    for addresses in [
        json!({ "emails": ["eve@example.org"], "claims": { "groups": ["a"] } }),
        json!({ "email_domains": ["example.org"] }),
    ] {
        let said = checked(microsoft, addresses.clone()).unwrap_err();
        assert!(said.starts_with("allow: no list of addresses"), "{said}");
        assert_eq!(checked(ISSUER, addresses), Ok(()));
    }
}
