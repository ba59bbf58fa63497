//! The index of a subject's grants.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use jeton::{GrantId, INDEX_PAGE, Id128, Ledger, Seconds, SubjectKey};

use super::{NOW, Run};

pub(super) async fn indexes(ledger: &impl Ledger, run: &Run<'_>) {
    let until = NOW + Seconds(1000);
    let subject = |name: &str| SubjectKey::of(&run.id(name).to_string());
    let (alice, bob, nobody) = (subject("alice"), subject("bob"), subject("nobody"));
    let index = async |subject: &SubjectKey, id| {
        ledger.index(subject, id, until, NOW).await.unwrap();
    };

    assert_eq!(ledger.indexed(&alice, None).await.unwrap(), []);
    let alices: BTreeSet<_> = (0..2 * INDEX_PAGE + 3)
        .map(|n| run.id(&format!("indexed {n}")))
        .collect();
    join_all(alices.iter().map(|id| index(&alice, *id))).await;
    let one = run.id("indexed 1");
    index(&alice, one).await;
    // A grant that two persons tried to open is in the index of both.
    index(&bob, one).await;
    assert_eq!(pages(ledger, &alice).await, alices, "each once");
    assert_eq!(pages(ledger, &bob).await, [one].into());
    assert_eq!(ledger.indexed(&nobody, None).await.unwrap(), []);
    let mut written: Vec<_> = alices.iter().map(GrantId::to_string).collect();
    written.sort_unstable();
    let page = ledger.indexed(&alice, None).await.unwrap();
    let page: Vec<_> = page.iter().map(GrantId::to_string).collect();
    assert_eq!(page, written[..INDEX_PAGE], "as they are written");
    let middle: GrantId = written[INDEX_PAGE].parse().unwrap();
    let beside = Id128(middle.0.map(|byte| byte ^ 1));
    let page = ledger.indexed(&alice, Some(beside)).await.unwrap();
    let rest = written.iter().filter(|id| **id > beside.to_string());
    let rest: Vec<_> = rest.take(INDEX_PAGE).collect();
    let page: Vec<_> = page.iter().map(GrantId::to_string).collect();
    assert!(page.iter().eq(rest), "after one that is not in it");
    assert_eq!(
        ledger.read(one).await.unwrap(),
        None,
        "an index makes no grant"
    );

    ledger.open(&run.grant("indexed 1"), NOW).await.unwrap();
    ledger.revoke(one).await.unwrap();
    assert_eq!(
        pages(ledger, &bob).await,
        [one].into(),
        "whatever becomes of its grant"
    );
}

/// The grants of all pages.
async fn pages(ledger: &impl Ledger, subject: &SubjectKey) -> BTreeSet<GrantId> {
    let (mut all, mut after) = (BTreeSet::new(), None);
    loop {
        let page = ledger.indexed(subject, after).await.unwrap();
        let length = page.len();
        assert!(length <= INDEX_PAGE, "a page of {length}");
        after = page.last().copied();
        for id in page {
            assert!(all.insert(id), "{id} twice");
        }
        if length < INDEX_PAGE {
            return all;
        }
    }
}
