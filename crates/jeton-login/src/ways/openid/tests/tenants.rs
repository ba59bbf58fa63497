use super::*;

const TEMPLATE: &str = "https://login.example.org/{tenantid}/v2.0";
const ONE: &str = "11111111-aaaa";
const TWO: &str = "22222222-bbbb";
const FOREIGN: &str = "33333333-cccc";

fn issuer(tenant: &str) -> String {
    TEMPLATE.replace("{tenantid}", tenant)
}

fn metadata_url(tenant: &str) -> String {
    metadata::url_of(&issuer(tenant))
}

fn keys_url(tenant: &str) -> String {
    format!("https://login.example.org/{tenant}/keys")
}

/// Lets the provider be one that tenants share, each with an issuer and keys of its own.
fn share(login: &mut Login) {
    login.record["issuer"] = TEMPLATE.into();
    login.record["tenants"] = json!([ONE, TWO]);
    for tenant in [ONE, TWO, FOREIGN, "organizations", "common"] {
        let mut metadata = login.metadata.clone();
        metadata["issuer"] = match tenant {
            "organizations" | "common" => TEMPLATE.into(),
            tenant => issuer(tenant).into(),
        };
        metadata["jwks_uri"] = keys_url(tenant).into();
        login.deployment.json(&metadata_url(tenant), &metadata);
        let keys = json!({ "keys": [login.key.jwk()] });
        login.deployment.json(&keys_url(tenant), &keys);
    }
    login.claims["iss"] = issuer(TWO).into();
    login.claims["tid"] = TWO.into();
}

#[test]
fn a_token_is_of_one_of_the_tenants() {
    let login = check(share, Ok("248289761001"));
    assert_eq!(login.person().unwrap().iss, issuer(TWO));
    assert_eq!(login.deployment.asked(&metadata_url("organizations")), 1);
    assert_eq!(login.deployment.asked(&keys_url(TWO)), 1);
    let of = |iss: String, tid: Value, expected: &str| {
        let set = |login: &mut Login| {
            share(login);
            login.claims["iss"] = iss.into();
            login.claims["tid"] = tid;
        };
        check(set, Err(expected));
    };
    let tenant = "the ID token is of another tenant";
    of(issuer(FOREIGN), FOREIGN.into(), tenant);
    of(issuer(ONE), Value::Null, tenant);
    of(issuer(ONE), json!([ONE]), tenant);
    of(issuer("common"), "common".into(), tenant);
    let other = "the ID token is of another issuer";
    of(issuer(ONE), TWO.into(), other);
    of(issuer(FOREIGN), TWO.into(), other);
    of(TEMPLATE.to_owned(), TWO.into(), other);
    of(ISSUER.to_owned(), TWO.into(), other);
}

#[test]
fn a_tenant_is_verified_with_its_own_keys() {
    let set = |login: &mut Login| {
        share(login);
        let keys = json!({ "keys": [TestKey::new("first").jwk()] });
        login.deployment.json(&keys_url(TWO), &keys);
    };
    check(set, Err("the signature is of none of the keys"));
}

#[test]
fn an_answer_is_of_one_of_the_tenants() {
    let sent = |iss: &'static str, expected: Result<&str, &str>| {
        let set = |login: &mut Login| {
            share(login);
            login.iss = Some(iss);
        };
        check(set, expected);
    };
    let two = "https://login.example.org/22222222-bbbb/v2.0";
    sent(two, Ok("248289761001"));
    let foreign = "https://login.example.org/33333333-cccc/v2.0";
    sent(foreign, Err("the answer is of another issuer"));
    sent(TEMPLATE, Err("the answer is of another issuer"));
    // One tenant answers, another one's token comes.
    let one = "https://login.example.org/11111111-aaaa/v2.0";
    sent(one, Err("of another issuer than the answer"));
}

#[test]
fn one_tenant_is_an_issuer_like_any_other() {
    let alone = |login: &mut Login| {
        share(login);
        login.record["tenants"] = json!([TWO]);
    };
    let login = check(alone, Ok("248289761001"));
    assert_eq!(login.deployment.asked(&metadata_url("organizations")), 0);
    let foreign = |login: &mut Login| {
        alone(login);
        login.claims["iss"] = issuer(FOREIGN).into();
    };
    check(foreign, Err("the ID token is of another issuer"));
}

#[test]
fn personal_accounts_log_in_where_all_do() {
    let personal = "9188040d-6c67-4b5c-b112-36a304b66dad";
    let set = |login: &mut Login| {
        share(login);
        login.record["tenants"] = json!([TWO, personal]);
    };
    let login = check(set, Ok("248289761001"));
    assert_eq!(login.deployment.asked(&metadata_url("common")), 1);
    assert_eq!(login.deployment.asked(&metadata_url("organizations")), 0);
}

#[test]
fn whose_people_come_this_way() {
    let mut login = Login::new();
    assert!(login.way().is_of(ISSUER));
    assert!(!login.way().is_of("https://login.example.org/"));
    share(&mut login);
    for (tenant, expected) in [(ONE, true), (TWO, true), (FOREIGN, false)] {
        let way = login.deployment.way(&login.record).unwrap();
        assert_eq!(way.is_of(&issuer(tenant)), expected, "{tenant}");
    }
}
