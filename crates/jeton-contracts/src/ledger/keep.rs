//! How long records are kept.

use jeton::{
    Advance, Attachment, Decision, Document, Expected, Grant, GrantState, Ledger, PersonalKey,
    SLACK, Seconds, SubjectKey, UnixTime,
};

use super::{NOW, Run};

/// The contract of keeping, for a store of which `sweep` takes away what may go at a given time: all of
/// it, however often the store must be asked. The ids of records follow from `run`.
pub async fn keeping<L: Ledger>(ledger: &L, run: &str, sweep: impl AsyncFn(UnixTime)) {
    let run = Run(run);
    let code_ends = NOW + Seconds(60);
    let all_ends = NOW + Seconds(1000);
    let open = async |name: &str, state| {
        let grant = Grant {
            state,
            ..run.grant(name)
        };
        ledger.open(&grant, NOW).await.unwrap();
        grant.id
    };
    let redeem = async |name: &str| {
        let step = run.step(name, 0, 1);
        let advance = ledger.advance(&step).await.unwrap();
        assert!(matches!(advance, Advance::Advanced(_)), "{name}");
    };

    let unredeemed = open("kept, unredeemed", GrantState::Live).await;
    let pending = open("kept, pending", GrantState::Pending).await;
    let denied = open("kept, denied", GrantState::Pending).await;
    let deny = ledger.decide(denied, &Decision::Deny, denied, NOW).await;
    assert!(deny.unwrap());
    let withdrawn = open("kept, revoked before it was redeemed", GrantState::Live).await;
    ledger.revoke(withdrawn).await.unwrap();
    let redeemed = open("kept, redeemed", GrantState::Live).await;
    redeem("kept, redeemed").await;
    let revoked = open("kept, revoked", GrantState::Live).await;
    redeem("kept, revoked").await;
    ledger.revoke(revoked).await.unwrap();
    let (short, long) = (
        [unredeemed, pending, denied, withdrawn],
        [redeemed, revoked],
    );

    // Beside a grant that is never opened, and one that was asked for once more for less.
    let attachment = Attachment::new(run.id("kept, attached"), "{}".to_owned());
    let attachment_ends = NOW + Seconds(10);
    for until in [attachment_ends, NOW + Seconds(5)] {
        ledger.keep(&attachment, until, NOW).await.unwrap();
    }
    let subject = SubjectKey::of(&run.id("kept, indexed").to_string());
    let indexed = run.id("kept, never opened");
    for until in [attachment_ends, NOW + Seconds(5)] {
        let index = ledger.index(&subject, indexed, until, NOW).await;
        index.unwrap();
    }

    let personal = personal_documents(ledger, &run).await;

    let marker = run.marker("kept");
    let marker_ends = NOW + Seconds(10);
    let holder = run.id("holder");
    ledger
        .claim(&marker, holder, marker_ends, NOW)
        .await
        .unwrap();
    ledger.count(&marker, marker_ends, NOW).await.unwrap();

    let check = async |at: UnixTime, kept: &[jeton::GrantId], gone: &[jeton::GrantId]| {
        sweep(at).await;
        for id in kept {
            let grant = ledger.read(*id).await.unwrap();
            let grant = grant.unwrap_or_else(|| panic!("{id} went before {at:?}"));
            assert!(at < grant.kept_until(), "the rule is the one of the core");
        }
        for id in gone {
            assert_eq!(ledger.read(*id).await.unwrap(), None, "at {at:?}");
        }
    };
    check(
        marker_ends + SLACK - Seconds(1),
        &[short.as_slice(), &long].concat(),
        &[],
    )
    .await;
    let text = ledger.kept(attachment.id()).await.unwrap();
    assert_eq!(text.as_deref(), Some("{}"));
    assert_eq!(ledger.indexed(&subject, None).await.unwrap(), [indexed]);
    for key in &personal {
        let seen = ledger.personal(key, NOW).await.unwrap();
        assert!(seen.is_some(), "by a clock that is behind");
    }
    let seen = ledger.holder(&marker, NOW).await.unwrap();
    assert_eq!(seen, Some(holder), "by a clock that is behind");
    let count = ledger.count(&marker, marker_ends, NOW).await.unwrap();
    assert_eq!(count, 2, "by a clock that is behind");
    check(marker_ends + SLACK, &short, &[]).await;
    assert_eq!(ledger.kept(attachment.id()).await.unwrap(), None);
    assert_eq!(ledger.indexed(&subject, None).await.unwrap(), []);
    let [ended, given_more] = &personal;
    assert_eq!(ledger.personal(ended, NOW).await.unwrap(), None);
    let seen = ledger.personal(given_more, NOW).await.unwrap();
    assert!(seen.is_some(), "it was given more time since");
    assert_eq!(ledger.holder(&marker, NOW).await.unwrap(), None);
    let count = ledger.count(&marker, marker_ends, NOW).await.unwrap();
    assert_eq!(count, 1, "it went");

    check(code_ends + Grant::KEPT - Seconds(1), &short, &[]).await;
    check(code_ends + Grant::KEPT, &long, &short).await;
    check(all_ends + Grant::KEPT - Seconds(1), &long, &short).await;
    check(all_ends + Grant::KEPT, &[], &long).await;
    assert_eq!(ledger.personal(given_more, NOW).await.unwrap(), None);
}

/// A document of a person that ends in ten seconds, and one that ended so until it was written again for longer.
/// Neither was kept less long because somebody wanted less.
async fn personal_documents(ledger: &impl Ledger, run: &Run<'_>) -> [PersonalKey; 2] {
    let keys = ["ends", "was given more"]
        .map(|name| PersonalKey::new(name, &run.id("kept, personal").to_string()));
    let document = Document::new("{}");
    let write = async |key: &PersonalKey, seconds: u64| {
        let until = NOW + Seconds(seconds);
        let put = ledger.put_personal(key, Some(&document), &Expected::Anything, until, NOW);
        put.await.unwrap();
    };
    for key in &keys {
        write(key, 10).await;
        write(key, 5).await;
    }
    write(&keys[1], 600).await;
    keys
}
