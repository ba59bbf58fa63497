use super::*;
use crate::{
    config::IssuerIdentifier,
    mode::Mode,
    secret::{PUBLIC_SECRET, Secrets},
};

const OTHER_SECRET: &str = "jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj";

fn ids(issuer: &str, secrets: &str) -> ClientIds {
    let issuer = IssuerIdentifier::parse(issuer, Mode::Production).unwrap();
    let secrets = Secrets::parse(secrets, Mode::Development).unwrap();
    ClientIds::new(&Config::new(Mode::Development, issuer, secrets))
}

#[test]
fn who_has_made_an_id() {
    let ours = ids("https://id.example", PUBLIC_SECRET);
    let id = ours.make(&[7; 16]);
    let check = |ids: &ClientIds, id: &str, expected| {
        assert_eq!(ids.made_by(&id.parse().unwrap()), expected, "{id}");
    };
    check(&ours, &id, MadeBy::Us);
    let shorter = |by: usize| id.split_at(id.len() - by).0;
    // Whoever changes the random bytes, or the code, has made another.
    let forged = format!("jc_A{}", id.strip_prefix("jc_B").unwrap());
    check(&ours, &forged, MadeBy::Forger);
    let last = if id.ends_with('A') { "B" } else { "A" };
    let forged = format!("{}{last}", shorter(1));
    check(&ours, &forged, MadeBy::Forger);
    // Of other lengths, by hand, or of another deployment.
    for other in ["jc_", "web", "jc_AAAAAAAAAAAAAAAAAAAAAA", shorter(4)] {
        check(&ours, other, MadeBy::Anybody);
    }
    check(
        &ids("https://other.example", PUBLIC_SECRET),
        &id,
        MadeBy::Anybody,
    );
}

#[test]
fn ids_outlive_a_change_of_the_secret() {
    let id = ids("https://id.example", PUBLIC_SECRET).make(&[7; 16]);
    let id: ClientId = id.parse().unwrap();
    let both = format!("{OTHER_SECRET} {PUBLIC_SECRET}");
    assert_eq!(ids("https://id.example", &both).made_by(&id), MadeBy::Us);
    let gone = ids("https://id.example", OTHER_SECRET);
    assert_eq!(gone.made_by(&id), MadeBy::Anybody);
}
