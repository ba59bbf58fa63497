//! The beginning, the decision and the end of a grant.

use jeton::{Advance, Decision, Grant, GrantState, Ledger, Seconds, transition};
use serde_json::Map;

use super::{NOW, Run};

pub(super) async fn opening(ledger: &impl Ledger, run: &Run<'_>) {
    let grant = run.grant("open");
    assert_eq!(ledger.read(grant.id).await.unwrap(), None, "never opened");
    assert!(ledger.open(&grant, NOW).await.unwrap());
    assert_eq!(
        ledger.read(grant.id).await.unwrap(),
        Some(grant.clone()),
        "kept whole"
    );
    assert!(!ledger.open(&grant, NOW).await.unwrap(), "opened twice");
    let other = Grant {
        subject: Some("another".into()),
        ..grant.clone()
    };
    assert!(!ledger.open(&other, NOW).await.unwrap(), "the id exists");
    assert_eq!(
        ledger.read(grant.id).await.unwrap(),
        Some(grant),
        "and still stands"
    );

    let bare = Grant {
        subject: None,
        scope: jeton::Scope::default(),
        claims: Map::new(),
        auth_time: None,
        nonce: None,
        state: GrantState::Pending,
        refreshable: false,
        ..run.grant("bare")
    };
    assert!(ledger.open(&bare, NOW).await.unwrap());
    assert_eq!(
        ledger.read(bare.id).await.unwrap(),
        Some(bare),
        "nothing optional"
    );
}

/// Members that a newer release wrote are still there after an older one has moved the record.
pub(super) async fn keeping_unknown_members(ledger: &impl Ledger, run: &Run<'_>) {
    let newer = |name: &str, state| {
        Grant {
        state,
        other: serde_json::from_str(
            r#"{"cnf":{"jkt":"x","nested":[1,{"deep":null}]},"upstream":"a b","level":-2,"share":0.25,"flag":false}"#,
        )
        .unwrap(),
        ..run.grant(name)
    }
    };
    let mut live = newer("unknown", GrantState::Live);
    let mut pending = newer("unknown pending", GrantState::Pending);
    for grant in [&live, &pending] {
        ledger.open(grant, NOW).await.unwrap();
        let standing = ledger.read(grant.id).await.unwrap();
        assert_eq!(standing.as_ref(), Some(grant), "opened");
    }

    let step = run.step("unknown", 0, 1);
    transition::take(&mut live, &step);
    assert_eq!(
        ledger.advance(&step).await.unwrap(),
        Advance::Advanced(Box::new(live.clone()))
    );
    let again = run.step("unknown", 0, 2);
    assert_eq!(
        ledger.advance(&again).await.unwrap(),
        Advance::Conflict(Some(Box::new(live.clone()))),
        "a conflict answers them too"
    );
    ledger.revoke(live.id).await.unwrap();
    transition::revoke(&mut live);
    let standing = ledger.read(live.id).await.unwrap();
    assert_eq!(standing, Some(live), "revoked");

    ledger
        .decide(pending.id, &Decision::Deny, NOW)
        .await
        .unwrap();
    transition::decide(&mut pending, &Decision::Deny, NOW);
    let standing = ledger.read(pending.id).await.unwrap();
    assert_eq!(standing, Some(pending), "decided");
}

pub(super) async fn deciding(ledger: &impl Ledger, run: &Run<'_>) {
    let approve = Decision::Approve {
        subject: "alice".into(),
        claims: serde_json::from_str(r#"{"email":"a@example"}"#).unwrap(),
        auth_time: NOW,
    };
    assert!(
        !ledger
            .decide(run.id("decide missing"), &approve, NOW)
            .await
            .unwrap()
    );
    let pending = |name: &str| Grant {
        state: GrantState::Pending,
        subject: None,
        claims: Map::new(),
        auth_time: None,
        ..run.grant(name)
    };
    for (name, decision) in [("approve", approve.clone()), ("deny", Decision::Deny)] {
        let mut expected = pending(name);
        ledger.open(&expected, NOW).await.unwrap();
        assert!(
            ledger
                .decide(expected.id, &decision, NOW + Seconds(1))
                .await
                .unwrap()
        );
        transition::decide(&mut expected, &decision, NOW + Seconds(1));
        assert_eq!(
            ledger.read(expected.id).await.unwrap(),
            Some(expected.clone()),
            "{name}"
        );
        for again in [&approve, &Decision::Deny] {
            assert!(
                !ledger
                    .decide(expected.id, again, NOW + Seconds(2))
                    .await
                    .unwrap(),
                "decided once"
            );
        }
        assert_eq!(
            ledger.read(expected.id).await.unwrap(),
            Some(expected),
            "{name} stands"
        );
    }
    let late = pending("late");
    ledger.open(&late, NOW).await.unwrap();
    assert!(
        !ledger
            .decide(late.id, &approve, late.idle_expires_at)
            .await
            .unwrap(),
        "too late"
    );
    let live = run.grant("decide live");
    ledger.open(&live, NOW).await.unwrap();
    assert!(
        !ledger.decide(live.id, &Decision::Deny, NOW).await.unwrap(),
        "not pending"
    );
}

pub(super) async fn revoking(ledger: &impl Ledger, run: &Run<'_>) {
    let missing = run.id("revoke missing");
    ledger.revoke(missing).await.unwrap();
    assert_eq!(
        ledger.read(missing).await.unwrap(),
        None,
        "revoking makes no record"
    );

    let grant = run.grant("revoke");
    ledger.open(&grant, NOW).await.unwrap();
    ledger.revoke(grant.id).await.unwrap();
    ledger.revoke(grant.id).await.unwrap();
    let expected = Grant {
        state: GrantState::Revoked,
        ..grant
    };
    assert_eq!(
        ledger.read(expected.id).await.unwrap(),
        Some(expected.clone())
    );
    let advance = ledger.advance(&run.step("revoke", 0, 1)).await.unwrap();
    assert_eq!(advance, Advance::Conflict(Some(Box::new(expected))));
}
