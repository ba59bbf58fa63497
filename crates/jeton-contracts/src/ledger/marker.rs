//! Markers, for what may happen once, and counters.

use jeton::{Attempt, Ledger, Seconds};

use super::{NOW, Run};

pub(super) async fn markers(ledger: &impl Ledger, run: &Run<'_>) {
    let marker = run.marker("marker");
    let (one, two): (Attempt, Attempt) = (run.id("one"), run.id("two"));
    let end = NOW + Seconds(10);
    assert_eq!(ledger.holder(&marker, NOW).await.unwrap(), None);
    assert!(ledger.claim(&marker, one, end, NOW).await.unwrap());
    assert!(
        ledger.claim(&marker, one, end, NOW).await.unwrap(),
        "the same attempt again"
    );
    assert!(
        !ledger.claim(&marker, two, end, NOW).await.unwrap(),
        "another"
    );
    assert!(
        !ledger
            .claim(&marker, two, end, NOW + Seconds(9))
            .await
            .unwrap(),
        "in the last second"
    );
    assert_eq!(
        ledger.holder(&marker, NOW + Seconds(9)).await.unwrap(),
        Some(one)
    );
    assert_eq!(
        ledger.holder(&marker, end).await.unwrap(),
        None,
        "expired, though still stored"
    );
    assert!(
        ledger
            .claim(&marker, two, end + Seconds(10), end)
            .await
            .unwrap(),
        "free again"
    );
    assert_eq!(ledger.holder(&marker, end).await.unwrap(), Some(two));
    assert_eq!(
        ledger.holder(&run.marker("other"), NOW).await.unwrap(),
        None,
        "of another name"
    );
}

pub(super) async fn counters(ledger: &impl Ledger, run: &Run<'_>) {
    let marker = run.marker("counter");
    let end = NOW + Seconds(10);
    for expected in 1..=3 {
        assert_eq!(ledger.count(&marker, end, NOW).await.unwrap(), expected);
    }
    assert_eq!(
        ledger
            .count(&marker, end + Seconds(99), NOW + Seconds(9))
            .await
            .unwrap(),
        4,
        "one end"
    );
    assert_eq!(
        ledger.count(&marker, end + Seconds(10), end).await.unwrap(),
        1,
        "starts anew"
    );
    assert_eq!(
        ledger.count(&marker, end + Seconds(10), end).await.unwrap(),
        2
    );

    ledger.uncount(&marker, end).await.unwrap();
    let again = ledger.count(&marker, end + Seconds(10), end).await.unwrap();
    assert_eq!(again, 2, "one was taken back");
    for _ in 0..5 {
        ledger.uncount(&marker, end).await.unwrap();
    }
    let again = ledger.count(&marker, end + Seconds(10), end).await.unwrap();
    assert_eq!(again, 1, "never below none");
    let later = end + Seconds(10);
    ledger.uncount(&marker, later).await.unwrap();
    for expected in [1, 2] {
        let count = ledger.count(&marker, later + Seconds(10), later).await;
        assert_eq!(count.unwrap(), expected, "one that ended is left alone");
    }
    let missing = run.marker("never counted");
    ledger.uncount(&missing, NOW).await.unwrap();
    assert_eq!(ledger.count(&missing, end, NOW).await.unwrap(), 1);
}
