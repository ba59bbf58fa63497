//! The beginning, the decision and the end of a grant.

use jeton::{
    Advance, Attachment, Claims, Decision, Grant, GrantState, Ledger, Opened, RequestedClaims,
    Seconds, transition,
};

use super::{NOW, Run};

pub(super) async fn opening(ledger: &impl Ledger, run: &Run<'_>) {
    let grant = run.grant("open");
    assert_eq!(ledger.read(grant.id).await.unwrap(), None, "never opened");
    let opened = async |grant| ledger.open(grant, NOW).await.unwrap();
    assert_eq!(opened(&grant).await, Opened::Opened);
    assert_eq!(
        ledger.read(grant.id).await.unwrap(),
        Some(grant.clone()),
        "kept whole"
    );
    assert_eq!(
        opened(&grant).await,
        Opened::Opened,
        "the same record again"
    );
    let standing = Opened::Exists(Box::new(grant.clone()));
    let other = Grant {
        subject: Some("another".into()),
        ..grant.clone()
    };
    assert_eq!(opened(&other).await, standing, "the id is taken");
    let later = Grant {
        idle_expires_at: grant.idle_expires_at + Seconds(1),
        ..grant.clone()
    };
    assert_eq!(opened(&later).await, standing, "not quite the same record");
    assert_eq!(
        ledger.read(grant.id).await.unwrap(),
        Some(grant.clone()),
        "and it still stands"
    );
    let Advance::Advanced(advanced) = ledger.advance(&run.step("open", 0, 1)).await.unwrap() else {
        panic!("it was opened");
    };
    let standing = Opened::Exists(advanced);
    assert_eq!(opened(&grant).await, standing, "it has moved since");

    let bare = Grant {
        subject: None,
        scope: jeton::Scope::default(),
        claims: Claims::default(),
        requested_claims: RequestedClaims::default(),
        auth_time: None,
        nonce: None,
        state: GrantState::Pending,
        refreshable: false,
        ..run.grant("bare")
    };
    assert_eq!(opened(&bare).await, Opened::Opened);
    assert_eq!(
        ledger.read(bare.id).await.unwrap(),
        Some(bare.clone()),
        "nothing optional"
    );
    assert_eq!(opened(&bare).await, Opened::Opened, "the same again");
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

    let attempt = run.id("deny");
    let denied = ledger.decide(pending.id, &Decision::Deny, attempt, NOW);
    denied.await.unwrap();
    transition::decide(&mut pending, &Decision::Deny, attempt, NOW);
    let standing = ledger.read(pending.id).await.unwrap();
    assert_eq!(standing, Some(pending), "decided");
}

pub(super) async fn deciding(ledger: &impl Ledger, run: &Run<'_>) {
    let approve = |subject: &str| Decision::Approve {
        subject: subject.into(),
        claims: Claims {
            inline: serde_json::from_str(r#"{"email":"a@example"}"#).unwrap(),
            attached: Some(
                Attachment::new(run.id("attached"), "{}".to_owned())
                    .id()
                    .clone(),
            ),
        },
        auth_time: NOW,
        accepted_at: NOW + Seconds(3),
    };
    let alice = approve("alice");
    let (one, two) = (run.id("one who decides"), run.id("another who decides"));
    let decide = async |name: &str, decision: &Decision, attempt, seconds| {
        let now = NOW + Seconds(seconds);
        let decided = ledger.decide(run.id(name), decision, attempt, now).await;
        decided.unwrap()
    };
    assert!(!decide("decide missing", &alice, one, 1).await);
    let pending = |name: &str| Grant {
        state: GrantState::Pending,
        subject: None,
        claims: Claims::default(),
        auth_time: None,
        ..run.grant(name)
    };
    for (name, decision) in [("approve", alice.clone()), ("deny", Decision::Deny)] {
        let mut expected = pending(name);
        ledger.open(&expected, NOW).await.unwrap();
        assert!(decide(name, &decision, one, 1).await, "{name}");
        transition::decide(&mut expected, &decision, one, NOW + Seconds(1));
        let standing = ledger.read(expected.id).await.unwrap();
        assert_eq!(standing, Some(expected.clone()), "{name}");

        for seconds in [1, 2, 5000] {
            let again = decide(name, &decision, one, seconds).await;
            assert!(again, "{name}, the same attempt again");
        }
        for (what, again, attempt) in [
            ("another attempt", &decision, two),
            ("another subject", &approve("bob"), one),
        ] {
            assert!(!decide(name, again, attempt, 2).await, "{name}, {what}");
        }
        for other in [&alice, &Decision::Deny] {
            let again = decide(name, other, one, 2).await;
            assert_eq!(again, *other == decision, "{name}, then {other:?}");
        }
        let standing = ledger.read(expected.id).await.unwrap();
        assert_eq!(standing, Some(expected), "{name} stands");
    }
    let advanced = ledger.advance(&run.step("approve", 0, 1)).await.unwrap();
    assert!(matches!(advanced, Advance::Advanced(_)), "redeemed");
    assert!(decide("approve", &alice, one, 9).await, "and still decided");
    ledger.revoke(run.id("approve")).await.unwrap();
    assert!(!decide("approve", &alice, one, 9).await, "but not revoked");

    ledger.open(&pending("late"), NOW).await.unwrap();
    assert!(!decide("late", &alice, one, 60).await, "too late");
    ledger.open(&run.grant("decide live"), NOW).await.unwrap();
    let deny = Decision::Deny;
    assert!(!decide("decide live", &deny, one, 1).await, "not pending");
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
